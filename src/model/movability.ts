import type { Cluster } from '../domain/cluster.js'
import type { NoPlaceNeeded, Pod, Workload } from '../domain/pod.js'
import type { SpotFitness } from '../domain/recommendation.js'
import type { Snapshot } from '../domain/snapshot.js'
import { indexBudgets } from './budgets.js'
import { nodeDisruption, podDisruption, type NodeDisruption } from './disruption.js'
import { spotOnlyTaints } from './spot-constraint.js'
import { spotFitness } from './spot-fitness.js'

/** Below this priority the Cluster Autoscaler lets pods go; placeholders for head-room live there. */
const EXPENDABLE_BELOW = -10

/** Why an ordinary pod needs no place in a plan, or undefined when it needs one. */
export function needsNoPlace(pod: Pod): NoPlaceNeeded | undefined {
  if (pod.terminating) return 'terminating'
  if (pod.spec.schedulingGates.length > 0) return 'scheduling gate'
  if (pod.priority < EXPENDABLE_BELOW) return 'placeholder (priority below -10)'
  return undefined
}

/** What of a cluster may be moved and removed, and what may run on spot. */
export type Movability = {
  readonly nodes: ReadonlyMap<string, NodeDisruption>
  /** Pods that may not be moved, with the reasons and their fixes. */
  readonly pinned: ReadonlyMap<Pod, readonly string[]>
  /** By workload key. */
  readonly spot: ReadonlyMap<string, SpotFitness>
  /** By workload key: what holds any of its pods. */
  readonly workloadBlockers: ReadonlyMap<string, readonly string[]>
}

export function movability(
  cluster: Cluster,
  snapshot: Pick<Snapshot, 'controllers' | 'namespaces'>,
  now: string,
): Movability {
  const budgets = indexBudgets(cluster.disruptionBudgets)
  const replicas = new Map(cluster.workloads.map(({ key, replicas: count, pods }) => [key, count ?? pods.length]))
  const replicasOf = (pod: Pod): number | undefined => replicas.get(pod.workload)
  const pinned = new Map<Pod, readonly string[]>()
  const workloadBlockers = new Map<string, string[]>()
  const nodes = new Map<string, NodeDisruption>()
  const pools = new Map(cluster.groups.map(({ name, template }) => [name, template.nodePool]))
  for (const node of cluster.nodes) {
    nodes.set(node.name, nodeDisruption(node, { budgets, now, nodePool: pools.get(node.group), replicasOf }))
    for (const pod of node.pods) {
      const verdict = podDisruption(pod, budgets, { owner: node.owner, now, replicas: replicasOf(pod) })
      if (verdict.kind !== 'pinned' || pod.terminating) continue
      pinned.set(pod, verdict.blockers)
      workloadBlockers.set(pod.workload, [...(workloadBlockers.get(pod.workload) ?? []), ...verdict.blockers])
    }
  }
  return { nodes, pinned, spot: spotFitnessOf(cluster, snapshot, now), workloadBlockers }
}

function spotFitnessOf(
  cluster: Cluster,
  { controllers, namespaces }: Pick<Snapshot, 'controllers' | 'namespaces'>,
  now: string,
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
      }),
    ]),
  )
}
