import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { boundOf } from '../../../src/pack/columns/bound.js'
import { violations } from '../../../src/pack/columns/check.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { DEFAULT_EFFORT, packBins } from '../../../src/pack/columns/pack-bins.js'
import { tinyProblem, withoutMisfits } from './arbitrary.js'
import { fillingsOf, leastCost } from './brute.js'

let solver: LpSolver
beforeAll(async () => {
  solver = await loadLp()
})

describe.each([
  ['without LP', false, 250],
  ['with LP', true, 120],
] as const)('on tiny problems, %s', (_, withLp, numRuns) => {
  const lp = (): LpSolver | undefined => (withLp ? solver : undefined)

  test('a plan is valid, the bound is not above the optimum, and what is called proven is the optimum', () => {
    fc.assert(
      fc.property(tinyProblem({ limits: false }), (problem) => {
        const plan = packBins(problem, lp())
        expect(violations(problem, plan)).toEqual([])
        const least = leastCost(withoutMisfits(problem, plan.unpacked))
        expect(least).toBeDefined()
        expect(plan.lowerBound).toBeLessThanOrEqual(least!)
        expect(plan.cost).toBeGreaterThanOrEqual(least!)
        if (plan.proven) expect(plan.cost).toBe(least)
      }),
      { numRuns, seed: 1 },
    )
  })

  test('nor is the bound of the fillings alone, where nothing else is tried', () => {
    const effort = { ...DEFAULT_EFFORT, mixes: 0, fillings: 0 }
    fc.assert(
      fc.property(tinyProblem({ limits: false }), fc.integer({ min: 1, max: 1000 }), (problem, factor) => {
        // Costs without a common divisor, or the bound is rounded up and hides what is wrong with it.
        const types = problem.types.map((type, t) => ({ ...type, cost: type.cost * 100_003 + factor * (t + 1) }))
        const plan = packBins({ ...problem, types }, lp(), effort)
        expect(plan.lowerBound).toBeLessThanOrEqual(leastCost(withoutMisfits({ ...problem, types }, plan.unpacked))!)
      }),
      { numRuns: 3 * numRuns, seed: 5 },
    )
  })

  test('the same where types are limited', () => {
    fc.assert(
      fc.property(tinyProblem({ limits: true }), (problem) => {
        const plan = packBins(problem, lp())
        expect(violations(problem, plan)).toEqual([])
        const fitting = problem.classes.map((each, c) => {
          const fits = problem.types.some(
            (type, t) => (type.limit ?? 1) > 0 && fillingsOf(problem, t).some((counts) => counts[c]! > 0),
          )
          return fits ? each : { ...each, count: 0 }
        })
        const least = leastCost({ ...problem, classes: fitting })
        if (least !== undefined) expect(plan.lowerBound).toBeLessThanOrEqual(least)
        if (plan.proven) expect(plan.cost).toBe(least ?? -1)
      }),
      { numRuns, seed: 2 },
    )
  })

  test('at the prices of the classes no filling is worth more than its bin, and all items are worth the bound', () => {
    fc.assert(
      fc.property(tinyProblem({ limits: false }), (problem) => {
        const { duals } = boundOf(problem, lp())
        for (const [t, { cost }] of problem.types.entries())
          for (const counts of fillingsOf(problem, t))
            expect(counts.reduce((sum, n, c) => sum + n * duals[c]!, 0)).toBeLessThanOrEqual(cost * (1 + 1e-9))
      }),
      { numRuns: numRuns / 2, seed: 3 },
    )
  })

  test('one more type never raises the bound above the plan without it', () => {
    fc.assert(
      fc.property(tinyProblem({ limits: false }), fc.integer({ min: 1, max: 20 }), (problem, cost) => {
        const before = packBins(problem, lp())
        const capacity = problem.resources.map(() => 9)
        const more: BinProblem = { ...problem, types: [...problem.types, { name: 'more', cost, capacity }] }
        if (before.unpacked.length === 0) expect(boundOf(more, lp()).lowerBound).toBeLessThanOrEqual(before.cost)
      }),
      { numRuns: numRuns / 2, seed: 4 },
    )
  })
})
