import type { Pod } from '../domain/pod.js'
import type { Resources } from '../domain/resources.js'

/** Plain code-unit order: the same on every machine and in every locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Largest share that a request takes of `reference`, over all resources that the reference has. */
export function dominantShare(need: Resources, reference: Resources): number {
  let share = Math.max(
    reference.cpu > 0 ? need.cpu / reference.cpu : 0,
    reference.memory > 0 ? need.memory / reference.memory : 0,
    reference.pods > 0 ? need.pods / reference.pods : 0,
  )
  for (const [name, amount] of Object.entries(need.extended)) {
    const has = reference.extended[name] ?? 0
    share = Math.max(share, has > 0 ? amount / has : 1)
  }
  return share
}

/**
 * The order of first fit decreasing: pods that few nodes can take first, then the largest, equal pods by name. The order
 * does not depend on the order of the input.
 */
export function largestFirst(pods: readonly Pod[], reference: Resources): Pod[] {
  const keyed = pods.map((pod) => ({
    pod,
    tied: isTied(pod) ? 1 : 0,
    share: dominantShare(pod.needed, reference),
  }))
  keyed.sort((a, b) => b.tied - a.tied || b.share - a.share || byText(a.pod.id, b.pod.id))
  return keyed.map(({ pod }) => pod)
}

/** Bound to a zone, a node's neighbours or a port: such pods want their pick of the nodes. */
const isTied = (pod: Pod): boolean =>
  pod.volumes.nodeTerms.length > 0 ||
  pod.spec.podAntiAffinity.length > 0 ||
  pod.spec.podAffinity.length > 0 ||
  pod.spec.topologySpread.length > 0 ||
  pod.hostPorts.length > 0
