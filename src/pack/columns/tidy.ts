import { makeDraft, type Draft } from './draft.js'
import type { Filling } from './filler.js'
import type { Packing } from './packing.js'

/** Moves what is in each node to the cheapest type that holds it. */
export function tidy(packing: Packing, draft: Draft): Draft {
  const { types, cost } = packing
  const limit = packing.limit.slice()
  for (const { filling, n } of draft.entries) limit[filling.type] = limit[filling.type]! - n
  const cheapest = Array.from({ length: types }, (_, t) => t).sort((a, b) => cost[a]! - cost[b]! || a - b)
  const entries = draft.entries.map(({ filling, n }) => {
    const type = cheapest.find((t) => cost[t]! < cost[filling.type]! && limit[t]! >= n && holds(packing, t, filling))
    if (type === undefined) return { filling, n }
    limit[type] = limit[type]! - n
    limit[filling.type] = limit[filling.type]! + n
    return { filling: { ...filling, type }, n }
  })
  return makeDraft(packing, entries, draft.left)
}

/** Whether a bin of type `t` could hold the same. */
export function holds({ resources, classes, size, capacity, most }: Packing, t: number, filling: Filling): boolean {
  for (let k = 0; k < filling.classes.length; k++)
    if (most[t * classes + filling.classes[k]!]! < filling.counts[k]!) return false
  for (let r = 0; r < resources; r++) {
    let used = 0
    for (let k = 0; k < filling.classes.length; k++)
      used += filling.counts[k]! * size[filling.classes[k]! * resources + r]!
    if (used > capacity[t * resources + r]!) return false
  }
  return true
}
