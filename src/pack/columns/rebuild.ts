import type { Chance } from './chance.js'
import { makeDraft, type Draft } from './draft.js'
import type { Filler, Filling } from './filler.js'
import { packGreedily, type Entry, type Habit } from './greedy.js'
import { worthOf } from './master.js'
import type { Packing } from './packing.js'

/** Nodes that are taken out at a time: at least, and at most. */
const FEWEST = 2
const MOST = 12
/** Types that a rebuilt part may use, besides those it had. */
const TYPES = 10
/** How far the values are disturbed at most. */
const NOISES = [0, 0.02, 0.1, 0.4]
const RECOVERIES = [3, 8, Infinity]
const SHARES = [Infinity, Infinity, 4, 1.5]
const LARGES = [0, 0.02, 0.1, 0.3]
/** After so many tries without a gain there is hardly another one. */
const PATIENCE = 250

/**
 * Ruin and rebuild: a few nodes are taken out, worst value for their cost first but with chance, and what was on them is
 * packed again with slightly disturbed values. What is not worse stays. `found` hears of the fillings that were kept.
 */
export function ruinAndRebuild(
  packing: Packing,
  filler: Filler,
  value: Float64Array,
  promise: Float64Array,
  start: Draft,
  tries: number,
  target: number,
  chance: Chance,
  found: (filling: Filling) => void,
): Draft {
  const { classes, types, cost } = packing
  let bins: Filling[] = start.entries.flatMap(({ filling, n }) => Array.from({ length: n }, () => filling))
  let ratio = bins.map((bin) => worthOf(bin, value) / (cost[bin.type]! + 1e-3))
  let total = start.cost
  let leftOver = start.leftOver
  let left = start.left.slice()
  const limit = packing.limit.slice()
  for (const { type } of bins) limit[type] = limit[type]! - 1
  // Types that hold much for their cost are tried more often.
  const likely = [...promise.keys()].sort((a, b) => promise[b]! - promise[a]! || a - b)
  const disturbed = new Float64Array(classes)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(chance() * items.length)]!

  let gained = 0
  for (let step = 0; step < Math.min(tries, gained + PATIENCE); step++) {
    if ((total <= target && leftOver === 0) || bins.length === 0) break
    const size = Math.min(bins.length, FEWEST + Math.floor(chance() * (MOST - FEWEST + 1)))
    const out = choose(size)
    const before = out.reduce((sum, at) => sum + cost[bins[at]!.type]!, 0)
    const rest = { demand: left.slice(), limit: new Float64Array(types) }
    for (let n = Math.min(types, TYPES); n > 0; n--) {
      const t = likely[Math.floor(chance() * chance() * types)]!
      rest.limit[t] = limit[t]!
    }
    for (const at of out) rest.limit[bins[at]!.type] = limit[bins[at]!.type]!
    for (const at of out) {
      const { type, classes: members, counts } = bins[at]!
      rest.limit[type] = rest.limit[type]! + 1
      for (let k = 0; k < members.length; k++) rest.demand[members[k]!] = rest.demand[members[k]!]! + counts[k]!
    }
    const noise = pick(NOISES)
    for (let c = 0; c < classes; c++) if (rest.demand[c]! > 0) disturbed[c] = value[c]! * (1 + noise * (chance() - 0.5))
    const habit: Habit = { recovery: pick(RECOVERIES), fairShare: pick(SHARES), large: pick(LARGES), blend: 0 }
    const entries = packGreedily(packing, filler, disturbed, habit, rest)
    const after = entries.reduce((sum, { filling, n }) => sum + n * cost[filling.type]!, 0)
    const stays = rest.demand.reduce((sum, n) => sum + n, 0)
    if (stays > leftOver || (stays === leftOver && after > before)) continue
    const fresh = entries.flatMap(({ filling, n }) => Array.from({ length: n }, () => filling))
    if (stays === leftOver && after === before && !tighter(fresh, out)) continue
    if (stays < leftOver || after < before) gained = step
    const gone = new Set(out)
    for (const at of out) limit[bins[at]!.type] = limit[bins[at]!.type]! + 1
    for (const { filling, n } of entries) limit[filling.type] = limit[filling.type]! - n
    bins = [...bins.filter((_, at) => !gone.has(at)), ...fresh]
    ratio = [
      ...ratio.filter((_, at) => !gone.has(at)),
      ...fresh.map((bin) => worthOf(bin, value) / (cost[bin.type]! + 1e-3)),
    ]
    total += after - before
    left = rest.demand
    leftOver = stays
    for (const { filling } of entries) found(filling)
  }
  return makeDraft(packing, joined(bins), left)

  /** Fewer nodes, or the same value in a more uneven way, so that one of them may become superfluous. */
  function tighter(fresh: readonly Filling[], out: readonly number[]): boolean {
    if (fresh.length !== out.length) return fresh.length < out.length
    const squares = (all: readonly Filling[]): number =>
      all.reduce((sum, bin) => sum + (worthOf(bin, value) / (cost[bin.type]! + 1e-3)) ** 2, 0)
    return squares(fresh) >= squares(out.map((at) => bins[at]!))
  }

  /** Half of them the worst of a few, the others anywhere. */
  function choose(size: number): number[] {
    const out = new Set<number>()
    while (out.size < size) {
      let at = Math.floor(chance() * bins.length)
      if (chance() < 0.5)
        for (let more = 0; more < 3; more++) {
          const other = Math.floor(chance() * bins.length)
          if (ratio[other]! < ratio[at]!) at = other
        }
      out.add(at)
    }
    return [...out].sort((a, b) => a - b)
  }
}

/** Equal fillings counted together, in the order of their first appearance. */
export function joined(bins: readonly Filling[]): Entry[] {
  const counts = new Map<Filling, number>()
  for (const bin of bins) counts.set(bin, (counts.get(bin) ?? 0) + 1)
  return [...counts].map(([filling, n]) => ({ filling, n }))
}
