import type { AwsRead, AwsReservedInstances, AwsSavingsPlan, AwsSnapshot } from '../domain/aws-snapshot.js'
import type { Bill, Cluster, Node } from '../domain/cluster.js'
import type {
  Commitments,
  CommitmentUse,
  CoveredNodes,
  ReservedCommitment,
  SavingsPlanCommitment,
} from '../domain/commitments.js'
import type { Price } from '../domain/offering.js'
import type { Plan, PlanNode } from '../domain/plan.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import { coverByReserved, coverBySavingsPlan, isSizeFlexible, type Billed, type Uncovered } from './commitment-cover.js'
import { estimateOf } from './commitment-estimate.js'
import { normalizedUnits } from './normalized-units.js'

export type CommitmentInput = {
  /** Undefined: AWS was not asked, or its answers are not to be used. */
  readonly aws: Pick<AwsSnapshot, 'reservedInstances' | 'savingsPlans'> | undefined
  readonly cluster: Pick<Cluster, 'nodes' | 'groups'>
  readonly bill: Pick<Bill, 'nodes' | 'total'>
  /** The recommended one. */
  readonly plan: Plan | undefined
  /** Names of all instance types. */
  readonly types: Iterable<string>
  readonly listPrice: (instanceType: string) => Price
  /** ISO: what ended before is not in force. */
  readonly now: string
}

type SavingsPlanRow = Omit<AwsSavingsPlan, 'type'> & { readonly type: SavingsPlanCommitment['kind'] }
type Rows = {
  readonly reserved: readonly Omit<ReservedCommitment, 'today' | 'plan'>[]
  readonly savingsPlans: readonly SavingsPlanRow[]
}

/** Undefined where neither Reserved Instances nor Savings Plans could be read. */
export function commitmentsOf(input: CommitmentInput): Commitments | undefined {
  const { aws, cluster, bill, plan, now } = input
  if (aws === undefined) return undefined
  const { reservedInstances, savingsPlans } = aws
  if (reservedInstances.kind !== 'read' && savingsPlans.kind !== 'read') return undefined
  const inForce = <Item extends { readonly end: string }>(read: AwsRead<readonly Item[]>): Item[] =>
    read.kind === 'read' ? read.value.filter(({ end }) => Date.parse(end) > Date.parse(now)).sort(lastEndFirst) : []
  const rows: Rows = {
    reserved: [...merged(inForce(reservedInstances), input.listPrice)].sort(zonalFirst),
    savingsPlans: inForce(savingsPlans)
      .flatMap(coveringPlan)
      .sort((a, b) => planRank(a) - planRank(b)),
  }
  const units = normalizedUnits(input.types)
  const priceIn = (node: Node) => bill.nodes.get(node.name)
  const today = coverAll(
    rows,
    cluster.nodes.flatMap((node) => billed(node, node, priceIn(node))),
    units,
  )
  const planned = plan && coverAll(rows, billedInPlan(plan, cluster), units)
  const uses = (today: CommitmentUse | undefined, plan: CommitmentUse | undefined) => ({
    today: useOf(today),
    ...(planned === undefined ? {} : { plan: useOf(plan) }),
  })
  const commitments: Commitments = {
    reserved: rows.reserved.map((row, at) => ({
      ...row,
      ...uses(today.reserved[at], planned?.reserved[at]),
    })),
    savingsPlans: rows.savingsPlans.map((row, at) => ({
      id: row.id,
      kind: row.type,
      ...(row.family === undefined ? {} : { family: row.family }),
      ...(row.region === undefined ? {} : { region: row.region }),
      commitment: row.commitmentMicroPerHour as MicroUsdPerHour,
      end: row.end,
      rated: (today.savingsPlans[at]?.rated ?? true) && (planned?.savingsPlans[at]?.rated ?? true),
      ...uses(today.savingsPlans[at], planned?.savingsPlans[at]),
    })),
    missing: [...missingOf('Reserved Instances', reservedInstances), ...missingOf('Savings Plans', savingsPlans)],
    today: { covered: today.covered, list: bill.total },
    ...(plan === undefined || planned === undefined ? {} : { plan: { covered: planned.covered, list: plan.cost } }),
  }
  const ends = [...commitments.reserved, ...commitments.savingsPlans].flatMap(({ end, ...row }) =>
    row.plan !== undefined && row.plan.amount < row.today.amount ? [end] : [],
  )
  const last = ends.sort().at(-1)
  return { ...commitments, ...(last === undefined ? {} : { lessUsedUntil: last }), ...estimateOf(commitments) }
}

const useOf = (use: CommitmentUse | undefined): CommitmentUse => ({ amount: use?.amount ?? 0, nodes: use?.nodes ?? [] })

/** What ends last is used first: so what is not used is free the soonest. */
const lastEndFirst = (
  a: { readonly end: string; readonly id?: string },
  b: { readonly end: string; readonly id?: string },
): number => (a.end > b.end ? -1 : a.end < b.end ? 1 : (a.id ?? '') < (b.id ?? '') ? -1 : 1)

/** AWS's own order: zonal ones, regional ones of one size, then those that any size of the family may use. */
const rank = ({ zone, sizeFlexible }: Pick<ReservedCommitment, 'zone' | 'sizeFlexible'>): number =>
  zone !== undefined ? 0 : sizeFlexible ? 2 : 1
const zonalFirst = (a: Rows['reserved'][number], b: Rows['reserved'][number]): number => rank(a) - rank(b)

/** Plans for other services, or in another currency than the prices, cover none of these nodes. */
const coveringPlan = ({ type, ...plan }: AwsSavingsPlan): readonly SavingsPlanRow[] =>
  (type === 'EC2Instance' || type === 'Compute') && plan.currency === 'USD' ? [{ ...plan, type }] : []
const planRank = ({ type }: SavingsPlanRow): number => (type === 'EC2Instance' ? 0 : 1)

/** Purchases that differ in nothing but their id are one row. */
function merged(
  all: readonly AwsReservedInstances[],
  listPrice: CommitmentInput['listPrice'],
): Iterable<Rows['reserved'][number]> {
  const rows = new Map<string, Rows['reserved'][number]>()
  for (const one of all) {
    const { type: instanceType, zone, platform, tenancy, offeringClass, end, hourlyMicro } = one
    const key = JSON.stringify([instanceType, zone, platform, tenancy, offeringClass, end, hourlyMicro])
    // The list price is that of Linux on shared hardware: of others it would be too low.
    const listed = platform.startsWith('Linux/UNIX') && tenancy === 'default' ? listPrice(instanceType) : undefined
    const about = { instanceType, platform, tenancy, offeringClass, end, ...(zone === undefined ? {} : { zone }) }
    rows.set(key, {
      ...about,
      count: (rows.get(key)?.count ?? 0) + one.count,
      sizeFlexible: isSizeFlexible({ ...about, count: one.count }),
      ...(hourlyMicro === undefined ? {} : { each: hourlyMicro as MicroUsdPerHour }),
      ...(listed?.kind === 'known' ? { listEach: listed.rate } : {}),
    })
  }
  return rows.values()
}

function missingOf(name: string, read: AwsRead<unknown>): readonly string[] {
  switch (read.kind) {
    case 'read':
      return read.incomplete === undefined ? [] : [`${name} are not all known: ${read.incomplete}`]
    case 'denied':
      return [`${name} are not known: the permission ${read.permission} is missing`]
    case 'failed':
    case 'skipped':
      return [`${name} are not known: ${read.why}`]
    default:
      return read satisfies never
  }
}

type Cover = {
  readonly reserved: readonly CommitmentUse[]
  readonly savingsPlans: readonly (CommitmentUse & { readonly rated: boolean })[]
  readonly covered: CoveredNodes['covered']
}

function coverAll(rows: Rows, machines: readonly Billed[], units: (type: string) => number | undefined): Cover {
  const left: Uncovered = new Map()
  const reserved = rows.reserved.map((row) => coverByReserved(row, machines, left, units))
  const savingsPlans = rows.savingsPlans.map((row) =>
    coverBySavingsPlan(
      {
        kind: row.type,
        commitment: row.commitmentMicroPerHour,
        ...(row.family === undefined ? {} : { family: row.family }),
        ...(row.rates === undefined ? {} : { rates: row.rates }),
      },
      machines,
      left,
    ),
  )
  const covered = machines.reduce(
    (sum, { name, rate }) => sum + Math.round((rate ?? 0) * (1 - (left.get(name) ?? 1))),
    0,
  )
  return { reserved, savingsPlans, covered: covered as MicroUsdPerHour }
}

/** Spot, capacity blocks and dedicated hosts are covered by nothing; what is outside AWS is not billed there. */
function billed(
  {
    name,
    owner,
    capacityType,
    instanceType,
    zone,
  }: Pick<PlanNode, 'name' | 'owner' | 'capacityType' | 'instanceType' | 'zone'>,
  like: Node | undefined,
  price: Price | undefined,
): readonly Billed[] {
  const rate = price?.kind === 'known' ? (price.instanceRate ?? price.rate) : undefined
  if (owner === 'hybrid' || owner === 'other-cloud') return []
  if (owner === 'fargate' || capacityType === 'fargate')
    return [{ name, kind: 'fargate', instanceType: '', zone, platform: '', tenancy: 'default', rate }]
  if (instanceType === undefined || like?.tenancy === 'host') return []
  if (capacityType === 'spot' || capacityType === 'capacity-block' || capacityType === 'hybrid') return []
  const platform = like?.platform ?? (like?.os === 'windows' ? 'Windows' : 'Linux/UNIX')
  return [{ name, kind: 'instance', instanceType, zone, platform, tenancy: like?.tenancy ?? 'default', rate }]
}

/** New nodes are run as those of their group are today, on hardware of their own where any of these is. */
function billedInPlan({ nodes }: Plan, cluster: CommitmentInput['cluster']): readonly Billed[] {
  const live = new Map(cluster.nodes.map((node) => [node.name, node]))
  const groups = new Map(
    cluster.groups.map((group) => [
      group.name,
      group.nodes.find(({ tenancy }) => tenancy !== undefined) ?? group.nodes[0],
    ]),
  )
  return nodes.flatMap((node) =>
    billed(node, node.action === 'keep' ? live.get(node.name) : groups.get(node.group), node.price),
  )
}
