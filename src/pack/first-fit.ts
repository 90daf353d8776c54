import type { Pod } from '../domain/pod.js'
import { acceptsPods, type Draft, type Slot } from './draft.js'
import { SlotIndex, type Room } from './board/slot-index.js'

/** Opens one more node that takes the pod, or says that there is none. */
export type Opener = (pod: Pod) => Slot | undefined

const NOTHING_TO_OPEN: Opener = () => undefined
const NO_ROOM: Room = { cpu: -1, memory: -1, pods: -1 }

/**
 * The nodes that pods may be put on, in a fixed order, each pod on the first one that takes it. Nodes that accept no new
 * pods (cordoned, lost, …) stay out.
 */
export class Pool {
  readonly #draft: Draft
  readonly #order: Slot[] = []
  readonly #index = new SlotIndex()
  readonly #place = new Map<Slot, number>()
  /** Where to go on looking for pods of a class whose fit depends on the node alone: full nodes stay full. */
  #startOf = new Map<number, number>()

  constructor(draft: Draft, slots: readonly Slot[]) {
    this.#draft = draft
    for (const slot of slots) if (acceptsPods(slot)) this.add(slot)
  }

  add(slot: Slot): void {
    this.#place.set(slot, this.#order.length)
    this.#order.push(slot)
    this.#index.add(this.#free(slot))
  }

  /** To be called for each node that has gained or lost pods by other hands than the pool's. */
  refresh(slots: Iterable<Slot>): void {
    this.#startOf = new Map()
    for (const slot of slots) {
      const place = this.#place.get(slot)
      if (place !== undefined) this.#index.update(place, this.#free(slot))
    }
  }

  /** Puts the pod on the first node that takes it. */
  put(pod: Pod, open: Opener = NOTHING_TO_OPEN): Slot | undefined {
    const { board } = this.#draft
    const classKey = board.classKey(pod)
    const remembers = !board.hasTopologyRules(classKey) && !this.#draft.looksAround
    let at = this.#index.next(remembers ? (this.#startOf.get(classKey) ?? 0) : 0, pod.needed)
    for (; at !== undefined; at = this.#index.next(at + 1, pod.needed)) {
      const slot = this.#order[at]
      if (slot === undefined || !this.#draft.takes(slot, pod)) continue
      if (remembers) this.#startOf.set(classKey, at)
      return this.#putOn(pod, slot)
    }
    if (remembers) this.#startOf.set(classKey, this.#order.length)
    const opened = open(pod)
    if (opened === undefined) return undefined
    this.add(opened)
    return this.#putOn(pod, opened)
  }

  /**
   * Puts each pod, in the given order; those that need another pod to be there first are tried again after the others.
   * Returns the pods left over.
   */
  putAll(pods: readonly Pod[], open: Opener = NOTHING_TO_OPEN): Pod[] {
    let left = [...pods]
    for (;;) {
      const next = left.filter((pod) => this.put(pod, open) === undefined)
      if (next.length === 0 || next.length === left.length) return next
      left = next
    }
  }

  #putOn(pod: Pod, slot: Slot): Slot {
    this.#draft.put(pod, slot)
    this.#index.update(this.#place.get(slot) ?? 0, this.#free(slot))
    return slot
  }

  /** A node that is off the board has room for nothing. */
  #free(slot: Slot): Room {
    return slot.index === undefined ? NO_ROOM : this.#draft.board.free(slot.index)
  }
}
