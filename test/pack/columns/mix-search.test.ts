import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { makeChance } from '../../../src/pack/columns/chance.js'
import { violations } from '../../../src/pack/columns/check.js'
import { makeDraft, type Draft } from '../../../src/pack/columns/draft.js'
import { makeFiller, type Filler } from '../../../src/pack/columns/filler.js'
import { firstValues } from '../../../src/pack/columns/first-values.js'
import { makeJudge } from '../../../src/pack/columns/judge.js'
import { packInto } from '../../../src/pack/columns/into-bins.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { makeMaster } from '../../../src/pack/columns/master.js'
import { searchMixes } from '../../../src/pack/columns/mix-search.js'
import { cheapestMix } from '../../../src/pack/columns/node-mix.js'
import { DEFAULT_EFFORT, packBins } from '../../../src/pack/columns/pack-bins.js'
import { preparePacking, type Packing } from '../../../src/pack/columns/packing.js'
import { splitProblem } from '../../../src/pack/columns/split.js'
import { holds } from '../../../src/pack/columns/tidy.js'
import { tinyProblem } from './arbitrary.js'
import { leastCost } from './brute.js'

let lp: LpSolver
beforeAll(async () => {
  lp = await loadLp()
})

/** The largest part of a problem, all of whose classes fit some type, and what it costs at least. */
function partOf(
  problem: BinProblem,
): { readonly part: BinProblem; readonly packing: Packing; readonly least: number } | undefined {
  const [part] = splitProblem(problem)
    .parts.map((each) => each.problem)
    .sort((a, b) => b.classes.length - a.classes.length)
  const least = part === undefined ? undefined : leastCost(part)
  return part === undefined || least === undefined ? undefined : { part, packing: preparePacking(part), least }
}

/** A bin of the dearest type for each item. */
function dearest(packing: Packing, filler: Filler): Draft | undefined {
  const { types, classes, cost, limit, demand } = packing
  const order = Array.from({ length: types }, (_, t) => t).sort((a, b) => cost[b]! - cost[a]!)
  const left = limit.slice()
  const entries: { filling: { type: number; classes: Int32Array; counts: Int32Array }; n: number }[] = []
  for (let c = 0; c < classes; c++)
    for (let n = 0; n < demand[c]!; n++) {
      const type = order.find((t) => packing.most[t * classes + c]! > 0 && left[t]! > 0)
      if (type === undefined) return undefined
      left[type] = left[type]! - 1
      entries.push({ filling: { type, classes: Int32Array.of(c), counts: Int32Array.of(1) }, n: 1 })
    }
  return entries.every(({ filling }) => filler !== undefined && holds(packing, filling.type, filling))
    ? makeDraft(packing, entries, new Int32Array(classes))
    : undefined
}

const itemsOf = ({ classes }: Packing, { entries, left }: Draft): number[] => {
  const items = [...left]
  for (const { filling, n } of entries)
    for (const [k, c] of filling.classes.entries()) items[c] = items[c]! + n * filling.counts[k]!
  return items.slice(0, classes)
}

describe.each([
  ['without limits', false],
  ['with limits', true],
] as const)('on tiny problems %s', (_, limits) => {
  test('whole bins first: the plan is one, and no plan costs less than the bound', () => {
    const seen = { proven: 0, better: 0, lifted: 0 }
    const effort = fc.record({
      mixes: fc.constantFrom(1000, 1_000_000),
      asks: fc.constantFrom(0, 3, 60),
      refits: fc.constantFrom(0, 30),
    })
    fc.assert(
      fc.property(tinyProblem({ limits }), effort, (problem, given) => {
        const part = partOf(problem)
        if (part === undefined) return
        const { packing, least } = part
        const filler = makeFiller(packing)
        const start = dearest(packing, filler)
        const { basis } = firstValues(packing, filler, undefined, 0)
        const master =
          start &&
          makeMaster(
            packing,
            lp,
            start.entries.map(({ filling }) => filling),
          )
        const mixture = master?.solve()
        if (start === undefined || master === undefined || mixture === undefined) return
        const certificates = [basis.certificate]
        const top = { certificates, fillings: master.fillings, mixture }
        const { draft, bound } = searchMixes(packing, filler, lp, top, start, given)
        master.dispose()
        expect(bound).toBeLessThanOrEqual(least)
        expect(draft.cost).toBeGreaterThanOrEqual(least)
        expect(draft.cost).toBeLessThanOrEqual(start.cost)
        expect(itemsOf(packing, draft)).toEqual([...packing.demand])
        for (const { filling } of draft.entries) expect(holds(packing, filling.type, filling)).toBe(true)
        for (let t = 0; t < packing.types; t++)
          expect(
            draft.entries.reduce((sum, { filling, n }) => sum + (filling.type === t ? n : 0), 0),
          ).toBeLessThanOrEqual(packing.limit[t]!)
        if (bound === draft.cost) seen.proven++
        if (draft.cost < start.cost) seen.better++
        if (bound > (cheapestMix(packing, certificates, start, given.mixes)?.bound ?? 0)) seen.lifted++
      }),
      { numRuns: 700, seed: 41 },
    )
    expect(seen.proven).toBeGreaterThan(100)
    expect(seen.better).toBeGreaterThan(100)
    expect(seen.lifted).toBeGreaterThan(2)
  })

  test('what forbids some bins forbids no plan', () => {
    let ruled = 0
    fc.assert(
      fc.property(
        tinyProblem({ limits }),
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 }),
        fc.constantFrom(1, 5, 60),
        (problem, amounts, rounds) => {
          const found = partOf(problem)
          if (found === undefined) return
          const { part, packing, least } = found
          const filler = makeFiller(packing)
          const start = dearest(packing, filler)
          if (start === undefined) return
          const fillings = start.entries.map(({ filling }) => filling)
          const bins = Float64Array.from(packing.limit, (limit, t) => Math.min(limit, amounts[t] ?? 0))
          const prices = new Float64Array(packing.classes)
          const answer = makeJudge(packing, filler, lp, { fillings, prices })(bins, rounds)
          const best = packBins(part, lp)
          const bought = Float64Array.from(packing.cost, (_each, t) =>
            best.bins.reduce((sum, { type, n }) => sum + (type === packing.typeOf[t] ? n : 0), 0),
          )
          const held = (some: Float64Array, atMost: Float64Array): number =>
            some.reduce((sum, n, t) => sum + (n > 0 ? n * atMost[t]! : 0), 0)
          if (answer?.kind === 'mixture') {
            for (const filling of answer.fillings) expect(holds(packing, filling.type, filling)).toBe(true)
            const full = [...packing.demand].map((_n, c) =>
              answer.fillings.reduce((sum, { classes, counts }, at) => {
                const k = classes.indexOf(c)
                return k < 0 ? sum : sum + counts[k]! * answer.use[at]!
              }, 0),
            )
            for (const [c, n] of full.entries()) expect(n).toBeGreaterThanOrEqual(packing.demand[c]! - 1e-5)
          }
          if (answer?.kind !== 'rule' || best.unpacked.length > 0) return
          ruled++
          const { atMost, needed } = answer.rule
          expect(held(bins, atMost)).toBeLessThan(needed)
          expect(best.cost).toBe(least)
          expect(held(bought, atMost)).toBeGreaterThanOrEqual(needed * (1 - 1e-9))
        },
      ),
      { numRuns: 500, seed: 42 },
    )
    expect(ruled).toBeGreaterThan(50)
  })
})

/** Bins are cut into ten items each, which fill them again if they are put together again. */
function cutUp(bins: number, seed: number): BinProblem {
  const chance = makeChance(seed)
  const whole = [8000, 8000]
  const counts = new Map<string, { size: number[]; count: number }>()
  for (let bin = 0; bin < bins; bin++) {
    const cuts = whole.map((room) => {
      const at = Array.from({ length: 9 }, () => 160 * Math.floor((room / 160) * chance())).sort(
        (one, other) => one - other,
      )
      return [...at, room].map((to, k) => to - (at[k - 1] ?? 0))
    })
    for (const [k, cpu] of cuts[0]!.entries()) {
      const size = [cpu, cuts[1]![k]!]
      const known = counts.get(size.join()) ?? { size, count: 0 }
      counts.set(size.join(), { ...known, count: known.count + 1 })
    }
  }
  return {
    resources: ['cpu', 'memory'],
    types: [{ name: 't', cost: 7, capacity: whole }],
    classes: [...counts.values()],
  }
}

test('filling a few bins anew, again and again, packs what greedy filling leaves over', () => {
  const seen = { greedy: 0, refilled: 0 }
  for (let seed = 1; seed <= 20; seed++) {
    const bins = 4 + (seed % 5)
    const packing = preparePacking(cutUp(bins, seed))
    const filler = makeFiller(packing)
    const { value } = firstValues(packing, filler, undefined, 0).basis
    const [greedy, refilled] = [0, 3000].map((tries) => packInto(packing, filler, value, Float64Array.of(bins), tries))
    for (const draft of [greedy!, refilled!]) {
      expect(itemsOf(packing, draft)).toEqual([...packing.demand])
      expect(draft.nodes).toBeLessThanOrEqual(bins)
      for (const { filling } of draft.entries) expect(holds(packing, filling.type, filling)).toBe(true)
    }
    if (greedy!.leftOver === 0) seen.greedy++
    if (refilled!.leftOver === 0) seen.refilled++
  }
  expect(seen.refilled).toBeGreaterThan(seen.greedy + 5)
})

test('plans of a few bins of many types are proven, and cost less than without a choice of whole bins', () => {
  const seen = { proven: 0, provenWithout: 0, cost: 0, without: 0 }
  for (let seed = 1; seed <= 4; seed++) {
    const problem = wide(seed)
    const plan = packBins(problem, lp)
    const without = packBins(problem, lp, { ...DEFAULT_EFFORT, mixes: 0 })
    expect(violations(problem, plan)).toEqual([])
    expect(plan.unpacked).toEqual([])
    expect(plan.lowerBound).toBeLessThanOrEqual(without.cost)
    seen.proven += plan.proven ? 1 : 0
    seen.provenWithout += without.proven ? 1 : 0
    seen.cost += plan.cost
    seen.without += without.cost
  }
  expect(seen.proven).toBeGreaterThan(seen.provenWithout + 1)
  expect(seen.cost).toBeLessThanOrEqual(seen.without)
})

/** 200 pods and a catalog of three families, five sizes each. */
function wide(seed: number): BinProblem {
  const chance = makeChance(seed)
  const of = <Item>(items: readonly Item[]): Item => items[Math.floor(items.length * chance())]!
  const types = [
    { name: 'c', memory: 2, cost: 42_500 },
    { name: 'm', memory: 4, cost: 48_000 },
    { name: 'r', memory: 8, cost: 63_000 },
  ].flatMap(({ name, memory, cost }) =>
    [2, 4, 8, 16, 32].map((cores) => ({
      name: `${name}-${cores}`,
      cost: cores * cost,
      capacity: [cores * 1000 - 90, Math.floor(cores * memory * 1024 * 0.93 - 600), cores * 15],
    })),
  )
  const classes = Array.from({ length: 40 }, () => {
    const cpu = of([50, 100, 100, 200, 250, 500, 500, 1000, 2000, 4000])
    return {
      size: [cpu, Math.ceil((cpu * of([0.5, 1, 2, 4, 8])) / 32) * 32, 1],
      count: cpu < 1000 ? of([1, 3, 5, 12]) : 1,
    }
  })
  return { resources: ['cpu', 'memory', 'pods'], types, classes }
}
