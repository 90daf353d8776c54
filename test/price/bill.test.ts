import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Price } from '../../src/domain/offering.js'
import { usdPerHour } from '../../src/domain/units.js'
import { bill, controlPlaneFee, costOf, unpricedReasons } from '../../src/price/bill.js'
import { nodes } from '../model/fixtures.js'

const known = (dollars: number): Price => ({ kind: 'known', rate: usdPerHour(dollars), basis: 'list', source: 'list' })
const unknown = (why: string): Price => ({ kind: 'unknown', why })

describe('bill', () => {
  it('sums what is known and counts what is not', () => {
    const all = nodes(['a', 'b', 'c', 'd'].map((name) => ({ metadata: { name } })))
    const prices: Readonly<Record<string, Price>> = {
      a: known(0.096),
      b: known(0.192),
      c: unknown('no price for m99.large'),
      d: unknown('hybrid node'),
    }
    const found = bill(all, ({ name }) => prices[name] ?? unknown('not asked'), [{ name: 'EKS', price: known(0.1) }])
    expect(found.total).toEqual({ rate: 288_000, unpriced: 2 })
    expect([...found.nodes.keys()]).toEqual(['a', 'b', 'c', 'd'])
    expect(found.clusterFees).toEqual([{ name: 'EKS', price: known(0.1) }])
    expect(unpricedReasons(found)).toEqual([
      { why: 'hybrid node', nodes: 1 },
      { why: 'no price for m99.large', nodes: 1 },
    ])
  })

  it('puts the most frequent reason first', () => {
    const all = nodes(['a', 'b', 'c'].map((name) => ({ metadata: { name } })))
    const found = bill(all, ({ name }) => unknown(name === 'a' ? 'rare' : 'usual'))
    expect(unpricedReasons(found).map(({ why }) => why)).toEqual(['usual', 'rare'])
    expect(found.total).toEqual({ rate: 0, unpriced: 3 })
  })

  it('loses no price, whatever the mix', () => {
    const price = fc.oneof(
      fc.integer({ min: 0, max: 400_000_000 }).map((rate) => known(rate / 1e6)),
      fc.constant(unknown('none')),
    )
    fc.assert(
      fc.property(fc.array(price), (prices) => {
        const { rate, unpriced } = costOf(prices)
        const rates = prices.flatMap((one) => (one.kind === 'known' ? [one.rate] : []))
        expect(unpriced + rates.length).toBe(prices.length)
        expect(rate).toBe(rates.reduce((sum: number, one) => sum + one, 0))
      }),
    )
  })
})

describe('the fee of an EKS control plane', () => {
  const book = { controlPlane: (extended: boolean) => known(extended ? 0.6 : 0.1) }
  it('is that of the support that EKS names', () => {
    expect(controlPlaneFee(book, false)).toEqual({ name: 'EKS control plane (standard support)', price: known(0.1) })
    expect(controlPlaneFee(book, true)).toEqual({ name: 'EKS control plane (extended support)', price: known(0.6) })
  })

  it('is an assumption where EKS was not asked', () => {
    expect(controlPlaneFee(book, undefined)).toEqual({
      name: 'EKS control plane (standard support assumed)',
      price: known(0.1),
      ifExtended: known(0.6),
    })
  })
})
