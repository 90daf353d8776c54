import type { Node } from '../domain/cluster.js'
import { valueOf } from '../domain/requirement.js'
import type { Labels } from '../domain/snapshot.js'
import { capacityTypeOfLabel } from './capacity-label.js'

/** Labels that AWS's, Karpenter's and hardware discovery's components set from the machine itself; its pool chooses the tenancy. */
const HARDWARE =
  /^((karpenter\.k8s\.aws|eks\.amazonaws\.com)\/instance-(?!tenancy$)|([a-z-]+\.)?nvidia\.com\/|amd\.com\/|aws\.amazon\.com\/|feature\.node\.kubernetes\.io\/|k8s\.amazonaws\.com\/accelerator$)/

/** Deprecated twins and others that follow from type, zone or region, which only some clusters' nodes have. */
export const DERIVED_LABELS = [
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/arch',
  'failure-domain.beta.kubernetes.io/region',
  'topology.k8s.aws/zone-id',
] as const

const FOLLOWS =
  /^(topology\.|failure-domain\.beta\.kubernetes\.io\/|karpenter\.k8s\.aws\/capacity-reservation-)|(^|[/.-])(hostname|node-id|instance-id|machine-id)$/

const NAMED = ['node.kubernetes.io/instance-type', 'kubernetes.io/arch', ...DERIVED_LABELS]

export const isHardwareLabel = (key: string): boolean => HARDWARE.test(key)

/** Labels of one node that are neither its group's nor follow from anything but its own name. */
const isOwn = (node: Node, value: string): boolean =>
  value === node.name || (node.instanceId !== undefined && value.includes(node.instanceId))

const followsFromMachine = (node: Node, key: string, value: string): boolean =>
  NAMED.includes(key) || FOLLOWS.test(key) || capacityTypeOfLabel(key, value) !== undefined || isOwn(node, value)

/** Labels that all nodes have with one value, in the order of their keys. */
function shared(nodes: readonly Node[], wanted: (node: Node, key: string, value: string) => boolean): Labels {
  const [first, ...others] = nodes
  if (first === undefined) return {}
  return Object.fromEntries(
    Object.entries(first.labels)
      .filter(([key, value]) => wanted(first, key, value) && others.every((one) => valueOf(one.labels, key) === value))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Labels of a group that do not follow from the machine. */
export const groupLabels = (nodes: readonly Node[]): Labels =>
  shared(nodes, (node, key, value) => !isHardwareLabel(key) && !followsFromMachine(node, key, value))

/** Hardware labels by instance type, as all given nodes of the type have them. */
export function hardwareLabels(nodes: readonly Node[]): Readonly<Record<string, Labels>> {
  const byType = new Map<string, Node[]>()
  for (const node of nodes) {
    if (node.instanceType === undefined) continue
    byType.set(node.instanceType, [...(byType.get(node.instanceType) ?? []), node])
  }
  return Object.fromEntries(
    [...byType]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, ofType]): [string, Labels] => [type, shared(ofType, (_, key) => isHardwareLabel(key))])
      .filter(([, labels]) => Object.keys(labels).length > 0),
  )
}

/**
 * Keys under which every node has its zone's name. A label of people's own counts only where it follows the zone through
 * two zones at least: in one zone it may as well be the group's name for itself.
 */
export function zoneLabels(nodes: readonly Node[]): string[] {
  const [first] = nodes
  if (first === undefined) return []
  const zones = new Set(nodes.map(({ zone }) => zone)).size
  return Object.keys(first.labels)
    .filter((key) => zones > 1 || /^(topology|failure-domain)\./.test(key))
    .filter((key) => nodes.every(({ labels, zone }) => zone !== undefined && valueOf(labels, key) === zone))
    .sort()
}

export const derivedLabels = (nodes: readonly Node[]): string[] =>
  nodes.length === 0 ? [] : DERIVED_LABELS.filter((key) => nodes.every(({ labels }) => Object.hasOwn(labels, key)))
