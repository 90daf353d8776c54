import type { Pod } from '../domain/pod.js'
import type { NamespaceObject, PodSpec } from '../domain/snapshot.js'
import { createMatchers, type Matcher } from './board/matcher.js'
import { flawsOf } from './board/terms.js'

type BoundTerm = { readonly matcher: Matcher; readonly key: string }

/**
 * Ordinary pods that no node whatever would take, by rules about other pods (plugins InterPodAffinity and
 * PodTopologySpread), with the reason: a selector that cannot be read, affinity to pods of which there are none, or
 * affinity to just the pods that anti-affinity keeps away. A running one stays where it is, and no machine is bought for it.
 */
export function hopelessPods(namespaces: readonly NamespaceObject[], pods: readonly Pod[]): ReadonlyMap<Pod, string> {
  const reasons = new Map<Pod, string>()
  const flaws = new Map<PodSpec, string | undefined>()
  for (const spec of new Set(pods.map((pod) => pod.spec))) flaws.set(spec, flawsOf(spec)[0]?.detail)
  const near = pods.filter((pod) => pod.role === 'ordinary' && pod.spec.podAffinity.length > 0)
  for (const pod of pods) {
    const flaw = flaws.get(pod.spec)
    if (pod.role === 'ordinary' && flaw !== undefined) reasons.set(pod, flaw)
  }
  if (near.length === 0) return reasons

  const matchers = createMatchers(namespaces, pods)
  const bind = (pod: Pod, terms: Pod['spec']['podAffinity']): BoundTerm[] =>
    terms.map((term) => ({ matcher: matchers.ofTerm(term, pod), key: term.topologyKey }))
  const asked = near.map((pod) => ({
    pod,
    affinity: bind(pod, pod.spec.podAffinity),
    apart: bind(pod, pod.spec.podAntiAffinity),
  }))
  // Which matchers select a pod can be asked when all of them are made.
  matchers.seal()
  const selecting = pods.map((pod) => ({ pod, by: new Set(matchers.selecting(pod)) }))
  const kinOf = new Map<string, readonly (typeof selecting)[number][]>()
  for (const { pod, affinity, apart } of asked) {
    if (reasons.has(pod)) continue
    const ids = [...new Set(affinity.map(({ matcher }) => matcher.id))].sort((a, b) => a - b)
    const all = kinOf.get(ids.join(' ')) ?? selecting.filter(({ by }) => ids.every((id) => by.has(id)))
    kinOf.set(ids.join(' '), all)
    const wanted = affinity.map(({ matcher }) => matcher.text).join(', and ')
    if (all.length === 0) {
      reasons.set(pod, `it has to be near pods of which there are none: ${wanted}`)
      continue
    }
    // The first of its kind may go anywhere.
    const others = all.filter((one) => one.pod !== pod)
    const against = apart.find(
      ({ matcher, key }) => affinity.some((term) => term.key === key) && others.every(({ by }) => by.has(matcher.id)),
    )
    if (others.length > 0 && against !== undefined)
      reasons.set(pod, `it has to be near the pods that it keeps away from, by ${against.key}: ${wanted}`)
  }
  return reasons
}
