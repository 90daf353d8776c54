import type { InstanceType } from '../domain/offering.js'
import type { Labels } from '../domain/snapshot.js'

const kebab = (text: string): string => text.toLowerCase().replaceAll(' ', '-')
const text = (figure: number | boolean | undefined): string | undefined =>
  figure === undefined ? undefined : String(figure)

/**
 * Karpenter's instance labels without their prefix, as far as the catalog knows the figures
 * (aws/karpenter-provider-aws pkg/providers/instancetype/types.go, computeRequirements). Devices are named only where the
 * type has one kind of them. Disks that are no NVMe devices count as none.
 */
export function instanceLabels(type: InstanceType): Labels {
  const { hardware } = type
  const scheme = /^([a-z]+)(?:-[0-9]+tb)?([0-9]+)/.exec(type.name)
  const gpus = type.accelerators.filter(({ kind, count }) => kind === 'gpu' && count > 0)
  const neurons = type.accelerators.filter(({ kind, count }) => kind === 'neuron' && count > 0)
  const [gpu] = gpus.length === 1 ? gpus : []
  const [neuron] = neurons.length === 1 ? neurons : []
  const labels: Readonly<Record<string, string | undefined>> = {
    category: scheme?.[1],
    generation: scheme?.[2],
    family: type.family,
    size: type.size,
    cpu: text(type.vcpus),
    'cpu-manufacturer': hardware?.cpuManufacturer && kebab(hardware.cpuManufacturer),
    'cpu-sustained-clock-speed-mhz': text(hardware?.clockMhz),
    memory: text(type.memoryMib),
    'ebs-bandwidth': text(hardware?.ebsMaxMbps),
    'network-bandwidth': text(hardware?.networkBaselineMbps),
    'encryption-in-transit-supported': text(hardware?.encryptionInTransit),
    hypervisor: type.hypervisor ?? '',
    'capability-flex': text(type.family.includes('-flex')),
    'local-nvme': hardware !== undefined && hardware.localNvmeDisks > 0 ? text(type.localStorageGb) : undefined,
    'gpu-name': gpu && kebab(gpu.name),
    'gpu-manufacturer': gpu && kebab(gpu.manufacturer),
    'gpu-count': text(gpu?.count),
    'gpu-memory': text(gpu?.memoryMib),
    'accelerator-name': neuron && kebab(neuron.name),
    'accelerator-manufacturer': neuron && kebab(neuron.manufacturer),
    'accelerator-count': text(neuron?.count),
  }
  return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
