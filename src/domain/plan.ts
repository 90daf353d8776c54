import type { Cost, NodeOwner } from './cluster.js'
import type { Architecture, CapacityType, Price } from './offering.js'
import type { Pod } from './pod.js'
import type { Resources, Shortfall } from './resources.js'
import type { Labels, Taint } from './snapshot.js'
import type { MicroUsdPerHour } from './units.js'

/** The filter plugins of kube-scheduler, by their own names. */
export type FilterName =
  | 'NodeUnschedulable'
  | 'NodeName'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'VolumeRestrictions'
  | 'NodeVolumeLimits'
  | 'VolumeBinding'
  | 'VolumeZone'
  | 'PodTopologySpread'
  | 'InterPodAffinity'

/** Why a node does not take a pod, with the numbers: reports quote it. */
export type Refusal =
  | { readonly kind: 'short'; readonly shortfalls: readonly Shortfall[] }
  | { readonly kind: 'rule'; readonly filter: FilterName; readonly detail: string }

/** The machine that a plan may buy: an instance type in one zone at one capacity type, made by one group's template. */
export type NodeOption = {
  /** Unique and stable: `group/type/zone/capacityType`. */
  readonly id: string
  readonly group: string
  readonly owner: NodeOwner
  readonly instanceType: string
  readonly zone: string
  readonly capacityType: CapacityType
  readonly architecture: Architecture
  /** All labels that such a node would have, but for its hostname. */
  readonly labels: Labels
  /** Equal for machines of one group, zone and capacity type whose labels no rule can tell apart; absent: not known. */
  readonly look?: string
  readonly taints: readonly Taint[]
  readonly capacity: Resources
  readonly allocatable: Resources
  readonly attachLimits: Readonly<Record<string, number>>
  /** DaemonSet pods and static pods that such a node would run, as templates without a node. */
  readonly overheadPods: readonly Pod[]
  /** Sum of their requests. */
  readonly overhead: Resources
  readonly price: Price & { readonly kind: 'known' }
  /** Micro-dollars per hour that it counts for when plans are compared; absent: its price. */
  readonly counted?: number
  /** How the capacity was predicted, e.g. `seen on 12 live nodes`. */
  readonly capacityBasis: string
}

/** The id of the machine that a node was bought as. */
export const optionId = ({
  group,
  instanceType,
  zone,
  capacityType,
}: Pick<PlanNode, 'group' | 'instanceType' | 'zone' | 'capacityType'>): string =>
  `${group}/${instanceType}/${zone}/${capacityType}`

/** A node of the cluster after a plan. */
export type PlanNode = {
  readonly name: string
  readonly action: 'keep' | 'new'
  readonly group: string
  readonly owner: NodeOwner
  readonly instanceType: string | undefined
  readonly zone: string | undefined
  readonly capacityType: CapacityType | undefined
  readonly architecture: Architecture | undefined
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  readonly providerId: string
  readonly capacity: Resources
  readonly allocatable: Resources
  readonly price: Price
  /** Volumes that may be attached, by CSI driver; absent on kept nodes, where the live node says it. */
  readonly attachLimits?: Readonly<Record<string, number>>
  /** How the capacity of a new node was predicted, e.g. `seen on 12 live nodes`; absent on kept nodes. */
  readonly capacityBasis?: string
  /** Fargate and control-plane nodes are listed and paid for, but no plan puts pods on them. */
  readonly packed: boolean
  /** What comes with the node and is not placed by the plan: DaemonSet and static pods, pods that need no place. */
  readonly residentPods: readonly Pod[]
  /** Sum of their requests. */
  readonly resident: Resources
  /** Pods that the plan places here. */
  readonly pods: readonly Pod[]
}

/** A pod without a node in a plan, and what stood in its way. */
export type Unplaced = {
  readonly pod: Pod
  /** Runs now: a plan that leaves it out is not feasible. */
  readonly running: boolean
  readonly reason: string
}

export type Plan = {
  readonly nodes: readonly PlanNode[]
  readonly unplaced: readonly Unplaced[]
  readonly cost: Cost
}

/** A cost per hour that no plan for the same problem can go below, and how it was derived. */
export type LowerBound = { readonly rate: MicroUsdPerHour; readonly basis: string }
