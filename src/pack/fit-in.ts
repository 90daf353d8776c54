import type { Draft, Slot } from './draft.js'
import { Pool, type Opener } from './first-fit.js'
import { capture, lay, type Layout } from './layout.js'
import { largestFirst } from './order.js'

/**
 * Puts a layout on the board. It was made while the other groups were as they are today; pods that the rules no longer
 * let where it has them go to other nodes of it, or to one more that `open` gives. Returns the layout as it is on the
 * board, the given one where nothing had to change; undefined where a pod has no place (the caller rolls back).
 */
export function fitIn(draft: Draft, layout: Layout, open: Opener): Layout | undefined {
  const refused = lay(draft, layout, true)
  if (refused.length === 0) return layout
  const slots = layout.nodes.map(({ slot }) => slot)
  const reference = slots[0]?.site.allocatable ?? refused[0]?.needed
  if (reference === undefined) return undefined
  const more: Slot[] = []
  const pool = new Pool(draft, slots)
  const left = pool.putAll(largestFirst(refused, reference), (pod) => {
    const slot = open(pod)
    if (slot !== undefined) more.push(slot)
    return slot
  })
  return left.length === 0 ? capture(draft, [...slots, ...more], layout.method) : undefined
}
