import type { Change, FurtherOrders, Goal, Needs, ProvenPlan, Replay } from '../domain/goal.js'
import type { LowerBound, Plan } from '../domain/plan.js'
import type { Scenario, ScenarioId } from '../domain/recommendation.js'
import { fillOf, movesIn } from './figures.js'
import { passedOver } from './passed-over.js'
import { bestAnswer } from './best-answer.js'
import {
  faultsOf,
  foundFor,
  planned,
  recommendedGoal,
  shareFault,
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

/** A plan that could be recommended: what the default scheduler makes of a scenario's nodes. */
type Option = {
  readonly from: Scenario
  readonly plan: Plan
  /** Nodes more than the scenario itself has. */
  readonly extra: number
  /** False where the cluster is too large for the replay: the plan stands as it was packed. */
  readonly replayed: boolean
  readonly further?: Replay['further'] | undefined
  readonly needs?: Needs
}

/** What is asked of people where the scheduler leaves pods over on any nodes, today's among them. */
const BIG_FIRST: Change = { bigFirst: true }

/**
 * The policy: of the feasible plans within the guard rails the one that is cheapest once the default scheduler has
 * rebuilt it, ties to fewer moves, then to fewer nodes; today's nodes unless a plan is cheaper than they are. Without
 * --max-spot each node group keeps its capacity types. Where the scheduler leaves pods over on today's nodes too, keeping them
 * is no safer than a plan that needs big pods to come first: that one is recommended if nothing else is.
 */
export function choose(all: readonly Candidate[], maxSpot: number | undefined, context: ScenarioContext): Choice {
  const current = all.find(({ scenario }) => scenario.id === 'current')
  if (current?.proven === undefined) throw new Error('the current scenario is always planned')
  const goal = recommendedGoal(maxSpot)
  const policy = policyText(maxSpot)
  const keep = (why: string, cheapest?: Candidate, notes: readonly string[] = []): Choice => ({
    recommended: { ...current.scenario, id: 'recommended', title: 'keep what you have', notes: [why, ...notes] },
    follows: 'current',
    policy,
    kept: why,
    cheapest,
  })
  if (context.nothingToPlan !== undefined) return keep(context.nothingToPlan)
  const costOf = (plan: Plan): number => countedCost(plan, context.limits.preferExisting ?? 0)

  const proven = bestAnswer(context.plans.plan(goal), goal, foundFor(context, allProven(all)))
  const cheapest = planned({ id: 'recommended', title: 'cheapest plan', goal }, proven, context)
  const asItIs = all.filter(({ scenario }) => AS_IT_IS.includes(scenario.id))
  const known = [proven, ...allProven(asItIs)]
  const rebuildable = goal.kind === 'cheapest' ? context.plans.rebuildable(goal.policy, known) : undefined
  const robust =
    rebuildable === undefined
      ? []
      : [planned({ id: 'recommended', title: 'rebuilt by the default scheduler', goal }, rebuildable, context)]
  const isWithinSpot = ({ plan }: Option): boolean =>
    maxSpot === undefined || (fillOf(plan.nodes).spotShare ?? 0) <= maxSpot
  const isFollowable = (option: Option): boolean =>
    // A node added in a zone that the plan had left opens that zone again to rules about an even spread.
    isWithinSpot(option) && context.violationsOf(option.plan).length === 0
  const optionsOf = (some: readonly Candidate[]): Option[] => some.flatMap((candidate) => optionOf(candidate, context))
  const searched = optionsOf(robust).filter(isFollowable)
  const sure = searched[0]?.further?.()
  // Fewer orders were tried of a plan that was only mended: it must do as well in others as what was searched for.
  const isAsSure = ({ further }: Option): boolean =>
    sure === undefined || further === undefined || failingShare(further()) <= failingShare(sure)
  const options = [...optionsOf([cheapest]), ...searched, ...optionsOf(asItIs)]
  const unchanged = [...options]
    .sort(
      (a, b) =>
        costOf(a.plan) - costOf(b.plan) ||
        movesIn(a.plan.nodes) - movesIn(b.plan.nodes) ||
        a.plan.nodes.length - b.plan.nodes.length,
    )
    .find((option) => searched.includes(option) || (isFollowable(option) && isAsSure(option)))
  const { plan: today } = current.proven
  const now = today.cost.rate
  const against = whyNot(unchanged, now, costOf, maxSpot)
  const best =
    against === undefined
      ? unchanged
      : afterChange(current.scenario, goal, context)
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

/** Why a feasible scenario, which would cost less than what is recommended, is not followed. */
function whyNotFollowed(
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
  if (maxSpot === undefined && proven !== undefined && hasOtherCapacityTypes(proven.plan, today))
    return 'other capacity types than the node groups have, which --max-spot allows'
  const plan = rebuiltPlan(proven)
  if (plan === undefined) return 'the default scheduler cannot rebuild it'
  const [fault] = rebuiltFaults(plan, context)
  if (fault !== undefined) return `with the nodes that a rebuild takes, ${fault}`
  const rebuilt: Option = { from: scenario, plan, extra: 0, replayed: true }
  if (!isWithinSpot(rebuilt))
    return `once rebuilt, ${percent(fillOf(plan.nodes).spotShare ?? 0)} of the CPU on spot, more than ${percent(maxSpot ?? 1)}`
  const [violation] = context.violationsOf(plan)
  if (violation !== undefined)
    return `with the nodes that a rebuild takes, a rule of the scheduler is broken: ${violation}`
  const option = options.find(({ from, plan: other }) => from.id === scenario.id || hasSameNodes(other, plan))
  if (option === undefined) return 'not among the plans that the policy chooses from'
  if (isAsSure(option)) return 'its new nodes count as dearer: --prefer-existing'
  const { orders = 0, failing = 0 } = option.further?.() ?? {}
  return `it leaves pods over in ${failing} of ${orders} orders that no search has seen, what the search found in ${sure?.failing ?? 0} of ${sure?.orders ?? 0}`
}

/** Does it buy spot nodes for a group that has none today, or other ones for a group that has only spot nodes? */
function hasOtherCapacityTypes(plan: Plan, today: Plan): boolean {
  const keyOf = ({ group, capacityType }: Plan['nodes'][number]): string => `${capacityType === 'spot'} ${group}`
  const known = new Set(today.nodes.map(keyOf))
  return plan.nodes.some((node) => node.action === 'new' && !known.has(keyOf(node)))
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`

/** The scenario of what is recommended, with more of what pods prefer where that costs nothing. */
function recommendedBy(best: Option, bound: LowerBound, goal: Goal, context: ScenarioContext): Scenario {
  const provenOf = (plan: Plan): ProvenPlan => ({
    plan,
    bound,
    breaches: 0,
    // The scheduler starts from empty nodes: it does not matter which pods the plan has on them.
    replay: () => (best.replayed ? { unplaced: 0, realised: plan } : undefined),
  })
  const kind = context.keepWishes?.(best.plan) ?? best.plan
  const isSound = hasSameNodes(kind, best.plan) && faultsOf('recommended', provenOf(kind), context).length === 0
  const proven = provenOf(isSound ? kind : best.plan)
  const { scenario } = planned({ id: 'recommended', title: titleOf(best), goal }, proven, context)
  const notes = [
    best.extra > 0
      ? `${best.extra} ${best.extra === 1 ? 'node' : 'nodes'} more than packed tightly, so that the default scheduler can rebuild it`
      : '',
    best.replayed ? '' : 'too large to be replayed by the imitation of the scheduler',
    best.needs === undefined ? '' : needsText(best.needs),
    best.further === undefined ? '' : furtherText(best.further()),
  ].filter((note) => note !== '')
  return { ...scenario, notes: [...notes, ...scenario.notes] }
}

/** The cheapest plan that the scheduler fills once big pods come first, where it leaves pods over on today's nodes. */
function afterChange(current: Scenario, goal: Goal, context: ScenarioContext): Option[] {
  const unplacedToday = current.outcome.kind === 'planned' ? (current.outcome.refillUnplaced ?? 0) : 0
  if (unplacedToday === 0 || goal.kind !== 'cheapest') return []
  const changed = context.plans.changed(goal.policy, BIG_FIRST)
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

/** The same nodes at the same cost, on which no more pods are moved and all have a place that had one. */
const hasSameNodes = (one: Plan, other: Plan): boolean =>
  one.nodes.length === other.nodes.length &&
  one.nodes.every(({ name, price }, at) => name === other.nodes[at]?.name && price === other.nodes[at].price) &&
  one.cost.rate === other.cost.rate &&
  one.unplaced.length === other.unplaced.length &&
  movesIn(one.nodes) <= movesIn(other.nodes)

const titleOf = ({ from, needs }: Option): string =>
  needs === undefined
    ? (TITLES[from.id] ?? '')
    : 'cheapest plan that the scheduler can rebuild once big pods come first'

const needsText = ({ unplacedToday }: Needs): string =>
  `refilled with big pods first, by the priority classes that the report names: as the cluster is, the scheduler leaves pods over, on today's nodes too (up to ${unplacedToday})`

const failingShare = ({ orders, failing }: FurtherOrders): number => failing / Math.max(1, orders)

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

const policyText = (maxSpot: number | undefined): string =>
  `the cheapest feasible plan, as the default scheduler would rebuild it, within the guard rails; ${
    maxSpot === undefined
      ? 'each node group keeps its capacity types'
      : `at most ${maxSpot * 100} % of the allocatable CPU on spot`
  }; equal costs go to fewer moves, then to fewer nodes; never dearer than today`

/** A plan is only worth what the scheduler makes of it: what counts is the realised one. */
function optionOf({ scenario, proven }: Candidate, context: ScenarioContext): Option[] {
  if (proven === undefined || scenario.outcome.kind !== 'planned' || !scenario.outcome.feasible) return []
  const replay = proven.replay()
  if (replay === undefined) return [{ from: scenario, plan: proven.plan, extra: 0, replayed: false }]
  if (replay.realised === undefined || rebuiltFaults(replay.realised, context).length > 0) return []
  const extra = replay.realised.nodes.length - proven.plan.nodes.length
  return [{ from: scenario, plan: replay.realised, extra, replayed: true, further: askedOnce(replay.further) }]
}

/** The plan with the nodes that a rebuild takes; as packed where the cluster is too large for the replay. */
function rebuiltPlan(proven: ProvenPlan | undefined): Plan | undefined {
  const replay = proven?.replay()
  return replay === undefined ? proven?.plan : replay.realised
}

/** What stands against a plan only once nodes were added: empty but for DaemonSets, they shift the shares of the zones. */
const rebuiltFaults = (plan: Plan, { subnetFaultsOf, blast }: ScenarioContext): readonly string[] => [
  ...subnetFaultsOf(plan),
  ...(blast?.faultsOf(plan) ?? []),
]

/** Further orders take as long as the search for some plans. */
function askedOnce(ask: Replay['further']): Replay['further'] {
  if (ask === undefined) return undefined
  let answer: FurtherOrders | undefined
  return () => (answer ??= ask())
}

const allProven = (all: readonly Candidate[]): ProvenPlan[] => all.flatMap(({ proven }) => proven ?? [])
