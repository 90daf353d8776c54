import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { NO_RESOURCES, subtract, sum } from '../../src/domain/resources.js'
import { buildPod, hostPortsOf, podPriorities, type PodContext } from '../../src/model/pod.js'
import { resourcesOf } from '../../src/model/requests.js'
import { storageIndex } from '../../src/model/volumes.js'
import { workloadIndex } from '../../src/model/workload.js'
import { podObject, podSpec, priorityClassObject, snapshotOf, type Api } from '../helpers/objects.js'

const context: PodContext = {
  clusterMinor: 34,
  storage: storageIndex({ volumes: [], claims: [], storageClasses: [] }),
  workloadOf: ({ metadata }) => `workload of ${metadata.name}`,
  nodeIsFargate: (name) => name.startsWith('fargate-'),
  priorityOf: () => 7,
}
const pod = (value: Api): Pod => buildPod(podObject(value), context)
const ownedBy = (kind: string, controller = true): Api => ({
  metadata: { name: 'p', ownerReferences: [{ kind, name: 'owner', uid: 'u', controller }] },
})

describe('buildPod', () => {
  it('takes over what the snapshot says', () => {
    const found = pod({
      metadata: {
        name: 'web-0',
        namespace: 'shop',
        labels: { app: 'web' },
        creationTimestamp: '2026-01-01T00:00:00Z',
        ownerReferences: [
          { kind: 'ConfigMap', name: 'other', uid: '1' },
          { kind: 'StatefulSet', name: 'web', uid: '2', controller: true },
        ],
      },
      spec: { nodeName: 'n1', containers: [{ resources: { requests: { cpu: '1' } } }] },
      status: { startTime: '2026-01-01T00:00:05Z' },
    })
    expect(found).toMatchObject({
      id: 'shop/web-0',
      labels: { app: 'web' },
      owner: { kind: 'StatefulSet', name: 'web' },
      workload: 'workload of web-0',
      role: 'ordinary',
      nodeName: 'n1',
      phase: 'Running',
      ready: true,
      terminating: false,
      createdAt: '2026-01-01T00:00:00Z',
      startedAt: '2026-01-01T00:00:05Z',
      priority: 7,
      needed: { ...NO_RESOURCES, cpu: 1000, pods: 1 },
      unreadable: undefined,
    })
    expect(found.held).toBe(found.needed)
  })

  it('knows a terminating pod by its deletion time', () => {
    expect(pod({ metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } }).terminating).toBe(true)
  })

  it('keeps what a resize holds apart from what the spec asks for', () => {
    const found = pod({
      spec: { nodeName: 'n1', containers: [{ name: 'app', resources: { requests: { cpu: '200m' } } }] },
      status: { containerStatuses: [{ name: 'app', resources: { requests: { cpu: '300m' } } }] },
    })
    expect([found.held.cpu, found.needed.cpu]).toEqual([300, 200])
  })

  it('says what it could not read, and counts the rest', () => {
    const containers = [{ name: 'app', resources: { requests: { cpu: 'lots', memory: '1Ki' } } }]
    expect(pod({ spec: { containers } })).toMatchObject({
      unreadable: 'container app: cpu "lots" is no amount',
      needed: { cpu: 0, memory: 1024, pods: 1 },
    })
  })

  it.each<readonly [string, Api, Pod['role']]>([
    ['a mirror of a static pod', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }, 'static'],
    ['a pod owned by its node', ownedBy('Node'), 'static'],
    ['a pod of a DaemonSet', ownedBy('DaemonSet'), 'daemon'],
    ['a pod that a DaemonSet owns but does not control', ownedBy('DaemonSet', false), 'ordinary'],
    ['a pod of the Fargate scheduler', { spec: { schedulerName: 'fargate-scheduler' } }, 'fargate'],
    ['a pod of a Fargate profile', { metadata: { labels: { 'eks.amazonaws.com/fargate-profile': 'f' } } }, 'fargate'],
    ['a pod on a Fargate node', { spec: { nodeName: 'fargate-1' } }, 'fargate'],
    ['a pod of a ReplicaSet', ownedBy('ReplicaSet'), 'ordinary'],
  ])('calls %s by its role', (_, value, role) => expect(pod(value).role).toBe(role))
})

describe('hostPortsOf', () => {
  const port = (hostPort: number, more: Api = {}): Api => ({ ports: [{ containerPort: 80, hostPort, ...more }] })

  it('takes app containers and side-cars, and spells defaults out', () => {
    const spec = podSpec({
      containers: [port(80), port(53, { protocol: 'UDP', hostIP: '10.0.0.1' }), port(0), port(80)],
      initContainers: [{ ...port(81), restartPolicy: 'Always' }, port(82)],
    })
    const expected = [
      { port: 80, protocol: 'TCP', ip: '0.0.0.0' },
      { port: 53, protocol: 'UDP', ip: '10.0.0.1' },
      { port: 81, protocol: 'TCP', ip: '0.0.0.0' },
    ]
    expect(hostPortsOf(spec, 34)).toEqual(expected)
    expect(hostPortsOf(spec, 28)).toEqual(expected.slice(0, 2))
  })

  it('takes every port of a pod on the host network', () => {
    const spec = podSpec({ hostNetwork: true, containers: [{ ports: [{ containerPort: 9100 }] }] })
    expect(hostPortsOf(spec, 34)).toEqual([{ port: 9100, protocol: 'TCP', ip: '0.0.0.0' }])
  })
})

describe('podPriorities', () => {
  const classes = [
    priorityClassObject({ metadata: { name: 'high' }, value: 1000 }),
    priorityClassObject({ metadata: { name: 'usual' }, value: 5, globalDefault: true }),
  ]
  const priorityOf = podPriorities(classes)

  it.each<readonly [Api, number]>([
    [{ priority: -20, priorityClassName: 'high' }, -20],
    [{ priorityClassName: 'high' }, 1000],
    [{ priorityClassName: 'system-node-critical' }, 2_000_001_000],
    [{ priorityClassName: 'unheard-of' }, 5],
    [{}, 5],
  ])('of %j is %i', (spec, priority) => expect(priorityOf(podSpec(spec))).toBe(priority))

  it('is 0 in a cluster without classes', () => expect(podPriorities([])(podSpec({}))).toBe(0))
})

const CLUSTERS = new URL('../../../shared/data/clusters/', import.meta.url)
const present = existsSync(CLUSTERS)
const title = 'pods of the assembled clusters'

describe.skipIf(!present)(present ? title : `${title} (skipped: ../shared is absent)`, () => {
  it.each(['small', 'medium'])('of %s fit on the nodes that they run on', (cluster) => {
    const text = gunzipSync(readFileSync(new URL(`${cluster}.json.gz`, CLUSTERS))).toString('utf8')
    const { items } = JSON.parse(text) as { items: readonly Api[] }
    const snapshot = snapshotOf(items)
    const { keyOf } = workloadIndex(snapshot.controllers, snapshot.pods)
    const isOver = (phase: string): boolean => phase === 'Succeeded' || phase === 'Failed'
    const real: PodContext = {
      clusterMinor: 34,
      storage: storageIndex(snapshot),
      workloadOf: keyOf,
      nodeIsFargate: (name) => name.startsWith('fargate-'),
      priorityOf: podPriorities(snapshot.priorityClasses),
    }
    const pods = snapshot.pods.filter(({ status }) => !isOver(status.phase)).map((one) => buildPod(one, real))
    const byNode = new Map<string, Pod[]>(snapshot.nodes.map(({ metadata }) => [metadata.name, []]))
    for (const one of pods) byNode.get(one.nodeName)?.push(one)
    let bound = 0
    for (const { metadata, status } of snapshot.nodes) {
      const { resources, flaws } = resourcesOf(status.allocatable)
      expect(flaws).toEqual([])
      const here = byNode.get(metadata.name) ?? []
      bound += here.length
      const free = subtract(resources, sum(here.map(({ held }) => held)))
      const amounts = [free.cpu, free.memory, free.ephemeralStorage, free.pods, ...Object.values(free.extended)]
      expect(Math.min(...amounts), metadata.name).toBeGreaterThanOrEqual(0)
    }
    expect(bound).toBeGreaterThan(300)
    expect(pods.filter(({ unreadable }) => unreadable !== undefined)).toEqual([])
    expect(pods.filter(({ nodeName, volumes }) => nodeName !== '' && volumes.problems.length > 0)).toEqual([])
    const kinds = new Set(pods.map(({ workload }) => workload.split('/')[1]))
    expect(kinds.has('ReplicaSet')).toBe(false)
    expect(kinds.has('Deployment')).toBe(true)
  })
})
