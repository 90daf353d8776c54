/** Why a pod of a lost node or zone finds no other place. */
export type NoPlace =
  /** A volume that cannot leave the zone that is lost, or in which no other node takes the pod. */
  | 'zone-volume'
  /** A volume that cannot leave the node. */
  | 'node-volume'
  /** Node selector, node affinity, taints or the processor's architecture: no node that is left may take it. */
  | 'node-rules'
  /** Nodes that may take it have too little of some resource left. */
  | 'room'
  /** Affinity, anti-affinity or topology spread. */
  | 'pod-rules'
  /** A host port, a claim or the slots for volumes are taken. */
  | 'taken'

/** What becomes of the pods of a lost node or zone. Pods that come with a node (DaemonSets, static pods) vanish with it. */
export type Loss = {
  /** Name of the node or of the zone. */
  readonly name: string
  /** Zone of what is lost; undefined where it is not known. */
  readonly zone: string | undefined
  /** Pods that have to find another place. */
  readonly pods: number
  /** Of these, the ones that find none, by the reason, in a fixed order; empty: all do. */
  readonly homeless: readonly { readonly why: NoPlace; readonly pods: number }[]
}

/** Does a plan survive the loss of any one of its nodes, or of any one of its zones? */
export type Survival =
  /** `heaviest`: the loss of which most pods have to find another place; undefined where no node runs one. */
  | { readonly kind: 'survives'; readonly tried: number; readonly heaviest: Loss | undefined }
  /** `failing` of the `tried` losses leave pods without a place; `worst` leaves the most. */
  | {
      readonly kind: 'fails'
      readonly tried: number
      readonly failing: number
      readonly of: number
      readonly worst: Loss
    }
  | { readonly kind: 'too-large' }
  /** Nothing to lose, or some of it is not known. */
  | { readonly kind: 'not-known'; readonly why: string }

export type PlanSurvival = { readonly node: Survival; readonly zone: Survival }

/** The workload of which one node (or zone) holds the largest share of the replicas; Jobs, which end, do not count. */
export type Concentration = {
  /** Key of the workload: `namespace/Kind/name`. */
  readonly workload: string
  /** Name of the node or of the zone. */
  readonly on: string
  readonly replicas: number
  /** All of its replicas that have a place. */
  readonly of: number
}

/** How much goes down with one node or one zone. Undefined: nothing is requested, no workload has two replicas, or zones are not known. */
export type BlastRadius = {
  /** Largest share of the cluster's requests in one zone, the worse of CPU and memory. */
  readonly largestZoneShare: number | undefined
  readonly onNode: Concentration | undefined
  readonly inZone: Concentration | undefined
}
