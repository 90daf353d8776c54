import { bullet, left, leftOut, plural, right, table, typeList, UNKNOWN, type Written } from './markdown-text.js'
import type { UnplacedView } from './view-plan.js'
import type { View } from './view.js'

const GROUPS_SHOWN = 40
const UNPLACED_SHOWN = 25

/** All scenarios side by side, their notes below. */
export function scenarioTable({ scenarios }: View): string[] {
  const rows = scenarios.map(({ row, title, moves }) => [
    row.scenario,
    row.nodes,
    row.monthly_usd,
    row.savings_pct,
    row.gap_pct,
    row.spot_share,
    row.cpu_efficiency,
    row.memory_efficiency,
    row.pod_slot_efficiency,
    row.largest_node_share,
    moves,
    row.unplaced_pods,
    row.feasible,
    title,
  ])
  const headings = [
    left('Scenario'),
    right('Nodes'),
    right('$/month'),
    right('Saving'),
    right('Gap'),
    right('Spot'),
    right('CPU'),
    right('Memory'),
    right('Pod slots'),
    right('Largest node'),
    right('Pods moved'),
    right('Unplaced'),
    left('Feasible'),
    left('What it is'),
  ]
  const notes = scenarios.filter(({ row }) => row.notes.length > 0)
  const pools = scenarios.flatMap(({ row }) =>
    row.spot_pools === undefined
      ? []
      : [`${row.scenario} ${row.spot_pools.short} (${row.largest_spot_pool_share?.short})`],
  )
  return [
    ...table(headings, rows),
    '',
    'Gap: the part of the cost by which it is above a bound that no plan for the same question can beat. CPU, memory, pod slots: requests ÷ allocatable. Largest node: the largest share of all requests on one node.',
    ...(pools.length === 0
      ? []
      : [
          '',
          `Spot pools, by instance type and zone, which are taken back together, and the largest one's share of the CPU on spot: ${pools.join(', ')}.`,
        ]),
    ...(notes.length === 0 ? [] : ['', ...notes.map(({ row }) => bullet(`${row.scenario}: ${row.notes.join('; ')}`))]),
  ]
}

/** What goes down with one node and with one zone, by scenario; plans that come to the same share a line. */
export function lossTable({ scenarios }: View): string[] {
  const tried = scenarios.filter(({ row }) => row.node_loss !== undefined)
  if (tried.length === 0) return []
  const rows = tried.map(({ row }) => [
    row.scenario,
    row.survives_node_loss,
    row.largest_node_share,
    row.largest_node_replica_share,
    row.survives_zone_loss,
    row.largest_zone_share,
    row.largest_zone_replica_share,
  ])
  const headings = [
    left('Scenario'),
    left('Survives a node'),
    right('Largest node'),
    right('Of one workload'),
    left('Survives a zone'),
    right('Largest zone'),
    right('Of one workload'),
  ]
  const words = new Map<string, (string | undefined)[]>()
  for (const { row } of tried) {
    const text = `One node: ${row.node_loss}. One zone: ${row.zone_loss}.`
    words.set(text, [...(words.get(text) ?? []), row.scenario])
  }
  return [
    'Survives: every pod of any one lost node, or zone, finds another place by the rules of the scheduler. Of one workload: the largest share of the replicas of one workload, with two or more, on one node or in one zone.',
    '',
    ...table(headings, rows),
    '',
    ...[...words].map(([text, names]) => bullet(`${names.join(', ')}: ${text}`)),
  ]
}

/** Node groups as they are and as the plan leaves them. */
export function groupTable({ groups }: View, written: Written): string[] {
  const rows = groups.map(({ row, monthly, planMonthly, unpriced }) => [
    row.node_group,
    row.owner,
    row.nodes,
    unpriced === 0 ? monthly : `${monthly?.short ?? UNKNOWN} (${unpriced} unpriced)`,
    row.plan_nodes,
    planMonthly,
    typeList(row.instance_types),
    typeList(row.plan_instance_types),
  ])
  const headings = [
    left('Node group'),
    left('Owner'),
    right('Nodes'),
    right('$/month'),
    right('Plan'),
    right('Plan $/month'),
    left('Types'),
    left('Plan types'),
  ]
  return groups.length === 0
    ? []
    : [
        ...table(headings, rows.slice(0, GROUPS_SHOWN)),
        ...leftOut(rows.length - GROUPS_SHOWN, 'node-groups.csv', written),
      ]
}

/** Which resource each group would run out of first, and what that would leave stranded. */
export function useTable({ groups, stranded }: View, written: Written): string[] {
  const used = groups.filter(({ row }) => row.binding_resource !== undefined)
  if (used.length === 0) return []
  const rows = used.map(({ row }) => [
    row.node_group,
    row.cpu_efficiency,
    row.memory_efficiency,
    row.pod_slot_efficiency,
    row.binding_resource,
    row.stranded_cpu,
    row.stranded_memory_mib,
  ])
  const headings = [
    left('Node group'),
    right('CPU requested'),
    right('Memory requested'),
    right('Pod slots used'),
    left('Binds'),
    right('Stranded cores'),
    right('Stranded memory'),
  ]
  const podBound =
    stranded.podBoundNodes.exact === '0'
      ? 'On no node would that be the pod slots.'
      : `On ${plural(stranded.podBoundNodes, 'node')} that would be the pod slots: the share of them that is taken today, however small, is larger than that of CPU and of memory.`
  return [
    `Stranded is what would be left over if each node were filled with more pods like its own until one resource, the one that binds, is gone: ${stranded.cpu.short} cores and ${stranded.memory.short}. ${podBound}`,
    '',
    ...table(headings, rows.slice(0, GROUPS_SHOWN)),
    ...leftOut(rows.length - GROUPS_SHOWN, 'node-groups.csv', written),
  ]
}

const placeNow = ({ running, onUnknownNode }: UnplacedView): string =>
  running ? 'running' : onUnknownNode ? 'on a node not in the input' : 'pending'

/** Pods that the plan leaves without a node. */
export function unplacedTable({ plan, cluster }: View, written: Written): string[] {
  const unplaced = plan?.unplaced ?? []
  const pending =
    cluster.pending.exact === '0' || cluster.pendingPlaced === undefined
      ? []
      : [
          `${plural(cluster.pending, 'pod')} pending today; ${cluster.pendingPlaced.short} of them ${cluster.pendingPlaced.exact === '1' ? 'has' : 'have'} a place in the plan.`,
        ]
  if (unplaced.length === 0) return pending
  const rows = unplaced.map((one) => [one.pod, placeNow(one), one.reason])
  return [
    ...pending,
    ...(pending.length === 0 ? [] : ['']),
    ...table([left('Pod'), left('Now'), left('Why it has no node')], rows.slice(0, UNPLACED_SHOWN)),
    ...leftOut(rows.length - UNPLACED_SHOWN, 'report.json', written),
  ]
}
