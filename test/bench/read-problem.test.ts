import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fileCost } from '../../bench/pack/problem.js'
import { NotAProblem, parseProblem, problemFiles, readProblem } from '../../bench/pack/read-problem.js'
import { scaleCosts } from '../../bench/pack/scale-costs.js'

const SHARED = fileURLToPath(new URL('../../../shared/data/packing', import.meta.url))

const text = (change: object = {}): string =>
  JSON.stringify({
    name: 'two-shapes',
    binTypes: [
      { name: 'small', cost: 0.0832, capacity: [2, 4] },
      { name: 'large', cost: 0.1664, capacity: [4, 8] },
    ],
    items: [
      { size: [1, 2], count: 3 },
      { size: [2, 1], count: 1, maxPerBin: 1, types: ['large'] },
    ],
    best: { cost: 0.2496, proven: true, source: 'by hand' },
    ...change,
  })

describe('parseProblem', () => {
  test('reads costs as whole micro-units and lists of types by name', () => {
    const read = parseProblem('two.json', text())
    expect(read.types.map(({ cost }) => cost)).toEqual([83_200, 166_400])
    expect(read.items).toEqual([
      { size: [1, 2], count: 3 },
      { size: [2, 1], count: 1, maxPerBin: 1, types: [1] },
    ])
    expect(read.best).toEqual({ cost: 0.2496, proven: true })
    expect(read.exact).toBe(true)
  })

  test('sums come back exactly in the unit of the file', () => {
    const read = parseProblem('two.json', text({ binTypes: [{ name: 'bin', cost: 0.1, capacity: [2, 4] }], items: [] }))
    // Added up as doubles, three times 0.1 is 0.30000000000000004.
    expect(fileCost(read, [{ type: 0, n: 3, items: [] }])).toBe(0.3)
  })

  test('takes the name of the file where the problem has none, and indexes as types', () => {
    const items = [{ size: [1, 1], count: 1, types: [1, 0] }]
    const read = parseProblem('folder/no-name.json', text({ name: undefined, items }))
    expect([read.name, read.items[0]?.types]).toEqual(['no-name', [0, 1]])
  })

  test.each([
    ['{', 'not JSON'],
    ['[]', 'the whole file'],
    [text({ items: [{ size: [1.5, 1], count: 1 }] }), 'items.0.size.0'],
    [text({ items: [{ size: [1], count: 1 }] }), 'do not all have 2 resources'],
    [text({ items: [{ size: [1, 1], count: 1, types: ['huge'] }] }), 'bin type huge, which does not exist'],
    [text({ items: [{ size: [1, 1], count: 1, types: [2] }] }), 'bin type 2, which does not exist'],
  ])('says what is wrong with %s', (content, words) => {
    expect(() => parseProblem('bad.json', content)).toThrow(NotAProblem)
    expect(() => parseProblem('bad.json', content)).toThrow(words)
  })
})

describe('scaleCosts', () => {
  test('takes finer units where costs have more decimals', () => {
    expect(scaleCosts([0.00000012, 1], 10)).toEqual({ unitsPerCost: 1e8, exact: true, units: [12, 1e8] })
  })

  test('reads a cost that was added up in doubles as what was meant', () => {
    expect(scaleCosts([0.1 + 0.2], 10)).toEqual({ unitsPerCost: 1e6, exact: true, units: [300_000] })
  })

  test('rounds down what no unit holds, so that bounds stay below', () => {
    expect(scaleCosts([2 / 3], 10)).toEqual({ unitsPerCost: 1e9, exact: false, units: [666_666_666] })
  })

  test('keeps the sums of many dear bins within whole numbers', () => {
    const { unitsPerCost, units } = scaleCosts([3e9], 100_000)
    expect(units).toEqual([3e9 * unitsPerCost])
    expect(100_000 * (units[0] ?? 0)).toBeLessThan(Number.MAX_SAFE_INTEGER)
  })
})

const absent = !existsSync(SHARED)
describe.skipIf(absent)(`shared problems${absent ? ' (skipped: ../shared is absent)' : ''}`, () => {
  test('are all read, without their index, with costs that scale exactly', () => {
    const problems = problemFiles(SHARED).map(readProblem)
    expect(problems.length).toBeGreaterThan(30)
    expect(problems.filter(({ exact, best }) => !exact || best === undefined)).toEqual([])
  })
})
