import type { FurtherOrders } from '../domain/goal.js'
import type { Plan } from '../domain/plan.js'
import { percent } from '../domain/units.js'
import { buysOtherCapacityTypes } from './best-answer.js'
import { fillOf } from './figures.js'
import { hasSameNodes, rebuiltFaults, rebuiltPlan, type Option } from './option.js'
import type { Candidate, ScenarioContext } from './scenarios.js'

/** Why a feasible scenario, which would cost less than what is recommended, is not followed. */
export function whyNotFollowed(
  { scenario, proven }: Candidate,
  {
    today,
    options,
    maxSpot,
    sure,
    isWithinSpot,
    isAsSure,
    context,
  }: {
    readonly today: Plan
    /** What there was to choose from. */
    readonly options: readonly Option[]
    readonly maxSpot: number | undefined
    /** How what was searched for fares in orders that no search has seen. */
    readonly sure: FurtherOrders | undefined
    readonly isWithinSpot: (option: Option) => boolean
    readonly isAsSure: (option: Option) => boolean
    readonly context: ScenarioContext
  },
): string {
  if (maxSpot === undefined && proven !== undefined && buysOtherCapacityTypes(proven.plan, today))
    return 'other capacity types than the node groups have, which --max-spot allows'
  const plan = rebuiltPlan(proven)
  if (plan === undefined) return 'the default scheduler cannot rebuild it'
  const [fault] = rebuiltFaults(plan, context)
  if (fault !== undefined) return `with the nodes that a rebuild takes, ${fault}`
  const rebuilt: Option = { from: scenario, plan, extra: 0, replayed: true }
  if (!isWithinSpot(rebuilt))
    return `once rebuilt, ${percent(fillOf(plan.nodes).spotShare ?? 0)} of the CPU on spot, more than ${percent(maxSpot ?? 1)}`
  const option = options.find(({ from, plan: other }) => from.id === scenario.id || hasSameNodes(other, plan))
  if (option === undefined) return 'not among the plans that the policy chooses from'
  if (isAsSure(option)) return 'its new nodes count as dearer: --prefer-existing'
  const { orders = 0, failing = 0 } = option.further?.() ?? {}
  return `it leaves pods over in ${failing} of ${orders} orders that no search has seen, what the search found in ${sure?.failing ?? 0} of ${sure?.orders ?? 0}`
}
