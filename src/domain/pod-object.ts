import type { Labels, ObjectMeta, QuantityMap } from './object-meta.js'

export type Taint = { readonly key: string; readonly value: string; readonly effect: string }

export type Toleration = {
  readonly key: string
  /** Empty means Equal. */
  readonly operator: string
  readonly value: string
  /** Empty means every effect. */
  readonly effect: string
}

/** One expression of a node or label selector. Operators are kept as written: the rules say what an unknown one means. */
export type Expression = { readonly key: string; readonly operator: string; readonly values: readonly string[] }

export type LabelSelector = { readonly matchLabels: Labels; readonly matchExpressions: readonly Expression[] }

export type NodeSelectorTerm = {
  readonly matchExpressions: readonly Expression[]
  readonly matchFields: readonly Expression[]
}

export type PodAffinityTerm = {
  /** Undefined (null in the API) matches no pod; an empty selector matches every pod. */
  readonly labelSelector: LabelSelector | undefined
  readonly namespaces: readonly string[]
  readonly namespaceSelector: LabelSelector | undefined
  readonly topologyKey: string
  readonly matchLabelKeys: readonly string[]
  readonly mismatchLabelKeys: readonly string[]
}

/** A term that the scheduler would rather see met, with its weight (1 to 100). */
export type Preferred<Term> = { readonly weight: number; readonly term: Term }

/** Preferred node affinity, pod affinity and pod anti-affinity. */
export type PodPreferences = {
  readonly nodes: readonly Preferred<NodeSelectorTerm>[]
  readonly near: readonly Preferred<PodAffinityTerm>[]
  readonly apart: readonly Preferred<PodAffinityTerm>[]
}

export type TopologySpreadConstraint = {
  readonly maxSkew: number
  readonly topologyKey: string
  readonly whenUnsatisfiable: string
  readonly labelSelector: LabelSelector | undefined
  readonly minDomains: number | undefined
  /** Empty means Honor. */
  readonly nodeAffinityPolicy: string
  /** Empty means Ignore. */
  readonly nodeTaintsPolicy: string
  readonly matchLabelKeys: readonly string[]
}

export type ContainerPort = { readonly hostPort: number; readonly protocol: string; readonly hostIP: string }

export type Container = {
  readonly name: string
  /** Where a request is missing but a limit is given, the API server has already copied it into live pods. */
  readonly requests: QuantityMap
  readonly limits: QuantityMap
  readonly ports: readonly ContainerPort[]
  /** `Always` on an init container makes it a sidecar. */
  readonly restartPolicy: string
}

export type PodVolume =
  | { readonly kind: 'claim'; readonly claim: string; readonly readOnly: boolean }
  /** A generic ephemeral volume: its claim is called `<pod>-<volume>`. */
  | { readonly kind: 'ephemeral'; readonly name: string }
  | { readonly kind: 'emptyDir'; readonly name: string; readonly memory: boolean }
  | { readonly kind: 'hostPath'; readonly name: string; readonly path: string }
  | { readonly kind: 'awsElasticBlockStore'; readonly volumeId: string; readonly readOnly: boolean }

/** The part of a pod that its template decides. Equal specs are one object: a workload's thousand pods share it. */
export type PodSpec = {
  readonly containers: readonly Container[]
  readonly initContainers: readonly Container[]
  readonly overhead: QuantityMap
  /** Pod-level requests (`spec.resources.requests`). */
  readonly podRequests: QuantityMap
  readonly nodeSelector: Labels
  /** Required node affinity; undefined where the pod has none. An empty list matches no node. */
  readonly requiredNodeTerms: readonly NodeSelectorTerm[] | undefined
  /** Number of preferred node and pod affinity terms: given up where they cost money, and counted. */
  readonly preferredTerms: number
  /** The terms themselves; absent where there are none. */
  readonly preferences?: PodPreferences
  readonly podAffinity: readonly PodAffinityTerm[]
  readonly podAntiAffinity: readonly PodAffinityTerm[]
  readonly topologySpread: readonly TopologySpreadConstraint[]
  readonly tolerations: readonly Toleration[]
  readonly hostNetwork: boolean
  readonly schedulerName: string
  /** Read for templates only: live pods carry its overhead. */
  readonly runtimeClassName?: string
  readonly priorityClassName: string
  readonly priority: number | undefined
  readonly terminationGracePeriodSeconds: number | undefined
  readonly schedulingGates: readonly string[]
  readonly resourceClaims: readonly string[]
  readonly restartPolicy: string
}

/** What a container of a running pod holds while an in-place resize is under way. */
export type ContainerStatus = {
  readonly name: string
  readonly requests: QuantityMap | undefined
  readonly allocated: QuantityMap | undefined
}

export type PodObject = {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
  readonly volumes: readonly PodVolume[]
  /** Empty while the pod is not bound to a node. */
  readonly nodeName: string
  readonly status: {
    readonly phase: string
    readonly nominatedNodeName: string
    readonly startTime: string | undefined
    readonly ready: boolean
    /** Reason of the condition PodResizePending, empty without one. */
    readonly resizePending: string
    /** Message of the condition PodScheduled when it is False: why the real scheduler left the pod pending. */
    readonly unschedulable: string
    /** Only while any of them differs from the spec. */
    readonly containers: readonly ContainerStatus[]
    readonly podAllocated: QuantityMap | undefined
  }
}
