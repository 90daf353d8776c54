import type { MixRails } from './node-mix.js'

/** What the user allows; shares from 0 to 1, undefined where nothing was said. */
export type WantedRails = Omit<MixRails, 'zones'> & {
  /** Share of CPU and of memory that stays free. */
  readonly headroom: number
  readonly minNodes: number | undefined
  /** Of all requests, on any one node. */
  readonly maxNodeShare: number | undefined
  /** Of all requests, in any one zone. */
  readonly maxZoneShare?: number | undefined
  /** Of one workload's replicas. */
  readonly maxNodeReplicaShare?: number | undefined
  readonly maxZoneReplicaShare?: number | undefined
  /** What a new node counts for beyond its price when plans are compared, as a share of it. */
  readonly preferExisting?: number
}
