import type { Cluster } from '../domain/cluster.js'
import type { NoPlaceNeeded, Pod, Workload } from '../domain/pod.js'
import type { SpotFitness } from '../domain/recommendation.js'
import type { Snapshot } from '../domain/snapshot.js'
import { indexBudgets } from './budgets.js'
import { nodeDisruption, nodeHolds, podHolds, type NodeDisruption } from './disruption.js'
import { blockerLine, type Blocker } from './pod-blockers.js'
import { spotOnlyTaints } from './spot-constraint.js'
import { spotFitness } from './spot-fitness.js'
import type { SpotWords } from './spot-words.js'

/** Below this priority the Cluster Autoscaler lets pods go; placeholders for head-room live there. */
const EXPENDABLE_BELOW = -10

/** Why an ordinary pod needs no place in a plan, or undefined when it needs one. */
export function needsNoPlace(pod: Pod): NoPlaceNeeded | undefined {
  if (pod.terminating) return 'terminating'
  if (pod.spec.schedulingGates.length > 0) return 'scheduling gate'
  if (pod.priority < EXPENDABLE_BELOW) return 'placeholder (priority below -10)'
  return undefined
}

/** A blocker where it holds a node, by itself (`pod` is undefined) or by a pod that it pins. */
export type Hold = { readonly blocker: Blocker; readonly pod: Pod | undefined }

/** What of a cluster may be moved and removed, and what may run on spot. */
export type Movability = {
  readonly nodes: ReadonlyMap<string, NodeDisruption>
  /** Pods that may not be moved, with the reasons and their fixes. */
  readonly pinned: ReadonlyMap<Pod, readonly string[]>
  /** By workload key. */
  readonly spot: ReadonlyMap<string, SpotFitness>
  /** By workload key: what holds any of its pods. */
  readonly workloadBlockers: ReadonlyMap<string, readonly string[]>
  /** By the name of the node: everything that would have to be changed for it to go. */
  readonly holds: ReadonlyMap<string, readonly Hold[]>
}

export function movability(
  cluster: Cluster,
  snapshot: Pick<Snapshot, 'controllers' | 'namespaces'>,
  now: string,
  words?: SpotWords,
): Movability {
  const budgets = indexBudgets(cluster.disruptionBudgets)
  const replicas = new Map(cluster.workloads.map(({ key, replicas: count, pods }) => [key, count ?? pods.length]))
  const replicasOf = (pod: Pod): number | undefined => replicas.get(pod.workload)
  const pinned = new Map<Pod, readonly string[]>()
  const workloadBlockers = new Map<string, string[]>()
  const nodes = new Map<string, NodeDisruption>()
  const holds = new Map<string, readonly Hold[]>()
  const pools = new Map(cluster.groups.map(({ name, template }) => [name, template.nodePool]))
  for (const node of cluster.nodes) {
    const nodePool = pools.get(node.group)
    nodes.set(node.name, nodeDisruption(node, { budgets, now, nodePool, replicasOf }))
    const found: Hold[] = nodeHolds(node, nodePool).map((blocker) => ({ blocker, pod: undefined }))
    for (const pod of node.pods) {
      if (pod.terminating) continue
      const blockers = podHolds(pod, budgets, { owner: node.owner, now, replicas: replicasOf(pod) })
      if (blockers.length === 0) continue
      const lines = blockers.map(blockerLine)
      pinned.set(pod, lines)
      workloadBlockers.set(pod.workload, [...(workloadBlockers.get(pod.workload) ?? []), ...lines])
      found.push(...blockers.map((blocker) => ({ blocker, pod })))
    }
    if (found.length > 0) holds.set(node.name, found)
  }
  return { nodes, pinned, spot: spotFitnessOf(cluster, snapshot, now, words), workloadBlockers, holds }
}

function spotFitnessOf(
  cluster: Cluster,
  { controllers, namespaces }: Pick<Snapshot, 'controllers' | 'namespaces'>,
  now: string,
  words: SpotWords | undefined,
): Map<string, SpotFitness> {
  const nodes = new Map(cluster.nodes.map((node) => [node.name, node]))
  const budgets = indexBudgets(cluster.disruptionBudgets)
  const spotTaints = spotOnlyTaints(cluster.nodes)
  const keyOf = (namespace: string, kind: string, name: string): string => `${namespace}/${kind}/${name}`
  const controllerOf = new Map(
    controllers.map((one) => [keyOf(one.metadata.namespace, one.kind, one.metadata.name), one]),
  )
  const annotationsOf = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.annotations]))
  const runsOf = (workload: Workload) =>
    controllers.filter(
      ({ kind, metadata }) =>
        kind === 'Job' &&
        metadata.namespace === workload.namespace &&
        (metadata.name === workload.name || metadata.owners.some(({ name }) => name === workload.name)),
    )
  return new Map(
    cluster.workloads.map((workload): [string, SpotFitness] => [
      workload.key,
      spotFitness(workload, {
        nodes,
        budgets,
        spotTaints,
        now,
        controller: controllerOf.get(workload.key),
        runs: workload.kind === 'Job' || workload.kind === 'CronJob' ? runsOf(workload) : [],
        namespaceAnnotations: annotationsOf.get(workload.namespace) ?? {},
        words,
      }),
    ]),
  )
}
