import { describe, expect, test } from 'vitest'
import { readArguments } from '../../bench/pack/arguments.js'
import { generate, LARGE } from '../../bench/pack/generate.js'
import { growthSpecs } from '../../bench/pack/growth.js'
import { itemCount } from '../../bench/pack/problem.js'
import { geometricMean, growthExponent, percentAbove } from '../../bench/pack/table.js'

describe('readArguments', () => {
  test('takes folders and both options in any order', () => {
    expect(readArguments(['a', '--out', 'x.json', 'b', '--plans=p'])).toEqual({
      places: ['a', 'b'],
      out: 'x.json',
      plans: 'p',
    })
    expect(readArguments([])).toEqual({ places: [], out: undefined, plans: undefined })
  })

  test.each([[['--fast']], [['--out']], [['--plans=']]])('refuses %j with the usage', (argv) => {
    expect(readArguments(argv)).toContain('npm run bench:pack')
  })
})

describe('generate', () => {
  test('makes the large problem: 150,000 pods, 2,000 classes, 1,000 types in 3 zones, on demand and spot', async () => {
    const large = await generate(LARGE)
    expect(itemCount(large)).toBe(150_000)
    expect(large.items).toHaveLength(2_000)
    const onDemand = large.types.filter(({ name }) => name.endsWith('/on-demand'))
    expect(onDemand).toHaveLength(3_000)
    expect(large.types.length - onDemand.length).toBeGreaterThan(2_500)
    const stranded = large.items.filter(
      ({ size, types = [] }) =>
        !types.some((at) => size.every((each, resource) => each <= (large.types[at]?.capacity[resource] ?? 0))),
    )
    expect(stranded).toEqual([])
  })

  test('makes the same problem each time, and the same classes for any number of pods', async () => {
    const spec = { name: 'some', pods: 1_000, classes: 50, types: 20, zones: 1, spot: false }
    const made = await generate(spec)
    expect(await generate(spec)).toEqual(made)
    const more = await generate({ ...spec, pods: 4_000 })
    expect(more.items.map(({ size }) => size)).toEqual(made.items.map(({ size }) => size))
    expect(itemCount(more)).toBe(4_000)
  })
})

describe('figures', () => {
  test('the exponent of a power law is found', () => {
    expect(growthExponent([1, 4, 16].map((x) => [x, 3 * x ** 1.5]))).toBeCloseTo(1.5, 9)
    expect(growthExponent([[5, 1]])).toBeUndefined()
  })

  test('means and percentages', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12)
    expect(geometricMean([])).toBeUndefined()
    expect(percentAbove(150, 100)).toBeCloseTo(50, 12)
    expect(percentAbove(undefined, 100)).toBeUndefined()
  })

  test('each series of growth has a problem in the middle that all share', () => {
    const names = growthSpecs().map(({ spec }) => spec.name)
    expect(new Set(names).size).toBe(names.length - 2)
  })
})
