import type { Pod } from '../../domain/pod.js'
import { createInterner } from '../board/interner.js'
import type { Site } from '../board/site.js'

/**
 * kube-scheduler's own constraints for pods without any, where a ReplicaSet, a ReplicationController or a StatefulSet
 * owns them (podtopologyspread/plugin.go: systemDefaultConstraints; plugins/helper/spread.go: DefaultSelector).
 */
const HOST_SKEW = 3
const ZONE_SKEW = 5
const CONTROLLERS = /^(ReplicaSet|ReplicationController|StatefulSet)$/
const ZONE = 'topology.kubernetes.io/zone'
const MOST_POINTS = 100

/** Pods of one controller: how many there are, on each node and in each zone. */
export type Spread = { pods: number; hosts: Int32Array; readonly zones: number[] }

type Change = { readonly spread: Spread; readonly row: number; readonly by: 1 | -1 }

/**
 * The score of PodTopologySpread where pods name no constraints: the fewer pods of its controller a node and its zone
 * have, the better. Services, which may join the pods of several controllers, are left out.
 */
export class ReplaySpread {
  readonly #spreads = new Map<string, Spread>()
  readonly #zones = createInterner()
  readonly #zoneOf: number[] = []
  /** In which question a zone was seen last. */
  readonly #seen: number[] = []
  #question = 0
  #changes: Change[] = []
  #crowds = new Int32Array(64)

  open(row: number, { labels }: Site): void {
    this.#zoneOf[row] = this.#zones.idOf(labels[ZONE] ?? '')
  }

  /** Undefined for pods that this score says nothing of. */
  of({ namespace, owner, spec }: Pod): Spread | undefined {
    if (owner === undefined || !CONTROLLERS.test(owner.kind) || spec.topologySpread.length > 0) return undefined
    const key = `${namespace}/${owner.kind}/${owner.name}`
    const known = this.#spreads.get(key)
    if (known !== undefined) return known
    const spread: Spread = { pods: 0, hosts: new Int32Array(64), zones: [] }
    this.#spreads.set(key, spread)
    return spread
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

  /** Adds to the points of the first `count` rows, `weight` times 0 to 100, by what else could be chosen. */
  score(spread: Spread, rows: Int32Array, count: number, points: Int32Array, weight: number): void {
    this.#question += 1
    let zones = 0
    for (let at = 0; at < count; at += 1) {
      const zone = this.#zoneOf[rows[at]!]!
      if (this.#seen[zone] === this.#question) continue
      this.#seen[zone] = this.#question
      zones += 1
    }
    const perHost = Math.log(count + 2)
    const perZone = Math.log(zones + 2)
    if (count > this.#crowds.length) this.#crowds = new Int32Array(2 * count)
    const crowds = this.#crowds
    const { hosts } = spread
    const ofZone = spread.zones
    let most = 0
    let least = Infinity
    for (let at = 0; at < count; at += 1) {
      const row = rows[at]!
      const here = (row < hosts.length ? hosts[row]! : 0) * perHost + (HOST_SKEW - 1)
      const crowded = Math.round(here + (ofZone[this.#zoneOf[row]!] ?? 0) * perZone + (ZONE_SKEW - 1))
      crowds[at] = crowded
      if (crowded > most) most = crowded
      if (crowded < least) least = crowded
    }
    for (let at = 0; at < count; at += 1)
      points[at]! += weight * Math.floor((MOST_POINTS * (most + least - crowds[at]!)) / most)
  }

  #count(spread: Spread, row: number, by: 1 | -1): void {
    if (row >= spread.hosts.length) {
      const wider = new Int32Array(2 * row)
      wider.set(spread.hosts)
      spread.hosts = wider
    }
    const zone = this.#zoneOf[row]!
    spread.pods += by
    spread.hosts[row]! += by
    spread.zones[zone] = (spread.zones[zone] ?? 0) + by
  }
}
