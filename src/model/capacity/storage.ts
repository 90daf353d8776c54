import type { OperatingSystem } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { NodeClassObject } from '../../domain/snapshot.js'
import { GIBIBYTE, KIBIBYTE } from '../../domain/units.js'
import { quantity } from './kubelet-settings.js'
import type { Sample } from './live-node.js'

/**
 * Size of the file system that holds the kubelet's data, in bytes. It belongs to the group's template, not to the type,
 * unless the class puts it on the type's own disks (`instanceStorePolicy: RAID0`).
 */
export type StorageEstimate = { readonly bytes: number; readonly basis: string }

/** Partitions and file system beside the data: measured on volumes of 20 to 100 GiB. */
function fileSystem(volume: number, os: OperatingSystem): number {
  switch (os) {
    case 'al2':
      return volume - 12_308 * KIBIBYTE
    case 'al2023':
      return volume - 77_844 * KIBIBYTE
    case 'bottlerocket':
    case 'auto-mode':
      return Math.floor((volume * (1 - 0.01655)) / KIBIBYTE) * KIBIBYTE
    case 'windows':
    case 'ubuntu':
    case 'flatcar':
    case 'other':
      return Math.floor((volume * 0.98) / KIBIBYTE) * KIBIBYTE
    default:
      return os satisfies never
  }
}

/** Volume that EKS and Karpenter make where nobody says otherwise. */
const defaultVolume = (os: OperatingSystem): number => (os === 'windows' ? 50 : os === 'auto-mode' ? 80 : 20) * GIBIBYTE

/** A volume size as written: a quantity, or a bare number of GiB as EC2 takes it. */
function volumeSize(text: string): number | undefined {
  const size = quantity(text)
  if (size === undefined || size <= 0) return undefined
  return /^\d+$/.test(text.trim()) && size < 100_000 ? size * GIBIBYTE : size
}

export function predictedStorage(
  type: InstanceType,
  os: OperatingSystem,
  nodeClass: NodeClassObject | undefined,
  group: readonly Sample[],
): StorageEstimate {
  const onOwnDisks = nodeClass?.instanceStorePolicy === 'RAID0'
  if (onOwnDisks && type.localStorageGb > 0) {
    return { bytes: fileSystem(type.localStorageGb * 1e9, 'other'), basis: 'disk: instance store' }
  }
  const onVolumes = group.filter(({ type: other }) => !onOwnDisks || other.localStorageGb === 0)
  const sizes = onVolumes.map(({ node }): number => node.capacity.ephemeralStorage).filter((size) => size > 0)
  if (sizes.length > 0) return { bytes: Math.min(...sizes), basis: 'disk as on live nodes' }
  const written = nodeClass === undefined ? undefined : volumeSize(nodeClass.rootVolumeSize)
  return written === undefined
    ? { bytes: fileSystem(defaultVolume(os), os), basis: 'disk of the default size' }
    : { bytes: fileSystem(written, os), basis: 'disk of the node class' }
}
