import type { PriceCatalog, SourceId } from '../domain/catalog.js'
import type { Price } from '../domain/offering.js'
import type { MicroUsdPerHour } from '../domain/units.js'

export type Unknown = { readonly kind: 'unknown'; readonly why: string }
export type Known = Price & { readonly kind: 'known' }

export const unknown = (why: string): Unknown => ({ kind: 'unknown', why })

export const known = (microUsd: number, basis: Known['basis'], source: string): Known => ({
  kind: 'known',
  rate: microUsd as MicroUsdPerHour,
  basis,
  source,
})

export type Dates = { readonly day: (source: SourceId) => string; readonly month: (source: SourceId) => string }

/**
 * Dates of sources as prices quote them. Of an interval the beginning counts, so that no price looks newer than it may
 * be.
 */
export function datesOf(catalog: PriceCatalog): Dates {
  const asOf = (source: SourceId): string => catalog.sources.get(source)?.asOf ?? 'of unknown date'
  return { day: (source) => asOf(source).slice(0, 10), month: (source) => asOf(source).slice(0, 7) }
}
