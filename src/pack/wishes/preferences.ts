import type { Cluster } from '../../domain/cluster.js'
import type { Plan, PlanNode } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { SPREAD_WEIGHT, type LostPreference, type PreferenceChange } from '../../domain/preferences.js'
import { matchesNodeTerm, valueOf } from '../../domain/requirement.js'
import { byText } from '../order.js'
import { readWishes, type SpreadWish, type Wish, type WishBook, type Wishes, type WishScope } from './wishes.js'

/**
 * Counts for plans of one cluster which preferences that hold today they keep: preferred node affinity, pod affinity and
 * anti-affinity of each pod that has a place in both, and the ScheduleAnyway constraints of each workload. A term holds
 * where the scheduler would give the node its weight for it, with everything else in its place (plugins NodeAffinity and
 * InterPodAffinity; a pod does not count for its own terms). A spread constraint holds where the fullest of its domains
 * has at most `maxSkew` pods more than the emptiest. Where nobody prefers anything, no plan is looked at.
 */
export function preferenceChanges(
  { namespaces }: Pick<Cluster, 'namespaces'>,
  today: Plan,
): (plan: Plan) => PreferenceChange {
  const everybody = today.nodes.flatMap(({ pods, residentPods }) => [...pods, ...residentPods])
  const book = readWishes(namespaces, everybody)
  if (book === undefined) return () => NO_CHANGE
  const now = new Layout(today, book)
  const askers: Asker[] = []
  for (const [host, { pods }] of today.nodes.entries())
    for (const pod of pods) {
      const wishes = pod.nodeName === '' ? undefined : book.of(pod)
      if (wishes !== undefined) askers.push({ pod, wishes, holds: now.termsAt(pod, wishes, host) })
    }
  const places = new Set(askers.map(({ pod }) => pod.id))
  // Many scenarios come to the same plan.
  const known = new Map<Plan, PreferenceChange>()
  return (plan) => {
    const change = known.get(plan) ?? compare(askers, now, new Layout(plan, book, places))
    known.set(plan, change)
    return change
  }
}

const NO_CHANGE: PreferenceChange = { heldToday: 0, givenUp: 0, givenUpWeight: 0, gained: 0, lost: [] }

/** A pod with a place today that prefers something, and which of its terms hold there. */
type Asker = { readonly pod: Pod; readonly wishes: Wishes; readonly holds: readonly boolean[] }

function compare(askers: readonly Asker[], now: Layout, then: Layout): PreferenceChange {
  const lost = new Map<string, LostPreference>()
  let heldToday = 0
  let givenUp = 0
  let givenUpWeight = 0
  let gained = 0
  const judge = (
    before: boolean,
    after: boolean,
    { workload }: Pod,
    of: Omit<LostPreference, 'workload' | 'count'>,
  ) => {
    if (before) heldToday += 1
    else if (after) gained += 1
    if (!before || after) return
    givenUp += 1
    givenUpWeight += of.weight
    const key = JSON.stringify([workload, of.kind, of.text])
    const known = lost.get(key) ?? { workload, kind: of.kind, text: of.text, count: 0, weight: 0 }
    lost.set(key, { ...known, count: known.count + 1, weight: known.weight + of.weight })
  }

  const seen = new Set<string>()
  for (const { pod, wishes, holds } of askers) {
    const host = then.hostOf(pod)
    if (host === undefined) continue
    const after = then.termsAt(pod, wishes, host)
    for (const [index, wish] of wishes.terms.entries()) judge(holds[index] === true, after[index] === true, pod, wish)
    for (const spread of wishes.spread) {
      const once = `${pod.workload} ${spread.id}`
      if (seen.has(once)) continue
      seen.add(once)
      const { text } = spread
      judge(now.isEven(spread), then.isEven(spread), pod, { kind: 'spread', text, weight: SPREAD_WEIGHT })
    }
  }
  return { heldToday, givenUp, givenUpWeight, gained, lost: [...lost.values()].sort(heaviestFirst) }
}

const heaviestFirst = (a: LostPreference, b: LostPreference): number =>
  b.weight - a.weight || byText(a.workload, b.workload) || byText(a.kind, b.kind) || byText(a.text, b.text)

/** Pods by host, of those that some matcher selects. */
type Presence = Map<number, number>

/** The nodes of a plan with what they carry, counted as far as wishes ask. */
class Layout {
  private readonly nodes: readonly PlanNode[]
  private readonly book: WishBook
  private readonly hosts = new Map<string, number>()
  /** By matcher. */
  private readonly present = new Map<number, Presence>()
  /** The same without terminating pods, which no spread constraint counts. */
  private readonly staying = new Map<number, Presence>()
  private readonly values = new Map<string, readonly (string | undefined)[]>()
  private readonly domainCounts = new Map<string, ReadonlyMap<string, number>>()
  /** Nodes that make up the domains of a scope. */
  private readonly forming = new Map<WishScope, readonly boolean[]>()
  private readonly even = new Map<string, boolean>()
  private readonly nodeTerms = new Map<Wish, (boolean | undefined)[]>()

  /** `places`: ids of the pods whose places will be asked for. */
  constructor({ nodes }: Plan, book: WishBook, places: ReadonlySet<string> = new Set()) {
    this.nodes = nodes
    this.book = book
    for (const [host, { pods, residentPods }] of nodes.entries()) {
      for (const pod of pods) {
        if (places.has(pod.id)) this.hosts.set(pod.id, host)
        this.enter(pod, host)
      }
      for (const pod of residentPods) this.enter(pod, host)
    }
  }

  /** Undefined where the plan has no place for it. */
  hostOf({ id }: Pod): number | undefined {
    return this.hosts.get(id)
  }

  /** Which terms of the pod hold on that host, where it is. */
  termsAt(pod: Pod, { terms }: Wishes, host: number): boolean[] {
    return terms.map((wish) => {
      if (wish.kind === 'node affinity') return this.nodeMatches(wish, host)
      const value = this.valuesOf(wish.key)[host]
      if (value === undefined) return wish.kind === 'pod anti-affinity'
      const self = this.book.selecting(pod).includes(wish.matcher.id) ? 1 : 0
      const others = (this.countsOf(wish.matcher.id, wish.key).get(value) ?? 0) - self
      return wish.kind === 'pod affinity' ? others > 0 : others <= 0
    })
  }

  isEven(wish: SpreadWish): boolean {
    const known = this.even.get(wish.id)
    if (known !== undefined) return known
    const even = this.skewOf(wish) <= wish.maxSkew
    this.even.set(wish.id, even)
    return even
  }

  /** Infinite where no node makes a domain. */
  private skewOf({ key, matcher, scope }: SpreadWish): number {
    const at = this.valuesOf(key)
    const forms = this.formingIn(scope)
    const pods = new Map<string, number>()
    for (const [host, value] of at.entries()) if (value !== undefined && forms[host] === true) pods.set(value, 0)
    for (const [host, count] of this.staying.get(matcher.id) ?? []) {
      const value = at[host]
      const before = value === undefined ? undefined : pods.get(value)
      if (value === undefined || before === undefined) continue
      if (forms[host] === true || scope.counts(this.node(host))) pods.set(value, before + count)
    }
    let least = Infinity
    let most = 0
    for (const count of pods.values()) {
      least = Math.min(least, count)
      most = Math.max(most, count)
    }
    return pods.size === 0 ? Infinity : most - least
  }

  private formingIn(scope: WishScope): readonly boolean[] {
    const known = this.forming.get(scope) ?? this.nodes.map(scope.forms)
    this.forming.set(scope, known)
    return known
  }

  private nodeMatches(wish: Wish & { readonly kind: 'node affinity' }, host: number): boolean {
    const known = this.nodeTerms.get(wish) ?? []
    this.nodeTerms.set(wish, known)
    return (known[host] ??= matchesNodeTerm(wish.term, this.node(host)))
  }

  private node(host: number): PlanNode {
    const node = this.nodes[host]
    if (node === undefined) throw new Error(`the plan has no node ${host}`)
    return node
  }

  private enter(pod: Pod, host: number): void {
    for (const matcher of this.book.selecting(pod)) {
      bump(this.present, matcher, host)
      if (!pod.terminating) bump(this.staying, matcher, host)
    }
  }

  private valuesOf(key: string): readonly (string | undefined)[] {
    const known = this.values.get(key) ?? this.nodes.map(({ labels }) => valueOf(labels, key))
    this.values.set(key, known)
    return known
  }

  private countsOf(matcher: number, key: string): ReadonlyMap<string, number> {
    const name = `${matcher} ${key}`
    const known = this.domainCounts.get(name)
    if (known !== undefined) return known
    const at = this.valuesOf(key)
    const counts = new Map<string, number>()
    for (const [host, count] of this.present.get(matcher) ?? []) {
      const value = at[host]
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + count)
    }
    this.domainCounts.set(name, counts)
    return counts
  }
}

function bump(of: Map<number, Presence>, matcher: number, host: number): void {
  const hosts = of.get(matcher) ?? new Map<number, number>()
  of.set(matcher, hosts)
  hosts.set(host, (hosts.get(host) ?? 0) + 1)
}
