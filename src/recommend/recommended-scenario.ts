import type { FurtherOrders, Goal, Needs, ProvenPlan } from '../domain/goal.js'
import type { LowerBound, Plan } from '../domain/plan.js'
import type { Scenario, ScenarioId } from '../domain/recommendation.js'
import { hasSameNodes, type Option } from './option.js'
import { faultsOf, planned, type ScenarioContext } from './scenarios.js'

/** The scenario of what is recommended, with more of what pods prefer and fewer that wait where that costs nothing. */
export function recommendedBy(best: Option, bound: LowerBound, goal: Goal, context: ScenarioContext): Scenario {
  const provenOf = (plan: Plan): ProvenPlan => ({
    plan,
    bound,
    breaches: 0,
    // The scheduler starts from empty nodes: it does not matter which pods the plan has on them.
    replay: () => (best.replayed ? { unplaced: 0, realised: plan } : undefined),
  })
  const faultsWith = (plan: Plan): readonly string[] => faultsOf('recommended', provenOf(plan), context)
  const kind = context.keepWishes?.(best.plan) ?? best.plan
  const sound = hasSameNodes(kind, best.plan) && faultsWith(kind).length === 0 ? kind : best.plan
  const proven = provenOf(withPending(sound, context.placePending?.(sound) ?? sound, faultsWith))
  const { scenario } = planned({ id: 'recommended', title: titleOf(best), goal }, proven, context)
  const further = best.further?.()
  const notes = [
    best.extra > 0
      ? `${best.extra} ${best.extra === 1 ? 'node' : 'nodes'} more than packed tightly, so that the default scheduler can rebuild it`
      : '',
    best.replayed ? '' : 'too large to be replayed by the imitation of the scheduler',
    best.needs === undefined ? '' : needsText(best.needs),
    further === undefined ? '' : furtherText(further),
  ].filter((note) => note !== '')
  const { outcome } = scenario
  return {
    ...scenario,
    outcome: outcome.kind === 'planned' && further !== undefined ? { ...outcome, further } : outcome,
    notes: [...notes, ...scenario.notes],
  }
}

/** The plan with the pods of `filled` that waited; where a limit is against it, as it was, and the limit is said. */
function withPending(plan: Plan, filled: Plan, faultsOf: (plan: Plan) => readonly string[]): Plan {
  if (filled === plan || !hasSameNodes(filled, plan)) return plan
  const [fault] = faultsOf(filled)
  if (fault === undefined) return filled
  const nodeOf = new Map(filled.nodes.flatMap(({ name, pods }) => pods.map(({ id }) => [id, name] as const)))
  const unplaced = plan.unplaced.map((one) => {
    const node = nodeOf.get(one.pod.id)
    return node === undefined ? one : { ...one, reason: `${node} has room for it, but then ${fault}` }
  })
  return { ...plan, unplaced }
}

const titleOf = ({ from, needs }: Option): string =>
  needs === undefined
    ? (TITLES[from.id] ?? '')
    : 'cheapest plan that the scheduler can rebuild once big pods come first'

const needsText = ({ unplacedToday }: Needs): string =>
  `refilled with big pods first, by the priority classes that the report names: as the cluster is, the scheduler leaves pods over, on today's nodes too (up to ${unplacedToday})`

function furtherText({ orders, failing, unplaced }: FurtherOrders): string {
  const tried = `refilled in ${orders === 1 ? '1 order' : `${orders} orders`} of the pods that the search has not seen`
  if (failing === 0) return `${tried}: none left a pod over`
  return orders === 1
    ? `${tried}: it left ${unplaced} over`
    : `${tried}: ${failing} left pods over, ${unplaced} at most`
}

const TITLES: Partial<Record<ScenarioId, string>> = {
  recommended: 'cheapest plan that the default scheduler can rebuild',
  repack: "today's nodes, only fewer of them",
  'fewer-larger': 'fewer, larger nodes',
}
