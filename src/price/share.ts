import type { Node } from '../domain/cluster.js'
import type { Price } from '../domain/offering.js'
import { GIBIBYTE, HOURS_PER_MONTH } from '../domain/units.js'

/** What a core and a GiB cost in this cluster, in micro-dollars per hour; only their ratio matters here. */
export type ShareRates = { readonly microUsdPerCoreHour: number; readonly microUsdPerGibHour: number }

export type PricedNode = {
  readonly node: Pick<Node, 'name' | 'owner' | 'allocatable' | 'pods'>
  readonly price: Price
}

export type WorkloadShare = { readonly monthlyMicroUsd: number; readonly idleMonthlyMicroUsd: number }

/** Whole micro-dollars per month. All shares and the unallocated rest add up to the rates of all priced nodes × 730. */
export type CostShares = {
  /** By `Workload.key`, in the order of the keys; every workload with a pod on a priced node is there. */
  readonly workloads: ReadonlyMap<string, WorkloadShare>
  /** What no workload bears, because nothing at all is requested. */
  readonly unallocatedMonthlyMicroUsd: number
}

/**
 * Splits a whole number by weights into whole parts that add up to it: largest remainder (Hamilton), ties to the earlier
 * part. Without any weight above 0 there is nothing to split by, and all parts are 0.
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  if (!(sum > 0)) return weights.map(() => 0)
  const quotas = weights.map((weight) => total * (weight / sum))
  const parts = quotas.map(Math.floor)
  const bySize = quotas
    .map((quota, index) => ({ index, remainder: quota - Math.floor(quota) }))
    .filter(({ index }) => (weights[index] ?? 0) > 0)
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  // Rounding errors of the quotas can move the rest by a few units, in either direction.
  let rest = total - parts.reduce((all, part) => all + part, 0)
  for (let turn = 0; rest !== 0; turn = (turn + 1) % bySize.length) {
    const step = Math.sign(rest)
    const at = step > 0 ? turn : bySize.length - 1 - turn
    const index = bySize[at]?.index ?? 0
    const part = (parts[index] ?? 0) + step
    if (part < 0) continue
    parts[index] = part
    rest -= step
  }
  return parts
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Part of a resource's cost that each unit of request bears. More requested than there is: all of it, and no more. */
const costPerUnit = (cost: number, allocatable: number, requested: number): number =>
  requested > 0 ? cost / Math.max(allocatable, requested) : 0

/** Adds the node's monthly cost to the workloads of its pods, by request; what is left over is idle. */
function shareNode(
  node: PricedNode['node'],
  monthly: number,
  rates: ShareRates,
  bear: (key: string, cost: number) => void,
) {
  const pods = [...node.pods].sort((a, b) => byText(a.id, b.id))
  if (node.owner === 'fargate') {
    for (const { workload } of pods) bear(workload, monthly / pods.length)
    return
  }
  const { cpu, memory } = node.allocatable
  const cpuValue = (cpu / 1000) * rates.microUsdPerCoreHour
  const memoryValue = (memory / GIBIBYTE) * rates.microUsdPerGibHour
  const value = cpuValue + memoryValue
  const cpuCost = value > 0 ? monthly * (cpuValue / value) : monthly / 2
  const total = (of: 'cpu' | 'memory'): number => pods.reduce((sum, { held }) => sum + held[of], 0)
  const perCpu = costPerUnit(cpuCost, cpu, total('cpu'))
  const perByte = costPerUnit(monthly - cpuCost, memory, total('memory'))
  for (const { workload, held } of pods) bear(workload, held.cpu * perCpu + held.memory * perByte)
}

/**
 * Divides what the nodes cost among workloads. A node's cost is split between CPU and memory by the value of its
 * allocatable at the given rates, and each part among its pods by request; a Fargate node is its pod's. What nobody
 * requested is idle, and all workloads bear it in proportion to their own cost, wherever they run. Nodes without a known
 * price are left out.
 */
export function shareCosts(nodes: readonly PricedNode[], rates: ShareRates): CostShares {
  const own = new Map<string, number>()
  const bear = (key: string, cost: number): void => void own.set(key, (own.get(key) ?? 0) + cost)
  let total = 0
  for (const { node, price } of [...nodes].sort((a, b) => byText(a.node.name, b.node.name))) {
    if (price.kind !== 'known') continue
    const monthly = price.rate * HOURS_PER_MONTH
    total += monthly
    for (const { workload } of node.pods) bear(workload, 0)
    shareNode(node, monthly, rates, bear)
  }
  const keys = [...own.keys()].sort(byText)
  const weights = keys.map((key) => own.get(key) ?? 0)
  const borne = weights.reduce((sum, weight) => sum + weight, 0)
  const parts = apportion(total, [...weights, Math.max(0, total - borne)])
  const idle = parts.at(-1) ?? 0
  const idleParts = apportion(idle, weights)
  const workloads = keys.map((key, index): [string, WorkloadShare] => [
    key,
    { monthlyMicroUsd: parts[index] ?? 0, idleMonthlyMicroUsd: idleParts[index] ?? 0 },
  ])
  return {
    workloads: new Map(workloads),
    unallocatedMonthlyMicroUsd:
      total - workloads.reduce((sum, [, one]) => sum + one.monthlyMicroUsd + one.idleMonthlyMicroUsd, 0),
  }
}
