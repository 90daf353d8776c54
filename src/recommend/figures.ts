import type { PlanNode } from '../domain/plan.js'
import { requestsOn, type Pod } from '../domain/pod.js'
import { spotPools } from '../domain/node-mix.js'
import type { Efficiency, SpotPools } from '../domain/recommendation.js'
import { add, NO_RESOURCES, sum, type Resources } from '../domain/resources.js'
import { asMixed } from './mix-faults.js'

/** Everything that a node of a plan carries: what comes with it and what the plan puts there. */
export const requestedOn = (node: PlanNode): Resources =>
  add(node.resident, sum(node.pods.map((pod) => requestsOn(pod, node.name))))

export type Fill = {
  readonly efficiency: Efficiency
  readonly spotShare: number | undefined
  readonly largestNodeShare: number | undefined
  readonly requested: Resources
  readonly allocatable: Resources
  /** Pools of spot machines, by instance type and zone, and the largest one's share of all spot CPU; absent: no spot. */
  readonly spotPools: SpotPools | undefined
}

const ratio = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined)

/** How a plan's packed nodes are used, as the contract defines its columns. */
export function fillOf(nodes: readonly PlanNode[]): Fill {
  const packed = nodes.filter((node) => node.packed)
  const loads = packed.map(requestedOn)
  const requested = loads.length > 0 ? sum(loads) : NO_RESOURCES
  const allocatable = sum(packed.map((node) => node.allocatable))
  const spot = sum(packed.filter(({ capacityType }) => capacityType === 'spot').map((node) => node.allocatable))
  const largest = Math.max(
    0,
    ...loads.map((load) => Math.max(ratio(load.cpu, requested.cpu) ?? 0, ratio(load.memory, requested.memory) ?? 0)),
  )
  return {
    efficiency: {
      cpu: ratio(requested.cpu, allocatable.cpu),
      memory: ratio(requested.memory, allocatable.memory),
      podSlots: ratio(requested.pods, allocatable.pods),
    },
    spotShare: ratio(spot.cpu, allocatable.cpu),
    largestNodeShare: packed.length > 0 && (requested.cpu > 0 || requested.memory > 0) ? largest : undefined,
    requested,
    allocatable,
    spotPools: poolsOf(packed),
  }
}

/** Part of the allocatable CPU or memory of all packed nodes together that is requested, the larger of both. */
export function usedShare(nodes: readonly PlanNode[]): number {
  const { cpu, memory } = fillOf(nodes).efficiency
  return Math.max(cpu ?? 0, memory ?? 0)
}

/**
 * The largest share of all requests, CPU or memory, on one node. What a single pod asks for, and pods that no plan moves, is not
 * the plan's choice.
 */
export function chosenNodeShare(nodes: readonly PlanNode[], isPinned: (pod: Pod) => boolean): number {
  const { requested } = fillOf(nodes)
  return nodes
    .filter(({ packed, pods }) => packed && pods.length > 1 && !pods.every(isPinned))
    .map(requestedOn)
    .reduce((most, { cpu, memory }) => {
      const share = Math.max(ratio(cpu, requested.cpu) ?? 0, ratio(memory, requested.memory) ?? 0)
      return Math.max(most, share)
    }, 0)
}

function poolsOf(packed: readonly PlanNode[]): SpotPools | undefined {
  const pools = spotPools(packed.map(asMixed))
  const [largest] = pools
  return largest === undefined || largest.share === 0 ? undefined : { pools: pools.length, largestShare: largest.share }
}

/** Pods that run now and would be on another node. */
export const movesIn = (nodes: readonly PlanNode[]): number =>
  nodes.reduce(
    (moves, node) => moves + node.pods.filter(({ nodeName }) => nodeName !== '' && nodeName !== node.name).length,
    0,
  )
