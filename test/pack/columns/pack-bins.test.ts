import { beforeAll, describe, expect, test } from 'vitest'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { violations } from '../../../src/pack/columns/check.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { DEFAULT_EFFORT, packBins } from '../../../src/pack/columns/pack-bins.js'

let lp: LpSolver
beforeAll(async () => {
  lp = await loadLp()
})

const resources = ['cpu', 'memory']
const type = (name: string, cost: number, capacity: readonly number[]) => ({ name, cost, capacity })

describe('edges', () => {
  test('nothing to pack', () => {
    const plan = packBins({ resources, types: [type('a', 5, [4, 4])], classes: [] }, lp)
    expect(plan).toMatchObject({ bins: [], cost: 0, lowerBound: 0, proven: true, unpacked: [] })
  })

  test('no types, and classes of which there is nothing', () => {
    const problem: BinProblem = {
      resources,
      types: [],
      classes: [
        { size: [1, 1], count: 2 },
        { size: [1, 1], count: 0 },
      ],
    }
    expect(packBins(problem, lp)).toMatchObject({ bins: [], cost: 0, unpacked: [[0, 2]] })
  })

  test('a class that fits no type is listed, and the rest is packed', () => {
    const problem: BinProblem = {
      resources,
      types: [type('a', 5, [4, 4])],
      classes: [
        { size: [5, 1], count: 3 },
        { size: [2, 2], count: 4 },
      ],
    }
    const plan = packBins(problem, lp)
    expect(plan).toMatchObject({ cost: 10, lowerBound: 10, proven: true, unpacked: [[0, 3]] })
    expect(violations(problem, plan)).toEqual([])
  })

  test('bins that cost nothing take what fits them', () => {
    const problem: BinProblem = {
      resources,
      types: [type('free', 0, [2, 2]), type('paid', 7, [8, 8])],
      classes: [
        { size: [1, 1], count: 5 },
        { size: [6, 6], count: 2 },
      ],
    }
    const plan = packBins(problem, lp)
    expect(violations(problem, plan)).toEqual([])
    expect(plan).toMatchObject({ cost: 14, lowerBound: 14, proven: true })
  })

  test('bins that exist already and cost nothing are used first, as many as there are', () => {
    const problem: BinProblem = {
      resources,
      types: [{ ...type('kept', 0, [4, 4]), limit: 2 }, type('new', 10, [4, 4])],
      classes: [{ size: [2, 2], count: 7 }],
    }
    const plan = packBins(problem, lp)
    expect(violations(problem, plan)).toEqual([])
    expect(plan).toMatchObject({ cost: 20, lowerBound: 20, proven: true })
  })

  test('only limited types, too few of them: what is left over is listed', () => {
    const problem: BinProblem = {
      resources,
      types: [{ ...type('kept', 3, [4, 4]), limit: 2 }],
      classes: [{ size: [2, 2], count: 7 }],
    }
    const plan = packBins(problem, lp)
    expect(violations(problem, plan)).toEqual([])
    expect(plan).toMatchObject({ unpacked: [[0, 3]], proven: false })
  })

  test('items of one conflict group need a bin each', () => {
    const problem: BinProblem = {
      resources,
      types: [type('a', 5, [9, 9])],
      classes: [
        { size: [1, 1], count: 2, conflict: 4 },
        { size: [1, 2], count: 3, conflict: 4 },
      ],
    }
    expect(packBins(problem, lp)).toMatchObject({ cost: 25, lowerBound: 25, proven: true })
  })

  test('parts that share no type add up', () => {
    const problem: BinProblem = {
      resources,
      types: [type('a', 5, [4, 4]), type('b', 3, [4, 4])],
      classes: [
        { size: [4, 4], count: 2, types: [0] },
        { size: [4, 1], count: 3, types: [1] },
      ],
    }
    expect(packBins(problem, lp)).toMatchObject({ cost: 19, lowerBound: 19, proven: true })
  })

  test('a class whose resource has no price is packed all the same', () => {
    const problem: BinProblem = {
      resources,
      types: [type('a', 5, [4, 100])],
      classes: [
        { size: [4, 1], count: 3 },
        { size: [0, 60], count: 2 },
      ],
    }
    expect(packBins(problem, undefined)).toMatchObject({ cost: 15, proven: true, unpacked: [] })
  })
})

describe('larger', () => {
  const many = (classes: number): BinProblem => ({
    resources,
    types: [1, 2, 4, 8, 16].map((n) => type(`t${n}`, 100 * n + 3, [4000 * n, 16_000 * n])),
    classes: Array.from({ length: classes }, (_, c) => ({
      size: [100 + ((c * 7919) % 1700), 200 + ((c * 104_729) % 7000)],
      count: 1 + (c % 5),
    })),
  })

  test('the same problem gives the same plan, and without LP one that is valid too', () => {
    const problem = many(40)
    const effort = { ...DEFAULT_EFFORT, rounds: 20, tries: 200, columns: 0 }
    const plan = packBins(problem, lp, effort)
    expect(packBins(problem, lp, effort)).toEqual(plan)
    expect(violations(problem, plan)).toEqual([])
    const plain = packBins(problem, undefined, effort)
    expect(violations(problem, plain)).toEqual([])
    expect(plain.cost).toBeLessThanOrEqual(1.05 * plain.lowerBound)
    expect(plan.cost).toBeLessThanOrEqual(1.03 * plan.lowerBound)
  })

  test('many classes: less effort, still a plan', () => {
    const problem = many(2500)
    const plan = packBins(problem, undefined, { ...DEFAULT_EFFORT, habits: 1, tries: 10 })
    expect(violations(problem, plan)).toEqual([])
    expect(plan.cost).toBeLessThanOrEqual(1.1 * plan.lowerBound)
  })
})
