import type { MicroUsdPerHour } from './units.js'

export type Architecture = 'amd64' | 'arm64'

/** How a node is paid for. `fargate` and `hybrid` nodes are no EC2 instances of the account. */
export type CapacityType = 'on-demand' | 'spot' | 'reserved' | 'capacity-block' | 'fargate' | 'hybrid'

type Paid = { readonly capacityType: CapacityType | undefined }

/** Where nothing says how a node is paid for, it is taken as on-demand. */
export const capacityTypeOf = ({ capacityType }: Paid): CapacityType => capacityType ?? 'on-demand'

export const isOnSpot = ({ capacityType }: Paid): boolean => capacityType === 'spot'

/** A device that pods ask for by an extended resource, e.g. 4 × `nvidia.com/gpu`. */
export type Accelerator = {
  readonly kind: 'gpu' | 'neuron' | 'other'
  readonly manufacturer: string
  readonly name: string
  readonly count: number
  /** Memory of one device; absent where EC2 gives none. */
  readonly memoryMib?: number
  /** NeuronCores of one device (`aws.amazon.com/neuroncore`); absent for other kinds. */
  readonly coresPerDevice?: number
}

/** Figures that provisioners put into node labels, which pods and NodePools may select on; absent: not known. */
export type Hardware = {
  readonly encryptionInTransit: boolean
  /** Local NVMe disks, each of which takes a slot of a `shared` attachment limit. */
  readonly localNvmeDisks: number
  /** `Intel`, `AMD`, `AWS` or `Apple`. */
  readonly cpuManufacturer?: string
  readonly clockMhz?: number
  /** Of the whole instance, without bursting. */
  readonly networkBaselineMbps?: number
  readonly ebsMaxMbps?: number
}

/** The machine as EC2 describes it; figures of `DescribeInstanceTypes` unless said otherwise. */
export type InstanceType = {
  readonly name: string
  readonly family: string
  readonly size: string
  /** The first number of the family name; undefined where the name has none. */
  readonly generation: number | undefined
  /** `retired`: no longer in EC2's answer, kept because clusters may still run it. */
  readonly status: 'current' | 'previous' | 'retired'
  readonly vcpus: number
  /** What EC2 sells; the operating system sees less (`measuredOverheadMib`). */
  readonly memoryMib: number
  readonly architectures: readonly Architecture[]
  readonly usageClasses: readonly ('on-demand' | 'spot' | 'capacity-block')[]
  /** Undefined for bare metal: EC2 gives none there. */
  readonly hypervisor: 'nitro' | 'xen' | undefined
  readonly bareMetal: boolean
  readonly burstable: boolean
  readonly accelerators: readonly Accelerator[]
  readonly localStorageGb: number
  /** Interfaces of the default network card: the `E` of the max-pods formula. */
  readonly enis: number
  /** Interfaces of all network cards together (kOps counts these). */
  readonly enisAllCards: number
  readonly ipv4PerEni: number
  /** 0: the type does not support IPv6. */
  readonly ipv6PerEni: number
  readonly trunking: boolean
  /** Pods with their own security groups (`vpc.amazonaws.com/pod-eni`); undefined where not known. */
  readonly branchEnis: number | undefined
  /** Elastic Fabric Adapter interfaces at most; 0 without EFA. */
  readonly maxEfa: number
  /** `shared`: volumes share their slots with network interfaces and local NVMe disks. */
  readonly ebsAttachmentLimit: { readonly kind: 'shared' | 'dedicated'; readonly count: number } | undefined
  /** EC2 memory that Linux did not see on measured nodes, in MiB; undefined for types nobody measured. */
  readonly measuredOverheadMib: { readonly min: number; readonly max: number } | undefined
  /** Absent where only the figures above were read. */
  readonly hardware?: Hardware
}

/** Where a figure comes from, and how old it is. `asOf` is an ISO date or the catalog's own words where no date is known. */
export type Source = { readonly id: string; readonly origin: string; readonly asOf: string }

/**
 * What an offering costs per hour. `basis` says how sure it is: AWS's list, a price seen on the spot market, or an
 * estimate derived from the list. Unknown is a case of its own, never 0.
 */
export type Price =
  | {
      readonly kind: 'known'
      readonly rate: MicroUsdPerHour
      /** The instance alone, where `rate` holds fees too; absent where it holds none. */
      readonly instanceRate?: MicroUsdPerHour
      readonly basis: 'list' | 'observed' | 'estimate'
      /** For the `price_source` column, e.g. `on-demand list 2026-07-20` or `spot estimate 2025-06-28`. */
      readonly source: string
    }
  | { readonly kind: 'unknown'; readonly why: string }

/** EC2's Spot Advisor: how often the type was interrupted last month, and the saving against on-demand, in whole percents. */
export type SpotAdvice = { readonly band: string; readonly savingsPercent: number; readonly asOf: string }
