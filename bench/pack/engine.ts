import { packBins } from '../../src/pack/columns/pack-bins.js'
import { loadLp } from '../../src/pack/columns/lp.js'
import { planNonNegative } from './non-negative.js'
import { type PackedBin, type Problem, unitCost } from './problem.js'

/** What our planner came to; costs in whole units. */
export type Solved = {
  readonly bins: readonly PackedBin[]
  readonly cost: number
  readonly lowerBound: number
  readonly proven: boolean
  readonly basis: string
  /** The start of the solver of linear programmes included. */
  readonly seconds: number
}

export async function solve(problem: Problem): Promise<Solved> {
  const { types, items } = problem
  const resources = problem.resources ?? types[0]?.capacity.map((_, index) => `resource ${index}`) ?? []
  const start = process.hrtime.bigint()
  const lp = await loadLp()
  const kinds = types.map(({ name, cost, capacity }) => ({ name, cost, capacity }))
  const plan = planNonNegative({ resources, types: kinds, classes: items }, (given) => packBins(given, lp))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { ...plan, cost: unitCost(problem, plan.bins), seconds }
}
