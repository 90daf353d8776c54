import * as z from 'zod'
import type { LocalZone, PriceCatalog, RateTable, RegionPrices, SpotTable, TypeSet } from '../domain/catalog.js'
import type { Source } from '../domain/offering.js'
import {
  CatalogDamage,
  catalogSchema,
  FORMAT,
  SCHEMA_VERSION,
  type Decoder,
  type RegionText,
} from './catalog-schema.js'
import { decodeTypes } from './catalog-types.js'

/** Parsed JSON to a catalog. Throws CatalogDamage with the path of the first thing that is wrong. */
export function decodeCatalog(json: unknown): PriceCatalog {
  const head = z.object({ format: z.literal(FORMAT), schemaVersion: z.int() }).safeParse(json)
  if (!head.success) throw new CatalogDamage(`it does not begin with format ${FORMAT} and a schemaVersion`)
  if (head.data.schemaVersion !== SCHEMA_VERSION)
    throw new CatalogDamage(`schemaVersion is ${head.data.schemaVersion}, this program reads ${SCHEMA_VERSION}`)
  const parsed = catalogSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new CatalogDamage(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}`)
  }
  const { sources, names, types, regions, publicIpv4 } = parsed.data
  const indexOf = new Map(names.map((name, index) => [name, index]))
  if (indexOf.size !== names.length) throw new CatalogDamage('names: an instance type is listed twice')

  const known = new Map<string, Source>(
    Object.entries(sources).map(([id, { origin, asOf }]) => [id, { id, origin, asOf }]),
  )
  const decoder: Decoder = {
    names,
    indexOf,
    source: (id, path) => {
      if (!known.has(id)) throw new CatalogDamage(`${path}: source ${id} is not among the sources`)
      return id
    },
  }
  return {
    sources: known,
    ...decodeTypes(types, decoder),
    regions: new Map(Object.entries(regions).map(([name, region]) => [name, decodeRegion(name, region, decoder)])),
    publicIpv4: publicIpv4 && { ...publicIpv4, source: decoder.source(publicIpv4.source, 'publicIpv4.source') },
  }
}

function decodeRegion(name: string, region: RegionText, decoder: Decoder): RegionPrices {
  const path = `regions.${name}`
  const { advice, offerings, ebs, controlPlane } = region
  const checked = <Part extends { readonly source: string }>(
    part: Part | undefined,
    what: string,
  ): Part | undefined => {
    if (part !== undefined) decoder.source(part.source, `${path}.${what}.source`)
    return part
  }
  checked(controlPlane, 'controlPlane')
  checked(ebs, 'ebs')
  region.fargate?.forEach((entry, at) => checked(entry, `fargate.${at}`))
  return {
    name,
    currency: region.currency,
    onDemand: region.onDemand && decodeRates(region.onDemand, `${path}.onDemand`, decoder),
    spot: (region.spot ?? []).map((table, at): SpotTable => {
      const { scope, place } = table
      const { rates, unlisted, source } = decodeRates(table, `${path}.spot.${at}`, decoder)
      return { scope, place, source, rates, unlisted }
    }),
    advice: advice && decodeAdvice(advice, `${path}.advice`, decoder),
    offerings: offerings && decodeOfferings(offerings, `${path}.offerings`, decoder),
    ebs: ebs && { source: ebs.source, perMonth: new Map(Object.entries(ebs.perMonth)) },
    controlPlane,
    fargate: (region.fargate ?? []).map(({ arch, ...rates }) => ({ ...rates, architecture: arch })),
    localZones: new Map(
      Object.entries(region.localZones ?? {}).map(([zone, { kind, onDemand }]): [string, LocalZone] => [
        zone,
        { kind, onDemand: decodeRates(onDemand, `${path}.localZones.${zone}.onDemand`, decoder) },
      ]),
    ),
  }
}

/**
 * Walks a row over the shared index (values in turn, -n skips n names, null is a name without a value) and hands each
 * name and value to `put`.
 */
function eachOf(
  cells: readonly unknown[],
  least: number,
  path: string,
  { names }: Decoder,
  put: (name: string, value: number | null) => void,
): void {
  let next = 0
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at]
    const whole = typeof cell === 'number' && Number.isSafeInteger(cell)
    if (whole && cell < 0) {
      next -= cell
      continue
    }
    const name = names[next++]
    if (name === undefined)
      throw new CatalogDamage(`${path}[${at}]: more values than the ${names.length} instance types`)
    if (cell !== null && !(whole && cell >= least))
      throw new CatalogDamage(`${path}[${at}] (${name}): ${JSON.stringify(cell)} is no whole number from ${least} up`)
    put(name, cell)
  }
}

function decodeRates(
  table: { readonly source: string; readonly rates: readonly unknown[] },
  path: string,
  decoder: Decoder,
): RateTable & { readonly unlisted: ReadonlySet<string> } {
  const rates = new Map<string, number>()
  const unlisted = new Set<string>()
  eachOf(table.rates, 1, `${path}.rates`, decoder, (name, value) =>
    value === null ? unlisted.add(name) : rates.set(name, value),
  )
  return { source: decoder.source(table.source, `${path}.source`), rates, unlisted }
}

type Advice = NonNullable<RegionText['advice']>

/** Codes are 1000 × band + 500 + savings in percent: one saving is negative, and the sum may not be. */
function decodeAdvice({ source, bands, codes }: Advice, path: string, decoder: Decoder): RegionPrices['advice'] {
  const decode = (code: number, name: string) => {
    const band = bands[Math.floor(code / 1000)]
    const savingsPercent = (code % 1000) - 500
    if (band === undefined || savingsPercent >= 100)
      throw new CatalogDamage(`${path}.codes (${name}): ${code} names no band and saving`)
    return { band, savingsPercent }
  }
  // A few hundred codes stand for fifteen thousand entries: equal ones share an object.
  const decoded = new Map<number, ReturnType<typeof decode>>()
  const types = new Map<string, ReturnType<typeof decode>>()
  eachOf(codes, 0, `${path}.codes`, decoder, (name, code) => {
    if (code === null) return
    const advice = decoded.get(code) ?? decode(code, name)
    decoded.set(code, advice)
    types.set(name, advice)
  })
  return { source: decoder.source(source, `${path}.source`), types }
}

type Offerings = NonNullable<RegionText['offerings']>

function decodeOfferings(
  { source, zoneIds, zoneNames }: Offerings,
  path: string,
  decoder: Decoder,
): RegionPrices['offerings'] {
  const sets = new Map<string, TypeSet>(
    Object.entries(zoneIds).map(([id, bits]) => [id, decodeBits(bits, `${path}.zoneIds.${id}`, decoder)]),
  )
  const byName = Object.entries(zoneNames).map(([name, id]): [string, TypeSet] => {
    const set = sets.get(id)
    if (set === undefined) throw new CatalogDamage(`${path}.zoneNames.${name}: ${id} is not among the zone ids`)
    return [name, set]
  })
  return { source: decoder.source(source, `${path}.source`), zoneIds: sets, zoneNames: new Map(byName) }
}

/**
 * Four names to a hex digit, the digit's highest bit first. The bits are looked up when they are asked for: a set of
 * names for each of a hundred zones would be half the time that the whole catalog takes to load.
 */
function decodeBits(bits: string, path: string, { indexOf }: Decoder): TypeSet {
  const digits = Math.ceil(indexOf.size / 4)
  if (bits.length !== digits || !/^[0-9a-f]*$/.test(bits)) throw new CatalogDamage(`${path}: want ${digits} hex digits`)
  const has = (name: string): boolean => {
    const index = indexOf.get(name)
    return index !== undefined && (Number.parseInt(bits.charAt(index >> 2), 16) & (8 >> (index & 3))) !== 0
  }
  return { has }
}
