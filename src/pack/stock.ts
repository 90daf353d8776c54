import type { NodeOption } from '../domain/plan.js'
import { acceptsPods, newSlot, type Slot } from './draft.js'
import { kindOf } from './bins/bin-question.js'

/** Nodes that could be bought, made once and lent again: the tenth node of a kind is the same in every attempt. */
export class Stock {
  readonly #prefix: string
  readonly #slots = new Map<NodeOption, Slot[]>()

  /** The prefix tells the names of one stock from those of others. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  slot(option: NodeOption, position: number): Slot {
    const known = this.#slots.get(option) ?? []
    this.#slots.set(option, known)
    while (known.length <= position) known.push(newSlot(option, `${this.#prefix}-${option.id}-${known.length}`))
    return known[position]!
  }

  /** The first node of the kind that is not in use: one of today's, else one to be bought. */
  free(option: NodeOption, live: readonly Slot[], inUse: ReadonlySet<Slot>): Slot {
    const kind = kindOf(option)
    const spare = live.find(
      (slot) =>
        slot.origin.kind === 'live' && acceptsPods(slot) && kindOf(slot.origin.live.node) === kind && !inUse.has(slot),
    )
    if (spare !== undefined) return spare
    for (let position = 0; ; position += 1) {
      const slot = this.slot(option, position)
      if (!inUse.has(slot)) return slot
    }
  }

  /** Lends each node once. */
  lender(): (option: NodeOption) => Slot {
    const lent = new Map<NodeOption, number>()
    return (option) => {
      const position = lent.get(option) ?? 0
      lent.set(option, position + 1)
      return this.slot(option, position)
    }
  }
}
