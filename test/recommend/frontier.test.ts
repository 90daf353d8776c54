import { describe, expect, it } from 'vitest'
import type { PlanSurvival } from '../../src/domain/blast-radius.js'
import type { FrontierPlan, ProvenPlan } from '../../src/domain/goal.js'
import type { Plan } from '../../src/domain/plan.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { frontierOf, soundPlans, withLosses } from '../../src/recommend/frontier.js'
import { candidates, FEWER_LARGER_MARGIN, type ScenarioContext } from '../../src/recommend/scenarios.js'
import { newNode } from '../pack/make-plan.js'
import { makeOption } from '../pack/make-problem.js'
import { makePod, makeSite, resources } from '../pack/make.js'
import { NO_FAULTS } from './no-faults.js'

const rate = (microUsd: number): MicroUsdPerHour => microUsd as MicroUsdPerHour

/** Nodes of one type, each with a DaemonSet pod of a quarter of a core. */
function proven(nodes: number, cost: number, spotNodes = 0): ProvenPlan {
  const agent = makePod('agent', { role: 'daemon', needed: resources(250, 64) })
  const plan: Plan = {
    nodes: Array.from({ length: nodes }, (_, at) => ({
      ...newNode(makeSite(`n${at}`), { residentPods: [agent] }),
      instanceType: 'm6i.large',
      resident: agent.needed,
      capacityType: at < spotNodes ? ('spot' as const) : ('on-demand' as const),
    })),
    unplaced: [],
    cost: { rate: rate(cost), unpriced: 0 },
  }
  const bound = { rate: rate(1), basis: 'test' }
  return { plan, bound, breaches: 0, replay: () => ({ unplaced: 0, realised: plan }) }
}
const point = (nodes: number, cost: number): FrontierPlan => ({
  proven: proven(nodes, cost),
  bound: { rate: rate(cost - 1), basis: 'test' },
  refillUnplaced: () => nodes,
})
const POINTS = [point(9, 1000), point(6, 1040), point(4, 1050), point(3, 1051)]

const ANYTHING = { nothingToPlan: undefined, mostToPack: 25_000_000 }
const SMALLER: readonly FrontierPlan[] = [{ ...point(12, 1100), maxNodeShare: 0.1 }]

const context = (more: Partial<ScenarioContext> = {}): ScenarioContext => ({
  plans: {
    today: () => proven(12, 2000),
    plan: () => proven(9, 1000),
    reconsider: () => undefined,
    rebuildable: () => undefined,
  },
  ...NO_FAULTS,
  ...more,
})
const planOf = (id: string, from: ScenarioContext): Plan | undefined => {
  const outcome = candidates(from, undefined).find(({ scenario }) => scenario.id === id)?.scenario.outcome
  return outcome?.kind === 'planned' ? outcome.plan : undefined
}

describe('cost against number of nodes', () => {
  it('is what fewer-larger is taken from: the fewest nodes within the margin', () => {
    expect(FEWER_LARGER_MARGIN).toBe(0.05)
    expect(planOf('fewer-larger', context({ frontier: POINTS }))?.nodes).toHaveLength(4)
    expect(planOf('fewer-larger', context({ frontier: [] }))?.nodes).toHaveLength(9)
  })

  it('is not worked out for large clusters, where fewer-larger is searched for by itself', () => {
    const { plans } = context()
    const cheapest = proven(9, 1000)
    const plan: typeof plans.plan = ({ kind }) => (kind === 'fewest' ? proven(5, 1030) : cheapest)
    const large = context({ plans: { ...plans, plan, reconsider: () => cheapest } })
    expect(planOf('fewer-larger', large)?.nodes).toHaveLength(5)
  })

  it('leaves out plans against which something stands', () => {
    const breaksRules = context({ violationsOf: ({ nodes }) => (nodes.length === 4 ? ['a rule'] : []) })
    expect(soundPlans(POINTS, breaksRules).map(({ proven: { plan } }) => plan.nodes.length)).toEqual([9, 6, 3])
  })

  it('says what a vCPU costs from size to size in the cheapest zone, and what DaemonSets no longer take', () => {
    const options = [
      makeOption('m6i.4xlarge', 16_000, 160_000),
      makeOption('m6i.large', 2000, 30_000),
      makeOption('m6i.large', 2000, 20_000, { zone: 'b' }),
      makeOption('m6i.large', 2000, 5000, { capacityType: 'spot' }),
      makeOption('r6i.large', 2000, 10_000),
    ]
    expect(frontierOf(POINTS, [], [{ options }], ANYTHING)).toMatchObject({
      kind: 'planned',
      families: [
        {
          family: 'm6i',
          capacityType: 'on-demand',
          sizes: [
            { instanceType: 'm6i.large', perVcpu: 10_000 },
            { instanceType: 'm6i.4xlarge', perVcpu: 10_000 },
          ],
        },
      ],
      overheadSaved: { cpu: 6 * 250 },
      points: POINTS.map(({ proven: { plan }, bound }) => ({
        plan,
        lowerBound: bound,
        refillUnplaced: plan.nodes.length,
      })),
    })
  })

  it('says why there is none', () => {
    const why = (...args: Parameters<typeof frontierOf>): unknown => frontierOf(...args)
    expect(why(undefined, [], [], ANYTHING)).toMatchObject({
      why: expect.stringMatching(/too large.*above 25 million$/),
    })
    expect(why([], [], [], ANYTHING)).toEqual({ kind: 'none', why: 'no plan is feasible within the guard rails' })
    expect(why([], [], [], { ...ANYTHING, nothingToPlan: 'nothing has a price' })).toEqual({
      kind: 'none',
      why: 'nothing has a price',
    })
  })

  it('asks at once what losses do to its plans and to those of scenarios', () => {
    let asked = 0
    const answer = ({ nodes }: Plan): PlanSurvival => ({
      node: { kind: 'not-known', why: `${nodes.length}` },
      zone: { kind: 'too-large' },
    })
    const scenarios = candidates(context(), undefined).map(({ scenario }) => scenario)
    const tested = withLosses(scenarios, frontierOf(POINTS, SMALLER, [], ANYTHING), (plans) => {
      asked += 1
      return plans.map(answer)
    })
    expect(asked).toBe(1)
    expect(tested.frontier).toMatchObject({
      points: ['9', '6', '4', '3'].map((why) => ({ survival: { node: { why } } })),
      smaller: [{ maxNodeShare: 0.1, survival: { node: { why: '12' } } }],
    })
    expect(tested.scenarios[0]?.outcome).toMatchObject({ survival: { node: { why: '12' } } })
  })
})

describe('scenarios with a share of spot', () => {
  const notesOf = (id: string, from: ScenarioContext): unknown => {
    const scenario = candidates(from, undefined).find((one) => one.scenario.id === id)?.scenario
    return { notes: scenario?.notes, feasible: scenario?.outcome.kind === 'planned' && scenario.outcome.feasible }
  }
  const plans: ScenarioContext['plans'] = {
    today: () => proven(10, 2000, 10),
    plan: (goal) => (goal.kind === 'cheapest' && goal.policy.kind === 'spot' ? proven(10, 900, 4) : proven(10, 1000)),
    reconsider: () => undefined,
    rebuildable: () => undefined,
  }

  it('are not feasible with more than that on spot', () => {
    expect(notesOf('spot-30', context({ plans }))).toEqual({
      notes: ['40.0 % of the CPU stays on spot, more than 30 %'],
      feasible: false,
    })
    expect(notesOf('current', context({ plans }))).toEqual({ notes: [], feasible: true })
  })

  it('say where they come to the same plan as an earlier one', () => {
    expect(notesOf('spot-50', context({ plans }))).toEqual({ notes: [], feasible: true })
    expect(notesOf('spot-70', context({ plans }))).toEqual({ notes: ['the same plan as spot-50'], feasible: true })
    expect(notesOf('spot-max', context({ plans }))).toEqual({ notes: ['the same plan as spot-50'], feasible: true })
  })

  it('count the pools that are on spot', () => {
    expect(candidates(context({ plans }), undefined)[0]?.scenario.outcome).toMatchObject({
      spotPools: { pools: 1, largestShare: 1 },
    })
  })
})
