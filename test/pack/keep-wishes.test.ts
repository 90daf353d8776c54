import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { preferenceChanges } from '../../src/pack/wishes/preferences.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { WishScore } from '../../src/pack/wishes/wish-score.js'
import { readWishes } from '../../src/pack/wishes/wishes.js'
import { fillOf, movesIn } from '../../src/recommend/figures.js'
import type { Api } from '../helpers/objects.js'
import { HOST, makeOption, nodeOf, NO_LIMITS, packed, ZONE, type ClusterParts, type Packed } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const inZone = (zone: string, weight = 30): Api => ({
  affinity: {
    nodeAffinity: {
      [PREFERRED]: [{ weight, preference: { matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] } }],
    },
  },
})
const pods = (kind: 'podAffinity' | 'podAntiAffinity', app: string, topologyKey = HOST): Api => ({
  affinity: {
    [kind]: {
      [PREFERRED]: [{ weight: 50, podAffinityTerm: { labelSelector: { matchLabels: { app } }, topologyKey } }],
    },
  },
})
const hardApart: Api = {
  affinity: { podAntiAffinity: { [REQUIRED]: [{ labelSelector: { matchLabels: { app: 'x' } }, topologyKey: HOST }] } },
}
const hardNear: Api = {
  affinity: { podAffinity: { [REQUIRED]: [{ labelSelector: { matchLabels: { app: 'x' } }, topologyKey: ZONE }] } },
}
const spread = (topologyKey: string, whenUnsatisfiable = 'ScheduleAnyway'): Api => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app: 'x' } } },
  ],
})

const OPTIONS = ['a', 'b'].flatMap((zone) =>
  (['on-demand', 'spot'] as const).map((capacityType) => makeOption('t', 1000, 100, { zone, capacityType })),
)
const optionIn = (zone: string, type = 'on-demand') =>
  OPTIONS.find((option) => option.zone === zone && option.capacityType === type)!

const pod = (name: string, spec: Api = {}, cpu = 300, parts: PodParts = {}): Pod =>
  makePod(name, {
    labels: { app: name.replace(/\d+$/, '') },
    workload: `default/Deployment/${name.replace(/\d+$/, '')}`,
    needed: resources(cpu, 0),
    spec,
    ...parts,
  })

/** Nodes by name, its first letter the zone, with what runs there today. */
const clusterOf = (
  nodes: Readonly<Record<string, readonly Pod[]>>,
  more: Partial<ClusterParts> = {},
  type = (_node: string): string => 'on-demand',
): Packed =>
  packed({
    nodes: Object.entries(nodes).map(([name, here]) => nodeOf(optionIn(name[0]!, type(name)), name, here)),
    options: OPTIONS,
    ...more,
  })

/** The plan of today without some nodes, and with pods where `places` says. */
function planOf(all: Packed, gone: readonly string[], places: Readonly<Record<string, string>>): Plan {
  const { plan } = all.planner().today({ kind: 'repack' })
  const everybody = [...plan.nodes.flatMap((node) => node.pods), ...all.state.problem.pending]
  const today = (one: Pod): string => places[one.name] ?? one.nodeName
  const nodes = plan.nodes.filter(({ name }) => !gone.includes(name))
  const has = (one: Pod): boolean => nodes.some(({ name }) => name === today(one))
  return {
    ...plan,
    nodes: nodes.map((node) => ({
      ...node,
      pods: everybody.filter((one) => today(one) === node.name).sort((a, b) => (a.id < b.id ? -1 : 1)),
    })),
    unplaced: plan.unplaced.filter((one) => !has(one.pod)),
  }
}
const placesIn = ({ nodes }: Plan): Record<string, readonly string[]> =>
  Object.fromEntries(nodes.map(({ name, pods: here }) => [name, here.map((one) => one.name)]))

const kept = (all: Packed, gone: readonly string[], places: Readonly<Record<string, string>>) =>
  placesIn(all.planner().keepWishes(planOf(all, gone, places)))

describe('a pod that is moved anyway', () => {
  const gone = { a1: [pod('x1', inZone('a'))], a2: [pod('y1', {}, 600)], b1: [pod('y2', {}, 600)] }

  it('gets its preferred zone back where there is room', () => {
    expect(kept(clusterOf(gone), ['a1'], { x1: 'b1' })).toEqual({ a2: ['x1', 'y1'], b1: ['y2'] })
  })

  it('stays where it is if there is none: the very plan comes back', () => {
    const all = clusterOf({ ...gone, a2: [pod('y1', {}, 900)] })
    const plan = planOf(all, ['a1'], { x1: 'b1' })
    expect(all.planner().keepWishes(plan)).toBe(plan)
  })

  it('goes home before it goes to another node as good, and makes one move less', () => {
    const all = clusterOf({ a1: [], a2: [pod('x1', inZone('a'))], b1: [] })
    expect(kept(all, [], { x1: 'b1' })).toEqual({ a1: [], a2: ['x1'], b1: [] })
  })

  it('changes places with another that is moved, too, and not with one that stays', () => {
    const nodes = { a1: [pod('x1', inZone('a'), 600)], a2: [], b2: [pod('y1', {}, 600)], b1: [] }
    const swapped = { a2: ['x1'], b1: ['y1'] }
    expect(kept(clusterOf(nodes), ['a1', 'b2'], { x1: 'b1', y1: 'a2' })).toEqual(swapped)
    const stays = { a1: [pod('x1', inZone('a'), 600)], a2: [pod('y1', {}, 600)], b1: [] }
    expect(kept(clusterOf(stays), ['a1'], { x1: 'b1' })).toEqual({ a2: ['y1'], b1: ['x1'] })
  })

  it('gives nothing up that another pod has, not for a larger weight either', () => {
    const nodes = { a1: [pod('x1', inZone('a', 90))], a2: [pod('y1', pods('podAntiAffinity', 'x'))], b1: [] }
    expect(kept(clusterOf(nodes), ['a1'], { x1: 'b1' })).toEqual({ a2: ['y1'], b1: ['x1'] })
  })

  it('keeps what it has today before it gets what it has not', () => {
    const terms = (zone: string, weight: number): Api =>
      (inZone(zone, weight)['affinity'] as Record<string, Record<string, readonly Api[]>>)['nodeAffinity']![
        PREFERRED
      ]![0]!
    const both = { affinity: { nodeAffinity: { [PREFERRED]: [terms('a', 10), terms('b', 90)] } } }
    const all = clusterOf({ a1: [pod('x1', both)], a2: [], b1: [] })
    expect(kept(all, ['a1'], { x1: 'a2' })).toEqual({ a2: ['x1'], b1: [] })
    const other = clusterOf({ a1: [], a2: [], b1: [pod('x1', both)], b2: [] })
    expect(kept(other, ['b1'], { x1: 'a2' })).toEqual({ a1: [], a2: [], b2: ['x1'] })
  })

  it('goes where others want it', () => {
    const nodes = { a1: [pod('x1')], a2: [pod('y1', pods('podAffinity', 'x'))], b1: [] }
    expect(kept(clusterOf(nodes), ['a1'], { x1: 'b1' })).toEqual({ a2: ['x1', 'y1'], b1: [] })
  })

  it('makes a spread even again', () => {
    const nodes = { a1: [pod('x1', spread(ZONE))], a2: [], b1: [pod('x2', spread(ZONE))], b2: [] }
    const three = { ...nodes, b2: [pod('x3', spread(ZONE))] }
    expect(kept(clusterOf(three), ['a1'], { x1: 'b1' })).toEqual({ a2: ['x1'], b1: ['x2'], b2: ['x3'] })
  })

  it('obeys rules about other pods, and never makes one of those break a rule', () => {
    const nodes = { a1: [pod('x1', inZone('a'))], a2: [pod('x2', hardApart)], b1: [] }
    expect(kept(clusterOf(nodes), ['a1'], { x1: 'b1' })).toEqual({ a2: ['x2'], b1: ['x1'] })
    // y1 must be with x1 in a zone.
    const tied = { a1: [pod('x1', inZone('a')), pod('y1', hardNear)], a2: [], b1: [] }
    expect(kept(clusterOf(tied), ['a1'], { x1: 'b1', y1: 'b1' })).toEqual({ a2: [], b1: ['x1', 'y1'] })
  })

  it('goes to no spot node for which its workload is not fit, to no closed node, and to no other group', () => {
    const nodes = { a1: [pod('x1', inZone('a'))], a2: [], b1: [] }
    const spot = (name: string): string => (name === 'a2' ? 'spot' : 'on-demand')
    const unfit = clusterOf(nodes, { facts: { spotFit: () => false } }, spot)
    expect(kept(unfit, ['a1'], { x1: 'b1' })).toEqual({ a2: [], b1: ['x1'] })
    expect(kept(clusterOf(nodes, {}, spot), ['a1'], { x1: 'b1' })).toEqual({ a2: ['x1'], b1: [] })
    for (const parts of [{ closed: 'lost' }, { group: 'another' }] as const) {
      const [a1, a2, b1] = ['a1', 'a2', 'b1'].map((name) =>
        nodeOf(optionIn(name[0]!), name, name === 'a1' ? nodes.a1 : [], name === 'a2' ? parts : {}),
      )
      const all = packed({ nodes: [a1!, a2!, b1!], options: [...OPTIONS, { ...OPTIONS[0]!, group: 'another' }] })
      const there = kept(all, ['a1'], { x1: 'b1' })
      expect(there).toEqual({ a2: [], b1: ['x1'] })
    }
  })

  it('keeps the headroom of the user', () => {
    const facts = { limits: { ...NO_LIMITS, headroom: 0.2 } }
    expect(kept(clusterOf(gone, { facts }), ['a1'], { x1: 'b1' })).toEqual({ a2: ['y1'], b1: ['x1', 'y2'] })
  })
})

it('makes room for pods that wait, which get it then, and only then', () => {
  const waiting = pod('z1', {}, 600)
  const nodes = { a1: [pod('x1', inZone('a'))], a2: [pod('y1', {}, 600)], b1: [pod('y2')] }
  const all = clusterOf(nodes, { pending: [waiting] })
  const plan = planOf(all, ['a1'], { x1: 'b1' })
  const planner = all.planner()
  expect(planner.placePending(plan)).toBe(plan)
  const better = planner.keepWishes(plan)
  expect(better.unplaced.map(({ pod: { name } }) => name)).toEqual(['z1'])
  const filled = planner.placePending(better)
  expect(placesIn(filled)).toEqual({ a2: ['x1', 'y1'], b1: ['y2', 'z1'] })
  expect(filled.unplaced).toEqual([])
  expect(planner.placePending(filled)).toBe(filled)
})

it('moves a pending pod, and no pod that stays where it runs', () => {
  const all = clusterOf({ a1: [], b1: [pod('x1', inZone('a'))] }, { pending: [pod('y1', inZone('a'))] })
  expect(kept(all, [], { y1: 'b1' })).toEqual({ a1: ['y1'], b1: ['x1'] })
})

it('hands a plan back that is nothing to anybody, or of another cluster', () => {
  const plain = clusterOf({ a1: [pod('x1')], b1: [] })
  const plan = planOf(plain, ['a1'], { x1: 'b1' })
  expect(plain.planner().keepWishes(plan)).toBe(plan)
  const other = clusterOf({ a9: [pod('x1', inZone('a'))], b9: [] })
  expect(other.planner().keepWishes(plan)).toBe(plan)
})

const NODES = ['a1', 'a2', 'a3', 'b1', 'b2']
const SPECS: readonly Api[] = [
  {},
  {},
  inZone('a'),
  inZone('b', 5),
  { affinity: { ...(inZone('b', 20)['affinity'] as Api), ...(pods('podAntiAffinity', 'y')['affinity'] as Api) } },
  pods('podAffinity', 'x'),
  pods('podAffinity', 'y', ZONE),
  pods('podAntiAffinity', 'x'),
  pods('podAntiAffinity', 'y', ZONE),
  spread(ZONE),
  spread(HOST),
  hardApart,
  hardNear,
  spread(ZONE, 'DoNotSchedule'),
]
const anyPods = fc.array(
  fc.record({
    spec: fc.constantFrom(...SPECS),
    app: fc.constantFrom('x', 'y'),
    cpu: fc.constantFrom(0, 100, 300, 500),
    /** A node of today; the last number waits. */
    today: fc.nat({ max: NODES.length }),
    /** A node of the plan, unless it stays. */
    planned: fc.option(fc.nat({ max: NODES.length - 1 }), { nil: undefined }),
    terminating: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  }),
  { minLength: 1, maxLength: 12 },
)
type AnyPods = typeof anyPods extends fc.Arbitrary<infer Value> ? Value : never

/** `turned`: with everything given the other way round. */
function inputOf(input: AnyPods, headroom: number, turned = false) {
  const made = input.map(({ spec, app, cpu, terminating }, index) =>
    pod(`${app}${index}`, spec, cpu, { terminating, needed: resources(cpu, 0) }),
  )
  const order = <Value>(list: readonly Value[]): Value[] => (turned ? list.toReversed() : [...list])
  const on = (at: number): Pod[] => order(made.filter((_, index) => input[index]!.today === at))
  const nodes = Object.fromEntries(order(NODES).map((name) => [name, on(NODES.indexOf(name))]))
  const limits = { ...NO_LIMITS, headroom }
  const all = clusterOf(nodes, { pending: on(NODES.length), facts: { limits } })
  const places = Object.fromEntries(
    input.flatMap(({ planned }, index) => (planned === undefined ? [] : [[made[index]!.name, NODES[planned]!]])),
  )
  return { all, places }
}

/** Pods without a node; why each has none depends on where the others are. */
const leftIn = ({ unplaced }: Plan): Pod[] => unplaced.map((one) => one.pod)

/** Faults of a plan, as one reads them. */
const faultsOf = (plan: Plan, { cluster, state }: Packed): string[] =>
  verifyPlan({ plan, cluster, mustPlace: state.mustPlace })
    .filter(({ inherited }) => !inherited)
    .map(({ pod: one, rule }) => `${one} ${rule}`)

it('breaks no rule, moves no more pods, changes no node, and no weight falls, whatever the order', () => {
  const seen = { better: 0, pending: 0 }
  fc.assert(
    fc.property(anyPods, fc.constantFrom(0, 0, 0.1), (input, headroom) => {
      const { all, places } = inputOf(input, headroom)
      const plan = planOf(all, [], places)
      const before = faultsOf(plan, all)
      const better = all.planner().keepWishes(plan)
      // A plan that is wrong to begin with may stay wrong, for the same pods.
      if (before.length === 0) expect(faultsOf(better, all)).toEqual([])
      expect(movesIn(better.nodes)).toBeLessThanOrEqual(movesIn(plan.nodes))
      expect(better.nodes.map(({ pods: _, ...node }) => node)).toEqual(plan.nodes.map(({ pods: _, ...node }) => node))
      expect([better.cost, leftIn(better)]).toEqual([plan.cost, leftIn(plan)])
      expect(Object.values(placesIn(better)).flat().sort()).toEqual(Object.values(placesIn(plan)).flat().sort())
      for (const [at, node] of plan.nodes.entries())
        for (const one of node.pods) if (one.nodeName === node.name) expect(better.nodes[at]!.pods).toContain(one)
      if (headroom > 0) for (const node of better.nodes) expectRoom(node, plan, headroom)

      // The weight that a change from one to the other loses, by the count of finished plans.
      const changes = (from: Plan, to: Plan) => preferenceChanges(all.cluster, from)(to)
      const today = all.planner().today({ kind: 'repack' }).plan
      expect(changes(today, better).givenUpWeight).toBeLessThanOrEqual(changes(today, plan).givenUpWeight)
      const lost = changes(plan, better).givenUpWeight
      const won = changes(better, plan).givenUpWeight
      expect(won).toBeGreaterThanOrEqual(lost)
      if (better === plan) return
      seen.better += 1
      const waits = all.state.problem.pending.length > 0
      if (!waits && crowdedIn(better) >= crowdedIn(plan)) expect(won).toBeGreaterThan(lost)
      else seen.pending += 1

      const turned = inputOf(input, headroom, true)
      const other = turned.all.planner().keepWishes(planOf(turned.all, [], turned.places))
      expect(placesIn(other)).toEqual(placesIn(better))
    }),
    { numRuns: 500 },
  )
  expect(seen.better).toBeGreaterThan(50)
  expect(seen.pending).toBeGreaterThan(5)
})

/** Workloads of several replicas, all on one node. */
function crowdedIn({ nodes }: Plan): number {
  const hostsOf = new Map<string, string[]>()
  for (const { name, pods: here } of nodes)
    for (const { workload } of here) hostsOf.set(workload, [...(hostsOf.get(workload) ?? []), name])
  return [...hostsOf.values()].filter((hosts) => hosts.length > 1 && new Set(hosts).size === 1).length
}

/** A node has the room that is wanted, or no more on it than before, or one pod alone. */
function expectRoom(node: Plan['nodes'][number], plan: Plan, headroom: number): void {
  const { requested, allocatable } = fillOf([node])
  const before = fillOf(plan.nodes.filter(({ name }) => name === node.name)).requested
  const most = node.pods.length <= 1 ? Infinity : Math.max(before.cpu, allocatable.cpu * (1 - headroom))
  expect(requested.cpu).toBeLessThanOrEqual(most)
}

it('keeps the same score as is counted anew after every move', () => {
  fc.assert(
    fc.property(anyPods, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 10 }), (input, steps) => {
      const { all, places } = inputOf(input, 0)
      let plan = planOf(all, [], places)
      const everybody = plan.nodes.flatMap((node) => node.pods)
      const book = readWishes(all.cluster.namespaces, everybody)
      if (book === undefined || everybody.length === 0) return
      const weightOf = (score: WishScore): number =>
        everybody.reduce((sum, one) => {
          const terms = book.of(one)?.terms ?? []
          return sum + score.terms(one).reduce((own, holds, at) => own + (holds ? terms[at]!.weight : 0), 0)
        }, 0)
      const score = new WishScore(plan, book)
      for (const [which, where] of steps) {
        const one = everybody[which % everybody.length]!
        const to = where % plan.nodes.length
        const before = weightOf(score)
        const uneven = score.unevenMatchers()
        const own = (): number =>
          score.terms(one).reduce((sum, holds, at) => sum + (holds ? book.of(one)!.terms[at]!.weight : 0), 0)
        const ownBefore = own()
        const { gained, lost } = score.move(one, to)
        plan = {
          ...plan,
          nodes: plan.nodes.map((node, at) => {
            const rest = node.pods.filter((other) => other !== one)
            return { ...node, pods: at === to ? [...rest, one] : rest }
          }),
        }
        const fresh = new WishScore(plan, book)
        for (const other of everybody) expect(score.terms(other)).toEqual(fresh.terms(other))
        expect(new Set(score.unevenMatchers())).toEqual(new Set(fresh.unevenMatchers()))
        // Spread apart, the terms of others change by what the move says.
        if (uneven.length === 0 && score.unevenMatchers().length === 0)
          expect(gained - lost).toBe(weightOf(score) - before - (own() - ownBefore))
      }
    }),
    { numRuns: 200 },
  )
})
