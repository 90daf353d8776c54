import type { Draft } from './draft.js'
import { worthOf } from './master.js'
import type { Packing } from './packing.js'

/** A class whose bins hold this part of their cost has nothing to complain of. */
const CONTENT = 0.99
/** How much louder a class gets for each part of their cost that its bins lack, and how fast that fades. */
const LOUDER = 0.5
const FADE = 0.9

/**
 * Values for the next plan, after a look at the last one (squeaky wheel optimisation, Joslin and Clements 1999): classes
 * that ended up in badly filled bins are worth more than they are, so that they are packed while there is still enough to
 * fill their bins up with. The plans jump about; the best of several is better than any that the plain values give, and
 * all of them together hold the fillings of a better one yet.
 */
export function makeWheel(packing: Packing, value: Float64Array): (last: Draft) => Float64Array {
  const { classes, cost } = packing
  const bonus = new Float64Array(classes).fill(1)
  return (last) => {
    const count = new Float64Array(classes)
    const kept = new Float64Array(classes)
    for (const { filling, n } of last.entries) {
      const ratio = worthOf(filling, value) / (cost[filling.type]! + 1e-3)
      for (const [k, c] of filling.classes.entries()) {
        count[c] = count[c]! + n * filling.counts[k]!
        kept[c] = kept[c]! + n * filling.counts[k]! * ratio
      }
    }
    for (let c = 0; c < classes; c++) {
      const lack = count[c]! > 0 ? Math.max(0, CONTENT - kept[c]! / count[c]!) : 0
      bonus[c] = 1 + FADE * (bonus[c]! - 1) + LOUDER * lack
    }
    return value.map((each, c) => each * bonus[c]!)
  }
}
