import type { Pod } from '../domain/pod.js'
import { matchesSelector } from '../domain/requirement.js'
import type { DisruptionBudgetObject } from '../domain/snapshot.js'

/** Disruption budgets by namespace. */
export type BudgetIndex = ReadonlyMap<string, readonly DisruptionBudgetObject[]>

export function indexBudgets(budgets: readonly DisruptionBudgetObject[]): BudgetIndex {
  const index = new Map<string, DisruptionBudgetObject[]>()
  for (const budget of [...budgets].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const { namespace } = budget.metadata
    const neighbours = index.get(namespace)
    if (neighbours === undefined) index.set(namespace, [budget])
    else neighbours.push(budget)
  }
  return index
}

/** Budgets that cover a pod, by name. A null selector covers none, an empty one every pod of its namespace (policy/v1). */
export const budgetsOf = (
  index: BudgetIndex,
  pod: Pick<Pod, 'namespace' | 'labels'>,
): readonly DisruptionBudgetObject[] =>
  (index.get(pod.namespace) ?? []).filter(({ selector }) => matchesSelector(selector, pod.labels))

/** `3` or `30%` of a number of pods; percentages are rounded up, as the disruption controller rounds both kinds. */
function scaled(text: string, pods: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  if (/^\d+%$/.test(text)) return Math.ceil((Number(text.slice(0, -1)) * pods) / 100)
  return undefined
}

/** How many of `pods` pods a budget wants healthy; undefined where it says neither bound, or in a way that is no count. */
export function desiredHealthy(
  { minAvailable, maxUnavailable }: Pick<DisruptionBudgetObject, 'minAvailable' | 'maxUnavailable'>,
  pods: number,
): number | undefined {
  const unavailable = scaled(maxUnavailable, pods)
  if (unavailable !== undefined) return Math.max(0, pods - unavailable)
  return scaled(minAvailable, pods)
}

/** The budget's bound in its own words, e.g. `maxUnavailable 0`. */
export const boundOf = ({ minAvailable, maxUnavailable }: DisruptionBudgetObject): string =>
  maxUnavailable !== ''
    ? `maxUnavailable ${maxUnavailable}`
    : minAvailable !== ''
      ? `minAvailable ${minAvailable}`
      : 'no bound'

/** What a budget says to one more eviction. */
export type BudgetVerdict =
  | { readonly kind: 'allows' }
  /** All its pods must be healthy: no eviction passes while it stands as it is. `pods` is undefined where nobody counted. */
  | { readonly kind: 'forever'; readonly pods: number | undefined }
  /** Pods are missing or not ready. */
  | { readonly kind: 'now'; readonly healthyNeeded: number | undefined; readonly pods: number | undefined }
  /** The controller has not judged this generation of the budget. */
  | { readonly kind: 'not judged' }

/**
 * The eviction API lets a pod go where `disruptionsAllowed` is above 0, or where the pod is not ready and the budget says
 * AlwaysAllow. `replicas` stands in for the expected pods where the controller has not counted them.
 */
export function budgetVerdict(
  budget: DisruptionBudgetObject,
  podReady: boolean,
  replicas: number | undefined,
): BudgetVerdict {
  if (budget.disruptionsAllowed !== undefined && budget.disruptionsAllowed > 0) return { kind: 'allows' }
  if (!podReady && budget.unhealthyPodEvictionPolicy === 'AlwaysAllow') return { kind: 'allows' }
  const pods = budget.expectedPods ?? replicas
  const never = /^0+%?$/.test(budget.maxUnavailable)
  const needed = pods === undefined ? undefined : desiredHealthy(budget, pods)
  if (never || (pods !== undefined && needed !== undefined && needed >= pods)) return { kind: 'forever', pods }
  if (budget.disruptionsAllowed === undefined) return { kind: 'not judged' }
  return { kind: 'now', healthyNeeded: budget.desiredHealthy ?? needed, pods }
}
