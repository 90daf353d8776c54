import type { Resources } from './resources.js'
import type { Expression, Labels, NodeSelectorTerm, OwnerReference, PodSpec } from './snapshot.js'

export type HostPort = { readonly port: number; readonly protocol: string; readonly ip: string }

/** What the volumes of a pod demand of its node. */
export type VolumeRules = {
  /** Node affinity of each bound volume, and allowed topologies of each claim still to be bound: every entry must match. */
  readonly nodeTerms: readonly (readonly NodeSelectorTerm[])[]
  /** Zone and region labels of volumes; they bind only on nodes that carry any zone or region label (plugin VolumeZone). */
  readonly zoneLabels: readonly Expression[]
  /** Volumes to attach, which count against the node's limit of that driver once each. */
  readonly attachments: readonly { readonly driver: string; readonly handle: string }[]
  /** ReadWriteOncePod claims (`namespace/name`): no second pod may use them. */
  readonly exclusiveClaims: readonly string[]
  /** ReadWriteOnce claims (`namespace/name`): all pods that use one must be on one node, or the second attach fails. */
  readonly sharedClaims: readonly string[]
  /** In-tree EBS volumes mounted for writing, by volume id: two pods on one node may not share one. */
  readonly inTreeVolumes: readonly string[]
  /** Data that would be lost by a move: local volumes, host paths, emptyDir on disk. */
  readonly localData: readonly string[]
  /** Why the pod could not be scheduled now, whatever the node: claim missing, claim unbound in Immediate mode, … */
  readonly problems: readonly string[]
}

/** `ordinary` pods are the ones that a plan places; the others come with their node or are billed apart. */
export type PodRole = 'ordinary' | 'daemon' | 'static' | 'fargate'

export type Pod = {
  /** `namespace/name`, unique in a cluster. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly owner: OwnerReference | undefined
  /** Key of the workload that owns it (`Workload.key`). */
  readonly workload: string
  readonly role: PodRole
  /** Empty while it is not bound to a node. */
  readonly nodeName: string
  /** The node that it is bound to, which is not in the input: `nodeName` is empty then. Absent: there is no such. */
  readonly unknownNode?: string
  readonly phase: string
  readonly ready: boolean
  readonly terminating: boolean
  readonly createdAt: string | undefined
  readonly startedAt: string | undefined
  readonly priority: number
  readonly spec: PodSpec
  /** What kube-scheduler counts for it while it stays on its node (an in-place resize under way included). */
  readonly held: Resources
  /** What it needs on another node: its spec. */
  readonly needed: Resources
  readonly hostPorts: readonly HostPort[]
  readonly volumes: VolumeRules
  /** A quantity of the pod could not be read: its size is unknown, so it stays where it is. */
  readonly unreadable: string | undefined
}

/** In the middle of an in-place resize a pod that stays counts as it is held; one that moves, by its spec. */
export const requestsOn = (pod: Pod, nodeName: string): Resources => (pod.nodeName === nodeName ? pod.held : pod.needed)

/** Top-level owner of pods, as people know it: the Deployment, not its ReplicaSets. */
export type Workload = {
  /** `namespace/Kind/name`. */
  readonly key: string
  readonly namespace: string
  readonly kind: string
  readonly name: string
  /** Replicas asked for by the controller; undefined where the input does not hold it. */
  readonly replicas: number | undefined
  /** Fewest replicas an autoscaler may leave. */
  readonly minReplicas: number | undefined
  /** Most replicas an autoscaler may make; absent without one. */
  readonly maxReplicas?: number
  readonly pods: readonly Pod[]
}

/** A pod that takes up room but needs no place in a plan, and why. */
export type NoPlaceNeeded = 'terminating' | 'scheduling gate' | 'placeholder (priority below -10)'
