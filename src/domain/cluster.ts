import type { GroupLimit } from './group-limit.js'
import type { Architecture, CapacityType, Price } from './offering.js'
import type { Pod, Workload } from './pod.js'
import type { Resources } from './resources.js'
import type {
  DisruptionBudgetObject,
  Finding,
  KubeletSettings,
  Labels,
  NamespaceObject,
  NodePoolObject,
  Taint,
} from './snapshot.js'
import type { MicroUsdPerHour } from './units.js'

/** Who makes and removes a node. */
export type NodeOwner =
  | 'eks-managed-node-group'
  | 'eks-auto-mode'
  | 'eksctl'
  | 'karpenter'
  | 'kops'
  | 'spot-ocean'
  | 'cast-ai'
  | 'self-managed'
  | 'fargate'
  | 'hybrid'
  | 'other-cloud'

export type OperatingSystem =
  'al2' | 'al2023' | 'bottlerocket' | 'auto-mode' | 'windows' | 'ubuntu' | 'flatcar' | 'other'

/** What Karpenter's NodeClaim says of its node's future. */
export type NodeClaimFacts = {
  readonly name: string
  readonly nodePool: string | undefined
  /** The annotation by which it may not be disrupted; undefined without one. */
  readonly hold: string | undefined
  /** ISO time at which Karpenter replaces it for its age; undefined: never, or not known. */
  readonly expiresAt: string | undefined
  readonly deleted: boolean
}

export type Node = {
  readonly name: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly taints: readonly Taint[]
  readonly owner: NodeOwner
  /** Name of its node group (`NodeGroup.name`). */
  readonly group: string
  readonly providerId: string
  readonly instanceId: string | undefined
  readonly instanceType: string | undefined
  readonly zone: string | undefined
  readonly region: string | undefined
  readonly capacityType: CapacityType | undefined
  /** What the capacity type was read from, e.g. `label karpenter.sh/capacity-type`. */
  readonly capacityTypeEvidence: string
  readonly architecture: Architecture | undefined
  readonly os: OperatingSystem
  readonly osImage: string
  readonly kernelVersion: string
  readonly kubeletVersion: string
  readonly capacity: Resources
  readonly allocatable: Resources
  /** Runs the control plane (kOps, kubeadm): never a candidate for removal, never packed. */
  readonly controlPlane: boolean
  /** `spec.unschedulable`: cordoned. */
  readonly unschedulable: boolean
  /** Why no new pod may be put on it (`cordoned`, `not ready`, `being disrupted`), or undefined. */
  readonly closed: string | undefined
  readonly createdAt: string | undefined
  /** Volumes that may be attached, by CSI driver; a driver that is absent has no limit. */
  readonly attachLimits: Readonly<Record<string, number>>
  /** Bound, non-terminal pods. */
  readonly pods: readonly Pod[]
  /** Absent where Karpenter has not made it, or its claims were not read. */
  readonly claim?: NodeClaimFacts
  /** Hardware of its own; absent: shared, as far as EC2 or a label says. */
  readonly tenancy?: 'dedicated' | 'host'
  /** EC2's `PlatformDetails`, e.g. `Linux/UNIX` or `Windows`; absent where EC2 was not asked. */
  readonly platform?: string
}

/** How the nodes of a group are made; a proposed node of the group has all of it. */
export type NodeTemplate = {
  /** Labels that every live node of the group has with one value and that do not follow from its type, zone or name. */
  readonly labels: Labels
  /** Taints that every live node of the group has, start-up and condition taints left out. */
  readonly taints: readonly Taint[]
  readonly zones: readonly string[]
  readonly region: string | undefined
  readonly architectures: readonly Architecture[]
  readonly os: OperatingSystem
  readonly kubelet: KubeletSettings | undefined
  readonly nodePool: NodePoolObject | undefined
  /** Static pods as every live node of the group runs them. */
  readonly staticPods: readonly Pod[]
  /** Labels that name the capacity type, with the value for each type that the provisioner knows. */
  readonly capacityTypeLabels: Readonly<Record<string, Readonly<Partial<Record<CapacityType, string>>>>>
  /** Labels that carry the zone on live nodes, e.g. the one of the EBS CSI driver. */
  readonly zoneLabels: readonly string[]
  /**
   * Keys of further labels that follow from type, zone or region and that every live node has, e.g. the deprecated
   * `beta.kubernetes.io/instance-type`; absent means none.
   */
  readonly derivedLabels?: readonly string[]
  /**
   * Labels that describe the hardware (GPU product, features of the CPU, Karpenter's instance labels), by instance type,
   * as every live node of that type in the group has them. A type that no live node of the group has is absent.
   */
  readonly typeLabels?: Readonly<Record<string, Labels>>
}

export type NodeGroup = {
  readonly name: string
  readonly owner: NodeOwner
  readonly nodes: readonly Node[]
  readonly template: NodeTemplate
  /** The most that its nodes may have together, by its NodePool; absent: no limit. */
  readonly limit?: GroupLimit
}

/** A DaemonSet, as the pod that it would put on a node: its rules, its requests, the tolerations its controller adds. */
export type DaemonSet = { readonly id: string; readonly pod: Pod }

export type Cluster = {
  readonly name: string
  readonly region: string | undefined
  /** Kubernetes minor version of the newest kubelet, e.g. `1.34`; undefined without nodes. */
  readonly version: string | undefined
  readonly nodes: readonly Node[]
  readonly groups: readonly NodeGroup[]
  /** Non-terminal pods, bound or not. */
  readonly pods: readonly Pod[]
  readonly workloads: readonly Workload[]
  readonly daemonSets: readonly DaemonSet[]
  readonly disruptionBudgets: readonly DisruptionBudgetObject[]
  readonly namespaces: readonly NamespaceObject[]
  readonly findings: readonly Finding[]
}

/** A sum of prices that says how many parts it could not price. */
export type Cost = { readonly rate: MicroUsdPerHour; readonly unpriced: number }

/** What the cluster costs now: a price per node, and what no node row holds (the control plane). */
export type Bill = {
  readonly nodes: ReadonlyMap<string, Price>
  readonly total: Cost
  readonly clusterFees: readonly ClusterFee[]
}

export type ClusterFee = {
  readonly name: string
  readonly price: Price
  /** Of EKS where nobody said which support the version has: the price if it is in extended support. */
  readonly ifExtended?: Price
}
