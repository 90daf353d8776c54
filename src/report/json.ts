import * as table from './columns.js'
import type { Cell, Columns, Row, TypeCount } from './columns.js'
import type { Figure } from './figures.js'
import { commitmentsJson } from './json-commitments.js'
import type { PlanView, View } from './view.js'
import type { ChangeView } from './view-tight-plan.js'
import type { WorthView } from './view-blockers.js'
import type { SpareNodes } from './view-spare.js'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

const SCHEMA_VERSION = 1

/**
 * report.json: everything that the other files hold. The fields of a row are the columns of its CSV in camelCase; an
 * unknown value is null, never 0 and never left out. Only `timings` are left out where the run was not timed.
 */
export function reportJson(view: View): string {
  const { cluster, pricing, summary, timings } = view
  const report: Json = {
    schemaVersion: SCHEMA_VERSION,
    generatedAt: view.generatedAt,
    cluster: {
      name: cluster.name,
      region: cluster.region ?? null,
      version: cluster.version ?? null,
      nodes: number(cluster.nodes),
      pods: number(cluster.pods),
      pendingPods: number(cluster.pending),
      podsOnUnknownNodes: number(cluster.onUnknownNodes),
      pendingPodsPlaced: number(cluster.pendingPlaced),
      podsWithoutRequests: {
        ofRunning: number(cluster.withoutRequests.running),
        cpu: number(cluster.withoutRequests.cpu),
        memory: number(cluster.withoutRequests.memory),
      },
    },
    pricing: {
      source: pricing.source,
      asOf: pricing.asOf,
      dates: summary.bases.map(({ basis, oldest, newest }) => ({
        basis,
        oldest: oldest ?? null,
        newest: newest ?? null,
      })),
      coverage: number(pricing.coverage),
      pricedNodes: number(pricing.pricedNodes),
      pricableNodes: number(pricing.pricableNodes),
      unpriced: pricing.unpriced.map(({ why, nodes }) => ({ why, nodes: number(nodes) })),
      clusterFees: pricing.clusterFees.map(({ name, monthly, source, ifExtended }) => ({
        name,
        monthlyUsd: number(monthly),
        ifExtendedSupportMonthlyUsd: number(ifExtended?.monthly),
        priceSource: source,
      })),
      spotTypes: pricing.spotTypes.map(({ instanceType, asOf, savings, band }) => ({
        instanceType,
        asOf: asOf ?? null,
        interruptionBand: band ?? null,
        savingsPct: number(savings),
      })),
    },
    assumptions: view.assumptions,
    gaps: view.gaps,
    current: current(view),
    nodeGroups: view.groups.map(({ row }) => fields(table.NODE_GROUPS, row)),
    scenarios: view.scenarios.map((scenario) => {
      const { scenario: id, ...row } = fields(table.SCENARIOS, scenario.row)
      return {
        id: id ?? null,
        title: scenario.title,
        ...row,
        lowerBoundBasis: scenario.boundBasis ?? null,
        podsMoved: number(scenario.moves),
        preferencesLost: scenario.lost.map((one) => ({
          ...one,
          count: number(one.count),
          weight: number(one.weight),
        })),
        unpricedNodes: scenario.unpriced,
      }
    }),
    frontier: frontier(view),
    tightPlan: tightPlan(view),
    recommended: recommended(view),
    workloads: view.workloads.map(({ row }) => fields(table.WORKLOADS, row)),
    maxPods: view.maxPods.map((row) => fields(table.MAX_PODS, row)),
    ...blockers(view),
    ...capacity(view),
    commitments: commitmentsJson(view.commitments),
    warnings: view.warnings.map((warning) => ({ ...warning, count: number(warning.count) })),
    ...(timings === undefined ? {} : { timings: contractTimings(timings) }),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

/** The cluster as it stands: its scenario's figures, and its nodes. */
function current(view: View): Json {
  const { summary } = view
  const scenario = view.scenarios.find(({ row }) => row.scenario === 'current')
  const { scenario: _, nodes: __, notes: ___, ...figures } = scenario ? fields(table.SCENARIOS, scenario.row) : {}
  return {
    nodeCount: number(view.cluster.nodes),
    ...figures,
    unpricedNodes: summary.unpricedNow,
    strandedCpu: number(view.stranded.cpu),
    strandedMemoryMib: number(view.stranded.memory),
    podBoundNodes: number(view.stranded.podBoundNodes),
    nodes: view.nodes.map((row) => fields(table.NODES, row)),
  }
}

function recommended({ plan, follows, policy, needs, summary }: View): Json {
  return {
    id: follows,
    policy,
    needs: needs === undefined ? null : { ...changeJson(needs), refillUnplacedPodsToday: number(needs.unplacedToday) },
    nodeCount: number(summary.nodesPlan),
    monthlyUsd: number(summary.monthlyPlan),
    monthlySavingUsd: number(summary.monthlySaving),
    savingsPct: number(summary.savingPct),
    unpricedNodes: summary.unpricedPlan,
    nodes: plan?.nodes.map(({ row, pods }) => ({ ...fields(table.PLAN_NODES, row), pods })) ?? [],
    actions: plan?.actions.map(action) ?? [],
    migration:
      plan?.migration.map(({ kind, node, group, podsMoved }, index) => ({
        step: index + 1,
        action: kind,
        node,
        nodeGroup: group,
        podsMoved: number(podsMoved),
      })) ?? [],
    nodesWithoutRunningPods: plan?.spare?.groups.map(spare) ?? [],
    unplaced:
      plan?.unplaced.map(({ pod, running, onUnknownNode, reason }) => ({ pod, running, onUnknownNode, reason })) ?? [],
  }
}

/** Cost against number of nodes, or why it is not known. */
const frontier = ({ frontier: of }: View): Json => ({
  points: of?.rows.map((row) => fields(table.FRONTIER, row)) ?? [],
  why: of?.why ?? null,
  daemonOverheadSavedCpu: number(of?.saved?.cpu),
  daemonOverheadSavedMemoryMib: number(of?.saved?.memory),
  familyPrices:
    of?.families.map(({ family, capacityType, isFlat, sizes }) => ({
      family,
      capacityType,
      isFlat,
      sizes: sizes.map(({ instanceType, hourly }) => ({ instanceType, hourlyUsdPerVcpu: number(hourly) })),
    })) ?? [],
})

/** The cheapest plan as packed, and what a change in the cluster would be good for; null where there is no such plan. */
function tightPlan({ tightPlan: of }: View): Json {
  if (of === undefined) return null
  const cost = (one: ChangeView['cost']) => ({
    nodes: number(one?.nodes),
    hourlyUsd: number(one?.hourly),
    monthlyUsd: number(one?.monthly),
    gapPct: number(one?.gap),
  })
  return {
    ...cost(of),
    lessThanRecommendedUsd: number(of.saving),
    refillUnplacedPods: number(of.unplaced),
    changes: of.changes.map(({ change, classes, pools, unplaced, cost: found, saving }) => ({
      ...changeJson({ change, classes }),
      pools,
      ...cost(found),
      lessThanRecommendedUsd: number(saving),
      packedPlanUnplacedPods: number(unplaced),
    })),
  }
}

const changeJson = ({ change, classes }: Pick<ChangeView, 'change' | 'classes'>) => ({
  bigPodsFirst: change.bigFirst === true,
  ownPools: change.ownPools !== undefined,
  mostAllocated: change.mostAllocated === true,
  priorityClasses: classes.map(({ cpu, memory, workloads }) => ({
    fromCpu: number(cpu),
    fromMemoryMib: number(memory),
    workloads: number(workloads),
  })),
})

/** What holds nodes: each rule, the sets that hold nodes together, and all of them. */
const blockers = ({ blockers: of }: View) => ({
  blockers: of?.rows.map((row) => fields(table.BLOCKERS, row)) ?? [],
  blockerSets: of?.sets.map((set) => ({ blockers: set.blockers, nodes: set.nodes, ...worth(set) })) ?? [],
  allBlockers: of === undefined ? null : { measuredAgainst: of.against, ...worth(of.all) },
})

const worth = ({ monthly, proof, why }: WorthView) => ({
  monthlyUsd: number(monthly),
  proof: proof ?? null,
  whyUnknown: why ?? null,
})

const action = (of: PlanView['actions'][number]): Json => ({
  nodeGroup: of.group,
  keep: of.keep.length,
  remove: of.remove.length,
  add: of.add.length,
  keepNodes: of.keep,
  removeNodes: of.remove,
  removeInstanceTypes: of.removeTypes,
  addNodes: of.add,
  addInstanceTypes: of.addTypes,
})

const spare = ({ group, nodes, types, monthly, pending }: SpareNodes): Json => ({
  nodeGroup: group,
  nodes,
  instanceTypes: types,
  pendingPods: number(pending),
  monthlyUsd: number(monthly),
})

/** How good the model of capacity is, what the plan's new nodes rest on, and what they take from the subnets. */
const capacity = ({ capacity: { checks, off, skipped, calibration }, addresses, prefixes }: View) => ({
  modelCheck: checks.map(checkFields),
  modelCheckNodesOff: off.map(({ predicted, real, ...at }) => ({
    ...withDifference(at),
    predicted: number(predicted),
    real: number(real),
  })),
  modelCheckNotChecked: skipped.map(({ node, why }) => ({ node, why })),
  newNodeCapacity: calibration.map(({ group, instanceType, nodes, basis }) => ({
    nodeGroup: group,
    instanceType,
    nodes: number(nodes),
    basis,
  })),
  addresses: addresses.map(({ scenario, zone, fits, ...figures }) => ({
    scenario,
    zone: zone ?? null,
    nodes: number(figures.nodes),
    nodesOfUnknownType: number(figures.unknownNodes),
    addresses: number(figures.addresses),
    addressesAtMost: number(figures.atMost),
    prefixes: number(figures.prefixes),
    prefixesAtMost: number(figures.prefixesAtMost),
    moreThanToday: number(figures.more),
    free: number(figures.free),
    fits: fits ?? null,
  })),
  prefixDelegation:
    prefixes === undefined
      ? null
      : {
          applies: prefixes.applies,
          why: prefixes.why ?? null,
          monthlySavingPackedUsd: number(prefixes.savingPacked),
          monthlySavingRealisedUsd: number(prefixes.savingRealised),
          gains: prefixes.gains.map((gain) => ({
            nodeGroup: gain.group,
            instanceType: gain.instanceType,
            nodes: number(gain.nodes),
            podsPerNodeNow: number(gain.podsNow),
            podsPerNodeThen: number(gain.podsThen),
            boundByPodSlots: gain.bound,
          })),
        },
})

const checkFields = (check: View['capacity']['checks'][number]): Json => ({
  method: check.method,
  resource: check.resource,
  compared: number(check.compared),
  equal: number(check.equal),
  withinOnePercent: number(check.withinOnePercent),
  medianPct: number(check.median),
  worst: check.worst === undefined ? null : withDifference(check.worst),
  overPromised: number(check.overPromised),
})

const withDifference = <At extends object>({ difference, ...at }: At & { readonly difference: Figure }) => ({
  ...at,
  differencePct: number(difference),
})

/** The contract writes `peakRssMiB`. */
const contractTimings = ({ peakRssMib, ...stages }: NonNullable<View['timings']>): Json => ({
  collectMs: stages.collectMs,
  modelMs: stages.modelMs,
  packMs: stages.packMs,
  reportMs: stages.reportMs,
  peakRssMiB: peakRssMib,
})

/** Every figure is a short decimal, which a JSON number holds exactly as written. */
const number = (figure: Figure | undefined): number | null => (figure === undefined ? null : Number(figure.exact))

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** A row as an object: the columns in their order, `hourly_usd` as `hourlyUsd`. */
export const fields = <Of extends Columns>(columns: Of, row: Row<Of>): Record<string, Json> =>
  Object.fromEntries(Object.keys(columns).map((name) => [camelCase(name), json(row[name])]))

function json(cell: Cell | undefined): Json {
  if (cell === undefined) return null
  if (typeof cell === 'string' || typeof cell === 'boolean') return cell
  return 'exact' in cell ? number(cell) : cell.map(item)
}

const item = (one: string | Figure | TypeCount): Json =>
  typeof one === 'string' ? one : 'exact' in one ? number(one) : { instanceType: one.instanceType, count: one.count }
