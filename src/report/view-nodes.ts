import type { Node, NodeGroup } from '../domain/cluster.js'
import type { PlanNode } from '../domain/plan.js'
import type { Analysis, BindingResource } from '../domain/recommendation.js'
import { add, NO_RESOURCES, type Resources } from '../domain/resources.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import type { NodeGroupRow, NodeRow } from './columns.js'
import { cores, count, hourlyUsd, known, mib, monthlyUsd, ratio, share, type Figure } from './figures.js'
import { countTypes, groupBy, instanceRateOf, priceSource, rateOf, sortedBy, total } from './tally.js'

/** Rows of nodes.csv: every Node object, by name. Disks and addresses are not modelled: a node costs its instance, and EKS Auto Mode's fee. */
export const nodeRows = (analysis: Analysis): NodeRow[] =>
  sortedBy(analysis.cluster.nodes, (node) => node.name).map((node) => nodeRow(node, analysis))

function nodeRow(node: Node, analysis: Analysis): NodeRow {
  const price = analysis.bill.nodes.get(node.name)
  const use = analysis.nodeUse.get(node.name)
  return {
    node: node.name,
    node_group: node.group,
    instance_id: node.instanceId,
    instance_type: node.instanceType,
    zone: node.zone,
    capacity_type: node.capacityType,
    arch: node.architecture,
    hourly_usd: known(rateOf(price), hourlyUsd),
    instance_hourly_usd: known(instanceRateOf(price), hourlyUsd),
    price_source: priceSource(price),
    cpu_allocatable: cores(node.allocatable.cpu),
    cpu_requested: known(use?.requested.cpu, cores),
    memory_allocatable_mib: mib(node.allocatable.memory),
    memory_requested_mib: known(use?.requested.memory, mib),
    pods_allocatable: count(node.allocatable.pods),
    pods_running: known(use?.podsRunning, count),
    max_pods_model: known(use?.maxPodsModel, count),
    max_pods_binding: use?.maxPodsBinding,
    binding_resource: use?.binding,
    removable: use?.removable,
    blockers: use?.blockers ?? [],
  }
}

/** A node group now and in the recommended plan. */
export type GroupView = {
  readonly row: NodeGroupRow
  readonly monthly: Figure | undefined
  readonly planMonthly: Figure | undefined
  readonly unpriced: number
  /** As exact as the nodes say it; undefined where no node of the group is packed. */
  readonly stranded: Resources | undefined
}

/** Rows of node-groups.csv, by name. Without a plan the `plan_*` columns are unknown. */
export function groupViews(
  analysis: Analysis,
  planNodes: readonly PlanNode[] | undefined,
  isPacked: (node: Node) => boolean,
): GroupView[] {
  const planned = groupBy(planNodes ?? [], (node) => node.group)
  return sortedBy(analysis.cluster.groups, (group) => group.name).map((group) =>
    groupView(group, analysis, planNodes === undefined ? undefined : (planned.get(group.name) ?? []), isPacked),
  )
}

function groupView(
  group: NodeGroup,
  analysis: Analysis,
  planNodes: readonly PlanNode[] | undefined,
  isPacked: (node: Node) => boolean,
): GroupView {
  const now = total(group.nodes.map((node) => analysis.bill.nodes.get(node.name)))
  const plan = planNodes && total(planNodes.map((node) => node.price))
  const use = groupUse(group.nodes.filter(isPacked), analysis)
  const row: NodeGroupRow = {
    node_group: group.name,
    owner: group.owner,
    nodes: count(group.nodes.length),
    instance_types: countTypes(group.nodes),
    zones: [...new Set(group.nodes.flatMap((node) => (node.zone === undefined ? [] : [node.zone])))].sort(),
    spot_share: known(use.spotShare, share),
    hourly_usd: known(now.rate, hourlyUsd),
    cpu_efficiency: known(use.efficiency?.cpu, share),
    memory_efficiency: known(use.efficiency?.memory, share),
    pod_slot_efficiency: known(use.efficiency?.pods, share),
    binding_resource: use.binding,
    stranded_cpu: known(use.stranded?.cpu, cores),
    stranded_memory_mib: known(use.stranded?.memory, mib),
    plan_nodes: known(planNodes?.length, count),
    plan_instance_types: countTypes(planNodes ?? []),
    plan_hourly_usd: known(plan?.rate, hourlyUsd),
  }
  const perMonth = (rate: number): Figure => monthlyUsd(rate * HOURS_PER_MONTH)
  return {
    row,
    monthly: known(now.rate, perMonth),
    planMonthly: known(plan?.rate, perMonth),
    unpriced: now.unpriced,
    stranded: use.stranded,
  }
}

type GroupUse = {
  readonly spotShare: number | undefined
  readonly efficiency: Readonly<Record<BindingResource, number | undefined>> | undefined
  readonly binding: BindingResource | undefined
  readonly stranded: Resources | undefined
}

/** How the packed nodes of a group are used together; unknown for groups without any (Fargate, control plane). */
function groupUse(nodes: readonly Node[], analysis: Analysis): GroupUse {
  const uses = nodes.flatMap((node) => analysis.nodeUse.get(node.name) ?? [])
  if (nodes.length === 0 || uses.length < nodes.length)
    return { spotShare: undefined, efficiency: undefined, binding: undefined, stranded: undefined }
  const offered = addAll(nodes.map((node) => node.allocatable))
  const requested = addAll(uses.map((use) => use.requested))
  const podsRunning = uses.reduce((sum, use) => sum + use.podsRunning, 0)
  const spotCpu = addAll(nodes.filter((node) => node.capacityType === 'spot').map((node) => node.allocatable)).cpu
  const efficiency = {
    cpu: ratio(requested.cpu, offered.cpu),
    memory: ratio(requested.memory, offered.memory),
    pods: ratio(podsRunning, offered.pods),
  }
  return {
    spotShare: ratio(spotCpu, offered.cpu),
    efficiency,
    binding: fullest(efficiency),
    stranded: addAll(uses.map((use) => use.stranded)),
  }
}

export const addAll = (all: readonly Resources[]): Resources => all.reduce(add, NO_RESOURCES)

/** The resource of which the largest share is taken; of equals the first of CPU, memory, pods. */
function fullest(taken: Readonly<Record<BindingResource, number | undefined>>): BindingResource | undefined {
  const names: readonly BindingResource[] = ['cpu', 'memory', 'pods']
  const present = names.flatMap((name) => (taken[name] === undefined ? [] : [{ name, taken: taken[name] }]))
  return present.length === 0 ? undefined : present.reduce((best, next) => (next.taken > best.taken ? next : best)).name
}
