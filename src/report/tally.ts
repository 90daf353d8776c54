import type { Price } from '../domain/offering.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import { sumRates } from '../domain/units.js'
import type { TypeCount } from './columns.js'

/** Orders by code unit, the same on every machine and in every locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A sorted copy; `key` should be unique, so that the input's order cannot show. */
export const sortedBy = <Item>(items: Iterable<Item>, key: (item: Item) => string): Item[] =>
  [...items].sort((a, b) => byText(key(a), key(b)))

/** Largest first; equal amounts by name. */
export const largestBy = <Item>(
  items: Iterable<Item>,
  amount: (item: Item) => number,
  name: (item: Item) => string,
): Item[] => [...items].sort((a, b) => amount(b) - amount(a) || byText(name(a), name(b)))

export function groupBy<Item>(items: Iterable<Item>, key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

/** Instance types by name, with how many there are; nodes whose type is not known are left out. */
export function countTypes(nodes: Iterable<{ readonly instanceType: string | undefined }>): TypeCount[] {
  const counts = new Map<string, number>()
  for (const { instanceType } of nodes)
    if (instanceType !== undefined) counts.set(instanceType, (counts.get(instanceType) ?? 0) + 1)
  return sortedBy(counts, ([name]) => name).map(([instanceType, count]) => ({ instanceType, count }))
}

/** A sum of prices; `rate` is undefined where there are parts and none has a price: that sum is unknown, not 0. */
export type Total = { readonly rate: MicroUsdPerHour | undefined; readonly unpriced: number }

export function total(prices: readonly (Price | undefined)[]): Total {
  const rates = prices.flatMap((price) => (price?.kind === 'known' ? [price.rate] : []))
  const unpriced = prices.length - rates.length
  return { rate: unpriced > 0 && rates.length === 0 ? undefined : sumRates(rates), unpriced }
}

export const rateOf = (price: Price | undefined): MicroUsdPerHour | undefined =>
  price?.kind === 'known' ? price.rate : undefined

/** Of the instance alone, without a fee that the price holds. */
export const instanceRateOf = (price: Price | undefined): MicroUsdPerHour | undefined =>
  price?.kind === 'known' ? (price.instanceRate ?? price.rate) : undefined

/** The day or month of which a price is, as its source says it; undefined where that names none. */
export const priceDate = ({ source }: Price & { kind: 'known' }): string | undefined =>
  /\b\d{4}-\d{2}(-\d{2})?\b/.exec(source)?.[0]

/** The `price_source` of a node: where its price is from, or why it has none. */
export const priceSource = (price: Price | undefined): string =>
  price === undefined ? 'unpriced: not looked up' : price.kind === 'known' ? price.source : `unpriced: ${price.why}`
