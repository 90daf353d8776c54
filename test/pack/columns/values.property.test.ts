import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { allowLists, packBits } from '../../../src/pack/columns/allow-lists.js'
import type { BinClass, BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { valuate } from '../../../src/pack/columns/certificate.js'
import { build } from '../../../src/pack/columns/draft.js'
import { makeFiller } from '../../../src/pack/columns/filler.js'
import { firstValues } from '../../../src/pack/columns/first-values.js'
import { packAsPoured } from '../../../src/pack/columns/flow-plan.js'
import { habitsFor } from '../../../src/pack/columns/greedy.js'
import { cheapestPlaces, groupPrices } from '../../../src/pack/columns/group-prices.js'
import { groupClasses } from '../../../src/pack/columns/groups.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { cheapestMix } from '../../../src/pack/columns/node-mix.js'
import { preparePacking } from '../../../src/pack/columns/packing.js'
import { makeRelaxation } from '../../../src/pack/columns/relaxation.js'
import { makeSifted } from '../../../src/pack/columns/sifted.js'
import { splitProblem } from '../../../src/pack/columns/split.js'
import { tinyProblem } from './arbitrary.js'
import { leastCost } from './brute.js'

let lp: LpSolver
beforeAll(async () => {
  lp = await loadLp()
})

/** The largest part of a problem, all of whose classes fit some type. */
const partOf = (problem: BinProblem): BinProblem | undefined =>
  splitProblem(problem)
    .parts.map(({ problem: part }) => part)
    .sort((a, b) => b.classes.length - a.classes.length)[0]

describe.each([
  ['without limits', false],
  ['with limits', true],
] as const)('on tiny problems %s', (_, limits) => {
  test('every way to value classes proves a bound that no plan goes below, and better values never prove less', () => {
    let compared = 0
    fc.assert(
      fc.property(tinyProblem({ limits }), (problem) => {
        const part = partOf(problem)
        const least = part === undefined ? undefined : leastCost(part)
        if (part === undefined || least === undefined) return
        const packing = preparePacking(part)
        const filler = makeFiller(packing)
        const prices = groupPrices(packing, lp, groupClasses(packing, 40))
        if (prices !== undefined) {
          compared++
          const grouped = valuate(packing, filler, cheapestPlaces(packing, prices))
          expect(grouped.certificate.bound).toBeLessThanOrEqual(least * (1 + 1e-9))
        }
        const { basis } = firstValues(packing, filler, lp, Infinity)
        expect(basis.certificate.bound).toBeLessThanOrEqual(least * (1 + 1e-9))
        expect(basis.certificate.bound).toBeGreaterThanOrEqual(
          firstValues(packing, filler, undefined, 0).basis.certificate.bound * (1 - 1e-9),
        )
      }),
      { numRuns: 500, seed: 11 },
    )
    expect(compared).toBeGreaterThan(30)
  })

  test('whole bins that could hold everything in sum cost no more than bins that do', () => {
    let lifted = 0
    fc.assert(
      fc.property(tinyProblem({ limits }), fc.integer({ min: 1, max: 100_000 }), (problem, work) => {
        const part = partOf(problem)
        const least = part === undefined ? undefined : leastCost(part)
        if (part === undefined || least === undefined) return
        const packing = preparePacking(part)
        const filler = makeFiller(packing)
        const { basis } = firstValues(packing, filler, undefined, 0)
        const draft = build(packing, filler, basis, habitsFor(packing.classes)[0]!)
        if (draft.leftOver > 0) return
        const mix = cheapestMix(packing, [basis.certificate], draft, work)
        if (mix === undefined) return
        expect(mix.bound).toBeLessThanOrEqual(least)
        if (mix.bound > basis.certificate.bound * (1 + 1e-6)) lifted++
      }),
      { numRuns: 700, seed: 12 },
    )
    expect(lifted).toBeGreaterThan(30)
  })
})

test('a plan after a poured one packs every item once, and no more', () => {
  let poured = 0
  fc.assert(
    fc.property(tinyProblem({ limits: false }), (problem) => {
      const part = partOf(problem)
      if (part === undefined) return
      const packing = preparePacking(part)
      const filler = makeFiller(packing)
      const { basis, fluid } = firstValues(packing, filler, lp, Infinity)
      if (fluid === undefined) return
      poured++
      const draft = packAsPoured(packing, filler, fluid, basis, habitsFor(packing.classes)[0]!, 0.9)
      const packed = new Int32Array(packing.classes)
      for (const { filling, n } of draft.entries)
        filling.classes.forEach((c, k) => (packed[c] = packed[c]! + n * filling.counts[k]!))
      expect([...packed].map((n, c) => n + draft.left[c]!)).toEqual([...packing.demand])
      expect(draft.leftOver).toBe(0)
    }),
    { numRuns: 300, seed: 13 },
  )
  expect(poured).toBeGreaterThan(30)
})

test('a sifted relaxation is an upper bound as good as that of all columns, whatever was asked before', () => {
  const rows = 2
  const width = 200
  const sifted = makeSifted(rows, width, 1)
  const whole = makeRelaxation(rows, width)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 60, max: width }), (seed, columns) => {
      let state = seed
      const next = (): number => (state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647) / 2_147_483_647
      const size = Float64Array.from({ length: columns * rows }, () => 0.01 + 0.3 * next())
      const value = Float64Array.from({ length: columns }, (_, j) => (size[2 * j]! + size[2 * j + 1]!) * (0.5 + next()))
      const most = Float64Array.from({ length: columns }, () => 1 + Math.floor(3 * next()))
      const weight = new Float64Array(columns).fill(1)
      const room = Float64Array.of(1, 0.5 + next())
      const all = whole.solve(columns, value, size, most, room, weight)
      const few = sifted.solve(0, columns, value, size, most, room, weight)
      expect(few).toBeGreaterThanOrEqual(all * (1 - 1e-6))
      expect(few).toBeLessThanOrEqual(all * (1 + 1e-3))
    }),
    { numRuns: 300, seed: 14 },
  )
})

describe('lists of allowed types', () => {
  const item = (types?: readonly number[], count = 1): BinClass =>
    types === undefined ? { size: [1], count } : { size: [1], count, types }

  test('are one list when they allow the same, in whatever order and how often', () => {
    const { listOf, lists, admits } = allowLists([item([2, 0]), item(), item([0, 2, 2]), item([0, 1, 2])], 3)
    expect([...listOf]).toEqual([0, 1, 0, 1])
    expect(lists).toBe(2)
    expect([...admits]).toEqual([1, 0, 1, 1, 1, 1])
  })

  test('bits that differ give texts that differ', () => {
    const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        expect(packBits(Uint8Array.from(a)) === packBits(Uint8Array.from(b))).toBe(a.join() === b.join())
      }),
      { seed: 15 },
    )
  })
})

test('a bin with room beyond what sizes add up to proves as much as one without', () => {
  const problem = (room: number): BinProblem => ({
    resources: ['cpu'],
    types: [{ name: 'a', cost: 10, capacity: [room] }],
    classes: [{ size: [20], count: 7 }],
  })
  expect([...preparePacking(problem(59)).capacity]).toEqual([...preparePacking(problem(40)).capacity])
})
