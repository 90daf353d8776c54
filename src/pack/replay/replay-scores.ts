import type { Pod } from '../../domain/pod.js'
import type { Resources } from '../../domain/resources.js'
import type { Random } from './replay-queue.js'
import { scoredRequests } from './replay-requests.js'
import { ReplaySpread, type Spread } from './replay-spread.js'
import type { Site } from '../board/site.js'

const MOST_QUESTIONS = 4
/** Each score is a whole number up to this. */
const MOST_POINTS = 100
/** Weight of PodTopologySpread in the default profile; that of both others is 1. */
const SPREAD_WEIGHT = 2

/** What the scores have to know of a pod, looked up once. */
export type Scored = {
  readonly pod: Pod
  /** With the defaults for containers that ask for nothing. */
  readonly cpu: number
  readonly memory: number
  readonly spread: Spread | undefined
}

/** What pods change, one column per figure, a row per node. */
const FILLED = ['scoredCpu', 'scoredMemory', 'freeCpu', 'freeMemory', 'freeSlots'] as const
type Column = 'cpu' | 'memory' | (typeof FILLED)[number]
type Table = Readonly<Record<Column, Float64Array>>

/**
 * How kube-scheduler's default profile likes nodes, in the whole numbers that it counts in: NodeResourcesFit with
 * LeastAllocated (noderesources/least_allocated.go), NodeResourcesBalancedAllocation (balanced_allocation.go), both over
 * CPU and memory, and twice PodTopologySpread for pods without constraints of their own. Of nodes with equal sums one is
 * drawn (schedule_one.go: selectHost).
 */
export class ReplayScores {
  readonly #spread = new ReplaySpread()
  #count = 0
  #rows = 64
  #table: Table = tableOf(() => new Float64Array(this.#rows))
  #kept: Table = tableOf(() => new Float64Array(0))
  /** Nodes that a pod may go to, and what speaks for each of them. */
  #found = new Int32Array(64)
  #points = new Int32Array(64)
  #ties = new Int32Array(64)
  scoredOf(pod: Pod): Scored {
    return { pod, ...scoredRequests(pod), spread: this.#spread.of(pod) }
  }

  /** Makes a row, or starts one over. */
  open(site: Site, row = this.#count): number {
    if (row === this.#rows) {
      this.#rows *= 2
      const old = this.#table
      this.#table = tableOf((name) => {
        const wider = new Float64Array(this.#rows)
        wider.set(old[name])
        return wider
      })
      this.#found = new Int32Array(this.#rows)
      this.#points = new Int32Array(this.#rows)
      this.#ties = new Int32Array(this.#rows)
    }
    const { allocatable } = site
    const { cpu, memory, scoredCpu, scoredMemory, freeCpu, freeMemory, freeSlots } = this.#table
    this.#count = Math.max(this.#count, row + 1)
    this.#spread.open(row, site)
    cpu[row] = Math.max(1, allocatable.cpu)
    memory[row] = Math.max(1, allocatable.memory)
    scoredCpu[row] = 0
    scoredMemory[row] = 0
    freeCpu[row] = allocatable.cpu
    freeMemory[row] = allocatable.memory
    freeSlots[row] = allocatable.pods
    return row
  }

  /** `taken`: what the pod holds there, in the one way of counting or the other; `by` -1 takes the pod off again. */
  add(row: number, scored: Scored, taken: Resources, by: 1 | -1 = 1): void {
    const { scoredCpu, scoredMemory, freeCpu, freeMemory, freeSlots } = this.#table
    scoredCpu[row]! += by * scored.cpu
    scoredMemory[row]! += by * scored.memory
    freeCpu[row]! -= by * taken.cpu
    freeMemory[row]! -= by * taken.memory
    freeSlots[row]! -= by * taken.pods
    if (scored.spread !== undefined) this.#spread.add(scored.spread, row, by)
  }

  /** Remembers how full every node is now, to come back to with `reset`. */
  keep(): void {
    if (this.#kept.cpu.length !== this.#rows) this.#kept = tableOf(() => new Float64Array(this.#rows))
    for (const name of FILLED) this.#kept[name].set(this.#table[name])
    this.#spread.keep()
  }

  reset(): void {
    for (const name of FILLED) this.#table[name].set(this.#kept[name])
    this.#spread.reset()
  }

  /**
   * Of these nodes the one with the best score that has the CPU, the memory and the pod slot and takes the pod; `random`
   * draws among equal ones. Mostly one question is enough; a pod that many nodes refuse is asked for on all of them at
   * once, and so is one whose score on a node depends on the others. `takes` undefined: all do.
   */
  best(
    scored: Scored,
    rows: Int32Array,
    takes: ((row: number) => boolean) | undefined,
    random: Random,
  ): number | undefined {
    let asks = takes
    let count = this.#fitting(scored.pod, rows)
    if (asks !== undefined && scored.spread !== undefined && scored.spread.pods > 0) {
      count = this.#keepOnly(count, asks)
      asks = undefined
    }
    this.#score(scored, count)
    for (let question = 0; ; question += 1) {
      const at = this.#bestOf(count, random)
      if (at === undefined) return undefined
      const row = this.#found[at]!
      if (asks === undefined || asks(row)) return row
      this.#points[at] = -1
      if (question < MOST_QUESTIONS) continue
      for (let other = 0; other < count; other += 1)
        if (this.#points[other]! >= 0 && !asks(this.#found[other]!)) this.#points[other] = -1
      asks = undefined
    }
  }

  /** How many nodes have the room; they are the first of `#found`. */
  #fitting(pod: Pod, rows: Int32Array): number {
    const { freeCpu, freeMemory, freeSlots } = this.#table
    // What is not asked for never falls short, not even on an over-committed node.
    const needCpu = pod.needed.cpu || -Infinity
    const needMemory = pod.needed.memory || -Infinity
    const needSlots = pod.needed.pods || -Infinity
    const found = this.#found
    let count = 0
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!
      if (needCpu > freeCpu[row]! || needMemory > freeMemory[row]! || needSlots > freeSlots[row]!) continue
      found[count] = row
      count += 1
    }
    return count
  }

  #keepOnly(count: number, takes: (row: number) => boolean): number {
    const found = this.#found
    let kept = 0
    for (let at = 0; at < count; at += 1) if (takes(found[at]!)) found[kept++] = found[at]!
    return kept
  }

  #score({ pod, cpu: wantedCpu, memory: wantedMemory, spread }: Scored, count: number): void {
    const { cpu, memory, scoredCpu, scoredMemory, freeCpu, freeMemory } = this.#table
    const { cpu: neededCpu, memory: neededMemory } = pod.needed
    const found = this.#found
    const points = this.#points
    const asksForNothing = neededCpu === 0 && neededMemory === 0
    for (let at = 0; at < count; at += 1) {
      const row = found[at]!
      const cores = cpu[row]!
      const bytes = memory[row]!
      const least =
        (freePart(cores, scoredCpu[row]! + wantedCpu) + freePart(bytes, scoredMemory[row]! + wantedMemory)) >> 1
      if (asksForNothing) points[at] = least
      else {
        const cpuShare = Math.min(1, (cores - freeCpu[row]! + neededCpu) / cores)
        const memoryShare = Math.min(1, (bytes - freeMemory[row]! + neededMemory) / bytes)
        points[at] = least + Math.floor((1 - Math.abs((cpuShare - memoryShare) / 2)) * MOST_POINTS)
      }
    }
    if (spread !== undefined && spread.pods > 0) this.#spread.score(spread, found, count, points, SPREAD_WEIGHT)
  }

  /** Position in `#found`. */
  #bestOf(count: number, random: Random): number | undefined {
    const points = this.#points
    const ties = this.#ties
    let best = 0
    let equal = 0
    for (let at = 0; at < count; at += 1) {
      const here = points[at]!
      if (here < best) continue
      if (here > best) {
        best = here
        equal = 0
      }
      ties[equal] = at
      equal += 1
    }
    return equal === 0 ? undefined : ties[equal === 1 ? 0 : random(equal)]
  }
}

const freePart = (capacity: number, taken: number): number =>
  taken > capacity ? 0 : Math.floor(((capacity - taken) * MOST_POINTS) / capacity)

const tableOf = (column: (name: Column) => Float64Array): Table => ({
  cpu: column('cpu'),
  memory: column('memory'),
  scoredCpu: column('scoredCpu'),
  scoredMemory: column('scoredMemory'),
  freeCpu: column('freeCpu'),
  freeMemory: column('freeMemory'),
  freeSlots: column('freeSlots'),
})
