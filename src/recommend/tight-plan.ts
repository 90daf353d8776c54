import type { Change, Goal, Rebuildable } from '../domain/goal.js'
import type { ChangeWorth, TightPlan } from '../domain/recommendation.js'
import type { Choice } from './choose.js'
import { planned, type ScenarioContext } from './scenarios.js'

/** Those that people can make, alone or together, from the least work to the most. */
const CHANGES: readonly Change[] = [
  { ownPools: 'grown' },
  { bigFirst: true },
  { bigFirst: true, ownPools: 'all' },
  { mostAllocated: true },
]

/**
 * The cheapest plan as packed, where it costs less than what is recommended because the scheduler would not find it by
 * itself, and how near to it one gets with a change in the cluster. Undefined where there is no such plan, or the cluster
 * is too large to try.
 */
export function tightPlan(
  { cheapest, recommended, needs }: Choice,
  rebuildable: Rebuildable | undefined,
  goal: Goal,
  context: ScenarioContext,
): TightPlan | undefined {
  const proven = cheapest?.proven
  if (proven === undefined || cheapest?.scenario.outcome.kind !== 'planned') return undefined
  if (!cheapest.scenario.outcome.feasible || recommended.outcome.kind !== 'planned') return undefined
  const { plan, bound } = proven
  const most = recommended.outcome.plan.cost.rate
  if (plan.cost.rate >= most) return undefined
  const replay = proven.replay()
  if (replay === undefined || replay.unplaced === 0) return undefined
  const others = CHANGES.filter((change) => JSON.stringify(change) !== JSON.stringify(needs?.change))
  const changes = others.flatMap((change): ChangeWorth[] => {
    const worth = rebuildable?.changed(change)
    if (worth === undefined) return []
    const found =
      worth.proven && planned({ id: 'recommended', title: 'with a change', goal }, worth.proven, context).scenario
    const isSound = found?.outcome.kind === 'planned' && found.outcome.feasible
    const isCheaper = isSound && found.outcome.plan.cost.rate < most
    return [{ ...worth, plan: isCheaper ? found.outcome.plan : undefined }]
  })
  if (changes.length === 0) return undefined
  return {
    plan,
    lowerBound: bound,
    unplaced: replay.unplaced,
    recommended: recommended.outcome.plan,
    changes,
    ...(needs === undefined ? {} : { needed: needs.change }),
  }
}
