import type { Valuation } from './certificate.js'
import { makeDraft, type Draft } from './draft.js'
import type { Filler, Filling } from './filler.js'
import { packGreedily, type Entry, type Habit } from './greedy.js'
import { worthOf } from './master.js'
import type { Packing } from './packing.js'

const THRESHOLDS = [1, 0.8, 0.6, 0.5]

/**
 * Whole plans from a mixture of fillings: its whole parts, the others rounded up from a threshold on, cut down to what
 * is still there to pack; the rest is packed as from nothing.
 */
export function roundMixture(
  packing: Packing,
  filler: Filler,
  { value, promise }: Valuation,
  fillings: readonly Filling[],
  use: Float64Array,
  habit: Habit,
): Draft[] {
  const used = fillings.map((filling, at) => ({ filling, much: use[at]!, at })).filter(({ much }) => much > 1e-9)
  used.sort((a, b) => b.much - a.much || a.at - b.at)
  return THRESHOLDS.map((threshold) => {
    const rest = { demand: packing.demand.slice(), limit: packing.limit.slice() }
    const entries: Entry[] = []
    for (const { filling, much } of used) {
      const whole = Math.floor(much + 1e-6)
      const n = much - whole >= threshold ? whole + 1 : whole
      takeBins(
        filling,
        Math.min(n, rest.limit[filling.type]!),
        rest,
        entries,
        (part) => worthOf(part, value) > 0.9 * worthOf(filling, value),
      )
    }
    entries.push(...packGreedily(packing, filler, value, habit, rest, promise))
    return makeDraft(packing, entries, rest.demand)
  })
}

/** Takes n bins of a filling from what is left: whole ones together, then what remains of the filling, if anything. */
export function takeBins(
  filling: Filling,
  n: number,
  rest: { readonly demand: Int32Array; readonly limit: Float64Array },
  entries: Entry[],
  worthwhile: (part: Filling) => boolean = () => true,
): void {
  const { type, classes, counts } = filling
  const { demand, limit } = rest
  let whole = n
  for (let k = 0; k < classes.length; k++) whole = Math.min(whole, Math.floor(demand[classes[k]!]! / counts[k]!))
  const take = (part: Filling, bins: number): void => {
    entries.push({ filling: part, n: bins })
    limit[type] = limit[type]! - bins
    for (let k = 0; k < part.classes.length; k++)
      demand[part.classes[k]!] = demand[part.classes[k]!]! - bins * part.counts[k]!
  }
  if (whole > 0) take(filling, whole)
  for (let left = n - whole; left > 0; left--) {
    const part = partLeft(filling, demand)
    if (part === undefined) return
    if (!worthwhile(part)) return
    take(part, 1)
  }
}

/** What a filling holds of what is left to pack; undefined: nothing. */
export function partLeft({ type, classes, counts }: Filling, demand: Int32Array): Filling | undefined {
  const kept = [...classes.keys()].filter((k) => demand[classes[k]!]! > 0)
  if (kept.length === 0) return undefined
  return {
    type,
    classes: Int32Array.from(kept, (k) => classes[k]!),
    counts: Int32Array.from(kept, (k) => Math.min(counts[k]!, demand[classes[k]!]!)),
  }
}
