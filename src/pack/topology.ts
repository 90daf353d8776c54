import { valueOf } from '../domain/requirement.js'
import type { Labels } from '../domain/snapshot.js'
import type { StaticRule } from './static-fit.js'

/** One topology key: the sites that carry it, by a small number for each value that exists now. */
export class TopologyKey {
  readonly name: string
  /** Value of each site, -1 where the site lacks the label. */
  readonly at: number[] = []
  private readonly ids = new Map<string, number>()
  private readonly texts: string[] = []
  private readonly siteCounts: number[] = []
  /** Numbers of values that no site has any more: thousands of host names come and go in a search. */
  private readonly spare: number[] = []

  constructor(name: string) {
    this.name = name
  }

  open(site: number, labels: Labels): void {
    const text = valueOf(labels, this.name)
    this.at[site] = text === undefined ? -1 : this.claim(text)
  }

  close(site: number): void {
    const value = this.at[site]!
    this.at[site] = -1
    if (value < 0 || --this.siteCounts[value]! > 0) return
    this.ids.delete(this.texts[value]!)
    this.spare.push(value)
  }

  textOf(value: number): string {
    return this.texts[value]!
  }

  private claim(text: string): number {
    const value = this.ids.get(text) ?? this.spare.pop() ?? this.texts.length
    if (this.ids.get(text) === undefined) this.siteCounts[value] = 0
    this.ids.set(text, value)
    this.texts[value] = text
    this.siteCounts[value]!++
    return value
  }
}

/** How many pods of some kind each value of a topology key has. Only values with pods take up memory. */
export class Tally {
  readonly id: number
  readonly key: TopologyKey
  /** Pods on sites that carry the key. */
  total = 0
  protected readonly counts = new Map<number, number>()

  constructor(id: number, key: TopologyKey) {
    this.id = id
    this.key = key
  }

  /** Pods in the site's domain; 0 where the site lacks the key. */
  at(site: number): number {
    return this.counts.get(this.key.at[site]!) ?? 0
  }

  bump(site: number, by: 1 | -1): void {
    const value = this.key.at[site]!
    if (value < 0) return
    const count = (this.counts.get(value) ?? 0) + by
    if (count === 0) this.counts.delete(value)
    else this.counts.set(value, count)
    this.total += by
    this.moved(count - by, count)
  }

  /** For tallies that keep more than counts. */
  protected moved(_from: number, _to: number): void {}
}

/**
 * Sites whose pods and domains a spread constraint counts: they carry all topology keys of the pod's constraints, and
 * pass its node rules and tolerations as far as the constraint's policies honour these.
 */
export class SpreadScope {
  private readonly keys: readonly TopologyKey[]
  private readonly rules: readonly StaticRule[]
  private readonly inside: boolean[] = []
  private readonly domains = new Map<TopologyKey, Map<number, number>>()

  constructor(keys: readonly TopologyKey[], rules: readonly StaticRule[]) {
    this.keys = keys
    this.rules = rules
    for (const key of keys) this.domains.set(key, new Map())
  }

  includes(site: number): boolean {
    return this.inside[site]!
  }

  domainCount(key: TopologyKey): number {
    return this.domains.get(key)!.size
  }

  /** After the site's keys were opened. */
  open(site: number, shape: number): void {
    this.inside[site] = this.keys.every((key) => key.at[site]! >= 0) && this.rules.every((rule) => rule.allows(shape))
    this.count(site, 1)
  }

  /** Before the site's keys are closed. */
  close(site: number): void {
    this.count(site, -1)
    this.inside[site] = false
  }

  private count(site: number, by: 1 | -1): void {
    if (!this.inside[site]) return
    for (const [key, sites] of this.domains) {
      const value = key.at[site]!
      const count = (sites.get(value) ?? 0) + by
      if (count === 0) sites.delete(value)
      else sites.set(value, count)
    }
  }
}

/** Counts of one spread constraint, with the least count over its domains at hand. */
export class SpreadTally extends Tally {
  readonly scope: SpreadScope
  /** How many domains have exactly this many pods; nothing is kept for 0. */
  private readonly domainsWith: number[] = [0]
  /** Least count over the domains that have pods; 0 when none has. */
  private leastOccupied = 0

  constructor(id: number, key: TopologyKey, scope: SpreadScope) {
    super(id, key)
    this.scope = scope
  }

  override bump(site: number, by: 1 | -1): void {
    if (this.scope.includes(site)) super.bump(site, by)
  }

  get domainCount(): number {
    return this.scope.domainCount(this.key)
  }

  /** Least count over all domains, empty ones included. */
  get least(): number {
    return this.domainCount > this.counts.size ? 0 : this.leastOccupied
  }

  protected override moved(from: number, to: number): void {
    if (from > 0) this.domainsWith[from]!--
    if (to > 0) this.domainsWith[to] = (this.domainsWith[to] ?? 0) + 1
    if (to > 0 && (this.leastOccupied === 0 || to < this.leastOccupied)) this.leastOccupied = to
    else if (this.counts.size === 0) this.leastOccupied = 0
    else while (this.domainsWith[this.leastOccupied] === 0) this.leastOccupied++
  }
}
