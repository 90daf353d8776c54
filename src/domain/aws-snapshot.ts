import type { InstanceType } from './offering.js'

/**
 * What AWS said about one region and one account, each answer with the time it was given. Plain JSON: it goes into a
 * collect file as one object of this kind beside the Kubernetes objects, and a run that reads it there computes the same
 * as the run that asked.
 */
export const AWS_SNAPSHOT = { apiVersion: 'k8s-cost/v1', kind: 'AwsSnapshot' } as const

/**
 * One source of figures. `denied` costs its own figures only; `skipped` was not asked, with the reason, and is nothing
 * that a reader must act on.
 */
export type AwsRead<Value> =
  | {
      readonly kind: 'read'
      /** When AWS was asked, ISO: of an answer from the disk cache, when it was fetched. */
      readonly readAt: string
      readonly value: Value
      /** What is missing, where the answer broke off or parts of it could not be read. */
      readonly incomplete?: string
    }
  | { readonly kind: 'denied'; readonly action: string; readonly permission: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'skipped'; readonly why: string }

/** A type as EC2 describes it: trunking, branch interfaces and the memory that Linux sees are not in its answer. */
export type AwsInstanceType = Omit<InstanceType, 'status' | 'trunking' | 'branchEnis' | 'measuredOverheadMib'> & {
  readonly status: 'current' | 'previous'
}

/** By instance type, per hour, in whole millionths of the currency. */
export type AwsRates = Readonly<Record<string, number>>

/** Several SKUs of one type that differ in price; the largest was taken. */
export type AwsAmbiguity = { readonly type: string; readonly rates: readonly number[] }

export type AwsPrices = {
  readonly rates: AwsRates
  readonly ambiguous: readonly AwsAmbiguity[]
}

/** The newest price of a type in a zone, and the lowest and highest in force during the days that were read. */
export type AwsSpotPrice = {
  readonly rate: number
  /** Since when it is in force, ISO. */
  readonly since: string
  readonly min: number
  readonly max: number
}

export type AwsSpotZone = {
  readonly zone: string
  /** The same for every account, unlike the zone's name; absent where EC2 did not give it. */
  readonly zoneId?: string
  readonly prices: Readonly<Record<string, AwsSpotPrice>>
}

export type AwsSpotPrices = {
  readonly days: number
  /** Linux, sorted by zone. */
  readonly zones: readonly AwsSpotZone[]
}

/** An instance of the cluster. A field that is absent is one that EC2 did not give. */
export type AwsInstance = {
  readonly id: string
  readonly type: string
  readonly zone: string
  /** EC2's `InstanceLifecycle`; absent for an on-demand instance. */
  readonly lifecycle?: string
  readonly capacityReservationId?: string
  /** `default`, `dedicated` or `host`. */
  readonly tenancy: string
  /** EC2's `PlatformDetails`, e.g. `Linux/UNIX` or `Windows`. */
  readonly platform: string
  readonly subnetId?: string
  readonly vpcId?: string
  /** It has a public IPv4 address, which is billed. */
  readonly publicIpv4: boolean
  /** Tag `aws:autoscaling:groupName`. */
  readonly autoScalingGroup?: string
  /** The node that it was found by, by its private DNS name: one that names no instance. */
  readonly nodeName?: string
}

export type AwsSubnet = {
  readonly id: string
  readonly vpcId: string
  readonly zone: string
  readonly zoneId?: string
  readonly cidr: string
  readonly freeIpv4: number
  readonly ipv6: boolean
}

/** Active Reserved Instances of one purchase. */
export type AwsReservedInstances = {
  readonly id: string
  readonly type: string
  readonly count: number
  /** Bound to this zone; absent for regional ones. */
  readonly zone?: string
  readonly platform: string
  readonly tenancy: string
  readonly offeringClass: string
  /** ISO. */
  readonly end: string
  /** What one costs per hour, upfront payment spread over its term; absent where EC2 did not say all of it. */
  readonly hourlyMicro?: number
}

/** A Savings Plan: so much per hour is owed, used or not. */
export type AwsSavingsPlan = {
  readonly id: string
  /** `Compute`, `EC2Instance`, … */
  readonly type: string
  /** Only of plans for one family in one region. */
  readonly family?: string
  readonly region?: string
  readonly commitmentMicroPerHour: number
  readonly currency: string
  readonly end: string
  /** Linux, shared tenancy, in this region; absent where they could not be read. */
  readonly rates?: AwsRates
}

export type AwsClusterFacts = {
  readonly name: string
  readonly version?: string
  readonly vpcId?: string
  /** Its version is in extended support, which costs more; absent where EKS did not say. */
  readonly extendedSupport?: boolean
  /** EKS Auto Mode is on. */
  readonly autoMode: boolean
}

export type AwsNodeGroup = {
  readonly name: string
  readonly capacityType?: string
  readonly instanceTypes: readonly string[]
  readonly amiType?: string
  readonly minSize?: number
  readonly maxSize?: number
  readonly desiredSize?: number
  readonly diskGib?: number
  readonly subnets: readonly string[]
}

/** Rates of Fargate on EKS for Linux on x86, the only ones that EKS has. */
export type AwsFargate = { readonly vcpuHour: number; readonly gbHour: number }

/** EKS's fee per cluster and hour; `extended` includes the standard fee. */
export type AwsControlPlane = { readonly standard: number; readonly extended: number }

export type AwsSnapshot = {
  readonly apiVersion: typeof AWS_SNAPSHOT.apiVersion
  readonly kind: typeof AWS_SNAPSHOT.kind
  /** Every Kubernetes object has a name; this one's is the region's. */
  readonly metadata: { readonly name: string }
  readonly region: string
  /** Of every figure; none of the Pricing API is kept in another. */
  readonly currency: string
  /** Undefined: every type of the region was asked about. */
  readonly askedTypes?: readonly string[]
  /** Zones whose spot prices were asked for; undefined: all. */
  readonly askedZones?: readonly string[]

  readonly instanceTypes: AwsRead<readonly AwsInstanceType[]>
  /** Types offered, by zone name. */
  readonly offerings: AwsRead<Readonly<Record<string, readonly string[]>>>
  readonly spotPrices: AwsRead<AwsSpotPrices>
  readonly instances: AwsRead<readonly AwsInstance[]>
  /** Those of the VPC that the nodes are in. */
  readonly subnets: AwsRead<readonly AwsSubnet[]>
  readonly reservedInstances: AwsRead<readonly AwsReservedInstances[]>

  /** Linux, shared tenancy (bare metal: as it is sold). */
  readonly onDemand: AwsRead<AwsPrices>
  readonly windows: AwsRead<AwsPrices>
  readonly dedicated: AwsRead<AwsPrices>
  /** What EKS Auto Mode adds to the price of an instance. */
  readonly autoMode: AwsRead<AwsPrices>
  /** By name as in `RegionPrices.ebs`, e.g. `gp3GbMonth`: per month and unit. */
  readonly ebs: AwsRead<AwsRates>
  readonly controlPlane: AwsRead<AwsControlPlane>
  readonly fargate: AwsRead<AwsFargate>

  readonly savingsPlans: AwsRead<readonly AwsSavingsPlan[]>
  readonly cluster: AwsRead<AwsClusterFacts>
  readonly nodeGroups: AwsRead<readonly AwsNodeGroup[]>
}

/** The parts of a snapshot that were read from AWS one by one. */
export type AwsSource = {
  [Key in keyof AwsSnapshot]-?: AwsSnapshot[Key] extends AwsRead<unknown> ? Key : never
}[keyof AwsSnapshot]
