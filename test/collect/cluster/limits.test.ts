/** Quotas, limit ranges and the use of nodes, in recorded shapes: kept as far as they are used, and read live. */
import { afterEach, describe, expect, test } from 'vitest'
import { checkCluster } from '../../../src/collect/cluster/check.js'
import { Connection } from '../../../src/collect/cluster/connection.js'
import { openKubeConfig } from '../../../src/collect/cluster/kube-config.js'
import { readCluster } from '../../../src/collect/cluster/read-cluster.js'
import { redactor } from '../../../src/collect/cluster/redact.js'
import { reduceObject } from '../../../src/collect/cluster/reduce.js'
import type { Json } from '../../../src/collect/fields.js'
import { SnapshotBuilder, type Kind } from '../../../src/collect/snapshot-file.js'
import { answer, startApiServer, status, type ApiServer, type Raw } from './api-server.js'

const NODE_NAME = 'ip-10-0-3-17.eu-west-1.compute.internal'

const QUOTA: Json = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: {
    name: 'team-hunter',
    namespace: 'orders',
    uid: 'q1',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"token":"hunter2"}' },
    managedFields: [{ manager: 'kubectl' }],
  },
  spec: {
    hard: {
      'requests.cpu': '40',
      'requests.memory': '160Gi',
      'limits.cpu': '80',
      pods: '200',
      'hunter2.storageclass.storage.k8s.io/requests.storage': '1Ti',
    },
  },
  status: { hard: { 'requests.cpu': '40' }, used: { 'requests.cpu': '12500m', 'requests.memory': '31Gi', pods: '61' } },
}
const SCOPED: Json = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'low', namespace: 'orders' },
  spec: {
    hard: { cpu: '4', memory: '8Gi' },
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['hunter2'] }] },
  },
}
const LIMIT_RANGE: Json = {
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'defaults', namespace: 'orders', uid: 'l1' },
  spec: {
    limits: [
      {
        type: 'Container',
        default: { cpu: '500m', memory: '512Mi' },
        defaultRequest: { cpu: '100m' },
        max: { cpu: '4' },
      },
      { type: 'PersistentVolumeClaim', max: { storage: '100Gi' } },
    ],
  },
}
const NODE_METRICS: Json = {
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'NodeMetrics',
  metadata: { name: NODE_NAME, creationTimestamp: '2026-08-20T09:30:00Z', labels: { team: 'hunter2' } },
  timestamp: '2026-08-20T09:29:57Z',
  window: '20.084s',
  usage: { cpu: '226041927n', memory: '3110452Ki' },
}

const ALL = [QUOTA, SCOPED, LIMIT_RANGE, NODE_METRICS]
const reduced = (item: Json): Json => reduceObject(item['kind'] as Kind, String(item['apiVersion']), item)
const read = (items: readonly Json[]) => {
  const builder = new SnapshotBuilder()
  for (const item of items) builder.add(item, 'test')
  return builder.snapshot()
}

describe('what is read', () => {
  test('of a ResourceQuota: what bounds requests, by either name, and whether it counts every pod', () => {
    expect(read([QUOTA, SCOPED]).resourceQuotas.map(({ hard, used, scoped }) => ({ hard, used, scoped }))).toEqual([
      {
        hard: { 'requests.cpu': '40', 'requests.memory': '160Gi' },
        used: { 'requests.cpu': '12500m', 'requests.memory': '31Gi' },
        scoped: false,
      },
      { hard: { cpu: '4', memory: '8Gi' }, used: {}, scoped: true },
    ])
    const old = { ...SCOPED, spec: { hard: { cpu: 4 }, scopes: ['NotTerminating'] } }
    expect(read([old]).resourceQuotas).toMatchObject([{ hard: { cpu: '4' }, scoped: true }])
  })

  test('of a LimitRange: what a container gets, as the API server completes it', () => {
    expect(read([LIMIT_RANGE]).limitRanges.map(({ containers }) => containers)).toEqual([
      [{ limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '100m', memory: '512Mi' } }],
    ])
  })

  test('of NodeMetrics: what the node used', () => {
    expect(read([NODE_METRICS]).nodeUsage.map(({ metadata, usage }) => [metadata.name, usage])).toEqual([
      [NODE_NAME, { cpu: '226041927n', memory: '3110452Ki' }],
    ])
  })

  test('fields of the wrong type are absent, and without any object nothing is missing', () => {
    const odd = ALL.map(({ apiVersion, kind }) => ({ apiVersion, kind, metadata: { name: 'x' }, spec: 7, usage: [] }))
    expect(() => odd.map((item) => read([item]))).not.toThrow()
    const { resourceQuotas, limitRanges, nodeUsage, absentKinds } = read([])
    expect([resourceQuotas, limitRanges, nodeUsage]).toEqual([[], [], []])
    expect(absentKinds).not.toEqual(expect.arrayContaining(['ResourceQuota']))
    expect(absentKinds).not.toEqual(expect.arrayContaining(['LimitRange']))
  })
})

describe('what is kept', () => {
  test.each(ALL.map((item) => [String(item['kind']), item] as const))('of a %s is what is read of it', (_, item) => {
    expect(read([reduced(item)])).toEqual(read([item]))
    expect(reduced(reduced(item))).toEqual(reduced(item))
    expect(JSON.stringify(reduced(item))).not.toMatch(/hunter2|managedFields|limits\.cpu|storage/)
  })

  test('is of the same namespace and node where it is redacted', () => {
    const redact = redactor('key')
    const items = ALL.map((item) => redact(reduced(item)))
    const { resourceQuotas, limitRanges, nodeUsage } = read(items)
    const pod = redact({ kind: 'Pod', metadata: { name: 'a', namespace: 'orders' }, spec: { nodeName: NODE_NAME } })
    const [known] = read([{ apiVersion: 'v1', ...pod }]).pods
    expect([resourceQuotas[0]?.metadata.namespace, limitRanges[0]?.metadata.namespace]).toEqual([
      known?.metadata.namespace,
      known?.metadata.namespace,
    ])
    expect(nodeUsage[0]?.metadata.name).toBe(known?.nodeName)
    expect(resourceQuotas[0]?.hard).toEqual({ 'requests.cpu': '40', 'requests.memory': '160Gi' })
    expect(JSON.stringify(items)).not.toMatch(/orders|hunter/)
  })
})

describe('a live cluster', () => {
  let server: ApiServer | undefined
  afterEach(async () => {
    await server?.close()
    server = undefined
  })
  const NODE: Raw = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE_NAME } }
  const PATHS = ['/api/v1/resourcequotas', '/api/v1/limitranges', '/apis/metrics.k8s.io/v1beta1/nodes']
  const NAMES = ['limitranges', 'nodes.metrics.k8s.io', 'resourcequotas']

  async function open(code?: number): Promise<Connection> {
    server = await startApiServer([NODE, ...(ALL as unknown as readonly Raw[])], { secure: false })
    server.fault = ({ path }, response) =>
      code !== undefined && PATHS.includes(path) && answer(response, code, status(code, 'no'))
    const access = await openKubeConfig({ kubeconfig: server.kubeconfig, context: undefined }, {})
    return new Connection(access, 'k8s-cost/test')
  }
  async function collect(connection: Connection) {
    const builder = new SnapshotBuilder()
    const notes = await readCluster(connection, {
      add: (_, items) => {
        for (const item of items) builder.add(item, 'cluster')
      },
      drop: (kind) => builder.drop(kind),
    })
    return { snapshot: builder.snapshot(), notes }
  }

  test('gives what a file gives', async () => {
    const { snapshot, notes } = await collect(await open())
    const file = read(ALL)
    for (const part of ['resourceQuotas', 'limitRanges', 'nodeUsage'] as const)
      expect(snapshot[part]).toEqual(file[part])
    expect(notes.findings).toEqual([])
  })

  test('that refuses them is a gap with the rules to add', async () => {
    const { snapshot, notes } = await collect(await open(403))
    expect([snapshot.resourceQuotas, snapshot.limitRanges, snapshot.nodeUsage]).toEqual([[], [], []])
    expect(notes.findings.map(({ code, subject }) => `${code} ${subject}`).sort()).toEqual(
      NAMES.map((name) => `denied-kind ${name}`),
    )
    for (const rule of [
      '{apiGroups: [""], resources: [resourcequotas], verbs: [get, list]}',
      '{apiGroups: [""], resources: [limitranges], verbs: [get, list]}',
      '{apiGroups: ["metrics.k8s.io"], resources: [nodes], verbs: [get, list]}',
    ])
      expect(notes.findings[0]?.detail).toContain(rule)
  })

  test('that does not serve them says so, but for the metrics, which are an add-on; so does doctor', async () => {
    const { notes } = await collect(await open(404))
    expect(notes.findings.map(({ code, subject }) => `${code} ${subject}`).sort()).toEqual([
      'absent-kind limitranges',
      'absent-kind resourcequotas',
    ])
    await server?.close()
    const checks = await checkCluster(await open(404))
    const states = Object.fromEntries(checks.map(({ source, state }) => [source, state]))
    expect(states).toMatchObject({ resourcequotas: 'absent', limitranges: 'absent', 'nodes.metrics.k8s.io': 'absent' })
  })
})
