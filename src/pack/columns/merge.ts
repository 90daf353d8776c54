import { allowLists, type AllowLists } from './allow-lists.js'
import type { BinProblem } from './bin-problem.js'

/** Classes of a problem that need not be told apart. */
export type Merged = {
  readonly size: readonly number[]
  /** Number of its list of allowed types. */
  readonly list: number
  readonly maxPerBin: number
  readonly conflict: number | undefined
  readonly members: number[]
  count: number
}

/**
 * Classes of equal size and rules become one. Those with a limit per bin that matters stay apart unless they exclude
 * each other anyway: a common limit would allow less than two limits do, and the bound would no longer be one.
 */
export function mergeClasses(problem: BinProblem): { readonly merged: Merged[]; readonly allowed: AllowLists } {
  const allowed = allowLists(problem.classes, problem.types.length)
  const byKey = new Map<string, Merged>()
  for (const [index, { size, count, maxPerBin, conflict }] of problem.classes.entries()) {
    if (count <= 0) continue
    const list = allowed.listOf[index]!
    const limited = conflict === undefined && maxPerBin !== undefined && maxPerBin < count
    const key = `${size.join()};${list};${conflict ?? ''};${limited ? index : ''}`
    const known = byKey.get(key)
    if (known === undefined)
      byKey.set(key, {
        size,
        list,
        maxPerBin: conflict === undefined ? (limited ? maxPerBin : Infinity) : 1,
        conflict,
        members: [index],
        count,
      })
    else {
      known.members.push(index)
      known.count += count
    }
  }
  return { merged: [...byKey.values()], allowed }
}

/** The conflict groups with the most items, among those that are more than one class's own limit. */
export function conflictRows(merged: readonly Merged[], most: number): ReadonlySet<number> {
  const groups = new Map<number, { classes: number; items: number }>()
  for (const { conflict, count } of merged) {
    if (conflict === undefined) continue
    const group = groups.get(conflict) ?? { classes: 0, items: 0 }
    groups.set(conflict, { classes: group.classes + 1, items: group.items + count })
  }
  const shared = [...groups].filter(([, { classes }]) => classes > 1)
  shared.sort(([a, x], [b, y]) => y.items - x.items || a - b)
  return new Set(shared.slice(0, most).map(([group]) => group))
}
