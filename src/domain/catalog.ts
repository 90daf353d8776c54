import type { Architecture, InstanceType, Price, Source, SpotAdvice } from './offering.js'

/** Id of a `Source` of the catalog: which repository or API a table of figures was read from, and when. */
export type SourceId = string

/**
 * One kind of price in one place, read at one time. `rates` is by instance type, per hour, in millionths of the
 * region's currency; a type that is absent has no price here.
 */
export type RateTable = {
  readonly source: SourceId
  /** Types that were read elsewhere than the others: live prices are laid over those of the package, type by type. */
  readonly sources?: ReadonlyMap<string, SourceId>
  readonly rates: ReadonlyMap<string, number>
}

/** Names of instance types. A Set will do; the catalog file answers from its bits. */
export type TypeSet = Pick<ReadonlySet<string>, 'has'>

/** Spot prices that were seen, of a whole region or of one zone, whose id or name is `place`. */
export type SpotTable = RateTable & {
  readonly scope: 'region' | 'zone-id' | 'zone-name'
  readonly place: string
  /** Types that were looked up there and had no spot price: not to be had, which is more than not known. */
  readonly unlisted: ReadonlySet<string>
}

/** A place beside the zones of its region, with on-demand prices of its own. */
export type LocalZone = { readonly kind: 'local-zone' | 'wavelength'; readonly onDemand: RateTable }

/** Per vCPU and per GB of the size that Fargate bills, licence of the operating system included, per hour. */
export type FargateRates = {
  readonly source: SourceId
  readonly os: 'linux' | 'windows'
  readonly architecture: Architecture
  readonly vcpuHour: number
  readonly gbHour: number
}

/** What is known of one region; a part that is undefined was not read for it. All money in millionths of `currency`. */
export type RegionPrices = {
  readonly name: string
  /** Undefined where the catalog has no on-demand price of the region. */
  readonly currency: string | undefined
  /** Linux, shared tenancy. */
  readonly onDemand: RateTable | undefined
  /** Windows with its licence, Linux on dedicated tenancy, what EKS Auto Mode adds to an instance; as far as read live. */
  readonly otherOnDemand?: ReadonlyMap<'windows' | 'dedicated' | 'auto-mode', RateTable>
  readonly spot: readonly SpotTable[]
  readonly advice:
    { readonly source: SourceId; readonly types: ReadonlyMap<string, Omit<SpotAdvice, 'asOf'>> } | undefined
  /** Types offered by zone. Ids are the same for every account; names are those of the account that was asked. */
  readonly offerings:
    | {
        readonly source: SourceId
        readonly zoneIds: ReadonlyMap<string, TypeSet>
        readonly zoneNames: ReadonlyMap<string, TypeSet>
      }
    | undefined
  /** By name of the figure, e.g. `gp3GbMonth`: per month and unit, as the name says. */
  readonly ebs: { readonly source: SourceId; readonly perMonth: ReadonlyMap<string, number> } | undefined
  /** EKS's fee for a cluster per hour, in standard and in extended support. */
  readonly controlPlane: { readonly source: SourceId; readonly standard: number; readonly extended: number } | undefined
  readonly fargate: readonly FargateRates[]
  /**
   * By name: a Wavelength Zone's is the zone name (`us-east-1-wl1-bos-wlz-1`), a Local Zone's lacks the letter that ends
   * its zone names (`us-west-2-lax-1` for `us-west-2-lax-1a`).
   */
  readonly localZones: ReadonlyMap<string, LocalZone>
}

/** Everything that was read about machines and prices, whichever way: the file in the package, or AWS itself. */
export type PriceCatalog = {
  readonly sources: ReadonlyMap<SourceId, Source>
  readonly types: ReadonlyMap<string, InstanceType>
  /** Where each type's figures come from; two columns that EC2 does not give have sources of their own. */
  readonly typeSources: ReadonlyMap<string, SourceId>
  readonly branchEniSource: SourceId | undefined
  readonly memoryOverheadSource: SourceId | undefined
  readonly regions: ReadonlyMap<string, RegionPrices>
  /** A public IPv4 address in use, micro-dollars per hour, in every region priced in US dollars. */
  readonly publicIpv4: { readonly source: SourceId; readonly inUse: number } | undefined
}

/** A price per month, for what AWS bills by the month. */
export type MonthlyPrice =
  | { readonly kind: 'known'; readonly microUsdPerMonth: number; readonly source: string }
  | { readonly kind: 'unknown'; readonly why: string }

/** What a vCPU and a GiB are worth, to split the cost of a node between them. */
export type UnitRates = {
  readonly microUsdPerCoreHour: number
  readonly microUsdPerGibHour: number
  /** Which prices they were solved from. */
  readonly basis: string
}

/** What makes an hour of one instance type another price: the licence of Windows, hardware of its own. */
export type RunAs = {
  readonly windows: boolean
  readonly tenancy: 'shared' | 'dedicated' | 'host'
  /**
   * A node of EKS Auto Mode, which costs a fee beside the instance. `new`: where the fees of some types are known, one of
   * another type is not to be had; a `live` one has its price without the fee then.
   */
  readonly autoMode?: 'live' | 'new'
}

/**
 * The prices of one region. A price that is not listed is unknown, with the reason; it is never taken from another
 * region or another type.
 */
export type PriceBook = {
  readonly region: string | undefined
  /** The catalog has on-demand prices of this region. */
  readonly regionKnown: boolean
  readonly currency: string | undefined
  /** Dates of the oldest and of the newest on-demand prices of the region; Local Zones have dates of their own. */
  readonly asOf: { readonly oldest: string; readonly newest: string } | undefined
  /** Date of a type's on-demand price in the region; undefined where it has none. */
  readonly listedOn: (type: string) => string | undefined
  /** What spot prices of the region rest on, in one line. */
  readonly spotPriceNote: string
  /** Without `runAs`: Linux on shared hardware. */
  readonly onDemand: (type: string, zone?: string, runAs?: RunAs) => Price
  readonly spot: (type: string, zone: string | undefined, zoneId: string | undefined, runAs?: RunAs) => Price
  readonly spotAdvice: (type: string) => SpotAdvice | undefined
  /** Undefined where the catalog does not know the zone. */
  readonly offered: (type: string, zone: string | undefined, zoneId: string | undefined) => boolean | undefined
  readonly fargate: (vcpu: number, memoryGb: number, architecture: Architecture, os: 'linux' | 'windows') => Price
  readonly controlPlane: (extended: boolean) => Price
  readonly publicIpv4: () => Price
  /** A GB of an EBS volume for a month; `kind` is `gp3`, `gp2`, `io1`, `io2`, `st1` or `sc1`. */
  readonly ebsGbMonth: (kind: string) => MonthlyPrice
  readonly types: () => readonly InstanceType[]
  readonly type: (name: string) => InstanceType | undefined
  readonly coreAndMemoryRates: () => UnitRates
}
