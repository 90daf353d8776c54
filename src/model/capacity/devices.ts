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

/** Extended resources of types that the group has no live node of; what live nodes teach is worked out once. */
export function extendedModel(from: DeviceContext): (type: InstanceType) => Extended {
  const pages = hugepages(from.group)
  const factors = new Map<string, number | undefined>()
  const factorOf = (name: string, own: (type: InstanceType) => number): number | undefined => {
    if (!factors.has(name)) factors.set(name, liveFactor(from.group, name, own) ?? liveFactor(from.cluster, name, own))
    return factors.get(name)
  }
  return (type) => {
    const extended: Record<string, number> = { ...pages }
    const offer = (name: string, own: (type: InstanceType) => number, otherwise: number): void => {
      if (own(type) <= 0) return
      const count = Math.floor(own(type) * (factorOf(name, own) ?? otherwise))
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

/** The least of each driver that live nodes show. */
function leastAttachLimits(samples: readonly Sample[]): Map<string, number> {
  const least = new Map<string, number>()
  for (const { node } of samples)
    for (const [driver, count] of Object.entries(node.attachLimits))
      least.set(driver, Math.min(count, least.get(driver) ?? Infinity))
  return least
}

/**
 * Attach limits of new nodes. The driver measures when it starts, so live nodes may show less than the rule: what they
 * lack is taken from types that were not seen, too. `same` are the group's live nodes of the type.
 */
export function attachModel(
  from: DeviceContext,
): (type: InstanceType, same: readonly Sample[]) => Readonly<Record<string, number>> {
  const ofGroup = leastAttachLimits(from.group)
  const teachers = ofGroup.has(EBS_DRIVER) ? from.group : from.cluster
  const shortages = new Map<string | undefined, number>()
  for (const { node, type } of teachers) {
    const shows = node.attachLimits[EBS_DRIVER]
    const ruled = ebsAttachLimit(type, node.os)
    const kind = type.ebsAttachmentLimit?.kind
    if (shows !== undefined && ruled !== undefined)
      shortages.set(kind, Math.max(ruled - shows, shortages.get(kind) ?? 0))
  }
  return (type, same) => {
    const ofType = leastAttachLimits(same)
    const limits: Record<string, number> = {}
    for (const driver of [...new Set([...ofGroup.keys(), ...ofType.keys()])].sort()) {
      const count = ofType.get(driver) ?? (driver === EBS_DRIVER ? undefined : ofGroup.get(driver))
      if (count !== undefined) limits[driver] = count
    }
    const rule = ebsAttachLimit(type, from.os)
    if (limits[EBS_DRIVER] !== undefined || rule === undefined) return limits
    limits[EBS_DRIVER] = Math.max(1, rule - (shortages.get(type.ebsAttachmentLimit?.kind) ?? 0))
    return limits
  }
}
