import type { OperatingSystem } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { Sample } from './live-node.js'
import { branchPods, windowsAddresses } from './max-pods.js'

/**
 * What a new node offers beside CPU, memory, disk and pods. Live nodes teach first: device plugins, time-slicing and
 * partitions are settings of the group, not of the type.
 */
export type Extended = Readonly<Record<string, number>>

export const POD_ENI = 'vpc.amazonaws.com/pod-eni'
const WINDOWS_ADDRESS = 'vpc.amazonaws.com/PrivateIPv4Address'
const EFA = 'vpc.amazonaws.com/efa'
const EBS_DRIVER = 'ebs.csi.aws.com'

/** Resource names by maker of the device. */
function deviceResource(kind: string, manufacturer: string): string | undefined {
  if (kind === 'neuron') return 'aws.amazon.com/neuron'
  if (kind !== 'gpu') return undefined
  const maker = manufacturer.toLowerCase()
  if (maker.includes('nvidia')) return 'nvidia.com/gpu'
  if (maker.includes('amd')) return 'amd.com/gpu'
  if (maker.includes('habana') || maker.includes('intel')) return 'habana.ai/gaudi'
  return undefined
}

/** Whole devices of a type, by resource name. */
export function devicesOf(type: InstanceType): Extended {
  const devices: Record<string, number> = {}
  for (const { kind, manufacturer, count } of type.accelerators) {
    const name = deviceResource(kind, manufacturer)
    if (name !== undefined && count > 0) devices[name] = (devices[name] ?? 0) + count
  }
  return devices
}

/** Nodes that have had the time to start their device plugins; all of them where none has. */
const settled = (samples: readonly Sample[]): readonly Sample[] => {
  const open = samples.filter(({ node }) => node.closed === undefined)
  return open.length === 0 ? samples : open
}

/** The least that every node of a type offers. */
export function leastExtended(samples: readonly Sample[], part: 'capacity' | 'allocatable'): Extended {
  const nodes = settled(samples)
  const names = [...new Set(nodes.flatMap(({ node }) => Object.keys(node[part].extended)))].sort()
  return Object.fromEntries(
    names.map((name) => [name, Math.min(...nodes.map(({ node }) => node[part].extended[name] ?? 0))]),
  )
}

/** How many of a resource live nodes show for each one that their types have: 0 without a plugin, 10 when time-sliced. */
function liveFactor(samples: readonly Sample[], name: string, own: (type: InstanceType) => number): number | undefined {
  const factors = settled(samples).flatMap(({ node, type }) => {
    const count = own(type)
    return count > 0 ? [(node.allocatable.extended[name] ?? 0) / count] : []
  })
  return factors.length === 0 ? undefined : Math.min(...factors)
}

export type DeviceContext = {
  readonly os: OperatingSystem
  /** Live nodes of the group. */
  readonly group: readonly Sample[]
  /** Live nodes of the cluster. */
  readonly cluster: readonly Sample[]
  /** Security groups for pods are on. */
  readonly podEni: boolean
}

/** Huge pages that all nodes of a group set aside, in bytes: as many on a new node, whatever its size. */
const hugepages = (samples: readonly Sample[]): Extended => {
  const names = [...new Set(samples.flatMap(({ node }) => Object.keys(node.capacity.extended)))]
    .filter((name) => name.startsWith('hugepages-'))
    .sort()
  return Object.fromEntries(
    names.flatMap((name) => {
      const most = Math.max(...samples.map(({ node }) => node.capacity.extended[name] ?? 0))
      return most > 0 ? [[name, most] as const] : []
    }),
  )
}

/** Extended resources of a type that the group has no live node of. */
export function predictedExtended(type: InstanceType, from: DeviceContext): Extended {
  const extended: Record<string, number> = { ...hugepages(from.group) }
  const offer = (name: string, own: (type: InstanceType) => number, otherwise: number): void => {
    if (own(type) <= 0) return
    const factor = liveFactor(from.group, name, own) ?? liveFactor(from.cluster, name, own) ?? otherwise
    const count = Math.floor(own(type) * factor)
    if (count > 0) extended[name] = count
  }
  for (const name of Object.keys(devicesOf(type))) offer(name, (one) => devicesOf(one)[name] ?? 0, 1)
  if (from.os === 'windows') {
    offer(WINDOWS_ADDRESS, (one) => windowsAddresses(one, false), 1)
    return extended
  }
  offer(POD_ENI, (one) => branchPods(one) ?? 0, from.podEni ? 1 : 0)
  offer(EFA, (one) => one.maxEfa, 0)
  return extended
}

/** Volumes that the EBS CSI driver lets a plain new node attach (kubernetes-sigs/aws-ebs-csi-driver pkg/driver/node.go). */
export function ebsAttachLimit(type: InstanceType, os: OperatingSystem, attachedEnis = 1): number | undefined {
  const limit = type.ebsAttachmentLimit
  if (limit === undefined) return undefined
  // Bottlerocket boots with a data volume beside the root volume.
  const reserved = os === 'bottlerocket' || os === 'auto-mode' ? 2 : 1
  const xen = type.hypervisor === 'xen'
  const total = xen ? Math.min(limit.count, 39) : limit.count
  const shared = limit.kind === 'shared' && !xen
  return Math.max(1, total - reserved - (shared ? attachedEnis - 1 : 0))
}

/**
 * Attach limits of a new node. The driver measures when it starts, so live nodes may show less than the rule: what they
 * lack is taken from types that were not seen, too. `same` are the group's live nodes of the type.
 */
export function predictedAttachLimits(
  type: InstanceType,
  from: DeviceContext,
  same: readonly Sample[],
): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {}
  const drivers = new Set([...from.group, ...same].flatMap(({ node }) => Object.keys(node.attachLimits)))
  for (const driver of [...drivers].sort()) {
    const of = (samples: readonly Sample[]): readonly number[] =>
      samples.flatMap(({ node }) => node.attachLimits[driver] ?? [])
    const counts = of(same).length > 0 ? of(same) : driver === EBS_DRIVER ? [] : of(from.group)
    if (counts.length > 0) limits[driver] = Math.min(...counts)
  }
  const rule = ebsAttachLimit(type, from.os)
  if (limits[EBS_DRIVER] !== undefined || rule === undefined) return limits
  const kind = type.ebsAttachmentLimit?.kind
  const teachers = from.group.some(({ node }) => node.attachLimits[EBS_DRIVER] !== undefined)
    ? from.group
    : from.cluster
  const shortages = teachers
    .filter((sample) => sample.type.ebsAttachmentLimit?.kind === kind)
    .flatMap(({ node, type: other }) => {
      const shows = node.attachLimits[EBS_DRIVER]
      const ruled = ebsAttachLimit(other, node.os)
      return shows === undefined || ruled === undefined ? [] : [ruled - shows]
    })
  limits[EBS_DRIVER] = Math.max(1, rule - Math.max(0, ...shortages))
  return limits
}
