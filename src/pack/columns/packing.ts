import type { BinProblem } from './bin-problem.js'
import { commonDivisor } from './certificate.js'
import { withoutDominatedTypes } from './dominance.js'
import { conflictRows, mergeClasses } from './merge.js'

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
  /** Classes with the same number have the same list of allowed types. */
  readonly list: Int32Array
  /** `admits[list * types + t]` */
  readonly admits: Uint8Array
  /** Index of the type in the problem. */
  readonly typeOf: readonly number[]
  /** Classes of the problem that were merged into this one. */
  readonly members: readonly (readonly number[])[]
}

/** Conflict groups that become a resource of their own: each makes every small linear programme a row higher. */
const MAX_CONFLICT_ROWS = 5

/** `problem` must have no class that fits no type. */
export function preparePacking(problem: BinProblem): Packing {
  const { merged, allowed } = mergeClasses(problem)
  const rows = conflictRows(merged, MAX_CONFLICT_ROWS)
  const resources = problem.resources.length + rows.size
  const sizes = merged.map(({ size, conflict }) => [...size, ...[...rows].map((group) => (group === conflict ? 1 : 0))])
  const total = Array.from({ length: resources }, (_, r) =>
    sizes.reduce((sum, size, c) => sum + (size[r] ?? 0) * (merged[c]?.count ?? 0), 0),
  )
  // Sums of the sizes are multiples of what divides them all: what a capacity has beyond is of no use.
  const step = Array.from({ length: resources }, (_, r) => commonDivisor(sizes.map((size) => size[r] ?? 0)) || 1)
  const capacities = problem.types.map(({ capacity }) =>
    [...capacity, ...[...rows].map(() => 1)].map((amount, r) =>
      Math.min(amount - (amount % (step[r] ?? 1)), total[r] ?? 0),
    ),
  )
  const kept = withoutDominatedTypes(problem.types, capacities, allowed)

  const types = kept.length
  const classes = merged.length
  const size = Float64Array.from(sizes.flat())
  const capacity = Float64Array.from(kept.flatMap((t) => capacities[t] ?? []))
  const most = new Int32Array(types * classes)
  for (let t = 0; t < types; t++) {
    for (const [c, each] of merged.entries()) {
      if (allowed.admits[each.list * problem.types.length + kept[t]!] === 0) continue
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
    list: Int32Array.from(merged, ({ list }) => list),
    admits: Uint8Array.from({ length: allowed.lists * types }, (_, at) => {
      const list = Math.floor(at / types)
      return allowed.admits[list * problem.types.length + kept[at - list * types]!]!
    }),
    typeOf: kept,
    members: merged.map(({ members }) => members),
  }
}

/** What all items together could use of a bin is all that counts of its capacity. */
function tightenCapacity(capacity: Float64Array, size: Float64Array, most: Int32Array, resources: number): void {
  const classes = size.length / resources
  const usable = new Float64Array(resources)
  for (let t = 0; t * resources < capacity.length; t++) {
    usable.fill(0)
    for (let c = 0, at = 0; c < classes; c++) {
      const n = most[t * classes + c]!
      for (let r = 0; r < resources; r++, at++) usable[r] = usable[r]! + n * size[at]!
    }
    for (let r = 0; r < resources; r++) capacity[t * resources + r] = Math.min(capacity[t * resources + r]!, usable[r]!)
  }
}
