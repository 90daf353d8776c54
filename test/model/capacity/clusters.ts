import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { NodeOwner, OperatingSystem } from '../../../src/domain/cluster.js'
import type { InstanceType } from '../../../src/domain/offering.js'
import type { ControllerObject } from '../../../src/domain/snapshot.js'
import type { LiveNode } from '../../../src/model/capacity/live-node.js'
import { awsNode, daemonSet, resourcesOf } from './live.js'

/** Reads the shared clusters and types just far enough for the capacity tests. */
const SHARED = new URL('../../../../shared/', import.meta.url)

export const sharedIsPresent = existsSync(new URL('data/aws/instance-types.json', SHARED))

type Json = { readonly [key: string]: Json } & readonly Json[]

const readText = (path: string): string => {
  const raw = readFileSync(new URL(path, SHARED))
  return (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8')
}
const readJson = (path: string): Json => JSON.parse(readText(path)) as Json
const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))

const UNITS: Readonly<Record<string, number>> = { '': 1, m: 0.001, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 }
const amount = (value: unknown): number => {
  const match = /^(\d+)(m|Ki|Mi|Gi|)$/.exec(text(value))
  return match === null ? 0 : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0)
}

const resources = (map: Json | undefined) => {
  const { cpu, memory, pods, 'ephemeral-storage': disk, ...rest } = { ...map }
  const extended = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, amount(value)]))
  return resourcesOf(Math.round(amount(cpu) * 1000), amount(memory), amount(disk), amount(pods), extended)
}

function system(image: string): OperatingSystem {
  if (image.startsWith('Amazon Linux 2023')) return 'al2023'
  if (image.startsWith('Amazon Linux 2')) return 'al2'
  if (image.startsWith('Bottlerocket')) return 'bottlerocket'
  return image.startsWith('Ubuntu') ? 'ubuntu' : 'other'
}

function ownerAndGroup(labels: Readonly<Record<string, string>>): readonly [NodeOwner, string] {
  if (labels['eks.amazonaws.com/compute-type'] === 'fargate') return ['fargate', 'fargate']
  const pool = labels['karpenter.sh/nodepool']
  if (pool !== undefined) return ['karpenter', pool]
  const group = labels['eks.amazonaws.com/nodegroup']
  return group === undefined ? ['self-managed', ''] : ['eks-managed-node-group', group]
}

function liveNode(item: Json, limits: ReadonlyMap<string, number>): LiveNode {
  const name = text(item['metadata']?.['name'])
  const labels = (item['metadata']?.['labels'] ?? {}) as unknown as Readonly<Record<string, string>>
  const status = item['status']
  const osImage = text(status?.['nodeInfo']?.['osImage'])
  const [owner, group] = ownerAndGroup(labels)
  const limit = limits.get(name)
  return {
    name,
    owner,
    group,
    instanceType: labels['node.kubernetes.io/instance-type'] ?? labels['beta.kubernetes.io/instance-type'],
    os: system(osImage),
    osImage,
    capacity: resources(status?.['capacity']),
    allocatable: resources(status?.['allocatable']),
    attachLimits: limit === undefined ? {} : { 'ebs.csi.aws.com': limit },
    closed: undefined,
    labels,
  }
}

export type ClusterFile = { readonly nodes: readonly LiveNode[]; readonly controllers: readonly ControllerObject[] }

export function readCluster(path: string): ClusterFile {
  const items = [...(readJson(`data/clusters/${path}`)['items'] ?? [])]
  const limits = new Map<string, number>()
  for (const item of items.filter(({ kind }) => text(kind) === 'CSINode')) {
    for (const driver of item['spec']?.['drivers'] ?? []) {
      const count = driver['allocatable']?.['count']
      if (text(driver['name']) === 'ebs.csi.aws.com' && count !== undefined) {
        limits.set(text(item['metadata']?.['name']), Number(count))
      }
    }
  }
  const controllers = items
    .filter(({ kind }) => text(kind) === 'DaemonSet')
    .map((item) => {
      const name = text(item['metadata']?.['name'])
      if (name !== 'aws-node') return daemonSet(text(item['metadata']?.['namespace']), name)
      const variables = item['spec']?.['template']?.['spec']?.['containers']?.[0]?.['env'] ?? []
      return awsNode(Object.fromEntries([...variables].map((entry) => [text(entry['name']), text(entry['value'])])))
    })
  const nodes = items.filter(({ kind }) => text(kind) === 'Node').map((item) => liveNode(item, limits))
  return { nodes, controllers }
}

function measuredOverheads(): ReadonlyMap<string, { readonly min: number; readonly max: number }> {
  const rows = readText('facts/memory-overhead.csv').trim().split('\n').slice(1)
  return new Map(
    rows.map((row) => {
      const [name = '', , august = '', july = '', max = '0'] = row.split(',')
      const values = [august, july].filter((value) => value !== '').map(Number)
      return [name, { min: Math.min(...values, Number(max)), max: Number(max) }]
    }),
  )
}

/** All instance types of the data pack, with the measured memory overheads. */
export function readTypes(): ReadonlyMap<string, InstanceType> {
  const overheads = measuredOverheads()
  return new Map(
    [...(readJson('data/aws/instance-types.json')['types'] ?? [])].map((type): [string, InstanceType] => {
      const network = type['network'] ?? ({} as Json)
      const ebs = type['ebs'] ?? ({} as Json)
      const name = text(type['type'])
      const hypervisor = text(type['hypervisor'])
      const limit = text(ebs['attachmentLimitType'])
      const gpus = [...(type['gpus'] ?? [])]
      return [
        name,
        {
          name,
          family: text(type['family']),
          size: text(type['size']),
          generation: Number(type['generation']),
          status: text(type['status']) as InstanceType['status'],
          vcpus: Number(type['vcpus']),
          memoryMib: Number(type['memoryMiB']),
          architectures: [...(type['arch'] ?? [])].map((arch) => (text(arch) === 'arm64' ? 'arm64' : 'amd64')),
          usageClasses: [],
          hypervisor: hypervisor === 'nitro' || hypervisor === 'xen' ? hypervisor : undefined,
          bareMetal: Boolean(type['bareMetal']),
          burstable: Boolean(type['burstable']),
          accelerators: gpus.map((gpu) => ({
            kind: 'gpu',
            manufacturer: text(gpu['manufacturer']),
            name: text(gpu['name']),
            count: Number(gpu['count']),
          })),
          localStorageGb: 0,
          enis: Number(network['defaultCardMaxEnis']),
          enisAllCards: Number(network['maxEnis']),
          ipv4PerEni: Number(network['ipv4PerEni']),
          ipv6PerEni: Number(network['ipv6PerEni'] ?? 0),
          trunking: Boolean(network['trunking']),
          branchEnis: text(network['branchEnis']) === '' ? undefined : Number(network['branchEnis']),
          maxEfa: Number(network['maxEfa'] ?? 0),
          ebsAttachmentLimit:
            limit === 'shared' || limit === 'dedicated'
              ? { kind: limit, count: Number(ebs['maxAttachments']) }
              : undefined,
          measuredOverheadMib: overheads.get(name),
        },
      ]
    }),
  )
}

/** Interfaces of the default network card and addresses per interface of every type, from EC2's own description. */
export function readEc2Network(): ReadonlyMap<string, { readonly enis: number; readonly ipv4PerEni: number }> {
  const files = ['describe-instance-types.json.gz', 'describe-instance-types-retired.json.gz']
  return new Map(
    files
      .flatMap((file) => [...readJson(`data/aws/${file}`)])
      .map((type) => {
        const network = type['NetworkInfo'] ?? ({} as Json)
        const card = [...(network['NetworkCards'] ?? [])].find(
          (one) => Number(one['NetworkCardIndex']) === Number(network['DefaultNetworkCardIndex'] ?? 0),
        )
        const enis = Number(card?.['MaximumNetworkInterfaces'] ?? network['MaximumNetworkInterfaces'])
        return [text(type['InstanceType']), { enis, ipv4PerEni: Number(network['Ipv4AddressesPerInterface']) }]
      }),
  )
}
