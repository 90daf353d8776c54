import type { Filler } from './filler.js'
import type { Fluid } from './fluid.js'
import { packGreedily, type Entry, type Habit } from './greedy.js'
import { makeDraft, type Draft } from './draft.js'
import type { Packing } from './packing.js'
import type { Valuation } from './certificate.js'

/** A bin that holds less than this part of what it costs waits until all that is left over is packed together. */
const WELL_FILLED = 0.985

/**
 * A plan after a poured one: each type first gets the items that were poured into it, as far as they fill its bins well;
 * what is left over everywhere is packed together at the end. `asked`: values to fill by, where they are not what the
 * items are worth.
 */
export function packAsPoured(
  packing: Packing,
  filler: Filler,
  fluid: Fluid,
  { value, promise }: Valuation,
  habit: Habit,
  wellFilled = WELL_FILLED,
  asked = value,
): Draft {
  const { types, cost, limit } = packing
  const rest = { demand: packing.demand.slice(), limit: limit.slice() }
  const entries: Entry[] = []
  const shares = wholeShares(packing, fluid)
  for (const [t, share] of shares) {
    const left = share.slice()
    const own = { demand: left, limit: new Float64Array(types) }
    own.limit[t] = limit[t]!
    for (const entry of packGreedily(packing, filler, asked, habit, own)) {
      let worth = 0
      for (let k = 0; k < entry.filling.classes.length; k++)
        worth += value[entry.filling.classes[k]!]! * entry.filling.counts[k]!
      if (worth < wellFilled * cost[t]!) continue
      entries.push(entry)
      rest.limit[t] = rest.limit[t]! - entry.n
      for (let k = 0; k < entry.filling.classes.length; k++) {
        const c = entry.filling.classes[k]!
        rest.demand[c] = rest.demand[c]! - entry.n * entry.filling.counts[k]!
      }
    }
  }
  entries.push(...packGreedily(packing, filler, asked, habit, rest, promise))
  return makeDraft(packing, entries, rest.demand)
}

/** What is poured into each type in whole items: fractions go where the most of the class goes. */
function wholeShares({ classes, demand }: Packing, { classOf, typeOf, amount }: Fluid): Map<number, Int32Array> {
  const shares = new Map<number, Int32Array>()
  const left = demand.slice()
  const order = [...amount.keys()].sort((a, b) => amount[b]! - amount[a]! || a - b)
  for (const k of order) {
    const c = classOf[k]!
    const share = shares.get(typeOf[k]!) ?? new Int32Array(classes)
    shares.set(typeOf[k]!, share)
    const n = Math.min(left[c]!, Math.ceil(amount[k]! - 1e-6))
    share[c] = share[c]! + n
    left[c] = left[c]! - n
  }
  return new Map([...shares].sort(([a], [b]) => a - b))
}
