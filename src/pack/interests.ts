import type { Pod } from '../domain/pod.js'
import { valueOf } from '../domain/requirement.js'
import type { Labels, PodSpec } from '../domain/snapshot.js'

/**
 * Node labels that the rules of some pods look at, by key in alphabetical order, with the values that they compare it
 * with: all other values are one to them. Undefined where every value counts for itself (topologies, Gt and Lt).
 */
export type Interests = ReadonlyMap<string, ReadonlySet<string> | undefined>

/** Zones of volumes are left out: whoever compares machines compares their zones. */
export function interestsOf(pods: Iterable<Pod>): Interests {
  const found = new Map<string, Set<string> | undefined>()
  const named = (key: string, values: readonly string[]): void => {
    const known = found.has(key) ? found.get(key) : new Set<string>()
    for (const value of values) known?.add(value)
    found.set(key, known)
  }
  const seen = new Set<PodSpec>()
  for (const { spec, volumes } of pods) {
    const terms = [...volumes.nodeTerms.flat(), ...(seen.has(spec) ? [] : (spec.requiredNodeTerms ?? []))]
    for (const { matchExpressions } of terms)
      for (const { key, operator, values } of matchExpressions)
        if (operator === 'Gt' || operator === 'Lt') found.set(key, undefined)
        else named(key, values)
    if (seen.has(spec)) continue
    seen.add(spec)
    for (const [key, value] of Object.entries(spec.nodeSelector)) named(key, [value])
    for (const { topologyKey } of [...spec.podAffinity, ...spec.podAntiAffinity, ...spec.topologySpread])
      found.set(topologyKey, undefined)
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The labels as far as the rules can tell them apart: equal texts are equal to the scheduler. */
export const seenLabels = (labels: Labels, interests: Interests): string =>
  seenValues((key) => valueOf(labels, key), interests)

/** The same of labels that are asked for by key. */
export const seenValues = (labelBy: (key: string) => string | undefined, interests: Interests): string =>
  JSON.stringify(
    [...interests].map(([key, named]) => {
      const value = labelBy(key)
      return value === undefined ? null : named === undefined || named.has(value) ? value : 0
    }),
  )
