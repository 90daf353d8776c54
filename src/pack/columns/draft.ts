import type { Valuation } from './certificate.js'
import type { Filler } from './filler.js'
import { packGreedily, type Entry, type Habit } from './greedy.js'
import type { Packing } from './packing.js'

/** A plan while it is being improved. */
export type Draft = {
  readonly entries: readonly Entry[]
  readonly cost: number
  readonly nodes: number
  /** Items per class that found no bin, and how many they are in all. */
  readonly left: Int32Array
  readonly leftOver: number
}

export function makeDraft(packing: Packing, entries: readonly Entry[], left: Int32Array): Draft {
  let cost = 0
  let nodes = 0
  for (const { filling, n } of entries) {
    cost += n * packing.cost[filling.type]!
    nodes += n
  }
  return { entries, cost, nodes, left, leftOver: left.reduce((sum, n) => sum + n, 0) }
}

/** Fewer left over, then cheaper, then fewer nodes. */
export const beats = (a: Draft, b: Draft): boolean =>
  a.leftOver !== b.leftOver ? a.leftOver < b.leftOver : a.cost !== b.cost ? a.cost < b.cost : a.nodes < b.nodes

/** A plan from nothing. */
export function build(packing: Packing, filler: Filler, { value, promise }: Valuation, habit: Habit): Draft {
  const rest = { demand: packing.demand.slice(), limit: packing.limit.slice() }
  return makeDraft(packing, packGreedily(packing, filler, value, habit, rest, promise), rest.demand)
}
