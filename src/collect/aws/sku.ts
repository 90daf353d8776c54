import type { AwsAmbiguity, AwsPrices } from '../../domain/aws-snapshot.js'
import type { PriceItem } from './price-item.js'

/** Which machines' prices are wanted. */
export type SkuKind = {
  readonly operatingSystem: 'Linux' | 'Windows'
  readonly tenancy: 'Shared' | 'Dedicated'
  /** Bare metal alone: some metal types are listed as dedicated only, which is what bare metal is. */
  readonly metalOnly?: boolean
}

/** EC2's code of the licence that an instance is run with: Linux none, Windows its own; SQL Server and others differ. */
export const OPERATIONS = { Linux: 'RunInstances', Windows: 'RunInstances:0002' } as const
const BARE_METAL = 'Compute Instance (bare metal)'
const USAGE = { Shared: 'BoxUsage', Dedicated: 'DedicatedUsage' } as const

/**
 * Whether the entry is the price of an hour of this machine as it is run. Every attribute that AWS varies is held, although
 * the query asked for most of them: reservations that stand unused, licences brought along, software on the image,
 * dedicated hosts, capacity blocks and Local Zones are other prices of the same type.
 */
export function isHourOf(item: PriceItem, region: string, kind: SkuKind): boolean {
  const { attributes, family, unit, rate } = item
  const type = attributes['instanceType'] ?? ''
  const want: Readonly<Record<string, string>> = {
    operatingSystem: kind.operatingSystem,
    tenancy: kind.tenancy,
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    licenseModel: 'No License required',
    operation: OPERATIONS[kind.operatingSystem],
  }
  /** Older entries leave these out. */
  const wantIfThere: Readonly<Record<string, string>> = {
    regionCode: region,
    marketoption: 'OnDemand',
    locationType: 'AWS Region',
  }
  return (
    rate !== undefined &&
    unit === 'Hrs' &&
    (family === 'Compute Instance' || family === BARE_METAL) &&
    (kind.metalOnly !== true || family === BARE_METAL) &&
    Object.entries(want).every(([name, value]) => attributes[name] === value) &&
    Object.entries(wantIfThere).every(([name, value]) => (attributes[name] ?? value) === value) &&
    isUsage(attributes['usagetype'] ?? '', USAGE[kind.tenancy], type)
  )
}

/** `BoxUsage:m5.large` in us-east-1, `EUC1-BoxUsage:m5.large` elsewhere; the first type of all has no name in it. */
function isUsage(usagetype: string, usage: string, type: string): boolean {
  const [, found, name = type] = /^(?:[A-Z0-9]+-)?([A-Za-z]+)(?::(.+))?$/.exec(usagetype) ?? []
  return type !== '' && found === usage && name === type
}

/**
 * One price for each type. Where several SKUs are left that differ, the largest is taken, so that no saving is promised
 * that may not be there, and the type is reported.
 */
export function pricesOf(items: readonly PriceItem[], typeOf: (item: PriceItem) => string | undefined): AwsPrices {
  const found = new Map<string, Set<number>>()
  for (const item of items) {
    const type = typeOf(item)
    if (type === undefined || item.rate === undefined) continue
    found.set(type, (found.get(type) ?? new Set()).add(item.rate))
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    rates: Object.fromEntries(sorted.map(([type, rates]) => [type, Math.max(...rates)])),
    ambiguous: sorted
      .filter(([, rates]) => rates.size > 1)
      .map(([type, rates]): AwsAmbiguity => ({ type, rates: [...rates].sort((a, b) => a - b) })),
  }
}
