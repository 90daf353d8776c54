import type { PriceCatalog, RegionPrices, RunAs } from '../domain/catalog.js'
import type { Price } from '../domain/offering.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import { datesOf, unknown } from './answers.js'

/**
 * A price with what EKS Auto Mode adds to an instance, on-demand and spot alike (Price List: service AmazonEKS, operation
 * EKSAutoUsage). Where no fee is known the price stays, and its source says what it lacks.
 */
export function withAutoModeFee(
  price: Price,
  catalog: PriceCatalog,
  { name, otherOnDemand }: RegionPrices,
  type: string,
  { autoMode }: RunAs,
): Price {
  if (autoMode === undefined || price.kind === 'unknown') return price
  const fees = otherOnDemand?.get('auto-mode')
  const fee = fees?.rates.get(type)
  if (fees !== undefined && fee !== undefined) {
    const day = datesOf(catalog).day(fees.sources?.get(type) ?? fees.source)
    const rate = (price.rate + fee) as MicroUsdPerHour
    return { ...price, rate, instanceRate: price.rate, source: `${price.source}, EKS Auto Mode fee ${day}` }
  }
  if (fees !== undefined && autoMode === 'new') return unknown(`EKS Auto Mode lists no fee for ${type} in ${name}`)
  return { ...price, instanceRate: price.rate, source: `${price.source}, without the fee of EKS Auto Mode` }
}
