import { describe, expect, test } from 'vitest'
import type { PackedBin } from '../../bench/pack/problem.js'
import { refill } from '../../bench/pack/refill.js'
import { replay } from '../../bench/pack/replay.js'
import { problem, type } from './problems.js'

const entries = (left: ReadonlyMap<number, number>): [number, number][] => [...left].sort(([a], [b]) => a - b)

describe('refill', () => {
  test('spreads small pods, so that no hole is left for a large one that comes late', () => {
    const given = problem(
      [type(1, 4, 4)],
      [
        { size: [1, 1], count: 4 },
        { size: [4, 4], count: 1 },
      ],
    )
    // The plan has all small pods on one node. Where two of them come before the large one, both nodes hold one.
    const lefts = Array.from({ length: 30 }, (_, seed) => entries(refill(given, [0, 0], seed)))
    const outcomes = new Set(lefts.map((left) => JSON.stringify(left)))
    expect([...outcomes].sort()).toEqual(['[[1,1]]', '[]'])
    // The large pod is one of the first two in two of five orders.
    const whole = lefts.filter((left) => left.length === 0).length
    expect(whole).toBeGreaterThanOrEqual(6)
    expect(whole).toBeLessThanOrEqual(18)
  })

  test('chooses the node on which cpu and memory stay in balance', () => {
    const given = problem(
      [type(1, 10, 10), type(1, 10, 30)],
      [
        // The first pod leaves 20 % of the memory free on type 0, 73 % on type 1, beside 80 % of cpu.
        { size: [2, 8], count: 1 },
        { size: [1, 10], count: 1, types: [0] },
      ],
    )
    for (let seed = 0; seed < 10; seed += 1) expect(entries(refill(given, [0, 1], seed))).toEqual([])
  })

  test('obeys limits per node and lists of types', () => {
    const given = problem(
      [type(1, 10, 10), type(1, 10, 10)],
      [
        { size: [1, 1], count: 3, maxPerBin: 2 },
        { size: [1, 1], count: 2, types: [1] },
      ],
    )
    expect(entries(refill(given, [0], 1))).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('is the same for the same seed', () => {
    const given = problem(
      [type(1, 7, 9)],
      [2, 3, 4].map((cores) => ({ size: [cores, 3], count: 40 })),
    )
    const nodes = Array.from({ length: 50 }, () => 0)
    expect(entries(refill(given, nodes, 5))).toEqual(entries(refill(given, nodes, 5)))
  })
})

describe('replay', () => {
  test('a plan that any order rebuilds costs what it costs', () => {
    const given = problem([type(7, 4, 4)], [{ size: [1, 1], count: 8 }])
    const bins: PackedBin[] = [{ type: 0, n: 2, items: [[0, 4]] }]
    expect(replay(given, bins)).toEqual({ leftOver: 0, realisedCost: 14, pessimisticCost: 14 })
  })

  test('buys the cheapest shape for what is left over', () => {
    const given = problem(
      [type(7, 4, 4), type(5, 3, 3)],
      [
        { size: [1, 1], count: 4 },
        { size: [3, 3], count: 1 },
      ],
    )
    const bins: PackedBin[] = [
      { type: 0, n: 1, items: [[0, 4]] },
      { type: 0, n: 1, items: [[1, 1]] },
    ]
    const { leftOver, realisedCost, pessimisticCost } = replay(given, bins)
    expect([leftOver, realisedCost]).toEqual([1, 19])
    expect(pessimisticCost).toBeGreaterThanOrEqual(19)
    // Four small pods leave the fifth and any later node empty, so four more do in any order.
    expect(pessimisticCost).toBeLessThanOrEqual(14 + 4 * 5)
  })
})
