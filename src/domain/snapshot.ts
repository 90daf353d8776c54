import type { AwsSnapshot } from './aws-snapshot.js'
import type { LimitRangeObject, NodeUsageObject, PodUsageObject, ResourceQuotaObject } from './limits-and-usage.js'
import type { Labels, ObjectMeta, QuantityMap } from './object-meta.js'
import type { Expression, LabelSelector, NodeSelectorTerm, PodObject, PodSpec, PodVolume, Taint } from './pod-object.js'

export type * from './limits-and-usage.js'
export type * from './object-meta.js'
export type * from './pod-object.js'

export type NodeObject = {
  readonly metadata: ObjectMeta
  readonly spec: { readonly providerID: string; readonly unschedulable: boolean; readonly taints: readonly Taint[] }
  readonly status: {
    readonly capacity: QuantityMap
    readonly allocatable: QuantityMap
    /** True, False, Unknown, or empty where the condition is absent. */
    readonly ready: string
    readonly internalIP: string
    readonly nodeInfo: {
      readonly architecture: string
      readonly operatingSystem: string
      readonly osImage: string
      readonly kernelVersion: string
      readonly kubeletVersion: string
    }
  }
}

/** Deployment, StatefulSet, ReplicaSet, DaemonSet, Job, CronJob, ReplicationController: what the model reads of each. */
export type ControllerObject = {
  readonly kind: string
  readonly metadata: ObjectMeta
  /** Replicas (or parallelism of a Job) asked for; undefined where the kind has none. */
  readonly replicas: number | undefined
  readonly podLabels: Labels
  readonly template: PodSpec | undefined
  readonly templateVolumes: readonly PodVolume[]
  /** `maxUnavailable` of a Deployment's rolling update, as written ("25%", "1"); empty where absent. */
  readonly maxUnavailable: string
  readonly minReadySeconds: number
  readonly backoffLimit: number | undefined
  readonly startTime: string | undefined
  readonly completionTime: string | undefined
  /** Environment of the container `aws-node` of DaemonSet kube-system/aws-node, the variables named in docs/permissions.md only. */
  readonly cniSettings: Labels
}

export type DisruptionBudgetObject = {
  readonly metadata: ObjectMeta
  readonly selector: LabelSelector | undefined
  readonly minAvailable: string
  readonly maxUnavailable: string
  readonly unhealthyPodEvictionPolicy: string
  /** Undefined where the controller has not written a status for this generation. */
  readonly disruptionsAllowed: number | undefined
  readonly desiredHealthy: number | undefined
  readonly expectedPods: number | undefined
}

export type PersistentVolumeObject = {
  readonly metadata: ObjectMeta
  readonly requiredNodeTerms: readonly NodeSelectorTerm[] | undefined
  readonly accessModes: readonly string[]
  /** CSI driver (in-tree EBS counts as `ebs.csi.aws.com`) and volume handle; empty where the volume is of another kind. */
  readonly driver: string
  readonly handle: string
  /** A local or hostPath volume: its data is on one node. */
  readonly local: boolean
  readonly capacity: string
  readonly storageClassName: string
}

export type PersistentVolumeClaimObject = {
  readonly metadata: ObjectMeta
  readonly phase: string
  readonly volumeName: string
  readonly accessModes: readonly string[]
  readonly storageClassName: string
}

export type StorageClassObject = {
  readonly metadata: ObjectMeta
  readonly provisioner: string
  readonly volumeBindingMode: string
  readonly allowedTopologies: readonly NodeSelectorTerm[]
}

export type CsiNodeObject = {
  readonly metadata: ObjectMeta
  readonly drivers: readonly { readonly name: string; readonly allocatableCount: number | undefined }[]
}

export type NamespaceObject = { readonly metadata: ObjectMeta }
export type PriorityClassObject = {
  readonly metadata: ObjectMeta
  readonly value: number
  readonly globalDefault: boolean
}
export type RuntimeClassObject = { readonly metadata: ObjectMeta; readonly overhead: QuantityMap }

/** A HorizontalPodAutoscaler, or a ScaledObject of KEDA. */
export type AutoscalerObject = {
  readonly metadata: ObjectMeta
  readonly targetKind: string
  readonly targetName: string
  readonly minReplicas: number
  readonly maxReplicas: number
}

/** A requirement of a Karpenter NodePool: a selector expression, which may also be Gte or Lte. */
export type NodePoolObject = {
  readonly metadata: ObjectMeta
  readonly requirements: readonly Expression[]
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly startupTaints: readonly Taint[]
  readonly nodeClass: { readonly group: string; readonly kind: string; readonly name: string }
  readonly limits: QuantityMap
  /** Static pools (`spec.replicas`) are never consolidated. */
  readonly replicas: number | undefined
  /** Where v1beta1 keeps the kubelet's settings; v1 has them in the node class. */
  readonly kubelet: KubeletSettings | undefined
  /** Where v1beta1 keeps how old nodes get (a Go duration or `Never`); v1 has it in each NodeClaim. */
  readonly expireAfter?: string
}

/** Settings that Karpenter hands to the kubelet, as written in an EC2NodeClass (v1) or in a NodePool (v1beta1). */
export type KubeletSettings = {
  readonly maxPods: number | undefined
  /** CEL text in the place of a number, as newer Karpenter takes it. */
  readonly maxPodsExpression?: string | undefined
  readonly podsPerCore: number | undefined
  readonly kubeReserved: QuantityMap
  readonly systemReserved: QuantityMap
  readonly evictionHard: Labels
}

export type NodeClassObject = {
  readonly metadata: ObjectMeta
  readonly amiFamily: string
  readonly amiAlias: string
  readonly instanceStorePolicy: string
  /** Size of the volume that holds the kubelet's data, as written; empty where the class leaves the default. */
  readonly rootVolumeSize: string
  readonly kubelet: KubeletSettings | undefined
}

/** What the VPC CNI and the VPC resource controller agreed on for one node; its name is the node's. */
export type CniNodeObject = {
  readonly metadata: ObjectMeta
  /** `SecurityGroupsForPods`; `CustomNetworking`, with the name of an ENIConfig as its value. */
  readonly features: readonly { readonly name: string; readonly value: string }[]
  /** Name of the cluster by the tag `cluster.k8s.amazonaws.com/name`; empty where it has none. */
  readonly clusterName: string
}

/** Karpenter's order for one node. */
export type NodeClaimObject = {
  readonly metadata: ObjectMeta
  /** Empty until the node has registered. */
  readonly nodeName: string
  /** Empty until there is an instance. */
  readonly providerID: string
  /** A Go duration or `Never`; empty in v1beta1, where the NodePool has it. */
  readonly expireAfter: string
  /** Karpenter has found that it no longer fits its NodePool or node class, and will replace it. */
  readonly drifted: boolean
}

/** A VerticalPodAutoscaler: what it may do to requests, and what it would set them to. */
export type VerticalAutoscalerObject = {
  readonly metadata: ObjectMeta
  readonly targetKind: string
  readonly targetName: string
  /** `Auto` (the default), `Recreate`, `InPlaceOrRecreate`, `Initial`, `Off`, or what a newer version knows. */
  readonly updateMode: string
  /** Its recommendation, by container; empty while there is none. */
  readonly targets: readonly { readonly container: string; readonly requests: QuantityMap }[]
}

/**
 * What was observed: Kubernetes objects in the API's own shape, cut down to the fields that the model reads. Every field
 * is checked where a snapshot is read, so that the rooms behind can trust the types.
 */
export type Snapshot = {
  readonly nodes: readonly NodeObject[]
  readonly pods: readonly PodObject[]
  /** Deployments, StatefulSets, ReplicaSets, DaemonSets, Jobs, CronJobs, ReplicationControllers. */
  readonly controllers: readonly ControllerObject[]
  readonly disruptionBudgets: readonly DisruptionBudgetObject[]
  readonly volumes: readonly PersistentVolumeObject[]
  readonly claims: readonly PersistentVolumeClaimObject[]
  readonly storageClasses: readonly StorageClassObject[]
  readonly csiNodes: readonly CsiNodeObject[]
  readonly namespaces: readonly NamespaceObject[]
  readonly priorityClasses: readonly PriorityClassObject[]
  readonly runtimeClasses: readonly RuntimeClassObject[]
  readonly autoscalers: readonly AutoscalerObject[]
  readonly verticalAutoscalers: readonly VerticalAutoscalerObject[]
  readonly podUsage: readonly PodUsageObject[]
  readonly nodeUsage: readonly NodeUsageObject[]
  readonly resourceQuotas: readonly ResourceQuotaObject[]
  readonly limitRanges: readonly LimitRangeObject[]
  readonly nodePools: readonly NodePoolObject[]
  readonly nodeClasses: readonly NodeClassObject[]
  readonly nodeClaims: readonly NodeClaimObject[]
  /** Names of ENIConfig objects: custom networking is set up. */
  readonly eniConfigs: readonly string[]
  readonly cniNodes: readonly CniNodeObject[]
  /** Kinds of which the input holds no object at all: none exists, or it was not asked for. */
  readonly absentKinds: readonly string[]
  readonly findings: readonly Finding[]
  /** What AWS said about the cluster's instances and its region; absent where it was not asked. */
  readonly aws?: AwsSnapshot
}

/**
 * Something about the input that a reader of the report must know. Findings of one code are counted together; `subject`
 * names the object it is about.
 */
export type Finding = { readonly code: string; readonly subject: string; readonly detail: string }
