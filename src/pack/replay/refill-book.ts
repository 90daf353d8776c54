import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'

/** Pods that one order leaves over on some nodes. */
export type Refill = {
  readonly left: readonly Pod[]
  /** The refill was broken off when more than so many were certain to be left over; Infinity: it went to its end. */
  readonly most: number
}

/**
 * What refills have come to, by the order of the pods. Searches come back to the same nodes: a fifth of all refills have
 * been seen before.
 */
export class RefillBook {
  readonly #ids = new Map<Slot | NodeOption, number>()
  readonly #fleets = new Map<string, Map<number, Refill>>()

  /** Of these nodes, in the order in which the scheduler looks at them. New nodes of one option are alike but for names. */
  of(ordered: readonly Slot[]): Map<number, Refill> {
    const key = ordered.map((slot) => this.#idOf(slot)).join(' ')
    const known = this.#fleets.get(key)
    if (known !== undefined) return known
    const made = new Map<number, Refill>()
    this.#fleets.set(key, made)
    return made
  }

  /** Other answers are to be expected from here on. */
  clear(): void {
    this.#fleets.clear()
  }

  #idOf(slot: Slot): number {
    const one = slot.origin.kind === 'new' ? slot.origin.option : slot
    const known = this.#ids.get(one)
    if (known !== undefined) return known
    this.#ids.set(one, this.#ids.size)
    return this.#ids.size - 1
  }
}
