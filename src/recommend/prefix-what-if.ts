import type { Goal } from '../domain/goal.js'
import type { Node } from '../domain/cluster.js'
import type { NodeUse, PodGain, PrefixWhatIf, Scenario } from '../domain/recommendation.js'
import type { Resources } from '../domain/resources.js'
import { HOURS_PER_MONTH, type MicroUsdPerHour } from '../domain/units.js'
import { requestedOn } from './figures.js'
import { bindingOf } from './node-use.js'
import { planned, type Candidate, type ScenarioContext } from './scenarios.js'

const QUESTION = {
  id: 'prefix-delegation',
  title: 'what-if: the cheapest plan with prefix delegation on and kubelets told so',
} as const

/** A node with more of its pod slots free than this is not held back by them, whatever else it has even more of. */
const SLOTS_ALL_BUT_GONE = 0.9

const isSlotBound = (requested: Resources, allocatable: Resources): boolean =>
  bindingOf(requested, allocatable) === 'pods' && requested.pods >= SLOTS_ALL_BUT_GONE * allocatable.pods

/** Node groups that run out of pod slots before CPU or memory: on a node of today, or in the cheapest plan. */
export function slotBoundGroups(
  nodes: readonly Node[],
  use: ReadonlyMap<string, NodeUse>,
  cheapest: Candidate | undefined,
): ReadonlySet<string> {
  const planNodes = cheapest?.proven?.plan.nodes ?? []
  return new Set([
    ...nodes.flatMap(({ name, group, allocatable }) => {
      const requested = use.get(name)?.requested
      return requested !== undefined && isSlotBound(requested, allocatable) ? [group] : []
    }),
    ...planNodes.flatMap((node) =>
      node.packed && isSlotBound(requestedOn(node), node.allocatable) ? [node.group] : [],
    ),
  ])
}

export type PrefixFacts = {
  /** Why prefix delegation does not apply, or undefined. */
  readonly whyNot: string | undefined
  readonly gains: readonly PodGain[]
  /** The cheapest plan in the mode in force; undefined where nothing was planned. */
  readonly cheapest: Candidate | undefined
  readonly goal: Goal
  /** Plans for the same cluster with prefixes; made only where a group is bound by pod slots. */
  readonly withPrefixes: () => ScenarioContext
}

export type PrefixAnswer = { readonly scenario: Scenario; readonly prefixes: PrefixWhatIf | undefined }

/**
 * What prefix delegation would be worth. More pod slots allow every plan that fewer allow, so a search that finds nothing
 * cheaper leaves the cheapest plan as it is.
 */
export function prefixWhatIf(facts: PrefixFacts): PrefixAnswer {
  const { whyNot, gains, cheapest } = facts
  const outcome = cheapest?.scenario.outcome
  if (whyNot !== undefined || cheapest?.proven === undefined || outcome?.kind !== 'planned') {
    const why = whyNot ?? 'nothing could be planned'
    return { scenario: { ...QUESTION, outcome: { kind: 'not-applicable', why }, notes: [] }, prefixes: undefined }
  }
  const prefixes: PrefixWhatIf = {
    gains,
    cheapest: { packed: cheapest.proven.plan.cost, realised: outcome.realised },
  }
  const asCheapest = (why: string): PrefixAnswer => ({
    scenario: {
      ...QUESTION,
      outcome,
      notes: [`${why}: the figures are those of the cheapest plan`, ...gainNotes(gains)],
    },
    prefixes,
  })
  if (!gains.some(({ bound }) => bound)) {
    return asCheapest('no node group runs out of pod slots first, today or in the cheapest plan')
  }
  const context = facts.withPrefixes()
  const found = planned({ ...QUESTION, goal: facts.goal }, context.plans.plan(facts.goal), context)
  const answer = { ...found.scenario, notes: [...found.scenario.notes, ...gainNotes(gains)] }
  // Prefixes take whole blocks: that they do not fit the subnets is an answer, too.
  if (found.proven !== undefined && context.subnetFaultsOf(found.proven.plan).length > 0)
    return { scenario: answer, prefixes }
  const before = costOf(cheapest)
  const after = costOf(found)
  if (after === undefined || (before !== undefined && after >= before))
    return asCheapest('no cheaper plan was found with more pod slots')
  return { scenario: answer, prefixes }
}

/** What a setting that kubelets were not told of costs, in words. */
export function worthOf({ scenario: { outcome, notes }, prefixes }: PrefixAnswer): string {
  if (outcome.kind !== 'planned' || prefixes === undefined) return 'what that costs was not planned'
  const after = outcome.realised ?? outcome.plan.cost.rate
  const before = outcome.realised === undefined ? prefixes.cheapest.packed.rate : prefixes.cheapest.realised
  const saved = before === undefined ? 0 : ((before - after) * HOURS_PER_MONTH) / 1e6
  if (saved <= 0) return 'raising it makes no plan cheaper (scenario prefix-delegation)'
  // What stands against a plan comes first among its notes.
  if (!outcome.feasible)
    return `raising it makes no plan cheaper that is feasible: ${notes[0] ?? ''} (scenario prefix-delegation)`
  return `raising it makes the cheapest plan $${saved.toFixed(2)} a month cheaper (scenario prefix-delegation)`
}

/** What a plan costs once the default scheduler has rebuilt it; as packed where that was not tried. */
function costOf({ scenario: { outcome } }: Candidate): MicroUsdPerHour | undefined {
  if (outcome.kind !== 'planned' || !outcome.feasible) return undefined
  return outcome.refillUnplaced === undefined ? outcome.plan.cost.rate : outcome.realised
}

/** Pods per node of the groups that are bound by them; the report lists the others as well. */
const gainNotes = (gains: readonly PodGain[]): string[] =>
  gains
    .filter(({ bound }) => bound)
    .map(
      ({ group, instanceType, podsNow, podsThen }) =>
        `${group}: ${instanceType} ${podsNow} → ${podsThen} pods per node`,
    )
