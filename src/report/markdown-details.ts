import { bullet, left, leftOut, right, table, type Written } from './markdown-text.js'
import { pricesFrom } from './markdown-headline.js'
import type { Figure } from './figures.js'
import type { View } from './view.js'

const STUCK_SHOWN = 20
const WORKLOADS_SHOWN = 15
const TYPES_SHOWN = 30
const FINDINGS_SHOWN = 50
const SUBJECTS_SHOWN = 5

/** Nodes that cannot be removed, the dearest first, with the first reason of each. */
export function stuckTable({ stuck }: View, written: Written): string[] {
  if (stuck.length === 0) return []
  const rows = stuck.map(({ row, monthly }) => {
    const [first, ...others] = row.blockers
    return [row.node, row.node_group, monthly, others.length === 0 ? first : `${first} (and ${others.length} more)`]
  })
  return [
    ...table([left('Node'), left('Node group'), right('$/month'), left('Why')], rows.slice(0, STUCK_SHOWN)),
    ...leftOut(rows.length - STUCK_SHOWN, 'nodes.csv', written),
  ]
}

export function workloadTable({ dearest }: View, written: Written): string[] {
  if (dearest.length === 0) return []
  const rows = dearest.map(({ row, monthlyTotal }) => [
    row.namespace === undefined ? row.workload : `${row.namespace}/${row.workload}`,
    row.kind,
    row.replicas,
    row.cpu_requested,
    row.memory_requested_mib,
    monthlyTotal,
    row.idle_monthly_usd,
    row.spot_eligible,
    row.spot_reason,
  ])
  const headings = [
    left('Workload'),
    left('Kind'),
    right('Replicas'),
    right('Cores'),
    right('Memory'),
    right('$/month with idle'),
    right('of it idle'),
    left('Fit for spot'),
    left('Why'),
  ]
  return [
    ...table(headings, rows.slice(0, WORKLOADS_SHOWN)),
    ...leftOut(rows.length - WORKLOADS_SHOWN, 'workloads.csv', written),
  ]
}

export function maxPodsTable({ maxPods }: View, written: Written): string[] {
  if (maxPods.length === 0) return []
  const rows = maxPods.map((row) => [
    row.instance_type,
    row.secondary_ip,
    row.prefix_delegation,
    row.ipv6,
    row.custom_networking,
    row.custom_networking_prefix,
    row.overlay,
    row.in_force,
    numbers(row.observed),
    numbers(row.planned),
  ])
  const headings = [
    left('Instance type'),
    right('Secondary IP'),
    right('Prefix'),
    right('IPv6'),
    right('Custom'),
    right('Custom prefix'),
    right('Overlay'),
    right('In force'),
    left('On live nodes'),
    left('In the plan'),
  ]
  const modes = [...new Set(maxPods.flatMap((row) => row.in_force_mode ?? []))]
  const isLess = maxPods.some(({ in_force, planned }) => planned.some(({ exact }) => exact !== in_force?.exact))
  return [
    ...table(headings, rows.slice(0, TYPES_SHOWN)),
    ...leftOut(rows.length - TYPES_SHOWN, 'max-pods.csv', written),
    ...(modes.length === 0 ? [] : ['', bullet(`Mode detected for the cluster: ${modes.join(', ')}.`)]),
    ...(modes.length === 0 || !isLess ? [] : [bullet(PLANNED_IS_ANOTHER)]),
  ]
}

const PLANNED_IS_ANOTHER =
  'In force: what the network gives. A plan counts on what the provisioner and the kubelet of a group make of that: EKS gives managed node groups at most 110 pods a node (250 from 30 vCPUs), and all nodes of one group the smallest number of its types.'

const numbers = (figures: readonly Figure[]): string => figures.map(({ short }) => short).join(' ')

export function priceNotes(view: View): string[] {
  const { pricing } = view
  const coverage = pricing.coverage === undefined ? '' : ` (${pricing.coverage.short})`
  const rows = pricing.unpriced.map(({ why, nodes }) => [nodes, why])
  const spot = pricing.spotTypes.map((type) => [type.instanceType, type.band, type.savings, type.asOf])
  return [
    bullet(`Source: ${pricesFrom(view)}.`),
    bullet(
      `Priced: ${pricing.pricedNodes.short} of ${pricing.pricableNodes.short} nodes that should have a price${coverage}.`,
    ),
    ...(rows.length === 0 ? [] : ['', ...table([right('Unpriced nodes'), left('Why')], rows)]),
    ...(spot.length === 0
      ? []
      : [
          '',
          'Spot types in use or in the plan, as the EC2 Spot Advisor rates them (–: it did not say):',
          '',
          ...table([left('Instance type'), left('Interrupted last month'), right('Saving'), left('As of')], spot),
        ]),
  ]
}

export function findingTable({ warnings }: View, written: Written): string[] {
  if (warnings.length === 0) return []
  const rows = warnings.map(({ code, message, count, subjects }) => {
    const names = subjects.slice(0, SUBJECTS_SHOWN).join(', ')
    return [
      code,
      count,
      names === '' ? 'the cluster' : subjects.length > SUBJECTS_SHOWN ? `${names}, …` : names,
      message,
    ]
  })
  const isCut = warnings.slice(0, FINDINGS_SHOWN).some(({ subjects }) => subjects.length > SUBJECTS_SHOWN)
  return [
    ...table([left('Code'), right('Count'), left('About'), left('What')], rows.slice(0, FINDINGS_SHOWN)),
    ...(isCut
      ? ['', `…: all of them ${written.has('report.json') ? 'are' : 'would be, with --format json,'} in report.json.`]
      : []),
    ...leftOut(rows.length - FINDINGS_SHOWN, 'report.json', written),
  ]
}
