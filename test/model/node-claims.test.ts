import { describe, expect, it } from 'vitest'
import { buildCluster } from '../../src/model/build-cluster.js'
import { nodeDisruption } from '../../src/model/disruption.js'
import { indexBudgets } from '../../src/model/budgets.js'
import { expiryFindings } from '../../src/model/node-claims.js'
import { snapshotOf, type Api } from '../helpers/objects.js'

const INSTANCE = 'aws:///eu-west-1a/i-0bfbb45b5e9a8db55'
const LABELS = {
  'karpenter.sh/nodepool': 'general',
  'karpenter.sh/capacity-type': 'spot',
  'node.kubernetes.io/instance-type': 'm6i.large',
  'topology.kubernetes.io/zone': 'eu-west-1a',
  'topology.kubernetes.io/region': 'eu-west-1',
}
const POOL = {
  kind: 'NodePool',
  metadata: { name: 'general' },
  spec: {
    disruption: { expireAfter: '48h' },
    template: { spec: { nodeClassRef: { group: 'karpenter.k8s.aws', name: 'default' }, requirements: [] } },
  },
}

const node = (labels: Api, name = 'node-1', providerID = INSTANCE): Api => ({
  kind: 'Node',
  metadata: { name, labels },
  spec: { providerID },
  status: { capacity: { cpu: '2', memory: '8Gi', pods: '29' }, conditions: [{ type: 'Ready', status: 'True' }] },
})
const claim = (parts: { readonly metadata?: Api; readonly spec?: Api; readonly status?: Api } = {}): Api => ({
  kind: 'NodeClaim',
  metadata: { name: 'general-7xk2p', labels: LABELS, creationTimestamp: '2026-08-01T10:00:00Z', ...parts.metadata },
  spec: { expireAfter: '720h', ...parts.spec },
  status: { nodeName: 'node-1', providerID: INSTANCE, ...parts.status },
})
const build = (...items: readonly Api[]) =>
  buildCluster({ ...snapshotOf(items), absentKinds: [] }, { name: undefined, region: undefined })

describe('a NodeClaim', () => {
  it('tells what a node is that has no labels, and changes no label that rules look at', () => {
    const cluster = build(node({}), claim(), POOL)
    expect(cluster.nodes[0]).toMatchObject({
      owner: 'karpenter',
      group: 'general',
      instanceType: 'm6i.large',
      capacityType: 'spot',
      zone: 'eu-west-1a',
      region: 'eu-west-1',
      labels: {},
    })
    expect(cluster.groups[0]?.template.nodePool?.metadata.name).toBe('general')
    expect(cluster.findings).toEqual([
      {
        code: 'labels-from-claim',
        subject: 'node-1',
        detail:
          'the node has no label node.kubernetes.io/instance-type, karpenter.sh/capacity-type, topology.kubernetes.io/zone, topology.kubernetes.io/region, karpenter.sh/nodepool: read from NodeClaim general-7xk2p',
      },
    ])
  })

  it('is joined by its instance while it does not name its node', () => {
    const cluster = build(node({}), claim({ status: { nodeName: '' } }))
    expect(cluster.nodes[0]).toMatchObject({ instanceType: 'm6i.large', claim: { name: 'general-7xk2p' } })
    expect(build(node({}, 'node-1', ''), claim({ status: { nodeName: '', providerID: '' } })).nodes[0]?.claim).toBe(
      undefined,
    )
  })

  it('says nothing new of a node that has its labels', () => {
    const [bare, claimed] = [build(node(LABELS), POOL), build(node(LABELS), claim(), POOL)]
    expect(claimed.findings).toEqual([])
    expect(claimed.nodes.map(({ claim: _, ...rest }) => rest)).toEqual(bare.nodes)
    expect(claimed.groups[0]?.template).toEqual(bare.groups[0]?.template)
  })

  it('does not overrule the labels of its node', () => {
    const differing = { ...LABELS, 'node.kubernetes.io/instance-type': 'm6i.xlarge' }
    const cluster = build(node(differing), claim())
    expect(cluster.nodes[0]?.instanceType).toBe('m6i.xlarge')
    expect(cluster.findings).toEqual([
      {
        code: 'claim-disagrees',
        subject: 'node-1',
        detail:
          "its label node.kubernetes.io/instance-type is m6i.xlarge, NodeClaim general-7xk2p has m6i.large: the node's own label is followed",
      },
    ])
  })

  it('with an instance and no node is money that no figure holds', () => {
    const other = { status: { nodeName: 'gone', providerID: 'aws:///eu-west-1a/i-0aaaaaaaaaaaaaaaa' } }
    expect(build(node(LABELS), claim(other)).findings).toEqual([
      {
        code: 'instance-without-node',
        subject: 'general-7xk2p',
        detail:
          'NodeClaim with instance i-0aaaaaaaaaaaaaaaa (m6i.large, spot, eu-west-1a), but without a node: it is starting, or could not join; it is paid for and in no figure here',
      },
    ])
    // Nothing was launched yet.
    expect(build(node(LABELS), claim({ status: { nodeName: '', providerID: '' } })).findings).toEqual([])
  })

  it('that is deleted closes its node; one that has drifted is named', () => {
    const deleted = build(node(LABELS), claim({ metadata: { deletionTimestamp: '2026-08-20T10:00:00Z' } }))
    expect(deleted.nodes[0]?.closed).toBe('being deleted')
    const drifted = build(node(LABELS), claim({ status: { conditions: [{ type: 'Drifted', status: 'True' }] } }))
    expect(drifted.nodes[0]?.closed).toBe(undefined)
    expect(drifted.findings.map(({ code, subject }) => [code, subject])).toEqual([['node-drifted', 'node-1']])
  })

  it('may hold its node', () => {
    const annotations = { 'karpenter.sh/do-not-disrupt': 'true' }
    const blockersOf = (item: Api): readonly string[] => {
      const [held] = build(node(LABELS), item).nodes
      if (held === undefined) throw new Error('no node')
      const context = { budgets: indexBudgets([]), now: undefined, nodePool: undefined, replicasOf: () => undefined }
      return nodeDisruption(held, context).blockers
    }
    expect(blockersOf(claim({ metadata: { annotations } }))).toEqual([
      expect.stringContaining('annotation karpenter.sh/do-not-disrupt on NodeClaim general-7xk2p'),
    ])
    expect(blockersOf(claim())).toEqual([])
  })
})

describe('the age of nodes', () => {
  it.each([
    ['of its own claim', { expireAfter: '720h' }, '2026-08-31T10:00:00Z'],
    ['with parts of an hour', { expireAfter: '1h30m' }, '2026-08-01T11:30:00Z'],
    ['Never', { expireAfter: 'Never' }, undefined],
    ['that is no duration', { expireAfter: 'soon' }, undefined],
    ['of the pool, in v1beta1', { expireAfter: undefined }, '2026-08-03T10:00:00Z'],
  ])('ends by expireAfter %s', (_, spec, expiresAt) => {
    const items = [node(LABELS), claim({ spec })]
    const cluster = buildCluster(
      {
        ...snapshotOf(items),
        absentKinds: [],
        nodePools: snapshotOf([POOL]).nodePools.map((pool) => ({ ...pool, expireAfter: '48h' })),
      },
      { name: undefined, region: undefined },
    )
    expect(cluster.nodes[0]?.claim?.expiresAt).toBe(expiresAt)
  })

  it('is said where the next report would come too late', () => {
    const { nodes } = build(node(LABELS), claim())
    expect(expiryFindings(nodes, '2026-08-30T09:59:59Z')).toEqual([])
    expect(expiryFindings(nodes, '2026-08-30T10:00:00Z')).toEqual([
      {
        code: 'node-expires',
        subject: 'node-1',
        detail:
          'its NodeClaim expires at 2026-08-31T10:00:00Z: Karpenter replaces it then by a node of its own choice, whatever the plan says',
      },
    ])
  })
})

it('a cluster without a name in labels has the one that CNINodes carry', () => {
  const cniNode = {
    kind: 'CNINode',
    metadata: { name: 'node-1' },
    spec: { tags: { 'cluster.k8s.amazonaws.com/name': 'orchard-prod' } },
  }
  expect(build(node(LABELS), cniNode).name).toBe('orchard-prod')
  expect(build(node({ 'alpha.eksctl.io/cluster-name': 'grove' }), cniNode).name).toBe('grove')
  expect(build(node(LABELS)).name).toBe('cluster')
})
