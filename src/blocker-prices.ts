import type { Cluster, Node } from './domain/cluster.js'
import type { Goal, ProvenPlan } from './domain/goal.js'
import type { Price } from './domain/offering.js'
import type { Plan } from './domain/plan.js'
import type { Blocker, BlockerPrices, BlockerRule, BlockerWorth } from './domain/recommendation.js'
import type { Movability } from './model/movability.js'
import { isPacked } from './pack/state.js'
import type { Plans } from './plan-maker.js'
import { blockerWorths, type HeldNode, type Worths } from './recommend/blocker-worth.js'
import type { Choice } from './recommend/choose.js'
import { fillOf } from './recommend/figures.js'
import { faultsOf, type Candidate, type ScenarioContext } from './recommend/scenarios.js'

/**
 * Steps that all prices together may cost: as many as so many refills of the plan's nodes, within these bounds. The
 * search for the plan itself may ask for 500 refills.
 */
const REFILLS = 100
const FEWEST_STEPS = 12_000_000
const MOST_STEPS = 160_000_000

export type BlockerQuestion = {
  readonly cluster: Cluster
  readonly moves: Movability
  readonly priceOf: (node: Node) => Price
  readonly plans: Plans
  readonly goal: Goal
  readonly maxSpot: number | undefined
  readonly current: Candidate | undefined
  readonly choice: Choice
  readonly context: ScenarioContext
}

/**
 * What every rule that holds nodes costs: the plan's cost with it and without it. Undefined where nothing is held, or
 * nothing can be planned.
 */
export function blockerPrices(question: BlockerQuestion): BlockerPrices | undefined {
  const { plans, goal, context, choice } = question
  const { blockers, held } = heldNodes(question)
  const { outcome } = choice.recommended
  if (blockers.length === 0 || context.nothingToPlan !== undefined || outcome.kind !== 'planned') return undefined
  for (const { against, proven, fills } of basesOf(question)) {
    const prices = plans.releases(proven.plan, goal, (releases) => {
      if (!fills && !releases.fillsAsItIs()) return undefined
      const budget = Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, REFILLS * releases.refillSteps))
      const accepts = (plan: Plan, breaches: number): boolean => isSound({ ...proven, plan, breaches }, question)
      const worths = blockerWorths(blockers, held, {
        without: (nodes, most) => releases.without(nodes, accepts, most),
        stepsLeft: () => budget - releases.steps,
        proof: releases.isReplayed ? 'replayed' : 'verified',
      })
      return pricesOf(blockers, worths, { against, rate: proven.plan.cost.rate, steps: releases.steps })
    })
    if (prices !== undefined) return prices
  }
  const unknown: BlockerWorth = {
    kind: 'unknown',
    why: 'no plan within the guard rails was found that the default scheduler fills by itself',
  }
  const worths: Worths = { alone: blockers.map(() => unknown), sets: [], all: unknown }
  return pricesOf(blockers, worths, { against: 'recommended', rate: outcome.plan.cost.rate, steps: 0 })
}

const pricesOf = (
  blockers: readonly Blocker[],
  { alone, sets, all }: Worths,
  about: Pick<BlockerPrices, 'against' | 'rate' | 'steps'>,
): BlockerPrices => ({
  ...about,
  blockers: blockers.map((blocker, at) => ({ ...blocker, alone: worthOfNodeRule(blocker.rule) ?? alone[at]! })),
  sets,
  all,
})

/** Nodes that no change of a rule frees, and why that has no price. */
function worthOfNodeRule(rule: BlockerRule): BlockerWorth | undefined {
  if (rule === 'no-price') return { kind: 'unknown', why: 'what the node costs is not known' }
  if (rule === 'reservation') return { kind: 'unknown', why: 'the reservation is paid whether the node runs or not' }
  return undefined
}

type Base = {
  readonly against: BlockerPrices['against']
  readonly proven: ProvenPlan
  /** The default scheduler is known to fill it, or the cluster is too large to ask. */
  readonly fills: boolean
}

/** The plans that prices may be measured against, the first that will do: what is recommended, or the best of the policy. */
function basesOf({ choice, current, context }: BlockerQuestion): Base[] {
  const { outcome } = choice.recommended
  const cheapest = choice.cheapest?.proven
  if (outcome.kind !== 'planned' || cheapest === undefined) return []
  if (choice.follows !== 'current')
    return [
      {
        against: 'recommended',
        proven: { ...cheapest, plan: outcome.plan, breaches: 0 },
        // Where big pods are to come first, nobody fills it as the cluster is.
        fills: choice.needs === undefined,
      },
    ]
  const realised = cheapest.replay()?.realised
  const packed: Base = {
    against: 'cheapest',
    proven: { ...cheapest, plan: realised ?? cheapest.plan },
    fills: realised !== undefined,
  }
  const today: Base[] =
    current?.proven === undefined ? [] : [{ against: 'current', proven: current.proven, fills: false }]
  return [...today, packed].filter(({ proven }) => faultsOf('recommended', proven, context).length === 0)
}

/** Nothing stands against the plan: no rule of the scheduler, no guard rail, no subnet. */
const isSound = (proven: ProvenPlan, { context, maxSpot }: BlockerQuestion): boolean =>
  (maxSpot === undefined || (fillOf(proven.plan.nodes).spotShare ?? 0) <= maxSpot) &&
  faultsOf('recommended', proven, context).length === 0

type Draft = {
  blocker: Pick<Blocker, 'rule' | 'what' | 'fix'>
  pods: Set<string>
  workloads: Set<string>
  nodes: Node[]
}

/** Every blocker of a node that plans could otherwise change, by rule and object, and the nodes that they hold. */
function heldNodes({ cluster, moves, priceOf }: BlockerQuestion): { blockers: Blocker[]; held: HeldNode[] } {
  const drafts = new Map<string, Draft>()
  const add = (
    blocker: Draft['blocker'],
    node: Node,
    pod?: { readonly id: string; readonly workload: string },
  ): void => {
    const { rule, what, fix } = blocker
    const draft = drafts.get(what) ?? { blocker: { rule, what, fix }, pods: new Set(), workloads: new Set(), nodes: [] }
    drafts.set(what, draft)
    if (draft.nodes.at(-1) !== node) draft.nodes.push(node)
    if (pod === undefined) return
    draft.pods.add(pod.id)
    draft.workloads.add(pod.workload)
  }
  const packed = cluster.nodes.filter(isPacked)
  for (const node of packed) {
    const ownRule = nodeRule(node, priceOf(node))
    if (ownRule !== undefined) add(ownRule, node)
    for (const { blocker, pod } of moves.holds.get(node.name) ?? []) add(blocker, node, pod)
  }
  const whats = [...drafts.keys()].sort()
  const places = new Map(whats.map((what, at) => [what, at]))
  const held = packed.flatMap((node): HeldNode[] => {
    const price = priceOf(node)
    const holds = moves.holds.get(node.name) ?? []
    if (holds.length === 0 || price.kind === 'unknown' || nodeRule(node, price) !== undefined) return []
    const holders = [...new Set(holds.map(({ blocker }) => places.get(blocker.what)!))].sort((a, b) => a - b)
    return [{ name: node.name, rate: price.rate, holders }]
  })
  return { blockers: whats.map((what) => blockerOf(drafts.get(what)!)), held }
}

/** Why a plan keeps the node that has nothing to do with its pods. */
function nodeRule(node: Node, price: Price): Draft['blocker'] | undefined {
  if (price.kind === 'unknown')
    return {
      rule: 'no-price',
      what: `no price: ${price.why}`,
      fix: 'give a catalog that has it, or take prices from AWS',
    }
  if (node.capacityType === 'reserved' || node.capacityType === 'capacity-block')
    return { rule: 'reservation', what: 'capacity that is reserved', fix: 'let the reservation end first' }
  return undefined
}

function blockerOf({ blocker, pods, workloads, nodes }: Draft): Blocker {
  const [first, ...others] = workloads
  const [namespace = '', kind = '', ...name] = first?.split('/') ?? []
  return {
    ...blocker,
    workload: first === undefined || others.length > 0 ? undefined : { namespace, kind, name: name.join('/') },
    pods: [...pods].sort(),
    nodes,
  }
}
