import { expect, test } from 'vitest'
import { makeDraft } from '../../../src/pack/columns/draft.js'
import { preparePacking } from '../../../src/pack/columns/packing.js'
import { makeWheel } from '../../../src/pack/columns/squeaky-wheel.js'

const packing = preparePacking({
  resources: ['cpu', 'memory'],
  types: [{ name: 'bin', cost: 1000, capacity: [10, 10] }],
  classes: [
    { size: [6, 1], count: 4 },
    { size: [5, 5], count: 4 },
  ],
})
const of = (size: number): number => packing.members.findIndex(([c]) => c === size)
const [lonely, matched] = [of(0), of(1)]
const value = new Float64Array(2)
value[lonely] = 600
value[matched] = 500

const filling = (c: number, count: number) => ({ type: 0, classes: Int32Array.of(c), counts: Int32Array.of(count) })
const plan = makeDraft(
  packing,
  [
    { filling: filling(lonely, 1), n: 4 },
    { filling: filling(matched, 2), n: 2 },
  ],
  new Int32Array(2),
)

test('a class whose bins are badly filled is worth more to the next plan, and the others as much as before', () => {
  const asked = makeWheel(packing, value)(plan)
  expect(asked[lonely]).toBeGreaterThan(600)
  expect(asked[matched]).toBe(500)
})

test('a class that goes on complaining gets louder, and one that got its way calms down', () => {
  const wheel = makeWheel(packing, value)
  const first = wheel(plan)[lonely]!
  const second = wheel(plan)[lonely]!
  expect(second).toBeGreaterThan(first)
  const content = makeDraft(packing, [{ filling: filling(matched, 2), n: 2 }], new Int32Array(2))
  const third = wheel(content)[lonely]!
  expect(third).toBeLessThan(second)
  expect(third).toBeGreaterThan(600)
})
