import type { InstanceType } from '../../../src/domain/offering.js'

/**
 * A few instance types, as EC2 describes them: name, interfaces of the default card, of all cards, addresses per
 * interface, vCPUs, MiB, hypervisor. The rest follows from the name or is given beside.
 */
type Row = readonly [
  name: string,
  enis: number,
  allCards: number,
  ipv4: number,
  vcpus: number,
  memoryMib: number,
  hypervisor: 'nitro' | 'xen' | 'metal',
  more?: Partial<InstanceType>,
]

const arm = { architectures: ['arm64'] } as const
const shared = (count: number) => ({ ebsAttachmentLimit: { kind: 'shared', count } }) as const
const dedicated = (count: number) => ({ ebsAttachmentLimit: { kind: 'dedicated', count } }) as const
const overhead = (max: number, min = max) => ({ measuredOverheadMib: { min, max } })
const nvidia = (name: string, count: number) => ({
  accelerators: [{ kind: 'gpu', manufacturer: 'NVIDIA', name, count } as const],
})

const ROWS: readonly Row[] = [
  ['t3.nano', 2, 2, 2, 2, 512, 'nitro', { trunking: false, burstable: true }],
  ['t3.small', 3, 3, 4, 2, 2048, 'nitro', { trunking: false, burstable: true, ...overhead(131) }],
  ['t3.medium', 3, 3, 6, 2, 4096, 'nitro', { trunking: false, burstable: true, ...overhead(253), ...shared(27) }],
  ['t3.large', 3, 3, 12, 2, 8192, 'nitro', { trunking: false, burstable: true, ...overhead(365) }],
  ['t4g.small', 3, 3, 4, 2, 2048, 'nitro', { trunking: false, burstable: true, ...arm, ...overhead(197) }],
  ['t4g.medium', 3, 3, 6, 2, 4096, 'nitro', { trunking: false, burstable: true, ...arm, ...overhead(256) }],
  ['t4g.xlarge', 4, 4, 15, 4, 16384, 'nitro', { trunking: false, burstable: true, ...arm }],
  ['a1.medium', 2, 2, 4, 1, 2048, 'nitro', { ...arm, ...overhead(241), branchEnis: 10 }],
  ['c5.large', 3, 3, 10, 2, 4096, 'nitro', { ...overhead(433, 405), branchEnis: 9 }],
  ['c6g.medium', 2, 2, 4, 1, 2048, 'nitro', { ...arm, ...overhead(209) }],
  ['m4.large', 2, 2, 10, 2, 8192, 'xen', { trunking: false, ipv6PerEni: 10 }],
  ['m4.xlarge', 4, 4, 15, 4, 16384, 'xen', { trunking: false, ...overhead(406), ...shared(39) }],
  ['m5.large', 3, 3, 10, 2, 8192, 'nitro', { ...overhead(559), ...shared(27), branchEnis: 9 }],
  ['m5.xlarge', 4, 4, 15, 4, 16384, 'nitro', { ...overhead(868), ...shared(27), branchEnis: 18 }],
  ['m5.2xlarge', 4, 4, 15, 8, 32768, 'nitro', { ...overhead(1149), ...shared(27), branchEnis: 38 }],
  ['m5.4xlarge', 8, 8, 30, 16, 65536, 'nitro', { ...overhead(2718), ...shared(27), branchEnis: 54 }],
  ['m5.8xlarge', 8, 8, 30, 32, 131072, 'nitro', { ...overhead(5090, 3746), ...shared(27), branchEnis: 54 }],
  ['m5.12xlarge', 8, 8, 30, 48, 196608, 'nitro', { ...overhead(7556, 5540), ...shared(27), branchEnis: 54 }],
  ['m5.24xlarge', 15, 15, 50, 96, 393216, 'nitro', { ...overhead(10573), ...shared(27), branchEnis: 107 }],
  ['m5.metal', 15, 15, 50, 96, 393216, 'metal', { ...overhead(6652), branchEnis: 107 }],
  ['m5d.large', 3, 3, 10, 2, 8192, 'nitro', { ...shared(26), localStorageGb: 75 }],
  ['m6g.large', 3, 3, 10, 2, 8192, 'nitro', { ...arm, ...overhead(452), branchEnis: 9 }],
  ['m6i.large', 3, 3, 10, 2, 8192, 'nitro', overhead(405)],
  ['m6i.4xlarge', 8, 8, 30, 16, 65536, 'nitro', overhead(2270)],
  ['m7i.large', 3, 3, 10, 2, 8192, 'nitro', { ...overhead(421), ...dedicated(32) }],
  ['m7i.48xlarge', 15, 15, 50, 192, 786432, 'nitro', dedicated(128)],
  ['m8i.large', 3, 3, 20, 2, 8192, 'nitro', dedicated(32)],
  ['r6i.large', 3, 3, 10, 2, 16384, 'nitro', overhead(671)],
  ['r7i.16xlarge', 15, 15, 50, 64, 524288, 'nitro', dedicated(48)],
  ['c6in.32xlarge', 8, 16, 50, 128, 262144, 'nitro'],
  ['i4i.32xlarge', 15, 15, 50, 128, 1048576, 'nitro', { ...overhead(32697), localStorageGb: 30000 }],
  ['p4d.24xlarge', 15, 60, 50, 96, 1179648, 'nitro', { ...nvidia('A100', 8), maxEfa: 4 }],
  ['p5.48xlarge', 2, 64, 50, 192, 2097152, 'nitro', { ...nvidia('H100', 8), ...overhead(49192), maxEfa: 32 }],
  ['g5.xlarge', 4, 4, 15, 4, 16384, 'nitro', { ...nvidia('A10G', 1), ...shared(25) }],
  ['g6e.48xlarge', 10, 40, 50, 192, 1572864, 'nitro', nvidia('L40S', 8)],
]

const instanceType = ([name, enis, allCards, ipv4, vcpus, memoryMib, machine, more]: Row): InstanceType => {
  const [family = '', size = ''] = name.split('.')
  return {
    name,
    family,
    size,
    generation: Number(/\d+/.exec(family)?.[0] ?? 0),
    status: 'current',
    vcpus,
    memoryMib,
    architectures: ['amd64'],
    usageClasses: ['on-demand', 'spot'],
    hypervisor: machine === 'metal' ? undefined : machine,
    bareMetal: machine === 'metal',
    burstable: false,
    accelerators: [],
    localStorageGb: 0,
    enis,
    enisAllCards: allCards,
    ipv4PerEni: ipv4,
    ipv6PerEni: ipv4,
    trunking: machine !== 'xen',
    branchEnis: undefined,
    maxEfa: 0,
    ebsAttachmentLimit: undefined,
    measuredOverheadMib: undefined,
    ...more,
  }
}

export const TYPES: ReadonlyMap<string, InstanceType> = new Map(ROWS.map((row) => [row[0], instanceType(row)]))

export const lookup = (name: string): InstanceType | undefined => TYPES.get(name)

export function typeNamed(name: string): InstanceType {
  const type = TYPES.get(name)
  if (type === undefined) throw new Error(`test table lacks ${name}`)
  return type
}
