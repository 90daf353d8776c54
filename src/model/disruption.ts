import type { Node } from '../domain/cluster.js'
import type { Pod } from '../domain/pod.js'
import { valueOf } from '../domain/requirement.js'
import type { DisruptionBudgetObject, NodePoolObject } from '../domain/snapshot.js'
import { budgetsOf, type BudgetIndex } from './budgets.js'
import { autoscalerVerdict } from './cluster-autoscaler.js'
import { podWishes, scratchAtRisk, type PodWishes } from './pod-annotations.js'
import {
  blockerLine,
  blockersOf,
  holdBlocker,
  isKarpenter,
  type Blocker,
  type DisruptionContext,
} from './pod-blockers.js'

/** May a pod be moved? `pinned` gives its first blocker, and all of them as lines for a report. */
export type PodDisruption =
  | { readonly kind: 'movable' }
  | { readonly kind: 'care'; readonly why: string }
  | { readonly kind: 'pinned'; readonly why: string; readonly fix: string; readonly blockers: readonly string[] }

/**
 * Local scratch data is a reason for care, not a pin, although the Cluster Autoscaler leaves such nodes alone by default:
 * an emptyDir outlives no eviction, so that its pod has to be able to lose it, and most hostPath mounts read the host's
 * own files. Pinning them would pin most of a usual cluster.
 */
function caresOf(
  pod: Pod,
  budgets: readonly DisruptionBudgetObject[],
  wishes: PodWishes,
  { owner, now, replicas }: DisruptionContext,
): string[] {
  // Whoever says that it is safe has thought of all of these.
  if (wishes.safeToEvict === 'yes') return []
  const kind = pod.owner?.kind
  const scratch = scratchAtRisk(pod, wishes)
  const verdict = isKarpenter(owner) ? undefined : autoscalerVerdict(pod, budgets, now)
  const cares = [
    kind === 'StatefulSet' ? 'StatefulSet: moves within the zones of its volumes' : undefined,
    kind === 'Job' ? 'Job: starts again from the beginning' : undefined,
    replicas === 1 && kind !== 'Job' ? 'single replica: away while it moves' : undefined,
    scratch.length > 0 ? `loses ${scratch.join(', ')}` : undefined,
  ].filter((care) => care !== undefined)
  if (verdict?.kind === 'block' && scratch.length === 0)
    cares.push(`the Cluster Autoscaler would not drain it: ${verdict.why}`)
  return cares
}

/** Everything that keeps a pod where it is. Of pods that come with their node, only what Karpenter heeds counts. */
export function podHolds(pod: Pod, index: BudgetIndex, context: DisruptionContext): readonly Blocker[] {
  const wishes = podWishes(pod, context.now)
  if (pod.role === 'ordinary') return blockersOf(pod, budgetsOf(index, pod), wishes, context)
  const hold = isKarpenter(context.owner) ? holdBlocker(pod, wishes) : undefined
  return hold === undefined ? [] : [hold]
}

/**
 * May the pod be moved to another node? A pod that comes with its node (DaemonSet, static, Fargate) is never moved; it
 * can still hold its node, if Karpenter owns that and the pod asks not to be disrupted.
 */
export function podDisruption(pod: Pod, index: BudgetIndex, context: DisruptionContext): PodDisruption {
  const wishes = podWishes(pod, context.now)
  const ordinary = pod.role === 'ordinary'
  const budgets = ordinary ? budgetsOf(index, pod) : []
  const blockers = podHolds(pod, index, context)
  const [first] = blockers
  if (first !== undefined)
    return { kind: 'pinned', why: first.why, fix: first.fix, blockers: blockers.map(blockerLine) }
  const cares = ordinary ? caresOf(pod, budgets, wishes, context) : []
  return cares.length > 0 ? { kind: 'care', why: cares.join('; ') } : { kind: 'movable' }
}

/** May a node be removed, and if not, why: one line per blocker, each with its fix. */
export type NodeDisruption = { readonly removable: boolean; readonly blockers: readonly string[] }

const NODE_HOLDS = [
  'cluster-autoscaler.kubernetes.io/scale-down-disabled',
  'karpenter.sh/do-not-disrupt',
  'karpenter.sh/do-not-consolidate',
]

/** Kinds of nodes that no plan takes away, whatever else is said of them. */
function ownKind({ name, controlPlane, owner }: Node): { readonly why: string; readonly fix: string }[] {
  const fixed = []
  if (controlPlane)
    fixed.push({ why: `node ${name} runs the control plane`, fix: 'change it through its cluster manager' })
  if (owner === 'fargate')
    fixed.push({ why: `node ${name} is its Fargate pod's own`, fix: 'it goes when the pod goes' })
  if (owner === 'hybrid') fixed.push({ why: `node ${name} is a machine outside AWS`, fix: 'remove it where it runs' })
  return fixed
}

/** What is said of the node itself that keeps it. */
export function nodeHolds(node: Node, nodePool: NodePoolObject | undefined): Blocker[] {
  const holds = NODE_HOLDS.filter((key) => valueOf(node.annotations, key) === 'true').map((key): Blocker => {
    const what = `annotation ${key} on node ${node.name}`
    return { why: what, fix: 'remove it when the node may go', rule: 'node-annotation', what }
  })
  if (node.claim?.hold !== undefined && holds.length === 0) {
    const what = `annotation ${node.claim.hold} on NodeClaim ${node.claim.name}`
    holds.push({ why: what, fix: 'remove it when the node may go', rule: 'node-annotation', what })
  }
  if (nodePool?.replicas === undefined) return holds
  const what = `NodePool ${nodePool.metadata.name} keeps ${nodePool.replicas} nodes`
  return [{ why: what, fix: 'lower its replicas', rule: 'node-pool-size', what }, ...holds]
}

export type NodeDisruptionContext = {
  readonly budgets: BudgetIndex
  readonly now: string | undefined
  /** The Karpenter pool that made the node, where its object is known. */
  readonly nodePool: NodePoolObject | undefined
  readonly replicasOf: (pod: Pod) => number | undefined
}

/** Pods that are being deleted already hold nothing. */
export function nodeDisruption(node: Node, context: NodeDisruptionContext): NodeDisruption {
  const { budgets, now, nodePool, replicasOf } = context
  const own = [...ownKind(node), ...nodeHolds(node, nodePool)].map(blockerLine)
  const pods = [...node.pods].filter(({ terminating }) => !terminating).sort((a, b) => (a.id < b.id ? -1 : 1))
  const pinned = pods.flatMap((pod) => {
    const verdict = podDisruption(pod, budgets, { owner: node.owner, now, replicas: replicasOf(pod) })
    return verdict.kind === 'pinned' ? verdict.blockers : []
  })
  const blockers = [...own, ...pinned]
  return { removable: blockers.length === 0, blockers }
}
