import type { Pod } from '../../domain/pod.js'
import type { BoardContext } from '../board/board.js'
import { acceptsPods, type Slot } from '../draft.js'
import { byText } from '../order.js'
import type { Conditions } from './conditions.js'
import { inRound } from './node-round.js'
import { RefillBook, type Refill } from './refill-book.js'
import { ReplayBoard, type Entry } from './replay-board.js'
import { generator, queueOf, shuffled } from './replay-queue.js'
import { deploymentsOf, rollOut, type Replica } from './replay-rollout.js'

/** Deployments that are rolled out anew after a refill. */
export const ROLLOUTS = 3
/** Added to the seed of an order for the draws among equal nodes. */
const TIES = 1_000_000

/**
 * What the default scheduler would make of a set of nodes: they are filled from empty, pod by pod, by priority and then
 * in a seeded random order, each pod on the feasible node with the best score (`ReplayScores`). Where all have found a
 * place, a few Deployments are rolled out anew. Other scores, preemption and scaling are left out.
 */
export class ReplayScheduler {
  readonly #board: ReplayBoard
  readonly #pods: readonly Pod[]
  readonly #stays: (pod: Pod) => boolean
  readonly #rollouts: number
  #priorityOf: ((pod: Pod) => number) | undefined
  #deployments: readonly (readonly Entry[])[] | undefined
  readonly #queues = new Map<number, Queue>()
  readonly #anchoredBySlot = new WeakMap<Slot, readonly Pod[]>()
  readonly #book = new RefillBook()
  #asked: Asked | undefined
  #standing: Asked | undefined
  /** Pods that the standing nodes have from the start. */
  #anchored: ReadonlySet<Pod> = new Set()
  /** Pods × nodes asked for so far: what budgets count. */
  steps = 0

  /**
   * `stays`: nothing that can be bought takes such a pod (its machine is no longer on offer, say): it is left where it
   * runs. `rollouts`: Deployments that are rolled out anew after each refill.
   */
  constructor(
    context: BoardContext,
    pods: readonly Pod[],
    stays: (pod: Pod) => boolean,
    rollouts = 0,
    conditions: Conditions = {},
  ) {
    this.#board = new ReplayBoard(context, conditions)
    // Sorted already, so that each order has less to sort.
    this.#pods = [...pods].sort((a, b) => byText(a.id, b.id))
    this.#stays = stays
    this.#rollouts = rollouts
  }

  /** From here on pods come by these priorities, not by their own. */
  prioritise(priorityOf: (pod: Pod) => number): void {
    this.#priorityOf = priorityOf
    this.#queues.clear()
    this.#book.clear()
    this.#asked = undefined
  }

  /** Pods × nodes of one refill. */
  cost(slots: readonly Slot[]): number {
    return slots.length * this.#pods.length
  }

  /** The part of the nodes that is taken when all pods have a place, the larger one of CPU and memory. */
  load(slots: readonly Slot[]): number {
    const part = (name: 'cpu' | 'memory'): number => {
      let taken = 0
      let all = 0
      for (const { needed } of this.#pods) taken += needed[name]
      for (const { site, residents } of slots) {
        all += site.allocatable[name]
        for (const { held } of residents) taken += held[name]
      }
      return Math.min(1, taken / Math.max(1, all))
    }
    return Math.max(part('cpu'), part('memory'))
  }

  /**
   * Pods that are left over when they come in the order of this seed, or that a rollout after it leaves pending. With
   * `most`, the refill is broken off as soon as more are certain to be left over; what it gives may then be a part of them.
   */
  leftOver(slots: readonly Slot[], seed: number, most = Infinity): readonly Pod[] {
    this.steps += this.cost(slots)
    const asked = this.#ask(slots)
    const known = asked.refills.get(seed)
    if (known !== undefined && most <= known.most) return known.left
    const refill = this.#refill(asked, seed, most)
    asked.refills.set(seed, refill)
    return refill.left
  }

  /** Mostly the same nodes as the last time, in another order of the pods. */
  #ask(slots: readonly Slot[]): Asked {
    const last = this.#asked
    if (last?.slots.length === slots.length && last.slots.every((slot, at) => slot === slots[at])) return last
    const ordered = inRound(slots)
    return (this.#asked = { slots: [...slots], ordered, refills: this.#book.of(ordered) })
  }

  #refill(asked: Asked, seed: number, most: number): Refill {
    this.#stand(asked)
    const board = this.#board
    const anchored = this.#anchored
    const { entries, rolled, isRolled } = this.#queue(seed)
    const rowOf = new Map<Entry, number>()
    const random = generator(TIES + seed)
    board.begin(random)
    const place = (entry: Entry): boolean => {
      const row = board.best(entry, random)
      if (row === undefined) return false
      board.put(entry, row)
      if (isRolled.has(entry)) rowOf.set(entry, row)
      return true
    }
    const coming = anchored.size === 0 ? entries : entries.filter(({ pod }) => !anchored.has(pod))
    const { left, isBrokenOff } = fill(coming, place, most)
    // What stays where it runs is left alone.
    const replicasOf = (pods: readonly Entry[]): Replica[] =>
      pods.flatMap((entry) => {
        const row = rowOf.get(entry)
        return row === undefined ? [] : [{ entry, row }]
      })
    const pending = left.length > 0 ? left : rolled.flatMap((pods) => rollOut(board, replicasOf(pods), random))
    board.reset()
    return { left: pending.map(({ pod }) => pod), most: isBrokenOff ? most : Infinity }
  }

  #stand(asked: Asked): void {
    if (this.#standing === asked) return
    this.#board.stand(asked.ordered, (slot) => this.#anchoredOn(slot))
    this.#standing = asked
    this.#anchored = new Set(asked.slots.flatMap((slot) => this.#anchoredOn(slot)))
  }

  /** Nothing is put on a closed node again: what runs there stays as long as the node does. */
  #anchoredOn(slot: Slot): readonly Pod[] {
    const { origin } = slot
    if (origin.kind === 'new') return NONE
    const known = this.#anchoredBySlot.get(slot)
    if (known !== undefined) return known
    const { pods } = origin.live
    const anchored = acceptsPods(slot) ? pods.filter((pod) => this.#stays(pod)) : pods
    this.#anchoredBySlot.set(slot, anchored)
    return anchored
  }

  #queue(seed: number): Queue {
    const known = this.#queues.get(seed)
    if (known !== undefined) return known
    const entries = queueOf(this.#pods, seed, this.#priorityOf).map((pod) => this.#board.entryOf(pod))
    const deployments = (this.#deployments ??= this.#rollouts === 0 ? [] : deploymentsOf(entries))
    const rolled = shuffled([...deployments], seed).slice(0, this.#rollouts)
    const queue = { entries, rolled, isRolled: new Set(rolled.flat()) }
    this.#queues.set(seed, queue)
    return queue
  }
}

const NONE: readonly Pod[] = []

/** Those that found no place, where `most` may be left for certain: beyond that it is broken off. */
function fill(
  entries: readonly Entry[],
  place: (entry: Entry) => boolean,
  most: number,
): { readonly left: readonly Entry[]; readonly isBrokenOff: boolean } {
  for (let left = entries; ;) {
    const next: Entry[] = []
    let certain = 0
    for (const entry of left) {
      if (place(entry)) continue
      next.push(entry)
      // A pod that waits for another one is tried again when the queue has been through.
      if (!entry.mayWait) certain += 1
      if (certain > most) return { left: next, isBrokenOff: true }
    }
    if (next.length === 0 || next.length === left.length) return { left: next, isBrokenOff: false }
    left = next
  }
}

/** Nodes that were asked for, and what refills of them have come to. */
type Asked = {
  readonly slots: readonly Slot[]
  readonly ordered: readonly Slot[]
  readonly refills: Map<number, Refill>
}

/** What an order of the pods comes to, worked out once. */
type Queue = {
  readonly entries: readonly Entry[]
  readonly rolled: readonly (readonly Entry[])[]
  readonly isRolled: ReadonlySet<Entry>
}
