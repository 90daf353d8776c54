import { describe, expect, it } from 'vitest'
import type { Changed, ProvenPlan, Rebuildable } from '../../src/domain/goal.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import type { Choice } from '../../src/recommend/choose.js'
import { planned, recommendedGoal, type Candidate, type ScenarioContext } from '../../src/recommend/scenarios.js'
import { tightPlan } from '../../src/recommend/tight-plan.js'
import { newNode } from '../pack/make-plan.js'
import { makeSite } from '../pack/make.js'
import { NO_FAULTS } from './no-faults.js'

function proven(cost: number, unplaced = 0): ProvenPlan {
  const plan = {
    nodes: [newNode(makeSite(`n${cost}`))],
    unplaced: [],
    cost: { rate: cost as MicroUsdPerHour, unpriced: 0 },
  }
  return {
    plan,
    bound: { rate: 10 as MicroUsdPerHour, basis: 'test' },
    breaches: 0,
    replay: () => ({ unplaced, realised: plan }),
  }
}

const worth = (cost: number | undefined): Omit<Changed, 'change'> => ({
  classes: [],
  pools: [],
  packedUnplaced: 3,
  proven: cost === undefined ? undefined : proven(cost),
})
const rebuildable: Rebuildable = {
  proven: undefined,
  changed: (change) => ({ ...worth(change.mostAllocated === true ? undefined : 60), change }),
}
const GOAL = recommendedGoal(undefined)
const context = (more: Partial<ScenarioContext> = {}): ScenarioContext => ({
  plans: {
    today: () => proven(100),
    plan: () => proven(50),
    reconsider: () => undefined,
    rebuildable: () => undefined,
  },
  ...NO_FAULTS,
  ...more,
})
const candidate = (plan: ProvenPlan, from = context()): Candidate =>
  planned({ id: 'recommended', title: '', goal: GOAL }, plan, from)
const choice = (cheapest: Candidate, recommended = 80): Choice => ({
  recommended: candidate(proven(recommended)).scenario,
  follows: 'recommended',
  policy: '',
  cheapest,
})

describe('the cheapest plan as packed', () => {
  it('comes with what each change would be good for', () => {
    const found = tightPlan(choice(candidate(proven(50, 2))), rebuildable, GOAL, context())
    expect(found).toMatchObject({ unplaced: 2, lowerBound: { rate: 10 } })
    expect([found?.plan.cost.rate, found?.recommended.cost.rate]).toEqual([50, 80])
    expect(found?.changes.map(({ change, plan }) => [change, plan?.cost.rate])).toEqual([
      [{ ownPools: 'grown' }, 60],
      [{ bigFirst: true }, 60],
      [{ bigFirst: true, ownPools: 'all' }, 60],
      [{ mostAllocated: true }, undefined],
    ])
  })

  it('has no plan for a change where the one found breaks a rule', () => {
    const strict = context({ violationsOf: ({ cost }) => (cost.rate === 60 ? ['a rule'] : []) })
    const found = tightPlan(choice(candidate(proven(50, 2))), rebuildable, GOAL, strict)
    expect(found?.changes.map(({ plan }) => plan)).toEqual(Array.from({ length: 4 }, () => undefined))
  })

  it('has no plan for a change with which nothing cheaper than the recommended plan was found', () => {
    const found = tightPlan(choice(candidate(proven(50, 2)), 60), rebuildable, GOAL, context())
    expect(found?.changes.map(({ plan }) => plan)).toEqual(Array.from({ length: 4 }, () => undefined))
  })

  it('does not come with the change that the recommended plan needs already', () => {
    const needs = { change: { bigFirst: true }, classes: [], unplacedToday: 4 }
    const found = tightPlan({ ...choice(candidate(proven(50, 2))), needs }, rebuildable, GOAL, context())
    expect(found?.needed).toEqual({ bigFirst: true })
    expect(found?.changes.map(({ change }) => change)).toEqual([
      { ownPools: 'grown' },
      { bigFirst: true, ownPools: 'all' },
      { mostAllocated: true },
    ])
  })

  it.each([
    ['the scheduler finds it by itself', choice(candidate(proven(50, 0)))],
    ['it costs no less than what is recommended', choice(candidate(proven(80, 2)))],
    ['it is not feasible', choice(candidate(proven(50, 2), context({ violationsOf: () => ['a rule'] })))],
    ['it was not replayed', choice(candidate({ ...proven(50), replay: () => undefined }))],
  ])('is left out where %s', (_, made) => {
    expect(tightPlan(made, rebuildable, GOAL, context())).toBeUndefined()
  })

  it('is left out where the cluster is too large to try changes', () => {
    expect(tightPlan(choice(candidate(proven(50, 2))), undefined, GOAL, context())).toBeUndefined()
  })
})
