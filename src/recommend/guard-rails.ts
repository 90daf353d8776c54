import type { Node } from '../domain/cluster.js'
import type { GroupLimit } from '../domain/group-limit.js'
import type { WantedRails } from '../domain/guard-rails.js'
import type { MixRails } from '../domain/node-mix.js'
import { sum } from '../domain/resources.js'
import { percent } from '../domain/units.js'

/** The limits that plans are made and judged by, and how a report states them. */
export type GuardRails = WantedRails &
  MixRails & {
    readonly maxNodeShare: number
    /** The share that the user asked for, one of what the plan's own nodes carry. */
    readonly wantedNodeShare?: number | undefined
    readonly words: string
  }

/** Without --max-node-share no node carries more than this, or than the fullest node carries today. */
const DEFAULT_NODE_SHARE = 0.2

/**
 * The user's limits as far as these packed nodes can keep them, the default for a single node, and those of node groups, by
 * their names.
 */
export function guardRails(
  packed: readonly Node[],
  wanted: WantedRails,
  groupLimits: ReadonlyMap<string, GroupLimit> = new Map(),
): GuardRails {
  const loads = packed.map(({ zone, pods }) => ({ zone, load: sum(pods.map(({ held }) => held)) }))
  const all = sum(loads.map(({ load }) => load))
  const shareOf = ({ cpu, memory }: typeof all): number =>
    Math.max(cpu / Math.max(1, all.cpu), memory / Math.max(1, all.memory))
  const zones = [...new Set(loads.flatMap(({ zone }) => zone ?? []))].sort()
  const zoneToday = Math.max(
    0,
    ...zones.map((zone) => shareOf(sum(loads.flatMap((one) => (one.zone === zone ? [one.load] : []))))),
  )
  const fullest = loads.reduce((most, { load }) => Math.max(most, shareOf(load)), 0)
  const { headroom, minNodes, maxZoneShare, maxNodeReplicaShare, maxZoneReplicaShare, preferExisting = 0 } = wanted
  const { minNodesPerZone, maxSpotPoolShare } = wanted
  // So few zones cannot keep it, whatever the plan.
  const isHopeless = maxZoneShare !== undefined && maxZoneShare * zones.length < 1
  const rails = {
    ...{ headroom, minNodes, minNodesPerZone, zones, maxSpotPoolShare, groupLimits },
    maxNodeShare: wanted.maxNodeShare ?? Math.max(DEFAULT_NODE_SHARE, fullest),
    wantedNodeShare: wanted.maxNodeShare,
    maxZoneShare: isHopeless ? Math.max(maxZoneShare, zoneToday) : maxZoneShare,
    maxNodeReplicaShare,
    maxZoneReplicaShare,
    preferExisting,
  }
  const hopeless = isHopeless ? `, as ${percent(maxZoneShare)} cannot be kept in ${counted(zones.length)}` : ''
  const words = [
    `${percent(headroom)} headroom`,
    `no node carries more than ${(rails.maxNodeShare * 100).toFixed(1)} % of ${wanted.maxNodeShare === undefined ? 'what is requested today (of what fewer nodes carry, with fewer DaemonSet pods, that may be more)' : 'all requests'}`,
    minNodes === undefined ? '' : `at least ${minNodes} nodes`,
    minNodesPerZone === undefined ? '' : `at least ${minNodesPerZone} in each zone`,
    maxSpotPoolShare === undefined ? '' : `no spot pool more than ${percent(maxSpotPoolShare)} of the CPU on spot`,
    rails.maxZoneShare === undefined ? '' : `no zone more than ${percent(rails.maxZoneShare)}${hopeless}`,
    maxNodeReplicaShare === undefined
      ? ''
      : `no node more than ${percent(maxNodeReplicaShare)} of a workload's replicas`,
    maxZoneReplicaShare === undefined
      ? ''
      : `no zone more than ${percent(maxZoneReplicaShare)} of a workload's replicas`,
    groupLimits.size === 0 ? '' : `no node bought beyond the limits of ${poolsIn(groupLimits)}`,
    preferExisting === 0 ? '' : `new nodes count as ${percent(preferExisting)} dearer than they are`,
  ]
  return { ...rails, words: words.filter((part) => part !== '').join('; ') }
}

const poolsIn = ({ size }: ReadonlyMap<string, GroupLimit>): string => (size === 1 ? '1 NodePool' : `${size} NodePools`)
const counted = (zones: number): string => (zones === 1 ? '1 zone' : `${zones} zones`)
