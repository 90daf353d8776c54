import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KubeletSettings, NodeClassObject } from '../../../src/domain/snapshot.js'
import type { LiveNode } from '../../../src/model/capacity/live-node.js'
import { modelCheck, modelChecks } from '../../../src/model/capacity/check.js'
import { ebsAttachLimit } from '../../../src/model/capacity/devices.js'
import { capacityModel, type CapacityContext } from '../../../src/model/capacity/predict.js'
import { nodeClassObject } from '../../helpers/objects.js'
import { awsNode, context, detect, liveNode, resourcesOf, type LiveSketch } from './live.js'
import { summaryOf } from './summary.js'
import { TYPES, typeNamed } from './types.js'

const MI = 1024 ** 2
const predict = (of: CapacityContext, type: string) => capacityModel(of)(typeNamed(type))
const live = (type: string, pods: number, more: Partial<LiveSketch> = {}): LiveNode =>
  liveNode({ name: `${type}-${pods}`, type, pods, ...more })

describe('a type that the group has', () => {
  it('is what its weakest live node shows', () => {
    const nodes = [
      live('m5.large', 29, { name: 'a', overheadMib: 450 }),
      live('m5.large', 29, { name: 'b', overheadMib: 470 }),
    ]
    const found = predict(context(nodes), 'm5.large')
    expect(found).toMatchObject({ basis: 'seen on 2 live nodes of the group', heldBackMib: 0, uncertaintyMib: 0 })
    expect(found.capacity).toEqual(nodes[1]?.capacity)
    expect(found.allocatable).toEqual(nodes[1]?.allocatable)
  })

  it('ignores nodes without capacity', () => {
    const nodes = [
      live('m5.large', 29, { name: 'a' }),
      {
        ...live('m5.large', 29, { name: 'b' }),
        capacity: resourcesOf(0, 0, 0, 0),
        allocatable: resourcesOf(0, 0, 0, 0),
      },
    ]
    expect(predict(context(nodes), 'm5.large').basis).toBe('seen on 1 live node of the group')
  })

  it('takes devices from nodes that are ready', () => {
    const gpu = { 'nvidia.com/gpu': 1 }
    const ready = live('g5.xlarge', 58, { name: 'a', extended: gpu })
    const starting = { ...live('g5.xlarge', 58, { name: 'b' }), closed: 'not ready' }
    expect(predict(context([ready, starting]), 'g5.xlarge').allocatable.extended).toEqual(gpu)
  })
})

describe('a type that the group does not have', () => {
  it.each<[string, LiveNode[], string, number]>([
    ['addresses of the type', [live('m5.large', 29)], 'm5.4xlarge', 234],
    ['a constant', [live('m5.large', 50), live('m5.xlarge', 50)], 'm5.4xlarge', 50],
    ['a constant, yet no more than addresses', [live('m5.large', 25), live('m5.xlarge', 25)], 't3.small', 11],
    ['pods per core', [live('m5.large', 16), live('m5.xlarge', 32)], 'm5.2xlarge', 58],
    ['a reserved interface', [live('m5.large', 20), live('m5.xlarge', 44)], 'm5.4xlarge', 205],
    ['nothing that is known', [live('m5.large', 23), live('m5.xlarge', 37)], 'm5.4xlarge', 23],
    ['the smallest while a setting rolls out', [live('m5.large', 29), live('m5.large', 20)], 'm5.4xlarge', 205],
  ])('follows what live nodes show: %s', (_name, nodes, type, pods) => {
    expect(predict(context(nodes), type).allocatable.pods).toBe(pods)
  })

  const managed = { owner: 'eks-managed-node-group', group: 'g' } as const
  it.each<[string, LiveNode[], string, number]>([
    ['cap', [live('m5.large', 29, managed)], 'm5.4xlarge', 110],
    ['cap above 30 vCPUs', [live('m5.large', 29, managed)], 'm5.metal', 250],
    ['smallest of several types', [live('t3.small', 11, managed), live('m5.large', 11, managed)], 'm5.4xlarge', 11],
    ['a type not seen holds it down', [live('m5.large', 11, managed)], 'm5.4xlarge', 11],
    ['an image of its own', [live('m5.metal', 737, managed)], 'm5.4xlarge', 234],
  ])('keeps to what EKS gives a managed group: %s', (_name, nodes, type, pods) => {
    expect(predict(context(nodes), type).allocatable.pods).toBe(pods)
  })

  it("learns Auto Mode's number from its nodes", () => {
    const nodes = [live('m5.large', 27, { owner: 'eks-auto-mode', os: 'auto-mode', n: 27 })]
    const of = context(nodes, { cni: detect(nodes, []) })
    expect(predict(of, 'm5.xlarge').allocatable.pods).toBe(56)
  })

  it('scales memory within a family, holds back a margin and says so', () => {
    const found = predict(context([live('m6i.large', 29, { overheadMib: 405 })]), 'm6i.4xlarge')
    expect(found.memoryStep).toBe('same-family')
    expect(found.basis).toContain('memory scaled from live m6i sizes')
    expect(found.heldBackMib).toBeGreaterThanOrEqual(64)
    const best = found.capacity.memory / MI + found.heldBackMib
    expect(Math.abs(65536 - best - 2270)).toBeLessThan(65536 * 0.005)
  })

  it.each([
    ['measured', 'r6i.large', [live('m5.large', 29, { overheadMib: 559 })], 16384 - 671 - 64],
    ['seen-other-image', 'm5.large', [live('m5.large', 29, { os: 'bottlerocket', group: 'other' })], 8192 - 500 - 256],
    ['karpenter', 'm8i.large', [], 7577],
  ] as const)('estimates memory by step %s', (step, type, others, mib) => {
    const of = context([], { clusterNodes: [...others], cni: detect([]) })
    const found = predict(of, type)
    expect(found).toMatchObject({ memoryStep: step, capacity: { memory: mib * MI } })
  })

  it('adds what live nodes keep above the measured overheads', () => {
    const of = context([live('m5.large', 29, { overheadMib: 659 })])
    expect(predict(of, 'm6i.large').capacity.memory).toBe((8192 - 505 - 64) * MI)
  })

  it('uses kubelet settings of the class, and learns them where there is no class', () => {
    const kubelet: KubeletSettings = {
      maxPods: 20,
      podsPerCore: undefined,
      kubeReserved: { cpu: '200m', memory: '1Gi' },
      systemReserved: { memory: '200Mi' },
      evictionHard: { 'memory.available': '5%' },
    }
    const of = context([], { owner: 'karpenter', os: 'al2023', kubelet, cni: detect([]) })
    const { capacity, allocatable } = predict(of, 'm5.large')
    expect(allocatable.cpu).toBe(1800)
    expect(allocatable.pods).toBe(20)
    expect(allocatable.memory).toBe(capacity.memory - 1224 * MI - Math.trunc(capacity.memory * Math.fround(0.05)))
    const bare = predict(context([live('m5.large', 50, { n: 'none' })]), 'm5.xlarge')
    expect(bare.allocatable.cpu).toBe(4000)
    expect(bare.capacity.memory - bare.allocatable.memory).toBe(100 * MI)
    expect(bare.basis).toContain('learned from 1 live node')
  })

  it('reserves nothing on kOps, and what others write on every node', () => {
    const kops = context([live('m5.large', 110, { owner: 'kops', os: 'ubuntu', n: 'none' })], { cni: detect([], []) })
    const found = predict(kops, 'm5.xlarge')
    expect([found.allocatable.cpu, found.capacity.memory - found.allocatable.memory]).toEqual([4000, 100 * MI])
    const odd = live('m5.large', 250, { owner: 'self-managed', os: 'other', n: 'none' })
    const openshift = {
      ...odd,
      allocatable: { ...odd.allocatable, cpu: 1500 as never, memory: (odd.capacity.memory - 1124 * MI) as never },
    }
    const other = predict(context([openshift], { cni: detect([openshift], []) }), 'm5.2xlarge')
    expect(other.allocatable.cpu).toBeLessThanOrEqual(7500)
    expect(other.capacity.memory - other.allocatable.memory).toBeGreaterThanOrEqual(1124 * MI)
  })

  it('takes the disk from the group, the class, the instance store or the default', () => {
    const nodeClass = (spec: Record<string, unknown>): NodeClassObject =>
      nodeClassObject({ metadata: { name: 'c' }, spec })
    const none = context([], { owner: 'karpenter', cni: detect([]) })
    const disk = (of: CapacityContext, type = 'm5.large'): number => predict(of, type).capacity.ephemeralStorage / 1024
    expect(disk(none)).toBe(20_893_676)
    const hundred = { blockDeviceMappings: [{ deviceName: '/dev/xvda', ebs: { volumeSize: '100Gi' } }] }
    expect(disk({ ...none, nodeClass: nodeClass(hundred) })).toBe(104_779_756)
    expect(disk(context([live('m5.xlarge', 58, { diskKib: 83_808_236 })]))).toBe(83_808_236)
    expect(disk({ ...none, os: 'bottlerocket' })).toBeCloseTo(20_624_592, -3)
    const raid = { ...none, nodeClass: nodeClass({ instanceStorePolicy: 'RAID0' }) }
    expect(disk(raid, 'm5d.large')).toBe(Math.floor((75e9 * 0.98) / 1024))
    expect(disk(raid, 'm5.large')).toBe(20_893_676)
  })

  it('offers devices as the cluster shows them', () => {
    const none = context([], { owner: 'karpenter', cni: detect([]) })
    const offered = (of: CapacityContext, type: string) => predict(of, type).allocatable.extended
    expect(offered(none, 'p5.48xlarge')).toEqual({ 'nvidia.com/gpu': 8 })
    const sliced = live('g5.xlarge', 58, { extended: { 'nvidia.com/gpu': 10, 'vpc.amazonaws.com/efa': 0 } })
    expect(offered(context([sliced]), 'p5.48xlarge')).toEqual({ 'nvidia.com/gpu': 80 })
    const plain = context([live('g5.xlarge', 58)])
    expect(offered(plain, 'p5.48xlarge')).toEqual({})
    const trunk = context([], { owner: 'karpenter', cni: detect([], [awsNode({ ENABLE_POD_ENI: 'true' })]) })
    expect(offered(trunk, 'm5.large')).toEqual({ 'vpc.amazonaws.com/pod-eni': 9 })
    expect(offered(trunk, 't3.large')).toEqual({})
    expect(offered({ ...none, os: 'windows' }, 'm5.large')).toEqual({ 'vpc.amazonaws.com/PrivateIPv4Address': 9 })
    const huge = live('m5.large', 29, { extended: { 'hugepages-2Mi': 512 * MI } })
    const pages = {
      ...huge,
      allocatable: { ...huge.allocatable, memory: (huge.allocatable.memory - 512 * MI) as never },
    }
    const found = predict(context([pages]), 'm5.xlarge')
    expect(found.allocatable.extended).toEqual({ 'hugepages-2Mi': 512 * MI })
    expect(found.capacity.memory - found.allocatable.memory).toBe((893 + 100 + 512) * MI)
  })

  it('halves the cores where threads are off', () => {
    const node = live('m5.xlarge', 58)
    const off = {
      ...node,
      capacity: { ...node.capacity, cpu: 2000 as never },
      allocatable: { ...node.allocatable, cpu: 1920 as never },
    }
    expect(predict(context([off]), 'm5.4xlarge').capacity.cpu).toBe(8000)
  })
})

describe('EBS attach limits', () => {
  it.each([
    ['t3.medium', 1, 26],
    ['m5.large', 1, 26],
    ['m5.large', 3, 24],
    ['m5d.large', 1, 25],
    ['g5.xlarge', 1, 24],
    ['m7i.large', 1, 31],
    ['m7i.large', 3, 31],
    ['r7i.16xlarge', 1, 47],
    ['m7i.48xlarge', 1, 127],
  ])('%s with %i interfaces: %i', (type, enis, limit) => {
    expect(ebsAttachLimit(typeNamed(type), 'al2023', enis)).toBe(limit)
  })

  it('counts the data volume of Bottlerocket, and is unknown where EC2 says nothing', () => {
    expect(ebsAttachLimit(typeNamed('m5.large'), 'bottlerocket')).toBe(25)
    expect(ebsAttachLimit(typeNamed('m4.xlarge'), 'al2')).toBe(38)
    expect(ebsAttachLimit(typeNamed('t3.nano'), 'al2')).toBeUndefined()
  })

  it('takes what live nodes lack from types that were not seen', () => {
    const of = context([live('m5.large', 29, { attach: 24 })])
    expect(predict(of, 'm5.large').attachLimits).toEqual({ 'ebs.csi.aws.com': 24 })
    expect(predict(of, 'm5.xlarge').attachLimits).toEqual({ 'ebs.csi.aws.com': 24 })
    expect(predict(of, 'm7i.large').attachLimits).toEqual({ 'ebs.csi.aws.com': 31 })
  })
})

describe('another CNI mode', () => {
  const nodes = [live('m5.large', 29), live('m5.xlarge', 58)]
  it('changes pods, not memory, where the image reserves for its own number', () => {
    const of = context(nodes, { cni: detect(nodes, [awsNode()], 'prefix') })
    const seen = predict(of, 'm5.large')
    expect(seen.allocatable).toEqual({ ...nodes[0]?.allocatable, pods: 110 })
    expect(seen.basis).toBe('seen on 1 live node of the group; pods: prefix-delegation, kubelet told so')
    expect(predict(of, 'm5.8xlarge').allocatable.pods).toBe(250)
    expect(predict(of, 'm4.large').allocatable.pods).toBe(20)
  })

  it('takes memory for the new pods on Bottlerocket', () => {
    const bottlerocket = [live('m5.large', 29, { os: 'bottlerocket' })]
    const of = context(bottlerocket, { cni: detect(bottlerocket, [awsNode()], 'prefix') })
    const before = predict(context(bottlerocket), 'm5.large').allocatable.memory
    expect(before - predict(of, 'm5.large').allocatable.memory).toBe((110 - 29) * 11 * MI)
  })

  it('keeps the caps of managed groups and kOps', () => {
    const managed = [live('m5.8xlarge', 234, { owner: 'eks-managed-node-group' })]
    const of = context(managed, { cni: detect(managed, [awsNode()], 'prefix') })
    expect(predict(of, 'm5.8xlarge').allocatable.pods).toBe(250)
    const kops = [live('m5.8xlarge', 110, { owner: 'kops', os: 'ubuntu', n: 'none' })]
    expect(predict(context(kops, { cni: detect(kops, [awsNode()], 'prefix') }), 'm5.8xlarge').allocatable.pods).toBe(
      110,
    )
  })
})

describe('properties', () => {
  const sketch = fc.record({
    type: fc.constantFrom(...TYPES.keys()),
    pods: fc.integer({ min: 1, max: 300 }),
    overheadMib: fc.integer({ min: 60, max: 400 }),
    os: fc.constantFrom('al2', 'al2023', 'bottlerocket', 'windows', 'ubuntu', 'other'),
    owner: fc.constantFrom('karpenter', 'eks-managed-node-group', 'self-managed', 'kops', 'eks-auto-mode'),
    n: fc.oneof(fc.constant('none' as const), fc.integer({ min: 0, max: 5 })),
    attach: fc.integer({ min: 1, max: 60 }),
  })
  const nodesOf = (sketches: readonly Omit<LiveSketch, 'name'>[]): readonly LiveNode[] =>
    sketches.map((one, index) => liveNode({ ...one, name: `n${index}` }))

  it('never gives a type more than a live node of it in the group has', () => {
    fc.assert(
      fc.property(fc.array(sketch, { minLength: 1, maxLength: 6 }), (sketches) => {
        const nodes = nodesOf(sketches)
        const model = capacityModel(context(nodes))
        for (const node of nodes) {
          const { allocatable, capacity, attachLimits } = model(typeNamed(node.instanceType ?? ''))
          for (const name of ['cpu', 'memory', 'ephemeralStorage', 'pods'] as const) {
            expect(allocatable[name]).toBeLessThanOrEqual(node.allocatable[name])
            expect(capacity[name]).toBeLessThanOrEqual(node.capacity[name])
          }
          expect(attachLimits['ebs.csi.aws.com']).toBeLessThanOrEqual(node.attachLimits['ebs.csi.aws.com'] ?? 0)
        }
      }),
    )
  })

  it('gives every type whole, bounded figures, whatever the order of the nodes', () => {
    fc.assert(
      fc.property(fc.array(sketch, { maxLength: 5 }), fc.constantFrom(...TYPES.values()), (sketches, type) => {
        const nodes = nodesOf(sketches)
        const found = capacityModel(context(nodes))(type)
        const reversed = capacityModel(context(nodes, { nodes: nodes.toReversed(), clusterNodes: nodes.toReversed() }))(
          type,
        )
        expect(reversed).toEqual(found)
        for (const name of ['cpu', 'memory', 'ephemeralStorage', 'pods'] as const) {
          expect(Number.isInteger(found.allocatable[name])).toBe(true)
          expect(found.allocatable[name]).toBeGreaterThanOrEqual(0)
          expect(found.allocatable[name]).toBeLessThanOrEqual(found.capacity[name])
        }
        expect(found.capacity.memory).toBeLessThanOrEqual(type.memoryMib * MI)
      }),
    )
  })
})

describe('the model check', () => {
  const nodes = [
    live('m5.large', 29, { name: 'b', overheadMib: 559 }),
    live('m5.xlarge', 58, { name: 'a', overheadMib: 868 }),
    { ...live('m5.large', 29, { name: 'c' }), capacity: resourcesOf(0, 0, 0, 0) },
  ]
  it('compares the best estimate with real nodes, and names those left out', () => {
    const { checks, skipped } = modelCheck([context(nodes)], 'rules')
    expect(checks.map(({ node, resource }) => `${node} ${resource}`)).toEqual(
      ['a', 'b'].flatMap((name) =>
        ['cpu', 'memory', 'pods', 'capacity memory'].map((resource) => `${name} ${resource}`),
      ),
    )
    for (const resource of ['cpu', 'memory', 'pods', 'capacity memory'] as const)
      expect(summaryOf(checks, resource)).toEqual({ nodes: 2, exact: 2, worstPct: 0, medianPct: 0, overPromised: 0 })
    expect(skipped).toEqual([{ node: 'c', why: 'its capacity is zero or absent' }])
  })

  it('does not use the figures of the type it checks', () => {
    const odd = [live('m5.large', 17, { name: 'a', overheadMib: 900 })]
    for (const method of ['rules', 'other-types'] as const) {
      const { checks } = modelCheck([context(odd)], method)
      expect(checks.find(({ resource }) => resource === 'pods')).toMatchObject({ predicted: 29, real: 17 })
    }
  })

  it('judges live nodes by what was detected, not by a what-if', () => {
    const { checks } = modelCheck([context(nodes, { cni: detect(nodes, [awsNode()], 'prefix') })], 'rules')
    expect(summaryOf(checks, 'pods')).toMatchObject({ nodes: 2, exact: 2 })
  })

  it('promises less than the best estimate where it is not certain', () => {
    const unmeasured = [live('m5.large', 29, { name: 'a', overheadMib: 559 }), live('m8i.large', 59, { name: 'b' })]
    const { checks } = modelCheck([context(unmeasured)], 'other-types')
    const memory = checks.find(({ node, resource }) => node === 'b' && resource === 'memory')
    expect(memory?.promised).toBeLessThan(memory?.predicted ?? 0)
  })

  it('is exact as plans predict, and leaves out the method that would take too long', () => {
    const odd = [live('m5.large', 17, { name: 'a', overheadMib: 900 })]
    const { checks } = modelChecks([context(odd)])
    expect([...new Set(checks.map(({ method }) => method))]).toEqual(['in-force', 'other-types', 'rules'])
    for (const { method, predicted, promised, real } of checks)
      if (method === 'in-force') expect([predicted, promised]).toEqual([real, real])
    const many = Array.from({ length: 20_001 }, (_, index) => live('m5.large', 29, { name: `n${index}` }))
    expect(new Set(modelChecks([context(many)]).checks.map(({ method }) => method))).toEqual(
      new Set(['in-force', 'rules']),
    )
  })

  it('says nothing without nodes', () => {
    expect(modelChecks([])).toEqual({ checks: [], skipped: [] })
  })
})
