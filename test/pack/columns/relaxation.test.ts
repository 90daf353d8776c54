import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeDualSimplex } from '../../../src/pack/columns/dual-simplex.js'
import { makeExactFiller } from '../../../src/pack/columns/exact-fill.js'
import { makeFiller } from '../../../src/pack/columns/filler.js'
import { preparePacking } from '../../../src/pack/columns/packing.js'
import { makeRelaxation, type Relaxation } from '../../../src/pack/columns/relaxation.js'
import { splitProblem } from '../../../src/pack/columns/split.js'
import { makeTableau } from '../../../src/pack/columns/tableau.js'
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

const whole = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
const amounts = (length: number, max: number): fc.Arbitrary<number[]> =>
  fc.array(whole(max), { minLength: length, maxLength: length })

describe('from the basis of another answer', () => {
  const ROWS = 3
  const COLUMNS = 6
  const limits = fc.record({ most: amounts(COLUMNS, 4), room: amounts(ROWS, 30) })
  const programme = fc.record({
    value: amounts(COLUMNS, 20),
    size: amounts(COLUMNS * ROWS, 9),
    before: limits,
    now: limits,
  })
  type Programme = { readonly value: readonly number[]; readonly size: readonly number[] }
  type Limits = { readonly most: readonly number[]; readonly room: readonly number[] }

  const newRelaxation = (): Relaxation => makeRelaxation(ROWS, COLUMNS)
  const solve = (relaxation: Relaxation, of: Programme & Limits, start?: Int32Array): number =>
    relaxation.solve(
      COLUMNS,
      Float64Array.from(of.value),
      Float64Array.from(of.size),
      Float64Array.from(of.most),
      Float64Array.from(of.room),
      new Float64Array(COLUMNS).fill(1),
      start,
    )
  /** A relaxation that has solved this. */
  const solved = (of: Programme & Limits): Relaxation => {
    const relaxation = newRelaxation()
    solve(relaxation, of)
    return relaxation
  }

  test('the answer is the one from nothing, and fits', () => {
    fc.assert(
      fc.property(programme, ({ value, size, before, now }) => {
        const warm = solved({ value, size, ...before })
        const bound = solve(warm, { value, size, ...now }, warm.basis.slice())
        expect(bound).toBeCloseTo(solve(newRelaxation(), { value, size, ...now }), 6)
        const x = [...warm.x]
        expect(x.reduce((sum, amount, j) => sum + amount * value[j]!, 0)).toBeCloseTo(bound, 6)
        for (const [j, amount] of x.entries()) expect(amount).toBeLessThanOrEqual(now.most[j]! + 1e-6)
        for (let r = 0; r < ROWS; r++)
          expect(x.reduce((sum, amount, j) => sum + amount * size[j * ROWS + r]!, 0)).toBeLessThanOrEqual(
            now.room[r]! + 1e-6,
          )
      }),
      { numRuns: 3000, seed: 11 },
    )
  })

  test('it nearly always gets there without beginning anew', () => {
    const asked = fc.sample(programme, { numRuns: 1000, seed: 13 }).map(({ value, size, before, now }) => {
      const { basis } = solved({ value, size, ...before })
      const continueFrom = makeDualSimplex(ROWS, COLUMNS, makeTableau(ROWS, COLUMNS))
      const [values, sizes] = [Float64Array.from(value), Float64Array.from(size)]
      const [most, room] = [Float64Array.from(now.most), Float64Array.from(now.room)]
      return continueFrom({ columns: COLUMNS, value: values, size: sizes, most, room }, basis)
    })
    expect(asked.filter((arrived) => arrived).length).toBeGreaterThan(950)
  })

  test('prices that other values make useless do no harm', () => {
    fc.assert(
      fc.property(programme, amounts(COLUMNS, 20), ({ value, size, before, now }, other) => {
        const warm = solved({ value, size, ...before })
        const asked = { value: other, size, ...now }
        expect(solve(warm, asked, warm.basis.slice())).toBeCloseTo(solve(newRelaxation(), asked), 6)
      }),
      { numRuns: 3000, seed: 12 },
    )
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
            for (const { classes: held, counts } of exact(t, value, 1, 1, 100_000).others) {
              expect(held.reduce((sum, c, k) => sum + counts[k]! * value[c]!, 0)).toBeGreaterThan(1)
              expect(counts.every((count, k) => count > 0 && count <= most[t * classes + held[k]!]!)).toBe(true)
              for (let r = 0; r < resources; r++)
                expect(held.reduce((sum, c, k) => sum + counts[k]! * size[c * resources + r]!, 0)).toBeLessThanOrEqual(
                  capacity[t * resources + r]!,
                )
            }
            expect(exact(t, value, 0, 0, 100_000).bound).toBeCloseTo(best, 6)
          }
        },
      ),
      { numRuns: 400, seed: 5 },
    )
  })

  test('what is returned as the best is worth that, with many items of each class, too', () => {
    const itemClass = fc.record({
      size: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 2 }),
      count: fc.integer({ min: 1, max: 30 }),
    })
    const seen = { found: 0 }
    fc.assert(
      fc.property(
        fc.array(itemClass, { minLength: 2, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 5, maxLength: 5 }),
        fc.array(fc.integer({ min: 30, max: 200 }), { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 1, max: 20 }),
        (items, worth, room, less) => {
          const types = [{ name: 'bin', cost: 1, capacity: room }]
          const packing = preparePacking({ resources: ['a', 'b'], types, classes: items })
          const value = Float64Array.from({ length: packing.classes }, (_, c) => worth[c]!)
          const exact = makeExactFiller(packing)
          const most = exact(0, value, 0, 0, 100_000).bound
          const over = Math.floor(most) - less
          const { bound, filling } = exact(0, value, over, 0, 100_000)
          const worthOf = filling?.classes.reduce((sum, c, k) => sum + filling.counts[k]! * value[c]!, 0)
          expect(bound).toBeCloseTo(most, 6)
          if (most <= over) return
          seen.found += 1
          expect(worthOf).toBeCloseTo(most, 6)
        },
      ),
      { numRuns: 2000, seed: 14 },
    )
    expect(seen.found).toBeGreaterThan(1500)
  })
})
