import { expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import type { Choice } from '../../src/recommend/choose.js'
import { shareOfToday, spotLimitFindings } from '../../src/recommend/spot-limit.js'
import { newNode } from '../pack/make-plan.js'
import { makeSite } from '../pack/make.js'

/** One of four nodes is on spot. */
const today: Plan = {
  nodes: [0, 1, 2, 3].map((at) => ({
    ...newNode(makeSite(`n${at}`), { pods: [] }),
    capacityType: at === 0 ? 'spot' : 'on-demand',
  })),
  unplaced: [],
  cost: { rate: 4 as MicroUsdPerHour, unpriced: 0 },
}
const choice = (follows: Choice['follows']): Choice =>
  ({ follows, policy: '', cheapest: undefined, recommended: undefined }) as unknown as Choice

it('is as much on spot as today where nothing less is rebuilt, and only then', () => {
  expect(shareOfToday(choice('current'), today, 0.2)).toBe(0.25)
  expect(shareOfToday(choice('current'), today, 0.25)).toBeUndefined()
  expect(shareOfToday(choice('current'), today, undefined)).toBeUndefined()
  expect(shareOfToday(choice('recommended'), today, 0.2)).toBeUndefined()
})

it('is said', () => {
  expect(spotLimitFindings(0.2, 0.2)).toEqual([])
  expect(spotLimitFindings(undefined, undefined)).toEqual([])
  expect(spotLimitFindings(0.2, 0.25)).toMatchObject([
    { code: 'max-spot-out-of-reach', detail: expect.stringContaining('at most as much on spot as today, 25 %') },
  ])
})
