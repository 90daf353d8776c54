import type { CapacityPolicy } from '../../domain/goal.js'
import type { Pod } from '../../domain/pod.js'
import { byText } from '../order.js'
import type { PackProblem } from '../problem.js'

/** Which pods a policy wants on spot nodes, where the rules allow it. Equal keys: the same pods. */
export type SpotWish = { readonly key: string; readonly wants: (pod: Pod) => boolean }

export function spotWish(policy: CapacityPolicy, problem: PackProblem): SpotWish {
  const onSpotToday = podsOnSpot(problem)
  switch (policy.kind) {
    case 'as-is':
      return { key: 'as-is', wants: (pod) => onSpotToday.has(pod) }
    case 'on-demand':
      return { key: 'on-demand', wants: () => false }
    case 'spot': {
      const { chosen, all } = chooseForSpot(problem, policy.share, onSpotToday)
      return { key: all ? 'spot' : `spot ${policy.share}`, wants: (pod) => chosen.has(pod) }
    }
    default:
      return policy satisfies never
  }
}

/** Without those that must not be there, whose owners have said so. */
function podsOnSpot(problem: PackProblem): Set<Pod> {
  const mayBe = (pod: Pod): boolean => problem.suits(pod, { capacityType: 'spot', architecture: undefined })
  return new Set(
    problem.groups.flatMap(({ live }) =>
      live.filter(({ node }) => node.capacityType === 'spot').flatMap(({ pods }) => pods.filter((pod) => mayBe(pod))),
    ),
  )
}

/**
 * Pods fit for spot, up to a share of all requested CPU: whole workloads where that goes, those on spot today first, then
 * the largest.
 */
function chooseForSpot(
  problem: PackProblem,
  share: number,
  onSpotToday: ReadonlySet<Pod>,
): { readonly chosen: ReadonlySet<Pod>; readonly all: boolean } {
  const fit = problem.groups
    .flatMap(({ live }) => live.flatMap(({ pods }) => pods))
    .filter((pod) => onSpotToday.has(pod) || problem.suits(pod, { capacityType: 'spot', architecture: undefined }))
  const cpuOf = new Map<string, number>()
  for (const pod of fit) cpuOf.set(pod.workload, (cpuOf.get(pod.workload) ?? 0) + pod.needed.cpu)
  fit.sort(
    (a, b) =>
      Number(onSpotToday.has(b)) - Number(onSpotToday.has(a)) ||
      (cpuOf.get(b.workload) ?? 0) - (cpuOf.get(a.workload) ?? 0) ||
      byText(a.workload, b.workload) ||
      byText(a.id, b.id),
  )
  const chosen = new Set<Pod>()
  let left = share * problem.total.cpu
  for (const pod of fit) {
    if (pod.needed.cpu > left) continue
    left -= pod.needed.cpu
    chosen.add(pod)
  }
  return { chosen, all: chosen.size === fit.length }
}
