import type { Pod } from '../domain/pod.js'
import { byText } from './order.js'

/** The scheduler's queue: by priority, within it in the order of a seeded shuffle, whatever the order of the input. */
export function queueOf(pods: readonly Pod[], seed: number): Pod[] {
  const random = generator(seed)
  const queue = [...pods].sort((a, b) => byText(a.id, b.id))
  for (let last = queue.length - 1; last > 0; last -= 1) {
    const other = random() % (last + 1)
    const moved = queue[last]
    const swapped = queue[other]
    if (moved === undefined || swapped === undefined) continue
    queue[last] = swapped
    queue[other] = moved
  }
  return queue.sort((a, b) => b.priority - a.priority)
}

/** A 32-bit xorshift generator: whole numbers only, the same on every engine. */
function generator(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>>= 0)
  }
}
