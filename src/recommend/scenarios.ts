import { AS_IS, type FrontierPlan, type Goal, type PlanSource, type ProvenPlan } from '../domain/goal.js'
import type { MixRails } from '../domain/node-mix.js'
import type { Plan, PlanNode } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Scenario, ScenarioId } from '../domain/recommendation.js'
import { percent } from '../domain/units.js'
import { blastRadius, type BlastJudge } from './blast-radius.js'
import { chosenNodeShare, fillOf, movesIn, usedShare } from './figures.js'
import { bestAnswer, widerFrontier, type Found } from './best-answer.js'
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
  readonly limits: Pick<GuardRails, 'headroom' | 'preferExisting' | 'wantedNodeShare' | keyof MixRails>
  /** Limits over more than one node, held against today's placement; absent: none are set. */
  readonly blast?: BlastJudge
  /** The plan on the same nodes, with more of what pods prefer where that costs nothing; absent: plans stay as they are. */
  readonly keepWishes?: (plan: Plan) => Plan
  /** The plan with pods that wait on nodes of it that have room by now; absent: plans stay as they are. */
  readonly placePending?: (plan: Plan) => Plan
  /** Does every plan leave the pod where it is? Absent: any may go. */
  readonly isPinned?: (pod: Pod) => boolean
  /** Why a spot node stays in a plan that buys on-demand nodes only; absent: nobody knows. */
  readonly whyOnSpot?: (node: PlanNode) => WhyOnSpot
  /** Plans from the cheapest to the fewest nodes, of which `fewer-larger` is one; absent: not worked out. */
  readonly frontier?: readonly FrontierPlan[] | undefined
  /** Why nothing can be planned at all (no node has a price, …), or undefined. */
  readonly nothingToPlan: string | undefined
}

/** It has a pod that runs on spot only, by its own rules; no plan removes it; no node on demand was found for its pods. */
export type WhyOnSpot = 'required' | 'held' | 'no-other'

type Question = { readonly id: ScenarioId; readonly title: string; readonly goal: Goal }

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

/** Today, and every scenario but the recommended one. `more`: other plans that may answer one of the questions best. */
export function candidates(
  context: ScenarioContext,
  maxSpot: number | undefined,
  more: readonly ProvenPlan[] = [],
): Candidate[] {
  const current = planned(
    { id: 'current', title: 'as it stands', goal: recommendedGoal(maxSpot) },
    context.plans.today(recommendedGoal(maxSpot)),
    context,
  )
  const { nothingToPlan } = context
  if (nothingToPlan !== undefined)
    return [
      current,
      ...QUESTIONS.map(({ id, title }): Candidate => {
        const outcome = { kind: 'not-applicable', why: nothingToPlan } as const
        return { scenario: { id, title, outcome, notes: [] }, proven: undefined }
      }),
    ]
  const goals = [recommendedGoal(maxSpot), ...QUESTIONS.map(({ goal }) => goal)].filter(({ kind }) => kind !== 'fewest')
  const found = foundFor(context, [...goals.map((goal) => context.plans.plan(goal)), ...more])
  return withoutRepeats([
    current,
    ...QUESTIONS.map((question) => planned(question, provenFor(question.goal, found, context), context)),
  ])
}

function provenFor(goal: Goal, found: Found, { plans, frontier }: ScenarioContext): ProvenPlan {
  const fewest =
    goal.kind === 'fewest' && frontier !== undefined
      ? fewestWithin(widerFrontier(frontier, found), goal.margin)
      : undefined
  return fewest ?? bestAnswer(plans.plan(goal), goal, found)
}

/** These plans and those of the frontier, and what makes one of them good enough as an answer to another question. */
export function foundFor(context: ScenarioContext, known: readonly ProvenPlan[]): Found {
  const { plans, frontier = [] } = context
  return {
    plans,
    today: plans.today(AS_IS).plan,
    known: [...frontier.map(({ proven }) => proven), ...known],
    isSound: (proven, goal) => {
      const question: Question = { id: 'recommended', title: '', goal }
      const { spotShare } = fillOf(proven.plan.nodes)
      return faultsOf('recommended', proven, context).length === 0 && shareFault(question, spotShare).length === 0
    },
  }
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
        ...(question.id === 'cheapest-on-demand' ? spotLeft(plan, context) : []),
        ...(question.id === 'current' ? [] : [...context.remarksOf(plan), ...unseenRemark(plan)]),
        ...(context.blast?.remarksOf(plan) ?? []),
      ],
    },
  }
}

/** More on spot than was asked for, because nothing else was found. */
export function shareFault({ id, goal }: Question, spotShare = 0): string[] {
  if (id === 'current' || goal.kind === 'repack' || goal.policy.kind !== 'spot') return []
  const { share } = goal.policy
  return spotShare <= share + 1e-9
    ? []
    : [`${(spotShare * 100).toFixed(1)} % of the CPU stays on spot, more than ${percent(share)}`]
}

/** Spot nodes that stay although on-demand nodes were asked for, and why. */
function spotLeft({ nodes }: Plan, { whyOnSpot }: ScenarioContext): string[] {
  const onSpot = nodes.filter(({ packed, capacityType }) => packed && capacityType === 'spot')
  if (onSpot.length === 0) return []
  const whys = whyOnSpot === undefined ? [] : onSpot.map(whyOnSpot)
  const counts = (['required', 'held', 'no-other'] as const)
    .map((why) => ({ words: WHY_ON_SPOT[why], number: whys.filter((one) => one === why).length }))
    .filter(({ number }) => number > 0)
  const stay = onSpot.length === 1 ? '1 node stays on spot' : `${onSpot.length} nodes stay on spot`
  const [only, ...others] = counts
  if (others.length > 0) return [`${stay}: ${counts.map(({ words, number }) => `${number} ${words}`).join(', ')}`]
  return [only === undefined ? stay : `${stay} ${only.words}`]
}

const WHY_ON_SPOT: Readonly<Record<WhyOnSpot, string>> = {
  required: 'for pods that run on spot only (node selector or affinity)',
  held: 'that no plan removes (nodes.csv says why)',
  'no-other': 'for pods that no on-demand node of their group was found for',
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

/** Running pods without a place in the plan because their nodes are not in the input. */
const unseen = ({ unplaced }: Plan): number => unplaced.filter(({ pod }) => pod.unknownNode !== undefined).length

export function unseenFaults(today: Plan): string[] {
  const pods = unseen(today)
  if (pods === 0) return []
  return [
    `${pods === 1 ? '1 running pod is on a node that is' : `${pods} running pods are on nodes that are`} not in the input`,
  ]
}

/** Plans give these pods a place where they have room, as they do pending ones: their node may still be there, and hold them. */
function unseenRemark(plan: Plan): string[] {
  const pods = unseen(plan)
  if (pods === 0) return []
  return [
    `${pods === 1 ? '1 pod that runs on a node that is not in the input has' : `${pods} pods that run on nodes that are not in the input have`} no place on these`,
  ]
}

/** What stands against a plan; today's placement is measured, not judged, but for what is not known of it. */
export function faultsOf(
  id: ScenarioId,
  { plan, breaches }: Pick<ProvenPlan, 'plan' | 'breaches'>,
  context: ScenarioContext,
): string[] {
  if (id === 'current') return unseenFaults(plan)
  const running = plan.unplaced.filter((pod) => pod.running).length
  const { headroom, wantedNodeShare = Infinity } = context.limits
  const used = usedShare(plan.nodes)
  const onOneNode = chosenNodeShare(plan.nodes, context.isPinned ?? (() => false))
  const packed = plan.nodes.filter((node) => node.packed)
  const violations = context.violationsOf(plan)
  const [first] = violations
  return [
    running > 0 ? `${running} running ${running === 1 ? 'pod has' : 'pods have'} no place` : undefined,
    breaches > 0
      ? `${breaches} ${breaches === 1 ? 'node carries' : 'nodes carry'} more than the guard rails allow`
      : undefined,
    used > 1 - headroom + 1e-9
      ? `only ${((1 - used) * 100).toFixed(1)} % stays free, not ${percent(headroom)}`
      : undefined,
    onOneNode > wantedNodeShare + 1e-9
      ? `one node carries ${(onOneNode * 100).toFixed(1)} % of all requests, not ${percent(wantedNodeShare)}`
      : undefined,
    ...mixFaultWords(packed, context.limits),
    first === undefined
      ? undefined
      : `${violations.length === 1 ? '1 placement breaks' : `${violations.length} placements break`} a rule of the scheduler: ${first}`,
    ...context.subnetFaultsOf(plan),
    ...(context.blast?.faultsOf(plan) ?? []),
  ].filter((fault) => fault !== undefined)
}
