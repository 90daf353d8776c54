import type { Node } from '../domain/cluster.js'
import type { Architecture, CapacityType, Price } from '../domain/offering.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Resources } from '../domain/resources.js'
import type { MixRails } from '../domain/node-mix.js'
import type { Interests } from './interests.js'

/** A node of today as a packing sees it. */
export type LiveNode = {
  readonly node: Node
  readonly price: Price
  /** Why every plan keeps the node (no price, held by a pod that may not move, …), or undefined. */
  readonly mustStay: string | undefined
  /** Pods that come with the node: DaemonSets, static pods, pods that need no place. */
  readonly residents: readonly Pod[]
  /** Pods that every plan must place: here, if the node stays. */
  readonly pods: readonly Pod[]
  /** Of `pods`, those that may not be moved. */
  readonly pinned: ReadonlySet<Pod>
}

/** Does every plan keep the node, and pay for it where its price is known? */
export const staysAnyway = ({ mustStay, pinned }: LiveNode): boolean => mustStay !== undefined || pinned.size > 0

/** Nodes made from one template, with the machines that the template may be given. Pods stay within their group. */
export type PackGroup = {
  readonly name: string
  readonly live: readonly LiveNode[]
  /** Machines that new nodes of the group may be, of every capacity type. */
  readonly options: readonly NodeOption[]
}

/** Guard rails of the user; undefined where none is set. */
export type Limits = MixRails & {
  /** This share of each of CPU and memory stays free on every node that a plan fills. */
  readonly headroom: number
  /** No node carries more than this share of all requests of today, unless one pod alone is larger. */
  readonly maxNodeShare: number | undefined
  /** The share is one of what the plan's own nodes carry, which have fewer DaemonSets to run than today's. */
  readonly isShareOfPlan?: boolean
  readonly minNodes: number | undefined
  /** No zone carries more than this share of all requests, unless one pod alone is larger. */
  readonly maxZoneShare?: number | undefined
  /** No node, and no zone, holds more than this share of a workload's replicas; one it may always hold. */
  readonly maxNodeReplicaShare?: number | undefined
  readonly maxZoneReplicaShare?: number | undefined
}

export type PackProblem = {
  readonly groups: readonly PackGroup[]
  /** Running nowhere yet: placed where a plan has room. */
  readonly pending: readonly Pod[]
  /** Requests of everything on packed nodes today. */
  readonly total: Resources
  readonly limits: Limits
  /** What the rules of any pod look at in a node's labels: in all else, machines may differ as they like. */
  readonly interests: Interests
  /** May the pod's workload run on such a machine, apart from the scheduler's rules: fit for spot, built for the CPU? */
  readonly suits: (pod: Pod, machine: Machine) => boolean
  /** Pods that no node whatever takes, by rules about other pods, and why (`hopelessPods`). */
  readonly hopeless?: ReadonlyMap<Pod, string>
}

export type Machine = {
  readonly capacityType: CapacityType | undefined
  readonly architecture: Architecture | undefined
}

/** Pods × nodes of today, by which it is judged what a cluster is too large for. */
export function podsTimesNodes({ groups }: Pick<PackProblem, 'groups'>): number {
  const live = groups.flatMap((group) => group.live)
  return live.length * live.reduce((count, { pods }) => count + pods.length, 0)
}

/** Is it a pod that every plan leaves where it is? */
export function pinnedIn({ groups }: PackProblem): (pod: Pod) => boolean {
  const pinned = new Set(groups.flatMap(({ live }) => live.flatMap((one) => [...one.pinned])))
  return (pod) => pinned.has(pod)
}
