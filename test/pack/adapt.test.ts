import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { anyInput, NO_LIMITS, packed, partsOf } from './make-problem.js'

const AS_IS: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
const SPOT: Goal = { kind: 'cheapest', policy: { kind: 'spot', share: 1 } }
const ON_DEMAND: Goal = { kind: 'cheapest', policy: { kind: 'on-demand' } }

it('a plan that is adapted to on-demand nodes is a sound one, and buys no spot', () => {
  let cheaper = 0
  fc.assert(
    fc.property(anyInput, fc.constantFrom(undefined, 0.35, 0.5, 0.7), (input, maxZoneShare) => {
      const { cluster, state, planner } = packed({
        ...partsOf(input),
        facts: { limits: { ...NO_LIMITS, maxZoneShare } },
      })
      const plans = planner()
      const fleet = plans.rebuildable({ kind: 'as-is' })?.proven
      const own = plans.plan(ON_DEMAND).plan
      for (const one of [plans.plan(AS_IS), plans.plan(SPOT), ...(fleet === undefined ? [] : [fleet])]) {
        const adapted = plans.adapt(one.plan, ON_DEMAND)
        if (adapted === undefined) expect.unreachable('it was made here')
        const { plan, bound } = adapted
        expect(plan.unplaced.filter(({ running }) => running)).toEqual([])
        expect(plan.nodes.filter((node) => node.action === 'new' && node.capacityType === 'spot')).toEqual([])
        expect(verifyPlan({ plan, cluster, mustPlace: state.mustPlace }).filter((each) => !each.inherited)).toEqual([])
        expect(bound.rate).toBeLessThanOrEqual(plan.cost.rate)
        if (plan.cost.rate < own.cost.rate) cheaper += 1
      }
    }),
    { numRuns: 60 },
  )
  expect(cheaper).toBeGreaterThan(0)
})

it('is not asked of plans of others', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const one = packed(partsOf(input))
      expect(one.planner().adapt(one.planner().plan(AS_IS).plan, ON_DEMAND)).toBeUndefined()
    }),
    { numRuns: 3 },
  )
})
