import { valuate, type Valuation } from './certificate.js'
import type { Filler } from './filler.js'
import { pour, type Fluid } from './fluid.js'
import { cheapestPlaces, groupPrices } from './group-prices.js'
import { groupClasses } from './groups.js'
import { classValues, resourcePrices } from './level-zero.js'
import type { LpSolver } from './lp.js'
import type { Packing } from './packing.js'

/** Groups of classes that get prices of their own before every class does. */
const MOST_GROUPS = 40

export type FirstValues = {
  /** The values that prove the most. */
  readonly basis: Valuation
  readonly fluid: Fluid | undefined
}

/**
 * Values of the classes without a look at how items fit together: one price per resource for all types; then, with a
 * solver, one for each group of classes that fit the same types; then one for each type. Each proves more than the one
 * before, and takes longer.
 */
export function firstValues(packing: Packing, filler: Filler, lp: LpSolver | undefined, places: number): FirstValues {
  const plain = valuate(packing, filler, classValues(packing, resourcePrices(packing)))
  if (lp === undefined) return { basis: plain, fluid: undefined }
  const prices = groupPrices(packing, lp, groupClasses(packing, MOST_GROUPS))
  if (prices === undefined) return { basis: plain, fluid: undefined }
  const grouped = valuate(packing, filler, cheapestPlaces(packing, prices))
  const better = grouped.certificate.bound > plain.certificate.bound ? grouped : plain
  if (packing.classes * packing.types > places) return { basis: better, fluid: undefined }
  const fluid = pour(packing, filler, lp, prices, grouped)
  if (fluid === undefined || fluid.valuation.certificate.bound <= better.certificate.bound)
    return { basis: better, fluid }
  return { basis: fluid.valuation, fluid }
}
