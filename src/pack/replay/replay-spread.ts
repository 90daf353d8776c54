import type { Pod } from '../../domain/pod.js'
import { createInterner } from '../board/interner.js'
import type { Site } from '../board/site.js'
import { wider } from './wider.js'

/**
 * kube-scheduler's own constraints for pods without any, where a ReplicaSet, a ReplicationController or a StatefulSet
 * owns them (podtopologyspread/plugin.go: systemDefaultConstraints; plugins/helper/spread.go: DefaultSelector).
 */
const HOST_SKEW = 3
const ZONE_SKEW = 5
const CONTROLLERS = /^(ReplicaSet|ReplicationController|StatefulSet)$/
const ZONE = 'topology.kubernetes.io/zone'
const MOST_POINTS = 100

/**
 * Pods of one controller: how many there are, on each node that has any and in each zone. Tens of thousands of controllers
 * with a place for every node would take gigabytes.
 */
export type Spread = {
  pods: number
  readonly rows: number[]
  /** In the order of `rows`. */
  readonly counts: number[]
  /** No node has ever had more of them. */
  mostOnHost: number
  readonly zones: number[]
}

type Change = { readonly spread: Spread; readonly row: number; readonly by: 1 | -1 }

/**
 * The score of PodTopologySpread where pods name no constraints: the fewer pods of its controller a node and its zone
 * have, the better. Services, which may join the pods of several controllers, are left out.
 */
export class ReplaySpread {
  readonly #spreads = new Map<string, Spread>()
  readonly #zones = createInterner()
  #zoneOf: Int32Array = new Int32Array(64)
  #zoneCount = 0
  #question = 0
  /** By case, which is a zone and a number of pods: the question in which it was seen last, and what speaks for it. */
  #seen = new Int32Array(64)
  #bonus = new Int32Array(64)
  #casesOf = new Int32Array(64)
  readonly #cases: number[] = []
  /** By row, while a question is answered: how many of the pods it has. */
  #here = new Int32Array(64)
  /** By zone, likewise. */
  readonly #zonesSeen: number[] = []
  #changes: Change[] = []

  open(row: number, { labels }: Site): void {
    if (row >= this.#zoneOf.length) this.#zoneOf = wider(this.#zoneOf, 2 * row)
    const zone = this.#zones.idOf(labels[ZONE] ?? '')
    this.#zoneOf[row] = zone
    this.#zoneCount = Math.max(this.#zoneCount, zone + 1)
  }

  /** Undefined for pods that this score says nothing of. */
  of(pod: Pod): Spread | undefined {
    const key = controllerOf(pod)
    if (key === undefined) return undefined
    const known = this.#spreads.get(key)
    if (known !== undefined) return known
    const spread: Spread = { pods: 0, rows: [], counts: [], mostOnHost: 0, zones: [] }
    this.#spreads.set(key, spread)
    return spread
  }

  /** The same, undefined also where no pod of the controller has been asked for: nobody will ask how many there are. */
  known(pod: Pod): Spread | undefined {
    const key = this.#spreads.size === 0 ? undefined : controllerOf(pod)
    return key === undefined ? undefined : this.#spreads.get(key)
  }

  add(spread: Spread, row: number, by: 1 | -1): void {
    this.#count(spread, row, by)
    this.#changes.push({ spread, row, by })
  }

  /** What has been counted is there to stay. */
  keep(): void {
    this.#changes = []
  }

  reset(): void {
    for (const { spread, row, by } of this.#changes) this.#count(spread, row, by === 1 ? -1 : 1)
    this.#changes = []
  }

  /**
   * Adds to the points of the first `count` rows, `weight` times 0 to 100, by what else could be chosen. What matters of a
   * node is its zone and how many of the pods it has: there are few such cases, and each is worked out once.
   */
  score(spread: Spread, rows: Int32Array, count: number, points: Int32Array, weight: number): void {
    if (this.#here.length < this.#zoneOf.length) this.#here = new Int32Array(this.#zoneOf.length)
    const here = this.#here
    for (let at = 0; at < spread.rows.length; at += 1) here[spread.rows[at]!] = spread.counts[at]!
    const width = spread.mostOnHost + 1
    if (this.#casesOf.length < count) this.#casesOf = new Int32Array(2 * count)
    if (this.#seen.length < width * this.#zoneCount) {
      this.#seen = new Int32Array(2 * width * this.#zoneCount)
      this.#bonus = new Int32Array(2 * width * this.#zoneCount)
    }
    const casesOf = this.#casesOf
    const seen = this.#seen
    const bonus = this.#bonus
    const zoneOf = this.#zoneOf
    const question = (this.#question += 1)
    const found = this.#cases
    const zonesSeen = this.#zonesSeen
    let cases = 0
    let zones = 0
    for (let at = 0; at < count; at += 1) {
      const row = rows[at]!
      const one = zoneOf[row]! * width + here[row]!
      casesOf[at] = one
      if (seen[one] === question) continue
      seen[one] = question
      found[cases] = one
      cases += 1
      const zone = zoneOf[row]!
      if (zonesSeen[zone] === question) continue
      zonesSeen[zone] = question
      zones += 1
    }
    const perHost = Math.log(count + 2)
    const perZone = Math.log(zones + 2)
    let most = 0
    let least = Infinity
    for (let at = 0; at < cases; at += 1) {
      const one = found[at]!
      const zone = Math.floor(one / width)
      const onHost = (one - zone * width) * perHost + (HOST_SKEW - 1)
      const crowded = Math.round(onHost + (spread.zones[zone] ?? 0) * perZone + (ZONE_SKEW - 1))
      bonus[one] = crowded
      if (crowded > most) most = crowded
      if (crowded < least) least = crowded
    }
    for (let at = 0; at < cases; at += 1) {
      const one = found[at]!
      bonus[one] = weight * Math.floor((MOST_POINTS * (most + least - bonus[one]!)) / most)
    }
    for (let at = 0; at < count; at += 1) points[at]! += bonus[casesOf[at]!]!
    for (let at = 0; at < spread.rows.length; at += 1) here[spread.rows[at]!] = 0
  }

  #count(spread: Spread, row: number, by: 1 | -1): void {
    const { rows, counts, zones } = spread
    const zone = this.#zoneOf[row]!
    spread.pods += by
    zones[zone] = (zones[zone] ?? 0) + by
    const known = rows.indexOf(row)
    const at = known < 0 ? rows.push(row) - 1 : known
    const onHost = (counts[at] ?? 0) + by
    counts[at] = onHost
    if (onHost > spread.mostOnHost) spread.mostOnHost = onHost
    if (onHost !== 0) return
    // The last one takes its place.
    rows[at] = rows.at(-1)!
    counts[at] = counts.at(-1)!
    rows.pop()
    counts.pop()
  }
}

const controllerOf = ({ namespace, owner, spec }: Pod): string | undefined =>
  owner === undefined || !CONTROLLERS.test(owner.kind) || spec.topologySpread.length > 0
    ? undefined
    : `${namespace}/${owner.kind}/${owner.name}`
