import type { BinProblem } from './bin-problem.js'
import { withoutDominatedTypes } from './dominance.js'

/**
 * A problem in the shape that the search wants: merged classes, kept types, flat arrays of whole numbers (exact in
 * doubles). Row-major: `size[c * resources + r]`, `capacity[t * resources + r]`, `most[t * classes + c]`.
 */
export type Packing = {
  readonly resources: number
  readonly types: number
  readonly classes: number
  /** Includes a resource of capacity 1 for each of the largest conflict groups. */
  readonly size: Float64Array
  readonly capacity: Float64Array
  /** size and capacity in shares of the largest capacity, for the linear programmes. */
  readonly share: Float64Array
  readonly room: Float64Array
  readonly cost: Float64Array
  /** Infinity where there is none. */
  readonly limit: Float64Array
  readonly demand: Int32Array
  /** Most items of a class that one bin of a type can hold: capacity, rules and demand allow no more. */
  readonly most: Int32Array
  /** Conflict group of a class that is no resource, or -1. */
  readonly group: Int32Array
  /** Index of the type in the problem. */
  readonly typeOf: readonly number[]
  /** Classes of the problem that were merged into this one. */
  readonly members: readonly (readonly number[])[]
}

/** Conflict groups that become a resource of their own: each makes every small linear programme a row higher. */
const MAX_CONFLICT_ROWS = 5

type Merged = {
  readonly size: number[]
  readonly allow: ReadonlySet<number> | undefined
  readonly allowKey: string
  readonly maxPerBin: number
  readonly conflict: number | undefined
  readonly members: number[]
  count: number
}

/** `problem` must have no class that fits no type. */
export function preparePacking(problem: BinProblem): Packing {
  const merged = mergeClasses(problem)
  const rows = conflictRows(merged)
  const resources = problem.resources.length + rows.size
  const sizes = merged.map(({ size, conflict }) => [...size, ...[...rows].map((group) => (group === conflict ? 1 : 0))])
  const total = Array.from({ length: resources }, (_, r) =>
    sizes.reduce((sum, size, c) => sum + (size[r] ?? 0) * (merged[c]?.count ?? 0), 0),
  )
  const capacities = problem.types.map(({ capacity }) =>
    [...capacity, ...[...rows].map(() => 1)].map((amount, r) => Math.min(amount, total[r] ?? 0)),
  )
  const kept = withoutDominatedTypes(problem.types, capacities, merged)

  const types = kept.length
  const classes = merged.length
  const size = Float64Array.from(sizes.flat())
  const capacity = Float64Array.from(kept.flatMap((t) => capacities[t] ?? []))
  const most = new Int32Array(types * classes)
  for (let t = 0; t < types; t++) {
    for (const [c, each] of merged.entries()) {
      if (each.allow !== undefined && !each.allow.has(kept[t]!)) continue
      let fit = Math.min(each.count, each.maxPerBin)
      for (let r = 0; r < resources; r++) {
        const need = size[c * resources + r]!
        if (need > 0) fit = Math.min(fit, Math.floor(capacity[t * resources + r]! / need))
      }
      most[t * classes + c] = fit
    }
  }
  tightenCapacity(capacity, size, most, resources)
  const unit = Array.from({ length: resources }, (_, r) => {
    let largest = 0
    for (let t = 0; t < types; t++) largest = Math.max(largest, capacity[t * resources + r]!)
    return largest > 0 ? largest : 1
  })
  return {
    resources,
    types,
    classes,
    size,
    capacity,
    share: size.map((amount, at) => amount / unit[at % resources]!),
    room: capacity.map((amount, at) => amount / unit[at % resources]!),
    cost: Float64Array.from(kept, (t) => problem.types[t]?.cost ?? 0),
    limit: Float64Array.from(kept, (t) => problem.types[t]?.limit ?? Infinity),
    demand: Int32Array.from(merged, ({ count }) => count),
    most,
    group: Int32Array.from(merged, ({ conflict }) => (conflict === undefined || rows.has(conflict) ? -1 : conflict)),
    typeOf: kept,
    members: merged.map(({ members }) => members),
  }
}

/**
 * Classes of equal size and rules become one. Those with a limit per bin that matters stay apart unless they exclude
 * each other anyway: a common limit would allow less than two limits do, and the bound would no longer be one.
 */
function mergeClasses(problem: BinProblem): Merged[] {
  const byKey = new Map<string, Merged>()
  const allowSets = new Map<string, ReadonlySet<number>>()
  for (const [index, { size, count, maxPerBin, types, conflict }] of problem.classes.entries()) {
    if (count <= 0) continue
    const allowKey = types === undefined ? '' : [...new Set(types)].sort((a, b) => a - b).join()
    if (types !== undefined && !allowSets.has(allowKey)) allowSets.set(allowKey, new Set(types))
    const limited = conflict === undefined && maxPerBin !== undefined && maxPerBin < count
    const key = `${size.join()};${allowKey};${conflict ?? ''};${limited ? index : ''}`
    const known = byKey.get(key)
    if (known === undefined)
      byKey.set(key, {
        size: [...size],
        allow: types === undefined ? undefined : allowSets.get(allowKey),
        allowKey: types === undefined ? '*' : allowKey,
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
  return [...byKey.values()]
}

/** The conflict groups with the most items, among those that are more than one class's own limit. */
function conflictRows(merged: readonly Merged[]): ReadonlySet<number> {
  const groups = new Map<number, { classes: number; items: number }>()
  for (const { conflict, count } of merged) {
    if (conflict === undefined) continue
    const group = groups.get(conflict) ?? { classes: 0, items: 0 }
    groups.set(conflict, { classes: group.classes + 1, items: group.items + count })
  }
  const shared = [...groups].filter(([, { classes }]) => classes > 1)
  shared.sort(([a, x], [b, y]) => y.items - x.items || a - b)
  return new Set(shared.slice(0, MAX_CONFLICT_ROWS).map(([group]) => group))
}

/** What all items together could use of a bin is all that counts of its capacity. */
function tightenCapacity(capacity: Float64Array, size: Float64Array, most: Int32Array, resources: number): void {
  const classes = size.length / resources
  for (let at = 0; at < capacity.length; at++) {
    const t = Math.floor(at / resources)
    const r = at % resources
    let usable = 0
    for (let c = 0; c < classes; c++) usable += most[t * classes + c]! * size[c * resources + r]!
    capacity[at] = Math.min(capacity[at]!, usable)
  }
}
