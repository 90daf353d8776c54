import type { NodeOwner } from './cluster.js'
import type { CapacityType } from './offering.js'
import { limitFaults, type GroupLimit, type LimitFault } from './group-limit.js'
import { headroomFaults, type Headroom, type HeadroomFault, type Room } from './headroom.js'
import type { Pod } from './pod.js'
import type { Resources } from './resources.js'
import type { Labels } from './snapshot.js'

/** What rules about the mix of a plan's nodes look at. */
export type MixedNode = {
  /** Bought by the plan. */
  readonly isNew: boolean
  readonly zone: string | undefined
  readonly instanceType: string | undefined
  readonly capacityType: CapacityType | undefined
  /** Allocatable, in millicores. */
  readonly cpu: number
  /** What limits on a group's nodes together look at; absent: not counted. */
  readonly group?: string
  readonly capacity?: Resources
  /** What it may carry so that its part of the headroom stays free; absent: not counted. */
  readonly carries?: Room
  /** What it takes of the subnets in its zone; absent: not counted. */
  readonly addresses?: number
}

/** What the addresses that a node takes depend on. */
export type AddressedNode = {
  /** Of a node of today. */
  readonly name?: string
  readonly owner: NodeOwner
  readonly instanceType: string | undefined
  readonly labels: Labels
  readonly allocatable: Resources
  /** All that run on it, DaemonSet and static pods among them. */
  readonly pods: readonly Pod[]
}

/** The addresses that the subnets of the cluster have. */
export type SubnetRail = {
  /** What all packed nodes of a zone may take; zones that are not named have enough. */
  readonly most: ReadonlyMap<string, number>
  readonly takenBy: (node: AddressedNode) => number
}

/** Spot machines that are interrupted together: of one instance type in one zone. */
export type SpotPool = {
  readonly instanceType: string | undefined
  readonly zone: string | undefined
  readonly nodes: number
  readonly newNodes: number
  /** Allocatable, in millicores; `share`: of all spot CPU, 0 to 1. */
  readonly cpu: number
  readonly share: number
}

/** Guard rails over all packed nodes together; undefined where none is set. */
export type MixRails = {
  readonly minNodes?: number | undefined
  readonly minNodesPerZone?: number | undefined
  /** The zones that `minNodesPerZone` speaks of. */
  readonly zones?: readonly string[]
  /**
   * No node is bought into a pool that then has several and more than this share of all spot CPU. With one node in it, no
   * more is lost at once than with any node.
   */
  readonly maxSpotPoolShare?: number | undefined
  readonly subnets?: SubnetRail | undefined
  readonly wholeHeadroom?: Headroom | undefined
  /** By group; groups that are not named have none. */
  readonly groupLimits?: ReadonlyMap<string, GroupLimit> | undefined
}

/** Is any of the rails set? */
export function hasMixRails(rails: MixRails): boolean {
  const { minNodes = 0, minNodesPerZone = 0, maxSpotPoolShare = 1, subnets, wholeHeadroom, groupLimits } = rails
  const isCounted = minNodes > 0 || minNodesPerZone > 0 || maxSpotPoolShare < 1
  const hasLimits = groupLimits !== undefined && groupLimits.size > 0
  return isCounted || hasLimits || subnets !== undefined || wholeHeadroom !== undefined
}

/** Zones whose subnets have the most addresses first, as far as they are known; else by name. */
export const byAddresses =
  (subnets: SubnetRail | undefined) =>
  (a: string, b: string): number => {
    const [inA, inB] = [a, b].map((zone) => subnets?.most.get(zone) ?? Infinity) as [number, number]
    return inA === inB ? (a < b ? -1 : a > b ? 1 : 0) : inB - inA
  }

export type MixFault =
  | { readonly kind: 'count'; readonly nodes: number; readonly missing: number }
  | { readonly kind: 'zone'; readonly zone: string; readonly nodes: number; readonly missing: number }
  /** `excess`: millicores above the share that is allowed. */
  | { readonly kind: 'pool'; readonly pool: SpotPool; readonly excess: number }
  /** `excess`: addresses more than the subnets of the zone have. */
  | { readonly kind: 'addresses'; readonly zone: string; readonly excess: number }
  | LimitFault
  | HeadroomFault

const NO_LIMITS: ReadonlyMap<string, GroupLimit> = new Map()
const ROUNDING = 1e-9
/** Millicores that no fleet has. */
const MOST_CPU = 1e12
/** Millicores that an address too many weighs: a pod without one does not run, whatever the pools are. */
const ADDRESS_WEIGHT = 1e6

/** The largest first. */
export function spotPools(nodes: readonly MixedNode[]): SpotPool[] {
  const members = new Map<string, MixedNode[]>()
  for (const node of nodes) {
    if (node.capacityType !== 'spot') continue
    const key = poolOf(node)
    const pool = members.get(key)
    if (pool === undefined) members.set(key, [node])
    else pool.push(node)
  }
  const cpuOf = (some: readonly MixedNode[]): number => some.reduce((total, { cpu }) => total + cpu, 0)
  const all = [...members.values()].reduce((total, pool) => total + cpuOf(pool), 0)
  return [...members]
    .map(([key, pool]) => ({ key, pool, cpu: cpuOf(pool) }))
    .sort((a, b) => b.cpu - a.cpu || (a.key < b.key ? -1 : 1))
    .map(({ pool, cpu }) => ({
      instanceType: pool[0]?.instanceType,
      zone: pool[0]?.zone,
      nodes: pool.length,
      newNodes: pool.filter(({ isNew }) => isNew).length,
      cpu,
      share: all === 0 ? 0 : cpu / all,
    }))
}

/** Names the pool that a spot machine is in. */
export const poolOf = ({ instanceType, zone }: Pick<MixedNode, 'instanceType' | 'zone'>): string =>
  `${instanceType ?? ''} ${zone ?? ''}`

/**
 * What the rails find wrong: limits, then zones, subnets and pools, the worst of each first, then the number of all nodes and
 * what they carry.
 */
export function mixFaults(nodes: readonly MixedNode[], rails: MixRails): MixFault[] {
  const { minNodes = 0, minNodesPerZone = 0, zones = [], maxSpotPoolShare = 1 } = rails
  const { subnets, wholeHeadroom, groupLimits = NO_LIMITS } = rails
  const above = limitFaults(nodes, groupLimits)
  const inZone = (zone: string): number => nodes.filter((node) => node.zone === zone).length
  const bare = zones
    .map((zone) => ({ kind: 'zone' as const, zone, nodes: inZone(zone), missing: minNodesPerZone - inZone(zone) }))
    .filter(({ missing }) => missing > 0)
    .sort((a, b) => b.missing - a.missing || (a.zone < b.zone ? -1 : 1))
  const missing = minNodes - nodes.length
  const few: MixFault[] = missing > 0 ? [{ kind: 'count', nodes: nodes.length, missing }] : []
  if (wholeHeadroom !== undefined)
    few.push(
      ...headroomFaults(
        nodes.map((node) => node.carries),
        wholeHeadroom,
      ),
    )
  const crowded = subnets === undefined ? [] : crowdedZones(nodes, subnets)
  if (maxSpotPoolShare >= 1) return [...above, ...bare, ...crowded, ...few]
  const large = spotPools(nodes)
    .filter((pool) => pool.nodes > 1 && pool.newNodes > 0 && pool.share > maxSpotPoolShare + ROUNDING)
    .map((pool) => ({ kind: 'pool' as const, pool, excess: pool.cpu * (1 - maxSpotPoolShare / pool.share) }))
  return [...above, ...bare, ...crowded, ...large, ...few]
}

function crowdedZones(nodes: readonly MixedNode[], { most }: SubnetRail): MixFault[] {
  const takenIn = new Map<string, number>()
  for (const { zone, addresses = 0 } of nodes)
    if (zone !== undefined) takenIn.set(zone, (takenIn.get(zone) ?? 0) + addresses)
  return [...takenIn]
    .map(([zone, taken]) => ({ kind: 'addresses' as const, zone, excess: taken - (most.get(zone) ?? Infinity) }))
    .filter(({ excess }) => excess > 0)
    .sort((a, b) => b.excess - a.excess || (a.zone < b.zone ? -1 : 1))
}

/** One number for all that is wrong, 0 for nothing: a node that is missing outweighs any pool. */
export const gravity = (faults: readonly MixFault[]): number =>
  faults.reduce((total, fault) => total + weightOf(fault), 0)

function weightOf(fault: MixFault): number {
  switch (fault.kind) {
    case 'count':
    case 'zone':
      return fault.missing * MOST_CPU
    case 'addresses':
      return fault.excess * ADDRESS_WEIGHT
    case 'pool':
      return fault.excess
    case 'headroom':
      return (fault.excess / fault.demand) * MOST_CPU
    // By the part that is too much, as limits are on bytes, cores and nodes alike.
    case 'limit':
      return (fault.excess / Math.max(1, fault.most)) * MOST_CPU
    default:
      return fault satisfies never
  }
}
