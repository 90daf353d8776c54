import { BRIEF_EFFORT, DEFAULT_EFFORT, packBins, QUICK_EFFORT } from '../../src/pack/columns/pack-bins.js'
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

const EFFORTS = { first: QUICK_EFFORT, brief: BRIEF_EFFORT, default: DEFAULT_EFFORT } as const
/** How much the planner tries: a first plan, a brief search, or what it does when nobody asks. */
export type EffortName = keyof typeof EFFORTS

export async function solve(problem: Problem, effort: EffortName = 'default'): Promise<Solved> {
  const { types, items } = problem
  const resources = problem.resources ?? types[0]?.capacity.map((_, index) => `resource ${index}`) ?? []
  const start = process.hrtime.bigint()
  const lp = await loadLp()
  const kinds = types.map(({ name, cost, capacity }) => ({ name, cost, capacity }))
  const plan = planNonNegative({ resources, types: kinds, classes: items }, (given) =>
    packBins(given, lp, EFFORTS[effort]),
  )
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { ...plan, cost: unitCost(problem, plan.bins), seconds }
}
