import type { Pod } from '../../domain/pod.js'
import type { NamespaceObject, PodSpec } from '../../domain/snapshot.js'
import { createMatchers, withLabelKeys } from '../board/matcher.js'
import { perTemplate } from '../board/per-template.js'
import { countsNone, honouredRules, ownLabelKeys, preferredTerms, softSpread } from '../board/spread-constraints.js'
import type { Site } from '../board/site.js'
import type { StaticFit } from '../board/static-fit.js'
import { createTallyBook, type WeightedTerm } from '../board/tally-book.js'
import type { SpreadTally, Tally } from '../board/topology.js'

/** What a required affinity of a pod that runs counts for with the pods that it wants near (hardPodAffinityWeight). */
const REQUIRED = 1

/** A ScheduleAnyway constraint with the pods that it counts. */
export type SoftSpread = { readonly tally: SpreadTally; readonly maxSkew: number }

/** What the scores of a pod depend on beside the node itself, and what the pod changes for others. */
export type SoftRules = {
  /** Pods in the node's domain that draw it there, or keep it away where the weight is negative. */
  readonly pulls: readonly WeightedTerm[]
  readonly spread: readonly SoftSpread[]
  readonly changes: readonly Tally[]
}

export type SoftTerms = {
  /** Undefined for pods to which only the nodes themselves matter. */
  of(pod: Pod): SoftRules | undefined
  open(row: number, site: Site, shape: number): void
  close(row: number): void
}

type Resolved = {
  readonly own: readonly WeightedTerm[]
  /** Terms by which the pod draws others, or keeps them away. */
  readonly borne: readonly Tally[]
  readonly spread: readonly SoftSpread[]
}

const NO_TERMS: Resolved = { own: [], borne: [], spread: [] }

/**
 * Terms of pods about other pods that only score: preferred affinity and anti-affinity, ScheduleAnyway constraints, and
 * required affinity as far as it draws the pods that it names. Undefined where no pod has any: most clusters need not pay for
 * counts that nobody asks.
 */
export function createSoftTerms(
  namespaces: readonly NamespaceObject[],
  pods: readonly Pod[],
  fit: StaticFit,
): SoftTerms | undefined {
  if (!pods.some(({ spec }) => isSoft(spec))) return undefined
  const matchers = createMatchers(namespaces, pods)
  const tallies = createTallyBook()

  const resolve = (pod: Pod): Resolved => {
    const { near = [], apart = [] } = pod.spec.preferences ?? {}
    const preferred = [
      ...near.map(({ weight, term }) => ({ weight, term })),
      ...apart.map(({ weight, term }) => ({ weight: -weight, term })),
    ].map(({ weight, term }) => ({ weight, key: term.topologyKey, matcher: matchers.ofTerm(term, pod) }))
    const required = pod.spec.podAffinity.map((term) => ({
      weight: REQUIRED,
      key: term.topologyKey,
      matcher: matchers.ofTerm(term, pod),
    }))
    return {
      own: preferred.map(({ weight, key, matcher }) => ({
        tally: tallies.selected([matcher], key),
        text: matcher.text,
        weight,
      })),
      borne: [...preferred, ...required].map(({ weight, key, matcher }) => tallies.bearers(matcher, key, weight)),
      spread: resolveSpread(pod),
    }
  }

  const resolveSpread = (pod: Pod): SoftSpread[] => {
    const constraints = softSpread(pod.spec)
    const keys = constraints.map(({ topologyKey }) => topologyKey)
    return constraints.map((constraint) => {
      const { topologyKey, maxSkew, matchLabelKeys } = constraint
      const selector = withLabelKeys(constraint.labelSelector, pod.labels, matchLabelKeys)
      const matcher = selector === undefined || countsNone(selector) ? undefined : matchers.ofSelector(selector, pod)
      return { tally: tallies.spread(matcher, topologyKey, keys, honouredRules(constraint, pod.spec, fit)), maxSkew }
    })
  }

  const resolvedFor = perTemplate(
    (spec) => ownLabelKeys([...preferredTerms(spec), ...spec.podAffinity], softSpread(spec)),
    resolve,
  )
  const resolvedOf = (pod: Pod): Resolved => (isSoft(pod.spec) ? resolvedFor(pod) : NO_TERMS)
  pods.forEach(resolvedOf)
  matchers.seal()
  tallies.seal()

  const known = new Map<Resolved, Map<string, SoftRules | undefined>>()
  const bind = ({ own, borne, spread }: Resolved, selecting: readonly number[], terminating: boolean) => {
    const pulls = [...own, ...tallies.borneAgainst(selecting)]
    const changes = [...borne, ...tallies.changedBy(selecting, terminating)]
    return pulls.length + spread.length + changes.length === 0 ? undefined : { pulls, spread, changes }
  }

  return {
    of(pod) {
      const resolved = resolvedOf(pod)
      const selecting = matchers.selecting(pod)
      const rules = known.get(resolved) ?? new Map<string, SoftRules | undefined>()
      known.set(resolved, rules)
      const key = `${selecting.join(' ')}|${pod.terminating}`
      if (!rules.has(key)) rules.set(key, bind(resolved, selecting, pod.terminating))
      return rules.get(key)
    },
    open: (row, site, shape) => tallies.open(row, site, shape),
    close: (row) => tallies.close(row),
  }
}

const isSoft = (spec: PodSpec): boolean =>
  preferredTerms(spec).length + spec.podAffinity.length + softSpread(spec).length > 0
