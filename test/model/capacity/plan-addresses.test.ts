import { describe, expect, it } from 'vitest'
import type { NodeOwner } from '../../../src/domain/cluster.js'
import type { Plan, PlanNode } from '../../../src/domain/plan.js'
import type { Labels } from '../../../src/domain/snapshot.js'
import { usdPerHour } from '../../../src/domain/units.js'
import { withCni } from '../../../src/model/capacity/cni.js'
import { addressChecks, subnetRail } from '../../../src/model/capacity/plan-addresses.js'
import { NO_RESOURCES } from '../../../src/domain/resources.js'
import { pod } from '../fixtures.js'
import { awsNode, detect, resourcesOf } from './live.js'
import { lookup } from './types.js'

type Sketch = {
  readonly name?: string
  readonly type?: string | undefined
  readonly zone?: string | undefined
  readonly owner?: NodeOwner
  readonly action?: 'keep' | 'new'
  readonly labels?: Labels
  readonly slots?: number
  /** Pods with an address of an interface, with one of a branch interface, and with the node's. */
  readonly own?: number
  readonly branch?: number
  readonly host?: number
}

const planNode = (of: Sketch): PlanNode => {
  const figures = resourcesOf(2000, 8e9, 1, of.slots ?? 29)
  const many = (count: number, name: string, parts: Parameters<typeof pod>[0]) =>
    Array.from({ length: count }, (_, index) => pod({ name: `${name}-${index}`, ...parts }))
  const branch = resourcesOf(0, 0, 0, 1, { 'vpc.amazonaws.com/pod-eni': 1 })
  return {
    name: of.name ?? 'a',
    action: of.action ?? 'keep',
    group: 'web',
    owner: of.owner ?? 'karpenter',
    instanceType: 'type' in of ? of.type : 'm5.large',
    zone: 'zone' in of ? of.zone : 'us-east-1a',
    capacityType: 'on-demand',
    architecture: 'amd64',
    labels: of.labels ?? {},
    taints: [],
    unschedulable: false,
    providerId: '',
    capacity: figures,
    allocatable: figures,
    price: { kind: 'unknown', why: 'test' },
    packed: true,
    residentPods: many(of.host ?? 2, 'host', { spec: { hostNetwork: true } }),
    resident: NO_RESOURCES,
    pods: [...many(of.own ?? 5, 'own', {}), ...many(of.branch ?? 0, 'branch', { needed: branch })],
  }
}
const planOf = (...nodes: readonly Sketch[]): Plan => ({
  nodes: nodes.map(planNode),
  unplaced: [],
  cost: { rate: usdPerHour(0), unpriced: 0 },
})

const SECONDARY = detect([], [awsNode()])
const PREFIX = detect([], [awsNode({ ENABLE_PREFIX_DELEGATION: 'true' })])
const TRUNK = detect([], [awsNode({ ENABLE_POD_ENI: 'true' })])
const zonesOf = (plan: Plan, cni = SECONDARY) => addressChecks(plan, cni, lookup, undefined)(cni).zones(plan)
const only = (sketch: Sketch, cni = SECONDARY) => zonesOf(planOf(sketch), cni)[0]

describe('subnet addresses of a plan', () => {
  it.each([
    ['secondary addresses, one warm interface', {}, SECONDARY, 20, 30, 0],
    ['host-network pods take none', { own: 0, host: 9 }, SECONDARY, 10, 30, 0],
    ['prefixes, one warm', { type: 't3.small', own: 58, slots: 110 }, PREFIX, 82, 131, 5],
    ['a trunk takes an interface, a branch pod an address', { action: 'new', branch: 2 }, TRUNK, 23, 30, 0],
    [
      'the label says that there is no trunk',
      { labels: { 'vpc.amazonaws.com/has-trunk-attached': 'false' } },
      TRUNK,
      20,
      30,
      0,
    ],
    ['Fargate: one', { type: undefined, owner: 'fargate', own: 1 }, SECONDARY, 1, 1, 0],
    ['hybrid nodes: none', { type: undefined, owner: 'hybrid' }, SECONDARY, 0, 0, 0],
    ['Auto Mode has prefixes of its own', { owner: 'eks-auto-mode', own: 17 }, SECONDARY, 49, 49, 3],
  ] as const)('%s', (_name, sketch, cni, addresses, atMost, prefixes) => {
    expect(only(sketch, cni)).toMatchObject({ addresses, atMost, prefixes, unknownNodes: 0 })
  })

  it('are summed by zone, and say what they leave out', () => {
    const zones = zonesOf(
      planOf({ zone: 'b' }, { zone: undefined }, { zone: 'a' }, { zone: 'a', type: 'mock.large' }, { zone: 'a' }),
    )
    expect(zones.map(({ zone, nodes, unknownNodes, addresses }) => [zone, nodes, unknownNodes, addresses])).toEqual([
      ['a', 3, 1, 40],
      ['b', 1, 0, 20],
      [undefined, 1, 0, 20],
    ])
  })

  it('refuse a plan that takes more than is free beside those of today', () => {
    const today = planOf({ name: 'a' })
    const plan = planOf({ name: 'a' }, { name: 'b', action: 'new' }, { name: 'c', action: 'new', zone: 'us-east-1b' })
    const faults = (free: number) =>
      addressChecks(today, SECONDARY, lookup, new Map([['us-east-1a', free]]))(SECONDARY).faults(plan)
    expect(faults(20)).toEqual([])
    expect(faults(19)).toEqual(['the subnets of us-east-1a have 19 free addresses, the plan takes 20 more than today'])
    expect(addressChecks(today, SECONDARY, lookup, undefined)(SECONDARY).faults(plan)).toEqual([])
  })

  it('compare a what-if with what today takes in the mode in force', () => {
    const today = planOf({ own: 20 })
    const prefixes = addressChecks(today, SECONDARY, lookup, new Map([['us-east-1a', 2]]))(withCni(SECONDARY, 'prefix'))
    // Today 30; with prefixes (ceil(20 ÷ 16) + 1) × 16 + 1 = 49.
    expect(prefixes.faults(today)).toEqual([
      'the subnets of us-east-1a have 2 free addresses, the plan takes 19 more than today',
    ])
  })

  it('name nodes that the plan fills beyond their addresses, but not what is so today', () => {
    const today = planOf({ name: 'a', slots: 110, own: 30 })
    const remarks = (plan: Plan, cni = SECONDARY) => addressChecks(today, cni, lookup, undefined)(cni).remarks(plan)
    expect(remarks(today)).toEqual([])
    expect(remarks(planOf({ name: 'a', slots: 110, own: 31 }))).toEqual([
      '1 node carries more pods than interfaces have addresses for: 31 on a, which has 27',
    ])
    expect(remarks(planOf({ name: 'b', slots: 29, own: 28, host: 1 }))).toEqual([])
    expect(remarks(planOf({ name: 'b', action: 'new', own: 19 }), TRUNK)).toEqual([
      '1 node carries more pods than interfaces have addresses for: 19 on b, which has 18',
    ])
    expect(remarks(planOf({ name: 'b', action: 'new', own: 18, branch: 9 }), TRUNK)).toEqual([])
  })
})

describe('what plans are made by', () => {
  const live = (name: string, zone: string | undefined, type: string | undefined) => {
    const node = planNode({ name, zone, type })
    return { ...node, pods: [...node.residentPods, ...node.pods] }
  }

  it('is what is free beside what the nodes of today take, in zones that are known', () => {
    const nodes = [
      live('a', 'us-east-1a', 'm5.large'),
      live('b', 'us-east-1a', 'm5.large'),
      live('c', 'us-east-1b', undefined),
      live('d', undefined, 'm5.large'),
      live('e', 'us-east-1c', 'm5.large'),
    ]
    const free = new Map([
      ['us-east-1a', 7],
      ['us-east-1b', 3],
    ])
    const rail = subnetRail(nodes, SECONDARY, lookup, free)
    // Two interfaces of ten addresses for five pods, one of them warm.
    expect(rail?.most).toEqual(
      new Map([
        ['us-east-1a', 47],
        ['us-east-1b', 3],
      ]),
    )
    expect(free.get('us-east-1a')).toBe(7)
    expect(subnetRail(nodes, SECONDARY, lookup, undefined)).toBeUndefined()
  })
})
