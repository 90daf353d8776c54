import type { PriceCatalog, RegionPrices, SpotTable } from '../domain/catalog.js'
import type { Price } from '../domain/offering.js'
import { datesOf, known, unknown } from './answers.js'
import { placeOf } from './zone-place.js'

/**
 * A type's spot price: the newest one that was seen in the zone, else in the region, else an estimate. A zone or region
 * that was looked up and had no price is an answer too: the type is not to be had there as spot.
 *
 * Zones are found by id, which is the same for every account; by name only where the catalog was read with the user's
 * own account (`scope: 'zone-name'`). A Local Zone has no prices but those seen in it.
 */
export function spotPrice(
  catalog: PriceCatalog,
  region: RegionPrices,
  type: string,
  zone: string | undefined,
  zoneId: string | undefined,
): Price {
  const machine = catalog.types.get(type)
  if (machine === undefined) return unknown(`instance type ${type} is not in the price catalog`)
  if (!machine.usageClasses.includes('spot')) return unknown(`${type} is not sold as spot`)
  const place = placeOf(region, zone)
  if (place.kind === 'unpriced') return unknown(place.why)

  const inZone = (table: SpotTable): boolean =>
    (table.scope === 'zone-id' && table.place === zoneId) || (table.scope === 'zone-name' && table.place === zone)
  const seenInZone = observed(catalog, region, type, 'zone', inZone)
  if (seenInZone !== undefined) return seenInZone
  if (place.kind === 'local') return unknown(`no spot price of zone ${zone} is in the price catalog`)
  const seenInRegion = observed(catalog, region, type, 'region', (table) => table.scope === 'region')
  return seenInRegion ?? estimate(catalog, region, type)
}

function observed(
  catalog: PriceCatalog,
  region: RegionPrices,
  type: string,
  level: 'zone' | 'region',
  wanted: (table: SpotTable) => boolean,
): Price | undefined {
  const { day, month } = datesOf(catalog)
  const newest = region.spot
    .filter((table) => wanted(table) && (table.rates.has(type) || table.unlisted.has(type)))
    .reduce<SpotTable | undefined>(
      (best, table) => (best === undefined || day(table.source) > day(best.source) ? table : best),
      undefined,
    )
  if (newest === undefined) return undefined
  const rate = newest.rates.get(type)
  if (rate === undefined)
    return unknown(`${type} had no spot price in ${newest.place} (observed ${month(newest.source)})`)
  return known(rate, 'observed', `spot ${level} observed ${month(newest.source)}`)
}

/**
 * The on-demand price less the saving that EC2's Spot Advisor states, the mean of a month over all zones. A saving may
 * be negative; an estimate is held at the on-demand price, which nobody has to exceed.
 */
function estimate(catalog: PriceCatalog, region: RegionPrices, type: string): Price {
  const listed = region.onDemand?.rates.get(type)
  const saving = region.advice?.types.get(type)?.savingsPercent
  if (listed === undefined || saving === undefined || region.advice === undefined)
    return unknown(`neither a spot price nor a saving of ${type} in ${region.name} is in the price catalog`)
  const rate = Math.min(listed, Math.max(1, Math.round((listed * (100 - saving)) / 100)))
  return known(rate, 'estimate', `spot estimate ${datesOf(catalog).month(region.advice.source)}`)
}

/** What spot prices of the region rest on, in one line. */
export function spotNote(catalog: PriceCatalog, region: RegionPrices): string {
  const { month } = datesOf(catalog)
  const seen = (kind: 'zone' | 'region'): string[] => {
    const tables = region.spot.filter((table) => (table.scope === 'region') === (kind === 'region'))
    if (tables.length === 0) return []
    const types = new Set(tables.flatMap((table) => [...table.rates.keys()])).size
    const months = [...new Set(tables.map((table) => month(table.source)))].sort().join(', ')
    return [`${types} types observed ${months} by ${kind}`]
  }
  const derived =
    region.advice && region.onDemand ? [`estimates from the savings of ${month(region.advice.source)} otherwise`] : []
  const parts = [...seen('zone'), ...seen('region'), ...derived]
  return `spot prices of ${region.name}: ${parts.length === 0 ? 'none' : parts.join(', ')}`
}
