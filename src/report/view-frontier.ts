import type { FamilyPrices, FrontierPoint } from '../domain/frontier.js'
import type { Plan } from '../domain/plan.js'
import type { Analysis, ScenarioId } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import type { FrontierRow } from './columns.js'
import { cores, count, hourlyUsd, known, mib, monthlyUsd, percent, share, type Figure } from './figures.js'
import { countTypes } from './tally.js'
import { blastRow } from './view-blast-radius.js'

/** Prices that differ by no more than this share of the lowest are taken for the same. */
const FLAT = 0.02
/** Scenarios that may follow a plan of the frontier. */
const FOLLOWERS: readonly ScenarioId[] = ['fewer-larger', 'recommended']

export type FamilyView = {
  readonly family: string
  readonly capacityType: string
  /** A vCPU costs the same in every size. */
  readonly isFlat: boolean
  readonly sizes: readonly { readonly instanceType: string; readonly hourly: Figure }[]
  /** The sizes in which a vCPU costs least and most. */
  readonly least: FamilyView['sizes'][number]
  readonly most: FamilyView['sizes'][number]
}

export type FrontierView = {
  /** Rows of frontier.csv, the most nodes first. */
  readonly rows: readonly FrontierRow[]
  readonly families: readonly FamilyView[]
  /** Rows with smaller nodes than the cheapest plan's, which comes after them. */
  readonly smaller: number
  /** DaemonSets and static pods that the last row has less of than the cheapest; undefined where these are one. */
  readonly saved: { readonly cpu: Figure; readonly memory: Figure } | undefined
  /** Why there are no rows. */
  readonly why: string | undefined
}

export function frontierView(analysis: Analysis): FrontierView | undefined {
  const { frontier } = analysis
  if (frontier === undefined) return undefined
  if (frontier.kind === 'none') return { rows: [], smaller: 0, families: [], saved: undefined, why: frontier.why }
  const { points, smaller, families, overheadSaved } = frontier
  const [cheapest] = points
  return {
    rows: [...smaller.toReversed(), ...points].map((point) =>
      rowOf(point, cheapest?.plan.cost.rate ?? 0, followersOf(point.plan, analysis)),
    ),
    smaller: smaller.length,
    families: families.flatMap(familyView),
    saved: points.length < 2 ? undefined : { cpu: cores(overheadSaved.cpu), memory: mib(overheadSaved.memory) },
    why: undefined,
  }
}

function rowOf(point: FrontierPoint, cheapest: number, scenarios: readonly string[]): FrontierRow {
  const { plan, lowerBound } = point
  const { rate } = plan.cost
  const { survives_node_loss, node_loss, survives_zone_loss, zone_loss } = blastRow(point)
  return {
    nodes: count(plan.nodes.length),
    instance_types: countTypes(plan.nodes),
    hourly_usd: hourlyUsd(rate),
    monthly_usd: monthlyUsd(rate * HOURS_PER_MONTH),
    above_cheapest_pct: cheapest === 0 ? undefined : percent((100 * (rate - cheapest)) / cheapest),
    lower_bound_hourly_usd: hourlyUsd(lowerBound.rate),
    gap_pct: rate === 0 ? undefined : percent((100 * (rate - lowerBound.rate)) / rate),
    bound_covers: coverOf(point),
    largest_node_share: known(point.largestNodeShare, share),
    ...{ survives_node_loss, node_loss, survives_zone_loss, zone_loss },
    refill_unplaced_pods: known(point.refillUnplaced, count),
    scenarios,
  }
}

/** Rounded down, the share is one for which the bound holds as well. */
const coverOf = ({ plan, maxNodeShare }: FrontierPoint): string =>
  maxNodeShare === undefined
    ? `plans with at most ${plan.nodes.length === 1 ? '1 node' : `${plan.nodes.length} nodes`}`
    : `plans in which no node carries more than ${Math.floor(1e4 * maxNodeShare) / 100} % of what is requested today`

/** Scenarios that come to the same nodes at the same cost. */
const followersOf = ({ nodes, cost }: Plan, { scenarios }: Analysis): string[] =>
  scenarios.flatMap(({ id, outcome }) =>
    FOLLOWERS.includes(id) &&
    outcome.kind === 'planned' &&
    outcome.plan.cost.rate === cost.rate &&
    outcome.plan.nodes.length === nodes.length
      ? [id]
      : [],
  )

function familyView({ family, capacityType, sizes }: FamilyPrices): FamilyView[] {
  const shown = sizes.map(({ instanceType, perVcpu }) => ({ instanceType, perVcpu, hourly: hourlyUsd(perVcpu) }))
  const byPrice = [...shown].sort((a, b) => a.perVcpu - b.perVcpu)
  const [least] = byPrice
  const most = byPrice.at(-1)
  if (least === undefined || most === undefined) return []
  const isFlat = most.perVcpu <= least.perVcpu * (1 + FLAT)
  return [{ family, capacityType, isFlat, sizes: shown, least, most }]
}
