import type { Plan, PlanNode } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { matchesNodeTerm } from '../../domain/requirement.js'
import { DomainMaps, Spread, Tally } from './wish-tallies.js'
import type { Wish, WishBook } from './wishes.js'

/** What a move changes for everything but the moved pod's own terms. */
export type OthersChange = {
  /** Weight that comes to hold. */
  readonly gained: number
  /** Weight that holds no longer. */
  readonly lost: number
}

/**
 * Which preferences hold on the nodes of a plan while pods are moved between them, one at a time: the same answers as
 * `preferenceChanges` gives for finished plans, kept up to date instead of counted anew. Pods that come with nodes are
 * counted, but have no wishes.
 */
export class WishScore {
  readonly #nodes: readonly PlanNode[]
  readonly #book: WishBook
  readonly #hosts = new Map<string, number>()
  /** By matcher, then by topology key. */
  readonly #tallies = new Map<number, Map<string, Tally>>()
  readonly #maps: DomainMaps
  readonly #spreads = new Map<string, Spread>()
  readonly #spreadsBy = new Map<number, Spread[]>()
  readonly #nodeTerms = new Map<Wish, (boolean | undefined)[]>()

  constructor({ nodes }: Plan, book: WishBook) {
    this.#nodes = nodes
    this.#book = book
    this.#maps = new DomainMaps(nodes)
    for (const [host, { pods }] of nodes.entries())
      for (const pod of pods) {
        this.#hosts.set(pod.id, host)
        this.#register(pod)
      }
    for (const [host, { pods, residentPods }] of nodes.entries()) {
      for (const pod of [...pods, ...residentPods])
        for (const matcher of book.selecting(pod)) {
          for (const tally of this.#talliesOf(matcher)) tally.enter(host)
          if (!pod.terminating) for (const spread of this.#spreadsBy.get(matcher) ?? []) spread.bump(host, 1)
        }
      for (const pod of pods) this.#ask(pod, host, 1)
    }
  }

  /** Index of its node; undefined where the plan has no place for it. */
  hostOf({ id }: Pod): number | undefined {
    return this.#hosts.get(id)
  }

  /** Which terms of the pod hold where it is. */
  terms(pod: Pod): boolean[] {
    const host = this.#placeOf(pod)
    return (this.#book.of(pod)?.terms ?? []).map((wish) => {
      if (wish.kind === 'node affinity') return this.#nodeMatches(wish, host)
      const pods = this.#tally(wish.matcher.id, wish.key).podsAt(host)
      if (pods === undefined) return wish.kind === 'pod anti-affinity'
      const others = pods - (this.#selects(wish.matcher.id, pod) ? 1 : 0)
      return wish.kind === 'pod affinity' ? others > 0 : others <= 0
    })
  }

  /** Ids of the matchers of spread constraints that do not hold now. */
  unevenMatchers(): number[] {
    return [...this.#spreadsBy].flatMap(([matcher, spreads]) => (spreads.every(isEven) ? [] : [matcher]))
  }

  move(pod: Pod, to: number): OthersChange {
    const from = this.#placeOf(pod)
    let gained = 0
    let lost = 0
    this.#ask(pod, from, -1)
    for (const matcher of this.#book.selecting(pod)) {
      for (const tally of this.#talliesOf(matcher)) {
        if (tally.domainAt(from) === tally.domainAt(to)) continue
        const [left, joined] = [tally.at(from), tally.at(to)]
        if (left !== undefined) {
          left.pods -= 1
          if (left.pods === 0) [lost, gained] = [lost + left.near, gained + left.apart]
          // Pods that count themselves are alone when one is left.
          if (left.pods === 1) [lost, gained] = [lost + left.ownNear, gained + left.ownApart]
          tally.forgetEmpty(from)
        }
        if (joined === undefined) continue
        joined.pods += 1
        if (joined.pods === 1) [gained, lost] = [gained + joined.near, lost + joined.apart]
        if (joined.pods === 2) [gained, lost] = [gained + joined.ownNear, lost + joined.ownApart]
      }
      if (pod.terminating) continue
      for (const spread of this.#spreadsBy.get(matcher) ?? []) {
        const before = isEven(spread)
        spread.bump(from, -1)
        spread.bump(to, 1)
        const after = isEven(spread)
        if (after && !before) gained += spread.weight
        if (before && !after) lost += spread.weight
      }
    }
    this.#ask(pod, to, 1)
    this.#hosts.set(pod.id, to)
    return { gained, lost }
  }

  #register(pod: Pod): void {
    const wishes = this.#book.of(pod)
    for (const wish of wishes?.terms ?? []) if (wish.kind !== 'node affinity') this.#tally(wish.matcher.id, wish.key)
    for (const wish of wishes?.spread ?? []) {
      const known = this.#spreads.get(wish.id) ?? new Spread(wish, this.#maps.ofSpread(wish))
      known.workloads.add(pod.workload)
      if (this.#spreads.has(wish.id)) continue
      this.#spreads.set(wish.id, known)
      this.#spreadsBy.set(wish.matcher.id, [...(this.#spreadsBy.get(wish.matcher.id) ?? []), known])
    }
  }

  /** Notes what the pod asks of the domains of a host, or takes it back. */
  #ask(pod: Pod, host: number, by: 1 | -1): void {
    for (const wish of this.#book.of(pod)?.terms ?? []) {
      if (wish.kind === 'node affinity') continue
      const tally = this.#tally(wish.matcher.id, wish.key)
      const domain = tally.at(host)
      if (domain === undefined) continue
      const isNear = wish.kind === 'pod affinity'
      const field = this.#selects(wish.matcher.id, pod)
        ? (['ownApart', 'ownNear'] as const)
        : (['apart', 'near'] as const)
      domain[field[isNear ? 1 : 0]] += by * wish.weight
      tally.forgetEmpty(host)
    }
  }

  #selects(matcher: number, pod: Pod): boolean {
    return this.#book.selecting(pod).includes(matcher)
  }

  #talliesOf(matcher: number): Iterable<Tally> {
    return this.#tallies.get(matcher)?.values() ?? []
  }

  #tally(matcher: number, key: string): Tally {
    const byKey = this.#tallies.get(matcher) ?? new Map<string, Tally>()
    this.#tallies.set(matcher, byKey)
    const tally = byKey.get(key) ?? new Tally(this.#maps.ofKey(key))
    byKey.set(key, tally)
    return tally
  }

  #nodeMatches(wish: Wish & { readonly kind: 'node affinity' }, host: number): boolean {
    const known = this.#nodeTerms.get(wish) ?? []
    this.#nodeTerms.set(wish, known)
    return (known[host] ??= matchesNodeTerm(wish.term, this.#nodes[host]!))
  }

  #placeOf(pod: Pod): number {
    const host = this.#hosts.get(pod.id)
    if (host === undefined) throw new Error(`${pod.id} has no place in the plan`)
    return host
  }
}

const isEven = ({ skew, maxSkew }: Spread): boolean => skew <= maxSkew
