import { beforeAll, expect, test } from 'vitest'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { makeChance } from '../../../src/pack/columns/chance.js'
import { violations } from '../../../src/pack/columns/check.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { DEFAULT_EFFORT, packBins } from '../../../src/pack/columns/pack-bins.js'

let lp: LpSolver
beforeAll(async () => {
  lp = await loadLp()
})

/** Whole bins are not chosen first, which finds some of these plans as well. */
const EFFORT = { ...DEFAULT_EFFORT, mixes: 0 }

/** Items of which some two or three or four fill each of `bins` bins nearly: which belong together has to be found out. */
function nearlyFull(bins: number, resources: number, seed: number): BinProblem {
  const chance = makeChance(seed)
  const between = (least: number, most: number): number => least + Math.floor(chance() * (most - least + 1))
  const items = Array.from({ length: bins }, () => {
    const n = between(2, 4)
    const parts = Array.from({ length: resources }, () => {
      const shares = Array.from({ length: n }, () => between(10, 40))
      const whole = shares.reduce((sum, each) => sum + each, 0)
      return shares.map((each) => Math.floor((between(970, 999) * each) / whole))
    })
    return Array.from({ length: n }, (_, k) => ({ size: parts.map((shares) => shares[k]!), count: 1 }))
  }).flat()
  const resource = Array.from({ length: resources }, (_, r) => `r${r}`)
  return { resources: resource, types: [{ name: 't', cost: 7, capacity: resource.map(() => 1000) }], classes: items }
}

test('where few items share a bin, buying bin by bin finds plans that rounding does not, and proves more of them', () => {
  const sums = { withDive: 0, without: 0, planted: 0, proven: 0, provenWithout: 0 }
  for (let seed = 1; seed <= 7; seed++) {
    const bins = 14 + seed
    const problem = nearlyFull(bins, 2 + (seed % 3), seed)
    const plan = packBins(problem, lp, EFFORT)
    const without = packBins(problem, lp, { ...EFFORT, dive: 0 })
    expect(violations(problem, plan)).toEqual([])
    expect(plan.unpacked).toEqual([])
    expect(plan.cost).toBeLessThanOrEqual(without.cost)
    expect(plan.lowerBound).toBeLessThanOrEqual(7 * bins)
    if (seed === 5) expect(packBins(problem, lp, EFFORT)).toEqual(plan)
    sums.withDive += plan.cost / 7
    sums.without += without.cost / 7
    sums.planted += bins
    sums.proven += plan.proven ? 1 : 0
    sums.provenWithout += without.proven ? 1 : 0
  }
  expect(sums.withDive).toBeLessThan(sums.without)
  expect(sums.proven).toBeGreaterThan(sums.provenWithout)
  expect(sums.withDive).toBeLessThanOrEqual(1.01 * sums.planted)
})
