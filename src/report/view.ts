import type { Node } from '../domain/cluster.js'
import type { PlanNode, Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Analysis } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import type { MaxPodsRow, NodeRow, PlacementRow } from './columns.js'
import { cores, count, known, mib, monthlyUsd, share, type Figure } from './figures.js'
import { largestBy, rateOf, total } from './tally.js'
import { pricing, summary, warnings, withoutRequests } from './view-about.js'
import type { PricingView, Summary, Warning, WithoutRequests } from './view-about.js'
import { blockersView, type BlockersView } from './view-blockers.js'
import { capacityView, type CapacityView } from './view-capacity.js'
import { commitmentsView, type CommitmentsView } from './view-commitments.js'
import { frontierView, type FrontierView } from './view-frontier.js'
import { needsView, tightPlanView, type NeedsView, type TightPlanView } from './view-tight-plan.js'
import { addressViews, prefixView, type AddressView, type PrefixView } from './view-network.js'
import { addAll, groupViews, nodeRows, type GroupView } from './view-nodes.js'
import { spareView, type SpareView } from './view-spare.js'
import { groupActions, migration, placementRows, planNodeViews, unplacedViews } from './view-plan.js'
import type { GroupAction, MigrationStep, PlanNodeView, UnplacedView } from './view-plan.js'
import { scenarioViews, type ScenarioView } from './view-scenarios.js'
import { maxPodsRows, workloadViews, type WorkloadView } from './view-workloads.js'

/**
 * The one shape that every format renders. All arithmetic and all rounding is done here; reporters only choose and
 * arrange. Rows are sorted by name unless said otherwise.
 */
export type View = {
  readonly generatedAt: string
  readonly cluster: {
    readonly name: string
    readonly region: string | undefined
    readonly version: string | undefined
    readonly nodes: Figure
    readonly pods: Figure
    readonly pending: Figure
    /** Bound to nodes that are not in the input, and in need of a place. */
    readonly onUnknownNodes: Figure
    /** Pods that are pending today and have a node in the plan. */
    readonly pendingPlaced: Figure | undefined
    readonly withoutRequests: WithoutRequests
  }
  readonly summary: Summary
  readonly pricing: PricingView
  readonly follows: string
  readonly policy: string
  /** Why today's nodes are kept; undefined: they are not, or nobody said. */
  readonly kept: string | undefined
  /** Undefined: the plan keeps to the limit on spot, or none was set. */
  readonly beyondSpotLimit: { readonly wanted: Figure; readonly share: Figure } | undefined
  /** Refills of the recommended nodes in orders that no search has seen; undefined: none left a pod over, or none was tried. */
  readonly failingOrders: { readonly orders: Figure; readonly failing: Figure; readonly unplaced: Figure } | undefined
  readonly needs: NeedsView | undefined
  readonly nodes: readonly NodeRow[]
  /** Nodes that cannot be removed, the dearest first. */
  readonly stuck: readonly { readonly row: NodeRow; readonly monthly: Figure | undefined }[]
  /** What holds nodes and what that costs; undefined where that was not looked at. */
  readonly blockers: BlockersView | undefined
  readonly stranded: { readonly cpu: Figure; readonly memory: Figure; readonly podBoundNodes: Figure }
  readonly groups: readonly GroupView[]
  readonly scenarios: readonly ScenarioView[]
  /** Cost against number of nodes; undefined where that was not looked at. */
  readonly frontier: FrontierView | undefined
  readonly tightPlan: TightPlanView | undefined
  readonly workloads: readonly WorkloadView[]
  /** The same, the dearest first. */
  readonly dearest: readonly WorkloadView[]
  readonly maxPods: readonly MaxPodsRow[]
  /** The recommended plan; what stands today where nothing could be planned; undefined where not even that is known. */
  readonly plan: PlanView | undefined
  readonly capacity: CapacityView
  /** By scenario and zone; scenarios that were not planned are absent. */
  readonly addresses: readonly AddressView[]
  readonly prefixes: PrefixView | undefined
  /** Undefined where AWS said nothing of commitments. */
  readonly commitments: CommitmentsView | undefined
  readonly warnings: readonly Warning[]
  readonly assumptions: readonly string[]
  readonly gaps: readonly string[]
  readonly timings: Analysis['timings']
}

export type PlanView = {
  readonly nodes: readonly PlanNodeView[]
  /** The same nodes as the domain has them, for plan-nodes.json; no figure of theirs is rounded. */
  readonly objects: readonly PlanNode[]
  readonly placements: readonly PlacementRow[]
  readonly actions: readonly GroupAction[]
  readonly migration: readonly MigrationStep[]
  readonly unplaced: readonly UnplacedView[]
  /** Bought nodes without a pod that runs today; undefined without any. */
  readonly spare: SpareView | undefined
}

export function viewOf(analysis: Analysis): View {
  const { cluster } = analysis
  const plan = planOf(analysis, 'recommended') ?? planOf(analysis, 'current')
  const currentCost = total(cluster.nodes.map((node) => analysis.bill.nodes.get(node.name)))
  const packed = new Map(planOf(analysis, 'current')?.nodes.map((node) => [node.name, node.packed]))
  const isPacked = (node: Node): boolean => packed.get(node.name) ?? (node.owner !== 'fargate' && !node.controlPlane)
  const groups = groupViews(analysis, plan?.nodes, isPacked)
  const nodes = nodeRows(analysis)
  const workloads = workloadViews(analysis, currentCost.rate !== undefined)
  return {
    generatedAt: analysis.generatedAt,
    cluster: {
      name: cluster.name,
      region: cluster.region,
      version: cluster.version,
      nodes: count(cluster.nodes.length),
      pods: count(cluster.pods.length),
      pending: count(analysis.pending.filter(isPending).length),
      onUnknownNodes: count(analysis.pending.filter((pod) => !isPending(pod)).length),
      pendingPlaced: plan && count(pendingPlaced(analysis, plan)),
      withoutRequests: withoutRequests(cluster.pods),
    },
    summary: summary(analysis, plan),
    pricing: pricing(analysis, plan),
    follows: analysis.follows,
    policy: analysis.policy,
    kept: analysis.kept,
    beyondSpotLimit: analysis.beyondSpotLimit && {
      wanted: share(analysis.beyondSpotLimit.wanted),
      share: share(analysis.beyondSpotLimit.share),
    },
    failingOrders: failingOrders(analysis),
    needs: needsView(analysis),
    nodes,
    stuck: stuckNodes(analysis, nodes),
    blockers: blockersView(analysis),
    stranded: stranded(analysis, groups, isPacked),
    groups,
    scenarios: scenarioViews(analysis, currentCost.rate),
    frontier: frontierView(analysis),
    tightPlan: tightPlanView(analysis),
    workloads,
    dearest: largestBy(
      workloads,
      ({ microUsd }) => microUsd,
      ({ row }) => `${row.namespace}/${row.kind}/${row.workload}`,
    ),
    maxPods: maxPodsRows(analysis.maxPods, plan?.nodes),
    plan: plan && {
      nodes: planNodeViews(plan),
      objects: plan.nodes,
      placements: placementRows(plan, analysis.bindingOrder),
      actions: groupActions(cluster, plan),
      migration: migration(cluster, plan),
      unplaced: unplacedViews(plan),
      spare: spareView(cluster, plan),
    },
    capacity: capacityView(analysis, plan?.nodes ?? []),
    addresses: addressViews(analysis.addresses),
    prefixes: prefixView(analysis),
    commitments: commitmentsView(analysis),
    warnings: warnings(analysis.findings),
    assumptions: analysis.assumptions,
    gaps: [...new Set([...ownGaps(analysis), ...analysis.gaps])],
    timings: analysis.timings && wholeTimings(analysis.timings),
  }
}

const wholeTimings = (timings: NonNullable<Analysis['timings']>): NonNullable<Analysis['timings']> => ({
  collectMs: Math.round(timings.collectMs),
  modelMs: Math.round(timings.modelMs),
  packMs: Math.round(timings.packMs),
  reportMs: Math.round(timings.reportMs),
  peakRssMib: Math.round(timings.peakRssMib),
})

const planOf = (analysis: Analysis, id: 'recommended' | 'current'): Plan | undefined => plannedOf(analysis, id)?.plan

function plannedOf({ scenarios }: Analysis, id: 'recommended' | 'current') {
  const outcome = scenarios.find((scenario) => scenario.id === id)?.outcome
  return outcome?.kind === 'planned' ? outcome : undefined
}

function failingOrders(analysis: Analysis): View['failingOrders'] {
  const further = plannedOf(analysis, 'recommended')?.further
  if (further === undefined || further.failing === 0) return undefined
  return { orders: count(further.orders), failing: count(further.failing), unplaced: count(further.unplaced) }
}

const isPending = ({ unknownNode }: Pod): boolean => unknownNode === undefined

function pendingPlaced(analysis: Analysis, plan: Plan): number {
  const pending = new Set(analysis.pending.filter(isPending).map((pod) => pod.id))
  return plan.nodes.reduce((sum, node) => sum + node.pods.filter((pod) => pending.has(pod.id)).length, 0)
}

function stuckNodes(analysis: Analysis, rows: readonly NodeRow[]): View['stuck'] {
  const rate = (row: NodeRow): number | undefined => rateOf(analysis.bill.nodes.get(row.node ?? ''))
  const stuck = rows.filter((row) => row.removable === false)
  return largestBy(
    stuck,
    (row) => rate(row) ?? 0,
    (row) => row.node ?? '',
  ).map((row) => ({ row, monthly: known(rate(row), (known) => monthlyUsd(known * HOURS_PER_MONTH)) }))
}

/** Of packed nodes: what Fargate and control-plane nodes leave idle is out of reach for any plan. */
function stranded(
  { cluster, nodeUse }: Analysis,
  groups: readonly GroupView[],
  isPacked: (node: Node) => boolean,
): View['stranded'] {
  const { cpu, memory } = addAll(groups.flatMap(({ stranded }) => stranded ?? []))
  const podBound = cluster.nodes.filter((node) => isPacked(node) && nodeUse.get(node.name)?.maxPodsBinding === true)
  return { cpu: cores(cpu), memory: mib(memory), podBoundNodes: count(podBound.length) }
}

const isAutoMode = ({ cluster }: Analysis): boolean => cluster.nodes.some(({ owner }) => owner === 'eks-auto-mode')

/** What the columns of this room leave out or leave empty, whatever the input. */
function ownGaps(analysis: Analysis): string[] {
  const planned = analysis.scenarios.flatMap(({ outcome }) => (outcome.kind === 'planned' ? [outcome] : []))
  const gaps = [
    `hourly_usd of a node is its instance ${isAutoMode(analysis) ? 'and the fee of EKS Auto Mode where that is known' : 'alone'}: disks, public addresses and data transfer are not modelled yet.`,
    'recommended_cpu and recommended_memory_mib of workloads.csv are what VerticalPodAutoscalers recommend, and empty elsewhere; workloads share the cost by requests alone: usage is read for findings only.',
  ]
  if (planned.some(({ refillUnplaced }) => refillUnplaced === undefined))
    gaps.push(
      'refill_unplaced_pods and realised_hourly_usd of scenarios.csv are empty: plans are not yet refilled with an imitation of the scheduler, so kube-scheduler may need more nodes than a plan shows.',
    )
  return gaps
}
