import type { Node } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import { MEBIBYTE } from '../../domain/units.js'

/** What the capacity model learns from of a live node. */
export type LiveNode = Pick<
  Node,
  | 'name'
  | 'owner'
  | 'group'
  | 'instanceType'
  | 'os'
  | 'osImage'
  | 'capacity'
  | 'allocatable'
  | 'attachLimits'
  | 'closed'
  | 'labels'
>

/** Undefined for a type that the catalog does not hold. */
export type TypeLookup = (name: string) => InstanceType | undefined

/** A live node that may teach, with its type. */
export type Sample = { readonly node: LiveNode; readonly type: InstanceType }

/**
 * Why a node says nothing about its type, or undefined where it does. A node that shows more CPU or memory than its type
 * has is not of that type, whatever its label says.
 */
export function unfitToTeach(node: LiveNode, type: InstanceType | undefined): string | undefined {
  const { cpu, memory, pods } = node.capacity
  if (node.instanceType === undefined) return 'it names no instance type'
  if (!(cpu > 0) || !(memory > 0) || !(pods > 0)) return 'its capacity is zero or absent'
  if (type === undefined) return `${node.instanceType} is not in the catalog`
  if (cpu > type.vcpus * 1000) return `it shows ${cpu / 1000} CPUs, ${type.name} has ${type.vcpus}`
  if (memory > type.memoryMib * MEBIBYTE) {
    return `it shows ${Math.round(memory / MEBIBYTE)} MiB, ${type.name} has ${type.memoryMib}`
  }
  return undefined
}

/** Nodes that may teach, by name; Fargate and foreign nodes are made by other rules and teach nothing. */
export function samplesOf(nodes: readonly LiveNode[], lookup: TypeLookup): readonly Sample[] {
  return nodes
    .flatMap((node) => {
      if (node.owner === 'fargate' || node.owner === 'hybrid' || node.owner === 'other-cloud') return []
      const type = node.instanceType === undefined ? undefined : lookup(node.instanceType)
      return type === undefined || unfitToTeach(node, type) !== undefined ? [] : [{ node, type }]
    })
    .sort((a, b) => (a.node.name < b.node.name ? -1 : a.node.name > b.node.name ? 1 : 0))
}

/** Images whose kernels see the same share of the memory. Unknown systems are kept apart by their image's name. */
export const imageFamily = (node: Pick<LiveNode, 'os' | 'osImage'>): string =>
  node.os === 'other' ? `other ${node.osImage}` : node.os

/** `1 live node`, `12 live nodes`. */
export const liveNodes = (count: number): string => `${count} live node${count === 1 ? '' : 's'}`

/** Types of some nodes for a sentence: the first three by name, and how many more. */
export function typeNames(samples: readonly Sample[]): string {
  const names = [...new Set(samples.map(({ type }) => type.name))].sort()
  const more = names.length - 3
  return more > 0 ? `${names.slice(0, 3).join(', ')} and ${more} more type${more === 1 ? '' : 's'}` : names.join(', ')
}
