import type { Filling } from './filler.js'
import type { Packing } from './packing.js'
import { makeRelaxation } from './relaxation.js'

/** One bin and what is worth putting into it: columns in flat arrays, and room that is left, in whole numbers. */
export type Knapsack = {
  columns: number
  readonly classAt: Int32Array
  readonly worth: Float64Array
  /** Most of each that may still be added. */
  readonly most: Int32Array
  readonly left: Float64Array
  /** Items that are in any good filling: class and count, a class more than once, with what they are worth together. */
  readonly fixed: (readonly [c: number, count: number])[]
  fixedWorth: number
}

/** Solves the relaxation of a knapsack with only the columns that still count. */
export type NodeSolver = {
  /** Upper bound of the columns at hand; `most` may be 0. `start`: what `between` was after a solve with other limits. */
  readonly solve: (sack: Knapsack, most: Int32Array, left: Float64Array, start?: Int32Array) => number
  readonly x: Float64Array
  /** Columns that the last answer has between their bounds, one per row; `-1 - r` stands for what row r has left. */
  readonly between: Int32Array
  /** Gain of a column over what it takes at the prices of the last solve. */
  readonly gain: (sack: Knapsack, j: number) => number
  /** What a column takes at these prices. */
  readonly priceOf: (sack: Knapsack, j: number) => number
  /** What a unit of a resource costs at these prices. */
  readonly pricePer: (r: number) => number
}

export function makeNodeSolver({ resources, classes, share, capacity, room }: Packing): NodeSolver {
  const relaxation = makeRelaxation(resources, classes)
  const unit = new Float64Array(resources).fill(1)
  for (let at = 0; at < capacity.length; at++) if (room[at]! > 0) unit[at % resources] = capacity[at]! / room[at]!
  const bulk = new Float64Array(classes).fill(1e-9)
  for (let c = 0; c < classes; c++) for (let r = 0; r < resources; r++) bulk[c] = bulk[c]! + share[c * resources + r]!
  const worth = new Float64Array(classes)
  const shares = new Float64Array(classes * resources)
  const span = new Float64Array(classes)
  const weight = new Float64Array(classes)
  const from = new Int32Array(classes)
  const free = new Float64Array(resources)
  const x = new Float64Array(classes)
  const between = new Int32Array(resources)
  const basis = new Int32Array(resources)
  const position = new Int32Array(classes)

  const priceOf: NodeSolver['priceOf'] = (sack, j) => {
    let price = 0
    for (let r = 0, at = sack.classAt[j]! * resources; r < resources; r++)
      price += relaxation.price[r]! * share[at + r]!
    return price
  }
  return {
    x,
    between,
    priceOf,
    pricePer: (r) => relaxation.price[r]! / unit[r]!,
    gain: (sack, j) => sack.worth[j]! - priceOf(sack, j),
    solve: (sack, most, left, start) => {
      let columns = 0
      for (let j = 0; j < sack.columns; j++) {
        x[j] = 0
        if (most[j]! <= 0 && start?.includes(j) !== true) continue
        position[j] = columns
        const c = sack.classAt[j]!
        from[columns] = j
        worth[columns] = sack.worth[j]!
        span[columns] = Math.max(0, most[j]!)
        weight[columns] = 1 / bulk[c]!
        for (let r = 0; r < resources; r++) shares[columns * resources + r] = share[c * resources + r]!
        columns++
      }
      for (let r = 0; r < resources; r++) free[r] = left[r]! / unit[r]!
      if (start !== undefined)
        for (let r = 0; r < resources; r++) basis[r] = start[r]! < 0 ? columns - 1 - start[r]! : position[start[r]!]!
      const bound = relaxation.solve(columns, worth, shares, span, free, weight, start && basis)
      for (let i = 0; i < columns; i++) x[from[i]!] = relaxation.x[i]!
      for (let r = 0; r < resources; r++) {
        const j = relaxation.basis[r]!
        between[r] = j < columns ? from[j]! : columns - 1 - j
      }
      return bound
    },
  }
}

/** Everything of value that fits one bin of type `t`; with `worthless`, also what is worth nothing. */
export function openKnapsack(packing: Packing, t: number, value: Float64Array, worthless = false): Knapsack {
  const { resources, classes, capacity, most } = packing
  const here = [...value.keys()].filter((c) => most[t * classes + c]! > 0 && (worthless || value[c]! > 0))
  return {
    columns: here.length,
    classAt: Int32Array.from(here),
    worth: Float64Array.from(here, (c) => value[c]!),
    most: Int32Array.from(here, (c) => most[t * classes + c]!),
    left: capacity.slice(t * resources, (t + 1) * resources),
    fixed: [],
    fixedWorth: 0,
  }
}

const SLACK = 1e-9

/**
 * Leaves out what cannot be in any filling worth more than `over`, and fixes what must be: at the prices of the
 * relaxation, an item more (or less) than in its answer costs a known part of the room between bound and `over`
 * (reduced cost fixing; Nemhauser and Wolsey 1988, II.1.5). Returns the bound; at most `over` means that none is.
 */
export function reduceKnapsack({ resources, size }: Packing, solver: NodeSolver, sack: Knapsack, over: number): number {
  for (let round = 0; ; round++) {
    const bound = sack.fixedWorth + solver.solve(sack, sack.most, sack.left)
    const budget = bound - over + SLACK * bound
    if (bound <= over || round === 3) return bound
    let kept = 0
    let changed = false
    for (let j = 0; j < sack.columns; j++) {
      const gain = solver.gain(sack, j)
      const before = sack.most[j]!
      const most = gain < 0 ? Math.min(before, Math.floor(budget / -gain)) : before
      const least = gain > 0 ? Math.max(0, before - Math.floor(budget / gain)) : 0
      if (most < before || least > 0) changed = true
      const c = sack.classAt[j]!
      if (least > 0) {
        sack.fixed.push([c, least])
        sack.fixedWorth += least * sack.worth[j]!
        for (let r = 0; r < resources; r++) sack.left[r] = sack.left[r]! - least * size[c * resources + r]!
      }
      if (most <= least) continue
      sack.classAt[kept] = c
      sack.worth[kept] = sack.worth[j]!
      sack.most[kept++] = most - least
    }
    sack.columns = kept
    // Too much was fixed to fit: then nothing is worth more.
    if (sack.left.some((amount) => amount < 0)) return over
    if (!changed) return bound
  }
}

/** What the bin holds with `counts` of the columns: a class may be fixed more than once, and be a column as well. */
export function fillingOf(type: number, sack: Knapsack, counts: Int32Array): Filling {
  const total = new Map<number, number>()
  for (const [c, count] of sack.fixed) total.set(c, (total.get(c) ?? 0) + count)
  for (let j = 0; j < sack.columns; j++)
    if (counts[j]! > 0) total.set(sack.classAt[j]!, (total.get(sack.classAt[j]!) ?? 0) + counts[j]!)
  const pairs = [...total].sort(([a], [b]) => a - b)
  return { type, classes: Int32Array.from(pairs, ([c]) => c), counts: Int32Array.from(pairs, ([, n]) => n) }
}
