import { describe, expect, test } from 'vitest'
import { checkPlan } from '../../bench/pack/check-plan.js'
import type { PackedBin } from '../../bench/pack/problem.js'
import { problem, type } from './problems.js'

const two = problem(
  [type(5, 4, 8), type(9, 8, 16)],
  [
    { size: [2, 3], count: 3, maxPerBin: 2 },
    { size: [1, 1], count: 2, types: [1] },
  ],
)
const sound: PackedBin[] = [
  { type: 0, n: 1, items: [[0, 1]] },
  {
    type: 1,
    n: 1,
    items: [
      [0, 2],
      [1, 2],
    ],
  },
]

describe('checkPlan', () => {
  test('finds nothing wrong with a sound plan', () => {
    expect(checkPlan(two, sound, 14)).toEqual([])
  })

  test('leaves out what fits no bin', () => {
    expect(checkPlan(problem([type(5, 4, 8)], [{ size: [5, 1], count: 1 }]), [], 0)).toEqual([])
  })

  const bin = (kind: number, n: number, ...items: [number, number][]): PackedBin => ({ type: kind, n, items })
  test.each<[string, PackedBin[], number, string]>([
    ['a wrong sum', sound, 13, 'cost 13 stated, the bins add up to 14'],
    ['a sum that is no number', sound, NaN, 'cost NaN stated'],
    ['an item not placed', [bin(1, 1, [0, 2], [1, 2])], 9, 'item 0: 1 of 3 are not placed'],
    ['an item placed twice', [...sound, bin(0, 1, [0, 1])], 19, 'item 0: 4 placed, only 3 exist'],
    ['equal bins that hold too many together', [bin(0, 4, [0, 1]), bin(1, 1, [1, 2])], 29, 'item 0: 4 placed'],
    ['too little room', [bin(0, 1, [0, 3]), bin(1, 1, [1, 2])], 14, '9 of resource 1, type-0 has 8'],
    ['too many of a class', [bin(1, 1, [0, 3], [1, 2])], 9, '3 of item 0, at most 2 per bin'],
    ['too many of a class in two entries', [bin(1, 1, [0, 2], [0, 1], [1, 2])], 9, '3 of item 0, at most 2 per bin'],
    ['a type that is not allowed', [bin(1, 1, [0, 2]), bin(0, 1, [0, 1], [1, 2])], 14, 'item 1 may not use type-0'],
    ['a type that does not exist', [bin(7, 1, [0, 1])], 0, 'type 7 does not exist'],
    ['an item that does not exist', [...sound, bin(0, 1, [9, 1])], 19, 'item 9 does not exist'],
    ['half a bin', [bin(1, 0.5, [0, 2])], 4.5, '0.5 bins'],
    ['a count below one', [...sound, bin(0, 1, [0, -1])], 19, '-1 of item 0'],
  ])('names %s', (_, bins, cost, words) => {
    expect(checkPlan(two, bins, cost).join('\n')).toContain(words)
  })
})
