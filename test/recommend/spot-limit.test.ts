import { expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import type { Scenario } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import type { Choice } from '../../src/recommend/choose.js'
import {
  beyondSpotLimit,
  policyBeyond,
  shareOfToday,
  spotLimitFindings,
  withSpotLimit,
} from '../../src/recommend/spot-limit.js'
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

const recommended = (spotShare: number | undefined): Scenario =>
  ({ id: 'recommended', title: '', outcome: { kind: 'planned', spotShare }, notes: ['another'] }) as unknown as Scenario

it('is beyond the limit by what the plan has on spot, not by what it was held to', () => {
  expect(beyondSpotLimit(recommended(0.24), 0.2)).toEqual({ wanted: 0.2, share: 0.24 })
  expect(beyondSpotLimit(recommended(0.2), 0.2)).toBeUndefined()
  expect(beyondSpotLimit(recommended(undefined), 0)).toBeUndefined()
  expect(beyondSpotLimit(recommended(0.24), undefined)).toBeUndefined()
  const none: Scenario = { ...recommended(0), outcome: { kind: 'not-applicable', why: '' } }
  expect(beyondSpotLimit(none, 0)).toBeUndefined()
})

it('is said, first in the notes of what is recommended', () => {
  expect(spotLimitFindings(undefined, 0.25)).toEqual([])
  const beyond = { wanted: 0.2, share: 0.24 }
  expect(spotLimitFindings(beyond, 0.25)).toMatchObject([
    {
      code: 'max-spot-out-of-reach',
      detail: expect.stringMatching(/what is recommended has 24 %, and .* at most as much on spot as today, 25 %$/),
    },
  ])
  expect(spotLimitFindings(beyond, 0.2)).toMatchObject([
    { detail: expect.stringMatching(/what is recommended has 24 %$/) },
  ])
  expect(withSpotLimit(recommended(0.2), undefined).notes).toEqual(['another'])
  expect(withSpotLimit(recommended(0.24), beyond).notes).toEqual([
    "24 % of the CPU is on spot, more than --max-spot 20 %: no plan that keeps to it could be recommended in place of today's nodes",
    'another',
  ])
})

it('is in the policy where more was allowed than asked for', () => {
  expect(policyBeyond('the cheapest', undefined, undefined)).toBe('the cheapest')
  expect(policyBeyond('the cheapest', 0.2, 0.2)).toBe('the cheapest')
  expect(policyBeyond('the cheapest', 0.2, 0.25)).toBe(
    "the cheapest; 25 % on spot is today's share, as no plan within --max-spot 20 % could be recommended",
  )
})
