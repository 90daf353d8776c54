import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { makeExactFiller } from '../../../src/pack/columns/exact-fill.js'
import { fillDepthFirst } from '../../../src/pack/columns/few-items.js'
import { makeNodeSolver, openKnapsack } from '../../../src/pack/columns/knapsack.js'
import { worthOf } from '../../../src/pack/columns/master.js'
import { preparePacking, type Packing } from '../../../src/pack/columns/packing.js'
import { boundByRow } from '../../../src/pack/columns/row-bound.js'
import { holds } from '../../../src/pack/columns/tidy.js'

/** Room for a few of the items, and for dozens. */
const FEW = 12
const MANY = 120

/** One type of bin, and up to four classes with values; bins hold from one to dozens of items. */
const oneBin = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom(FEW, MANY))
  .chain(([resources, classes, room]) => {
    const vector = (min: number, max: number): fc.Arbitrary<number[]> =>
      fc.array(fc.integer({ min, max }), { minLength: resources, maxLength: resources })
    const item = fc.record(
      {
        size: vector(2, 9),
        count: fc.integer({ min: 1, max: 12 }),
        ...(room === FEW
          ? { maxPerBin: fc.integer({ min: 1, max: 4 }), conflict: fc.integer({ min: 1, max: 7 }) }
          : {}),
      },
      { requiredKeys: ['size', 'count'] },
    )
    return fc.record({
      problem: fc.record<BinProblem>({
        resources: fc.constant(Array.from({ length: resources }, (_, r) => `r${r}`)),
        types: fc.tuple(fc.record({ name: fc.constant('t'), cost: fc.constant(1), capacity: vector(room / 2, room) })),
        classes: fc.array(item, { minLength: classes, maxLength: classes }),
      }),
      values: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: classes, maxLength: classes }),
      /** Of what a bin can hold at most: only what is worth more is asked for. */
      share: fc.double({ min: 0, max: 1.1, noNaN: true }),
      /** What is worth so much more than asked for needs not be told apart. */
      slack: fc.constantFrom(0, 0.05, 0.5),
      nodes: fc.constantFrom(1, 3, 100_000),
    })
  })

/** The most that a bin can hold, by trying all ways. */
function mostWorth(packing: Packing, value: Float64Array): number {
  const { classes, resources, size, capacity, most, group } = packing
  const left = capacity.slice(0, resources)
  const taken = new Set<number>()
  const walk = (c: number): number => {
    if (c === classes) return 0
    const put = (n: number): void => {
      for (let r = 0; r < resources; r++) left[r] = left[r]! - n * size[c * resources + r]!
    }
    let best = walk(c + 1)
    if (taken.has(group[c]!)) return best
    if (group[c]! >= 0) taken.add(group[c]!)
    const limit = group[c]! >= 0 ? Math.min(1, most[c]!) : most[c]!
    for (let n = 1; n <= limit; n++) {
      put(n)
      if (left.every((each) => each >= 0)) best = Math.max(best, n * value[c]! + walk(c + 1))
      put(-n)
    }
    taken.delete(group[c]!)
    return best
  }
  return walk(0)
}

/** What fits of the classes, with their values and the most that a bin of them is worth; undefined when nothing fits. */
function withMost(problem: BinProblem, values: readonly number[]) {
  const classes = problem.classes.filter(({ size }) => size.every((n, r) => n <= problem.types[0]!.capacity[r]!))
  if (classes.length === 0) return undefined
  const packing = preparePacking({ ...problem, classes })
  const value = Float64Array.from({ length: packing.classes }, (_, c) => values[c] ?? 1)
  return { packing, value, most: mostWorth(packing, value) }
}

test('no bin holds more than the bound, wherever the search stops, and in the end the bound is what one holds', () => {
  const seen = { few: 0, many: 0, stopped: 0 }
  fc.assert(
    fc.property(oneBin, ({ problem, values, share, slack, nodes }) => {
      const bin = withMost(problem, values)
      if (bin === undefined) return
      const { packing, value, most } = bin
      const over = share * most
      const enough = over * (1 + slack)
      const answer = makeExactFiller(packing)(0, value, over, enough, nodes)
      expect(answer.bound).toBeGreaterThanOrEqual(most * (1 - 1e-9))
      if (nodes === 100_000) {
        // Conflict groups that are no resource are not in the bound of the tree.
        if (packing.group.every((group) => group < 0))
          expect(answer.bound).toBeLessThanOrEqual(Math.max(most, enough) * (1 + 1e-6) + 1e-6)
      } else if (answer.bound > Math.max(most, enough) * (1 + 1e-6)) seen.stopped++
      for (const filling of [answer.filling, ...answer.others]) {
        if (filling === undefined) continue
        expect(worthOf(filling, value)).toBeGreaterThan(over)
        expect(holds(packing, 0, filling)).toBe(true)
        if (filling.counts.reduce((sum, n) => sum + n, 0) > 12) seen.many++
        else seen.few++
      }
    }),
    { numRuns: 3000, seed: 31 },
  )
  expect(seen.few).toBeGreaterThan(100)
  expect(seen.many).toBeGreaterThan(100)
  expect(seen.stopped).toBeGreaterThan(20)
})

test('one item after the other finds what is worth most, and of what begins with each item the best', () => {
  let several = 0
  fc.assert(
    fc.property(oneBin, ({ problem, values, share }) => {
      const bin = withMost(problem, values)
      if (bin === undefined) return
      const { packing, value, most } = bin
      const over = share * most
      const solver = makeNodeSolver(packing)
      const sack = openKnapsack(packing, 0, value)
      const { bound, fillings } = fillDepthFirst(packing, solver, 0, sack, over, 100_000)
      if (fillings.length > 1) several++
      if (most > over * (1 + 1e-6)) {
        expect(bound).toBeCloseTo(most, 6)
        expect(fillings.length).toBeGreaterThan(0)
        expect(worthOf(fillings[0]!, value)).toBeCloseTo(most, 6)
      } else {
        expect(bound).toBeLessThanOrEqual(over * (1 + 1e-6) + 1e-6)
        expect(bound).toBeGreaterThanOrEqual(most * (1 - 1e-9))
      }
    }),
    { numRuns: 2000, seed: 32 },
  )
  expect(several).toBeGreaterThan(100)
})

test('with one resource in whole items no bin holds more than the bound, which is never above the relaxation', () => {
  let tighter = 0
  fc.assert(
    fc.property(oneBin, fc.constantFrom(2, 3), ({ problem, values }, grain) => {
      // Sizes with gaps between their sums, and values that are nearly those of one resource.
      const classes = problem.classes.map((each) => ({ ...each, size: each.size.map((n) => grain * n + (n % 2)) }))
      const bin = withMost({ ...problem, classes }, values)
      if (bin === undefined) return
      const { packing, value, most } = bin
      const solver = makeNodeSolver(packing)
      const sack = openKnapsack(packing, 0, value)
      const relaxed = solver.solve(sack, sack.most, sack.left)
      const bound = boundByRow(packing, solver, sack, 100_000)!
      expect(bound).toBeGreaterThanOrEqual(most * (1 - 1e-9))
      expect(bound).toBeLessThanOrEqual(relaxed * (1 + 1e-9))
      if (bound < relaxed * (1 - 1e-6)) tighter++
      if (sack.columns > 0) expect(boundByRow(packing, solver, sack, 0)).toBeUndefined()
      // Whatever room is left: nothing more is to be put into it.
      const none = { ...sack, columns: 0, left: sack.left.map((room) => room * 1e12) }
      expect(boundByRow(packing, solver, none, 100_000)).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 2000, seed: 33 },
  )
  expect(tighter).toBeGreaterThan(300)
})

test('a bin of thousands of items beside large ones is left to the other search', () => {
  const packing = preparePacking({
    resources: ['a', 'b'],
    types: [{ name: 't', cost: 1, capacity: [80_060, 30_000] }],
    classes: [
      { size: [10_007, 0], count: 8 },
      { size: [3, 1], count: 20_000 },
    ],
  })
  const { bound } = makeExactFiller(packing)(0, Float64Array.of(1000, 0.001), 7500, 7500, 10_000)
  expect(bound).toBeGreaterThanOrEqual(8000)
})
