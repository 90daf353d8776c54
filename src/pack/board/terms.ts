import type { Pod } from '../../domain/pod.js'
import { selectorFlaw } from '../../domain/requirement.js'
import type { LabelSelector, NamespaceObject, PodSpec } from '../../domain/snapshot.js'
import { createInterner } from './interner.js'
import { createMatchers, withLabelKeys, type Matcher } from './matcher.js'
import { perTemplate } from './per-template.js'
import { countsNone, hardSpread, honouredRules, ownLabelKeys } from './spread-constraints.js'
import type { StaticFit } from './static-fit.js'
import { createTallyBook, type BoundTerm, type TallyBook } from './tally-book.js'
import type { BoundSpread, TermFlaw, TopologyFilter, TopologyRules } from './topology-rules.js'
import type { Tally } from './topology.js'

/** Required affinity, anti-affinity and DoNotSchedule spread terms of all pods that may ever be placed. */
export type Terms = {
  readonly tallies: TallyBook
  rulesOf(pod: Pod): TopologyRules
  /** From here on a term that nobody counted from the start is refused with an error. */
  seal(): void
}

/** Terms of a pod with their selectors resolved; which of them select the pod itself is asked when all are known. */
type Resolved = {
  /** Equal for equal terms. */
  readonly key: string
  readonly affinity: readonly BoundTerm[]
  readonly affinityMatchers: readonly Matcher[]
  readonly antiAffinity: readonly BoundTerm[]
  /** Counts of the pods that bear these anti-affinity terms. */
  readonly borne: readonly Tally[]
  readonly spread: readonly (Omit<BoundSpread, 'self'> & { readonly matcher: Matcher | undefined })[]
  readonly flaws: readonly TermFlaw[]
}

const NO_TERMS: Resolved = {
  key: '',
  affinity: [],
  affinityMatchers: [],
  antiAffinity: [],
  borne: [],
  spread: [],
  flaws: [],
}

export function createTerms(namespaces: readonly NamespaceObject[], pods: readonly Pod[], fit: StaticFit): Terms {
  const matchers = createMatchers(namespaces, pods)
  const tallies = createTallyBook()

  const resolveSpread = (pod: Pod): Resolved['spread'] => {
    const constraints = hardSpread(pod.spec)
    const keys = constraints.map(({ topologyKey }) => topologyKey)
    return constraints.map((constraint) => {
      const selector = withLabelKeys(constraint.labelSelector, pod.labels, constraint.matchLabelKeys)
      const matcher = countsNone(selector) ? undefined : matchers.ofSelector(selector, pod)
      return {
        tally: tallies.spread(matcher, constraint.topologyKey, keys, honouredRules(constraint, pod.spec, fit)),
        maxSkew: constraint.maxSkew,
        minDomains: constraint.minDomains ?? 1,
        matcher,
        text: matcher?.text ?? 'an empty selector, which counts none',
      }
    })
  }

  const resolve = (pod: Pod): Resolved => {
    const { podAffinity, podAntiAffinity } = pod.spec
    if (podAffinity.length + podAntiAffinity.length + hardSpread(pod.spec).length === 0) return NO_TERMS
    const affinityMatchers = podAffinity.map((term) => matchers.ofTerm(term, pod))
    const affinity = podAffinity.map(({ topologyKey }, index) => ({
      tally: tallies.selected(affinityMatchers, topologyKey),
      text: affinityMatchers[index]!.text,
    }))
    const anti = podAntiAffinity.map((term) => ({ matcher: matchers.ofTerm(term, pod), key: term.topologyKey }))
    const antiAffinity = anti.map(({ matcher, key }) => ({
      tally: tallies.selected([matcher], key),
      text: matcher.text,
    }))
    const borne = new Set(anti.map(({ matcher, key }) => tallies.bearers(matcher, key)))
    const spread = resolveSpread(pod)
    const flaws = flawsOf(pod.spec)
    const key = JSON.stringify([
      affinity.map(({ tally }) => `${tally.id}`).sort(),
      antiAffinity.map(({ tally }) => `${tally.id}`).sort(),
      spread.map(({ tally, maxSkew, minDomains }) => [tally.id, maxSkew, minDomains].join(' ')).sort(),
      flaws,
    ])
    return { key, affinity, affinityMatchers, antiAffinity, borne: [...borne], spread, flaws }
  }

  const resolvedFor = perTemplate(
    (spec) => ownLabelKeys([...spec.podAffinity, ...spec.podAntiAffinity], hardSpread(spec)),
    resolve,
  )
  const resolvedOf = (pod: Pod): Resolved => {
    const { podAffinity, podAntiAffinity, topologySpread } = pod.spec
    return podAffinity.length + podAntiAffinity.length + topologySpread.length === 0 ? NO_TERMS : resolvedFor(pod)
  }
  pods.forEach(resolvedOf)

  const bind = (resolved: Resolved, selecting: readonly number[], terminating: boolean, id: number): TopologyRules => {
    const selects = new Set(selecting)
    return {
      id,
      affinity: resolved.affinity,
      foundsGroup: resolved.affinityMatchers.every((matcher) => selects.has(matcher.id)),
      antiAffinity: resolved.antiAffinity,
      repelledBy: tallies.borneAgainst(selecting),
      spread: resolved.spread.map(({ matcher, ...term }) => ({
        ...term,
        self: matcher === undefined || selects.has(matcher.id) ? 1 : 0,
      })),
      flaws: resolved.flaws,
      changes: [...resolved.borne, ...tallies.changedBy(selecting, terminating)],
    }
  }

  const ids = createInterner()
  const rules: TopologyRules[] = []
  return {
    tallies,
    seal() {
      matchers.seal()
      tallies.seal()
    },
    rulesOf(pod) {
      const resolved = resolvedOf(pod)
      const selecting = matchers.selecting(pod)
      const id = ids.idOf(`${resolved.key}|${selecting.join(' ')}|${pod.terminating}`)
      return (rules[id] ??= bind(resolved, selecting, pod.terminating, id))
    },
  }
}

/** Selectors of the template's hard terms that nobody can read. */
export function flawsOf(spec: PodSpec): TermFlaw[] {
  const affinityTerms = [...spec.podAffinity, ...spec.podAntiAffinity]
  const among = (filter: TopologyFilter, selectors: readonly (LabelSelector | undefined)[]): TermFlaw[] =>
    selectors.flatMap((selector) => {
      const detail = selectorFlaw(selector)
      return detail === undefined ? [] : [{ filter, detail: `the pod's selector cannot be read: ${detail}` }]
    })
  return [
    ...among(
      'InterPodAffinity',
      affinityTerms.flatMap((term) => [term.labelSelector, term.namespaceSelector]),
    ),
    ...among(
      'PodTopologySpread',
      hardSpread(spec).map((constraint) => constraint.labelSelector),
    ),
  ]
}
