import type { FrontierPlan, Goal, PlanSource, ProvenPlan } from '../domain/goal.js'
import type { MixRails } from '../domain/node-mix.js'
import type { Plan } from '../domain/plan.js'
import type { Scenario, ScenarioId } from '../domain/recommendation.js'
import { blastRadius, type BlastJudge } from './blast-radius.js'
import { fillOf, movesIn } from './figures.js'
import type { GuardRails } from './guard-rails.js'
import { mixFaultWords } from './mix-faults.js'

/** Share above the cheapest plan's cost that fewer, larger nodes may cost. */
export const FEWER_LARGER_MARGIN = 0.05

export type ScenarioContext = {
  readonly plans: PlanSource
  /** Rules of the scheduler that the plan breaks, by a second, independent check; empty for a good plan. */
  readonly violationsOf: (plan: Plan) => readonly string[]
  /** Subnets that have too few free addresses for the plan; empty where they suffice or nobody was asked. */
  readonly subnetFaultsOf: (plan: Plan) => readonly string[]
  /** What a reader should know of the plan although nothing stands against it. */
  readonly remarksOf: (plan: Plan) => readonly string[]
  readonly limits: Pick<GuardRails, 'headroom' | 'preferExisting' | keyof MixRails>
  /** Limits over more than one node, held against today's placement; absent: none are set. */
  readonly blast?: BlastJudge
  /** The plan on the same nodes, with more of what pods prefer where that costs nothing; absent: plans stay as they are. */
  readonly keepWishes?: (plan: Plan) => Plan
  /** Plans from the cheapest to the fewest nodes, of which `fewer-larger` is one; absent: not worked out. */
  readonly frontier?: readonly FrontierPlan[] | undefined
  /** Why nothing can be planned at all (no node has a price, …), or undefined. */
  readonly nothingToPlan: string | undefined
}

type Question = { readonly id: ScenarioId; readonly title: string; readonly goal: Goal }

const AS_IS: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }

/** The goal that today's cluster, and what is recommended, are measured against. */
export const recommendedGoal = (maxSpot: number | undefined): Goal =>
  maxSpot === undefined ? AS_IS : { kind: 'cheapest', policy: { kind: 'spot', share: maxSpot } }

const spot = (share: number): Goal => ({ kind: 'cheapest', policy: { kind: 'spot', share } })

const QUESTIONS: readonly Question[] = [
  { id: 'repack', title: "today's nodes, only fewer of them", goal: { kind: 'repack' } },
  {
    id: 'fewer-larger',
    title: `fewest nodes that cost at most ${100 * FEWER_LARGER_MARGIN} % more than the cheapest plan`,
    goal: { kind: 'fewest', policy: { kind: 'as-is' }, margin: FEWER_LARGER_MARGIN },
  },
  {
    id: 'cheapest-on-demand',
    title: 'cheapest plan with on-demand nodes only',
    goal: { kind: 'cheapest', policy: { kind: 'on-demand' } },
  },
  { id: 'spot-30', title: 'at most 30 % of the CPU on spot', goal: spot(0.3) },
  { id: 'spot-50', title: 'at most 50 % of the CPU on spot', goal: spot(0.5) },
  { id: 'spot-70', title: 'at most 70 % of the CPU on spot', goal: spot(0.7) },
  { id: 'spot-max', title: 'spot for every workload that is fit for it', goal: spot(1) },
]

/** A plan that was asked for, before one is chosen. */
export type Candidate = { readonly scenario: Scenario; readonly proven: ProvenPlan | undefined }

/** Today, and every scenario but the recommended one. */
export function candidates(context: ScenarioContext, maxSpot: number | undefined): Candidate[] {
  const current = planned(
    { id: 'current', title: 'as it stands', goal: recommendedGoal(maxSpot) },
    context.plans.today(recommendedGoal(maxSpot)),
    context,
  )
  return withoutRepeats([
    current,
    ...QUESTIONS.map((question): Candidate =>
      context.nothingToPlan === undefined
        ? planned(question, provenFor(question.goal, context), context)
        : {
            scenario: {
              id: question.id,
              title: question.title,
              outcome: { kind: 'not-applicable', why: context.nothingToPlan },
              notes: [],
            },
            proven: undefined,
          },
    ),
  ])
}

function provenFor(goal: Goal, { plans, frontier = [] }: ScenarioContext): ProvenPlan {
  return (goal.kind === 'fewest' ? fewestWithin(frontier, goal.margin) : undefined) ?? plans.plan(goal)
}

/** The fewest nodes that cost at most this share more than the cheapest; undefined where there is no plan. */
function fewestWithin(plans: readonly FrontierPlan[], margin: number): ProvenPlan | undefined {
  const [cheapest] = plans
  if (cheapest === undefined) return undefined
  const most = cheapest.proven.plan.cost.rate * (1 + margin)
  return plans.findLast(({ proven }) => proven.plan.cost.rate <= most)?.proven
}

/** The scenario of one plan, with every figure of its row. */
export function planned(question: Question, proven: ProvenPlan, context: ScenarioContext): Candidate {
  const { plan, bound } = proven
  const fill = fillOf(plan.nodes)
  const faults = [...faultsOf(question.id, proven, context), ...shareFault(question, fill.spotShare)]
  const replay = proven.replay()
  return {
    proven,
    scenario: {
      id: question.id,
      title: question.title,
      outcome: {
        kind: 'planned',
        plan,
        feasible: faults.length === 0,
        spotShare: fill.spotShare,
        efficiency: fill.efficiency,
        largestNodeShare: fill.largestNodeShare,
        lowerBound: plan.nodes.some(({ price }) => price.kind === 'known') ? bound : undefined,
        moves: movesIn(plan.nodes),
        ...(fill.spotPools === undefined ? {} : { spotPools: fill.spotPools }),
        blast: blastRadius(plan),
        ...(replay === undefined ? {} : { refillUnplaced: replay.unplaced }),
        ...(replay?.realised === undefined ? {} : { realised: replay.realised.cost.rate }),
      },
      notes: [
        ...faults,
        ...(question.id === 'current' ? [] : context.remarksOf(plan)),
        ...(context.blast?.remarksOf(plan) ?? []),
      ],
    },
  }
}

/** More on spot than was asked for, because nothing else was found. */
function shareFault({ id, goal }: Question, spotShare = 0): string[] {
  if (id === 'current' || goal.kind === 'repack' || goal.policy.kind !== 'spot') return []
  const { share } = goal.policy
  return spotShare <= share + 1e-9
    ? []
    : [`${(spotShare * 100).toFixed(1)} % of the CPU stays on spot, more than ${Number((share * 100).toFixed(1))} %`]
}

/** Where spot scenarios come to the plan of an earlier one, the notes say so, and no more. */
function withoutRepeats(all: readonly Candidate[]): Candidate[] {
  const first = new Map<string, ScenarioId>()
  return all.map((candidate) => {
    const { scenario } = candidate
    if (scenario.id === 'current' || scenario.outcome.kind !== 'planned' || !scenario.outcome.feasible) return candidate
    const { nodes, cost } = scenario.outcome.plan
    const key = [cost.rate, ...nodes.map(({ name, instanceType, pods }) => `${name} ${instanceType} ${pods.length}`)]
    const known = first.get(key.join('\n'))
    if (known === undefined) first.set(key.join('\n'), scenario.id)
    return known === undefined || !scenario.id.startsWith('spot-')
      ? candidate
      : { ...candidate, scenario: { ...scenario, notes: [`the same plan as ${known}`] } }
  })
}

/** What stands against a plan; today's placement is measured, not judged. */
export function faultsOf(id: ScenarioId, { plan, breaches }: ProvenPlan, context: ScenarioContext): string[] {
  if (id === 'current') return []
  const running = plan.unplaced.filter((pod) => pod.running).length
  const { headroom } = context.limits
  const fill = fillOf(plan.nodes)
  const used = Math.max(fill.efficiency.cpu ?? 0, fill.efficiency.memory ?? 0)
  const packed = plan.nodes.filter((node) => node.packed)
  const violations = context.violationsOf(plan)
  const [first] = violations
  return [
    running > 0 ? `${running} running pods have no place` : undefined,
    breaches > 0 ? `${breaches} nodes carry more than the guard rails allow` : undefined,
    used > 1 - headroom + 1e-9
      ? `only ${((1 - used) * 100).toFixed(1)} % stays free, not ${headroom * 100} %`
      : undefined,
    ...mixFaultWords(packed, context.limits),
    first === undefined ? undefined : `${violations.length} placements break a rule of the scheduler: ${first}`,
    ...context.subnetFaultsOf(plan),
    ...(context.blast?.faultsOf(plan) ?? []),
  ].filter((fault) => fault !== undefined)
}
