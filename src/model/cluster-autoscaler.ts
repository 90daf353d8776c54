import type { Pod } from '../domain/pod.js'
import type { DisruptionBudgetObject } from '../domain/snapshot.js'
import { podWishes, scratchAtRisk } from './pod-annotations.js'

/** What the Cluster Autoscaler would do about a pod when it drains a node. */
export type DrainVerdict =
  { readonly kind: 'skip' } | { readonly kind: 'ok' } | { readonly kind: 'block'; readonly why: string }

const OK: DrainVerdict = { kind: 'ok' }
const DRAINED_OWNERS = ['ReplicationController', 'ReplicaSet', 'Job', 'StatefulSet']
const SYSTEM_POD_PATIENCE_MS = 60 * 60 * 1000

const ageMs = (pod: Pod, now: string | undefined): number | undefined => {
  const age = Date.parse(now ?? '') - Date.parse(pod.createdAt ?? '')
  return Number.isNaN(age) ? undefined : age
}

/**
 * Its drainability rules in their order and with its default flags, first verdict wins (cluster-autoscaler
 * simulator/drainability/rules, mid-2026). Left out: owners that no longer exist and overdue deletions, of which a
 * snapshot knows too little. `budgets` are those that cover the pod. A system pod of unknown age counts as young.
 */
export function autoscalerVerdict(
  pod: Pod,
  budgets: readonly DisruptionBudgetObject[],
  now: string | undefined,
): DrainVerdict {
  const wishes = podWishes(pod, now)
  if (pod.role === 'static') return { kind: 'skip' }
  if (pod.role === 'daemon' || wishes.safeToEvict === 'yes') return OK
  if (pod.phase === 'Succeeded' || (pod.phase === 'Failed' && pod.spec.restartPolicy === 'Never')) return OK
  if (wishes.safeToEvict === 'on completion') return { kind: 'block', why: 'it asks to finish first' }
  if (pod.owner === undefined) return { kind: 'block', why: 'it has no controller' }
  if (!DRAINED_OWNERS.includes(pod.owner.kind)) return { kind: 'block', why: `its owner is a ${pod.owner.kind}` }
  if (pod.namespace === 'kube-system' && budgets.length === 0) {
    const age = ageMs(pod, now)
    if (age !== undefined && age >= SYSTEM_POD_PATIENCE_MS) return OK
    return { kind: 'block', why: 'it is a system pod without a disruption budget, and younger than an hour' }
  }
  if (wishes.safeToEvict === 'no') return { kind: 'block', why: 'it is marked as not safe to evict' }
  const [scratch] = scratchAtRisk(pod, wishes)
  if (scratch !== undefined) return { kind: 'block', why: `it has local data (${scratch})` }
  const spent = budgets.find(({ disruptionsAllowed }) => (disruptionsAllowed ?? 0) < 1)
  if (spent !== undefined) return { kind: 'block', why: `budget ${spent.metadata.name} allows no disruption` }
  return OK
}
