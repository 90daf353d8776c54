import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { InstanceType } from '../../src/domain/offering.js'
import { allowedByNodePool } from '../../src/model/node-pool.js'
import { optionLabels } from '../../src/model/option-labels.js'
import { nodeTemplate } from '../../src/model/template.js'
import { nodePoolObject, type Api } from '../helpers/objects.js'
import { instanceType, nodes, pod, resources } from './fixtures.js'

const NO_EXTRAS = { kubelet: undefined, nodePool: undefined }

/** A node of an EKS managed group, as the cloud controller manager and the EBS driver label it. */
const managed = (name: string, zone: string, type: string, labels: Api = {}, spec: Api = {}): Api => ({
  metadata: {
    name,
    labels: {
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/instance-type': type,
      'beta.kubernetes.io/os': 'linux',
      'failure-domain.beta.kubernetes.io/region': 'us-west-2',
      'failure-domain.beta.kubernetes.io/zone': zone,
      'k8s.io/cloud-provider-aws': 'c04841a1',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': type,
      'topology.ebs.csi.aws.com/zone': zone,
      'topology.k8s.aws/zone-id': `id-of-${zone}`,
      'topology.kubernetes.io/region': 'us-west-2',
      'topology.kubernetes.io/zone': zone,
      'eks.amazonaws.com/nodegroup': 'general',
      'eks.amazonaws.com/capacityType': 'ON_DEMAND',
      'eks.amazonaws.com/nodegroup-image': 'ami-1',
      ...labels,
    },
  },
  spec: { providerID: `aws:///${zone}/i-${name}`, ...spec },
})

describe('template of a group', () => {
  it('keeps the labels that all nodes share and that do not follow from the machine', () => {
    const template = nodeTemplate(
      nodes([
        managed('a', 'us-west-2a', 'm6i.large', { team: 'x', version: '1' }),
        managed('b', 'us-west-2b', 'm5.xlarge', { team: 'x', version: '2' }),
      ]),
      NO_EXTRAS,
    )
    expect(template.labels).toEqual({
      'beta.kubernetes.io/os': 'linux',
      'eks.amazonaws.com/nodegroup': 'general',
      'eks.amazonaws.com/nodegroup-image': 'ami-1',
      'k8s.io/cloud-provider-aws': 'c04841a1',
      'kubernetes.io/os': 'linux',
      team: 'x',
    })
    expect(template).toMatchObject({
      zones: ['us-west-2a', 'us-west-2b'],
      region: 'us-west-2',
      architectures: ['amd64'],
      os: 'al2023',
      zoneLabels: [
        'failure-domain.beta.kubernetes.io/zone',
        'topology.ebs.csi.aws.com/zone',
        'topology.kubernetes.io/zone',
      ],
      derivedLabels: [
        'beta.kubernetes.io/instance-type',
        'beta.kubernetes.io/arch',
        'failure-domain.beta.kubernetes.io/region',
        'topology.k8s.aws/zone-id',
      ],
    })
    expect(Object.keys(template.capacityTypeLabels)).toEqual(['eks.amazonaws.com/capacityType'])
  })

  it('leaves out what only one machine has, also in a group of one node', () => {
    const own = { 'alpha.eksctl.io/instance-id': 'i-a', 'example.com/machine': 'i-a', 'example.com/host': 'a' }
    const { labels } = nodeTemplate(nodes([managed('a', 'us-west-2a', 'm6i.large', own)]), NO_EXTRAS)
    for (const key of [...Object.keys(own), 'kubernetes.io/hostname']) expect(labels).not.toHaveProperty([key])
  })

  it('does not count nodes that are starting: labels of their drivers come later', () => {
    const starting = managed(
      'b',
      'us-west-2b',
      'm6i.large',
      {},
      { taints: [{ key: 'ebs.csi.aws.com/agent-not-ready', effect: 'NoExecute' }] },
    )
    const { 'topology.ebs.csi.aws.com/zone': _, ...fewer } = (
      starting['metadata'] as { labels: Record<string, string> }
    ).labels
    const group = nodes([
      managed('a', 'us-west-2a', 'm6i.large'),
      { ...starting, metadata: { name: 'b', labels: fewer } },
    ])
    expect(nodeTemplate(group, NO_EXTRAS).zoneLabels).toContain('topology.ebs.csi.aws.com/zone')
    expect(nodeTemplate(group.slice(1), NO_EXTRAS).zoneLabels).not.toContain('topology.ebs.csi.aws.com/zone')
  })

  it('takes common taints, without those of start-up and of conditions, and those of the pool', () => {
    const taint = (key: string, value = '', effect = 'NoSchedule') => ({ key, value, effect })
    const dedicated = taint('dedicated', 'db')
    const pressure = taint('node.kubernetes.io/disk-pressure')
    const startup = taint('example.com/startup')
    const group = nodes([
      managed('a', 'us-west-2a', 'm6i.large', {}, { taints: [dedicated, pressure, startup, taint('only-a')] }),
      managed('b', 'us-west-2a', 'm6i.large', {}, { taints: [startup, dedicated, pressure] }),
    ])
    expect(nodeTemplate(group, NO_EXTRAS).taints).toEqual([dedicated, startup])
    const nodePool = nodePoolObject({
      metadata: { name: 'p' },
      spec: {
        template: {
          metadata: { labels: { tier: 'gold' } },
          spec: { taints: [taint('pool')], startupTaints: [startup] },
        },
      },
    })
    const pooled = nodeTemplate(group, { ...NO_EXTRAS, nodePool })
    expect(pooled.taints).toEqual([dedicated, taint('pool')])
    expect(pooled.labels).toMatchObject({ tier: 'gold', 'karpenter.sh/nodepool': 'p' })
  })

  it('remembers hardware labels by type only, and capacity labels with the values that were seen', () => {
    const gpu = (product: string) => ({
      'nvidia.com/gpu.product': product,
      'node.example.com/lifecycle': 'spot',
      'eks.amazonaws.com/capacityType': 'SPOT',
    })
    const template = nodeTemplate(
      nodes([
        managed('a', 'us-west-2a', 'g4dn.xlarge', gpu('Tesla-T4')),
        managed('b', 'us-west-2a', 'g4dn.xlarge', gpu('Tesla-T4')),
        managed('c', 'us-west-2a', 'g5.xlarge', gpu('A10G')),
      ]),
      NO_EXTRAS,
    )
    expect(template.typeLabels).toEqual({
      'g4dn.xlarge': { 'nvidia.com/gpu.product': 'Tesla-T4' },
      'g5.xlarge': { 'nvidia.com/gpu.product': 'A10G' },
    })
    expect(template.labels).not.toHaveProperty(['node.example.com/lifecycle'])
    expect(template.capacityTypeLabels['node.example.com/lifecycle']).toEqual({ spot: 'spot' })
    const same = nodes([managed('a', 'us-west-2a', 'g4dn.xlarge', gpu('Tesla-T4'))])
    expect(nodeTemplate(same, NO_EXTRAS).labels).not.toHaveProperty(['nvidia.com/gpu.product'])
  })

  it('counts a static pod only where every node runs it, in its largest size', () => {
    const [a, b] = nodes([managed('a', 'us-west-2a', 'm6i.large'), managed('b', 'us-west-2a', 'm6i.large')])
    if (a === undefined || b === undefined) throw new Error('two nodes were made')
    const mirror = (name: string, nodeName: string, cores: number) =>
      pod({
        namespace: 'kube-system',
        name: `${name}-${nodeName}`,
        nodeName,
        role: 'static',
        needed: resources(cores, 1),
      })
    const group = [
      { ...a, pods: [mirror('kube-proxy', 'a', 0.1), mirror('debug', 'a', 1)] },
      { ...b, pods: [mirror('kube-proxy', 'b', 0.2), pod({ name: 'app' })] },
    ]
    expect(nodeTemplate(group, NO_EXTRAS).staticPods.map(({ id }) => id)).toEqual(['kube-system/kube-proxy-b'])
  })

  it('does not depend on the order of the nodes', () => {
    const group = nodes([
      managed('b', 'us-west-2b', 'm5.xlarge', { team: 'x' }),
      managed('a', 'us-west-2a', 'm6i.large', { team: 'x' }),
    ])
    expect(JSON.stringify(nodeTemplate([...group].reverse(), NO_EXTRAS))).toBe(
      JSON.stringify(nodeTemplate(group, NO_EXTRAS)),
    )
  })

  it('makes one from a pool that has no node yet', () => {
    const requirements = [
      { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['us-west-2b', 'us-west-2a'] },
      { key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] },
    ]
    const nodePool = nodePoolObject({
      metadata: { name: 'new' },
      spec: {
        template: {
          spec: { requirements, nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' } },
        },
      },
    })
    expect(nodeTemplate([], { ...NO_EXTRAS, nodePool })).toMatchObject({
      labels: { 'karpenter.sh/nodepool': 'new', 'karpenter.k8s.aws/ec2nodeclass': 'default' },
      zones: ['us-west-2a', 'us-west-2b'],
      architectures: ['arm64'],
      zoneLabels: ['topology.kubernetes.io/zone'],
    })
  })
})

describe('labels of an option', () => {
  it('gives a managed node the labels that its live neighbours have', () => {
    const template = nodeTemplate(
      nodes([managed('a', 'us-west-2a', 'm6i.large'), managed('b', 'us-west-2b', 'm5.xlarge')]),
      NO_EXTRAS,
    )
    const labels = optionLabels(template, instanceType(), 'us-west-2b', 'id-of-us-west-2b', 'spot', 'us-west-2')
    const { 'kubernetes.io/hostname': _, ...expected } = (
      managed('n', 'us-west-2b', 'm6i.large', { 'eks.amazonaws.com/capacityType': 'SPOT' })['metadata'] as {
        labels: Record<string, string>
      }
    ).labels
    expect(labels).toEqual(expected)
  })

  it('leaves out the deprecated labels where live nodes have none, and zone ids that are not known', () => {
    const bare = {
      metadata: {
        name: 'a',
        labels: { 'eks.amazonaws.com/nodegroup': 'ng', 'topology.kubernetes.io/zone': 'us-west-2a' },
      },
    }
    const labels = optionLabels(
      nodeTemplate(nodes([bare]), NO_EXTRAS),
      instanceType(),
      'us-west-2a',
      undefined,
      'on-demand',
      undefined,
    )
    expect(labels).toEqual({
      'eks.amazonaws.com/capacityType': 'ON_DEMAND',
      'eks.amazonaws.com/nodegroup': 'ng',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': 'm6i.large',
      'topology.kubernetes.io/region': 'us-west-2',
      'topology.kubernetes.io/zone': 'us-west-2a',
    })
  })

  const karpenterNode = (labels: Api = {}): Api => ({
    metadata: {
      name: 'k',
      labels: {
        'karpenter.sh/nodepool': 'default',
        'karpenter.sh/capacity-type': 'spot',
        'topology.kubernetes.io/zone': 'us-west-2a',
        ...labels,
      },
    },
  })
  const g6e: InstanceType = instanceType({
    name: 'g6e.2xlarge',
    family: 'g6e',
    size: '2xlarge',
    vcpus: 8,
    memoryMib: 65_536,
    localStorageGb: 450,
    accelerators: [{ kind: 'gpu', manufacturer: 'NVIDIA', name: 'L40S', count: 1, memoryMib: 45_776 }],
    hardware: {
      encryptionInTransit: true,
      localNvmeDisks: 1,
      cpuManufacturer: 'AMD',
      clockMhz: 3400,
      networkBaselineMbps: 5000,
      ebsMaxMbps: 5000,
    },
  })

  it("writes Karpenter's instance labels for its nodes", () => {
    const labels = optionLabels(
      nodeTemplate(nodes([karpenterNode()]), NO_EXTRAS),
      g6e,
      'us-west-2a',
      undefined,
      'on-demand',
      'us-west-2',
    )
    expect(labels).toMatchObject({
      'karpenter.sh/capacity-type': 'on-demand',
      'karpenter.k8s.aws/instance-category': 'g',
      'karpenter.k8s.aws/instance-family': 'g6e',
      'karpenter.k8s.aws/instance-generation': '6',
      'karpenter.k8s.aws/instance-size': '2xlarge',
      'karpenter.k8s.aws/instance-cpu': '8',
      'karpenter.k8s.aws/instance-cpu-manufacturer': 'amd',
      'karpenter.k8s.aws/instance-memory': '65536',
      'karpenter.k8s.aws/instance-hypervisor': 'nitro',
      'karpenter.k8s.aws/instance-gpu-name': 'l40s',
      'karpenter.k8s.aws/instance-gpu-manufacturer': 'nvidia',
      'karpenter.k8s.aws/instance-gpu-count': '1',
      'karpenter.k8s.aws/instance-gpu-memory': '45776',
      'karpenter.k8s.aws/instance-local-nvme': '450',
    })
  })

  it('uses the prefix of Auto Mode there, and what live nodes of the type say first', () => {
    const auto = karpenterNode({
      'eks.amazonaws.com/compute-type': 'auto',
      'node.kubernetes.io/instance-type': 'g6e.2xlarge',
      'eks.amazonaws.com/instance-gpu-name': 'l40s-seen',
    })
    const labels = optionLabels(
      nodeTemplate(nodes([auto]), NO_EXTRAS),
      g6e,
      'us-west-2a',
      undefined,
      'spot',
      'us-west-2',
    )
    expect(labels).toMatchObject({
      'eks.amazonaws.com/instance-category': 'g',
      'eks.amazonaws.com/instance-gpu-name': 'l40s-seen',
    })
    expect(Object.keys(labels).some((key) => key.startsWith('karpenter.k8s.aws/'))).toBe(false)
  })
})

describe('requirements of a NodePool', () => {
  const labels = {
    'karpenter.k8s.aws/instance-cpu': '8',
    'karpenter.k8s.aws/instance-family': 'm6i',
    'kubernetes.io/arch': 'amd64',
    team: 'x',
  }
  it.each([
    ['karpenter.k8s.aws/instance-family', 'In', ['m5', 'm6i'], true],
    ['karpenter.k8s.aws/instance-family', 'In', ['m5'], false],
    ['karpenter.k8s.aws/instance-family', 'NotIn', ['m6i'], false],
    ['karpenter.k8s.aws/instance-local-nvme', 'Exists', [], false],
    ['karpenter.k8s.aws/instance-local-nvme', 'DoesNotExist', [], true],
    ['karpenter.k8s.aws/instance-local-nvme', 'NotIn', ['100'], true],
    ['karpenter.k8s.aws/instance-local-nvme', 'Gt', ['100'], false],
    ['karpenter.k8s.aws/instance-cpu', 'Gt', ['7'], true],
    ['karpenter.k8s.aws/instance-cpu', 'Gt', ['8'], false],
    ['karpenter.k8s.aws/instance-cpu', 'Gte', ['8'], true],
    ['karpenter.k8s.aws/instance-cpu', 'Gte', ['9'], false],
    ['karpenter.k8s.aws/instance-cpu', 'Lt', ['9'], true],
    ['karpenter.k8s.aws/instance-cpu', 'Lte', ['8'], true],
    ['karpenter.k8s.aws/instance-cpu', 'Lte', ['7'], false],
    ['karpenter.k8s.aws/instance-cpu', 'Lt', ['1.5'], false],
    ['karpenter.k8s.aws/instance-cpu', 'Near', ['8'], false],
    ['beta.kubernetes.io/arch', 'In', ['amd64'], true],
    ['beta.kubernetes.io/arch', 'In', ['arm64'], false],
    ['team', 'In', ['x'], true],
    ['team', 'In', ['y'], false],
    // Not the machine's: Karpenter itself puts it on the node.
    ['purpose', 'In', ['batch'], true],
    ['purpose', 'Exists', [], true],
  ])('%s %s %o: %s', (key, operator, values, allowed) => {
    const pool = nodePoolObject({ spec: { template: { spec: { requirements: [{ key, operator, values }] } } } })
    expect(allowedByNodePool(pool, labels)).toBe(allowed)
  })

  it('wants all of them to hold', () => {
    const requirements = [
      { key: 'team', operator: 'In', values: ['x'] },
      { key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] },
    ]
    expect(allowedByNodePool(nodePoolObject({ spec: { template: { spec: { requirements } } } }), labels)).toBe(false)
  })
})

const CLUSTER = '../shared/data/clusters/medium.json.gz'
const TYPES = '../shared/data/aws/instance-types.json'
const absent = !existsSync(CLUSTER) || !existsSync(TYPES)
describe.skipIf(absent)(absent ? 'skipped: ../shared is absent' : 'medium cluster in ../shared', () => {
  type Row = {
    type: string
    family: string
    size: string
    vcpus: number
    memoryMiB: number
    arch: string[]
    hypervisor: 'nitro' | 'xen' | null
    cpuManufacturer: string
    localStorage?: { totalGB: number; nvme: string; disks: { count: number }[] }
    gpus?: { manufacturer: string; name: string; count: number; memoryMiB: number }[]
  }
  const toType = (row: Row): InstanceType =>
    instanceType({
      name: row.type,
      family: row.family,
      size: row.size,
      vcpus: row.vcpus,
      memoryMib: row.memoryMiB,
      architectures: row.arch.includes('arm64') ? ['arm64'] : ['amd64'],
      hypervisor: row.hypervisor ?? undefined,
      localStorageGb: row.localStorage?.totalGB ?? 0,
      accelerators: (row.gpus ?? []).map(({ manufacturer, name, count, memoryMiB }) => ({
        kind: 'gpu',
        manufacturer,
        name,
        count,
        memoryMib: memoryMiB,
      })),
      hardware: {
        encryptionInTransit: true,
        localNvmeDisks: row.localStorage?.nvme ? 1 : 0,
        cpuManufacturer: row.cpuManufacturer,
      },
    })

  it('foretells the labels of every live EC2 node from the rest of its group', () => {
    const list = JSON.parse(gunzipSync(readFileSync(CLUSTER)).toString()) as { items: Api[] }
    const types = new Map(
      (JSON.parse(readFileSync(TYPES, 'utf8')) as { types: Row[] }).types.map((row) => [row.type, toType(row)]),
    )
    const all = nodes(list.items.filter((item) => item['kind'] === 'Node'))
    const wrong: string[] = []
    let checked = 0
    for (const node of all) {
      if (node.owner === 'fargate' || node.closed !== undefined || node.zone === undefined) continue
      const others = all.filter((other) => other.group === node.group && other !== node && other.closed === undefined)
      const type = types.get(node.instanceType ?? '')
      if (others.length === 0 || type === undefined) continue
      const zoneId = node.labels['topology.k8s.aws/zone-id']
      const labels = optionLabels(
        nodeTemplate(others, NO_EXTRAS),
        type,
        node.zone,
        zoneId,
        node.capacityType ?? 'on-demand',
        node.region,
      )
      // Not in this test's reading of the catalog, and foretold only for types that another node of the group shows.
      const skipped = /hostname$|instance-(ebs-bandwidth|network-bandwidth|cpu-sustained-clock-speed-mhz)$/
      for (const key of new Set([...Object.keys(labels), ...Object.keys(node.labels)]))
        if (!skipped.test(key) && labels[key] !== node.labels[key])
          wrong.push(`${node.group} ${type.name} ${key}: ${labels[key]} for ${node.labels[key]}`)
      checked += 1
    }
    expect(checked).toBeGreaterThan(250)
    expect([...new Set(wrong)]).toEqual([])
  })
})
