import type { Node } from '../domain/cluster.js'
import type { BindingResource, NodeUse } from '../domain/recommendation.js'
import { sum, type Resources } from '../domain/resources.js'
import { bytes, milliCpu, podSlots } from '../domain/units.js'

export type NodeUseContext = {
  /** What the capacity model gives a new node of this type in this group; undefined where it cannot say. */
  readonly maxPodsModel: number | undefined
  readonly removable: boolean
  readonly blockers: readonly string[]
}

/**
 * How a node is used today. What binds is the resource with the largest requested share. Stranded is the CPU and memory
 * that would be left over if the node were filled up with more pods of its present mix until the binding resource is
 * gone: with m the binding share, resource r strands allocatable(r) − requested(r) ÷ m.
 */
export function nodeUse(node: Node, context: NodeUseContext): NodeUse {
  const requested = sum(node.pods.map(({ held }) => held))
  const binding = bindingOf(requested, node.allocatable)
  return {
    requested,
    podsRunning: node.pods.length,
    binding,
    stranded: strandedOn(requested, node.allocatable, binding),
    maxPodsModel: context.maxPodsModel,
    maxPodsBinding: binding === undefined ? undefined : binding === 'pods',
    removable: context.removable,
    blockers: context.blockers,
  }
}

const NAMES: readonly BindingResource[] = ['cpu', 'memory', 'pods']

/** Undefined while nothing is requested, or where the node offers nothing. */
export function bindingOf(requested: Resources, allocatable: Resources): BindingResource | undefined {
  let binding: BindingResource | undefined
  let most = 0
  for (const name of NAMES) {
    const share = allocatable[name] > 0 ? requested[name] / allocatable[name] : 0
    if (share > most) {
      most = share
      binding = name
    }
  }
  return binding
}

function strandedOn(requested: Resources, allocatable: Resources, binding: BindingResource | undefined): Resources {
  const nothing = { cpu: milliCpu(0), memory: bytes(0), ephemeralStorage: bytes(0), pods: podSlots(0), extended: {} }
  if (binding === undefined) return nothing
  const share = requested[binding] / allocatable[binding]
  const left = (name: 'cpu' | 'memory'): number =>
    Math.max(0, Math.floor(allocatable[name] - requested[name] / Math.max(1e-9, share)))
  return { ...nothing, cpu: milliCpu(left('cpu')), memory: bytes(left('memory')) }
}
