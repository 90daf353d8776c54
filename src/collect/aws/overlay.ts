import type { AwsInstanceType, AwsPrices, AwsRead, AwsSnapshot, AwsSource } from '../../domain/aws-snapshot.js'
import type { PriceCatalog, RateTable, RegionPrices, SourceId, SpotTable, TypeSet } from '../../domain/catalog.js'
import type { InstanceType, Source } from '../../domain/offering.js'

const CALLS: Partial<Record<AwsSource, string>> = {
  instanceTypes: 'EC2 DescribeInstanceTypes',
  offerings: 'EC2 DescribeInstanceTypeOfferings',
  spotPrices: 'EC2 DescribeSpotPriceHistory',
}

/** Registers a source of live figures, dated by the day on which they were read. */
type Register = (source: AwsSource, readAt: string) => SourceId

/**
 * The catalog with what AWS itself said laid over it. For the region that was asked, live figures win, each with its own
 * source and date; what AWS was not asked about, denied, or left out stays as it was, with the source and date it had.
 * Other regions stay as they were.
 */
export function catalogFromAws(embedded: PriceCatalog, aws: AwsSnapshot): PriceCatalog {
  const sources = new Map<SourceId, Source>(embedded.sources)
  const register: Register = (source, readAt) => {
    const id = `aws-${aws.region}-${source}`
    const origin = `AWS ${CALLS[source] ?? 'Pricing GetProducts'} ${aws.region}`
    sources.set(id, { id, origin, asOf: readAt.slice(0, 10) })
    return id
  }
  const regions = new Map(embedded.regions)
  regions.set(aws.region, regionOf(embedded.regions.get(aws.region), aws, register))
  const types = new Map(embedded.types)
  const typeSources = new Map(embedded.typeSources)
  if (aws.instanceTypes.kind === 'read') {
    const source = register('instanceTypes', aws.instanceTypes.readAt)
    for (const live of aws.instanceTypes.value) {
      types.set(live.name, describedType(live, embedded.types.get(live.name)))
      typeSources.set(live.name, source)
    }
  }
  return { ...embedded, sources, types, typeSources, regions }
}

/** EC2's figures win; what EC2 does not say of a type is what the catalog knows. */
const describedType = (live: AwsInstanceType, known: InstanceType | undefined): InstanceType => {
  const hardware = live.hardware === undefined ? known?.hardware : { ...known?.hardware, ...live.hardware }
  return {
    ...live,
    trunking: known?.trunking ?? false,
    branchEnis: known?.branchEnis,
    measuredOverheadMib: known?.measuredOverheadMib,
    ...(hardware === undefined ? {} : { hardware }),
  }
}

const EMPTY: Omit<RegionPrices, 'name'> = {
  currency: undefined,
  onDemand: undefined,
  spot: [],
  advice: undefined,
  offerings: undefined,
  ebs: undefined,
  controlPlane: undefined,
  fargate: [],
  localZones: new Map(),
}

function regionOf(embedded: RegionPrices | undefined, aws: AwsSnapshot, register: Register): RegionPrices {
  const priced = [aws.onDemand, aws.spotPrices, aws.ebs, aws.controlPlane, aws.fargate].some(isRead)
  const kept: RegionPrices = { ...EMPTY, name: aws.region, ...embedded }
  // One region has one currency: figures in another would be added up with these.
  const base =
    priced && kept.currency !== undefined && kept.currency !== aws.currency
      ? { ...EMPTY, name: aws.region, advice: kept.advice, offerings: kept.offerings }
      : kept
  const { ebs, controlPlane, fargate } = aws
  const whole = ebs.kind === 'read' && (ebs.incomplete === undefined || base.ebs === undefined)
  const others = otherTables(aws, register)
  return {
    ...base,
    ...(priced ? { currency: aws.currency } : {}),
    onDemand: onDemandOf(base.onDemand, aws.onDemand, register),
    ...(others.size === 0 ? {} : { otherOnDemand: others }),
    spot: [...spotTables(aws, register), ...base.spot],
    offerings: offeringsOf(base.offerings, aws, register),
    ebs: whole ? { source: register('ebs', ebs.readAt), perMonth: new Map(Object.entries(ebs.value)) } : base.ebs,
    controlPlane:
      controlPlane.kind === 'read'
        ? { source: register('controlPlane', controlPlane.readAt), ...controlPlane.value }
        : base.controlPlane,
    fargate:
      fargate.kind === 'read'
        ? [
            { source: register('fargate', fargate.readAt), os: 'linux', architecture: 'amd64', ...fargate.value },
            ...base.fargate.filter(({ os, architecture }) => os !== 'linux' || architecture !== 'amd64'),
          ]
        : base.fargate,
  }
}

const isRead = (read: AwsRead<unknown>): boolean => read.kind === 'read'

/** Types that AWS's list lacks keep the price of the catalog, under its own source. */
function onDemandOf(
  embedded: RateTable | undefined,
  live: AwsRead<AwsPrices>,
  register: Register,
): RateTable | undefined {
  if (live.kind !== 'read') return embedded
  const source = register('onDemand', live.readAt)
  const rates = new Map(Object.entries(live.value.rates))
  const elsewhere = [...(embedded?.rates ?? [])].filter(([type]) => !rates.has(type))
  if (embedded === undefined || elsewhere.length === 0) return { source, rates }
  const sources = new Map(elsewhere.map(([type]) => [type, embedded.sources?.get(type) ?? embedded.source]))
  return { source, sources, rates: new Map([...rates, ...elsewhere]) }
}

function otherTables(aws: AwsSnapshot, register: Register): NonNullable<RegionPrices['otherOnDemand']> {
  const named = [
    ['windows', 'windows'],
    ['dedicated', 'dedicated'],
    ['auto-mode', 'autoMode'],
  ] as const
  return new Map(
    named.flatMap(([name, source]) => {
      const read = aws[source]
      if (read.kind !== 'read') return []
      return [[name, { source: register(source, read.readAt), rates: new Map(Object.entries(read.value.rates)) }]]
    }),
  )
}

/**
 * A table for each zone that AWS answered for, and one of the region with the newest price of any zone, for zones of which
 * it said nothing. In a zone that was answered for in full, a type without a price is not to be had as spot.
 */
function spotTables(aws: AwsSnapshot, register: Register): readonly SpotTable[] {
  const { spotPrices, instanceTypes } = aws
  if (spotPrices.kind !== 'read' || spotPrices.value.zones.length === 0) return []
  const source = register('spotPrices', spotPrices.readAt)
  const { zones } = spotPrices.value
  const asked = new Set([
    ...(instanceTypes.kind === 'read' ? instanceTypes.value.map(({ name }) => name) : []),
    ...zones.flatMap(({ prices }) => Object.keys(prices)),
  ])
  const whole = spotPrices.incomplete === undefined
  const byZone = zones.map(({ zone, prices }): SpotTable => ({
    source,
    scope: 'zone-name',
    place: zone,
    rates: new Map(Object.entries(prices).map(([type, { rate }]) => [type, rate])),
    unlisted: new Set(whole ? [...asked].filter((type) => !Object.hasOwn(prices, type)) : []),
  }))
  const newest = new Map<string, { readonly rate: number; readonly since: string }>()
  for (const { prices } of zones)
    for (const [type, price] of Object.entries(prices)) {
      const best = newest.get(type)
      const wins =
        best === undefined || price.since > best.since || (price.since === best.since && price.rate > best.rate)
      if (wins) newest.set(type, price)
    }
  const ofRegion: SpotTable = {
    source,
    scope: 'region',
    place: aws.region,
    rates: new Map([...newest].map(([type, { rate }]) => [type, rate])),
    unlisted: new Set(),
  }
  return [...byZone, ofRegion]
}

/** Zones by the user's own names, which the catalog cannot know; by id where an answer named it. */
function offeringsOf(
  embedded: RegionPrices['offerings'],
  aws: AwsSnapshot,
  register: Register,
): RegionPrices['offerings'] {
  const { offerings, askedTypes } = aws
  if (offerings.kind !== 'read') return embedded
  const ids = zoneIdsOf(aws)
  const asked = askedTypes === undefined ? undefined : new Set(askedTypes)
  const zoneNames = new Map<string, TypeSet>()
  const zoneIds = new Map<string, TypeSet>()
  for (const [zone, names] of Object.entries(offerings.value)) {
    const live = new Set(names)
    const id = ids.get(zone)
    const known = (id === undefined ? undefined : embedded?.zoneIds.get(id)) ?? embedded?.zoneNames.get(zone)
    const set: TypeSet = {
      has: (type) => (asked === undefined || asked.has(type) ? live.has(type) : (known?.has(type) ?? false)),
    }
    zoneNames.set(zone, set)
    if (id !== undefined) zoneIds.set(id, set)
  }
  return { source: register('offerings', offerings.readAt), zoneIds, zoneNames }
}

/** Ids of the account's zones by name, as subnets and spot prices tell them. */
export function zoneIdsOf({ spotPrices, subnets }: AwsSnapshot): ReadonlyMap<string, string> {
  const named = [
    ...(spotPrices.kind === 'read' ? spotPrices.value.zones : []),
    ...(subnets.kind === 'read' ? subnets.value : []),
  ]
  return new Map(named.flatMap(({ zone, zoneId }) => (zoneId === undefined ? [] : [[zone, zoneId]])))
}
