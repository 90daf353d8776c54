import { formatBytes, formatCpu } from './quantity.js'
import type { Resources } from './resources.js'
import type { Bytes, MilliCpu } from './units.js'

/**
 * The most that the nodes of one group may have together, by Kubernetes' name of the resource: millicores of `cpu`, bytes,
 * devices, and the number of `nodes`. Karpenter launches no node that would bring the capacity of a NodePool's nodes above its
 * `spec.limits` (kubernetes-sigs/karpenter pkg/apis/v1 Limits.ExceededBy, pkg/controllers/provisioning/scheduling
 * filterByRemainingResources). What stands above it already may stay.
 */
export type GroupLimit = ReadonlyMap<string, number>

export type LimitedNode = {
  readonly group?: string | undefined
  readonly isNew: boolean
  readonly capacity?: Resources | undefined
}

export type LimitFault = {
  readonly kind: 'limit'
  readonly group: string
  readonly resource: string
  readonly most: number
  readonly excess: number
}

/** What a node counts towards a limit. */
export function countsFor(resource: string, capacity: Resources | undefined): number {
  switch (resource) {
    case 'nodes':
      return 1
    case 'cpu':
    case 'memory':
    case 'pods':
      return capacity?.[resource] ?? 0
    case 'ephemeral-storage':
      return capacity?.ephemeralStorage ?? 0
    default:
      return capacity?.extended[resource] ?? 0
  }
}

/** Limits that a group exceeds to which nodes were added; by group, then as the limit names its resources. */
export function limitFaults(nodes: readonly LimitedNode[], limits: ReadonlyMap<string, GroupLimit>): LimitFault[] {
  return [...limits].flatMap(([group, limit]) => {
    const own = nodes.filter((node) => node.group === group)
    if (!own.some(({ isNew }) => isNew)) return []
    return [...limit].flatMap(([resource, most]): LimitFault[] => {
      const excess = own.reduce((total, { capacity }) => total + countsFor(resource, capacity), -most)
      return excess > 0 ? [{ kind: 'limit', group, resource, most, excess }] : []
    })
  })
}

/** An amount as Kubernetes writes it. */
export function formatAmount(resource: string, amount: number): string {
  if (resource === 'cpu') return formatCpu(amount as MilliCpu)
  const isBytes = resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-')
  return isBytes ? formatBytes(amount as Bytes) : String(amount)
}
