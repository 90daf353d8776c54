import { matchesNodeRules, untoleratedTaints } from '../../domain/requirement.js'
import type { PodSpec } from '../../domain/snapshot.js'
import { remember, type Counter, type Counts } from './counts.js'
import type { Case, Spread, Terms } from './terms.js'
import type { Host, World } from './world.js'

/** Pods per domain, with what the skew is measured from. */
type Tally = { readonly counts: Counts; readonly domains: number; readonly least: number; readonly where: Uint8Array }

/**
 * Plugin PodTopologySpread, DoNotSchedule only, in the final state: pods in the domain, less those in the emptiest one,
 * are at most `maxSkew`. A pod that is itself counted changes nothing by being taken out first: were its domain the
 * emptiest, it would come back to a skew of 1.
 */
export function createSpreadCheck({ hosts }: World, counter: Counter): (one: Case) => void {
  const scopes = remember<Uint8Array>()
  const tallies = remember<Tally>()
  /** Pods with equal terms share them as one object, so the texts of the keys below are made once. */
  const known = new Map<Spread, Tally>()

  const tallyOf = (spread: Spread, terms: Terms, spec: PodSpec): Tally => {
    const before = known.get(spread)
    if (before !== undefined) return before
    const { constraint, selection, empty } = spread
    const scope = scopeOf(constraint, terms, spec)
    const scopeKey = JSON.stringify(scope)
    const made = tallies(`${selection.id} ${empty} ${constraint.topologyKey} ${scopeKey}`, () => {
      const where = scopes(scopeKey, () =>
        Uint8Array.from(hosts, (host, index) => (isWithin(scope, host, index, counter) ? 1 : 0)),
      )
      return tally(spread, hosts, where, counter)
    })
    known.set(spread, made)
    return made
  }

  return ({ tenant, host, kind, terms, report }) => {
    if (terms === undefined) return
    for (const spread of terms.spread) {
      const { constraint, selection, empty } = spread
      const { topologyKey, maxSkew, minDomains = 1 } = constraint
      const about = `${selection.text}, over ${topologyKey}`
      const value = counter.valueAt(topologyKey, host)
      if (value === undefined) {
        report('PodTopologySpread', about, `the node has no label ${topologyKey}, over which it is spread`)
        continue
      }
      const { counts, domains, least, where } = tallyOf(spread, terms, tenant.pod.spec)
      const matches = selection.kinds.has(kind)
      const isCounted = matches && !empty && !kind.terminating && where[host] === 1
      const count = (counts.get(value) ?? 0) + (matches && !isCounted ? 1 : 0)
      const floor = domains < minDomains ? 0 : least
      if (count - floor <= maxSkew) continue
      const few = domains < minDomains ? ` (${domains} of at least ${minDomains} domains exist)` : ''
      const skew = `a skew of ${count - floor}, where ${maxSkew} is allowed`
      report(
        'PodTopologySpread',
        about,
        `${topologyKey}=${value} has ${count}, the least is ${floor}${few}: ${skew}; ${about}`,
      )
    }
  }
}

/** What a node must have for its pods and its domain to count. */
type Scope = {
  readonly keys: readonly string[]
  readonly rules: Pick<PodSpec, 'nodeSelector' | 'requiredNodeTerms'> | undefined
  readonly tolerations: PodSpec['tolerations'] | undefined
}

const scopeOf = (constraint: Spread['constraint'], { spread }: Terms, spec: PodSpec): Scope => {
  const { nodeSelector, requiredNodeTerms, tolerations } = spec
  return {
    keys: [...new Set(spread.map((each) => each.constraint.topologyKey))].sort(),
    rules: constraint.nodeAffinityPolicy === 'Ignore' ? undefined : { nodeSelector, requiredNodeTerms },
    tolerations: constraint.nodeTaintsPolicy === 'Honor' ? tolerations : undefined,
  }
}

const isWithin = ({ keys, rules, tolerations }: Scope, host: Host, index: number, counter: Counter): boolean =>
  keys.every((key) => counter.valueAt(key, index) !== undefined) &&
  (rules === undefined || matchesNodeRules(rules.nodeSelector, rules.requiredNodeTerms, host)) &&
  (tolerations === undefined || untoleratedTaints(host.taints, tolerations).length === 0)

function tally(
  { constraint, selection, empty }: Spread,
  hosts: readonly Host[],
  where: Uint8Array,
  counter: Counter,
): Tally {
  const { topologyKey } = constraint
  const domains = new Set(
    hosts.map((_, index) => (where[index] === 1 ? counter.valueAt(topologyKey, index) : undefined)),
  )
  domains.delete(undefined)
  const counted = empty ? [] : [...selection.kinds].filter(({ terminating }) => !terminating)
  const counts = counter.count(counted, topologyKey, where)
  let least = counts.size < domains.size ? 0 : Infinity
  for (const count of counts.values()) least = Math.min(least, count)
  return { counts, domains: domains.size, least: domains.size === 0 ? 0 : least, where }
}
