import { MANY_CLASSES } from './effort.js'
import type { Filler, Filling } from './filler.js'
import type { Packing } from './packing.js'

/** `n` equal bins of a plan. */
export type Entry = { readonly filling: Filling; readonly n: number }

/** What is still to be packed, and into how many bins of the limited types. Both are used up. */
export type Rest = { readonly demand: Int32Array; readonly limit: Float64Array }

export type Habit = {
  /** Every so many bins forget how well each type did: one unlucky filling must not bury a good type for ever. */
  readonly recovery: number
  /** A bin takes at most so many times its fair share of each class. */
  readonly fairShare: number
  /** Slight extra value of large items, which are harder to place later. */
  readonly large: number
  /** Part of the value that is spread evenly over all resources, also over those that are not scarce in sum. */
  readonly blend: number
}

/** A type whose last bin was worth less than this part of the best one's gets no other chance. */
const NEARLY = 0.9
/** So many classes are looked at for one bin, of more every second or third: they fill it as well. */
const WINDOW = 400

/** Habits that win on different clusters: there is no best one. */
const HABITS: readonly Habit[] = [
  { recovery: 3, fairShare: 4, large: 0.3, blend: 0.001 },
  { recovery: 3, fairShare: 1.5, large: 0.1, blend: 0.001 },
  { recovery: 8, fairShare: Infinity, large: 0.1, blend: 0.3 },
  { recovery: 8, fairShare: 4, large: 0.005, blend: 0.001 },
  { recovery: 3, fairShare: Infinity, large: 0.02, blend: 0.02 },
  { recovery: 8, fairShare: Infinity, large: 0.3, blend: 0.1 },
  { recovery: 8, fairShare: 1.5, large: 0, blend: 0.001 },
  { recovery: 3, fairShare: Infinity, large: 0, blend: 0.6 },
  { recovery: Infinity, fairShare: 1.5, large: 0.02, blend: 0.001 },
  { recovery: 3, fairShare: 4, large: 0.1, blend: 0.05 },
  { recovery: 8, fairShare: 1.5, large: 0.005, blend: 0.3 },
  { recovery: 3, fairShare: Infinity, large: 0.005, blend: 0.001 },
]

/**
 * Habits to try with so many classes, in this order: with many a fair share of each would put hundreds into every bin,
 * which takes long and wins nothing.
 */
export const habitsFor = (classes: number): readonly Habit[] =>
  classes <= MANY_CLASSES ? HABITS : HABITS.filter(({ fairShare }) => fairShare === Infinity)

/**
 * Buys the bin that holds the most value for its cost, again and again, until everything is packed or nothing fits any
 * more. What stays in `rest.demand` found no bin. `promise` says how much value for its cost a bin of each type can hold at
 * most, where that is known: types are tried in that order, and those that cannot win are never filled.
 */
export function packGreedily(
  packing: Packing,
  filler: Filler,
  value: Float64Array,
  habit: Habit,
  rest: Rest,
  promise?: Float64Array,
): Entry[] {
  const { resources, types, classes, cost, share } = packing
  const { demand, limit } = rest
  const worth = new Float64Array(classes)
  const active = new Int32Array(classes)
  let length = 0
  let total = 0
  let bulk = 0
  for (let c = 0; c < classes; c++) {
    if (demand[c]! <= 0) continue
    active[length++] = c
    let largest = 0
    for (let r = 0; r < resources; r++) {
      largest = Math.max(largest, share[c * resources + r]!)
      bulk += demand[c]! * share[c * resources + r]!
    }
    worth[c] = value[c]! * (1 + habit.large * largest)
    total += demand[c]! * worth[c]!
  }
  // What asks only for resources without a price is worth a trifle all the same, or it would stay behind.
  for (let i = 0; i < length; i++) {
    const c = active[i]!
    for (let r = 0; r < resources; r++) worth[c] = worth[c]! + (1e-4 * total * share[c * resources + r]!) / (bulk || 1)
    worth[c] = Math.max(worth[c]!, 1e-6)
  }

  const window = new Int32Array(WINDOW)
  const entries: Entry[] = []
  const filled = new Uint8Array(types)
  const hope = Float64Array.from({ length: types }, (_, t) => (promise?.[t] ?? Infinity) * (1 + habit.large))
  const ratio = hope.slice()
  const allowed = habit.fairShare === Infinity ? demand : new Int32Array(classes)
  let bought = 0
  const charge = (t: number): number => cost[t]! + 1e-3

  const fillOne = (t: number): Filling | undefined => {
    if (habit.fairShare < Infinity) {
      let left = 0
      for (let i = 0; i < length; i++) left += demand[active[i]!]! * worth[active[i]!]!
      const part = (habit.fairShare * charge(t)) / left
      for (let i = 0; i < length; i++) {
        const c = active[i]!
        allowed[c] = Math.min(demand[c]!, Math.ceil(demand[c]! * part))
      }
    }
    if (length <= WINDOW) return filler.fill(t, worth, active, length, allowed)
    const stride = Math.ceil(length / WINDOW)
    let seen = 0
    for (let i = bought % stride; i < length; i += stride) window[seen++] = active[i]!
    return filler.fill(t, worth, window, seen, allowed)
  }

  while (length > 0) {
    const filling = bestFilling()
    if (filling === undefined) break
    let n = limit[filling.type]!
    for (let k = 0; k < filling.classes.length; k++)
      n = Math.min(n, Math.floor(demand[filling.classes[k]!]! / filling.counts[k]!))
    entries.push({ filling, n })
    limit[filling.type] = limit[filling.type]! - n
    for (let k = 0; k < filling.classes.length; k++) {
      const c = filling.classes[k]!
      demand[c] = demand[c]! - n * filling.counts[k]!
    }
    let kept = 0
    for (let i = 0; i < length; i++) if (demand[active[i]!]! > 0) active[kept++] = active[i]!
    length = kept
    bought++
    if (bought % habit.recovery === 0) recover()
  }
  return entries

  /** Types that did nearly as well as the best get another chance. */
  function recover(): void {
    let best = 0
    for (let t = 0; t < types; t++) if (filled[t] === 1 && ratio[t]! > best) best = ratio[t]!
    for (let t = 0; t < types; t++) if (ratio[t]! > NEARLY * best) ratio[t] = hope[t]!
  }

  /** Types are tried in the order of their last known ratio, which can only have fallen, until one keeps its promise. */
  function bestFilling(): Filling | undefined {
    let best: Filling | undefined
    let bestRatio = 0
    for (;;) {
      let t = -1
      for (let other = 0; other < types; other++)
        if (ratio[other]! > bestRatio && limit[other]! > 0 && (t < 0 || ratio[other]! > ratio[t]!)) t = other
      if (t < 0) return best
      const filling = fillOne(t)
      filled[t] = 1
      ratio[t] = filling === undefined ? 0 : filler.value() / charge(t)
      if (filling !== undefined && ratio[t]! > bestRatio) {
        best = filling
        bestRatio = ratio[t]!
      }
    }
  }
}
