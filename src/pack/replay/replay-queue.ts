import type { Pod } from '../../domain/pod.js'
import { byText } from '../order.js'

/** The scheduler's queue: by priority, within it in the order of a seeded shuffle, whatever the order of the input. */
export function queueOf(
  pods: readonly Pod[],
  seed: number,
  priorityOf = ({ priority }: Pod): number => priority,
): Pod[] {
  return shuffled(
    [...pods].sort((a, b) => byText(a.id, b.id)),
    seed,
  ).sort((a, b) => priorityOf(b) - priorityOf(a))
}

export function shuffled<Item>(items: Item[], seed: number): Item[] {
  const random = generator(seed)
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = random(last + 1)
    const moved = items[last]
    const swapped = items[other]
    if (moved === undefined || swapped === undefined) continue
    items[last] = swapped
    items[other] = moved
  }
  return items
}

/** Whole numbers from 0 to below the limit; 0 for a limit of 0. */
export type Random = (limit: number) => number

/** Numbers that the generator draws from. */
const STATES = 2 ** 32

/** A 32-bit xorshift generator: the same on every engine. */
export function generator(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    // A fleet of thousands of dollars an hour is more micro-dollars than there are states.
    if (limit > STATES) return Math.floor((state / STATES) * limit)
    return limit === 0 ? 0 : state % limit
  }
}
