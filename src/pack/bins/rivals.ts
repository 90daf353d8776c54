import type { Pod } from '../../domain/pod.js'
import { matchesNodeRules, portsConflict, untoleratedTaints, valueOf } from '../../domain/requirement.js'
import type { PodSpec } from '../../domain/snapshot.js'
import type { Board } from '../board/board.js'
import { createInterner } from '../board/interner.js'
import { staysAnyway, type LiveNode, type PackGroup, type PackProblem } from '../problem.js'
import type { BoundSpread } from '../board/topology-rules.js'
import type { Tally } from '../board/topology.js'

/** Pods that keep away from each other: a node holds at most `most` of one number, whatever the plan. */
export type Rivalry = { readonly id: number; readonly most: number }

type Rule = { readonly key: string; readonly most: number }

const HOSTNAME = 'kubernetes.io/hostname'
const ANY_ADDRESS: ReadonlySet<string> = new Set(['', '0.0.0.0'])

/**
 * Rules between pods as far as every plan obeys them on every single node, so that a lower bound may rely on them:
 * required anti-affinity of pods that it also speaks of, one host port for many, and an even spread, where the pods are
 * too few to be everywhere. Pods that break such a rule together today may go on doing so: for them it is no rule.
 */
export class Rivals {
  readonly #problem: PackProblem
  readonly #board: Pick<Board, 'topologyOf'>
  readonly #elsewhere: readonly Pod[]
  readonly #ids = createInterner()
  readonly #groups = new Map<PackGroup, ReadonlyMap<Pod, Rivalry>>()
  readonly #sure = new Map<PodSpec, Map<string, number>>()
  #counts: ReadonlyMap<Tally, number> | undefined
  readonly #fixed = new Map<LiveNode, { readonly tallies: ReadonlySet<Tally>; readonly pods: readonly Pod[] }>()

  /** `elsewhere`: pods on nodes that no plan touches. */
  constructor(problem: PackProblem, board: Pick<Board, 'topologyOf'>, elsewhere: readonly Pod[]) {
    this.#problem = problem
    this.#board = board
    this.#elsewhere = elsewhere
  }

  /** The rule that binds most of the group's pods, for each pod that has one. */
  of(group: PackGroup): ReadonlyMap<Pod, Rivalry> {
    const known = this.#groups.get(group) ?? this.#find(group)
    this.#groups.set(group, known)
    return known
  }

  /** Could what stays on some node keep the pod away? */
  mayBeRepelled(pod: Pod): boolean {
    const { antiAffinity, repelledBy } = this.#board.topologyOf(pod)
    return antiAffinity.length + repelledBy.length + pod.hostPorts.length > 0
  }

  /** Does something that stays on the node in any case keep the pod away? */
  repelled(pod: Pod, live: LiveNode): boolean {
    const { tallies, pods } = this.#fixedOn(live)
    if (pods.length === 0) return false
    const { antiAffinity, repelledBy } = this.#board.topologyOf(pod)
    const meets = ({ tally }: { readonly tally: Tally }): boolean =>
      tallies.has(tally) && valueOf(live.node.labels, tally.key.name) !== undefined
    if (antiAffinity.some(meets) || repelledBy.some(meets)) return true
    if (pod.hostPorts.length === 0) return false
    return pods.some((other) => other.hostPorts.some((a) => pod.hostPorts.some((b) => portsConflict(a, b))))
  }

  #fixedOn(live: LiveNode) {
    const known = this.#fixed.get(live)
    if (known !== undefined) return known
    const pods = [...live.residents, ...live.pinned]
    const made = { pods, tallies: new Set(pods.flatMap((pod) => this.#board.topologyOf(pod).changes)) }
    this.#fixed.set(live, made)
    return made
  }

  #find(group: PackGroup): ReadonlyMap<Pod, Rivalry> {
    const hasKey = this.#keysOf(group)
    const rules = new Map<Pod, readonly Rule[]>()
    const exempt = new Map<string, Set<Pod>>()
    for (const { pods, residents } of group.live) {
      const here = new Map<string, Pod[]>()
      const limits = new Map<string, number>()
      for (const pod of [...pods, ...residents]) {
        const own = this.#rulesOf(pod, hasKey)
        if (own.length === 0) continue
        rules.set(pod, own)
        for (const { key, most } of own) {
          here.set(key, [...(here.get(key) ?? []), pod])
          limits.set(key, most)
        }
      }
      for (const [key, some] of here)
        if (some.length > (limits.get(key) ?? 1)) exempt.set(key, new Set([...(exempt.get(key) ?? []), ...some]))
    }
    const items = group.live.flatMap(({ pods, pinned }) => pods.filter((pod) => !pinned.has(pod)))
    const bound = (pod: Pod): readonly Rule[] =>
      (rules.get(pod) ?? []).filter(({ key }) => exempt.get(key)?.has(pod) !== true)
    const counts = new Map<string, number>()
    for (const pod of items) for (const { key } of bound(pod)) counts.set(key, (counts.get(key) ?? 0) + 1)
    const found = new Map<Pod, Rivalry>()
    for (const pod of items) {
      const nodes = ({ key, most }: Rule): number => (counts.get(key) ?? 0) / most
      const [first] = bound(pod)
        .filter((rule) => nodes(rule) > 1)
        .sort((a, b) => nodes(b) - nodes(a) || (a.key < b.key ? -1 : 1))
      if (first !== undefined) found.set(pod, { id: this.#ids.idOf(first.key), most: first.most })
    }
    return found
  }

  /** Do all nodes that the group has or may get carry the label? */
  #keysOf({ live, options }: PackGroup): (key: string) => boolean {
    const known = new Map<string, boolean>()
    const look = (key: string): boolean =>
      live.every(({ node }) => valueOf(node.labels, key) !== undefined) &&
      (key === HOSTNAME || options.every(({ labels }) => valueOf(labels, key) !== undefined))
    return (key) => {
      const answer = known.get(key) ?? look(key)
      known.set(key, answer)
      return answer
    }
  }

  #rulesOf(pod: Pod, hasKey: (key: string) => boolean): readonly Rule[] {
    const { antiAffinity, spread, changes } = this.#board.topologyOf(pod)
    const rules = new Map<string, number>()
    for (const { tally } of antiAffinity)
      if (changes.includes(tally) && hasKey(tally.key.name)) rules.set(`away ${tally.id}`, 1)
    for (const term of spread) {
      if (!changes.includes(term.tally)) continue
      const most = this.#spreadLimit(term, pod.spec)
      if (most < Infinity) rules.set(`spread ${term.tally.id} ${most}`, most)
    }
    for (const { port, protocol, ip } of pod.hostPorts)
      rules.set(`port ${port} ${protocol || 'TCP'} ${ANY_ADDRESS.has(ip) ? '' : ip}`, 1)
    return [...rules].map(([key, most]) => ({ key, most }))
  }

  /**
   * Most pods of a spread constraint in one of its domains, and so on one node. With D domains that every plan has and T
   * pods that could count, the least count x of a domain and the most, at most x + maxSkew, add up to at most T: x + maxSkew
   * + x·(D − 1) ≤ T.
   */
  #spreadLimit({ tally, maxSkew }: BoundSpread, spec: PodSpec): number {
    const pods = this.#countOf(tally)
    const domains = this.#sureDomains(tally.key.name, spec)
    const least = Math.max(0, Math.floor((pods - maxSkew) / Math.max(1, domains)))
    return domains === 0 || maxSkew + least >= pods ? Infinity : maxSkew + least
  }

  /** Pods that the constraint could count anywhere; without end where new nodes bring some along. */
  #countOf(tally: Tally): number {
    this.#counts ??= this.#countAll()
    return this.#counts.get(tally) ?? 0
  }

  #countAll(): ReadonlyMap<Tally, number> {
    const counts = new Map<Tally, number>()
    const { groups, pending } = this.#problem
    const add = (pods: Iterable<Pod>, by: number): void => {
      for (const pod of pods)
        for (const tally of this.#board.topologyOf(pod).changes) counts.set(tally, (counts.get(tally) ?? 0) + by)
    }
    add(pending, 1)
    add(this.#elsewhere, 1)
    for (const { live } of groups) for (const { pods, residents } of live) add([...pods, ...residents], 1)
    add(new Set(groups.flatMap(({ options }) => options.flatMap(({ overheadPods }) => overheadPods))), Infinity)
    return counts
  }

  /** Domains of nodes that are in every plan and that the constraint counts for sure. */
  #sureDomains(key: string, spec: PodSpec): number {
    const ofSpec = this.#sure.get(spec) ?? new Map<string, number>()
    this.#sure.set(spec, ofSpec)
    const known = ofSpec.get(key) ?? this.#countSure(key, spec)
    ofSpec.set(key, known)
    return known
  }

  #countSure(key: string, spec: PodSpec): number {
    const keys = spec.topologySpread
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
      .map(({ topologyKey }) => topologyKey)
    const values = new Set<string>()
    for (const { live } of this.#problem.groups)
      for (const { node } of live.filter(staysAnyway)) {
        if (keys.some((each) => valueOf(node.labels, each) === undefined)) continue
        if (!matchesNodeRules(spec.nodeSelector, spec.requiredNodeTerms, node)) continue
        if (untoleratedTaints(node.taints, spec.tolerations).length > 0) continue
        const value = valueOf(node.labels, key)
        if (value !== undefined) values.add(value)
      }
    return values.size
  }
}
