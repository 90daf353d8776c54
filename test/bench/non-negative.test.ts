import { describe, expect, test } from 'vitest'
import { planNonNegative } from '../../bench/pack/non-negative.js'
import type { BinProblem } from '../../src/pack/columns/bin-problem.js'

const bin = (...capacity: number[]): BinProblem['types'][number] => ({ name: 'bin', cost: 1, capacity })

/** Remembers what it was asked, and answers with a bin of the last type. */
function spy(lowerBounds: readonly number[]) {
  const asked: BinProblem[] = []
  const plan = (problem: BinProblem) => {
    asked.push(problem)
    const bins = [{ type: problem.types.length - 1, n: 1, items: [[0, 1] as const] }]
    return { bins, lowerBound: lowerBounds[asked.length - 1] ?? 0, proven: true, basis: 'asked' }
  }
  return { asked, plan }
}

describe('planNonNegative', () => {
  test('hands a common problem on as it is', () => {
    const { asked, plan } = spy([1])
    const problem = { resources: ['a'], types: [bin(4)], classes: [{ size: [0], count: 2 }] }
    planNonNegative(problem, plan)
    expect(asked).toEqual([problem])
  })

  test('gives a single item that makes room a bin of its own', () => {
    const { asked, plan } = spy([1])
    const classes = [
      { size: [3, -2], count: 1 },
      { size: [1, 6], count: 1 },
    ]
    const found = planNonNegative({ resources: ['a', 'b'], types: [bin(4, 4)], classes }, plan)
    expect(asked[0]?.types.map(({ capacity, limit }) => ({ capacity, limit }))).toEqual([
      { capacity: [4, 4], limit: undefined },
      { capacity: [4, 6], limit: 1 },
    ])
    expect(asked[0]?.classes.map(({ size, types }) => ({ size, types }))).toEqual([
      { size: [3, 0], types: [1] },
      { size: [1, 6], types: [0, 1] },
    ])
    expect(found).toMatchObject({ bins: [{ type: 0 }], lowerBound: 1, proven: true })
  })

  test('with several such items plans without their room and bounds with all of it', () => {
    const { asked, plan } = spy([3, 2])
    const found = planNonNegative({ resources: ['a'], types: [bin(4)], classes: [{ size: [-1], count: 3 }] }, plan)
    expect(asked.map(({ types, classes }) => [types[0]?.capacity, classes[0]?.size])).toEqual([
      [[4], [0]],
      [[7], [0]],
    ])
    expect(found).toMatchObject({ lowerBound: 2, proven: false })
  })
})
