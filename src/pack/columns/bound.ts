import type { Bound, BinProblem } from './bin-problem.js'
import { DEFAULT_EFFORT, type Effort } from './effort.js'
import type { LpSolver } from './lp.js'
import { packBins } from './pack-bins.js'

/**
 * A cost that no bins for all items can go below, with the class prices that prove it. The fillings that prove it are
 * those that a plan is made of, so this is `packBins` with little effort on the plan.
 */
export function boundOf(problem: BinProblem, lp: LpSolver | undefined, effort: Effort = DEFAULT_EFFORT): Bound {
  const { lowerBound, basis, duals } = packBins(problem, lp, { ...effort, tries: 0, columns: 0 })
  return { lowerBound, basis, duals }
}
