import type { Cluster, NodeGroup } from '../domain/cluster.js'
import type { Plan, PlanNode } from '../domain/plan.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import type { TypeCount } from './columns.js'
import { count, known, monthlyUsd, ratio, share, type Figure } from './figures.js'
import { countTypes, groupBy, sortedBy, total } from './tally.js'

/** Bought nodes on which the plan places no pod that runs today: room that is paid for. */
export type SpareView = {
  readonly nodes: Figure
  readonly monthly: Figure | undefined
  /** As a share of the plan's cost. */
  readonly ofPlan: Figure | undefined
  readonly groups: readonly SpareNodes[]
}

export type SpareNodes = {
  readonly group: string
  readonly nodes: readonly string[]
  readonly types: readonly TypeCount[]
  readonly monthly: Figure | undefined
  /** Pods placed there that are pending today. */
  readonly pending: Figure
  /** Who may take them away as empty or little used; a NodePool of a fixed size does not. */
  readonly removedBy: 'karpenter' | 'cluster-autoscaler' | 'nobody'
}

/** Undefined where every bought node is there for pods that run today. */
export function spareView(cluster: Cluster, plan: Plan): SpareView | undefined {
  const spare = plan.nodes.filter(
    ({ action, pods }) => action === 'new' && pods.every(({ nodeName }) => nodeName === ''),
  )
  if (spare.length === 0) return undefined
  const byGroup = sortedBy(
    groupBy(spare, ({ group }) => group),
    ([group]) => group,
  )
  return {
    nodes: count(spare.length),
    monthly: monthlyOf(spare),
    ofPlan: known(ratio(rateFor(spare) ?? 0, rateFor(plan.nodes) ?? 0), share),
    groups: byGroup.map(([group, nodes]) => ({
      group,
      nodes: nodes.map(({ name }) => name).sort(),
      types: countTypes(nodes),
      monthly: monthlyOf(nodes),
      pending: count(nodes.reduce((sum, { pods }) => sum + pods.length, 0)),
      removedBy: remover(cluster.groups.find(({ name }) => name === group)),
    })),
  }
}

const rateFor = (nodes: readonly PlanNode[]): number | undefined => total(nodes.map(({ price }) => price)).rate

const monthlyOf = (nodes: readonly PlanNode[]): Figure | undefined =>
  known(rateFor(nodes), (rate) => monthlyUsd(rate * HOURS_PER_MONTH))

function remover(group: NodeGroup | undefined): SpareNodes['removedBy'] {
  if (group?.owner !== 'karpenter' && group?.owner !== 'eks-auto-mode') return 'cluster-autoscaler'
  return group.template.nodePool?.replicas === undefined ? 'karpenter' : 'nobody'
}
