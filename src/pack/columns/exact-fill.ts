import type { Filling } from './filler.js'
import { FEW_PER_BIN } from './effort.js'
import { fillDepthFirst } from './few-items.js'
import { makeHeap } from './heap.js'
import { fillingOf, makeNodeSolver, openKnapsack, reduceKnapsack, type Knapsack } from './knapsack.js'
import { boundByRow } from './row-bound.js'
import type { Packing } from './packing.js'

export type ExactAnswer = {
  /** No bin of the type holds more; at least what was asked to be beaten. */
  readonly bound: number
  /** The best filling that was met, if one beats `over`. */
  readonly filling: Filling | undefined
  /** Others that were met on the way and beat `over`, too. */
  readonly others: readonly Filling[]
  /** Nodes of the tree. */
  readonly nodes: number
}

export type ExactFiller = (t: number, value: Float64Array, over: number, enough: number, limit: number) => ExactAnswer

const MOST_OTHERS = 8
/** Steps of a bound that may spare the tree. */
const ROW_STEPS = 1_000_000

/**
 * Whether a bin of type `t` can hold items worth more than `over`. Where few items fit, item by item (`fillDepthFirst`), as
 * long as steps and hope last. Else by branch and bound on the relaxed knapsack, best first, two branches on a class that
 * the relaxation cuts, at most its whole part or at least one more: wherever it stops, the largest bound of an open node is
 * valid; it stops when none is above `enough`, or after `limit` nodes, those spent on items not counted. Before either, one
 * resource is given out in whole items (`boundByRow`), which may spare both. This bound ignores
 * conflict groups that are no resource (it can only be too high). Fillings that break them are never returned.
 */
export function makeExactFiller(packing: Packing): ExactFiller {
  const { resources, classes, size } = packing
  const solver = makeNodeSolver(packing)
  const low = new Int32Array(classes)
  const span = new Int32Array(classes)
  const counts = new Int32Array(classes)
  const left = new Float64Array(resources)
  const density = new Float64Array(classes)
  const open = new Int32Array(classes)

  /** How many of column j fit into what is left, at most n. */
  const fitting = (sack: Knapsack, j: number, n: number): number => {
    let fit = n
    for (let r = 0, at = sack.classAt[j]! * resources; r < resources && fit > 0; r++) {
      const need = size[at + r]!
      if (need * fit > left[r]!) fit = Math.floor(left[r]! / need)
    }
    return Math.max(0, fit)
  }
  const take = (sack: Knapsack, j: number, n: number): void => {
    for (let r = 0, at = sack.classAt[j]! * resources; r < resources; r++) left[r] = left[r]! - n * size[at + r]!
  }

  /** The whole parts of the relaxation and what else fits, into `counts`. Uses up `left`. */
  const round = (sack: Knapsack): number => {
    let worth = sack.fixedWorth
    for (let j = 0; j < sack.columns; j++) {
      const n = fitting(sack, j, Math.min(span[j]!, Math.floor(solver.x[j]! + 1e-9)))
      take(sack, j, n)
      counts[j] = low[j]! + n
      span[j] = span[j]! - n
      worth += counts[j]! * sack.worth[j]!
    }
    let length = 0
    for (let j = 0; j < sack.columns; j++) {
      if (span[j]! <= 0 || fitting(sack, j, 1) === 0) continue
      density[j] = sack.worth[j]! / (solver.priceOf(sack, j) + 1e-9 * sack.worth[j]!)
      open[length++] = j
    }
    for (;;) {
      let pick = -1
      let kept = 0
      for (let i = 0; i < length; i++) {
        const j = open[i]!
        if (span[j]! <= 0 || fitting(sack, j, 1) === 0) continue
        open[kept++] = j
        if (pick < 0 || density[j]! > density[pick]!) pick = j
      }
      length = kept
      if (pick < 0) return worth
      take(sack, pick, 1)
      span[pick] = span[pick]! - 1
      counts[pick] = counts[pick]! + 1
      worth += sack.worth[pick]!
    }
  }

  return (t, value, over, enough, limit) => {
    const sack = openKnapsack(packing, t, value)
    const threshold = Math.max(over, enough)
    const root = reduceKnapsack(packing, solver, sack, over)
    if (root <= threshold) return { bound: Math.max(root, over), filling: undefined, others: [], nodes: 1 }
    const byRow = boundByRow(packing, solver, sack, ROW_STEPS)
    if (byRow !== undefined && byRow <= threshold)
      return { bound: Math.max(byRow, over), filling: undefined, others: [], nodes: 1 }

    let spent = 0
    if (itemsIn(sack, solver.x) <= FEW_PER_BIN) {
      const few = fillDepthFirst(packing, solver, t, sack, threshold, limit)
      if (few.bound !== undefined || few.fillings.length > 0) {
        const [filling, ...others] = few.fillings.filter((each) => isAllowed(packing, each))
        return { bound: Math.max(few.bound ?? root, over), filling, others, nodes: few.nodes }
      }
      spent = few.nodes
      solver.solve(sack, sack.most, sack.left)
    }

    // A node is the last branching on the way to it, and its parent.
    const parent = [-1]
    const column = [-1]
    const bounds = [root]
    /** At most this many, or, where negative, at least that many. */
    const rule = [0]
    const starts = [solver.between.slice()]
    const heap = makeHeap()
    heap.push(root, 0)
    let best = over
    let filling: Filling | undefined
    const others: Filling[] = []
    let closed = 0
    let nodes = 0

    /** False when what the node asks for does not fit. */
    const restore = (node: number): boolean => {
      low.fill(0, 0, sack.columns)
      for (let j = 0; j < sack.columns; j++) span[j] = sack.most[j]!
      for (let at = node; at > 0; at = parent[at]!) {
        const j = column[at]!
        if (rule[at]! >= 0) span[j] = Math.min(span[j]!, rule[at]!)
        else low[j] = Math.max(low[j]!, -rule[at]!)
      }
      left.set(sack.left)
      for (let j = 0; j < sack.columns; j++) if (low[j]! > 0) take(sack, j, low[j]!)
      for (let r = 0; r < resources; r++) if (left[r]! < 0) return false
      for (let j = 0; j < sack.columns; j++) span[j] = fitting(sack, j, span[j]! - low[j]!)
      return true
    }

    while (heap.size() > 0 && nodes < limit && heap.topKey() > Math.max(best, threshold)) {
      const node = heap.pop()
      nodes++
      if (!restore(node)) continue
      let fixed = sack.fixedWorth
      for (let j = 0; j < sack.columns; j++) fixed += low[j]! * sack.worth[j]!
      const bound = Math.min(bounds[node]!, fixed + solver.solve(sack, span, left, starts[node]))
      if (bound <= Math.max(best, threshold)) {
        closed = Math.max(closed, bound)
        continue
      }
      const cut = mostCut(sack)
      const whole = cut < 0 ? 0 : Math.floor(solver.x[cut]!) + low[cut]!
      const worth = round(sack)
      if (worth > best * (1 + 1e-12)) {
        const found = toFilling(packing, t, sack, counts)
        if (found !== undefined) {
          if (filling !== undefined) others.push(filling)
          best = worth
          filling = found
        }
      } else if (worth > over && others.length < MOST_OTHERS) {
        const found = toFilling(packing, t, sack, counts)
        if (found !== undefined) others.push(found)
      }
      if (cut < 0) {
        // The relaxation is whole: this is what it is worth, unless a conflict forbids it.
        closed = Math.max(closed, bound)
        continue
      }
      const start = solver.between.slice()
      for (const side of [whole, -whole - 1]) {
        parent.push(node)
        column.push(cut)
        rule.push(side)
        bounds.push(bound)
        starts.push(start)
        heap.push(bound, bounds.length - 1)
      }
    }
    const open = heap.size() > 0 ? heap.topKey() : 0
    return { bound: Math.max(best, closed, open), filling, others, nodes: nodes + spent + 1 }
  }

  /** The column whose fraction matters most, or -1 when all are whole. */
  function mostCut(sack: Knapsack): number {
    let cut = -1
    let most = 0
    for (let j = 0; j < sack.columns; j++) {
      const part = solver.x[j]! - Math.floor(solver.x[j]!)
      const off = Math.min(part, 1 - part)
      if (off < 1e-7 || off * sack.worth[j]! <= most) continue
      most = off * sack.worth[j]!
      cut = j
    }
    return cut
  }
}

/** Undefined where two items of one conflict group would meet. */
function toFilling(packing: Packing, t: number, sack: Knapsack, counts: Int32Array): Filling | undefined {
  const filling = fillingOf(t, sack, counts)
  return isAllowed(packing, filling) ? filling : undefined
}

function isAllowed({ group }: Packing, { classes, counts }: Filling): boolean {
  const seen = new Set<number>()
  for (const [k, c] of classes.entries()) {
    if (group[c]! < 0) continue
    if (seen.has(group[c]!) || counts[k]! > 1) return false
    seen.add(group[c]!)
  }
  return true
}

/** How many items the relaxation puts into the bin. */
function itemsIn(sack: Knapsack, x: Float64Array): number {
  let items = sack.fixed.reduce((sum, [, count]) => sum + count, 0)
  for (let j = 0; j < sack.columns; j++) items += x[j]!
  return items
}
