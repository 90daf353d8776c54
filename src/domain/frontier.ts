import type { PlanSurvival } from './blast-radius.js'
import type { CapacityType } from './offering.js'
import type { LowerBound, Plan } from './plan.js'
import type { Resources } from './resources.js'

/** A plan for its number and size of nodes. */
export type FrontierPoint = {
  readonly plan: Plan
  /** No plan with at most as many nodes costs less, or none within `maxNodeShare`. */
  readonly lowerBound: LowerBound
  /** No node may carry more than this share of what is requested today; absent: it is the number of nodes that counts. */
  readonly maxNodeShare?: number
  readonly largestNodeShare: number | undefined
  /** Pods left over when an imitation of the default scheduler refills the nodes from empty; undefined: not tried. */
  readonly refillUnplaced: number | undefined
  /** Whether the pods of a lost node or zone find a place on the others; absent: not looked at. */
  readonly survival?: PlanSurvival
}

/** What a vCPU of one family costs from size to size, at one capacity type. */
export type FamilyPrices = {
  readonly family: string
  readonly capacityType: CapacityType
  /** Smallest first; micro-dollars per hour and vCPU, in the cheapest zone. */
  readonly sizes: readonly { readonly instanceType: string; readonly perVcpu: number }[]
}

/** Cost against number of nodes. */
export type Frontier =
  | {
      readonly kind: 'planned'
      /** The cheapest first, the fewest nodes last; at least one. No other plan beats one of them in both. */
      readonly points: readonly FrontierPoint[]
      /** With more and smaller nodes than the cheapest, the largest nodes first. */
      readonly smaller: readonly FrontierPoint[]
      /** Of the families that these plans use most, one for each capacity type. */
      readonly families: readonly FamilyPrices[]
      /** Requests of DaemonSets and static pods that the last plan has less than the first. */
      readonly overheadSaved: Pick<Resources, 'cpu' | 'memory'>
    }
  | { readonly kind: 'none'; readonly why: string }
