import type { Cluster, Node } from '../domain/cluster.js'
import type { Architecture, Price } from '../domain/offering.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { sum } from '../domain/resources.js'
import type { BoardContext } from './board/board.js'
import { hopelessPods } from './hopeless.js'
import { interestsOf, type Interests } from './interests.js'
import type { Limits, LiveNode, Machine, PackGroup, PackProblem } from './problem.js'
import type { Untouched } from './to-plan.js'

/** What other rooms know about the pods and nodes of a cluster. */
export type ProblemFacts = {
  readonly priceOf: (node: Node) => Price
  readonly optionsOf: (groupName: string, interests: Interests) => readonly NodeOption[]
  /** Why a pod takes room but needs no place, or undefined. */
  readonly needsNoPlace: (pod: Pod) => string | undefined
  readonly pinned: ReadonlyMap<Pod, unknown>
  readonly removable: (node: Node) => boolean
  readonly spotFit: (workload: string) => boolean
  /** By workload key: its owner has said that it is not fit for spot. */
  readonly spotRefused?: (workload: string) => boolean
  /** The user's --arch; undefined: a workload stays on the architectures that it runs on today. */
  readonly architectures: readonly Architecture[] | undefined
  readonly limits: Limits
}

export type PackState = {
  readonly problem: PackProblem
  readonly context: BoardContext
  readonly untouched: readonly Untouched[]
  /** Pods that every plan must place or list. */
  readonly mustPlace: readonly Pod[]
}

/** A node with whose pods no plan has to do: Fargate's and hybrid nodes run what is theirs, the control plane its own. */
export const isPacked = ({ owner, controlPlane }: Node): boolean =>
  owner !== 'fargate' && owner !== 'hybrid' && !controlPlane

/** The packing problem of a cluster as it stands. */
export function packState(cluster: Cluster, facts: ProblemFacts): PackState {
  const isPlaced = (pod: Pod): boolean => pod.role === 'ordinary' && facts.needsNoPlace(pod) === undefined
  const packed = cluster.nodes.filter(isPacked)
  const liveNodeOf = (node: Node): LiveNode => {
    const pods = node.pods.filter(isPlaced)
    const pinned = new Set(pods.filter((pod) => facts.pinned.has(pod)))
    return {
      node,
      price: facts.priceOf(node),
      mustStay: mustStay(node, facts),
      residents: node.pods.filter((pod) => !isPlaced(pod)),
      pods,
      pinned,
    }
  }
  const interests = interestsOf([...cluster.pods, ...cluster.daemonSets.map(({ pod }) => pod)])
  const groups = cluster.groups
    .map(({ name, nodes }): PackGroup => {
      const live = nodes.filter(isPacked).map(liveNodeOf)
      return { name, live, options: live.length === 0 ? [] : facts.optionsOf(name, interests) }
    })
    .filter(({ live }) => live.length > 0)
  const untouched = cluster.nodes
    .filter((node) => !isPacked(node))
    .map((node): Untouched => ({ node, price: facts.priceOf(node), pods: node.pods.filter(isPlaced) }))
  const pending = cluster.pods.filter((pod) => pod.nodeName === '' && isPlaced(pod))
  const daemonPods = groups.flatMap(({ options }) => options.flatMap(({ overheadPods }) => overheadPods))
  return {
    problem: {
      groups,
      pending,
      total: sum(packed.flatMap((node) => node.pods.map(({ held }) => held))),
      limits: facts.limits,
      interests,
      suits: suitability(cluster, facts),
      hopeless: hopelessPods(cluster.namespaces, cluster.pods),
    },
    context: {
      namespaces: cluster.namespaces,
      pods: [...new Set([...cluster.pods, ...daemonPods])],
      fixed: untouched.map(({ node }) => ({ site: node, pods: node.pods })),
    },
    untouched,
    mustPlace: [
      ...groups.flatMap(({ live }) => live.flatMap(({ pods }) => pods)),
      ...untouched.flatMap(({ pods }) => pods),
      ...pending,
    ],
  }
}

function mustStay(node: Node, facts: ProblemFacts): string | undefined {
  if (facts.priceOf(node).kind === 'unknown') return 'its price is not known'
  if (node.capacityType === 'reserved' || node.capacityType === 'capacity-block')
    return 'its reservation is paid anyway'
  return facts.removable(node) ? undefined : 'something on it may not be moved'
}

function suitability(cluster: Cluster, facts: ProblemFacts): PackProblem['suits'] {
  const nodes = new Map(cluster.nodes.map((node) => [node.name, node]))
  const architecturesOf = new Map(
    cluster.workloads.map(({ key, pods }) => [
      key,
      new Set(pods.flatMap(({ nodeName }) => nodes.get(nodeName)?.architecture ?? [])),
    ]),
  )
  const suitsArchitecture = (pod: Pod, architecture: Architecture | undefined): boolean => {
    if (architecture === undefined) return true
    if (facts.architectures !== undefined) return facts.architectures.includes(architecture)
    const today = architecturesOf.get(pod.workload)
    return today === undefined || today.size === 0 || today.has(architecture)
  }
  // Who put a pod on spot has decided that it may be interrupted, whatever its fitness, unless they say that it may not.
  const mayBeInterrupted = (pod: Pod): boolean =>
    facts.spotFit(pod.workload) ||
    (nodes.get(pod.nodeName)?.capacityType === 'spot' && facts.spotRefused?.(pod.workload) !== true)
  return (pod: Pod, { capacityType, architecture }: Machine) =>
    (capacityType !== 'spot' || mayBeInterrupted(pod)) && suitsArchitecture(pod, architecture)
}
