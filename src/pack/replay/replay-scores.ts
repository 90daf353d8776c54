import type { Pod } from '../../domain/pod.js'
import type { Resources } from '../../domain/resources.js'
import type { NodeRound } from './node-round.js'
import { ReplayLikes, type Likes } from './replay-likes.js'
import { NodeTable } from './replay-nodes.js'
import { kindOf, rate, type Kind } from './replay-points.js'
import type { Random } from './replay-queue.js'
import { scoredRequests } from './replay-requests.js'
import { ReplaySpread, type Spread } from './replay-spread.js'
import { SoftScores } from './soft-scores.js'
import type { SoftRules } from './soft-terms.js'
import type { Site } from '../board/site.js'

const MOST_QUESTIONS = 4
/** Nodes that are rated at once, at least. */
const SOME = 16
/** Weight of PodTopologySpread in the default profile; that of both others is 1. */
const SPREAD_WEIGHT = 2

/** What the scores have to know of a pod, looked up once. */
export type Scored = {
  readonly kind: Kind
  readonly spread: Spread | undefined
  readonly likes: Likes
  readonly soft: SoftRules | undefined
}

/**
 * How kube-scheduler's default profile likes nodes, in the whole numbers that it counts in: by what is free and how evenly
 * (`rate`), what pods prefer of a node by itself (`ReplayLikes`) and of the pods around it (`SoftScores`), and twice
 * PodTopologySpread for pods without constraints of their own (`ReplaySpread`). Of nodes with equal sums one is drawn
 * (schedule_one.go: selectHost).
 */
export class ReplayScores {
  readonly #nodes = new NodeTable()
  readonly #spread = new ReplaySpread()
  readonly #likes = new ReplayLikes()
  readonly #soft = new SoftScores()
  readonly #kinds = new Map<string, Kind>()
  readonly #packs: boolean
  #count = 0
  /** Nodes that a pod may go to, and what speaks for each of them. */
  #found = new Int32Array(64)
  #points = new Int32Array(64)
  #ties = new Int32Array(64)

  /** `packs`: with MostAllocated in the place of LeastAllocated. */
  constructor(packs = false) {
    this.#packs = packs
  }

  /**
   * `soft`: what the pod prefers of others. `odd`: what it asks for beside CPU, memory and a pod slot, equal in key where it
   * is equal.
   */
  scoredOf(
    pod: Pod,
    soft?: SoftRules,
    odd?: { readonly key: string; readonly covers: (row: number) => boolean },
  ): Scored {
    const scored = scoredRequests(pod)
    const { cpu, memory, pods } = pod.needed
    const key = `${cpu} ${memory} ${pods} ${scored.cpu} ${scored.memory} ${odd?.key ?? ''}`
    const kind = this.#kinds.get(key) ?? kindOf(pod.needed, scored, odd?.covers, this.#packs)
    this.#kinds.set(key, kind)
    return { kind, spread: this.#spread.of(pod), likes: this.#likes.of(pod), soft }
  }

  /** Makes a row, or starts one over. */
  open(site: Site, row = this.#count): number {
    this.#nodes.open(row, site.allocatable)
    this.#spread.open(row, site)
    this.#likes.open(row, site)
    this.#count = Math.max(this.#count, row + 1)
    if (this.#found.length < this.#nodes.size) {
      this.#found = new Int32Array(this.#nodes.size)
      this.#points = new Int32Array(this.#nodes.size)
      this.#ties = new Int32Array(this.#nodes.size)
    }
    return row
  }

  /** `taken`: what the pod holds there, in the one way of counting or the other; `by` -1 takes the pod off again. */
  add(row: number, { kind, spread }: Scored, taken: Resources, by: 1 | -1 = 1): void {
    this.#nodes.add(row, kind.scored.cpu, kind.scored.memory, taken, by)
    if (spread !== undefined) this.#spread.add(spread, row, by)
  }

  /**
   * Puts a pod there that stays, when all that are to be placed have been asked for (`scoredOf`): of others, thousands on
   * large clusters, no more is kept than it takes.
   */
  hold(row: number, pod: Pod, taken: Resources): void {
    const scored = scoredRequests(pod)
    this.#nodes.add(row, scored.cpu, scored.memory, taken, 1)
    const spread = this.#spread.known(pod)
    if (spread !== undefined) this.#spread.add(spread, row, 1)
  }

  /** Remembers how full every node is now, to come back to with `reset`. */
  keep(): void {
    this.#nodes.keep()
    this.#spread.keep()
  }

  reset(): void {
    this.#nodes.reset()
    this.#spread.reset()
  }

  /**
   * Of these nodes the one with the best score that has the CPU, the memory and the pod slot and takes the pod; `random`
   * draws among equal ones. Mostly one question is enough; a pod that many nodes refuse is asked for on all of them at
   * once, and so is one whose score on a node depends on the others. `takes` undefined: all do. `round`: only the first
   * nodes in turn that take the pod are looked at.
   */
  best(
    { kind, spread, likes, soft }: Scored,
    rows: Int32Array,
    takes: ((row: number) => boolean) | undefined,
    random: Random,
    round?: NodeRound,
  ): number | undefined {
    if (round === undefined) rate(kind, this.#nodes, rows)
    const isSpread = spread !== undefined && spread.pods > 0
    const isLiked = this.#likes.matters(likes, rows)
    const isDrawn = soft !== undefined && soft.pulls.length + soft.spread.length > 0
    const isRelative = isSpread || isLiked || isDrawn
    if (takes === undefined && !isRelative && round === undefined) return this.#bestAmong(kind.points, rows, random)
    // Which nodes are to choose among must be known where a score depends on them, and where they are counted.
    const asksAll = isRelative || round !== undefined
    let asks = asksAll ? undefined : takes
    const taking = asksAll ? takes : undefined
    const count =
      round === undefined ? this.#fitting(kind.points, rows, taking) : this.#inTurn(kind, rows, taking, round)
    if (isSpread) this.#spread.score(spread, this.#found, count, this.#points, SPREAD_WEIGHT)
    if (isLiked) this.#likes.score(likes, this.#found, count, this.#points)
    if (isDrawn) this.#soft.score(soft, this.#found, count, this.#points)
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

  /** By these points alone, below 0 where there is no room. */
  #bestAmong(points: Int16Array, rows: Int32Array, random: Random): number | undefined {
    const ties = this.#ties
    let best = 0
    let equal = 0
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!
      const here = points[row]!
      if (here < best) continue
      if (here > best) {
        best = here
        equal = 0
      }
      ties[equal] = row
      equal += 1
    }
    return equal === 0 ? undefined : ties[equal === 1 ? 0 : random(equal)]
  }

  /** How many nodes have the room and take the pod; they are the first of `#found`. */
  #fitting(of: Int16Array, rows: Int32Array, takes: ((row: number) => boolean) | undefined): number {
    const found = this.#found
    const points = this.#points
    let count = 0
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!
      const here = of[row]!
      if (here < 0 || (takes !== undefined && !takes(row))) continue
      found[count] = row
      points[count] = here
      count += 1
    }
    return count
  }

  /** Likewise, of the first ones in turn; the others are not even rated. */
  #inTurn(kind: Kind, rows: Int32Array, takes: ((row: number) => boolean) | undefined, round: NodeRound): number {
    const found = this.#found
    const points = this.#points
    const { wanted } = round
    let count = 0
    let from = round.firstOf(rows)
    for (let left = rows.length; left > 0;) {
      // As many as could be enough, up to the end of the list, from where it goes on at its beginning.
      const to = Math.min(from + Math.min(left, Math.max(wanted - count, SOME)), rows.length)
      rate(kind, this.#nodes, rows, from, to)
      for (let at = from; at < to; at += 1) {
        const row = rows[at]!
        const here = kind.points[row]!
        if (here < 0 || (takes !== undefined && !takes(row))) continue
        found[count] = row
        points[count] = here
        count += 1
        if (count < wanted) continue
        round.stopAt(row)
        return count
      }
      left -= to - from
      from = to === rows.length ? 0 : to
    }
    return count
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
