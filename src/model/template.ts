import type { Node, NodeOwner, NodeTemplate } from '../domain/cluster.js'
import type { Architecture, CapacityType } from '../domain/offering.js'
import type { Pod } from '../domain/pod.js'
import { valueOf } from '../domain/requirement.js'
import type { KubeletSettings, NodePoolObject, Taint } from '../domain/snapshot.js'
import { CAPACITY_LABEL_VALUES, capacityTypeOfLabel } from './capacity-label.js'
import { derivedLabels, groupLabels, hardwareLabels, zoneLabels } from './node-labels.js'
import { isTransientTaint } from './node-taints.js'

/** What the nodes themselves do not say. */
export type TemplateExtras = {
  readonly kubelet: KubeletSettings | undefined
  readonly nodePool: NodePoolObject | undefined
}

const distinct = <T extends string>(values: readonly (T | undefined)[]): T[] =>
  [...new Set(values.filter((value) => value !== undefined))].sort()

/** Nodes that have everything their group gives them: a node that starts may lack labels that come with its drivers. */
function settled(nodes: readonly Node[]): readonly Node[] {
  const ready = nodes.filter(({ closed }) => closed !== 'starting' && closed !== 'not ready')
  return ready.length > 0 ? ready : nodes
}

const sameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.value === b.value && a.effect === b.effect

function commonTaints(nodes: readonly Node[], nodePool: NodePoolObject | undefined): readonly Taint[] {
  const [first, ...others] = nodes
  const isStartup = (taint: Taint): boolean =>
    isTransientTaint(taint) || (nodePool?.startupTaints.some((startup) => sameTaint(startup, taint)) ?? false)
  const live = (first?.taints ?? [])
    .filter((taint) => !isStartup(taint))
    .filter((taint) => others.every((node) => node.taints.some((other) => sameTaint(other, taint))))
  const pooled = nodePool?.taints ?? []
  const text = ({ key, value, effect }: Taint): string => JSON.stringify([key, value, effect])
  return [...pooled, ...live.filter((taint) => !pooled.some((other) => sameTaint(other, taint)))].sort((a, b) =>
    text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0,
  )
}

const PROVISIONER_LABEL: Readonly<Partial<Record<NodeOwner, string>>> = {
  karpenter: 'karpenter.sh/capacity-type',
  'eks-auto-mode': 'karpenter.sh/capacity-type',
  'eks-managed-node-group': 'eks.amazonaws.com/capacityType',
}

/** For other labels than the provisioner's own, only what live nodes show and what their known writers would put there. */
function capacityTypeLabels(nodes: readonly Node[], owner: NodeOwner | undefined): NodeTemplate['capacityTypeLabels'] {
  const own = owner === undefined ? undefined : PROVISIONER_LABEL[owner]
  const result: Record<string, Readonly<Partial<Record<CapacityType, string>>>> = {}
  if (own !== undefined) result[own] = CAPACITY_LABEL_VALUES[own] ?? {}
  const keys = distinct(
    nodes.flatMap(({ labels }) =>
      Object.entries(labels).flatMap(([key, value]) => (capacityTypeOfLabel(key, value) === undefined ? [] : [key])),
    ),
  )
  for (const key of keys.filter((one) => one !== own)) {
    const seen = new Map<CapacityType, Set<string | undefined>>()
    for (const { labels, capacityType } of nodes)
      if (capacityType !== undefined)
        seen.set(capacityType, (seen.get(capacityType) ?? new Set()).add(valueOf(labels, key)))
    const values: Partial<Record<CapacityType, string>> = { ...CAPACITY_LABEL_VALUES[key] }
    for (const [capacityType, found] of seen) {
      const [value] = found
      if (found.size === 1 && value !== undefined) values[capacityType] = value
      else delete values[capacityType]
    }
    if (Object.keys(values).length > 0) result[key] = values
  }
  return result
}

/** A mirror pod is called after its static pod and its node. */
const staticName = (pod: Pod, node: Node): string =>
  `${pod.namespace}/${pod.name.endsWith(`-${node.name}`) ? pod.name.slice(0, -node.name.length - 1) : pod.name}`

/** Static pods that every node runs, each in its largest size. */
function staticPods(nodes: readonly Node[]): readonly Pod[] {
  const found = new Map<string, Pod[]>()
  for (const node of nodes)
    for (const pod of node.pods.filter(({ role }) => role === 'static')) {
      const name = staticName(pod, node)
      found.set(name, [...(found.get(name) ?? []), pod])
    }
  return [...found]
    .filter(([, pods]) => new Set(pods.map(({ nodeName }) => nodeName)).size === nodes.length)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, pods]) =>
      [...pods]
        .sort(
          (a, b) =>
            b.needed.cpu - a.needed.cpu ||
            b.needed.memory - a.needed.memory ||
            (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
        )
        .slice(0, 1),
    )
}

const requiredValues = (nodePool: NodePoolObject | undefined, key: string): readonly string[] =>
  nodePool?.requirements.find((each) => each.key === key && each.operator === 'In')?.values ?? []

/**
 * What a proposed node of the group would have. Where the pool's object is known, its labels and taints are taken as
 * well: they are what the next node gets. A pool without nodes gives what its requirements name.
 */
export function nodeTemplate(nodes: readonly Node[], { kubelet, nodePool }: TemplateExtras): NodeTemplate {
  const live = settled([...nodes].sort((a, b) => (a.name < b.name ? -1 : 1)))
  const [first] = live
  const auto = nodePool?.nodeClass.group === 'eks.amazonaws.com'
  const owner = first?.owner ?? (nodePool === undefined ? undefined : auto ? 'eks-auto-mode' : 'karpenter')
  const zones = distinct(live.map(({ zone }) => zone))
  const architectures = distinct<Architecture>(live.map(({ architecture }) => architecture))
  const classLabel = auto ? 'eks.amazonaws.com/nodeclass' : 'karpenter.k8s.aws/ec2nodeclass'
  const pooled =
    nodePool === undefined
      ? {}
      : {
          'karpenter.sh/nodepool': nodePool.metadata.name,
          ...(auto && live.length === 0 ? { 'eks.amazonaws.com/compute-type': 'auto' } : {}),
          ...(live.length === 0 || live.some(({ labels }) => Object.hasOwn(labels, classLabel))
            ? { [classLabel]: nodePool.nodeClass.name }
            : {}),
          ...nodePool.labels,
        }
  return {
    labels: { ...groupLabels(live), ...pooled },
    taints: commonTaints(live, nodePool),
    zones: zones.length > 0 ? zones : [...requiredValues(nodePool, 'topology.kubernetes.io/zone')].sort(),
    region: live.map(({ region }) => region).find((region) => region !== undefined),
    architectures:
      architectures.length > 0
        ? architectures
        : (['amd64', 'arm64'] as const).filter((one) => requiredValues(nodePool, 'kubernetes.io/arch').includes(one)),
    os: first?.os ?? (auto ? 'auto-mode' : 'other'),
    kubelet,
    nodePool,
    staticPods: staticPods(live),
    capacityTypeLabels: capacityTypeLabels(live, owner),
    zoneLabels: live.length > 0 ? zoneLabels(live) : ['topology.kubernetes.io/zone'],
    derivedLabels: derivedLabels(live),
    typeLabels: hardwareLabels(live),
  }
}
