import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import type { PriceCatalog } from '../src/domain/catalog.js'
import type { Analysis, Scenario } from '../src/domain/recommendation.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { ROOT } from './helpers/command.js'
import { snapshotOf, type Api } from './helpers/objects.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'

const SETTINGS: Settings = { ...ANYTHING, wantedType: (name) => /^(m5|c5|r5)\./.test(name) }

const LABELS = {
  'eks.amazonaws.com/nodegroup': 'web',
  'eks.amazonaws.com/capacityType': 'ON_DEMAND',
  'node.kubernetes.io/instance-type': 'm5.large',
  'topology.kubernetes.io/region': 'us-east-1',
  'topology.kubernetes.io/zone': 'us-east-1a',
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/os': 'linux',
}

const owner = (kind: string, name: string): Api => ({ kind, name, uid: `uid-${name}`, controller: true })

/** Six m5.large of a managed group, each with aws-node and `perNode` small pods. */
function cluster(perNode: number, env: Readonly<Record<string, string>>, more: readonly Api[] = []): readonly Api[] {
  const awsNode = { hostNetwork: true, containers: [{ name: 'aws-node', resources: { requests: { cpu: '25m' } } }] }
  const nodes = [1, 2, 3, 4, 5, 6].map((index) => `node-${index}`)
  const pods = nodes.flatMap((nodeName) => [
    {
      kind: 'Pod',
      metadata: {
        name: `aws-node-${nodeName}`,
        namespace: 'kube-system',
        ownerReferences: [owner('DaemonSet', 'aws-node')],
      },
      spec: { nodeName, ...awsNode },
    },
    ...Array.from({ length: perNode }, (_, index) => ({
      kind: 'Pod',
      metadata: {
        name: `small-${nodeName}-${index}`,
        namespace: 'shop',
        ownerReferences: [owner('ReplicaSet', 'small')],
      },
      spec: { nodeName, containers: [{ name: 'app', resources: { requests: { cpu: '10m', memory: '32Mi' } } }] },
    })),
  ])
  return [
    ...nodes.map((name) => ({
      kind: 'Node',
      metadata: { name, labels: { ...LABELS, 'kubernetes.io/hostname': name } },
      spec: { providerID: `aws:///us-east-1a/i-${name}` },
      status: {
        capacity: { cpu: '2', memory: '7910360Ki', pods: '29', 'ephemeral-storage': '20959212Ki' },
        allocatable: { cpu: '1930m', memory: '7220184Ki', pods: '29', 'ephemeral-storage': '18242267924' },
      },
    })),
    {
      kind: 'DaemonSet',
      metadata: { name: 'aws-node', namespace: 'kube-system', uid: 'uid-aws-node' },
      spec: {
        template: {
          spec: {
            ...awsNode,
            tolerations: [{ operator: 'Exists' }],
            containers: [
              { ...awsNode.containers[0], env: Object.entries(env).map(([name, value]) => ({ name, value })) },
            ],
          },
        },
      },
    },
    { kind: 'ReplicaSet', metadata: { name: 'small', namespace: 'shop', uid: 'uid-small' }, spec: {} },
    ...pods,
    ...more,
  ]
}

let catalog: PriceCatalog
beforeAll(async () => {
  catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
})

const run = (items: readonly Api[], settings: Partial<Settings> = {}): Analysis =>
  analyse(snapshotOf(items), catalog, { ...SETTINGS, ...settings }, () => {})

function planOf(analysis: Analysis, id: Scenario['id']) {
  const outcome = analysis.scenarios.find((scenario) => scenario.id === id)?.outcome
  if (outcome?.kind !== 'planned') throw new Error(`${id} is not planned`)
  return outcome
}
const whyNot = (analysis: Analysis): string | undefined => {
  const outcome = analysis.scenarios.find(({ id }) => id === 'prefix-delegation')?.outcome
  return outcome?.kind === 'not-applicable' ? outcome.why : undefined
}

describe('the what-if prefix-delegation', () => {
  it('shows what more pod slots are worth, and recommends nothing of it', () => {
    const analysis = run(cluster(27, {}))
    const prefixes = planOf(analysis, 'prefix-delegation')
    expect(prefixes.feasible).toBe(true)
    expect(analysis.prefixes?.gains).toEqual([
      { group: 'web', instanceType: 'm5.large', nodes: 6, podsNow: 29, podsThen: 110, bound: true },
    ])
    expect(prefixes.realised).toBeLessThan(analysis.prefixes?.cheapest.realised ?? 0)
    expect(prefixes.plan.nodes.some(({ allocatable }) => allocatable.pods === 110)).toBe(true)
    expect(planOf(analysis, 'recommended').plan.nodes.every(({ capacity }) => capacity.pods !== 110)).toBe(true)
    expect(analysis.follows).not.toBe('prefix-delegation')
    const [zone] = analysis.addresses.find(({ scenario }) => scenario === 'prefix-delegation')?.zones ?? []
    expect(zone?.prefixes).toBeGreaterThan(0)
    expect(zone?.addresses).toBe(16 * (zone?.prefixes ?? 0) + (zone?.nodes ?? 0))
  })

  it('shows the cheapest plan where no group is bound by pod slots', () => {
    const analysis = run(cluster(5, {}))
    const scenario = analysis.scenarios.find(({ id }) => id === 'prefix-delegation')
    expect(scenario?.notes[0]).toMatch(
      /^no node group runs out of pod slots first.*figures are those of the cheapest plan$/,
    )
    expect(planOf(analysis, 'prefix-delegation').plan.cost).toEqual(analysis.prefixes?.cheapest.packed)
    expect(analysis.prefixes?.gains.map(({ bound }) => bound)).toEqual([false])
  })

  it('says what a setting costs that kubelets were never told of', () => {
    const analysis = run(cluster(27, { ENABLE_PREFIX_DELEGATION: 'true' }))
    const finding = analysis.findings.find(({ code }) => code === 'cni-prefix-not-applied')
    expect(finding?.detail).toContain('(m5.large: 29 in place of 110): 486 pod slots unused')
    expect(finding?.detail).toMatch(/raising it makes the cheapest plan \$\d+\.\d\d a month cheaper/)
    expect(planOf(analysis, 'prefix-delegation').realised).toBeLessThan(analysis.prefixes?.cheapest.realised ?? 0)
  })

  it.each([
    [
      'overlay',
      cluster(5, {}).filter(({ kind }) => kind !== 'DaemonSet'),
      'Cilium gives pods their addresses, not the VPC CNI',
    ],
    ['IPv6', cluster(5, { ENABLE_IPv6: 'true' }), 'pods have IPv6 addresses, which come from prefixes already'],
  ] as const)('does not apply with %s', (name, items, why) => {
    const cilium = { kind: 'DaemonSet', metadata: { name: 'cilium', namespace: 'kube-system' }, spec: {} }
    const analysis = run(name === 'overlay' ? [...items, cilium] : items)
    expect(whyNot(analysis)).toBe(why)
    expect(analysis.prefixes).toBeUndefined()
  })

  it('does not apply where prefixes are on, or asked for', () => {
    const told = cluster(5, { ENABLE_PREFIX_DELEGATION: 'true' }).map((item) =>
      item['kind'] === 'Node'
        ? {
            ...item,
            status: {
              capacity: { cpu: '2', memory: '7910360Ki', pods: '110' },
              allocatable: { cpu: '1930m', memory: '7220184Ki', pods: '110' },
            },
          }
        : item,
    )
    expect(whyNot(run(told))).toBe('prefix delegation is on already')
    expect(whyNot(run(cluster(5, {}), { cni: 'prefix' }))).toBe(
      'the report is made for another CNI mode already (prefix-delegation)',
    )
  })
})

describe('subnet addresses', () => {
  it('are not checked where nobody was asked, and refuse plans where too few are free', () => {
    const items = cluster(27, {})
    const open = run(items)
    expect(open.addresses.flatMap(({ zones }) => zones.map(({ free }) => free))).toEqual(
      open.addresses.flatMap(({ zones }) => zones.map(() => undefined)),
    )
    // Today's nodes have 3 interfaces of 10 addresses each; a plan of other nodes may need more than they do.
    const [today] = open.addresses[0]?.zones ?? []
    expect(today).toMatchObject({ zone: 'us-east-1a', nodes: 6, addresses: 180, atMost: 180 })
    const over = open.addresses.filter(({ zones }) => (zones[0]?.addresses ?? 0) > 180).map(({ scenario }) => scenario)
    const full = run(items, { freeAddresses: new Map([['us-east-1a', 0]]) })
    for (const { id, outcome, notes } of full.scenarios) {
      if (outcome.kind !== 'planned' || id === 'current' || id === 'recommended') continue
      expect([id, outcome.feasible]).toEqual([id, !over.includes(id)])
      if (over.includes(id))
        expect(notes.join()).toMatch(/subnets of us-east-1a have 0 free addresses, the plan takes \d+ more/)
    }
    const recommended = full.addresses.find(({ scenario }) => scenario === 'recommended')?.zones[0]
    expect(recommended?.addresses).toBeLessThanOrEqual(180)
  })

  it('let plans buy where they are free', () => {
    const zoneOf = (name: string): string => (name === 'node-1' ? 'us-east-1a' : 'us-east-1b')
    const items = cluster(27, {}).map((item) => {
      if (item['kind'] !== 'Node') return item
      const { metadata } = item as { metadata: { name: string; labels: Record<string, string> } }
      const labels = {
        ...metadata.labels,
        'topology.kubernetes.io/zone': zoneOf(metadata.name),
      }
      return { ...item, metadata: { ...metadata, labels } }
    })
    const takenIn = (analysis: Analysis, zone: string): Map<Scenario['id'], number> =>
      new Map(
        analysis.addresses.map(({ scenario, zones }) => [
          scenario,
          zones.find((one) => one.zone === zone)?.addresses ?? 0,
        ]),
      )
    const wantedType = (name: string): boolean => /^(m5|c6i)\.x?large$/.test(name)
    const open = takenIn(run(items, { wantedType }), 'us-east-1a')
    const today = open.get('current')!
    expect([...open.values()].some((taken) => taken > today)).toBe(true)
    const free = new Map([
      ['us-east-1a', 0],
      ['us-east-1b', 500],
    ])
    const tight = run(items, { wantedType, freeAddresses: free })
    for (const [scenario, taken] of takenIn(tight, 'us-east-1a')) {
      expect([scenario, taken <= today]).toEqual([scenario, true])
      if (scenario !== 'current') expect([scenario, planOf(tight, scenario).feasible]).toEqual([scenario, true])
    }
    expect(planOf(tight, 'recommended').plan.cost.rate).toBeLessThan(planOf(tight, 'current').plan.cost.rate)
  })
})

describe('kubelet settings', () => {
  it('that fail are named, with what is used in their place', () => {
    const karpenter = cluster(5, {}).map((item) => {
      if (item['kind'] !== 'Node') return item
      const { 'eks.amazonaws.com/nodegroup': _group, 'eks.amazonaws.com/capacityType': _type, ...labels } = LABELS
      const { metadata } = item as { metadata: { name: string } }
      return {
        ...item,
        metadata: {
          ...metadata,
          labels: { ...labels, 'karpenter.sh/nodepool': 'default', 'karpenter.sh/capacity-type': 'on-demand' },
        },
      }
    })
    const pool = {
      kind: 'NodePool',
      metadata: { name: 'default' },
      spec: { template: { spec: { nodeClassRef: { name: 'c' } } } },
    }
    const snapshot = snapshotOf([...karpenter, pool, { kind: 'EC2NodeClass', metadata: { name: 'c' }, spec: {} }])
    const [nodeClass] = snapshot.nodeClasses
    if (nodeClass === undefined) throw new Error('there is a node class')
    const kubelet = {
      maxPods: undefined,
      maxPodsExpression: 'default_enis *',
      podsPerCore: undefined,
      kubeReserved: {},
      systemReserved: {},
      evictionHard: {},
    }
    const broken = { ...snapshot, nodeClasses: [{ ...nodeClass, kubelet }] }
    const { findings } = analyse(broken, catalog, SETTINGS, () => {})
    expect(findings.filter(({ code }) => code === 'kubelet-setting-failed')).toEqual([
      expect.objectContaining({
        subject: 'default',
        detail: expect.stringMatching(/^max pods expression failed for m5\.large .*; 29 is used in its place$/),
      }),
    ])
  })
})
