/** What the notes of scenarios say, beside the choice itself. */
import { describe, expect, it } from 'vitest'
import type { FurtherOrders, Goal, PlanSource, ProvenPlan, Replay } from '../../src/domain/goal.js'
import type { CapacityType } from '../../src/domain/offering.js'
import type { Plan, PlanNode } from '../../src/domain/plan.js'
import type { Scenario, ScenarioId } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { choose, rebuildableFrom } from '../../src/recommend/choose.js'
import { candidates, type ScenarioContext } from '../../src/recommend/scenarios.js'
import { newNode } from '../pack/make-plan.js'
import { makePod, makeSite } from '../pack/make.js'
import { NO_FAULTS } from './no-faults.js'

type Sketch = {
  readonly cost: number
  readonly nodes?: number
  readonly breaches?: number
  readonly spotNodes?: number
  /** Cost after the replay, and its nodes; absent: as it is. `never`: no number of nodes does. */
  readonly realised?: Pick<Sketch, 'cost' | 'nodes' | 'spotNodes'> | 'never'
  readonly further?: FurtherOrders
}
type Plans = {
  readonly today: Sketch
  readonly cheapest: Sketch
  readonly repack?: Sketch
  readonly rebuildable?: Sketch
}

function planOf({ cost, nodes = 1, spotNodes = 0 }: Sketch): Plan {
  const made = Array.from({ length: nodes }, (_, index): PlanNode => {
    const capacityType: CapacityType = index < spotNodes ? 'spot' : 'on-demand'
    return { ...newNode(makeSite(`n${index}`), { pods: [] }), capacityType }
  })
  return { nodes: made, unplaced: [], cost: { rate: cost as MicroUsdPerHour, unpriced: 0 } }
}

function proven(sketch: Sketch): ProvenPlan {
  const { realised, breaches = 0, further } = sketch
  const plan = planOf(sketch)
  const replay: Replay = {
    unplaced: 0,
    realised: realised === 'never' ? undefined : realised === undefined ? plan : planOf({ ...sketch, ...realised }),
    ...(further === undefined ? {} : { further: () => further }),
  }
  return { plan, bound: { rate: 1 as MicroUsdPerHour, basis: 'test' }, breaches, replay: () => replay }
}

function contextOf(plans: Plans, more: Partial<ScenarioContext> = {}): ScenarioContext {
  const { today, cheapest, repack = today, rebuildable } = plans
  const byKind: Record<Goal['kind'], Sketch> = { repack, cheapest, fewest: cheapest }
  const source: PlanSource = {
    today: () => proven(today),
    plan: ({ kind }) => proven(byKind[kind]),
    reconsider: () => undefined,
    rebuildable: () => ({ proven: rebuildable && proven(rebuildable), changed: () => undefined }),
  }
  return { plans: source, ...NO_FAULTS, ...more }
}

function recommendedIn(context: ScenarioContext, maxSpot?: number): Scenario {
  const all = candidates(context, maxSpot)
  return choose(all, rebuildableFrom(all, maxSpot, context), maxSpot, context).recommended
}

function chosen(plans: Plans, more: Partial<ScenarioContext> = {}, maxSpot?: number) {
  const context = contextOf(plans, more)
  return recommendedIn(context, maxSpot)
}

describe('why cheaper scenarios are not followed', () => {
  const today: Sketch = { cost: 100, nodes: 2 }

  it('is that they have other capacity types', () => {
    const notesWith = (found: Sketch, maxSpot?: number): readonly string[] => {
      const context = contextOf({ today, cheapest: { cost: 90 } })
      const plan: PlanSource['plan'] = (goal) =>
        goal.kind === 'cheapest' && goal.policy.kind === 'spot' && goal.policy.share === 0.5
          ? proven(found)
          : context.plans.plan(goal)
      const other = { ...context, plans: { ...context.plans, plan } }
      return recommendedIn(other, maxSpot).notes
    }
    const reasons = notesWith({ cost: 50, nodes: 2, spotNodes: 1 })
    expect(reasons).toEqual([
      'cheaper and not followed: spot-50 (other capacity types than the node groups have, which --max-spot allows)',
    ])
    // Of the capacity types of today, but found for a question that the policy does not ask without --max-spot.
    expect(notesWith({ cost: 50 })).toEqual([
      'cheaper and not followed: spot-50 (not among the plans that the policy chooses from)',
    ])
    expect(notesWith({ cost: 50 }, 1)).toEqual([])
  })

  it('is that they leave pods over in more orders that no search has seen', () => {
    let asked = 0
    const further = (): FurtherOrders => {
      asked += 1
      return { orders: 100, failing: 4, unplaced: 1 }
    }
    const mended = proven({ cost: 60 })
    const replay = mended.replay()
    const context = contextOf({
      today,
      cheapest: { cost: 90 },
      rebuildable: { cost: 70, further: { orders: 200, failing: 2, unplaced: 1 } },
    })
    const plan: PlanSource['plan'] = (goal) =>
      goal.kind === 'repack' && replay !== undefined
        ? { ...mended, replay: () => ({ ...replay, further }) }
        : context.plans.plan(goal)
    const other = { ...context, plans: { ...context.plans, plan } }
    expect(recommendedIn(other).notes).toEqual([
      'refilled in 200 orders of the pods that the search has not seen: 2 left pods over, 1 at most',
      'cheaper and not followed: repack (it leaves pods over in 4 of 100 orders that no search has seen, what the search found in 2 of 200)',
    ])
    expect(asked).toBe(1)
  })

  it('is what the nodes do that a rebuild takes', () => {
    const repack: Sketch = { cost: 50, realised: { cost: 60, nodes: 4 } }
    const blast = {
      faultsOf: ({ cost }: Plan) => (cost.rate === 60 ? ['zone a holds too much'] : []),
      remarksOf: () => [],
    }
    expect(chosen({ today, cheapest: { cost: 90 }, repack }, { blast }).notes).toEqual([
      'cheaper and not followed: repack (with the nodes that a rebuild takes, zone a holds too much)',
    ])
    // Two nodes on spot are added to the one of the only pool.
    const limits = { headroom: 0, minNodes: undefined, maxSpotPoolShare: 0.5 }
    const spot = { ...repack, nodes: 1, realised: { cost: 60, nodes: 3, spotNodes: 3 } }
    expect(
      chosen({ today: { ...today, spotNodes: 1 }, cheapest: { cost: 90 }, repack: spot }, { limits }).notes,
    ).toEqual([
      'cheaper and not followed: repack (with the nodes that a rebuild takes, 100 % of the CPU on spot is m5.large in an unknown zone, more than 50 %)',
    ])
    const violationsOf: ScenarioContext['violationsOf'] = ({ cost }) => (cost.rate === 60 ? ['skew'] : [])
    expect(chosen({ today, cheapest: { cost: 90 }, repack }, { violationsOf }).notes).toEqual([
      'cheaper and not followed: repack (with the nodes that a rebuild takes, 1 placement breaks a rule of the scheduler: skew)',
    ])
  })

  it('is that they have more spot than --max-spot; what is kept may have, too', () => {
    const repack: Sketch = { cost: 60, nodes: 4, spotNodes: 1 }
    const kept = chosen(
      { today: { cost: 100, nodes: 4, spotNodes: 2 }, cheapest: { ...repack, cost: 50 }, repack },
      {},
      0,
    )
    expect(kept.notes).toEqual([
      'no other plan is feasible within the guard rails and --max-spot',
      "today's nodes are outside these limits themselves: 50.0 % of the CPU stays on spot, more than 0 %",
      'cheaper and not followed: repack, fewer-larger, cheapest-on-demand, spot-30, spot-50, spot-70, spot-max (once rebuilt, 25 % of the CPU on spot, more than 0 %)',
    ])
    expect(chosen({ today: { cost: 100, nodes: 4, spotNodes: 2 }, cheapest: repack }, {}, 0.5).notes).toEqual([])
  })

  it('is nothing for what is not feasible, cannot be rebuilt or costs as much', () => {
    const notes = (repack: Sketch) => chosen({ today, cheapest: { cost: 90 }, repack }).notes
    expect(notes({ cost: 50, breaches: 1 })).toEqual([])
    expect(notes({ cost: 50, realised: 'never' })).toEqual([])
    expect(notes({ cost: 50, realised: { cost: 90, nodes: 3 } })).toEqual([])
  })
})

describe("today's nodes", () => {
  it('are said to be fewer than asked for where they are kept', () => {
    const limits = { ...NO_FAULTS.limits, minNodes: 5 }
    expect(chosen({ today: { cost: 100, nodes: 3 }, cheapest: { cost: 200, nodes: 6 } }, { limits }).notes).toEqual([
      'none costs less once the default scheduler has rebuilt it',
      "today's nodes are outside these limits themselves: 3 nodes, fewer than the 5 asked for",
    ])
  })
})

describe('a plan with on-demand nodes', () => {
  const notesWith = (spotNodes: number, whyOnSpot?: ScenarioContext['whyOnSpot']) => {
    const context = contextOf(
      { today: { cost: 100 }, cheapest: { cost: 50, nodes: 4, spotNodes } },
      whyOnSpot === undefined ? {} : { whyOnSpot },
    )
    return candidates(context, undefined).find(({ scenario }) => scenario.id === 'cheapest-on-demand')?.scenario.notes
  }

  it('says how many spot nodes stay, and why', () => {
    expect(notesWith(0, () => 'held')).toEqual([])
    expect(notesWith(1)).toEqual(['1 node stays on spot'])
    expect(notesWith(2, () => 'required')).toEqual([
      '2 nodes stay on spot for pods that run on spot only (node selector or affinity)',
    ])
    expect(notesWith(3, ({ name }) => (name === 'n0' ? 'held' : 'no-other'))).toEqual([
      '3 nodes stay on spot: 1 that no plan removes (nodes.csv says why), 2 for pods that no on-demand node of their group was found for',
    ])
  })
})

it('one node that carries too much is one node', () => {
  const context = contextOf({
    today: { cost: 100 },
    cheapest: { cost: 50, breaches: 1 },
    repack: { cost: 50, breaches: 2 },
  })
  const notesOf = (id: ScenarioId) =>
    candidates(context, undefined).find(({ scenario }) => scenario.id === id)?.scenario.notes
  expect(notesOf('fewer-larger')).toEqual(['1 node carries more than the guard rails allow'])
  expect(notesOf('repack')).toEqual(['2 nodes carry more than the guard rails allow'])
})

describe('running pods of nodes that are not in the input', () => {
  it('make today not feasible, and are remarked upon where a plan has no place for them', () => {
    const context = contextOf({ today: { cost: 100 }, cheapest: { cost: 90 } })
    const lost = { ...makePod('lost'), unknownNode: 'n9' }
    const without = (one: ProvenPlan): ProvenPlan => ({
      ...one,
      plan: { ...one.plan, unplaced: [{ pod: lost, running: false, reason: '' }] },
    })
    const plans: PlanSource = {
      ...context.plans,
      today: (goal) => without(context.plans.today(goal)),
      plan: (goal) => (goal.kind === 'repack' ? without(context.plans.plan(goal)) : context.plans.plan(goal)),
    }
    const [current, repack, ...others] = candidates({ ...context, plans }, undefined).map(({ scenario }) => scenario)
    expect(current).toMatchObject({
      outcome: { feasible: false },
      notes: ['1 running pod is on a node that is not in the input'],
    })
    expect(repack).toMatchObject({
      outcome: { feasible: true },
      notes: ['1 pod that runs on a node that is not in the input has no place on these'],
    })
    for (const { notes } of others) expect(notes.join()).not.toContain('not in the input')
  })
})
