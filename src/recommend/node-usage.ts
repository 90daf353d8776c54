import type { Node } from '../domain/cluster.js'
import { milliValueOf, parseQuantity, valueOf } from '../domain/quantity.js'
import { sum } from '../domain/resources.js'
import type { Finding, NodeUsageObject } from '../domain/snapshot.js'
import { GIBIBYTE, MEBIBYTE } from '../domain/units.js'

/** A node's memory may be this much above what explains it before it is worth a word. */
const TOLERANCE = 256 * MEBIBYTE

const gib = (memory: number): string => `${(memory / GIBIBYTE).toFixed(1)} GiB`
const cores = (cpu: number): string => (cpu / 1000).toFixed(1)

type Excess = { readonly node: Node; readonly used: number; readonly requested: number; readonly beyond: number }

const amount = (text: string | undefined, of: (quantity: bigint) => number): number | undefined => {
  const quantity = text === undefined ? undefined : parseQuantity(text)
  return quantity === undefined ? undefined : of(quantity)
}

/**
 * Nodes that used more memory than their pods request and the system is given: plans are packed by requests, so the same
 * pods on fewer nodes run short of it. What is kept for the system (capacity less allocatable) is its own to use. One
 * sample tells of one moment, and a node's whole: page cache that it can give back is in it. CPU is counted beside it.
 */
export function nodeUsageFindings(nodes: readonly Node[], samples: readonly NodeUsageObject[]): readonly Finding[] {
  const usage = new Map(samples.map(({ metadata, usage }) => [metadata.name, usage]))
  let [sampled, cpuUsed, cpuRequested, memoryUsed, memoryRequested] = [0, 0, 0, 0, 0]
  const short: Excess[] = []
  for (const node of nodes) {
    const of = usage.get(node.name)
    const used = amount(of?.['memory'], valueOf)
    if (used === undefined) continue
    const requested = sum(node.pods.map(({ held }) => held))
    sampled += 1
    cpuUsed += amount(of?.['cpu'], milliValueOf) ?? 0
    cpuRequested += requested.cpu
    memoryUsed += used
    memoryRequested += requested.memory
    const beyond = used - requested.memory - (node.capacity.memory - node.allocatable.memory)
    if (beyond >= TOLERANCE) short.push({ node, used, requested: requested.memory, beyond })
  }
  const [worst] = short.sort((a, b) => b.beyond - a.beyond || (a.node.name < b.node.name ? -1 : 1))
  if (worst === undefined) return []
  const which = `${short.length} of ${sampled} nodes used more memory when asked than their pods request and the system is given`
  const one = `the most on ${worst.node.name}: ${gib(worst.used)} used, ${gib(worst.requested)} requested, ${gib(worst.node.allocatable.memory)} allocatable`
  const all = `all sampled nodes together used ${gib(memoryUsed)} of ${gib(memoryRequested)} requested, and ${cores(cpuUsed)} CPU of ${cores(cpuRequested)}`
  return [
    {
      code: 'node-usage-above-requests',
      subject: worst.node.name,
      detail: `${which} (${one}); ${all}. Plans are packed by requests: raise those that are too low before nodes get fuller.`,
    },
  ]
}
