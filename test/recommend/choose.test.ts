import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FurtherOrders, Goal, PlanSource, ProvenPlan, Replay } from '../../src/domain/goal.js'
import type { Plan, PlanNode } from '../../src/domain/plan.js'
import type { CapacityType } from '../../src/domain/offering.js'
import type { ScenarioId } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { choose, rebuildableFrom, type Choice } from '../../src/recommend/choose.js'
import { candidates, type ScenarioContext } from '../../src/recommend/scenarios.js'
import { keptNode, makeNode, newNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'
import { NO_FAULTS } from './no-faults.js'

type Sketch = {
  readonly cost: number
  readonly nodes?: number
  /** Pods that it moves. */
  readonly moves?: number
  /** Pods that it leaves out. */
  readonly waits?: number
  readonly breaches?: number
  readonly spotNodes?: number
  /** Pods that a refill leaves over. */
  readonly over?: number
  /** Cost after the replay, and its nodes; absent: as it is. `never`: no number of nodes does; `untried`: too large. */
  readonly realised?: Pick<Sketch, 'cost' | 'nodes' | 'spotNodes'> | 'never' | 'untried'
  readonly further?: FurtherOrders
}

const POD = makePod('web', { needed: resources(100, 100), nodeName: 'elsewhere' })

function planOf({ cost, nodes = 1, moves = 0, waits = 0, spotNodes = 0 }: Sketch): Plan {
  const made = Array.from({ length: nodes }, (_, index): PlanNode => {
    const capacityType: CapacityType = index < spotNodes ? 'spot' : 'on-demand'
    const pods = index > 0 ? [] : Array.from({ length: moves }, (_pod, at) => ({ ...POD, id: `default/web-${at}` }))
    return { ...newNode(makeSite(`n${index}`), { pods }), capacityType }
  })
  const unplaced = Array.from({ length: waits }, () => ({ pod: makePod('late'), running: false, reason: 'no room' }))
  return { nodes: made, unplaced, cost: { rate: cost as MicroUsdPerHour, unpriced: 0 } }
}

function proven(sketch: Sketch): ProvenPlan {
  const { realised, breaches = 0, over = 0, further } = sketch
  const plan = planOf(sketch)
  const after = typeof realised === 'object' ? planOf({ ...sketch, ...realised }) : plan
  const replay: Replay = {
    unplaced: over,
    realised: realised === 'never' ? undefined : after,
    ...(further === undefined ? {} : { further: () => further }),
  }
  return {
    plan,
    bound: { rate: 1 as MicroUsdPerHour, basis: 'test' },
    breaches,
    replay: () => (realised === 'untried' ? undefined : replay),
  }
}

type Plans = {
  readonly today: Sketch
  readonly cheapest: Sketch
  readonly repack?: Sketch
  readonly fewest?: Sketch
  readonly rebuildable?: Sketch
  /** With big pods first. */
  readonly changed?: Sketch
}

function contextOf(plans: Plans, more: Partial<ScenarioContext> = {}): ScenarioContext {
  const { today, cheapest, repack = today, fewest = cheapest, rebuildable, changed } = plans
  const byKind: Record<Goal['kind'], Sketch> = { repack, cheapest, fewest }
  const source: PlanSource = {
    reconsider: () => undefined,
    today: () => proven(today),
    plan: ({ kind }) => proven(byKind[kind]),
    rebuildable: () => ({
      proven: rebuildable && proven(rebuildable),
      changed: (change) => ({
        ...{ change, classes: [], pools: [], packedUnplaced: 0 },
        proven: changed && change.bigFirst === true ? proven(changed) : undefined,
      }),
    }),
  }
  return {
    plans: source,
    ...NO_FAULTS,
    ...more,
  }
}

function chosenIn(context: ScenarioContext, maxSpot?: number): Choice {
  const all = candidates(context, maxSpot)
  return choose(all, rebuildableFrom(all, maxSpot, context), maxSpot, context)
}

function chosen(plans: Plans, more: Partial<ScenarioContext> = {}, maxSpot?: number) {
  const context = contextOf(plans, more)
  const { recommended, follows, policy, cheapest, needs } = chosenIn(context, maxSpot)
  const { outcome, title, notes } = recommended
  const plan = outcome.kind === 'planned' ? outcome.plan : undefined
  return { follows, title, notes, policy, cheapest, needs, plan, rate: plan?.cost.rate, outcome }
}

const KEEP = 'keep what you have'

describe('what is recommended', () => {
  it('is the plan that is cheapest once the default scheduler has rebuilt it, not the tightest one', () => {
    const cheapest: Sketch = { cost: 50, nodes: 2, realised: { cost: 90, nodes: 5 } }
    const found = chosen({ today: { cost: 100 }, cheapest, repack: { cost: 80 } })
    expect(found).toMatchObject({ follows: 'repack', rate: 80, title: "today's nodes, only fewer of them", notes: [] })
    expect(found.cheapest?.proven?.plan.cost.rate).toBe(50)
  })

  it('has the nodes that a rebuild takes, and says how many these are', () => {
    const cheapest: Sketch = { cost: 50, nodes: 2, realised: { cost: 90, nodes: 5 } }
    const found = chosen({ today: { cost: 100 }, cheapest })
    expect(found).toMatchObject({ follows: 'recommended', rate: 90 })
    expect(found.plan?.nodes).toHaveLength(5)
    expect(found.notes).toEqual(['3 nodes more than packed tightly, so that the default scheduler can rebuild it'])
    expect(found.outcome).toMatchObject({ feasible: true, refillUnplaced: 0, realised: 90 })
  })

  it('says how its nodes fare in orders that no search has seen', () => {
    const notesWith = (further: FurtherOrders): readonly string[] =>
      chosen({
        today: { cost: 100 },
        cheapest: { cost: 90 },
        rebuildable: { cost: 70, further },
      }).notes
    expect(notesWith({ orders: 200, failing: 0, unplaced: 0 })).toEqual([
      'refilled in 200 orders of the pods that the search has not seen: none left a pod over',
    ])
    expect(notesWith({ orders: 200, failing: 3, unplaced: 2 })).toEqual([
      'refilled in 200 orders of the pods that the search has not seen: 3 left pods over, 2 at most',
    ])
    const further = { orders: 200, failing: 3, unplaced: 2 }
    const { outcome } = chosen({ today: { cost: 100 }, cheapest: { cost: 90 }, rebuildable: { cost: 70, further } })
    expect(outcome).toMatchObject({ further })
    expect(notesWith({ orders: 1, failing: 1, unplaced: 2 })).toEqual([
      'refilled in 1 order of the pods that the search has not seen: it left 2 over',
    ])
  })

  it('is no cheaper plan that leaves pods over more often than what was searched for', () => {
    const rateWith = (
      repack: number,
      rebuildable: number,
      plans: Partial<Plans> = {},
      more: Partial<ScenarioContext> = {},
    ): number | undefined => {
      const further = (failing: number): FurtherOrders => ({ orders: 100, failing, unplaced: Math.min(1, failing) })
      const all = {
        today: { cost: 100 },
        cheapest: { cost: 90 },
        repack: { cost: 60, further: further(repack) },
        rebuildable: { cost: 70, further: further(rebuildable) },
      }
      return chosen({ ...all, ...plans }, more).rate
    }
    expect(rateWith(2, 1)).toBe(70)
    expect(rateWith(1, 1)).toBe(60)
    expect(rateWith(0, 1)).toBe(60)
    // Nothing was searched for that could be followed.
    expect(rateWith(2, 1, { rebuildable: { cost: 70, breaches: 1 } })).toBe(60)
    const violationsOf: ScenarioContext['violationsOf'] = ({ cost }) => ((cost.rate as number) === 70 ? ['broken'] : [])
    expect(rateWith(2, 1, {}, { violationsOf })).toBe(60)
  })

  it('is a fleet that needs no repair where that is cheaper than a repaired plan', () => {
    const cheapest: Sketch = { cost: 50, nodes: 2, realised: { cost: 90, nodes: 5 } }
    const found = chosen({
      today: { cost: 100 },
      cheapest,
      rebuildable: { cost: 70, nodes: 4 },
    })
    expect(found).toMatchObject({ follows: 'recommended', rate: 70, notes: [] })
  })

  it('prefers fewer moves at equal cost, then fewer nodes, then what comes first', () => {
    const today = { cost: 100, nodes: 9 }
    const moving = { cost: 80, nodes: 2, moves: 3 }
    const calm = { cost: 80, nodes: 5, moves: 1 }
    expect(chosen({ today, cheapest: moving, repack: calm }).follows).toBe('repack')
    const fewer = { cost: 80, nodes: 4, moves: 1 }
    expect(chosen({ today, cheapest: moving, repack: calm, fewest: fewer }).follows).toBe('fewer-larger')
    expect(chosen({ today, cheapest: calm, repack: calm, fewest: calm }).follows).toBe('recommended')
    expect(chosen({ today, cheapest: { ...moving, cost: 79 }, repack: calm, fewest: fewer }).follows).toBe(
      'recommended',
    )
  })

  it('is today where nothing is cheaper, and equal is not cheaper', () => {
    for (const cost of [100, 101]) {
      const found = chosen({ today: { cost: 100 }, cheapest: { cost } })
      expect(found).toMatchObject({
        follows: 'current',
        title: KEEP,
        rate: 100,
        notes: ['none costs less once the default scheduler has rebuilt it'],
      })
      expect(found.cheapest?.proven?.plan.cost.rate).toBe(cost)
    }
  })

  it('is today where new nodes count as so much dearer that nothing is saved', () => {
    // Two new nodes of 100,000 each.
    const plans: Plans = { today: { cost: 1_000_000 }, cheapest: { cost: 900_000, nodes: 2 } }
    const counted = (preferExisting: number) =>
      chosen(plans, { limits: { headroom: 0, minNodes: undefined, preferExisting } })
    expect(counted(0.4)).toMatchObject({ follows: 'recommended', rate: 900_000 })
    expect(counted(0.6)).toMatchObject({ follows: 'current', rate: 1_000_000 })
    expect(counted(0.6).notes.join()).toMatch('--prefer-existing')
    const fewerNew = { ...plans, repack: { cost: 910_000, nodes: 1 } }
    expect(chosen(fewerNew, { limits: { headroom: 0, minNodes: undefined, preferExisting: 0.4 } }).follows).toBe(
      'repack',
    )
  })

  it('is today where a rebuild would eat up the saving', () => {
    const found = chosen({ today: { cost: 100 }, cheapest: { cost: 50, realised: { cost: 100, nodes: 9 } } })
    expect(found).toMatchObject({ follows: 'current', rate: 100 })
  })

  it.each<[string, Sketch, Partial<ScenarioContext>]>([
    ['it carries more than a guard rail allows', { cost: 50, breaches: 1 }, {}],
    ['no number of nodes makes the scheduler place all pods', { cost: 50, realised: 'never' }, {}],
    [
      'it breaks a rule of the scheduler',
      { cost: 50 },
      { violationsOf: ({ cost }) => (cost.rate === 50 ? ['x'] : []) },
    ],
    ['it has fewer nodes than asked for', { cost: 50, nodes: 2 }, { limits: { headroom: 0, minNodes: 3 } }],
    [
      'its realised form does not fit the subnets',
      { cost: 50, realised: { cost: 60, nodes: 4 } },
      { subnetFaultsOf: ({ cost }) => (cost.rate === 60 ? ['too few addresses'] : []) },
    ],
    [
      'its realised form breaks a limit that today does not break',
      { cost: 50, realised: { cost: 60, nodes: 4 } },
      { blast: { faultsOf: ({ cost }) => (cost.rate === 60 ? ['zone a'] : []), remarksOf: () => [] } },
    ],
    [
      'its realised form has more of its spot CPU in one pool than is allowed',
      { cost: 50, spotNodes: 1, realised: { cost: 60, nodes: 4, spotNodes: 2 } },
      { limits: { headroom: 0, minNodes: undefined, maxSpotPoolShare: 0.5 } },
    ],
    [
      'it breaks a limit that today does not break',
      { cost: 50 },
      { blast: { faultsOf: ({ cost }) => (cost.rate === 50 ? ['zone a'] : []), remarksOf: () => [] } },
    ],
    [
      'its realised form breaks a rule',
      { cost: 50, realised: { cost: 60, nodes: 4 } },
      { violationsOf: ({ cost }) => (cost.rate === 60 ? ['skew'] : []) },
    ],
  ])('is no plan of which %s', (_, cheapest, more) => {
    const today = { cost: 100, nodes: 5, realised: 'never' } as const
    const kept = chosen({ today, cheapest }, more)
    expect(kept).toMatchObject({ follows: 'current', title: KEEP, rate: 100 })
    expect(kept.notes[0]).toBe(
      cheapest.realised === 'never'
        ? 'no number of nodes was found with which the default scheduler rebuilds a cheaper plan'
        : 'no other plan is feasible within the guard rails',
    )
    // The next best takes its place.
    expect(chosen({ today, cheapest, repack: { cost: 70, nodes: 4 } }, more)).toMatchObject({
      follows: 'repack',
      rate: 70,
    })
  })

  it('leaves the headroom that was asked for', () => {
    const site = makeSite('full', {}, { allocatable: resources(1000, 1000) })
    const pods = [makePod('big', { needed: resources(900, 100), nodeName: 'full' })]
    const nodes = [keptNode(makeNode(site), { pods })]
    const full: ProvenPlan = { ...proven({ cost: 50 }), plan: { ...planOf({ cost: 50 }), nodes } }
    const today = proven({ cost: 100 })
    const plans: PlanSource = {
      reconsider: () => undefined,
      today: () => today,
      plan: () => full,
      rebuildable: () => undefined,
    }
    const follows = (headroom: number): ScenarioId => {
      const context = { ...contextOf({ today: { cost: 1 }, cheapest: { cost: 1 } }), plans }
      const limited = { ...context, limits: { headroom, minNodes: undefined } }
      return chosenIn(limited).follows
    }
    expect(follows(0.1)).not.toBe('current')
    expect(follows(0.11)).toBe('current')
  })

  it('says so where a cluster is too large for the replay', () => {
    const found = chosen({ today: { cost: 100 }, cheapest: { cost: 50, realised: 'untried' } })
    expect(found).toMatchObject({
      follows: 'recommended',
      rate: 50,
      notes: ['too large to be replayed by the imitation of the scheduler'],
    })
    expect(found.outcome).not.toHaveProperty('realised')
  })

  it('is today where nothing can be planned, and then asks for no plan', () => {
    const refuse = (): never => {
      throw new Error('must not be planned')
    }
    const plans: PlanSource = {
      reconsider: () => undefined,
      today: () => proven({ cost: 100 }),
      plan: refuse,
      rebuildable: refuse,
    }
    const why = 'no node has a price'
    const context = { ...contextOf({ today: { cost: 1 }, cheapest: { cost: 1 } }), plans, nothingToPlan: why }
    const { recommended, follows, cheapest } = chosenIn(context)
    expect({ follows, notes: recommended.notes, cheapest }).toEqual({
      follows: 'current',
      notes: [why],
      cheapest: undefined,
    })
  })

  it('answers other questions, too, where it is the cheapest plan that does', () => {
    const context = contextOf({ today: { cost: 100 }, cheapest: { cost: 50 }, repack: { cost: 80 } })
    const plans: PlanSource = { ...context.plans, reconsider: (plan) => ({ ...proven({ cost: 40 }), plan }) }
    const rebuilt = proven({ cost: 40 })
    const costs = candidates({ ...context, plans }, undefined, [rebuilt]).map(
      ({ scenario: { id }, proven: found }) => [id, found?.plan.cost.rate] as const,
    )
    expect(Object.fromEntries(costs)).toMatchObject({
      current: 100,
      repack: 80,
      'cheapest-on-demand': 40,
      'spot-30': 40,
    })
  })

  it('needs to know what runs now', () => {
    const context = contextOf({ today: { cost: 100 }, cheapest: { cost: 50 } })
    expect(() => choose([], undefined, undefined, context)).toThrow('the current scenario is always planned')
  })

  it('gives notes about the plan after its own', () => {
    const cheapest: Sketch = { cost: 50, realised: 'untried' }
    const found = chosen({ today: { cost: 100 }, cheapest }, { remarksOf: () => ['close to full'] })
    expect(found.notes).toEqual(['too large to be replayed by the imitation of the scheduler', 'close to full'])
  })
})

describe('with --max-spot', () => {
  const today = { cost: 100, nodes: 4 }

  it('no plan with more spot than that is recommended, not even once nodes have been added', () => {
    const spot = { cost: 40, nodes: 4, spotNodes: 2 }
    expect(chosen({ today, cheapest: spot }, {}, 0.5)).toMatchObject({ follows: 'recommended', rate: 40 })
    expect(chosen({ today, cheapest: spot }, {}, 0.49)).toMatchObject({ follows: 'current', title: KEEP })
    expect(chosen({ today, cheapest: spot, repack: { cost: 90 } }, {}, 0.49)).toMatchObject({ follows: 'repack' })
  })

  it('asks for plans within that share, and otherwise for the capacity types of today', () => {
    const asked = (maxSpot: number | undefined): Goal[] => {
      const goals: Goal[] = []
      const inner = contextOf({ today, cheapest: { cost: 40 } })
      const plans: PlanSource = {
        ...inner.plans,
        plan: (goal) => {
          goals.push(goal)
          return inner.plans.plan(goal)
        },
        rebuildable: (policy) => {
          goals.push({ kind: 'cheapest', policy })
          return undefined
        },
      }
      const all = candidates(inner, maxSpot)
      const context = { ...inner, plans }
      choose(all, rebuildableFrom(all, maxSpot, context), maxSpot, context)
      return goals
    }
    const spot: Goal = { kind: 'cheapest', policy: { kind: 'spot', share: 0.3 } }
    const asIs: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
    expect(asked(0.3)).toEqual([spot, spot, spot])
    expect(asked(undefined)).toEqual([asIs, asIs, asIs])
    expect(chosen({ today, cheapest: { cost: 40 } }, {}, 0.3).policy).toContain('at most 30 % of the allocatable CPU')
    expect(chosen({ today, cheapest: { cost: 40 } }, {}, 0.29).policy).toContain('at most 29 % of the allocatable CPU')
    expect(chosen({ today, cheapest: { cost: 40 } }).policy).toContain('each node group keeps its capacity types')
  })
})

describe('where the scheduler leaves pods over on every fleet', () => {
  const today: Sketch = { cost: 100, over: 4, realised: 'never' }
  const cheapest: Sketch = { cost: 40, over: 5, realised: 'never' }
  const all: Plans = { today, cheapest, repack: cheapest, changed: { cost: 60 } }

  it("is what it fills once big pods come first, as today's nodes are no safer", () => {
    const found = chosen(all)
    expect(found).toMatchObject({ follows: 'recommended', rate: 60 })
    expect(found.title).toContain('once big pods come first')
    expect(found.needs).toEqual({ change: { bigFirst: true }, classes: [], unplacedToday: 4 })
    expect(found.notes.join()).toContain("on today's nodes too (up to 4)")
    expect(found.outcome).toMatchObject({ feasible: true, refillUnplaced: 0 })
  })

  it.each<[string, Plans]>([
    ['the scheduler fills today’s nodes', { ...all, today: { cost: 100 } }],
    ['that costs no less than today', { ...all, changed: { cost: 100 } }],
    ['that breaks a guard rail', { ...all, changed: { cost: 60, breaches: 1 } }],
    ['that was not found', { today, cheapest, repack: cheapest }],
  ])('keeps what is there where %s', (_, plans) => {
    expect(chosen(plans)).toMatchObject({ follows: 'current', rate: 100, needs: undefined })
  })

  it('needs no change where another plan is filled without one', () => {
    expect(chosen({ ...all, rebuildable: { cost: 90 } })).toMatchObject({ rate: 90, needs: undefined })
  })

  it('keeps to the share on spot', () => {
    const changed = { cost: 60, nodes: 2, spotNodes: 2 }
    expect(chosen({ ...all, changed }, {}, 0.5)).toMatchObject({ follows: 'current', needs: undefined })
  })
})

describe('a plan with more of what pods prefer', () => {
  const plans: Plans = { today: { cost: 100 }, cheapest: { cost: 40, moves: 2 } }
  const fewer = planOf({ cost: 40, moves: 1 })

  it('is what is recommended, with its own figures', () => {
    const { plan, outcome } = chosen(plans, { keepWishes: () => fewer })
    expect(plan).toBe(fewer)
    expect(outcome).toMatchObject({ moves: 1, realised: 40, refillUnplaced: 0 })
  })

  it('is not asked for where everything is kept', () => {
    const { plan } = chosen({ today: { cost: 10 }, cheapest: { cost: 40 } }, { keepWishes: () => fewer })
    expect(plan?.cost.rate).toBe(10)
  })

  it.each<[string, Plan]>([
    ['costs something else', { ...fewer, cost: { rate: 39 as MicroUsdPerHour, unpriced: 0 } }],
    ['has other nodes', { ...fewer, nodes: fewer.nodes.map((node) => ({ ...node, name: 'other' })) }],
    ['has more nodes', planOf({ cost: 40, nodes: 2 })],
    ['moves more pods', planOf({ cost: 40, moves: 3 })],
    ['leaves a pod out', { ...fewer, unplaced: [{ pod: POD, running: false, reason: 'test' }] }],
  ])('is not taken if it %s', (_, other) => {
    const { outcome } = chosen(plans, { keepWishes: () => other })
    expect(outcome).toMatchObject({ plan: { cost: { rate: 40 } }, moves: 2 })
  })

  it('is not taken if it breaks a rule or has too few addresses', () => {
    const only = (plan: Plan): readonly string[] => (plan === fewer ? ['test'] : [])
    for (const more of [{ violationsOf: only }, { subnetFaultsOf: only }])
      expect(chosen(plans, { keepWishes: () => fewer, ...more }).outcome).toMatchObject({ moves: 2, feasible: true })
  })
})

describe('a plan on whose nodes a pod that waits has room', () => {
  const waits = { pod: makePod('late'), running: false, reason: 'no room' }
  const full: Plan = { ...planOf({ cost: 40, moves: 1 }), unplaced: [waits] }
  const filled: Plan = {
    ...full,
    nodes: full.nodes.map((node) => ({ ...node, pods: [...node.pods, waits.pod] })),
    unplaced: [],
  }
  const plans: Plans = { today: { cost: 100 }, cheapest: { cost: 40, moves: 2 } }
  const more = { keepWishes: () => full, placePending: () => filled }

  it('has it', () => {
    const { plan, outcome } = chosen({ ...plans, cheapest: { cost: 40, moves: 2, waits: 1 } }, more)
    expect(plan).toBe(filled)
    expect(outcome).toMatchObject({ moves: 1, feasible: true })
  })

  it('leaves it out where a limit is against it, and says so', () => {
    const subnetFaultsOf = (plan: Plan): readonly string[] => (plan === filled ? ['a subnet is too small'] : [])
    const { plan } = chosen({ ...plans, cheapest: { cost: 40, moves: 2, waits: 1 } }, { ...more, subnetFaultsOf })
    expect(plan?.unplaced).toEqual([{ ...waits, reason: 'n0 has room for it, but then a subnet is too small' }])
  })
})

const anySketch: fc.Arbitrary<Sketch> = fc
  .record({
    cost: fc.integer({ min: 1, max: 12 }),
    nodes: fc.integer({ min: 1, max: 3 }),
    moves: fc.integer({ min: 0, max: 2 }),
    breaches: fc.constantFrom(0, 0, 1),
    extra: fc.constantFrom(0, 0, 3, 'never' as const, 'untried' as const),
  })
  .map(({ extra, ...sketch }) => ({
    ...sketch,
    realised: typeof extra === 'number' ? { cost: sketch.cost + extra, nodes: sketch.nodes + extra } : extra,
  }))

it('is never dearer than today, and never worse than any plan that could be followed', () => {
  const plans = fc.record({
    today: anySketch,
    cheapest: anySketch,
    repack: anySketch,
    fewest: anySketch,
    rebuildable: anySketch,
  })
  let followed = 0
  fc.assert(
    fc.property(plans, (all) => {
      const { follows, rate } = chosen(all)
      const { today, ...others } = all
      const costs = Object.values(others).flatMap(({ breaches, cost, realised }) =>
        breaches === 0 && realised !== 'never' ? [typeof realised === 'object' ? realised.cost : cost] : [],
      )
      expect(rate).toBe(Math.min(today.cost, ...costs))
      expect(follows === 'current').toBe(rate === today.cost)
      if (follows !== 'current') followed += 1
    }),
    { numRuns: 150 },
  )
  expect(followed).toBeGreaterThan(25)
})
