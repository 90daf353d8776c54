import fc from 'fast-check'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'

/** Problems small enough to be solved by trying everything. */
export const tinyProblem = (options: { readonly limits: boolean }): fc.Arbitrary<BinProblem> =>
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }))
    .chain(([resources, types, classes]) => {
      const vector = (min: number, max: number): fc.Arbitrary<number[]> =>
        fc.array(fc.integer({ min, max }), { minLength: resources, maxLength: resources })
      const type = fc.record(
        {
          name: fc.constant('t'),
          cost: fc.integer({ min: 1, max: 30 }),
          capacity: vector(2, 14),
          ...(options.limits ? { limit: fc.integer({ min: 0, max: 3 }) } : {}),
        },
        { requiredKeys: ['name', 'cost', 'capacity'] },
      )
      const item = fc.record(
        {
          size: vector(0, 8),
          count: fc.integer({ min: 0, max: 3 }),
          maxPerBin: fc.integer({ min: 1, max: 2 }),
          conflict: fc.integer({ min: 1, max: 2 }),
          types: fc.uniqueArray(fc.integer({ min: 0, max: types - 1 }), { minLength: 1 }),
        },
        { requiredKeys: ['size', 'count'] },
      )
      return fc.record({
        resources: fc.constant(Array.from({ length: resources }, (_, r) => `r${r}`)),
        types: fc.array(type, { minLength: types, maxLength: types }),
        classes: fc.array(item, { minLength: classes, maxLength: classes }),
      })
    })

/** Without the classes of which no item fits any type. */
export const withoutMisfits = (problem: BinProblem, unpacked: readonly (readonly [number, number])[]): BinProblem => {
  const left = new Map(unpacked)
  return {
    ...problem,
    classes: problem.classes.map((each, c) => ({ ...each, count: each.count - (left.get(c) ?? 0) })),
  }
}
