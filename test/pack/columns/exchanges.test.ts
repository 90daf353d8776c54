import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BinClass, BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { exchangesIn } from '../../../src/pack/columns/exchanges.js'
import type { Filling } from '../../../src/pack/columns/filler.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { makeMaster } from '../../../src/pack/columns/master.js'
import { preparePacking, type Packing } from '../../../src/pack/columns/packing.js'

const problemOf = (classes: readonly BinClass[]): BinProblem => ({
  resources: ['cpu', 'memory'],
  types: [
    { name: 'small', cost: 10, capacity: [10, 10] },
    { name: 'large', cost: 17, capacity: [18, 19] },
  ],
  classes,
})

/** As `4,4 > 3,3`: the place of an item of the first size may go to one of the second. */
function exchangesBySize(classes: readonly BinClass[]): string[] {
  const packing = preparePacking(problemOf(classes))
  const sizeOf = (c: number): string => packing.size.slice(c * packing.resources, c * packing.resources + 2).join(',')
  return exchangesIn(packing)
    .map(({ of, by }) => `${sizeOf(of)} > ${sizeOf(by)}`)
    .sort()
}

describe('places that may go to smaller items', () => {
  const three: readonly BinClass[] = [
    { size: [3, 3], count: 20 },
    { size: [4, 4], count: 20 },
    { size: [2, 2], count: 20 },
  ]

  test('neighbours only: the others follow', () => {
    expect(exchangesBySize(three)).toEqual(['3,3 > 2,2', '4,4 > 3,3'])
    expect(exchangesBySize([...three, { size: [5, 1], count: 20 }])).toEqual(['3,3 > 2,2', '4,4 > 3,3'])
  })

  test('none to items that more than room keeps out of a bin', () => {
    const with2 = (rule: Partial<BinClass>): readonly BinClass[] => [...three.slice(0, 2), { ...three[2]!, ...rule }]
    expect(exchangesBySize(with2({ maxPerBin: 1 }))).toEqual(['4,4 > 3,3'])
    expect(exchangesBySize(with2({ types: [0] }))).toEqual(['4,4 > 3,3'])
  })

  test('what is kept to fewer types may give its place away', () => {
    expect(exchangesBySize([three[0]!, { ...three[1]!, types: [0] }])).toEqual(['4,4 > 3,3'])
  })

  test('a bin with one of a conflict group cannot take another of it, but one for the other', () => {
    const [free, ...group] = three
    const classes = [free!, ...group.map((each) => ({ ...each, conflict: 1 }))]
    expect(exchangesBySize(classes)).toEqual(['4,4 > 2,2', '4,4 > 3,3'])
  })
})

describe('a mixture with exchanges', () => {
  let lp: LpSolver
  beforeAll(async () => {
    lp = await loadLp()
  })

  const item = fc.record({ size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })) })
  const manyOfEach = fc
    .array(item, { minLength: 4, maxLength: 8 })
    .map((items) => problemOf(items.map(({ size }) => ({ size, count: 30 }))))

  /** Each type filled class after class, two at a time, from each class on. */
  const someFillings = ({ types, classes, resources, size, capacity }: Packing): Filling[] =>
    Array.from({ length: types * classes }, (_, at) => {
      const type = Math.floor(at / classes)
      const free = Array.from(capacity.slice(type * resources, (type + 1) * resources))
      const counts = new Map<number, number>()
      for (let step = 0; step < classes; step++) {
        const c = (at + step) % classes
        const own = size.slice(c * resources, (c + 1) * resources)
        for (let item = 0; item < 2 && own.every((need, r) => need <= free[r]!); item++) {
          counts.set(c, (counts.get(c) ?? 0) + 1)
          for (const [r, need] of own.entries()) free[r]! -= need
        }
      }
      const entries = [...counts].sort(([a], [b]) => a - b)
      return {
        type,
        classes: Int32Array.from(entries, ([c]) => c),
        counts: Int32Array.from(entries, ([, n]) => n),
      }
    })

  test('costs as much once it is settled, of fillings that fit', () => {
    let exchanged = 0
    fc.assert(
      fc.property(manyOfEach, (problem) => {
        const packing = preparePacking(problem)
        const { resources, size, capacity } = packing
        const master = makeMaster(packing, lp, someFillings(packing), exchangesIn(packing))!
        try {
          const mixture = master.solve()!
          if (mixture.exchanged.some((amount) => amount > 0)) exchanged++
          const known = master.fillings.length
          expect(master.settle(mixture)!.cost).toBeCloseTo(mixture.cost, 6)
          for (const { type, classes, counts } of master.fillings.slice(known))
            for (let r = 0; r < resources; r++) {
              const used = counts.reduce((sum, n, k) => sum + n * size[classes[k]! * resources + r]!, 0)
              expect(used).toBeLessThanOrEqual(capacity[type * resources + r]!)
            }
        } finally {
          master.dispose()
        }
      }),
      { numRuns: 150, seed: 5 },
    )
    expect(exchanged).toBeGreaterThan(50)
  })
})
