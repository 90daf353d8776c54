import type { Pod } from '../../domain/pod.js'
import { NO_COUNTS, remember, type Counter, type Counts } from './counts.js'
import type { Kind } from './kinds.js'
import type { Case, Term, Terms } from './terms.js'
import type { World } from './world.js'

/**
 * Plugin InterPodAffinity: required affinity, anti-affinity and the anti-affinity of the others, for a pod that is taken
 * out and put back where it is.
 */
export function createAffinityCheck(
  world: World,
  counter: Counter,
  termsOf: (pod: Pod) => Terms | undefined,
): (one: Case) => void {
  const keepers = findKeepers(world, counter, termsOf)
  const selected = remember<Counts>()
  const kinCounts = new Map<Terms, readonly Counts[]>()
  const countKin = (terms: Terms): readonly Counts[] => {
    const known = kinCounts.get(terms) ?? terms.affinity.map(({ key }) => counter.count(terms.kin, key))
    kinCounts.set(terms, known)
    return known
  }

  return (one) => {
    const { kind, terms } = one
    const told = new Set<string>()
    const own = new Set<string>()
    for (const term of terms?.antiAffinity ?? []) {
      own.add(term.id)
      const counts = selected(term.id, () => counter.count(term.selection.kinds, term.key))
      tell(one, term, counts, term.selection.kinds.has(kind), counter, told, 'of the pods that it keeps away')
    }
    for (const { term, counts } of keepers.get(kind) ?? [])
      tell(one, term, counts, own.has(term.id), counter, told, 'pods that keep such pods away')
    if (terms !== undefined && terms.affinity.length > 0) checkAffinity(one, terms, countKin(terms), counter)
  }
}

/** Reports a term whose domain holds any of the counted pods, the pod itself left out, unless it has been told before. */
function tell(
  { host, report }: Case,
  { key, id, text }: Term,
  counts: Counts,
  countsSelf: boolean,
  counter: Counter,
  told: Set<string>,
  whom: string,
): void {
  const value = counter.valueAt(key, host)
  if (value === undefined) return
  const others = (counts.get(value) ?? 0) - (countsSelf ? 1 : 0)
  if (others <= 0 || told.has(id)) return
  told.add(id)
  report('InterPodAffinity', text, `${key}=${value} has ${others} ${whom}: ${text}`)
}

/** An anti-affinity term, with the pods per domain that have it. */
type Keeper = { readonly term: Term; readonly counts: Map<string, number> }

/** Anti-affinity terms that any pod has, by the kinds that they keep away. */
function findKeepers(
  { hosts }: World,
  counter: Counter,
  termsOf: (pod: Pod) => Terms | undefined,
): ReadonlyMap<Kind, readonly Keeper[]> {
  const byId = new Map<string, Keeper>()
  for (const [host, { tenants }] of hosts.entries())
    for (const { pod } of tenants) {
      const terms = termsOf(pod)?.antiAffinity ?? []
      const distinct = terms.length < 2 ? terms : new Map(terms.map((term) => [term.id, term])).values()
      for (const term of distinct) {
        const value = counter.valueAt(term.key, host)
        if (value === undefined) continue
        const keeper = byId.get(term.id) ?? { term, counts: new Map<string, number>() }
        byId.set(term.id, keeper)
        keeper.counts.set(value, (keeper.counts.get(value) ?? 0) + 1)
      }
    }
  const byKind = new Map<Kind, Keeper[]>()
  for (const keeper of byId.values())
    for (const kind of keeper.term.selection.kinds) {
      const others = byKind.get(kind)
      if (others === undefined) byKind.set(kind, [keeper])
      else others.push(keeper)
    }
  return byKind
}

/** Every term's domain must have a pod that matches all terms together; the first of its kind may go anywhere. */
function checkAffinity({ host, kind, report }: Case, terms: Terms, kin: readonly Counts[], counter: Counter): void {
  const self = terms.kin.has(kind) ? 1 : 0
  const values = terms.affinity.map(({ key }) => counter.valueAt(key, host))
  const others = values.map((value, index) => ((kin[index] ?? NO_COUNTS).get(value ?? '') ?? 0) - self)
  const hasAllKeys = values.every((value) => value !== undefined)
  if (hasAllKeys && others.every((count) => count > 0)) return
  const isFirst = self === 1 && kin.every((counts) => total(counts) === self)
  if (hasAllKeys && isFirst) return
  for (const [index, { key, text, selection }] of terms.affinity.entries()) {
    const value = values[index]
    const refuse = (detail: string): void => report('InterPodAffinity', `near ${text}`, detail)
    if (value === undefined) refuse(`the node has no label ${key}, by which it must be near ${selection.text}`)
    else if ((others[index] ?? 0) <= 0)
      refuse(`${key}=${value} has none of the pods that it must be near: ${selection.text}`)
  }
}

function total(counts: Counts): number {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}
