import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tradeOffs, type Weighed } from '../../src/pack/trade-offs.js'

const anyList = fc.array(fc.record({ cost: fc.nat({ max: 20 }), weight: fc.integer({ min: -10, max: 10 }) }), {
  maxLength: 5,
})

function every(lists: readonly (readonly Weighed[])[]): Weighed[] {
  return lists.reduce<Weighed[]>(
    (sums, list) =>
      sums.flatMap((sum) => list.map((one) => ({ cost: sum.cost + one.cost, weight: sum.weight + one.weight }))),
    [{ cost: 0, weight: 0 }],
  )
}

it('gives one choice from each list, the sums that no other choice beats, the cheapest first', () => {
  fc.assert(
    fc.property(fc.array(anyList, { maxLength: 4 }), (lists) => {
      const all = every(lists)
      const best = all.filter(
        (one) =>
          !all.some(
            ({ cost, weight }) =>
              (cost < one.cost && weight <= one.weight) || (cost <= one.cost && weight < one.weight),
          ),
      )
      const sums = new Set(best.map(({ cost, weight }) => `${cost} ${weight}`))
      const found = tradeOffs(lists)
      expect(found.map(({ cost, weight }) => `${cost} ${weight}`).sort()).toEqual([...sums].sort())
      for (const { cost, weight, picks } of found) {
        const chosen = picks.map((pick, at) => lists[at]![pick]!)
        expect(every(chosen.map((one) => [one]))).toEqual([{ cost, weight }])
      }
      expect(found.map(({ cost }) => cost)).toEqual(found.map(({ cost }) => cost).sort((a, b) => a - b))
    }),
    { numRuns: 300 },
  )
})

it('keeps the first of equals', () => {
  const one = { cost: 1, weight: 1 }
  expect(
    tradeOffs([
      [one, one],
      [one, one],
    ]),
  ).toEqual([{ cost: 2, weight: 2, picks: [0, 0] }])
})

it('keeps the ends where there are too many in between', () => {
  const lists = [1, 100, 10_000].map((unit) =>
    Array.from({ length: 60 }, (_, at) => ({ cost: at * unit, weight: -at * unit })),
  )
  const found = tradeOffs(lists)
  expect(found.length).toBeLessThan(1000)
  expect(found[0]).toEqual({ cost: 0, weight: 0, picks: [0, 0, 0] })
  expect(found.at(-1)?.picks).toEqual([59, 59, 59])
})
