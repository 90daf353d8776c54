import type { Draft, Slot } from './draft.js'
import { Pool } from './first-fit.js'
import { byText, dominantShare, largestFirst } from './order.js'

/** Rounds of draining after which another would rarely empty a node more. */
const ROUNDS = 3

/**
 * Empties one node after another into the rest of its group, the least used for its price first, and takes those off the
 * board that it can empty wholly. Nothing is bought. Full nodes are filled up first, so that the emptier ones can be
 * emptied in their turn. Returns the nodes that are left.
 */
export function drain(draft: Draft, slots: readonly Slot[], mayGo: (slot: Slot) => boolean): Slot[] {
  let open = [...slots]
  const pool = new Pool(draft, fullestFirst(draft, open))
  for (let round = 0; round < ROUNDS; round += 1) {
    const gone = leastUsedFirst(open.filter(mayGo)).filter((slot) => emptyInto(draft, slot, pool))
    if (gone.length === 0) break
    const left = new Set(gone)
    open = open.filter((slot) => !left.has(slot))
  }
  return open
}

function emptyInto(draft: Draft, slot: Slot, pool: Pool): boolean {
  const mark = draft.mark()
  const pods = largestFirst([...slot.pods], slot.site.allocatable)
  for (const pod of pods) draft.take(pod)
  draft.close(slot)
  pool.refresh([slot])
  const touched = new Set<Slot>([slot])
  for (const pod of pods) {
    const target = pool.put(pod)
    if (target === undefined) {
      draft.rollback(mark)
      pool.refresh(touched)
      return false
    }
    touched.add(target)
  }
  return true
}

const sortedBy = (slots: readonly Slot[], key: (slot: Slot) => number): Slot[] =>
  slots
    .map((slot) => ({ slot, key: key(slot) }))
    .sort((a, b) => a.key - b.key || byText(a.slot.site.name, b.slot.site.name))
    .map(({ slot }) => slot)

const leastUsedFirst = (slots: readonly Slot[]): Slot[] =>
  sortedBy(slots, (slot) => {
    let share = 0
    for (const pod of slot.pods) share += dominantShare(pod.needed, slot.site.allocatable)
    return share / Math.max(1, slot.rate ?? 1)
  })

const fullestFirst = (draft: Draft, slots: readonly Slot[]): Slot[] =>
  sortedBy(slots, (slot) =>
    slot.index === undefined ? 0 : draft.board.free(slot.index).cpu / Math.max(1, slot.site.allocatable.cpu),
  )
