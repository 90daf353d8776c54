import type { MicroUsdPerHour } from '../domain/units.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import type { Analysis, Scenario } from '../domain/recommendation.js'
import type { ScenarioRow } from './columns.js'
import { count, hourlyUsd, known, monthlyUsd, percent, share, type Figure } from './figures.js'
import { countTypes, total } from './tally.js'
import { blastRow, NO_BLAST, untriedNote } from './view-blast-radius.js'
import { lostPreferences, NO_PREFERENCES, preferenceRow, type LostPreferenceView } from './view-preferences.js'

export type ScenarioView = {
  readonly row: ScenarioRow
  readonly title: string
  /** Preferences that hold today and would hold no longer, the largest weight first. */
  readonly lost: readonly LostPreferenceView[]
  /** Pods that run now and would be on another node. */
  readonly moves: Figure | undefined
  readonly boundBasis: string | undefined
  /** Nodes that the totals of this row leave out. */
  readonly unpriced: number
}

/** Rows of scenarios.csv in the order of the analysis. `currentRate` is the sum of nodes.csv, unknown where none has a price. */
export const scenarioViews = (analysis: Analysis, currentRate: MicroUsdPerHour | undefined): ScenarioView[] =>
  analysis.scenarios.map((scenario) => scenarioView(scenario, currentRate))

/** 100 × (current − planned) ÷ current; unknown where either is, or where nothing is paid now. */
export const savingsPct = (current: number | undefined, planned: number | undefined): number | undefined =>
  current === undefined || planned === undefined || current === 0 ? undefined : (100 * (current - planned)) / current

function scenarioView({ id, title, outcome, notes }: Scenario, currentRate: MicroUsdPerHour | undefined): ScenarioView {
  switch (outcome.kind) {
    case 'not-applicable':
      return {
        row: { ...EMPTY, scenario: id, notes: [outcome.why, ...notes] },
        title,
        lost: [],
        moves: undefined,
        boundBasis: undefined,
        unpriced: 0,
      }
    case 'planned': {
      const { plan, lowerBound, efficiency } = outcome
      const { rate, unpriced } = total(plan.nodes.map((node) => node.price))
      const gap =
        rate === undefined || rate === 0 || lowerBound === undefined
          ? undefined
          : (100 * (rate - lowerBound.rate)) / rate
      return {
        row: {
          scenario: id,
          nodes: count(plan.nodes.length),
          instance_types: countTypes(plan.nodes),
          spot_share: known(outcome.spotShare, share),
          hourly_usd: known(rate, hourlyUsd),
          monthly_usd: known(rate, (known) => monthlyUsd(known * HOURS_PER_MONTH)),
          savings_pct: known(savingsPct(currentRate, rate), percent),
          lower_bound_hourly_usd: known(lowerBound?.rate, hourlyUsd),
          gap_pct: known(gap, percent),
          cpu_efficiency: known(efficiency.cpu, share),
          memory_efficiency: known(efficiency.memory, share),
          pod_slot_efficiency: known(efficiency.podSlots, share),
          largest_node_share: known(outcome.largestNodeShare, share),
          unplaced_pods: count(plan.unplaced.length),
          feasible: outcome.feasible,
          refill_unplaced_pods: known(outcome.refillUnplaced, count),
          // A sum without a single known part is not 0.
          realised_hourly_usd: known(rate === undefined ? undefined : outcome.realised, hourlyUsd),
          notes: [
            ...notes,
            ...untriedNote(outcome),
            ...(unpriced === 0 ? [] : [`${unpriced} of ${plan.nodes.length} nodes have no price and are in no total`]),
          ],
          ...blastRow(outcome),
          ...preferenceRow(outcome),
          spot_pools: known(outcome.spotPools?.pools, count),
          largest_spot_pool_share: known(outcome.spotPools?.largestShare, share),
        },
        lost: lostPreferences(outcome),
        title,
        moves: count(outcome.moves),
        boundBasis: lowerBound?.basis,
        unpriced,
      }
    }
    default:
      return outcome satisfies never
  }
}

const EMPTY: ScenarioRow = {
  scenario: undefined,
  nodes: undefined,
  instance_types: [],
  spot_share: undefined,
  hourly_usd: undefined,
  monthly_usd: undefined,
  savings_pct: undefined,
  lower_bound_hourly_usd: undefined,
  gap_pct: undefined,
  cpu_efficiency: undefined,
  memory_efficiency: undefined,
  pod_slot_efficiency: undefined,
  largest_node_share: undefined,
  unplaced_pods: undefined,
  feasible: undefined,
  refill_unplaced_pods: undefined,
  realised_hourly_usd: undefined,
  notes: [],
  ...NO_BLAST,
  ...NO_PREFERENCES,
  spot_pools: undefined,
  largest_spot_pool_share: undefined,
}
