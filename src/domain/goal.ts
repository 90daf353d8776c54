import type { LowerBound, Plan } from './plan.js'
import type { Bytes, MilliCpu } from './units.js'

/** Which capacity types new nodes may have. */
export type CapacityPolicy =
  /** Each group keeps the capacity types that it has today. */
  | { readonly kind: 'as-is' }
  | { readonly kind: 'on-demand' }
  /** Spot nodes hold at most this share of the allocatable CPU, and only pods that are fit for it. */
  | { readonly kind: 'spot'; readonly share: number }

/** What a plan is wanted for. */
export type Goal =
  /** Only nodes of today, only fewer of them. */
  | { readonly kind: 'repack' }
  | { readonly kind: 'cheapest'; readonly policy: CapacityPolicy }
  /** The fewest nodes whose cost is within this share above the cheapest plan's. */
  | { readonly kind: 'fewest'; readonly policy: CapacityPolicy; readonly margin: number }

/** The cheapest plan in which each group keeps its capacity types. */
export const AS_IS: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }

/** What the default scheduler makes of a plan's nodes. */
export type Replay = {
  /** Pods left over when it refills them from empty, in the worst of several orders. */
  readonly unplaced: number
  /** The plan with the nodes that it takes to place all of them; undefined when no number of nodes did. */
  readonly realised: Plan | undefined
  /** How that plan fares in orders that no search has seen; worked out when it is asked for. Absent: nobody can ask. */
  readonly further?: () => FurtherOrders
}

/** What refills in so many orders came to. */
export type FurtherOrders = {
  readonly orders: number
  /** Orders that left pods over. */
  readonly failing: number
  /** Pods left over in the worst of them. */
  readonly unplaced: number
}

/** What could be changed in a cluster so that the scheduler rebuilds cheaper plans by itself. */
export type Change = {
  /** Priority classes by size: while pods wait, the big ones come first. */
  readonly bigFirst?: boolean
  /**
   * A taint and a label for each node group, or for those only that cost more in the plan without a change than today, so
   * that their pods are on their own nodes and no others are there.
   */
  readonly ownPools?: 'all' | 'grown'
  /** NodeResourcesFit scores by MostAllocated. */
  readonly mostAllocated?: boolean
}

/** Pods from so much CPU or so much memory up, and how many workloads have such pods that no higher class takes. */
export type PriorityClass = { readonly cpu: MilliCpu; readonly memory: Bytes; readonly workloads: number }

/** What a change would be good for. */
export type Changed = {
  readonly change: Change
  /** Empty unless big pods come first; the highest first. */
  readonly classes: readonly PriorityClass[]
  /** Node groups that have pools of their own then. */
  readonly pools: readonly string[]
  /** Pods that the plan as packed leaves over then, in the worst of several orders. */
  readonly packedUnplaced: number
  /** The cheapest plan found that the scheduler then fills by itself; undefined: none was found. */
  readonly proven: ProvenPlan | undefined
}

/** A change in the cluster without which the scheduler would leave pods of a plan over. */
export type Needs = Pick<Changed, 'change' | 'classes'> & {
  /** Pods that it leaves over on today's nodes, in the worst of several orders. */
  readonly unplacedToday: number
}

/** A plan with what can be said for it. */
export type ProvenPlan = {
  readonly plan: Plan
  readonly bound: LowerBound
  /** Nodes that carry more than a guard rail of the user allows, for want of a better plan. */
  readonly breaches: number
  /** Undefined where the cluster is too large for the replay. */
  readonly replay: () => Replay | undefined
}

/** What the default scheduler can fill by itself, in whatever order the pods come. */
export type Rebuildable = {
  /** The cheapest plan found; undefined: none was found. */
  readonly proven: ProvenPlan | undefined
  /** What a change in the cluster would be good for, searched for from there; undefined where it concerns nothing. */
  readonly changed: (change: Change) => Changed | undefined
}

/** A plan with few nodes, or with small ones, for its cost. */
export type FrontierPlan = {
  readonly proven: ProvenPlan
  /** No plan with at most as many nodes costs less, or none within `maxNodeShare`. */
  readonly bound: LowerBound
  /** No node may carry more than this share of what is requested today; absent: it is the number of nodes that counts. */
  readonly maxNodeShare?: number
  /** Pods left over when the default scheduler refills its nodes, as in `Replay`; undefined: too large to try. */
  readonly refillUnplaced: () => number | undefined
}

/** Answers for one cluster, whatever the order of the questions. */
export type PlanSource = {
  /** Everything as it stands, with the bound of the goal that it is measured against. */
  readonly today: (goal: Goal) => ProvenPlan
  readonly plan: (goal: Goal) => ProvenPlan
  /** A plan of this source as an answer to another question; undefined for any other plan. */
  readonly reconsider: (plan: Plan, goal: Goal) => ProvenPlan | undefined
  /** Pods of a plan of this source that a refill leaves over; undefined: not known, and too large to ask; absent: nobody asks. */
  readonly refillUnplaced?: (plan: Plan) => number | undefined
  /** The same with node groups laid out anew where it has spot nodes that the goal rules out; absent: nobody does that. */
  readonly adapt?: (plan: Plan, goal: Goal) => ProvenPlan | undefined
  /**
   * Plans that the default scheduler fills by itself; undefined where the cluster is too large for the search. `known`: other
   * plans of this source, as starts.
   */
  readonly rebuildable: (policy: CapacityPolicy, known: readonly ProvenPlan[]) => Rebuildable | undefined
}
