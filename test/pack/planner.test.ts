import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CapacityPolicy, Goal, ProvenPlan } from '../../src/domain/goal.js'
import type { NodeOption, Plan, PlanNode } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { sum } from '../../src/domain/resources.js'
import type { Limits } from '../../src/pack/problem.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { world } from './arbitrary.js'
import {
  anyInput,
  anyPolicy,
  makeOption,
  nodeOf,
  NO_LIMITS,
  packed,
  partsOf,
  partsOfWorld,
  ZONE,
  type ClusterParts,
  type Packed,
} from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const AS_IS: CapacityPolicy = { kind: 'as-is' }
const CHEAPEST: Goal = { kind: 'cheapest', policy: AS_IS }
const REPACK: Goal = { kind: 'repack' }
const GOALS: readonly Goal[] = [
  REPACK,
  CHEAPEST,
  { kind: 'fewest', policy: AS_IS, margin: 0.05 },
  { kind: 'cheapest', policy: { kind: 'on-demand' } },
  { kind: 'cheapest', policy: { kind: 'spot', share: 0.5 } },
]
const anyGoal: fc.Arbitrary<Goal> = fc.oneof(
  fc.constant(REPACK),
  anyPolicy.map((policy): Goal => ({ kind: 'cheapest', policy })),
  anyPolicy.map((policy): Goal => ({ kind: 'fewest', policy, margin: 0.2 })),
)

const idsIn = (plan: Plan): string[] => plan.nodes.flatMap(({ pods }) => pods.map(({ id }) => id))
const violationsIn = (plan: Plan, { cluster, state }: Packed) =>
  verifyPlan({ plan, cluster, mustPlace: state.mustPlace }).filter(({ inherited }) => !inherited)
const carried = ({ residentPods, pods, name }: PlanNode) =>
  sum([...residentPods.map(({ held }) => held), ...pods.map((pod) => (pod.nodeName === name ? pod.held : pod.needed))])
const rateOf = (nodes: readonly PlanNode[]): number =>
  nodes.reduce((total, { price }) => total + (price.kind === 'known' ? price.rate : 0), 0)
function spotShareOf({ nodes }: Plan): number {
  const cpuOf = (some: readonly PlanNode[]): number =>
    some.reduce((total, { allocatable }) => total + allocatable.cpu, 0)
  const all = cpuOf(nodes)
  return all === 0 ? 0 : cpuOf(nodes.filter(({ capacityType }) => capacityType === 'spot')) / all
}
/** Node by node, without the names of what is bought. */
const shown = ({ nodes, unplaced, cost }: Plan) => ({
  cost,
  nodes: nodes
    .map(({ name, action, instanceType, zone, capacityType, pods }) => {
      const ids = pods.map(({ id }) => id).sort()
      return [action === 'keep' ? name : `${instanceType} ${zone} ${capacityType}`, ids.join()].join(': ')
    })
    .sort(),
  unplaced: unplaced.map(({ pod }) => pod.id).sort(),
})

/** What every plan must be, whatever it is wanted for. */
function expectSound({ plan }: ProvenPlan, all: Packed): void {
  const left = plan.unplaced.map(({ pod }) => pod.id)
  expect([...idsIn(plan), ...left].sort()).toEqual(all.state.mustPlace.map(({ id }) => id).sort())
  expect(plan.unplaced.filter(({ running }) => running)).toEqual([])
  expect(violationsIn(plan, all)).toEqual([])
  expect(plan.cost.rate).toBe(rateOf(plan.nodes))
}

const ofWorld = fc.tuple(world, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }))

describe('any plan', () => {
  it('places every running pod once and breaks no rule, under all the rules there are', () => {
    let changed = 0
    fc.assert(
      fc.property(ofWorld, anyGoal, ([one, rates], goal) => {
        const all = packed(partsOfWorld(one, rates))
        const planner = all.planner()
        const proven = planner.plan(goal)
        expectSound(proven, all)
        expect(proven.plan.cost.rate).toBeLessThanOrEqual(planner.today(goal).plan.cost.rate)
        expect(proven.bound.rate).toBeLessThanOrEqual(proven.plan.cost.rate)
        if (proven.plan.nodes.length !== all.cluster.nodes.length) changed += 1
      }),
      { numRuns: 150 },
    )
    expect(changed).toBeGreaterThan(20)
  })

  it('costs no more than today and no less than its bound, and is the same whatever was asked before', () => {
    let bought = 0
    fc.assert(
      fc.property(anyInput, anyGoal, anyGoal, (input, goal, other) => {
        const all = packed(partsOf(input))
        const planner = all.planner()
        const proven = planner.plan(goal)
        expectSound(proven, all)
        expect(proven.bound.rate).toBeLessThanOrEqual(proven.plan.cost.rate)
        const dearest = goal.kind === 'fewest' ? 1 + goal.margin : 1
        // Who asks for on-demand only may have to pay for it.
        if (goal.kind === 'repack' || goal.policy.kind === 'as-is')
          expect(proven.plan.cost.rate).toBeLessThanOrEqual(dearest * planner.today(goal).plan.cost.rate)
        if (proven.plan.nodes.some(({ action }) => action === 'new')) bought += 1
        const late = all.planner()
        late.plan(other)
        late.today(other)
        expect(shown(late.plan(goal).plan)).toEqual(shown(proven.plan))
      }),
      { numRuns: 80 },
    )
    expect(bought).toBeGreaterThan(3)
  })

  it('keeps to the share of spot that is asked for, and puts on spot only what is fit for it', () => {
    let onSpot = 0
    fc.assert(
      fc.property(anyInput, fc.constantFrom(0, 0.3, 0.5, 1), (input, share) => {
        const parts = partsOf(input)
        // Nobody is on spot yet.
        const nodes = parts.nodes.filter(({ capacityType }) => capacityType === 'on-demand')
        fc.pre(nodes.length > 0)
        const fit = 'default/Deployment/x'
        const all = packed({ ...parts, nodes, facts: { spotFit: (workload) => workload === fit } })
        const { plan } = all.planner().plan({ kind: 'cheapest', policy: { kind: 'spot', share } })
        expect(spotShareOf(plan)).toBeLessThanOrEqual(share)
        for (const { capacityType, pods } of plan.nodes)
          if (capacityType === 'spot') {
            onSpot += 1
            expect(pods.map(({ workload }) => workload)).toEqual(pods.map(() => fit))
          }
      }),
      { numRuns: 80 },
    )
    expect(onSpot).toBeGreaterThan(1)
  })

  it('is the same whatever the order of nodes, pods and options', () => {
    fc.assert(
      fc.property(anyInput, anyGoal, (input, goal) => {
        const parts = partsOf(input)
        const turned = packed({
          nodes: parts.nodes.toReversed().map((node) => ({ ...node, pods: node.pods.toReversed() })),
          options: parts.options.toReversed(),
          pending: (parts.pending ?? []).toReversed(),
        })
        expect(shown(turned.planner().plan(goal).plan)).toEqual(shown(packed(parts).planner().plan(goal).plan))
      }),
      { numRuns: 60 },
    )
  })
})

describe('as the default scheduler would rebuild it', () => {
  it('a plan has nodes more, never other ones, and then every order of the pods works out', () => {
    let added = 0
    fc.assert(
      fc.property(anyInput, (input) => {
        const all = packed(partsOf(input))
        const proven = all.planner().plan(CHEAPEST)
        const replay = proven.replay()
        expect(proven.replay()).toBe(replay)
        if (replay?.realised === undefined) return
        const { realised, unplaced } = replay
        expect(realised.nodes.length > proven.plan.nodes.length).toBe(unplaced > 0)
        expect(realised.cost.rate).toBe(rateOf(realised.nodes))
        expect(idsIn(realised).sort()).toEqual(idsIn(proven.plan).sort())
        expect(realised.nodes.filter(({ pods }) => pods.length > 0)).toHaveLength(
          proven.plan.nodes.filter(({ pods }) => pods.length > 0).length,
        )
        if (unplaced > 0) added += 1
      }),
      { numRuns: 60 },
    )
    expect(added).toBeGreaterThan(0)
  })

  it('the cheapest fleet needs no repair, obeys all rules, and is no cheaper than the bound', () => {
    let found = 0
    fc.assert(
      fc.property(anyInput, anyPolicy, (input, policy) => {
        const all = packed(partsOf(input))
        const planner = all.planner()
        const proven = planner.rebuildable(policy)?.proven
        if (proven === undefined) return
        found += 1
        expectSound(proven, all)
        expect(proven.bound.rate).toBeLessThanOrEqual(proven.plan.cost.rate)
        expect({ ...proven.replay(), further: undefined }).toEqual({ unplaced: 0, realised: proven.plan })
        if (policy.kind === 'spot' && policy.share < 1)
          expect(spotShareOf(proven.plan)).toBeLessThanOrEqual(policy.share)
      }),
      { numRuns: 60 },
    )
    expect(found).toBeGreaterThan(15)
  })

  it('the cheapest fleet is found for pods that a tight plan could not be rebuilt with', () => {
    const small = makeOption('small', 2000, 20)
    const large = makeOption('large', 8000, 80)
    const quarter = (name: string) => makePod(name, { needed: resources(500, 10) })
    const nodes = [
      nodeOf(small, 'n0', [makePod('big', { needed: resources(2000, 10) })]),
      ...[1, 2].map((at) =>
        nodeOf(
          small,
          `n${at}`,
          ['a', 'b', 'c', 'd'].map((name) => quarter(`${name}${at}`)),
        ),
      ),
    ]
    const planner = packed({ nodes, options: [small, large] }).planner()
    const today = planner.today(CHEAPEST)
    expect(today.replay()?.unplaced).toBe(1)
    const found = planner.rebuildable(AS_IS)?.proven
    expect(found?.plan.nodes.map(({ instanceType }) => instanceType)).toEqual(['large'])
    expect({ ...found?.replay(), further: undefined }).toEqual({ unplaced: 0, realised: found?.plan })
    expect(found?.replay()?.further?.()).toEqual({ orders: 200, failing: 0, unplaced: 0 })
  })
})

describe('today', () => {
  it('is the cluster as it stands, with what waits left over', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const all = packed(partsOf(input))
        const { plan } = all.planner().today(CHEAPEST)
        expect(plan.nodes.every(({ action }) => action === 'keep')).toBe(true)
        expect(plan.nodes.map(({ name }) => name).sort()).toEqual(all.cluster.nodes.map(({ name }) => name).sort())
        for (const { name, pods } of plan.nodes)
          expect(pods.map(({ nodeName }) => nodeName)).toEqual(pods.map(() => name))
        expect(plan.unplaced.map(({ pod }) => pod.id).sort()).toEqual(
          all.state.problem.pending.map(({ id }) => id).sort(),
        )
        expect(plan.unplaced.every(({ running, reason }) => !running && reason !== '')).toBe(true)
        expect(violationsIn(plan, all)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})

describe('guard rails', () => {
  const option = makeOption('m', 4000, 40, { memoryMib: 4000 })
  const large = makeOption('l', 16_000, 130, { memoryMib: 16_000 })
  const some = (count: number, cpu: number, name: string): Pod[] =>
    Array.from({ length: count }, (_, index) => makePod(`${name}-${index}`, { needed: resources(cpu, cpu) }))
  const eight = Array.from({ length: 8 }, (_, index) => nodeOf(option, `n${index}`, some(2, 500, `p${index}`)))
  const within = (limits: Partial<Limits>, goal: Goal): ProvenPlan =>
    packed({ nodes: eight, options: [option, large], facts: { limits: { ...NO_LIMITS, ...limits } } })
      .planner()
      .plan(goal)

  it('without any, eight cores of requests fit two nodes of four cores', () => {
    for (const goal of GOALS) {
      const { plan, breaches } = within({}, goal)
      expect([plan.cost.rate, breaches]).toEqual([80, 0])
    }
  })

  it.each([0.1, 0.25, 0.5])('%d of each node stays free as headroom', (headroom) => {
    for (const goal of GOALS) {
      const { plan, breaches } = within({ headroom }, goal)
      expect(breaches).toBe(0)
      for (const node of plan.nodes)
        expect(carried(node).cpu).toBeLessThanOrEqual((1 - headroom) * node.allocatable.cpu)
      expect(plan.cost.rate).toBeLessThan(320)
    }
  })

  it('a node that is fuller than the headroom allows and cannot go breaks no guard rail of its own', () => {
    const full = nodeOf(option, 'full', some(3, 1200, 'heavy'))
    const { plan, breaches } = packed({
      nodes: [full, ...eight],
      options: [option, large],
      facts: { limits: { ...NO_LIMITS, headroom: 0.25 }, removable: ({ name }) => name !== 'full' },
    })
      .planner()
      .plan(CHEAPEST)
    expect(plan.nodes.find(({ name }) => name === 'full')?.pods.length).toBe(3)
    expect(breaches).toBe(0)
  })

  it.each([0.2, 0.3, 0.5])('no node carries more than a share of %d of all requests', (maxNodeShare) => {
    for (const goal of GOALS) {
      const { plan, breaches } = within({ maxNodeShare }, goal)
      expect(breaches).toBe(0)
      for (const node of plan.nodes) expect(carried(node).cpu).toBeLessThanOrEqual(maxNodeShare * 8000)
    }
  })

  it.each([1, 3, 5, 8])('%d nodes remain at least', (minNodes) => {
    for (const goal of GOALS) {
      const { plan, breaches } = within({ minNodes }, goal)
      expect(breaches).toBe(0)
      expect(plan.nodes.length).toBeGreaterThanOrEqual(minNodes)
      expect(plan.nodes.length).toBeLessThanOrEqual(8)
    }
  })

  it('nodes remain where DaemonSets are most of what is requested, or a pod is too large to share', () => {
    const agent = makePod('agent', { needed: resources(1000, 1000), role: 'daemon' })
    const busy = makeOption('b', 16_000, 130, { memoryMib: 16_000, overheadPods: [agent] })
    const nodes = Array.from({ length: 10 }, (_, index) =>
      nodeOf(busy, `n${index}`, [
        makePod(`agent-${index}`, { ...agent, id: `x/agent-${index}` }),
        ...some(1, 1000, `p${index}`),
      ]),
    )
    const limits = { ...NO_LIMITS, minNodes: 3 }
    for (const goal of GOALS) {
      const { plan } = packed({ nodes, options: [busy], facts: { limits } })
        .planner()
        .plan(goal)
      expect(plan.nodes.length).toBe(3)
    }
  })

  it('none is broken where nobody asks for anything', () => {
    const nodes = [nodeOf(option, 'n0', some(3, 0, 'a')), nodeOf(option, 'n1', some(3, 0, 'b'))]
    const { plan, breaches } = packed({ nodes, options: [option] })
      .planner()
      .plan(CHEAPEST)
    expect([plan.nodes.length, breaches]).toEqual([1, 0])
  })

  it('a pod that breaks one all by itself gets a node of its own', () => {
    const nodes = [nodeOf(option, 'n0', [...some(1, 3000, 'big'), ...some(2, 400, 'p')])]
    const limits = { ...NO_LIMITS, maxNodeShare: 0.3 }
    const { plan } = packed({ nodes, options: [option], facts: { limits } })
      .planner()
      .plan(CHEAPEST)
    const alone = plan.nodes.find(({ pods }) => pods.some(({ name }) => name === 'big-0'))
    expect(alone?.pods).toHaveLength(1)
    expect(plan.nodes.length).toBeGreaterThan(1)
  })

  it('what breaks one today is said where nothing better is found', () => {
    const pinned = nodeOf(option, 'n0', some(2, 1500, 'p'))
    const facts = { limits: { ...NO_LIMITS, maxNodeShare: 0.5 }, removable: () => false }
    expect(
      packed({ nodes: [pinned], options: [option], facts })
        .planner()
        .plan(CHEAPEST).breaches,
    ).toBe(1)
  })
})

describe('a plan by hand', () => {
  const option = makeOption('m', 4000, 40)
  const pod = (name: string, cpu: number, parts: PodParts = {}): Pod =>
    makePod(name, { needed: resources(cpu, 10), ...parts })
  const planOf = (parts: ClusterParts, goal: Goal = CHEAPEST): Plan => packed(parts).planner().plan(goal).plan

  it('keeps what may not go, and fills it first', () => {
    const nodes = [nodeOf(option, 'held', [pod('a', 100)]), nodeOf(option, 'free', [pod('b', 100)])]
    const facts = { removable: ({ name }: { name: string }) => name !== 'held' }
    for (const goal of GOALS) {
      const plan = planOf({ nodes, options: [option], facts }, goal)
      expect(plan.nodes.map(({ name, pods }) => [name, pods.length])).toEqual([['held', 2]])
    }
  })

  it('keeps the node of a pinned pod and one without a price', () => {
    const nodes = [nodeOf(option, 'a', [pod('a', 100)]), nodeOf(option, 'b', [pod('b', 100)], { instanceType: 'odd' })]
    const pinned = new Map(nodes[0]!.pods.map((one) => [one, 'test']))
    const plan = planOf({ nodes, options: [option], facts: { pinned } })
    expect(plan.nodes.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(plan.cost).toEqual({ rate: 40, unpriced: 1 })
  })

  it('puts nothing on a closed node', () => {
    const nodes = [
      nodeOf(option, 'closed', [pod('a', 100)], { closed: 'cordoned', unschedulable: true }),
      nodeOf(option, 'open', [pod('b', 3950)]),
    ]
    const plan = planOf({ nodes, options: [option] })
    const closed = plan.nodes.find(({ name }) => name === 'closed')
    expect((closed?.pods ?? []).map(({ name }) => name)).not.toContain('b')
    expect(plan.nodes).toHaveLength(2)
  })

  it('moves no pod without a saving, and trims the last node that it buys', () => {
    const half = makeOption('half', 2000, 20)
    const snug = [nodeOf(option, 'n0', [pod('a', 4000)]), nodeOf(half, 'n1', [pod('b', 2000)])]
    expect(planOf({ nodes: snug, options: [option, half] }).nodes.map(({ action }) => action)).toEqual(['keep', 'keep'])
    const huge = makeOption('huge', 32_000, 400)
    const roomy = [nodeOf(huge, 'n0', [pod('a', 3900), pod('b', 1500)])]
    const plan = planOf({ nodes: roomy, options: [huge, option, half] })
    expect(plan.nodes.map(({ instanceType }) => instanceType)).toEqual(['half', 'm'])
    expect(plan.nodes.map(({ name }) => name)).toEqual(['new-group-001', 'new-group-002'])
  })

  it('replaces a machine by a cheaper one in the same zone where a pod is bound to it', () => {
    const dear = makeOption('dear', 4000, 90, { zone: 'b' })
    const options: NodeOption[] = [option, dear, makeOption('m', 4000, 45, { zone: 'b' })]
    const bound = pod('a', 1000, { spec: { nodeSelector: { [ZONE]: 'b' } } })
    const plan = planOf({ nodes: [nodeOf(dear, 'n0', [bound])], options })
    expect(plan.nodes.map(({ instanceType, zone }) => [instanceType, zone])).toEqual([['m', 'b']])
  })

  it('gives pending pods what room there is, buys none for them, and says what a place would cost', () => {
    const nodes = [nodeOf(option, 'n0', [pod('a', 3000)])]
    const plan = planOf({ nodes, options: [option], pending: [pod('fits', 900), pod('late', 900)] })
    expect(plan.nodes).toHaveLength(1)
    expect(plan.nodes[0]?.pods.map(({ name }) => name)).toEqual(['a', 'fits'])
    expect(plan.unplaced).toMatchObject([{ pod: { name: 'late' }, running: false }])
    expect(plan.unplaced[0]?.reason).toMatch(/^no node of the plan has room; one more m in group would cost \$/)
  })

  it('leaves a pending pod over that would make a running one break its rule', () => {
    const spread = { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' }
    const web = { labels: { app: 'web' } }
    const spec = { topologySpreadConstraints: [{ ...spread, labelSelector: { matchLabels: web.labels } }] }
    const b = makeOption('m', 4000, 40, { zone: 'b' })
    const nodes = [
      nodeOf(option, 'n0', [pod('a', 2000, { ...web, spec }), pod('c', 1000, web)]),
      nodeOf(b, 'n1', [pod('b', 4000, web)]),
    ]
    // The scheduler would take it: the third in its zone, where the other has one. Only `a` asks for an even spread.
    const pending = [pod('late', 500, web), pod('other', 500)]
    const all = packed({ nodes, options: [option, b], pending })
    for (const goal of GOALS) {
      const { plan } = all.planner().plan(goal)
      expect(violationsIn(plan, all)).toEqual([])
      expect(plan.unplaced.map(({ pod: { name }, reason }) => [name, reason])).toEqual([
        ['late', 'on n0 it would make another pod break a rule of its own'],
      ])
    }
  })

  it('with fewest nodes, costs a little more for a node less', () => {
    const large = makeOption('large', 8000, 83)
    const nodes = [0, 1].map((at) => nodeOf(option, `n${at}`, [pod(`a${at}`, 2000), pod(`b${at}`, 2000)]))
    const parts = { nodes, options: [option, large] }
    expect(planOf(parts).cost.rate).toBe(80)
    expect(planOf(parts, { kind: 'fewest', policy: AS_IS, margin: 0.05 }).nodes).toHaveLength(1)
    expect(planOf(parts, { kind: 'fewest', policy: AS_IS, margin: 0.03 }).nodes).toHaveLength(2)
  })

  it('adds what no plan touches to its cost and its bound', () => {
    const master = nodeOf(option, 'control', [pod('api', 100)], { controlPlane: true })
    const all = packed({ nodes: [master, nodeOf(option, 'n0', [pod('a', 2000)])], options: [option] })
    const { plan, bound } = all.planner().plan(CHEAPEST)
    expect(plan.cost.rate).toBe(80)
    expect(bound.rate).toBe(79)
    expect(plan.nodes.find(({ name }) => name === 'control')).toMatchObject({ packed: false, pods: [{ name: 'api' }] })
  })
})

it('more machines on offer never make the cheapest plan dearer than today', () => {
  fc.assert(
    fc.property(anyInput, fc.integer({ min: 1, max: 40_000 }), (input, rate) => {
      const parts = partsOf(input)
      const today = packed(parts).planner().today(CHEAPEST).plan.cost.rate
      const groups = [...new Set(parts.options.map(({ group }) => group))]
      const more = groups.map((group) => makeOption('more', 6000, rate, { group }))
      const { plan } = packed({ ...parts, options: [...parts.options, ...more] })
        .planner()
        .plan(CHEAPEST)
      expect(plan.cost.rate).toBeLessThanOrEqual(today)
    }),
    { numRuns: 40 },
  )
})
