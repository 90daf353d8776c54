import type { Cluster, Node, NodeGroup } from '../domain/cluster.js'
import { formatAmount, limitFaults } from '../domain/group-limit.js'
import type { Plan, PlanNode } from '../domain/plan.js'
import { requestsOn, type Pod } from '../domain/pod.js'
import type { PlacementRow, PlanNodeRow, TypeCount } from './columns.js'
import { cores, count, hourlyUsd, known, mib, type Figure } from './figures.js'
import { byText, countTypes, groupBy, priceSource, rateOf, sortedBy } from './tally.js'

export type PlanNodeView = {
  readonly row: PlanNodeRow
  /** Ids (`namespace/name`) of the pods that the plan places here. */
  readonly pods: readonly string[]
}

export const planNodeViews = (plan: Plan): PlanNodeView[] =>
  sortedBy(plan.nodes, (node) => node.name).map((node) => ({
    row: planNodeRow(node),
    pods: node.pods.map((pod) => pod.id).sort(),
  }))

function planNodeRow(node: PlanNode): PlanNodeRow {
  let cpu: number = node.resident.cpu
  let memory: number = node.resident.memory
  for (const pod of node.pods) {
    const requests = requestsOn(pod, node.name)
    cpu += requests.cpu
    memory += requests.memory
  }
  return {
    node: node.name,
    action: node.action,
    node_group: node.group,
    instance_type: node.instanceType,
    zone: node.zone,
    capacity_type: node.capacityType,
    arch: node.architecture,
    hourly_usd: known(rateOf(node.price), hourlyUsd),
    price_source: priceSource(node.price),
    cpu_allocatable: cores(node.allocatable.cpu),
    cpu_requested: cores(cpu),
    memory_allocatable_mib: mib(node.allocatable.memory),
    memory_requested_mib: mib(memory),
    pods_allocatable: count(node.allocatable.pods),
    pods_assigned: count(node.resident.pods + node.pods.length),
  }
}

/**
 * Rows of placements.csv: every pod that needs a place, with its node or without one. In an order in which they can be
 * bound one after the other, where that is known; the others after them, by namespace and pod.
 */
export function placementRows(plan: Plan, bindingOrder: readonly string[] = []): PlacementRow[] {
  const ranks = new Map(bindingOrder.map((id, rank) => [id, rank]))
  const rankOf = ({ id }: Pod): number => ranks.get(id) ?? ranks.size
  return [
    ...plan.nodes.flatMap((node) => node.pods.map((pod) => ({ pod, node: node.name }))),
    ...plan.unplaced.map(({ pod }) => ({ pod, node: undefined })),
  ]
    .sort(
      (a, b) =>
        rankOf(a.pod) - rankOf(b.pod) || byText(a.pod.namespace, b.pod.namespace) || byText(a.pod.name, b.pod.name),
    )
    .map(({ pod, node }) => ({ namespace: pod.namespace, pod: pod.name, node }))
}

/** What the plan does to one node group; names are sorted. */
export type GroupAction = {
  readonly group: string
  readonly keep: readonly string[]
  readonly remove: readonly string[]
  readonly removeTypes: readonly TypeCount[]
  readonly add: readonly string[]
  readonly addTypes: readonly TypeCount[]
  /** EKS makes its nodes of a list of types that cannot be changed, and the plan buys some that are not in it, or several. */
  readonly needsManagedGroups: boolean
  /** Limits of its NodePool that today's nodes and the added ones exceed together: while both run, no node is launched. */
  readonly tight: readonly { readonly resource: string; readonly most: string; readonly together: string }[]
}

export function groupActions(cluster: Cluster, plan: Plan): GroupAction[] {
  const kept = new Set(plan.nodes.flatMap((node) => (node.action === 'keep' ? [node.name] : [])))
  const planned = groupBy(plan.nodes, (node) => node.group)
  return sortedBy(cluster.groups, (group) => group.name).map((group) => {
    const gone = group.nodes.filter((node) => !kept.has(node.name))
    const added = (planned.get(group.name) ?? []).filter((node) => node.action === 'new')
    return {
      group: group.name,
      tight: tightLimits(group, added),
      keep: names(group.nodes.filter((node) => kept.has(node.name))),
      remove: names(gone),
      removeTypes: countTypes(gone),
      add: names(added),
      addTypes: countTypes(added),
      needsManagedGroups:
        group.owner === 'eks-managed-node-group' && needsManagedGroups(group.nodes, countTypes(added)),
    }
  })
}

function tightLimits({ name, nodes, limit = new Map() }: NodeGroup, added: readonly PlanNode[]): GroupAction['tight'] {
  const all = [...nodes, ...added].map(({ capacity }, at) => ({ group: name, isNew: at >= nodes.length, capacity }))
  return limitFaults(all, new Map([[name, limit]])).map(({ resource, most, excess }) => ({
    resource,
    most: formatAmount(resource, most),
    together: formatAmount(resource, most + excess),
  }))
}

/** Only the types of live nodes are known; the list of the group may have more. */
function needsManagedGroups(live: readonly Node[], added: readonly TypeCount[]): boolean {
  const inUse = new Set(live.map(({ instanceType }) => instanceType))
  return added.length > 1 || added.some(({ instanceType }) => !inUse.has(instanceType))
}

const names = (nodes: readonly { readonly name: string }[]): string[] => nodes.map((node) => node.name).sort()

/** One live node that loses pods: `drain` empties it for removal, `move` leaves it in place. */
export type MigrationStep = {
  readonly kind: 'drain' | 'move'
  readonly node: string
  readonly group: string
  readonly podsMoved: Figure
}

/**
 * From today's nodes to the plan's, once the new nodes are there: drain the nodes that go, those with the fewest pods
 * first, then move pods between nodes that stay.
 */
export function migration(cluster: Cluster, plan: Plan): MigrationStep[] {
  const target = new Map<string, string>()
  for (const node of plan.nodes) for (const pod of node.pods) target.set(pod.id, node.name)
  const kept = new Set(plan.nodes.flatMap((node) => (node.action === 'keep' ? [node.name] : [])))
  const moved = (node: Node): number =>
    node.pods.filter((pod) => target.has(pod.id) && target.get(pod.id) !== node.name).length
  return cluster.nodes
    .map((node) => ({ node, drain: !kept.has(node.name), podsMoved: moved(node) }))
    .filter((step) => step.drain || step.podsMoved > 0)
    .sort((a, b) => Number(b.drain) - Number(a.drain) || a.podsMoved - b.podsMoved || byText(a.node.name, b.node.name))
    .map(({ node, drain, podsMoved }) => ({
      kind: drain ? 'drain' : 'move',
      node: node.name,
      group: node.group,
      podsMoved: count(podsMoved),
    }))
}

/** A pod without a node in the recommended plan. */
export type UnplacedView = {
  readonly pod: string
  readonly running: boolean
  /** Bound to a node that is not in the input. */
  readonly onUnknownNode: boolean
  readonly reason: string
}

export const unplacedViews = (plan: Plan): UnplacedView[] =>
  sortedBy(plan.unplaced, ({ pod }) => pod.id).map(({ pod, running, reason }) => ({
    pod: pod.id,
    running,
    onUnknownNode: pod.unknownNode !== undefined,
    reason,
  }))
