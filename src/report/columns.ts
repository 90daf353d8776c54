import type { Figure } from './figures.js'

/**
 * What a cell holds. `list` and `figures`: separated by one space; `sentences`: prose separated by `; `; `types`: instance types
 * and how many, as `TYPExCOUNT` pairs. Unknown is undefined in every kind but the lists, which are then empty.
 */
type Cells = {
  readonly text: string | undefined
  readonly figure: Figure | undefined
  readonly flag: boolean | undefined
  readonly list: readonly string[]
  readonly figures: readonly Figure[]
  readonly sentences: readonly string[]
  readonly types: readonly TypeCount[]
}

export type TypeCount = { readonly instanceType: string; readonly count: number }
export type Columns = Readonly<Record<string, keyof Cells>>
export type Cell = Cells[keyof Cells]
export type Row<Of extends Columns> = { readonly [Name in keyof Of]: Cells[Of[Name]] }

/*
 * The columns that the contract promises, in their order. CSV prints them by these names, JSON by the same names in
 * camelCase.
 */

export const NODES = {
  node: 'text',
  node_group: 'text',
  instance_id: 'text',
  instance_type: 'text',
  zone: 'text',
  capacity_type: 'text',
  arch: 'text',
  hourly_usd: 'figure',
  instance_hourly_usd: 'figure',
  price_source: 'text',
  cpu_allocatable: 'figure',
  cpu_requested: 'figure',
  memory_allocatable_mib: 'figure',
  memory_requested_mib: 'figure',
  pods_allocatable: 'figure',
  pods_running: 'figure',
  max_pods_model: 'figure',
  max_pods_binding: 'flag',
  binding_resource: 'text',
  removable: 'flag',
  blockers: 'sentences',
} as const satisfies Columns

export const NODE_GROUPS = {
  node_group: 'text',
  owner: 'text',
  nodes: 'figure',
  instance_types: 'types',
  zones: 'list',
  spot_share: 'figure',
  hourly_usd: 'figure',
  cpu_efficiency: 'figure',
  memory_efficiency: 'figure',
  pod_slot_efficiency: 'figure',
  binding_resource: 'text',
  stranded_cpu: 'figure',
  stranded_memory_mib: 'figure',
  plan_nodes: 'figure',
  plan_instance_types: 'types',
  plan_hourly_usd: 'figure',
} as const satisfies Columns

export const WORKLOADS = {
  namespace: 'text',
  kind: 'text',
  workload: 'text',
  replicas: 'figure',
  cpu_requested: 'figure',
  memory_requested_mib: 'figure',
  monthly_usd: 'figure',
  idle_monthly_usd: 'figure',
  spot_eligible: 'flag',
  spot_reason: 'text',
  recommended_cpu: 'figure',
  recommended_memory_mib: 'figure',
  blockers: 'sentences',
} as const satisfies Columns

export const SCENARIOS = {
  scenario: 'text',
  nodes: 'figure',
  instance_types: 'types',
  spot_share: 'figure',
  hourly_usd: 'figure',
  monthly_usd: 'figure',
  savings_pct: 'figure',
  lower_bound_hourly_usd: 'figure',
  gap_pct: 'figure',
  cpu_efficiency: 'figure',
  memory_efficiency: 'figure',
  pod_slot_efficiency: 'figure',
  largest_node_share: 'figure',
  unplaced_pods: 'figure',
  feasible: 'flag',
  refill_unplaced_pods: 'figure',
  realised_hourly_usd: 'figure',
  notes: 'sentences',
  survives_node_loss: 'flag',
  survives_zone_loss: 'flag',
  largest_zone_share: 'figure',
  largest_node_replica_share: 'figure',
  largest_node_replica_workload: 'text',
  largest_zone_replica_share: 'figure',
  largest_zone_replica_workload: 'text',
  node_loss: 'text',
  zone_loss: 'text',
  preferences_given_up: 'figure',
  preferences_held_today: 'figure',
  preferences_given_up_weight: 'figure',
  preferences_gained: 'figure',
  spot_pools: 'figure',
  largest_spot_pool_share: 'figure',
} as const satisfies Columns

export const PLAN_NODES = {
  node: 'text',
  action: 'text',
  node_group: 'text',
  instance_type: 'text',
  zone: 'text',
  capacity_type: 'text',
  arch: 'text',
  hourly_usd: 'figure',
  price_source: 'text',
  cpu_allocatable: 'figure',
  cpu_requested: 'figure',
  memory_allocatable_mib: 'figure',
  memory_requested_mib: 'figure',
  pods_allocatable: 'figure',
  pods_assigned: 'figure',
} as const satisfies Columns

export const PLACEMENTS = { namespace: 'text', pod: 'text', node: 'text' } as const satisfies Columns

export const MAX_PODS = {
  instance_type: 'text',
  vcpus: 'figure',
  memory_mib: 'figure',
  enis: 'figure',
  ipv4_per_eni: 'figure',
  secondary_ip: 'figure',
  prefix_delegation: 'figure',
  ipv6: 'figure',
  custom_networking: 'figure',
  custom_networking_prefix: 'figure',
  overlay: 'figure',
  in_force_mode: 'text',
  in_force: 'figure',
  observed: 'figures',
  planned: 'figures',
} as const satisfies Columns

/** Not in the contract: one row for each rule that holds nodes, with what it costs. */
export const BLOCKERS = {
  blocker: 'text',
  rule: 'text',
  namespace: 'text',
  kind: 'text',
  workload: 'text',
  pods: 'list',
  nodes: 'list',
  instance_types: 'types',
  nodes_monthly_usd: 'figure',
  monthly_usd: 'figure',
  proof: 'text',
  together_with: 'sentences',
  together_monthly_usd: 'figure',
  together_proof: 'text',
  why_unknown: 'text',
  fix: 'text',
} as const satisfies Columns

/** Not in the contract: one row for each plan from many small nodes to few large ones. */
export const FRONTIER = {
  nodes: 'figure',
  instance_types: 'types',
  hourly_usd: 'figure',
  monthly_usd: 'figure',
  above_cheapest_pct: 'figure',
  lower_bound_hourly_usd: 'figure',
  gap_pct: 'figure',
  bound_covers: 'text',
  largest_node_share: 'figure',
  survives_node_loss: 'flag',
  node_loss: 'text',
  survives_zone_loss: 'flag',
  zone_loss: 'text',
  refill_unplaced_pods: 'figure',
  scenarios: 'list',
} as const satisfies Columns

export type NodeRow = Row<typeof NODES>
export type NodeGroupRow = Row<typeof NODE_GROUPS>
export type WorkloadRow = Row<typeof WORKLOADS>
export type ScenarioRow = Row<typeof SCENARIOS>
export type PlanNodeRow = Row<typeof PLAN_NODES>
export type PlacementRow = Row<typeof PLACEMENTS>
export type MaxPodsRow = Row<typeof MAX_PODS>
export type BlockerRow = Row<typeof BLOCKERS>
export type FrontierRow = Row<typeof FRONTIER>
