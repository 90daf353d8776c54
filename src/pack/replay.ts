import type { Pod } from '../domain/pod.js'
import { createBoard, type Board, type BoardContext } from './board.js'
import type { Slot } from './draft.js'
import { ReplayScores } from './replay-scores.js'
import { queueOf } from './replay-queue.js'

/**
 * What the default scheduler would make of a set of nodes: they are filled from empty, pod by pod, by priority and then
 * in a seeded random order, each pod on the feasible node with the best score (`ReplayScores`). Other scores, preemption
 * and scaling are left out.
 */
export class ReplayScheduler {
  readonly #board: Board
  readonly #pods: readonly Pod[]
  readonly #stays: (pod: Pod) => boolean
  readonly #queues = new Map<number, readonly Pod[]>()
  /** Pods × nodes asked for so far: what budgets count. */
  steps = 0

  /** `stays`: nothing that can be bought takes such a pod (its machine is no longer on offer, say): it is left where it runs. */
  constructor(context: BoardContext, pods: readonly Pod[], stays: (pod: Pod) => boolean) {
    this.#board = createBoard(context)
    this.#pods = pods
    this.#stays = stays
  }

  /** Pods × nodes of one refill. */
  cost(slots: readonly Slot[]): number {
    return slots.length * this.#pods.length
  }

  /**
   * Pods that are left over when they come in the order of this seed. With `most`, the refill is broken off as soon as
   * more are certain to be left over; what it gives is then a part of them.
   */
  leftOver(slots: readonly Slot[], seed: number, most = Infinity): readonly Pod[] {
    this.steps += this.cost(slots)
    const board = this.#board
    const scores = new ReplayScores()
    const indexes: number[] = []
    const placed: Pod[] = []
    const where: number[] = []
    const put = (pod: Pod, position: number, as: 'held' | 'needed'): void => {
      const index = indexes[position]!
      board.place(pod, index, as)
      placed.push(pod)
      where.push(index)
      scores.add(position, pod, pod[as])
    }

    const anchored = new Set<Pod>()
    slots.forEach((slot, position) => {
      indexes.push(board.addSite(slot.site))
      scores.open(slot.site)
      for (const pod of slot.residents) put(pod, position, 'held')
      if (slot.origin.kind === 'new') return
      // Nothing is put on a closed node again: what runs there stays as long as the node does.
      const isClosed = slot.origin.live.node.closed !== undefined
      for (const pod of slot.origin.live.pods)
        if (isClosed || this.#stays(pod)) {
          put(pod, position, 'held')
          anchored.add(pod)
        }
    })

    // Most rules look at the node alone: they are asked once for all pods that share them.
    const possible: (Int32Array | undefined)[] = []
    const possibleFor = (pod: Pod): Int32Array => {
      const key = board.placementKey(pod)
      return (possible[key] ??= Int32Array.from(
        [...indexes.keys()].filter((position) => board.staticallyFits(pod, indexes[position]!)),
      ))
    }
    const place = (pod: Pod): boolean => {
      const position = scores.best(pod, possibleFor(pod), (candidate) => board.fits(pod, indexes[candidate]!))
      if (position !== undefined) put(pod, position, 'needed')
      return position !== undefined
    }

    let left = this.#queue(seed).filter((pod) => !anchored.has(pod))
    for (;;) {
      const next: Pod[] = []
      let certain = 0
      for (const pod of left) {
        if (place(pod)) continue
        next.push(pod)
        // A pod that waits for another one is tried again when the queue has been through.
        if (!board.hasTopologyRules(board.classKey(pod))) certain += 1
        if (certain > most) break
      }
      const isDone = next.length === 0 || next.length === left.length || certain > most
      left = next
      if (isDone) break
    }
    for (let at = placed.length - 1; at >= 0; at -= 1) board.remove(placed[at]!, where[at]!)
    for (const index of indexes.reverse()) board.removeSite(index)
    return left
  }

  #queue(seed: number): readonly Pod[] {
    const known = this.#queues.get(seed)
    if (known !== undefined) return known
    const queue = queueOf(this.#pods, seed)
    this.#queues.set(seed, queue)
    return queue
  }
}
