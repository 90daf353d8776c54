import type { Refusal } from '../../domain/plan.js'
import type { BoundTerm } from './tally-book.js'
import type { SpreadTally, Tally } from './topology.js'

export type BoundSpread = {
  readonly tally: SpreadTally
  readonly maxSkew: number
  readonly minDomains: number
  /** What the pod itself adds to its domain: 1 where it matches its own selector, else 0. */
  readonly self: 0 | 1
  readonly text: string
}

export type TopologyFilter = 'InterPodAffinity' | 'PodTopologySpread'

/** A selector that nobody can read: its pod fits nowhere. */
export type TermFlaw = { readonly filter: TopologyFilter; readonly detail: string }

/** What a pod demands of the counts in its topology domains, and what it adds to them. */
export type TopologyRules = {
  /** Equal for pods with equal demands and effects. */
  readonly id: number
  readonly affinity: readonly BoundTerm[]
  /** The pod matches all its own affinity terms, so it may be the first of its kind. */
  readonly foundsGroup: boolean
  readonly antiAffinity: readonly BoundTerm[]
  /** Required anti-affinity terms of other pods, as counts of the pods that bear them. */
  readonly repelledBy: readonly BoundTerm[]
  readonly spread: readonly BoundSpread[]
  readonly flaws: readonly TermFlaw[]
  /** Counts that change when the pod is placed. */
  readonly changes: readonly Tally[]
}

/** Does any rule look beyond the pod's own node? */
export const looksAround = (rules: TopologyRules): boolean =>
  rules.affinity.length + rules.antiAffinity.length + rules.repelledBy.length + rules.spread.length > 0

/** Plugins PodTopologySpread and InterPodAffinity, from counts that are kept up to date. */
export function topologyAllows(rules: TopologyRules, site: number): boolean {
  if (rules.flaws.length > 0) return false
  for (const term of rules.antiAffinity) if (term.tally.at(site) > 0) return false
  for (const term of rules.repelledBy) if (term.tally.at(site) > 0) return false
  for (const spread of rules.spread) if (!spreadAllows(spread, site)) return false
  return rules.affinity.length === 0 || affinityAllows(rules, site)
}

/** Least count that the skew is measured from; 0 while there are fewer domains than `minDomains`. */
const leastOf = ({ tally, minDomains }: BoundSpread): number => (tally.domainCount < minDomains ? 0 : tally.least)

const spreadAllows = (spread: BoundSpread, site: number): boolean =>
  spread.tally.key.at[site]! >= 0 && spread.tally.at(site) + spread.self - leastOf(spread) <= spread.maxSkew

/** The tallies count pods that match all terms together, per topology key of each term. */
function affinityAllows({ affinity, foundsGroup }: TopologyRules, site: number): boolean {
  for (const term of affinity) if (term.tally.key.at[site]! < 0) return false
  if (affinity.every((term) => term.tally.at(site) > 0)) return true
  return foundsGroup && affinity.every((term) => term.tally.total === 0)
}

const podCount = (count: number): string => (count === 1 ? '1 pod' : `${count} pods`)

const domainOf = ({ key }: Tally, site: number): string => `${key.name} ${key.textOf(key.at[site]!)}`

/** Every rule of the two plugins that refuses the pod there, with its counts. */
export function topologyRefusals(rules: TopologyRules, site: number): Refusal[] {
  const refusals: Refusal[] = rules.flaws.map(({ filter, detail }) => ({ kind: 'rule', filter, detail }))
  const refuse = (filter: TopologyFilter, detail: string): void => {
    refusals.push({ kind: 'rule', filter, detail })
  }
  for (const spread of rules.spread) {
    const { tally, self, maxSkew, minDomains, text } = spread
    if (tally.key.at[site]! < 0) {
      refuse('PodTopologySpread', `the node has no label ${tally.key.name}, over which the pod is spread`)
    } else if (!spreadAllows(spread, site)) {
      const least = leastOf(spread)
      const few = tally.domainCount < minDomains ? ` (only ${tally.domainCount} of ${minDomains} domains exist)` : ''
      const has = `${domainOf(tally, site)} would have ${podCount(tally.at(site) + self)} with ${text}`
      refuse('PodTopologySpread', `${has}, the least is ${least}${few}, the skew may be ${maxSkew}`)
    }
  }
  for (const { tally, text } of rules.antiAffinity) {
    const count = tally.at(site)
    if (count > 0)
      refuse('InterPodAffinity', `${domainOf(tally, site)} has ${podCount(count)} to keep away from: ${text}`)
  }
  for (const { tally, text } of rules.repelledBy) {
    const count = tally.at(site)
    if (count > 0) {
      refuse('InterPodAffinity', `${domainOf(tally, site)} has ${podCount(count)} with anti-affinity to ${text}`)
    }
  }
  if (rules.affinity.length > 0 && !affinityAllows(rules, site)) {
    for (const { tally, text } of rules.affinity) {
      if (tally.key.at[site]! < 0)
        refuse('InterPodAffinity', `the node has no label ${tally.key.name} for affinity to ${text}`)
      else if (tally.at(site) === 0)
        refuse('InterPodAffinity', `${domainOf(tally, site)} has no pod to be with: ${text}`)
    }
  }
  return refusals
}
