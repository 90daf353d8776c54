import type { LocalZone, RegionPrices } from '../domain/catalog.js'

/** Which prices hold in a zone: the region's, those of a Local or Wavelength Zone, or none that the catalog knows. */
export type Place =
  | { readonly kind: 'region' }
  | { readonly kind: 'local'; readonly zone: LocalZone }
  | { readonly kind: 'unpriced'; readonly why: string }

/** An AWS zone name: its region, then a letter (`us-east-1a`) or a dash and a place (`us-west-2-lax-1a`). */
const AWS_ZONE = /^([a-z]{2}(?:-[a-z]+)+-\d+)([a-z]|-.+)$/

/**
 * Without a zone, and for names that are no AWS zone names (as in simulated clusters), the prices of the region hold.
 * A zone of another region has none in this book.
 */
export function placeOf(region: RegionPrices, zone: string | undefined): Place {
  const [, zoneRegion, suffix = ''] = AWS_ZONE.exec(zone ?? '') ?? []
  if (zone === undefined || zoneRegion === undefined) return { kind: 'region' }
  if (zoneRegion !== region.name) return { kind: 'unpriced', why: `zone ${zone} is not in region ${region.name}` }
  if (!suffix.startsWith('-')) return { kind: 'region' }
  const local = region.localZones.get(zone) ?? region.localZones.get(zone.replace(/[a-z]$/, ''))
  if (local !== undefined) return { kind: 'local', zone: local }
  return { kind: 'unpriced', why: `zone ${zone} has prices of its own, which are not in the price catalog` }
}
