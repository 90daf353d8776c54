import { valueOf } from '../../domain/requirement.js'
import type { Labels } from '../../domain/snapshot.js'
import type { StaticRule } from './static-fit.js'

/*
 * A Map that loses and regains one key all the time gets slow: V8 leaves deleted entries in their bucket until the table
 * fills up, and with thousands of entries that takes long. So nothing here is deleted one by one.
 */

/** One topology key: the sites that carry it, by a small number for each value. */
export class TopologyKey {
  readonly name: string
  /** Value of each site, -1 where the site lacks the label. */
  readonly at: number[] = []
  private readonly ids = new Map<string, number>()
  private readonly texts: string[] = []
  private readonly siteCounts: number[] = []
  private readonly spare: number[] = []
  /** Values that have a number but no site. */
  private unused = 0

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
    if (value >= 0 && --this.siteCounts[value]! === 0) this.unused++
  }

  textOf(value: number): string {
    return this.texts[value]!
  }

  private claim(text: string): number {
    const known = this.ids.get(text)
    if (known !== undefined) {
      if (this.siteCounts[known] === 0) this.unused--
      this.siteCounts[known]!++
      return known
    }
    if (this.unused > TIDY_FROM && this.unused > this.ids.size / 2) this.tidy()
    const value = this.spare.pop() ?? this.texts.length
    this.ids.set(text, value)
    this.texts[value] = text
    this.siteCounts[value] = 1
    return value
  }

  /** Takes back the numbers of values that are gone: host names come and go by the thousand in a search. */
  private tidy(): void {
    for (const [text, value] of this.ids) {
      if (this.siteCounts[value]! > 0) continue
      this.ids.delete(text)
      this.spare.push(value)
    }
    this.unused = 0
  }
}

const TIDY_FROM = 64
/** Arrays are quicker than maps; thousands of counts with one for each node of a large cluster would take up too much. */
const FEW = 512

/** How many pods of some kind each value of a topology key has. Of many values only those that had pods take up memory. */
export class Tally {
  readonly id: number
  readonly key: TopologyKey
  /** Pods on sites that carry the key. */
  total = 0
  /** Values with pods. */
  protected occupied = 0
  /** By value; what is beyond a number that arrays are good for is in the map. */
  private readonly few: number[] = []
  private readonly counts = new Map<number, number>()

  constructor(id: number, key: TopologyKey) {
    this.id = id
    this.key = key
  }

  /** Pods in the site's domain; 0 where the site lacks the key. */
  at(site: number): number {
    const value = this.key.at[site]!
    if (value >= FEW) return this.counts.get(value) ?? 0
    return value >= 0 && value < this.few.length ? this.few[value]! : 0
  }

  bump(site: number, by: 1 | -1): void {
    const value = this.key.at[site]!
    if (value < 0) return
    const before = this.at(site)
    const after = before + by
    if (value < FEW) {
      while (this.few.length <= value) this.few.push(0)
      this.few[value] = after
    } else this.counts.set(value, after)
    this.total += by
    if (before === 0) this.occupied++
    if (after === 0) this.occupied--
    if (after === 0 && this.counts.size > TIDY_FROM + 2 * this.occupied) this.tidy()
    this.moved(before, after)
  }

  /** For tallies that keep more than counts. */
  protected moved(_before: number, _after: number): void {}

  private tidy(): void {
    for (const [value, count] of this.counts) if (count === 0) this.counts.delete(value)
  }
}

/** Number of sites for each value, and the number of values that have any. */
type Domains = { readonly sites: number[]; count: number }

/**
 * Sites whose pods and domains a spread constraint counts: they carry all topology keys of the pod's constraints, and
 * pass its node rules and tolerations as far as the constraint's policies honour these.
 */
export class SpreadScope {
  private readonly keys: readonly TopologyKey[]
  private readonly rules: readonly StaticRule[]
  private readonly inside: boolean[] = []
  private readonly domains = new Map<TopologyKey, Domains>()

  constructor(keys: readonly TopologyKey[], rules: readonly StaticRule[]) {
    this.keys = keys
    this.rules = rules
    for (const key of keys) this.domains.set(key, { sites: [], count: 0 })
  }

  includes(site: number): boolean {
    return this.inside[site]!
  }

  domainsOf(key: TopologyKey): Readonly<Domains> {
    return this.domains.get(key)!
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
    for (const [key, domains] of this.domains) {
      const value = key.at[site]!
      while (domains.sites.length <= value) domains.sites.push(0)
      const sites = (domains.sites[value]! += by)
      if (sites === (by === 1 ? 1 : 0)) domains.count += by
    }
  }
}

/** Counts of one spread constraint, with the least count over its domains at hand. */
export class SpreadTally extends Tally {
  readonly scope: SpreadScope
  private readonly domains: Readonly<Domains>
  /** How many domains have exactly this many pods; nothing is kept for 0. */
  private readonly domainsWith: number[] = [0]
  /** Least count over the domains that have pods; 0 when none has. */
  private leastOccupied = 0

  constructor(id: number, key: TopologyKey, scope: SpreadScope) {
    super(id, key)
    this.scope = scope
    this.domains = scope.domainsOf(key)
  }

  override bump(site: number, by: 1 | -1): void {
    if (this.scope.includes(site)) super.bump(site, by)
  }

  get domainCount(): number {
    return this.domains.count
  }

  /** Least count over all domains, empty ones included. */
  get least(): number {
    return this.domainCount > this.occupied ? 0 : this.leastOccupied
  }

  protected override moved(from: number, to: number): void {
    if (from > 0) this.domainsWith[from]!--
    if (to > 0) this.domainsWith[to] = (this.domainsWith[to] ?? 0) + 1
    if (to > 0 && (this.leastOccupied === 0 || to < this.leastOccupied)) this.leastOccupied = to
    else if (this.occupied === 0) this.leastOccupied = 0
    else while (this.domainsWith[this.leastOccupied] === 0) this.leastOccupied++
  }
}
