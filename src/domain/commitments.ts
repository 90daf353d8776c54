import type { Cost } from './cluster.js'
import type { MicroUsdPerHour } from './units.js'

/**
 * What the account has promised to pay, whether it is used or not, and what of it these nodes can use. Every figure takes
 * it that nodes of this cluster come first: other machines of the account may use the same commitments.
 */
export type Commitments = {
  readonly reserved: readonly ReservedCommitment[]
  readonly savingsPlans: readonly SavingsPlanCommitment[]
  /** Why they are not all: a source that was denied or broke off. */
  readonly missing: readonly string[]
  readonly today: CoveredNodes
  /** Of the recommended plan; absent without one. */
  readonly plan?: CoveredNodes
  /** When the last commitment ends of which the plan uses less than today; absent where it uses none less. */
  readonly lessUsedUntil?: string
  /** What the nodes cost with the discounts; absent: `whyNoEstimate` says which figure lacks. */
  readonly estimate?: { readonly today: MicroUsdPerHour; readonly plan: MicroUsdPerHour }
  readonly whyNoEstimate?: string
}

/** The nodes of today or of a plan, at list prices, by whether a commitment covers them. */
export type CoveredNodes = {
  /** List price per hour of what commitments cover, in whole or in part. */
  readonly covered: MicroUsdPerHour
  /** All nodes at list prices, covered or not. */
  readonly list: Cost
}

export type CommitmentUse = {
  /** In instances of the type of the reservation (a fraction where sizes share it); in micro-dollars per hour for plans. */
  readonly amount: number
  /** Nodes that it covers, in whole or in part, by name. */
  readonly nodes: readonly string[]
}

/** Reserved Instances of one kind, bought for the same time. */
export type ReservedCommitment = {
  readonly instanceType: string
  readonly count: number
  /** Bound to this zone; absent for regional ones. */
  readonly zone?: string
  /** It covers any size of its family, in proportion. */
  readonly sizeFlexible: boolean
  readonly platform: string
  readonly tenancy: string
  readonly offeringClass: string
  /** ISO. */
  readonly end: string
  /** What one of them costs per hour, upfront payment spread over the term; absent where AWS did not say it. */
  readonly each?: MicroUsdPerHour
  /** List price of one on-demand; absent where it has none. */
  readonly listEach?: MicroUsdPerHour
  readonly today: CommitmentUse
  readonly plan?: CommitmentUse
}

export type SavingsPlanCommitment = {
  readonly id: string
  readonly kind: 'EC2Instance' | 'Compute'
  readonly family?: string
  readonly region?: string
  readonly commitment: MicroUsdPerHour
  /** ISO. */
  readonly end: string
  /** Whether its own rates are known for all that it covers; at list prices it covers more than is said here. */
  readonly rated: boolean
  readonly today: CommitmentUse
  readonly plan?: CommitmentUse
}
