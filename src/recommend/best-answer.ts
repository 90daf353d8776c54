import type { FrontierPlan, Goal, PlanSource, ProvenPlan } from '../domain/goal.js'
import { isOnSpot } from '../domain/offering.js'
import type { Plan, PlanNode } from '../domain/plan.js'

/** Plans that were found for any question of one cluster. */
export type Found = {
  readonly plans: PlanSource
  /** Today's nodes. */
  readonly today: Plan
  readonly known: readonly ProvenPlan[]
  /** Does nothing stand against the plan as an answer to this question? */
  readonly isSound: (proven: ProvenPlan, goal: Goal) => boolean
}

/**
 * The cheapest plan known that answers the question: a search for one goal now and then meets a plan that is a better answer to
 * another one than what was found for that.
 */
export function bestAnswer(own: ProvenPlan, goal: Goal, found: Found): ProvenPlan {
  if (goal.kind !== 'cheapest') return own
  const best = bestAsItIs(own, goal, found)
  return goal.policy.kind === 'on-demand' ? bestAdapted(best, goal, found) : best
}

/** The cheapest plans that are adapted to a question which rules out spot nodes of theirs. */
const MOST_ADAPTED = 3

/**
 * Plans that answer but for their spot nodes, with the groups of these laid out anew: what all groups together must keep to
 * (shares of zones) a search for fleets may have found, which goes group by group in vain from today's nodes.
 */
function bestAdapted(own: ProvenPlan, goal: Goal, { plans, today, known, isSound }: Found): ProvenPlan {
  const rates = new Set<number>()
  const cheapest = [...known]
    .sort((a, b) => a.plan.cost.rate - b.plan.cost.rate)
    .filter(({ plan: { cost, nodes } }) => {
      const isNew = !rates.has(cost.rate)
      rates.add(cost.rate)
      return isNew && cost.rate < own.plan.cost.rate && nodes.some((node) => node.packed && isOnSpot(node))
    })
  let best = own
  for (const { plan } of cheapest.slice(0, MOST_ADAPTED)) {
    const adapted = plans.adapt?.(plan, goal)
    if (adapted === undefined || adapted.plan.cost.rate >= best.plan.cost.rate) continue
    if (mayAnswer(adapted.plan, goal, own.plan, today) && isSound(adapted, goal)) best = adapted
  }
  return best
}

function bestAsItIs(own: ProvenPlan, goal: Goal & { kind: 'cheapest' }, found: Found): ProvenPlan {
  const cheaper = found.known
    .filter(({ plan }) => plan.cost.rate < own.plan.cost.rate)
    .sort((a, b) => a.plan.cost.rate - b.plan.cost.rate)
  const isSound = found.isSound(own, goal)
  for (const { plan } of isSound ? cheaper : [...found.known].sort((a, b) => a.plan.cost.rate - b.plan.cost.rate)) {
    if (!mayAnswer(plan, goal, own.plan, found.today)) continue
    const again = found.plans.reconsider(plan, goal)
    if (again !== undefined && found.isSound(again, goal)) return again
  }
  return own
}

/** The plans with the fewest nodes for their cost, among these and all others known that keep each group's capacity types. */
export function widerFrontier(frontier: readonly FrontierPlan[], found: Found): FrontierPlan[] {
  const goal: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
  const isBeaten = ({ cost, nodes }: Plan): boolean =>
    frontier.some(({ proven: { plan } }) => plan.cost.rate <= cost.rate && plan.nodes.length <= nodes.length)
  const others = found.known.flatMap(({ plan }): FrontierPlan[] => {
    if (isBeaten(plan) || !mayAnswer(plan, goal, plan, found.today)) return []
    const proven = found.plans.reconsider(plan, goal)
    if (proven === undefined || !found.isSound(proven, goal)) return []
    return [{ proven, bound: proven.bound, refillUnplaced: () => found.plans.refillUnplaced?.(proven.plan) }]
  })
  const nodesOf = ({ proven }: FrontierPlan): number => proven.plan.nodes.length
  const costOf = ({ proven }: FrontierPlan): number => proven.plan.cost.rate
  let fewest = Infinity
  return [...frontier, ...others]
    .sort((a, b) => costOf(a) - costOf(b) || nodesOf(a) - nodesOf(b))
    .filter((one) => {
      if (nodesOf(one) >= fewest) return false
      fewest = nodesOf(one)
      return true
    })
}

/** Does the plan buy no capacity type, and keep no spot node, that the goal rules out? Shares of spot are judged elsewhere. */
function mayAnswer(plan: Plan, goal: Goal, own: Plan, today: Plan): boolean {
  if (goal.kind === 'repack') return false
  switch (goal.policy.kind) {
    case 'spot':
      return true
    case 'on-demand': {
      const kept = new Set(own.nodes.filter(({ action }) => action === 'keep').map(({ name }) => name))
      return plan.nodes.every(
        (node) => !node.packed || !isOnSpot(node) || (node.action === 'keep' && kept.has(node.name)),
      )
    }
    case 'as-is':
      return !buysOtherCapacityTypes(plan, today)
  }
}

/** Does it buy spot nodes for a group that has none today, or other ones for a group that has only spot nodes? */
export function buysOtherCapacityTypes(plan: Plan, today: Plan): boolean {
  const keyOf = (node: PlanNode): string => `${isOnSpot(node)} ${node.group}`
  const known = new Set(today.nodes.map(keyOf))
  return plan.nodes.some((node) => node.action === 'new' && !known.has(keyOf(node)))
}
