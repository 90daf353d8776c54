import { KIBIBYTE } from '../domain/units.js'
import type { PlanNode } from '../domain/plan.js'
import type { Resources } from '../domain/resources.js'
import type { Taint } from '../domain/snapshot.js'
import { sortedBy } from './tally.js'

/**
 * The nodes of a plan as a v1 `List` of `Node` objects that a simulator or an API server can load and schedule on, by
 * name.
 */
export function planNodesJson(nodes: readonly PlanNode[]): string {
  const items = sortedBy(nodes, (node) => node.name).map(nodeObject)
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: {}, items }, null, 2)}\n`
}

function nodeObject(node: PlanNode): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name, labels: sortedKeys({ 'kubernetes.io/hostname': node.name, ...node.labels }) },
    spec: {
      ...(node.providerId === '' ? {} : { providerID: node.providerId }),
      ...(node.taints.length === 0 ? {} : { taints: node.taints.map(taintObject) }),
      ...(node.unschedulable ? { unschedulable: true } : {}),
    },
    status: {
      capacity: quantities(node.capacity),
      allocatable: quantities(node.allocatable),
      conditions: [{ type: 'Ready', status: readiness(node.taints) }],
      nodeInfo: {
        architecture: node.architecture ?? '',
        operatingSystem: node.labels['kubernetes.io/os'] ?? '',
      },
    },
  }
}

/**
 * Ready as the taints of a kept node tell it: the node lifecycle controller adds one of these for each other answer
 * (kubernetes/kubernetes pkg/controller/nodelifecycle). A node that is still to be made is taken as ready.
 */
function readiness(taints: readonly Taint[]): 'True' | 'False' | 'Unknown' {
  const has = (key: string): boolean => taints.some((taint) => taint.key === key)
  if (has('node.kubernetes.io/unreachable')) return 'Unknown'
  return has('node.kubernetes.io/not-ready') ? 'False' : 'True'
}

const taintObject = ({ key, value, effect }: Taint): object => ({ key, ...(value === '' ? {} : { value }), effect })

/** Quantity text as kubelets write it: cores in `m`, memory in `Ki` where it comes out even, else in bytes. */
function quantities(resources: Resources): Record<string, string> {
  return {
    cpu: resources.cpu % 1000 === 0 ? String(resources.cpu / 1000) : `${resources.cpu}m`,
    ...(resources.ephemeralStorage === 0 ? {} : { 'ephemeral-storage': byteQuantity(resources.ephemeralStorage) }),
    memory: byteQuantity(resources.memory),
    pods: String(resources.pods),
    ...sortedKeys(
      Object.fromEntries(Object.entries(resources.extended).map(([name, amount]) => [name, String(amount)])),
    ),
  }
}

const byteQuantity = (bytes: number): string =>
  bytes > 0 && bytes % KIBIBYTE === 0 ? `${bytes / KIBIBYTE}Ki` : String(bytes)

const sortedKeys = (entries: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(sortedBy(Object.entries(entries), ([key]) => key))
