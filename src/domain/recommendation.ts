import type { BlastRadius, PlanSurvival } from './blast-radius.js'
import type { Bill, Cluster, Cost, Node } from './cluster.js'
import type { Commitments } from './commitments.js'
import type { Frontier } from './frontier.js'
import type { Change, Changed, FurtherOrders, Needs } from './goal.js'
import type { InstanceType, SpotAdvice } from './offering.js'
import type { LowerBound, Plan } from './plan.js'
import type { PreferenceChange } from './preferences.js'
import type { Pod, Workload } from './pod.js'
import type { Resources } from './resources.js'
import type { Finding } from './snapshot.js'
import type { MicroUsdPerHour } from './units.js'

export type ScenarioId =
  | 'current'
  | 'repack'
  | 'fewer-larger'
  | 'cheapest-on-demand'
  | 'spot-30'
  | 'spot-50'
  | 'spot-70'
  | 'spot-max'
  | 'recommended'
  | 'prefix-delegation'

/** Requests ÷ allocatable over packed nodes, DaemonSets included; undefined where nothing is packed. */
export type Efficiency = {
  readonly cpu: number | undefined
  readonly memory: number | undefined
  readonly podSlots: number | undefined
}

/** Spot machines of one instance type in one zone are a pool: they are taken back together. */
export type SpotPools = {
  readonly pools: number
  /** Allocatable CPU of the largest one ÷ that of all spot nodes. */
  readonly largestShare: number
}

/** More of the allocatable CPU on spot than the user's limit allows. */
export type BeyondSpotLimit = { readonly wanted: number; readonly share: number }

export type Scenario = {
  readonly id: ScenarioId
  /** One line for people: what this scenario is. */
  readonly title: string
  readonly outcome:
    | {
        readonly kind: 'planned'
        readonly plan: Plan
        readonly feasible: boolean
        readonly spotShare: number | undefined
        readonly efficiency: Efficiency
        readonly largestNodeShare: number | undefined
        readonly lowerBound: LowerBound | undefined
        /** Pods that run now and would be on another node. */
        readonly moves: number
        /** Absent: nothing is on spot. */
        readonly spotPools?: SpotPools
        /** Pods left over when an imitation of the default scheduler refills the nodes from empty; absent: not tried. */
        readonly refillUnplaced?: number
        /** Cost once as many nodes were added as it takes to place all pods of that refill; absent: not tried. */
        readonly realised?: MicroUsdPerHour
        /** How the nodes fare in refills in orders that no search has seen; absent: not tried. */
        readonly further?: FurtherOrders
        /** How much goes down with one node or zone; absent: not looked at. */
        readonly blast?: BlastRadius
        /** Whether the pods of a lost node or zone find a place on the others; absent: not looked at. */
        readonly survival?: PlanSurvival
        /** Preferences of pods that hold today and would hold no longer; absent: not looked at. */
        readonly preferences?: PreferenceChange
      }
    | { readonly kind: 'not-applicable'; readonly why: string }
  readonly notes: readonly string[]
}

/** The resource of which a node or group has the least left, by share: what stops the next pod. */
export type BindingResource = 'cpu' | 'memory' | 'pods'

/** A node as it is used today. */
export type NodeUse = {
  readonly requested: Resources
  readonly podsRunning: number
  readonly binding: BindingResource | undefined
  /** CPU and memory that would be left over once pods like those of today had taken all of the binding resource. */
  readonly stranded: Resources
  readonly maxPodsModel: number | undefined
  /** Pod slots bind: the share of them that is taken is the largest, which says nothing of how many are free. */
  readonly maxPodsBinding: boolean | undefined
  readonly removable: boolean
  /** Why it cannot be removed: pod, rule and fix; empty where it can. */
  readonly blockers: readonly string[]
}

export type SpotFitness = {
  readonly eligible: boolean
  readonly reason: string
  /** Its owner has said that it is not eligible: then it does not matter that it runs on spot today. */
  readonly refused?: true
}

/** A workload with its share of the bill. */
export type WorkloadCost = {
  readonly workload: Workload
  readonly requested: Resources
  /** What a Vertical Pod Autoscaler would have all its pods request together; absent where none says it. */
  readonly recommended?: Pick<Resources, 'cpu' | 'memory'>
  /** Micro-dollars per month (730 hours): share by requests. */
  readonly monthlyMicroUsd: number
  /** Micro-dollars per month: share of what nobody requested. */
  readonly idleMonthlyMicroUsd: number
  readonly spot: SpotFitness
  readonly blockers: readonly string[]
}

/** Max pods of an instance type under each CNI mode. Undefined: the mode does not exist for the type. */
export type MaxPods = {
  readonly type: InstanceType
  readonly secondaryIp: number
  readonly prefixDelegation: number
  readonly ipv6: number | undefined
  readonly customNetworking: number
  readonly customNetworkingPrefix: number
  readonly overlay: number
  /** Mode detected for the cluster and its number; undefined without a cluster. */
  readonly inForce: { readonly mode: string; readonly maxPods: number } | undefined
  /** Distinct values that live nodes of the type show, ascending. */
  readonly observed: readonly number[]
}

/** Predicted against real, per live node and resource: millicores, bytes, pods. */
export type ModelCheck = {
  /**
   * `in-force`: as plans predict a new node of a type that its group has, from what live nodes show. `other-types`: as for
   * a type that the cluster does not have, learning from all nodes of other types. `rules`: by the rules alone, as for a
   * cluster without nodes.
   */
  readonly method: 'in-force' | 'other-types' | 'rules'
  readonly node: string
  readonly instanceType: string
  /** `capacity memory` is what the system sees; the others are allocatable. */
  readonly resource: 'cpu' | 'memory' | 'pods' | 'capacity memory'
  /** The best estimate. */
  readonly predicted: number
  /** What a plan counts on: less than the best estimate where that is not certain. */
  readonly promised: number
  readonly real: number
}

/** What prefix delegation changes for one instance type of one node group. */
export type PodGain = {
  readonly group: string
  readonly instanceType: string
  /** Live nodes of this type in the group. */
  readonly nodes: number
  /** Pods that a node may run: in the mode in force, and with prefixes. */
  readonly podsNow: number
  readonly podsThen: number
  /** The group runs out of pod slots first, today or in the cheapest plan. */
  readonly bound: boolean
}

/** What the what-if `prefix-delegation` is compared with, and what it changes. */
export type PrefixWhatIf = {
  readonly gains: readonly PodGain[]
  /** The cheapest plan in the mode in force: as packed, and as the default scheduler rebuilds it. */
  readonly cheapest: { readonly packed: Cost; readonly realised: MicroUsdPerHour | undefined }
}

/** Subnet addresses that the nodes of a plan take in one zone, interfaces and warm pools included. */
export type ZoneAddresses = {
  /** Undefined for nodes without a known zone. */
  readonly zone: string | undefined
  readonly nodes: number
  /** Nodes whose instance type is not known: they are in no other figure. */
  readonly unknownNodes: number
  /** With the pods as the plan places them. */
  readonly addresses: number
  /** With a pod in every pod slot: as much as these nodes can ever take. */
  readonly atMost: number
  /** /28 blocks among them; each needs 16 adjoining free addresses of its subnet. */
  readonly prefixes: number
  readonly prefixesAtMost: number
  /** Free addresses of the zone's subnets today; undefined where nobody was asked. */
  readonly free: number | undefined
}

export type AddressUse = { readonly scenario: ScenarioId; readonly zones: readonly ZoneAddresses[] }

export type BlockerRule =
  | 'do-not-disrupt'
  | 'safe-to-evict'
  | 'no-controller'
  | 'local-data'
  | 'disruption-budget'
  | 'unreadable-requests'
  | 'node-annotation'
  | 'node-pool-size'
  | 'no-price'
  | 'reservation'

/** One thing that somebody could change so that nodes may go: a rule, and the object that has it. */
export type Blocker = {
  readonly rule: BlockerRule
  /** The rule and its object, for people, e.g. `annotation karpenter.sh/do-not-disrupt on Job batch/report-runner`. */
  readonly what: string
  readonly fix: string
  /** The workload of the pods that it pins; undefined where it is about nodes or about pods of several workloads. */
  readonly workload: { readonly namespace: string; readonly kind: string; readonly name: string } | undefined
  /** Ids of the pods that it pins, sorted; empty for a rule about nodes. */
  readonly pods: readonly string[]
  /** Nodes that it holds, by itself or beside others, by name. */
  readonly nodes: readonly Node[]
}

/**
 * What a plan costs less per hour where a rule is gone: at least this much, as the search looks no further than the nodes
 * that the rule holds. `replayed`: a complete plan breaks no rule and the default scheduler fills it by itself.
 * `verified`: it breaks no rule; the cluster is too large for the replay. `joint`: not tried by itself; the plan without
 * any of the rules, which was, has no need of these nodes. `none`: nothing cheaper was found.
 */
export type BlockerWorth =
  | {
      readonly kind: 'known'
      readonly rate: MicroUsdPerHour
      readonly proof: 'replayed' | 'verified' | 'joint' | 'none'
    }
  | { readonly kind: 'unknown'; readonly why: string }

/** Blockers that hold nodes together, by their places in the list: with any of them left, these nodes stay. */
export type BlockerSet = {
  readonly members: readonly number[]
  /** Nodes that go when all members do, those that some of them hold by themselves included. */
  readonly nodes: readonly string[]
  readonly worth: BlockerWorth
}

export type PricedBlocker = Blocker & {
  /** With this one gone and all others in force. */
  readonly alone: BlockerWorth
}

/** What keeps nodes alive, and what that costs. */
export type BlockerPrices = {
  /** The plan that the prices are measured against, and its cost. */
  readonly against: 'recommended' | 'current' | 'cheapest'
  readonly rate: MicroUsdPerHour
  readonly blockers: readonly PricedBlocker[]
  /** Of two or more members. */
  readonly sets: readonly BlockerSet[]
  /** With all of them gone. */
  readonly all: BlockerWorth
  /** Work done, in steps of the search: pods × nodes looked at. */
  readonly steps: number
}

/** What the prices of a report rest on. */
export type PriceBasis = {
  /** e.g. `embedded catalog`. */
  readonly source: string
  /** Oldest date of the on-demand list prices of the types in use: spot prices have dates of their own. */
  readonly asOf: string
  /** Nodes with a price ÷ nodes that should have one. */
  readonly pricedNodes: number
  readonly pricableNodes: number
  readonly unpriced: readonly { readonly why: string; readonly nodes: number }[]
}

/** What a change in the cluster would be good for. */
export type ChangeWorth = Pick<Changed, 'change' | 'classes' | 'pools' | 'packedUnplaced'> & {
  /**
   * The cheapest feasible plan found that the scheduler then fills by itself; undefined: none was found that costs less than
   * the recommended one.
   */
  readonly plan: Plan | undefined
}

/** The cheapest plan as packed, which the scheduler would not find by itself, and what would bring one nearer to it. */
export type TightPlan = {
  readonly plan: Plan
  readonly lowerBound: LowerBound
  /** Pods that it leaves over with nothing changed. */
  readonly unplaced: number
  readonly recommended: Plan
  /** The change that the recommended plan needs itself; absent: none. */
  readonly needed?: Change
  readonly changes: readonly ChangeWorth[]
}

export type Analysis = {
  /** ISO time of the report's clock. */
  readonly generatedAt: string
  readonly cluster: Cluster
  readonly bill: Bill
  readonly priceBasis: PriceBasis
  readonly nodeUse: ReadonlyMap<string, NodeUse>
  readonly scenarios: readonly Scenario[]
  /** Cost against number of nodes; absent: not looked at. */
  readonly frontier?: Frontier
  /** Absent: the cheapest plan is the recommended one, or it was not looked at. */
  readonly tightPlan?: TightPlan
  /** The scenario that `recommended` follows; `current` means: keep what you have. */
  readonly follows: ScenarioId
  readonly policy: string
  /** Why today's nodes are kept; absent: they are not. */
  readonly kept?: string
  /** Absent: what is recommended keeps to the limit on spot, or none was set. */
  readonly beyondSpotLimit?: BeyondSpotLimit
  /** What is to be changed in the cluster before the recommended plan; absent: nothing. */
  readonly needs?: Needs
  readonly workloads: readonly WorkloadCost[]
  /** Micro-dollars per month that no workload bears, because nothing at all is requested. */
  readonly unallocatedMonthlyMicroUsd: number
  readonly maxPods: readonly MaxPods[]
  readonly modelCheck: readonly ModelCheck[]
  /** Live nodes that the model check leaves out. */
  readonly notChecked: readonly { readonly node: string; readonly why: string }[]
  /** By scenario, in their order; scenarios that were not planned are absent. */
  readonly addresses: readonly AddressUse[]
  /** Undefined where prefix delegation does not apply; its scenario says why. */
  readonly prefixes: PrefixWhatIf | undefined
  /** What keeps nodes alive; absent: no plan to measure it against, or nothing does. */
  readonly blockerPrices?: BlockerPrices
  readonly spotAdvice: ReadonlyMap<string, SpotAdvice>
  /** Ids of the pods that the recommended plan places, in an order in which they can be bound; absent: by id. */
  readonly bindingOrder?: readonly string[]
  readonly pending: readonly Pod[]
  readonly currentCost: Cost
  readonly sumOfClusterFees: MicroUsdPerHour
  /** What is owed whether it is used or not; absent where AWS was not asked, or said nothing of it. */
  readonly commitments?: Commitments
  readonly assumptions: readonly string[]
  readonly findings: readonly Finding[]
  /** Columns and files that this run could not fill, with the reason. */
  readonly gaps: readonly string[]
  readonly timings:
    | {
        readonly collectMs: number
        readonly modelMs: number
        readonly packMs: number
        readonly reportMs: number
        readonly peakRssMib: number
      }
    | undefined
}
