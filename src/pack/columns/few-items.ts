import type { Filling } from './filler.js'
import { fillingOf, type Knapsack, type NodeSolver } from './knapsack.js'
import type { Packing } from './packing.js'

export type FewItems = {
  /** No bin of the type holds more; undefined when the steps ended before everything was looked at. */
  readonly bound: number | undefined
  /** The best that begins with each item, the most valuable first: those worth more than what was asked. */
  readonly fillings: readonly Filling[]
  /** Steps taken, in nodes of the tree that the other search makes. */
  readonly nodes: number
}

/** Steps here that take about as long as a node of a tree, each with its own linear programme. */
const STEPS_PER_NODE = 128
/** With so many items at hand prices for what is left of the bin save more steps than their linear programme takes. */
const WORTH_PRICES = 40
const MOST_FILLINGS = 60
/** Bins of more items than this are none of few. */
const DEEPEST = 200

/**
 * What a bin that holds few items can hold at most: items are taken in the order of their bulk, one after the other, as
 * long as prices of the resources leave hope for more than `over`. A tree of relaxed knapsacks, which are far off where
 * few items share a bin, takes a hundred times longer for each step.
 */
export function fillDepthFirst(
  packing: Packing,
  solver: NodeSolver,
  t: number,
  sack: Knapsack,
  over: number,
  mostNodes: number,
): FewItems {
  const { resources, size, share, group } = packing
  const { classAt, most, columns } = sack
  const limit = STEPS_PER_NODE * mostNodes
  const counts = new Int32Array(columns)
  const taken = new Set(sack.fixed.map(([c]) => group[c]!).filter((each) => each >= 0))
  const levels: Level[] = []
  const levelAt = (depth: number): Level => (levels[depth] ??= makeLevel(columns, resources))
  const found: { readonly filling: Filling; readonly worth: number }[] = []
  let steps = 0
  /** The most that what was left out, or is worth no more than was asked, can be worth. */
  let closed = 0
  /** The best so far that begins with the same item. */
  let best = over
  let bestCounts: Int32Array | undefined
  const keep = (): void => {
    if (bestCounts !== undefined) found.push({ filling: fillingOf(t, sack, bestCounts), worth: best })
    best = over
    bestCounts = undefined
  }
  const meet = (worth: number): void => {
    if (worth <= best) {
      closed = Math.max(closed, worth)
      return
    }
    best = worth
    bestCounts = counts.slice()
  }
  const isHopeless = (bound: number): boolean => {
    if (bound > best) return false
    closed = Math.max(closed, bound)
    return true
  }
  /** Copies into `level.items` what fits `level.left` of the items from `from` on. */
  const sift = (level: Level, items: Int32Array, from: number, length: number): void => {
    level.length = 0
    for (let i = from; i < length; i++) {
      const at = classAt[items[i]!]! * resources
      let r = 0
      while (r < resources && size[at + r]! <= level.left[r]!) r++
      if (r === resources) level.items[level.length++] = items[i]!
    }
    steps += level.length >> 4
  }

  meet(sack.fixedWorth)
  keep()
  const root = levelAt(0)
  root.left.set(sack.left)
  sift(root, byBulk(), 0, columns)
  const done = walk(0, sack.fixedWorth, undefined)
  keep()
  found.sort((a, b) => b.worth - a.worth)
  return {
    bound: done ? (found[0]?.worth ?? closed) : undefined,
    fillings: found.slice(0, MOST_FILLINGS).map(({ filling }) => filling),
    nodes: 1 + Math.floor(steps / STEPS_PER_NODE),
  }

  function byBulk(): Int32Array {
    const bulk = Float64Array.from(classAt.subarray(0, columns), (c) =>
      share.subarray(c * resources, (c + 1) * resources).reduce((sum, each) => sum + each, 0),
    )
    return Int32Array.from([...bulk.keys()].sort((a, b) => bulk[b]! - bulk[a]! || a - b))
  }

  /** Tries all that can be added to items worth `worth`. `above`: prices of the level above. False: no more steps. */
  function walk(depth: number, worth: number, above: Level | undefined): boolean {
    const level = levelAt(depth)
    const { items, length, left, rest } = level
    level.start = above?.start
    if (above === undefined || length >= WORTH_PRICES) {
      if (isHopeless(worth + putPrices(level))) return true
    } else level.gain = above.gain
    const { gain } = level
    rest[length] = 0
    for (let i = length - 1; i >= 0; i--) {
      const j = items[i]!
      rest[i] = rest[i + 1]! + Math.max(0, gain[j]!) * (most[j]! - counts[j]!)
    }
    const next = levelAt(depth + 1)
    for (let i = 0; i < length; i++) {
      if (depth === 0) keep()
      const bound = worth + level.price + rest[i]!
      if (isHopeless(bound)) break
      const j = items[i]!
      const c = classAt[j]!
      if (taken.has(group[c]!) || isHopeless(bound + Math.min(0, gain[j]!))) continue
      if (++steps > limit || depth === DEEPEST) return false
      for (let r = 0, at = c * resources; r < resources; r++) next.left[r] = left[r]! - size[at + r]!
      counts[j] = counts[j]! + 1
      if (group[c]! >= 0) taken.add(group[c]!)
      meet(worth + sack.worth[j]!)
      const again = counts[j]! < most[j]! && group[c]! < 0
      sift(next, items, again ? i : i + 1, length)
      next.price = level.price - (sack.worth[j]! - gain[j]!)
      const goOn = next.length === 0 || walk(depth + 1, worth + sack.worth[j]!, level)
      counts[j] = counts[j]! - 1
      if (group[c]! >= 0) taken.delete(group[c]!)
      if (!goOn) return false
    }
    return true
  }

  /** Prices of the resources for what is left, and what that can hold at most. */
  function putPrices(level: Level): number {
    const { items, length, left, span, ownGain } = level
    span.fill(0)
    for (let i = 0; i < length; i++) span[items[i]!] = most[items[i]!]! - counts[items[i]!]!
    const bound = solver.solve(sack, span, left, level.start)
    steps += 8 + (length >> 3)
    level.start = solver.between.slice()
    level.gain = ownGain
    level.price = bound
    for (let i = 0; i < length; i++) {
      const j = items[i]!
      ownGain[j] = solver.gain(sack, j)
      level.price -= Math.max(0, ownGain[j]!) * span[j]!
    }
    return bound
  }
}

/** After so many items: what is left of the bin, what still fits, and prices of the resources. */
type Level = {
  readonly left: Float64Array
  readonly items: Int32Array
  length: number
  /** Gain of each item over what it takes at these prices. */
  gain: Float64Array
  /** What is left of the bin at these prices. */
  price: number
  /** Where a linear programme for a part of these items begins. */
  start: Int32Array | undefined
  readonly ownGain: Float64Array
  readonly span: Int32Array
  /** All that can be gained with the items from each on. */
  readonly rest: Float64Array
}

function makeLevel(columns: number, resources: number): Level {
  const ownGain = new Float64Array(columns)
  return {
    left: new Float64Array(resources),
    items: new Int32Array(columns),
    length: 0,
    gain: ownGain,
    price: 0,
    start: undefined,
    ownGain,
    span: new Int32Array(columns),
    rest: new Float64Array(columns + 1),
  }
}
