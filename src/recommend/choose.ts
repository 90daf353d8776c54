import type { Change, Goal, Needs, ProvenPlan, Rebuildable } from '../domain/goal.js'
import type { Plan } from '../domain/plan.js'
import type { Scenario, ScenarioId } from '../domain/recommendation.js'
import { percent } from '../domain/units.js'
import { fillOf, movesIn } from './figures.js'
import { passedOver } from './passed-over.js'
import { bestAnswer } from './best-answer.js'
import { whyNotFollowed } from './not-followed.js'
import { failingShare, optionOf, type Option } from './option.js'
import { recommendedBy } from './recommended-scenario.js'
import {
  faultsOf,
  foundFor,
  planned,
  recommendedGoal,
  shareFault,
  unseenFaults,
  type Candidate,
  type ScenarioContext,
} from './scenarios.js'

export type Choice = {
  readonly recommended: Scenario
  /** The scenario that it follows; `current` means: keep what you have. */
  readonly follows: ScenarioId
  readonly policy: string
  /** Why today's nodes are kept; absent: they are not. */
  readonly kept?: string
  /** The cheapest plan with the capacity types that are allowed, whether or not it is followed; undefined: not planned. */
  readonly cheapest: Candidate | undefined
  /** Absent: the scheduler rebuilds what is recommended as the cluster is. */
  readonly needs?: Needs
}

/** Scenarios that keep every capacity type as it is, in the order in which equals are preferred. */
const AS_IT_IS: readonly ScenarioId[] = ['repack', 'fewer-larger']
/** With --max-spot any plan may be followed that keeps to it. */
const ANY_TYPES: readonly ScenarioId[] = [
  ...AS_IT_IS,
  ...(['cheapest-on-demand', 'spot-30', 'spot-50', 'spot-70', 'spot-max'] as const),
]

/** What is asked of people where the scheduler leaves pods over on any nodes, today's among them. */
const BIG_FIRST: Change = { bigFirst: true }

/**
 * The policy: of the feasible plans within the guard rails the one that is cheapest once the default scheduler has
 * rebuilt it, ties to fewer moves, then to fewer nodes; today's nodes unless a plan is cheaper than they are. Without
 * --max-spot each node group keeps its capacity types; with it every plan counts that keeps to it. Where the scheduler
 * leaves pods over on today's nodes too, keeping them is no safer than a plan that needs big pods to come first: that one is
 * recommended if nothing else is.
 */
export function choose(
  all: readonly Candidate[],
  rebuildable: Rebuildable | undefined,
  maxSpot: number | undefined,
  context: ScenarioContext,
): Choice {
  const current = all.find(({ scenario }) => scenario.id === 'current')
  if (current?.proven === undefined) throw new Error('the current scenario is always planned')
  const { plan: today } = current.proven
  const goal = recommendedGoal(maxSpot)
  const policy = policyText(maxSpot)
  const keep = (why: string, cheapest?: Candidate, notes: readonly string[] = []): Choice => ({
    recommended: {
      ...current.scenario,
      id: 'recommended',
      title: 'keep what you have',
      notes: [why, ...unseenFaults(today), ...notes],
    },
    follows: 'current',
    policy,
    kept: why,
    cheapest,
  })
  if (context.nothingToPlan !== undefined) return keep(context.nothingToPlan)
  const costOf = (plan: Plan): number => countedCost(plan, context.limits.preferExisting ?? 0)

  const rebuilt = rebuildable?.proven
  const proven = cheapestOf([...allProven(all), ...(rebuilt === undefined ? [] : [rebuilt])], goal, context)
  const cheapest = planned({ id: 'recommended', title: 'cheapest plan', goal }, proven, context)
  const answering = maxSpot === undefined ? AS_IT_IS : ANY_TYPES
  const others = all.filter(({ scenario }) => answering.includes(scenario.id))
  const robust =
    rebuilt === undefined
      ? []
      : [planned({ id: 'recommended', title: 'rebuilt by the default scheduler', goal }, rebuilt, context)]
  const isWithinSpot = ({ plan }: Option): boolean =>
    maxSpot === undefined || (fillOf(plan.nodes).spotShare ?? 0) <= maxSpot
  const optionsOf = (some: readonly Candidate[]): Option[] => some.flatMap((candidate) => optionOf(candidate, context))
  const searched = optionsOf(robust).filter(isWithinSpot)
  const sure = searched[0]?.further?.()
  // Fewer orders were tried of a plan that was only mended: it must do as well in others as what was searched for.
  const isAsSure = ({ further }: Option): boolean =>
    sure === undefined || further === undefined || failingShare(further()) <= failingShare(sure)
  const options = [...optionsOf([cheapest]), ...searched, ...optionsOf(others)]
  const unchanged = [...options]
    .sort(
      (a, b) =>
        costOf(a.plan) - costOf(b.plan) ||
        movesIn(a.plan.nodes) - movesIn(b.plan.nodes) ||
        a.plan.nodes.length - b.plan.nodes.length,
    )
    .find((option) => searched.includes(option) || (isWithinSpot(option) && isAsSure(option)))
  const now = today.cost.rate
  const against =
    unchanged === undefined && [cheapest, ...others].some((one) => isNeverRebuilt(one, now))
      ? 'no number of nodes was found with which the default scheduler rebuilds a cheaper plan'
      : whyNot(unchanged, now, costOf, maxSpot)
  const best =
    against === undefined
      ? unchanged
      : afterChange(current.scenario, rebuildable, goal, context)
          .filter(isWithinSpot)
          .find((option) => whyNot(option, now, costOf, maxSpot) === undefined)
  const whyPassedOver = (candidate: Candidate): string =>
    whyNotFollowed(candidate, { today, options, maxSpot, sure, isWithinSpot, isAsSure, context })
  if (best === undefined || cheapest.proven === undefined)
    return keep(against ?? '', cheapest, [
      ...outsideLimits(current.proven, goal, context),
      ...passedOver(all, now, whyPassedOver),
    ])
  const recommended = recommendedBy(best, cheapest.proven.bound, goal, context)
  return {
    recommended: {
      ...recommended,
      notes: [...recommended.notes, ...passedOver(all, best.plan.cost.rate, whyPassedOver)],
    },
    follows: best.from.id,
    policy,
    cheapest,
    ...(best.needs === undefined ? {} : { needs: best.needs }),
  }
}

/** What the default scheduler can fill, searched for from the cheapest of these plans and those that keep capacity types. */
export function rebuildableFrom(
  all: readonly Candidate[],
  maxSpot: number | undefined,
  context: ScenarioContext,
): Rebuildable | undefined {
  const goal = recommendedGoal(maxSpot)
  if (context.nothingToPlan !== undefined || goal.kind !== 'cheapest') return undefined
  const asItIs = all.filter(({ scenario }) => AS_IT_IS.includes(scenario.id))
  return context.plans.rebuildable(goal.policy, [cheapestOf(allProven(all), goal, context), ...allProven(asItIs)])
}

const cheapestOf = (known: readonly ProvenPlan[], goal: Goal, context: ScenarioContext): ProvenPlan =>
  bestAnswer(context.plans.plan(goal), goal, foundFor(context, known))

/** A feasible plan, cheaper than `now`, that was replayed, and of which no number of nodes was found that leaves no pod over. */
function isNeverRebuilt({ scenario: { outcome }, proven }: Candidate, now: number): boolean {
  if (outcome.kind !== 'planned' || !outcome.feasible || outcome.plan.cost.rate >= now) return false
  const replay = proven?.replay()
  return replay !== undefined && replay.realised === undefined
}

/** Why today's nodes are kept all the same; undefined: they are not. `now`: what they cost. */
function whyNot(
  best: Option | undefined,
  now: number,
  costOf: (plan: Plan) => number,
  maxSpot: number | undefined,
): string | undefined {
  if (best === undefined)
    return `no other plan is feasible within the guard rails${maxSpot === undefined ? '' : ' and --max-spot'}`
  if (best.plan.cost.rate >= now) return 'none costs less once the default scheduler has rebuilt it'
  return costOf(best.plan) >= now
    ? 'no feasible plan saves as much as its new nodes count as dearer (--prefer-existing)'
    : undefined
}

/** Limits that today's nodes are outside of, and so remain where they are kept. */
function outsideLimits(today: ProvenPlan, goal: Goal, context: ScenarioContext): string[] {
  const { spotShare } = fillOf(today.plan.nodes)
  const question = { id: 'recommended', title: '', goal } as const
  const faults = [...faultsOf('recommended', today, context), ...shareFault(question, spotShare)]
  return faults.length === 0 ? [] : [`today's nodes are outside these limits themselves: ${faults.join(', ')}`]
}

/** The cheapest plan that the scheduler fills once big pods come first, where it leaves pods over on today's nodes. */
function afterChange(
  current: Scenario,
  rebuildable: Rebuildable | undefined,
  goal: Goal,
  context: ScenarioContext,
): Option[] {
  const unplacedToday = current.outcome.kind === 'planned' ? (current.outcome.refillUnplaced ?? 0) : 0
  if (unplacedToday === 0) return []
  const changed = rebuildable?.changed(BIG_FIRST)
  if (changed?.proven === undefined) return []
  const { change, classes, proven } = changed
  return optionOf(planned({ id: 'recommended', title: '', goal }, proven, context), context).map((option) => ({
    ...option,
    needs: { change, classes, unplacedToday },
  }))
}

/** The cost of a plan with new nodes counted as so much dearer, as a share of their price. */
const countedCost = ({ cost, nodes }: Plan, preferExisting: number): number =>
  nodes.reduce(
    (total, { action, price }) =>
      total + (action === 'new' && price.kind === 'known' ? preferExisting * price.rate : 0),
    cost.rate as number,
  )

const policyText = (maxSpot: number | undefined): string =>
  `the cheapest feasible plan, as the default scheduler would rebuild it, within the guard rails; ${
    maxSpot === undefined
      ? 'each node group keeps its capacity types'
      : `at most ${percent(maxSpot)} of the allocatable CPU on spot`
  }; equal costs go to fewer moves, then to fewer nodes; never dearer than today`

const allProven = (all: readonly Candidate[]): ProvenPlan[] => all.flatMap(({ proven }) => proven ?? [])
