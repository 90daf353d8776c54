import type { OperatingSystem } from '../../domain/cluster.js'
import { GIBIBYTE } from '../../domain/units.js'
import { quantity } from './kubelet-settings.js'

/**
 * From a node's capacity to what pods may request: allocatable = capacity − kube-reserved − system-reserved − hard
 * eviction threshold, never below 0; memory loses pre-allocated huge pages as well. CPU in millicores, the rest in bytes.
 * Sources: kubernetes/kubernetes pkg/kubelet/cm/{helpers,node_container_manager_linux}.go,
 * pkg/kubelet/nodestatus/setters.go; awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go;
 * bottlerocket-os/bottlerocket-core-kit sources/api/schnauzer.
 */

/** Share of each core that EKS images reserve: the first, the second, the next two, all further. */
const CPU_STEPS: readonly { readonly cores: number; readonly share: number }[] = [
  { cores: 1, share: 60 },
  { cores: 1, share: 10 },
  { cores: 2, share: 5 },
  { cores: Infinity, share: 2.5 },
]

/**
 * CPU that EKS images reserve, in millicores. AL2 and AL2023 cut each step off to whole millicores; Bottlerocket adds
 * 32-bit floats and cuts the sum off.
 */
export function eksReservedCpu(vcpus: number, os: OperatingSystem): number {
  let left = vcpus
  let total = 0
  for (const { cores, share } of CPU_STEPS) {
    const taken = Math.min(left, cores)
    left -= taken
    total = os === 'bottlerocket' ? Math.fround(total + Math.fround(taken * share)) : total + Math.floor(taken * share)
  }
  return Math.floor(total)
}

/** Memory that EKS images reserve for N pods, in MiB. */
export const eksReservedMemoryMib = (n: number): number => 11 * n + 255

/** EKS images reserve this much disk. */
export const EKS_RESERVED_DISK = GIBIBYTE

/**
 * Bytes of a hard eviction threshold: a quantity, or a percentage of the capacity. The kubelet holds the share as a
 * 32-bit float, so 10 % is a little more than a tenth. Undefined: the text is neither.
 */
export function evictionBytes(capacity: number, threshold: string): number | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(threshold.trim())
  if (percent !== null) return Math.trunc(capacity * Math.fround(Number(percent[1]) / 100))
  const amount = quantity(threshold)
  return amount === undefined ? undefined : Math.trunc(amount)
}

export type Withheld = {
  readonly reservedCpu: number
  readonly reservedMemory: number
  readonly reservedDisk: number
  readonly memoryThreshold: string
  readonly diskThreshold: string
}

export type NodeFigures = { readonly cpu: number; readonly memory: number; readonly ephemeralStorage: number }

/** The kubelet's subtraction. `hugepages` is the sum of all pre-allocated pools in bytes. */
export const allocatableOf = (capacity: NodeFigures, withheld: Withheld, hugepages = 0): NodeFigures => ({
  cpu: Math.max(0, capacity.cpu - withheld.reservedCpu),
  memory: Math.max(
    0,
    Math.max(
      0,
      capacity.memory - withheld.reservedMemory - (evictionBytes(capacity.memory, withheld.memoryThreshold) ?? 0),
    ) - hugepages,
  ),
  ephemeralStorage: Math.max(
    0,
    capacity.ephemeralStorage -
      withheld.reservedDisk -
      (evictionBytes(capacity.ephemeralStorage, withheld.diskThreshold) ?? 0),
  ),
})

/** The kubelet's defaults, without any reservation. */
export const DEFAULT_THRESHOLDS = { memoryThreshold: '100Mi', diskThreshold: '10%' } as const

/** Memory that Karpenter assumes a node of a type to have, in MiB, until it has seen one. */
export function karpenterMemoryMib(memoryMib: number, arm: boolean, overheadShare = 0.075): number {
  const base = memoryMib - (arm ? 64 : 0)
  return base - Math.ceil(base * overheadShare)
}
