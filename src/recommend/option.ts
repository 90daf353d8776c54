import type { FurtherOrders, Needs, ProvenPlan, Replay } from '../domain/goal.js'
import type { Plan } from '../domain/plan.js'
import type { Scenario } from '../domain/recommendation.js'
import { movesIn } from './figures.js'
import { faultsOf, type Candidate, type ScenarioContext } from './scenarios.js'

/** A plan that could be recommended: what the default scheduler makes of a scenario's nodes. */
export type Option = {
  readonly from: Scenario
  readonly plan: Plan
  /** Nodes more than the scenario itself has. */
  readonly extra: number
  /** False where the cluster is too large for the replay: the plan stands as it was packed. */
  readonly replayed: boolean
  readonly further?: Replay['further'] | undefined
  readonly needs?: Needs
}

/** A plan is only worth what the scheduler makes of it: what counts is the realised one. */
export function optionOf({ scenario, proven }: Candidate, context: ScenarioContext): Option[] {
  if (proven === undefined || scenario.outcome.kind !== 'planned' || !scenario.outcome.feasible) return []
  const replay = proven.replay()
  if (replay === undefined) return [{ from: scenario, plan: proven.plan, extra: 0, replayed: false }]
  if (replay.realised === undefined || rebuiltFaults(replay.realised, context).length > 0) return []
  const extra = replay.realised.nodes.length - proven.plan.nodes.length
  return [{ from: scenario, plan: replay.realised, extra, replayed: true, further: askedOnce(replay.further) }]
}

/** The plan with the nodes that a rebuild takes; as packed where the cluster is too large for the replay. */
export function rebuiltPlan(proven: ProvenPlan | undefined): Plan | undefined {
  const replay = proven?.replay()
  return replay === undefined ? proven?.plan : replay.realised
}

/**
 * What stands against a plan once nodes were added: these shift the shares of zones and of spot pools, take addresses, and open
 * a zone that the plan had left again to rules about an even spread.
 */
export const rebuiltFaults = (plan: Plan, context: ScenarioContext): readonly string[] =>
  faultsOf('recommended', { plan, breaches: 0 }, context)

/** Further orders take as long as the search for some plans. */
function askedOnce(ask: Replay['further']): Replay['further'] {
  if (ask === undefined) return undefined
  let answer: FurtherOrders | undefined
  return () => (answer ??= ask())
}

/** The same nodes at the same cost, on which no more pods are moved and no more are left out. */
export const hasSameNodes = (one: Plan, other: Plan): boolean =>
  one.nodes.length === other.nodes.length &&
  one.nodes.every(({ name, price }, at) => name === other.nodes[at]?.name && price === other.nodes[at].price) &&
  one.cost.rate === other.cost.rate &&
  one.unplaced.length <= other.unplaced.length &&
  movesIn(one.nodes) <= movesIn(other.nodes)

/** The part of these orders that leave pods over. */
export const failingShare = ({ orders, failing }: FurtherOrders): number => failing / Math.max(1, orders)
