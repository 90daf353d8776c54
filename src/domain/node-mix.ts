import type { CapacityType } from './offering.js'

/** What rules about the mix of a plan's nodes look at. */
export type MixedNode = {
  /** Bought by the plan. */
  readonly isNew: boolean
  readonly zone: string | undefined
  readonly instanceType: string | undefined
  readonly capacityType: CapacityType | undefined
  /** Allocatable, in millicores. */
  readonly cpu: number
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
}

export type MixFault =
  | { readonly kind: 'count'; readonly nodes: number; readonly missing: number }
  | { readonly kind: 'zone'; readonly zone: string; readonly nodes: number; readonly missing: number }
  /** `excess`: millicores above the share that is allowed. */
  | { readonly kind: 'pool'; readonly pool: SpotPool; readonly excess: number }

const ROUNDING = 1e-9
/** Millicores that no fleet has. */
const MOST_CPU = 1e12

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

/** What the rails find wrong: zones, then pools, the worst of each first, then the number of all nodes. */
export function mixFaults(
  nodes: readonly MixedNode[],
  { minNodes = 0, minNodesPerZone = 0, zones = [], maxSpotPoolShare = 1 }: MixRails,
): MixFault[] {
  const inZone = (zone: string): number => nodes.filter((node) => node.zone === zone).length
  const bare = zones
    .map((zone) => ({ kind: 'zone' as const, zone, nodes: inZone(zone), missing: minNodesPerZone - inZone(zone) }))
    .filter(({ missing }) => missing > 0)
    .sort((a, b) => b.missing - a.missing || (a.zone < b.zone ? -1 : 1))
  const missing = minNodes - nodes.length
  const few = missing > 0 ? [{ kind: 'count' as const, nodes: nodes.length, missing }] : []
  if (maxSpotPoolShare >= 1) return [...bare, ...few]
  const large = spotPools(nodes)
    .filter((pool) => pool.nodes > 1 && pool.newNodes > 0 && pool.share > maxSpotPoolShare + ROUNDING)
    .map((pool) => ({ kind: 'pool' as const, pool, excess: pool.cpu * (1 - maxSpotPoolShare / pool.share) }))
  return [...bare, ...large, ...few]
}

/** One number for all that is wrong, 0 for nothing: a node that is missing outweighs any pool. */
export const gravity = (faults: readonly MixFault[]): number =>
  faults.reduce((total, fault) => total + (fault.kind === 'pool' ? fault.excess : fault.missing * MOST_CPU), 0)
