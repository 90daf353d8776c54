import type { PlanNode } from '../domain/plan.js'
import type { Analysis, MaxPods, WorkloadCost } from '../domain/recommendation.js'
import { mebibytes } from '../domain/units.js'
import type { MaxPodsRow, WorkloadRow } from './columns.js'
import { cores, count, known, mib, monthlyUsd, type Figure } from './figures.js'
import { sortedBy } from './tally.js'

/** A workload's row, and both its shares of the bill together. */
export type WorkloadView = {
  readonly row: WorkloadRow
  readonly monthlyTotal: Figure | undefined
  readonly microUsd: number
}

/**
 * Rows of workloads.csv by namespace, kind and name. `priced` is false where no node has a price: a share of an unknown
 * bill is unknown. What no workload bears is a row of its own, so that the columns still add up to the bill.
 */
export function workloadViews(analysis: Analysis, priced: boolean): WorkloadView[] {
  const workloads = sortedBy(analysis.workloads, ({ workload }) => workload.key).map((cost) =>
    workloadView(cost, priced),
  )
  const idle = analysis.unallocatedMonthlyMicroUsd
  if (!priced || idle <= 0) return workloads
  return [
    ...workloads,
    {
      row: { ...NOBODY, monthly_usd: monthlyUsd(0), idle_monthly_usd: monthlyUsd(idle) },
      monthlyTotal: monthlyUsd(idle),
      microUsd: idle,
    },
  ]
}

function workloadView(cost: WorkloadCost, priced: boolean): WorkloadView {
  const { workload } = cost
  const money = (microUsd: number): Figure | undefined => (priced ? monthlyUsd(microUsd) : undefined)
  const microUsd = cost.monthlyMicroUsd + cost.idleMonthlyMicroUsd
  return {
    row: {
      namespace: workload.namespace,
      kind: workload.kind,
      workload: workload.name,
      replicas: known(workload.replicas, count),
      cpu_requested: cores(cost.requested.cpu),
      memory_requested_mib: mib(cost.requested.memory),
      monthly_usd: money(cost.monthlyMicroUsd),
      idle_monthly_usd: money(cost.idleMonthlyMicroUsd),
      spot_eligible: cost.spot.eligible,
      spot_reason: cost.spot.reason,
      recommended_cpu: known(cost.recommended?.cpu, cores),
      recommended_memory_mib: known(cost.recommended?.memory, mib),
      blockers: cost.blockers,
    },
    monthlyTotal: money(microUsd),
    microUsd,
  }
}

const NOBODY: WorkloadRow = {
  namespace: undefined,
  kind: undefined,
  workload: '(idle: nothing requested)',
  replicas: undefined,
  cpu_requested: undefined,
  memory_requested_mib: undefined,
  monthly_usd: undefined,
  idle_monthly_usd: undefined,
  spot_eligible: undefined,
  spot_reason: undefined,
  recommended_cpu: undefined,
  recommended_memory_mib: undefined,
  blockers: [],
}

/**
 * Rows of max-pods.csv and of the command `max-pods`, by instance type. What is in force is the network's number; `planned`,
 * distinct numbers of the plan's nodes, is what their group makes of it.
 */
export const maxPodsRows = (all: readonly MaxPods[], planned: readonly PlanNode[] = []): MaxPodsRow[] =>
  sortedBy(all, ({ type }) => type.name).map((limits) => ({
    instance_type: limits.type.name,
    vcpus: count(limits.type.vcpus),
    memory_mib: mib(mebibytes(limits.type.memoryMib)),
    enis: count(limits.type.enis),
    ipv4_per_eni: count(limits.type.ipv4PerEni),
    secondary_ip: count(limits.secondaryIp),
    prefix_delegation: count(limits.prefixDelegation),
    ipv6: known(limits.ipv6, count),
    custom_networking: count(limits.customNetworking),
    custom_networking_prefix: count(limits.customNetworkingPrefix),
    overlay: count(limits.overlay),
    in_force_mode: limits.inForce?.mode,
    in_force: known(limits.inForce?.maxPods, count),
    observed: limits.observed.map(count),
    planned: distinctPods(planned.filter(({ instanceType }) => instanceType === limits.type.name)).map(count),
  }))

const distinctPods = (nodes: readonly PlanNode[]): number[] =>
  [...new Set(nodes.map(({ allocatable }): number => allocatable.pods))].sort((a, b) => a - b)
