import type { Matcher } from './matcher.js'
import type { Site } from './site.js'
import type { StaticRule } from './static-fit.js'
import { SpreadScope, SpreadTally, Tally, TopologyKey } from './topology.js'

/** A term, bound to the count that decides it. */
export type BoundTerm = { readonly tally: Tally; readonly text: string }

/** A term that scores, with what each pod of the count adds. */
export type WeightedTerm = BoundTerm & { readonly weight: number }

/** Every count that the terms of the context need, each kept once, found again by the pods that change it. */
export type TallyBook = {
  /** Pods that all these matchers select. */
  selected(matchers: readonly Matcher[], key: string): Tally
  /** Pods that bear a term with this matcher (and this weight, where it scores). */
  bearers(matcher: Matcher, key: string, weight?: number): Tally
  /** Pods that a spread constraint counts; without a matcher it counts none. */
  spread(matcher: Matcher | undefined, key: string, keys: readonly string[], rules: readonly StaticRule[]): SpreadTally
  /** Counts that a pod changes which these matchers (and no others) select. */
  changedBy(selecting: readonly number[], terminating: boolean): Tally[]
  /** Terms of other pods that such a pod runs into. */
  borneAgainst(selecting: readonly number[]): WeightedTerm[]
  open(index: number, site: Site, shape: number): void
  close(index: number): void
  /** A count that begins when pods are placed already would be wrong: from here on, asking for a new one throws. */
  seal(): void
}

export function createTallyBook(): TallyBook {
  const keys = new Map<string, TopologyKey>()
  const scopes = new Map<string, SpreadScope>()
  const selectedTallies = new Map<string, { readonly needs: readonly number[]; readonly tally: Tally }>()
  const bearerTallies = new Map<string, WeightedTerm>()
  const spreadTallies = new Map<string, SpreadTally>()
  /** By matcher: a pod is selected by few of them. */
  const selectedByFirst = new Map<number, { readonly needs: readonly number[]; readonly tally: Tally }[]>()
  const bearersByMatcher = new Map<number, WeightedTerm[]>()
  const spreadsByMatcher = new Map<number, SpreadTally[]>()

  let tallyCount = 0
  let sealed = false
  const nextId = (): number => {
    if (sealed) throw new Error('a pod with new affinity or spread terms came after the board was made')
    return tallyCount++
  }

  const keyNamed = (name: string): TopologyKey => getOrMake(keys, name, () => new TopologyKey(name))

  return {
    selected(matchers, key) {
      const needs = [...new Set(matchers.map(({ id }) => id))].sort((a, b) => a - b)
      const { tally } = getOrMake(selectedTallies, `${needs.join(' ')} ${key}`, () => {
        const made = { needs, tally: new Tally(nextId(), keyNamed(key)) }
        getOrMake(selectedByFirst, needs[0]!, () => []).push(made)
        return made
      })
      return tally
    },
    bearers(matcher, key, weight = 0) {
      const { tally } = getOrMake(bearerTallies, `${matcher.id} ${weight} ${key}`, () => {
        const made = { tally: new Tally(nextId(), keyNamed(key)), text: matcher.text, weight }
        getOrMake(bearersByMatcher, matcher.id, () => []).push(made)
        return made
      })
      return tally
    },
    spread(matcher, key, names, rules) {
      const sorted = [...new Set(names)].sort()
      const scopeKey = JSON.stringify([sorted, rules.map((rule) => rule.key)])
      return getOrMake(spreadTallies, `${matcher?.id} ${key} ${scopeKey}`, () => {
        const scope = getOrMake(scopes, scopeKey, () => new SpreadScope(sorted.map(keyNamed), rules))
        const tally = new SpreadTally(nextId(), keyNamed(key), scope)
        if (matcher !== undefined) getOrMake(spreadsByMatcher, matcher.id, () => []).push(tally)
        return tally
      })
    },
    changedBy(selecting, terminating) {
      const ids = new Set(selecting)
      const selected = selecting
        .flatMap((id) => selectedByFirst.get(id) ?? [])
        .filter(({ needs }) => needs.every((id) => ids.has(id)))
        .map(({ tally }) => tally)
      return terminating ? selected : [...selected, ...selecting.flatMap((id) => spreadsByMatcher.get(id) ?? [])]
    },
    borneAgainst: (selecting) => selecting.flatMap((id) => bearersByMatcher.get(id) ?? []),
    open(index, site, shape) {
      for (const key of keys.values()) key.open(index, site.labels)
      for (const scope of scopes.values()) scope.open(index, shape)
    },
    close(index) {
      for (const scope of scopes.values()) scope.close(index)
      for (const key of keys.values()) key.close(index)
    },
    seal() {
      sealed = true
    },
  }
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
