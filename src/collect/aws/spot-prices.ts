import type { SpotPrice } from '@aws-sdk/client-ec2'
import type { AwsSpotPrice, AwsSpotPrices } from '../../domain/aws-snapshot.js'
import { microOf } from './money.js'

/** An entry of the history as far as it is read: Windows and SUSE have prices of their own, which are not wanted. */
export type SpotPriceSeen =
  | {
      readonly kind: 'price'
      readonly type: string
      readonly zone: string
      readonly zoneId: string | undefined
      readonly rate: number
      readonly since: string
    }
  | { readonly kind: 'other-platform' }
  /** It lacks a field, or has no price above 0. */
  | { readonly kind: 'unreadable' }

/** A VPC's Linux may be named with its suffix. */
const LINUX = /^Linux\/UNIX( \(Amazon VPC\))?$/

export function spotPriceSeen(entry: SpotPrice): SpotPriceSeen {
  const { InstanceType: type, AvailabilityZone: zone, Timestamp: at, SpotPrice: price } = entry
  const rate = microOf(price)
  if (!LINUX.test(entry.ProductDescription ?? '')) return { kind: 'other-platform' }
  if (type === undefined || !zone || rate === undefined || at === undefined || Number.isNaN(at.getTime()))
    return { kind: 'unreadable' }
  return { kind: 'price', type, zone, zoneId: entry.AvailabilityZoneId || undefined, rate, since: at.toISOString() }
}

/**
 * Entries of DescribeSpotPriceHistory, in any order: by type and zone the newest price, and the spread of all that were in
 * force during `days` (AWS also gives the last change before the first day, for it was in force then). Of two entries of
 * one instant the higher price counts.
 */
export function spotPricesOf(
  seen: readonly SpotPriceSeen[],
  days: number,
): AwsSpotPrices & { readonly unreadable: number } {
  const zones = new Map<string, Map<string, AwsSpotPrice>>()
  const zoneIds = new Map<string, string>()
  for (const entry of seen) {
    if (entry.kind !== 'price') continue
    const { type, zone, zoneId, rate, since } = entry
    if (zoneId !== undefined) zoneIds.set(zone, zoneId)
    const prices = zones.get(zone) ?? new Map<string, AwsSpotPrice>()
    zones.set(zone, prices)
    const known = prices.get(type)
    const newer = known === undefined || since > known.since || (since === known.since && rate > known.rate)
    prices.set(type, {
      ...(newer || known === undefined ? { rate, since } : { rate: known.rate, since: known.since }),
      min: Math.min(rate, known?.min ?? rate),
      max: Math.max(rate, known?.max ?? rate),
    })
  }
  return {
    days,
    zones: [...zones]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([zone, prices]) => {
        const zoneId = zoneIds.get(zone)
        const sorted = [...prices].sort(([a], [b]) => (a < b ? -1 : 1))
        return { zone, ...(zoneId === undefined ? {} : { zoneId }), prices: Object.fromEntries(sorted) }
      }),
    unreadable: seen.filter(({ kind }) => kind === 'unreadable').length,
  }
}
