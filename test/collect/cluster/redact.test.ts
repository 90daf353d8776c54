import { describe, expect, test } from 'vitest'
import { redactor } from '../../../src/collect/cluster/redact.js'
import { reduceObject } from '../../../src/collect/cluster/reduce.js'
import { object, type Json } from '../../../src/collect/fields.js'
import { SnapshotBuilder, type Kind } from '../../../src/collect/snapshot-file.js'
import type { Snapshot } from '../../../src/domain/snapshot.js'
import { buildCluster } from '../../../src/model/build-cluster.js'
import { sampleObjects } from './api-server.js'

const redact = redactor('key')
const named = (metadata: object): Json => object(redact({ metadata })['metadata'])

describe('a name', () => {
  test('gets the same pseudonym wherever it stands, and in every run', () => {
    const pod = redact({
      metadata: { name: 'cart-0', namespace: 'shop', labels: { 'statefulset.kubernetes.io/pod-name': 'cart-0' } },
      spec: {
        nodeName: 'ip-10-40-0-106.ec2.internal',
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-cart-0' } }],
        affinity: { podAffinity: [{ namespaces: ['shop'], topologyKey: 'acme.example/rack' }] },
      },
    })
    const { metadata, spec } = pod as { metadata: Record<string, unknown>; spec: Record<string, unknown> }
    expect(metadata['name']).toMatch(/^x[0-9a-f]{6}-0$/)
    expect(metadata['labels']).toEqual({ 'statefulset.kubernetes.io/pod-name': metadata['name'] })
    expect(spec['volumes']).toEqual([
      {
        name: named({ name: 'data' })['name'],
        persistentVolumeClaim: { claimName: named({ name: 'data-cart-0' })['name'] },
      },
    ])
    expect(spec['affinity']).toEqual({
      podAffinity: [
        { namespaces: [metadata['namespace']], topologyKey: expect.stringMatching(/^x\w{6}\.x\w{6}\/rack$/) },
      ],
    })
    expect(spec['nodeName']).toMatch(/^ip-x\w{6}-x\w{6}-0-x\w{6}\.ec2\.internal$/)
    expect(redactor('key')({ metadata: { name: 'cart-0' } })).toEqual({ metadata: { name: metadata['name'] } })
    expect(redactor('other')({ metadata: { name: 'cart-0' } })).not.toEqual({ metadata: { name: metadata['name'] } })
  })

  test('made of names is made of their pseudonyms', () => {
    const [pod, volume, claim] = ['cart-0', 'scratch', 'cart-0-scratch'].map((name) => named({ name })['name'])
    expect(claim).toBe(`${String(pod)}-${String(volume)}`)
  })

  test.each(['kube-system', 'aws-node', 'default-scheduler', 'system-node-critical', 'ebs-csi-node', 'default', 'gp3'])(
    '%s is everybody\u2019s and stays',
    (name) => {
      expect(named({ name })['name']).toBe(name)
    },
  )
})

test('what describes machines stays; what selects by a name follows it', () => {
  const labels = {
    'node.kubernetes.io/instance-type': 'm5.large',
    'topology.kubernetes.io/zone': 'us-east-1a',
    'karpenter.k8s.aws/instance-family': 'm5',
    'karpenter.sh/capacity-type': 'on-demand',
    'kubernetes.io/cluster/acme': 'owned',
    'acme.example/pool': 'batch',
    dedicated: 'true',
    replicas: '12',
  }
  const node = redact({
    metadata: { labels },
    spec: {
      providerID: 'aws:///us-east-1a/i-013988a549ddeef3d',
      taints: [{ key: 'acme.example/pool', value: 'batch', effect: 'NoSchedule' }],
      affinity: [{ key: 'acme.example/pool', operator: 'In', values: ['batch'] }],
      nodeSelector: { 'acme.example/pool': 'batch' },
    },
    status: {
      addresses: [{ type: 'InternalIP', address: '10.1.2.3' }],
      capacity: { 'acme.example/fpga': '1', cpu: '4' },
    },
  }) as { metadata: { labels: Record<string, string> }; spec: Record<string, unknown>; status: Record<string, unknown> }
  const { labels: kept } = node.metadata
  expect(kept).toMatchObject({
    'node.kubernetes.io/instance-type': 'm5.large',
    'topology.kubernetes.io/zone': 'us-east-1a',
    'karpenter.k8s.aws/instance-family': 'm5',
    'karpenter.sh/capacity-type': 'on-demand',
    dedicated: 'true',
    replicas: '12',
  })
  const [key = '', value] = Object.entries(kept).find(([label]) => label.endsWith('/pool')) ?? []
  expect(node.spec).toEqual({
    providerID: expect.stringMatching(/^aws:\/\/\/us-east-1a\/i-[0-9a-f]{17}$/),
    taints: [{ key, value, effect: 'NoSchedule' }],
    affinity: [{ key, operator: 'In', values: [value] }],
    nodeSelector: { [key]: value },
  })
  expect(node.status['addresses']).toEqual([
    { type: 'InternalIP', address: expect.stringMatching(/^10\.\d+\.\d+\.\d+$/) },
  ])
  expect(node.status['capacity']).toEqual({ 'acme.example/fpga': '1', cpu: '4' })
  expect(JSON.stringify([node.metadata, node.spec])).not.toMatch(/acme|batch|013988|10\.1\.2/)
})

describe('the sample cluster', () => {
  const raw = sampleObjects(new URL('../../../data/sample-cluster.json.gz', import.meta.url)) as readonly Json[]
  const reduced = raw.map((item) => reduceObject(item['kind'] as Kind, String(item['apiVersion']), item))
  const redacted = reduced.map(redact)
  const snapshotOf = (items: readonly Json[]): Snapshot => {
    const builder = new SnapshotBuilder()
    for (const item of items) builder.add(item, 'test')
    return builder.snapshot()
  }
  const clusterOf = (items: readonly Json[]) => buildCluster(snapshotOf(items), { name: undefined, region: undefined })

  test('is the same cluster under other names', () => {
    const [before, after] = [clusterOf(reduced), clusterOf(redacted)]
    /** All that says nothing of names; sorted, as names decide the order. */
    const shapeOf = ({ nodes, groups, pods, workloads, findings, daemonSets }: typeof before) => ({
      nodes: nodes
        .map((node) =>
          [node.instanceType, node.zone, node.capacityType, node.owner, node.pods.length, node.taints.length].join(),
        )
        .sort(),
      groups: groups.map((group) => nodes.filter((node) => node.group === group.name).length).sort((a, b) => a - b),
      pods: pods
        .map((pod) =>
          [pod.role, pod.nodeName === '', JSON.stringify(pod.needed), JSON.stringify(pod.volumes).length > 0].join(),
        )
        .sort(),
      workloads: workloads
        .map((workload) => pods.filter((pod) => pod.workload === workload.key).length)
        .sort((a, b) => a - b),
      findings: findings.map(({ code }) => code).sort(),
      daemonSets: daemonSets.length,
    })
    expect(shapeOf(after)).toEqual(shapeOf(before))
  })

  test('no name of it is left', () => {
    const text = JSON.stringify(redacted)
    const names = reduced.flatMap((item) => {
      const { name, namespace } = object(item['metadata'])
      return [name, namespace].filter((word) => typeof word === 'string')
    })
    const own = [...new Set(names)].filter((name) => named({ name })['name'] !== name)
    expect(own.length).toBeGreaterThan(500)
    expect(own.filter((name) => text.includes(`"${name}"`))).toEqual([])
    expect(text).not.toContain('orchard')
  })
})
