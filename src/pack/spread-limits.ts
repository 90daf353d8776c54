import { requestsOn, type Pod } from '../domain/pod.js'
import { mostOf, replicasOf } from '../domain/workload-replicas.js'
import { zoneOf, type Slot } from './draft.js'
import type { Limits, PackProblem } from './problem.js'

/** How much of the cluster one zone, and how much of one workload one node or zone, may hold while a packing is tried out. */
export type SpreadLimits = {
  /** The pod was put there (`by` 1) or taken off (`by` -1). */
  change(pod: Pod, slot: Slot, by: 1 | -1): void
  /** A node was opened (`by` 1) or closed (`by` -1), with the pods that come with it. */
  residents(slot: Slot, by: 1 | -1): void
  /** The limit that keeps the pod out, by its option; undefined: none does. */
  against(pod: Pod, slot: Slot): string | undefined
}

/** Undefined where the user has set no such limit, so that nothing has to be counted. */
export function spreadLimits({ limits, groups, pending }: PackProblem): SpreadLimits | undefined {
  const parts = [zoneLoads(limits, groups), replicaCounts(limits, groups, pending)].filter((part) => part !== undefined)
  if (parts.length === 0) return undefined
  return {
    change: (pod, slot, by) => parts.forEach((part) => part.change(pod, slot, by)),
    residents: (slot, by) => parts.forEach((part) => part.residents(slot, by)),
    against: (pod, slot) => {
      for (const part of parts) {
        const limit = part.against(pod, slot)
        if (limit !== undefined) return limit
      }
      return undefined
    },
  }
}

type Load = { cpu: number; memory: number }

/**
 * Requests by zone, against a share of all: every running pod, wherever it is for now, and what comes with the nodes that
 * are open. A pod that is too large for any zone gets its place all the same.
 */
function zoneLoads({ maxZoneShare }: Limits, groups: PackProblem['groups']): SpreadLimits | undefined {
  if (maxZoneShare === undefined) return undefined
  const all: Load = { cpu: 0, memory: 0 }
  for (const { live } of groups)
    for (const { pods } of live)
      for (const { needed } of pods) {
        all.cpu += needed.cpu
        all.memory += needed.memory
      }
  const zones = new Map<string, Load>()
  const loadOf = (zone: string): Load => {
    const load = zones.get(zone) ?? { cpu: 0, memory: 0 }
    zones.set(zone, load)
    return load
  }
  const isOver = (load: number, more: number, whole: number): boolean =>
    more > 0 && load + more > maxZoneShare * whole && more <= maxZoneShare * whole
  return {
    change(pod, slot, by) {
      const zone = zoneOf(slot)
      if (zone === undefined) return
      const load = loadOf(zone)
      const need = requestsOn(pod, slot.site.name)
      load.cpu += by * need.cpu
      load.memory += by * need.memory
    },
    residents(slot, by) {
      const zone = zoneOf(slot)
      const loads = zone === undefined ? [all] : [all, loadOf(zone)]
      for (const { held } of slot.residents)
        for (const load of loads) {
          load.cpu += by * held.cpu
          load.memory += by * held.memory
        }
    },
    against(pod, slot) {
      const zone = zoneOf(slot)
      if (zone === undefined) return undefined
      const load = loadOf(zone)
      const need = requestsOn(pod, slot.site.name)
      return isOver(load.cpu, need.cpu, all.cpu) || isOver(load.memory, need.memory, all.memory)
        ? '--max-zone-share'
        : undefined
    },
  }
}

/** Replicas by workload and node, by workload and zone, against a share of those that run and, once placed, those that wait. */
function replicaCounts(
  limits: Limits,
  groups: PackProblem['groups'],
  pending: readonly Pod[],
): SpreadLimits | undefined {
  const { maxNodeReplicaShare, maxZoneReplicaShare } = limits
  if (maxNodeReplicaShare === undefined && maxZoneReplicaShare === undefined) return undefined
  const live = groups.flatMap((group) => group.live)
  const counted = new Set(replicasOf([...live.flatMap(({ pods }) => pods), ...pending]).keys())
  const all = new Map<string, number>()
  for (const { pods } of live) for (const { workload } of pods) all.set(workload, (all.get(workload) ?? 0) + 1)
  const zones = new Set(live.flatMap(({ node }) => node.zone ?? [])).size
  const counts = new Map<string, Map<Slot | string, number>>()
  const countAt = (workload: string, at: Slot | string): number => counts.get(workload)?.get(at) ?? 0
  const bump = (workload: string, at: Slot | string, by: 1 | -1): void => {
    const places = counts.get(workload) ?? new Map<Slot | string, number>()
    counts.set(workload, places)
    places.set(at, (places.get(at) ?? 0) + by)
  }
  return {
    change({ workload, nodeName }, slot, by) {
      if (!counted.has(workload)) return
      const zone = zoneOf(slot)
      if (nodeName === '') all.set(workload, (all.get(workload) ?? 0) + by)
      bump(workload, slot, by)
      if (zone !== undefined) bump(workload, zone, by)
    },
    residents: () => undefined,
    against({ workload, nodeName }, slot) {
      if (!counted.has(workload)) return undefined
      const replicas = (all.get(workload) ?? 0) + (nodeName === '' ? 1 : 0)
      if (countAt(workload, slot) >= mostOf(maxNodeReplicaShare, replicas, Infinity)) return '--max-node-replica-share'
      const zone = zoneOf(slot)
      return zone === undefined || countAt(workload, zone) < mostOf(maxZoneReplicaShare, replicas, zones)
        ? undefined
        : '--max-zone-replica-share'
    },
  }
}
