import { describe, expect, it } from 'vitest'
import type { CapacityPolicy, FrontierPlan, Goal, PlanSource, ProvenPlan } from '../../src/domain/goal.js'
import type { Plan } from '../../src/domain/plan.js'
import type { CapacityType } from '../../src/domain/offering.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { bestAnswer, widerFrontier, type Found } from '../../src/recommend/best-answer.js'
import { newNode } from '../pack/make-plan.js'
import { makeSite } from '../pack/make.js'

type Sketch = {
  readonly cost: number
  readonly kept?: readonly CapacityType[]
  readonly bought?: readonly CapacityType[]
}

const rate = (cost: number): MicroUsdPerHour => cost as MicroUsdPerHour
const proven = ({ cost, kept = [], bought = [] }: Sketch): ProvenPlan => {
  const plan: Plan = {
    nodes: [
      ...kept.map((capacityType, at) => ({ ...newNode(makeSite(`old${at}`)), action: 'keep' as const, capacityType })),
      ...bought.map((capacityType, at) => ({ ...newNode(makeSite(`new${at}`)), capacityType })),
    ],
    unplaced: [],
    cost: { rate: rate(cost), unpriced: 0 },
  }
  return { plan, bound: { rate: rate(1), basis: 'own' }, breaches: 0, replay: () => undefined }
}
const TODAY: Sketch = { cost: 100, kept: ['on-demand', 'spot'] }
const BOUND = { rate: rate(2), basis: 'of the question' }

function foundOf(known: readonly ProvenPlan[], isSound: Found['isSound'] = () => true): Found {
  const source: PlanSource = {
    today: () => proven(TODAY),
    plan: () => expect.unreachable(),
    reconsider: (plan) => ({ ...known.find((one) => one.plan === plan)!, bound: BOUND }),
    rebuildable: () => undefined,
  }
  return { plans: source, today: proven(TODAY).plan, known, isSound }
}
const goalOf = (policy: CapacityPolicy): Goal => ({ kind: 'cheapest', policy })
const AS_IS = goalOf({ kind: 'as-is' })
const ON_DEMAND = goalOf({ kind: 'on-demand' })
const SPOT = goalOf({ kind: 'spot', share: 0.3 })

describe('the best answer to a question', () => {
  const own = proven({ cost: 50, bought: ['on-demand'] })

  it('is a cheaper plan that was found for another question, with the bound of this one', () => {
    const cheaper = proven({ cost: 40, bought: ['on-demand', 'on-demand'] })
    for (const goal of [AS_IS, ON_DEMAND, SPOT]) {
      const answer = bestAnswer(own, goal, foundOf([own, cheaper, proven({ cost: 45, bought: ['on-demand'] })]))
      expect(answer.plan).toBe(cheaper.plan)
      expect(answer.bound).toBe(BOUND)
    }
  })

  it('is its own plan where no other one is cheaper, or something stands against those', () => {
    const other = proven({ cost: 50, bought: ['on-demand'] })
    expect(bestAnswer(own, AS_IS, foundOf([other])).plan).toBe(own.plan)
    const cheaper = proven({ cost: 40, bought: ['on-demand'] })
    expect(
      bestAnswer(
        own,
        AS_IS,
        foundOf([cheaper], ({ plan }) => plan !== cheaper.plan),
      ).plan,
    ).toBe(own.plan)
  })

  it('is a dearer plan where something stands against its own', () => {
    const dearer = proven({ cost: 60, bought: ['on-demand'] })
    expect(
      bestAnswer(
        own,
        AS_IS,
        foundOf([dearer], ({ plan }) => plan !== own.plan),
      ).plan,
    ).toBe(dearer.plan)
  })

  it('buys no spot for on-demand, and keeps no spot node that its own plan does without', () => {
    const cheaper = (sketch: Omit<Sketch, 'cost'>): ProvenPlan => proven({ ...sketch, cost: 40 })
    const planFor = (one: ProvenPlan, from = own): Plan => bestAnswer(from, ON_DEMAND, foundOf([one])).plan
    expect(planFor(cheaper({ bought: ['spot'] }))).toBe(own.plan)
    expect(planFor(cheaper({ kept: ['on-demand', 'spot'] }))).toBe(own.plan)
    const keeping = proven({ cost: 50, kept: ['on-demand', 'spot'] })
    const both = cheaper({ kept: ['on-demand', 'spot'] })
    expect(planFor(both, keeping)).toBe(both.plan)
  })

  it('is, for on-demand, a plan with spot that was adapted, if that is cheaper and sound and buys no spot', () => {
    const mixed = proven({ cost: 40, bought: ['on-demand', 'spot'] })
    const answer = (adapted: Sketch, isSound?: Found['isSound']): Plan => {
      const found = foundOf([mixed], isSound)
      const adapt = (plan: Plan): ProvenPlan | undefined => (plan === mixed.plan ? proven(adapted) : undefined)
      return bestAnswer(own, ON_DEMAND, { ...found, plans: { ...found.plans, adapt } }).plan
    }
    expect(answer({ cost: 45, bought: ['on-demand'] }).cost.rate).toBe(45)
    expect(answer({ cost: 50, bought: ['on-demand'] })).toBe(own.plan)
    expect(answer({ cost: 45, bought: ['spot'] })).toBe(own.plan)
    expect(answer({ cost: 45, kept: ['spot'] })).toBe(own.plan)
    expect(answer({ cost: 45, bought: ['on-demand'] }, ({ plan }) => plan.cost.rate !== 45)).toBe(own.plan)
    expect(bestAnswer(own, ON_DEMAND, foundOf([mixed])).plan).toBe(own.plan)
  })

  it('buys for a group only capacity types that it has, unless a share of spot is asked for', () => {
    const onDemandToday: Found = {
      ...foundOf([proven({ cost: 40, bought: ['spot'] })]),
      today: proven({ cost: 100, kept: ['on-demand'] }).plan,
    }
    expect(bestAnswer(own, AS_IS, onDemandToday).plan).toBe(own.plan)
    expect(bestAnswer(own, SPOT, onDemandToday).plan).not.toBe(own.plan)
  })

  it('buys on demand for a group of which no label says how it is paid for', () => {
    const { nodes, ...rest } = proven({ cost: 100, kept: ['on-demand'] }).plan
    const today: Plan = { ...rest, nodes: nodes.map((node) => ({ ...node, capacityType: undefined })) }
    const cheaper = proven({ cost: 40, bought: ['on-demand'] })
    expect(bestAnswer(own, AS_IS, { ...foundOf([cheaper]), today }).plan).toBe(cheaper.plan)
    const onSpot = proven({ cost: 40, bought: ['spot'] })
    expect(bestAnswer(own, AS_IS, { ...foundOf([onSpot]), today }).plan).toBe(own.plan)
    const frontier = widerFrontier([], { ...foundOf([cheaper, onSpot]), today })
    expect(frontier.map(({ proven: { plan } }) => plan)).toEqual([cheaper.plan])
  })

  it('is left alone for the same nodes, only fewer of them', () => {
    expect(bestAnswer(own, { kind: 'repack' }, foundOf([proven({ cost: 1, bought: ['on-demand'] })])).plan).toBe(
      own.plan,
    )
  })
})

describe('cost against number of nodes, with the plans of other questions', () => {
  const point = (sketch: Sketch): FrontierPlan => ({
    proven: proven(sketch),
    bound: BOUND,
    refillUnplaced: () => 0,
  })
  const nodes = (count: number): CapacityType[] => Array.from({ length: count }, () => 'on-demand')
  const shape = (plans: readonly FrontierPlan[]): [number, number][] =>
    plans.map(({ proven: { plan } }) => [plan.cost.rate, plan.nodes.length])

  it('holds none that another one beats in both', () => {
    const known = [
      proven({ cost: 40, bought: nodes(9) }),
      proven({ cost: 55, bought: nodes(5) }),
      proven({ cost: 30, bought: ['spot', 'spot'] }),
    ]
    const found: Found = { ...foundOf(known), today: proven({ cost: 100, kept: ['on-demand'] }).plan }
    const frontier = [
      point({ cost: 50, bought: nodes(9) }),
      point({ cost: 52, bought: nodes(6) }),
      point({ cost: 60, bought: nodes(4) }),
    ]
    expect(shape(widerFrontier(frontier, found))).toEqual([
      [40, 9],
      [52, 6],
      [55, 5],
      [60, 4],
    ])
    const [first] = widerFrontier(frontier, found)
    expect(first?.bound).toBe(BOUND)
  })
})
