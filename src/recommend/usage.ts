import type { Plan, PlanNode } from '../domain/plan.js'
import type { Pod, Workload } from '../domain/pod.js'
import { milliValueOf, parseQuantity, valueOf } from '../domain/quantity.js'
import type { Finding, PodUsageObject } from '../domain/snapshot.js'
import { GIBIBYTE, MEBIBYTE } from '../domain/units.js'

/**
 * Plans are packed by requests. Where pods use more than that, a node that is full by requests runs short: of memory,
 * which ends pods, or of CPU, which slows them. One sample tells only of the moment it was taken in, so nothing follows
 * from it but these findings.
 */
type Usage = { readonly cpu: number; readonly memory: number }

/** A workload's memory may be this much above its requests before it is worth a word. */
const TOLERANCE = 64 * MEBIBYTE

/** Millicores and bytes, by the pod's id. */
function usageByPod(samples: readonly PodUsageObject[]): ReadonlyMap<string, Usage> {
  const read = (text: string | undefined, of: (quantity: bigint) => number): number => {
    const quantity = text === undefined ? undefined : parseQuantity(text)
    return quantity === undefined ? 0 : of(quantity)
  }
  return new Map(
    samples.map(({ metadata, containers }) => {
      let [cpu, memory] = [0, 0]
      for (const { usage } of containers) {
        cpu += read(usage['cpu'], milliValueOf)
        memory += read(usage['memory'], valueOf)
      }
      return [`${metadata.namespace}/${metadata.name}`, { cpu, memory }]
    }),
  )
}

const amount = (memory: number): string =>
  memory < 10 * GIBIBYTE ? `${Math.round(memory / MEBIBYTE)} MiB` : `${Math.round(memory / GIBIBYTE)} GiB`
const cores = (cpu: number): string => (cpu / 1000).toFixed(1)

function aboveRequests({ key, pods }: Workload, usage: ReadonlyMap<string, Usage>): readonly Finding[] {
  const sampled = pods.flatMap((pod) => {
    const used = pod.terminating ? undefined : usage.get(pod.id)
    return used === undefined ? [] : [{ used: used.memory, requested: pod.held.memory }]
  })
  const used = sampled.reduce((sum, one) => sum + one.used, 0)
  const requested = sampled.reduce((sum, one) => sum + one.requested, 0)
  if (used - requested < TOLERANCE) return []
  const detail = `its pods used ${amount(used)} of memory when asked, of ${amount(requested)} requested: plans count the requests, so raise them before nodes get fuller`
  return [{ code: 'usage-above-requests', subject: key, detail }]
}

/** Pods without a sample, and those that come with a new node, count by their requests. */
function shortNode(node: PlanNode, usage: ReadonlyMap<string, Usage>): readonly Finding[] {
  let [cpu, memory] = [0, 0]
  const add = (pod: Pod): void => {
    const used = usage.get(pod.id) ?? pod.needed
    cpu += used.cpu
    memory += used.memory
  }
  node.residentPods.forEach(add)
  node.pods.forEach(add)
  const short = [
    ...(memory > node.allocatable.memory
      ? [`${amount(memory)} of memory, and it has ${amount(node.allocatable.memory)}`]
      : []),
    ...(cpu > node.allocatable.cpu ? [`${cores(cpu)} CPU, and it has ${cores(node.allocatable.cpu)}`] : []),
  ]
  const what = `by what its pods used when asked they need ${short.join('; ')}: their requests are too low for so full a node`
  return short.length === 0 ? [] : [{ code: 'plan-short-by-usage', subject: node.name, detail: what }]
}

/** Workloads that use more memory than they request, and nodes of the plan that would have too little for what is used. */
export function usageFindings(
  plan: Plan | undefined,
  workloads: readonly Workload[],
  samples: readonly PodUsageObject[],
): readonly Finding[] {
  if (samples.length === 0) return []
  const usage = usageByPod(samples)
  const packed = plan?.nodes.filter((node) => node.packed) ?? []
  return [
    ...workloads.flatMap((workload) => aboveRequests(workload, usage)),
    ...packed.flatMap((node) => shortNode(node, usage)),
  ]
}
