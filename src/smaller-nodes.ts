import { AS_IS, type FrontierPlan } from './domain/goal.js'
import type { Plan } from './domain/plan.js'
import { MOST_TO_PACK_ANEW } from './pack/layouts.js'
import { podsTimesNodes, type PackProblem } from './pack/problem.js'
import type { Plans } from './plan-maker.js'
import { requestedOn } from './recommend/figures.js'

/** What one node may carry at most, as a part of what the largest one carries in the plan before, or was to carry. */
const STEP = 0.85
const MOST_PLANS = 8
/** Rows that a reader finds in the table, those with fewer nodes included. */
const WANTED = 8
const ROUNDING = 1e-9

type Asked = {
  readonly problem: PackProblem
  readonly plansFor: (problem: PackProblem) => Pick<Plans, 'plan' | 'refillUnplaced'>
  /** From the cheapest plan to the fewest nodes. */
  readonly frontier: readonly FrontierPlan[]
  /** Does nothing stand against the plan? */
  readonly isSound: (plan: FrontierPlan) => boolean
  /** What is paid today, in micro-dollars per hour: nobody chooses what is dearer. */
  readonly today: number
}

/**
 * Plans beyond the cheapest on the other side, with more and smaller nodes, so that less is lost with one: each is the cheapest
 * found in which no node carries more than a share of today's requests, with the bound of all such plans; the share falls from
 * plan to plan. The largest nodes come first. None where the cluster is too large to be packed for each of them.
 */
export function smallerNodes({ problem, plansFor, frontier, isSound, today }: Asked): FrontierPlan[] {
  const [cheapest] = frontier
  if (podsTimesNodes(problem) > MOST_TO_PACK_ANEW) return []
  // Where nobody asks for anything, a node is as good as empty, and no share of it a limit.
  if (cheapest === undefined || (problem.total.cpu === 0 && problem.total.memory === 0)) return []
  const found: FrontierPlan[] = []
  let last = cheapest
  let maxNodeShare = largestLoad(cheapest.proven.plan, problem)
  for (let ask = 0; ask < MOST_PLANS && frontier.length + found.length < WANTED; ask += 1) {
    maxNodeShare *= STEP
    const plans = plansFor({ ...problem, limits: { ...problem.limits, maxNodeShare } })
    const proven = plans.plan(AS_IS)
    const largest = largestLoad(proven.plan, problem)
    // What no plan beats whose nodes may carry more, none beats whose nodes may not.
    const bound = last !== cheapest && last.bound.rate > proven.bound.rate ? last.bound : proven.bound
    const refillUnplaced = (): number | undefined => plans.refillUnplaced(proven.plan)
    const next: FrontierPlan = { proven, bound, maxNodeShare, refillUnplaced }
    // Where one large pod, or a node that stays, carries more than that, it does so in every plan.
    if (costOf(next) > today || largest > maxNodeShare * (1 + ROUNDING)) break
    if (!isSound(next)) continue
    found.push(next)
    last = next
    maxNodeShare = largest
  }
  const costs = [cheapest, ...found].map(costOf)
  return found.filter(
    (one, at) =>
      nodesOf(one) > nodesOf(cheapest) &&
      costOf(one) > costOf(cheapest) &&
      costOf(one) < Math.min(...costs.slice(at + 2)),
  )
}

const costOf = ({ proven }: FrontierPlan): number => proven.plan.cost.rate
const nodesOf = ({ proven }: FrontierPlan): number => proven.plan.nodes.length

/** The share of what is requested today, CPU or memory, that the fullest node carries. */
function largestLoad({ nodes }: Plan, { total }: PackProblem): number {
  const loads = nodes.filter(({ packed }) => packed).map(requestedOn)
  return Math.max(
    0,
    ...loads.flatMap(({ cpu, memory }) => [cpu / Math.max(1, total.cpu), memory / Math.max(1, total.memory)]),
  )
}
