import type { Pod } from '../../domain/pod.js'
import type { Resources } from '../../domain/resources.js'
import { bytes, milliCpu, podSlots } from '../../domain/units.js'
import type { BoardContext } from '../board/board.js'
import type { Slot } from '../draft.js'
import { createLedger, type Demand } from '../board/ledger.js'
import { createPodClasses, type PodRules } from '../board/pod-class.js'
import { createPortBook } from '../board/port-book.js'
import type { Conditions, Pools } from './conditions.js'
import { looksAtAll, NodeRound } from './node-round.js'
import type { Random } from './replay-queue.js'
import { ReplayScores, type Scored } from './replay-scores.js'
import { createSoftTerms, type SoftTerms } from './soft-terms.js'
import type { Site } from '../board/site.js'
import { createStaticFit } from '../board/static-fit.js'
import type { Tally } from '../board/topology.js'
import { topologyAllows } from '../board/topology-rules.js'
import { createVolumeBook } from '../board/volume-book.js'

/** What the replay has to know of a pod, looked up once. */
export type Entry = {
  readonly pod: Pod
  readonly rules: PodRules
  readonly scored: Scored
  /** Counts of pods that change when it is placed. */
  readonly changes: readonly Tally[]
  /** No count but those of CPU, memory and pod slots changes with it. */
  readonly isPlain: boolean
  /** Rules beside the room on a node and the node's own properties; undefined: there are none. */
  readonly takes: ((row: number) => boolean) | undefined
  /** Rules of other pods make it wait for them, so that it may fit later. */
  readonly mayWait: boolean
  readonly pool: string | undefined
  /** What it asks for beside CPU, memory and a pod slot. */
  readonly odd: { readonly needed: Demand; readonly held: Demand }
}

type Placed = { readonly entry: Entry; readonly row: number; readonly as: 'held' | 'needed' }
type Noted = { readonly entry: Entry; readonly row: number; readonly by: 1 | -1 }

/**
 * The board of the replay: the rules of `createBoard`, arranged for filling much the same nodes again and again. Nodes
 * stay on it from one refill to the next, those in no further use are taken off, and most pods are nothing but numbers
 * in the table of scores, which go back to what they were all at once.
 */
export class ReplayBoard {
  readonly #ledger = createLedger()
  readonly #fit = createStaticFit()
  readonly #ports = createPortBook()
  readonly #volumes
  readonly #classes
  readonly #soft: SoftTerms | undefined
  readonly #scores: ReplayScores
  readonly #pools: Pools | undefined
  /** The pool of each row, where it is in one. */
  readonly #poolOf: (string | undefined)[] = []
  readonly #entries = new Map<Pod, Entry>()
  readonly #shapeOfSite = new WeakMap<Site, number>()
  readonly #shapes: number[] = []
  readonly #spare: number[] = []
  #rows = 0
  /** Nodes on the board, each with the pods that never leave it. */
  readonly #standing = new Map<Slot, { readonly row: number; readonly pods: readonly Placed[] }>()
  /** Pods of a refill that are more than numbers, in the order in which they came and went. */
  readonly #log: Noted[] = []
  #order = new Int32Array()
  /** Undefined where the scheduler looks at all nodes for every pod. */
  #round: NodeRound | undefined
  /** By pool and placement key. */
  readonly #rowsOfKey = new Map<string | undefined, (Int32Array | undefined)[]>()

  constructor({ namespaces, pods, fixed = [] }: BoardContext, { packs, pools }: Conditions = {}) {
    const all = [...new Set(pods)]
    this.#pools = pools
    this.#scores = new ReplayScores(packs)
    this.#volumes = createVolumeBook(all)
    this.#soft = createSoftTerms(namespaces, all, this.#fit)
    this.#classes = createPodClasses(namespaces, all, this.#ledger, this.#fit, this.#volumes)
    for (const { site, pods: running } of fixed) {
      const row = this.#open(site)
      for (const pod of running) this.#change({ entry: this.entryOf(pod), row, as: 'held' }, 1)
    }
  }

  entryOf(pod: Pod): Entry {
    const known = this.#entries.get(pod)
    if (known !== undefined) return known
    const rules = this.#classes.rulesOf(pod)
    const odd = { needed: this.#ledger.demandOf(rest(pod.needed)), held: this.#ledger.demandOf(rest(pod.held)) }
    const mayWait = this.#classes.hasTopologyRules(rules.classKey)
    const takes = this.#takesOf(pod, rules, mayWait)
    const soft = this.#soft?.of(pod)
    const changes = [...rules.topology.changes, ...(soft?.changes ?? [])]
    const isPlain =
      takes === undefined && changes.length === 0 && odd.needed.columns.length + odd.held.columns.length === 0
    const scored = this.#scores.scoredOf(pod, soft, this.#covering(odd.needed))
    const pool = this.#pools && inPool(this.#pools, this.#pools.ofPod(pod))
    const entry = { pod, rules, scored, changes, isPlain, takes, mayWait, odd, pool }
    this.#entries.set(pod, entry)
    return entry
  }

  #covering(needed: Demand) {
    if (needed.columns.length === 0) return undefined
    const key = Array.from(needed.columns, (column, at) => `${column} ${needed.amounts[at]}`).join()
    return { key, covers: (row: number): boolean => this.#ledger.covers(row, needed) }
  }

  /**
   * Makes these the nodes of the refills to come, in the order in which the scheduler looks at them (`inRound`), with what is
   * on each of them before any pod is placed.
   */
  stand(slots: readonly Slot[], heldOn: (slot: Slot) => readonly Pod[]): void {
    const wanted = new Set(slots)
    for (const [slot, { row, pods }] of this.#standing) {
      if (wanted.has(slot)) continue
      for (const placed of pods.toReversed()) this.#change(placed, -1)
      this.#close(row)
      this.#standing.delete(slot)
    }
    for (const slot of slots) {
      if (this.#standing.has(slot)) continue
      const row = this.#open(slot.site)
      if (this.#pools !== undefined) this.#poolOf[row] = inPool(this.#pools, this.#pools.ofNode(slot))
      const pods = [...slot.residents, ...heldOn(slot)].map((pod): Placed => ({
        entry: this.entryOf(pod),
        row,
        as: 'held',
      }))
      for (const placed of pods) this.#change(placed, 1)
      this.#standing.set(slot, { row, pods })
    }
    this.#scores.keep()
    this.#order = Int32Array.from(slots, (slot) => this.#standing.get(slot)!.row)
    this.#round = looksAtAll(slots.length) ? undefined : new NodeRound(this.#order)
    this.#rowsOfKey.clear()
  }

  /** At some node, since nobody knows where the scheduler stands. */
  begin(random: Random): void {
    this.#round?.begin(random(this.#order.length))
  }

  /** The node that the scheduler would choose, or undefined: no node takes the pod now. */
  best(entry: Entry, random: Random): number | undefined {
    return this.#scores.best(entry.scored, this.#rowsFor(entry), entry.takes, random, this.#round)
  }

  put(entry: Entry, row: number): void {
    this.#add(entry, row, 1)
    if (!entry.isPlain) this.#note({ entry, row, by: 1 })
  }

  /** Takes off a pod that `put` has put there. */
  take(entry: Entry, row: number): void {
    this.#add(entry, row, -1)
    if (!entry.isPlain) this.#note({ entry, row, by: -1 })
  }

  /** Alike pods share these figures, which are at hand then: thousands of pods come one after the other. */
  #add({ scored }: Entry, row: number, by: 1 | -1): void {
    this.#scores.add(row, scored, scored.kind.needed, by)
  }

  /** Takes every pod off that was put on the nodes since they stand. */
  reset(): void {
    for (let last = this.#log.pop(); last !== undefined; last = this.#log.pop())
      this.#count(last.entry, last.row, 'needed', last.by === 1 ? -1 : 1)
    this.#scores.reset()
  }

  #note(noted: Noted): void {
    this.#count(noted.entry, noted.row, 'needed', noted.by)
    this.#log.push(noted)
  }

  #change(placed: Placed, by: 1 | -1): void {
    const { entry, row, as } = placed
    this.#scores.add(row, entry.scored, entry.pod[as], by)
    this.#count(entry, row, as, by)
  }

  /** Everything about the pod that is not in the table of scores. */
  #count({ pod, rules, changes, odd }: Entry, row: number, as: Placed['as'], by: 1 | -1): void {
    this.#ledger.take(row, odd[as], by)
    for (const tally of changes) tally.bump(row, by)
    if (rules.volumes !== undefined) this.#volumes.change(row, rules.volumes, by)
    if (by === 1) this.#ports.take(row, pod.hostPorts)
    else this.#ports.release(row, pod.hostPorts)
  }

  /** The rules beside those that the table of scores and the list of rows look at. */
  #takesOf({ hostPorts }: Pod, { topology, volumes }: PodRules, looksAround: boolean): Entry['takes'] {
    if (volumes !== undefined || hostPorts.length > 0)
      return (row) =>
        this.#ports.admits(row, hostPorts) &&
        (volumes === undefined || this.#volumes.admits(row, volumes)) &&
        topologyAllows(topology, row)
    return looksAround || topology.flaws.length > 0 ? (row) => topologyAllows(topology, row) : undefined
  }

  /** Nodes whose own properties let the pod in, in the order in which they were given. */
  #rowsFor({ rules: { placementKey, placement }, pool }: Entry): Int32Array {
    const byKey = this.#rowsOfKey.get(pool) ?? []
    this.#rowsOfKey.set(pool, byKey)
    const known = byKey[placementKey]
    if (known !== undefined) return known
    while (byKey.length < placementKey) byKey.push(undefined)
    const shapes = this.#shapes
    const poolOf = this.#poolOf
    const rows = this.#order.filter((row) => poolOf[row] === pool && placement.allows(shapes[row]!))
    return (byKey[placementKey] = rows.length === this.#order.length ? this.#order : rows)
  }

  #open(site: Site): number {
    const row = this.#spare.pop() ?? this.#rows++
    const shape = this.#shapeOfSite.get(site) ?? this.#fit.shapeOf(site)
    this.#shapeOfSite.set(site, shape)
    this.#shapes[row] = shape
    this.#scores.open(site, row)
    this.#ledger.open(row, site.allocatable)
    this.#volumes.open(row, site.attachLimits)
    this.#classes.tallies.open(row, site, shape)
    this.#soft?.open(row, site, shape)
    return row
  }

  #close(row: number): void {
    this.#classes.tallies.close(row)
    this.#soft?.close(row)
    this.#spare.push(row)
  }
}

const inPool = ({ groups }: Pools, group: string | undefined): string | undefined =>
  group !== undefined && groups.has(group) ? group : undefined

/** All but CPU, memory and pod slots. */
const rest = (resources: Resources): Resources => ({
  ...resources,
  cpu: milliCpu(0),
  memory: bytes(0),
  pods: podSlots(0),
})
