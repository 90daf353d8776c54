import fc from 'fast-check'
import type { ItemClass, PackedBin, Problem } from '../../bench/pack/problem.js'

export const type = (cost: number, ...capacity: number[]): { cost: number; capacity: number[] } => ({ cost, capacity })

export const problem = (
  types: readonly { readonly cost: number; readonly capacity: readonly number[] }[],
  items: readonly ItemClass[],
): Problem => ({
  name: 'made up',
  types: types.map(({ cost, capacity }, index) => ({ name: `type-${index}`, cost, fileCost: cost, capacity })),
  items,
  unitsPerCost: 1,
  exact: true,
})

/** Bins as text, the largest content first, so that a plan can be compared without the order in which it was made. */
export const shown = (bins: readonly PackedBin[]): string[] =>
  bins
    .flatMap(({ type: kind, n, items }) =>
      Array.from({ length: n }, () => {
        const held = [...items].sort(([a], [b]) => a - b).map(([item, count]) => `${count}×${item}`)
        return `type-${kind}: ${held.join(' ')}`
      }),
    )
    .sort()

const size = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), fc.constant(1))
const types = fc.array(
  fc.record({
    cost: fc.integer({ min: 1, max: 20 }),
    capacity: fc.tuple(
      fc.integer({ min: 1, max: 14 }),
      fc.integer({ min: 1, max: 14 }),
      fc.integer({ min: 1, max: 6 }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
)

/** Small problems with limits per bin and lists of types; some items fit nowhere. */
export const anyProblem: fc.Arbitrary<Problem> = types.chain((kinds) =>
  fc
    .array(
      fc.record({
        size,
        count: fc.integer({ min: 0, max: 9 }),
        maxPerBin: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        list: fc.option(fc.subarray([...kinds.keys()]), { nil: undefined }),
      }),
      { maxLength: 6 },
    )
    .map((drawn) =>
      problem(
        kinds,
        drawn.map(({ maxPerBin, list, ...item }) => ({
          ...item,
          ...(maxPerBin === undefined ? {} : { maxPerBin }),
          ...(list === undefined ? {} : { types: list }),
        })),
      ),
    ),
)
