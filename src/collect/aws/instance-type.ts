import type { InstanceTypeInfo } from '@aws-sdk/client-ec2'
import type { AwsInstanceType } from '../../domain/aws-snapshot.js'
import type { Accelerator, Architecture, Hardware } from '../../domain/offering.js'

const ARCHITECTURES: readonly (readonly [ec2: string, ours: Architecture])[] = [
  ['x86_64', 'amd64'],
  ['arm64', 'arm64'],
]
const USAGE_CLASSES = ['on-demand', 'spot', 'capacity-block'] as const

/** What is left of a record when the fields that are not known are dropped. */
const known = <Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as {
    [Key in keyof Fields]?: NonNullable<Fields[Key]>
  }

const positive = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isFinite(value) && value > 0 ? value : undefined

const thousandths = (value: number | undefined): number | undefined => {
  const known = positive(value)
  return known === undefined ? undefined : Math.round(known * 1000)
}

/** The first number of the family name; families of high memory have the machine's size in front of it (`u-6tb1`). */
export function generationOf(family: string): number | undefined {
  const digits = /^u-\d+tb(\d+)$/.exec(family)?.[1] ?? /\d+/.exec(family)?.[0]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * An entry of DescribeInstanceTypes as the model reads it; undefined where a figure without which nothing can be computed
 * is missing (vCPUs, memory, interfaces).
 */
export function readInstanceType(info: InstanceTypeInfo): AwsInstanceType | undefined {
  const name: string | undefined = info.InstanceType
  const [, family, size] = /^([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(name ?? '') ?? []
  const vcpus = positive(info.VCpuInfo?.DefaultVCpus)
  const memoryMib = positive(info.MemoryInfo?.SizeInMiB)
  const network = info.NetworkInfo
  const allCards = positive(network?.MaximumNetworkInterfaces)
  const ipv4PerEni = positive(network?.Ipv4AddressesPerInterface)
  if (name === undefined || family === undefined || size === undefined) return undefined
  if (vcpus === undefined || memoryMib === undefined || allCards === undefined || ipv4PerEni === undefined)
    return undefined
  const cards = network?.NetworkCards ?? []
  const defaultCard = cards.find((card) => card.NetworkCardIndex === (network?.DefaultNetworkCardIndex ?? 0))
  const architectures: readonly string[] = info.ProcessorInfo?.SupportedArchitectures ?? []
  const usage: readonly string[] = info.SupportedUsageClasses ?? []
  const storage = info.InstanceStorageInfo
  return {
    name,
    family,
    size,
    generation: generationOf(family),
    status: info.CurrentGeneration === true ? 'current' : 'previous',
    vcpus,
    memoryMib,
    architectures: ARCHITECTURES.filter(([ec2]) => architectures.includes(ec2)).map(([, ours]) => ours),
    usageClasses: USAGE_CLASSES.filter((name) => usage.includes(name)),
    hypervisor: info.Hypervisor === 'nitro' || info.Hypervisor === 'xen' ? info.Hypervisor : undefined,
    bareMetal: info.BareMetal === true,
    burstable: info.BurstablePerformanceSupported === true,
    accelerators: acceleratorsOf(info),
    localStorageGb: storage?.TotalSizeInGB ?? 0,
    enis: positive(defaultCard?.MaximumNetworkInterfaces) ?? allCards,
    enisAllCards: allCards,
    ipv4PerEni,
    ipv6PerEni: network?.Ipv6Supported === true ? (network.Ipv6AddressesPerInterface ?? 0) : 0,
    maxEfa: network?.EfaSupported === true ? (network.EfaInfo?.MaximumEfaInterfaces ?? 1) : 0,
    ebsAttachmentLimit: attachmentLimitOf(info),
    hardware: hardwareOf(info),
  }
}

function attachmentLimitOf({ EbsInfo }: InstanceTypeInfo): AwsInstanceType['ebsAttachmentLimit'] {
  const kind = EbsInfo?.AttachmentLimitType
  const count = positive(EbsInfo?.MaximumEbsAttachments)
  return (kind === 'shared' || kind === 'dedicated') && count !== undefined ? { kind, count } : undefined
}

function hardwareOf(info: InstanceTypeInfo): Hardware {
  const network = info.NetworkInfo
  const storage = info.InstanceStorageInfo
  const nvme = storage?.NvmeSupport === 'required' || storage?.NvmeSupport === 'supported'
  return {
    encryptionInTransit: network?.EncryptionInTransitSupported === true,
    localNvmeDisks: nvme ? (storage?.Disks ?? []).reduce((sum, disk) => sum + (disk.Count ?? 0), 0) : 0,
    ...known({
      cpuManufacturer: info.ProcessorInfo?.Manufacturer,
      clockMhz: thousandths(info.ProcessorInfo?.SustainedClockSpeedInGhz),
      networkBaselineMbps: networkMbps(network),
      ebsMaxMbps: positive(info.EbsInfo?.EbsOptimizedInfo?.MaximumBandwidthInMbps),
    }),
  }
}

/** One card: its own figure. Several: the text has the total (`4x 100 Gigabit`), to which the cards do not always add up. */
function networkMbps(network: InstanceTypeInfo['NetworkInfo']): number | undefined {
  const cards = network?.NetworkCards ?? []
  if (cards.length === 1) return thousandths(cards[0]?.BaselineBandwidthInGbps)
  const [, times, gigabit] = /^(?:(\d+)x )?([\d.]+) Gigabit$/.exec(network?.NetworkPerformance ?? '') ?? []
  return gigabit === undefined ? undefined : thousandths(Number(gigabit) * Number(times ?? 1))
}

/** Devices that pods ask for. A fractional GPU has a count of 0, but its driver offers logical ones. */
function acceleratorsOf(info: InstanceTypeInfo): Accelerator[] {
  const gpus = (info.GpuInfo?.Gpus ?? []).map((gpu) => ({
    kind: 'gpu' as const,
    manufacturer: gpu.Manufacturer ?? '',
    name: gpu.Name ?? '',
    count: positive(gpu.Count) ?? gpu.LogicalGpuCount ?? 0,
    ...known({ memoryMib: positive(gpu.MemoryInfo?.SizeInMiB) }),
  }))
  const neuron = (info.NeuronInfo?.NeuronDevices ?? []).map((device) => ({
    kind: 'neuron' as const,
    manufacturer: 'AWS',
    name: device.Name ?? '',
    count: device.Count ?? 0,
    ...known({
      memoryMib: positive(device.MemoryInfo?.SizeInMiB),
      coresPerDevice: positive(device.CoreInfo?.Count),
    }),
  }))
  const others = [
    // Inferentia stands here a second time, as it did before EC2 knew Neuron devices.
    ...(neuron.length > 0 ? [] : (info.InferenceAcceleratorInfo?.Accelerators ?? [])),
    ...(info.FpgaInfo?.Fpgas ?? []),
    ...(info.MediaAcceleratorInfo?.Accelerators ?? []),
  ].map((device) => ({
    kind: 'other' as const,
    manufacturer: device.Manufacturer ?? '',
    name: device.Name ?? '',
    count: device.Count ?? 0,
  }))
  return [...gpus, ...neuron, ...others].filter(({ count }) => count > 0)
}
