import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeExactFiller } from '../../../src/pack/columns/exact-fill.js'
import { makeFiller } from '../../../src/pack/columns/filler.js'
import { preparePacking } from '../../../src/pack/columns/packing.js'
import { makeRelaxation } from '../../../src/pack/columns/relaxation.js'
import { splitProblem } from '../../../src/pack/columns/split.js'
import { tinyProblem } from './arbitrary.js'

describe('the relaxed knapsack', () => {
  test('one row: by value for size, the last item in part', () => {
    const relaxation = makeRelaxation(1, 3)
    const bound = relaxation.solve(
      3,
      Float64Array.of(6, 5, 1),
      Float64Array.of(2, 2, 2),
      Float64Array.of(1, 3, 9),
      Float64Array.of(5),
      Float64Array.of(1, 1, 1),
    )
    expect(bound).toBeCloseTo(13.5, 9)
    expect([...relaxation.x]).toEqual([1, 1.5, 0])
    expect(relaxation.price[0]).toBeCloseTo(2.5, 9)
  })

  test('two rows: both are used up', () => {
    const relaxation = makeRelaxation(2, 2)
    const bound = relaxation.solve(
      2,
      Float64Array.of(3, 3),
      Float64Array.of(2, 1, 1, 2),
      Float64Array.of(9, 9),
      Float64Array.of(3, 3),
      Float64Array.of(1, 1),
    )
    expect(bound).toBeCloseTo(6, 9)
    expect([...relaxation.x].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([1, 1])
  })
})

describe('the best filling of one bin, against trying all of them', () => {
  test('filling ≤ best ≤ bounds, and without a limit the exact bound is the best', () => {
    fc.assert(
      fc.property(
        tinyProblem({ limits: false }),
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (problem, worth, few) => {
          const part = splitProblem(problem).parts[0]
          if (part === undefined) return
          const packing = preparePacking(part.problem)
          const { types, classes, demand, size, capacity, resources, most } = packing
          const value = Float64Array.from({ length: classes }, (_, c) => worth[c % 4]!)
          const every = Int32Array.from({ length: classes }, (_, c) => c)
          const filler = makeFiller(packing)
          const exact = makeExactFiller(packing)
          for (let t = 0; t < types; t++) {
            // Conflict groups beyond those that are resources do not occur here.
            let best = 0
            const walk = (c: number, left: readonly number[], total: number): void => {
              best = Math.max(best, total)
              if (c === classes) return
              for (let n = 0; n <= most[t * classes + c]!; n++) {
                const rest = left.map((amount, r) => amount - n * size[c * resources + r]!)
                if (rest.some((amount) => amount < 0)) break
                walk(c + 1, rest, total + n * value[c]!)
              }
            }
            walk(0, [...capacity.subarray(t * resources, (t + 1) * resources)], 0)
            filler.fill(t, value, every, classes, demand)
            expect(filler.value()).toBeLessThanOrEqual(best)
            expect(filler.bound()).toBeGreaterThanOrEqual(best - 1e-9)
            expect(exact(t, value, 0, 0, few).bound).toBeGreaterThanOrEqual(best - 1e-9)
            expect(exact(t, value, 0, 0, 100_000).bound).toBeCloseTo(best, 6)
          }
        },
      ),
      { numRuns: 400, seed: 5 },
    )
  })
})
