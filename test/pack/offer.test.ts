import { describe, expect, it } from 'vitest'
import type { NodeGroup } from '../../src/domain/cluster.js'
import type { InstanceType } from '../../src/domain/offering.js'
import { podSlots } from '../../src/domain/units.js'
import { interestsOf, type Interests } from '../../src/pack/interests.js'
import { isLike, offer, type Market } from '../../src/pack/offer.js'
import { known, makeGroup, makeOption, nodeOf, ZONE } from './make-problem.js'
import { makePod, resources } from './make.js'

const typeOf = (name: string, parts: Partial<InstanceType> = {}): InstanceType => {
  const [family = '', size = ''] = name.split('.')
  return {
    name,
    family,
    size,
    generation: Number(/\d/.exec(family)?.[0]),
    status: 'current',
    vcpus: 2,
    memoryMib: 8192,
    architectures: ['amd64'],
    usageClasses: ['on-demand', 'spot'],
    hypervisor: 'nitro',
    bareMetal: false,
    burstable: false,
    accelerators: [],
    localStorageGb: 0,
    enis: 3,
    enisAllCards: 3,
    ipv4PerEni: 10,
    ipv6PerEni: 10,
    trunking: true,
    branchEnis: undefined,
    maxEfa: 0,
    ebsAttachmentLimit: undefined,
    measuredOverheadMib: undefined,
    ...parts,
  }
}
const M5 = typeOf('m5.large')
const GPU: InstanceType['accelerators'] = [{ kind: 'gpu', manufacturer: 'NVIDIA', name: 'T4', count: 1 }]

describe('a type is of the sort that a group runs', () => {
  const cases: readonly [string, InstanceType, readonly InstanceType[], boolean][] = [
    ['of the same generation, whatever the family', typeOf('c5.xlarge'), [M5], true],
    ['of a newer one', typeOf('m7i.large'), [M5], true],
    ['of an older one', typeOf('m4.large'), [M5], false],
    ['as old as the oldest in use', typeOf('c4.large'), [M5, typeOf('m4.large')], true],
    ['sold no more', typeOf('m5a.large', { status: 'previous' }), [M5], false],
    [
      'in use, whatever it is',
      typeOf('t1.micro', { status: 'retired', burstable: true }),
      [M5, typeOf('t1.micro')],
      true,
    ],
    ['burstable where none is', typeOf('t5.large', { burstable: true }), [M5], false],
    [
      'burstable where one is',
      typeOf('t5.large', { burstable: true }),
      [M5, typeOf('t3.large', { burstable: true })],
      true,
    ],
    ['throttled for part of the time', typeOf('m7i-flex.large'), [M5], false],
    ['bare metal where none is', typeOf('m5.metal', { bareMetal: true }), [M5], false],
    ['with devices where there are none', typeOf('m6.large', { accelerators: GPU }), [M5], false],
    ['without devices where all have some', M5, [typeOf('g5.large', { accelerators: GPU })], false],
    [
      'with devices of the same kind and family',
      typeOf('g5.xlarge', { accelerators: [{ ...GPU[0]!, name: 'A10G', count: 4 }] }),
      [typeOf('g5.large', { accelerators: GPU })],
      true,
    ],
    [
      'with the same devices in another family',
      typeOf('g6.xlarge', { accelerators: GPU }),
      [typeOf('g5.large', { accelerators: GPU })],
      false,
    ],
    ['for special purposes', typeOf('hpc7.large'), [M5], false],
    ['without local disks where all have them', M5, [typeOf('m5d.large', { localStorageGb: 75 })], false],
    [
      'without local disks where some lack them',
      M5,
      [typeOf('m5d.large', { localStorageGb: 75 }), typeOf('c5.large')],
      true,
    ],
    ['with local disks where none has them', typeOf('m5d.large', { localStorageGb: 75 }), [M5], true],
    ['on the old hypervisor', typeOf('x5.large', { hypervisor: 'xen' }), [M5], false],
    [
      'on the old hypervisor that is in use',
      typeOf('m4.xlarge', { hypervisor: 'xen' }),
      [typeOf('m4.large', { hypervisor: 'xen' })],
      true,
    ],
    ['of a group whose types nobody knows', M5, [], false],
  ]

  it.each(cases)('%s', (_, type, inUse, expected) => {
    expect(isLike(inUse)(type)).toBe(expected)
  })
})

const node = nodeOf(makeOption('m5.large', 2000, 1, { group: 'web' }), 'n0')
const group: NodeGroup = makeGroup('web', [node], { zones: ['a', 'b'] })
const size = resources(2000, 8192, { pods: podSlots(29) })

function marketOf(types: readonly InstanceType[], parts: Partial<Market> = {}): Market {
  return {
    types,
    typeOf: (name) => types.find((type) => type.name === name),
    wanted: () => true,
    architectures: undefined,
    price: (_type, _zone, _zoneId, capacityType) => known(capacityType === 'spot' ? 30 : 100),
    offered: () => undefined,
    predict: () => ({ capacity: size, allocatable: size, attachLimits: { ebs: 25 }, basis: 'test' }),
    labels: (_group, type, zone) => ({ [ZONE]: zone, type: type.name }),
    labelOfType: (_group, type) => (key) => (key === 'type' ? type.name : undefined),
    allowed: () => true,
    ...parts,
  }
}
/** As if some rule told every type from every other: no machine beats another. */
const EVERY_TYPE: Interests = new Map([['type', undefined]])
const idsOf = (types: readonly InstanceType[], parts: Partial<Market> = {}, of: NodeGroup = group): string[] =>
  offer(of, marketOf(types, parts), [], EVERY_TYPE).map(({ id }) => id)

describe('machines on offer for a group', () => {
  it('are its types in each of its zones, on demand and as spot, sorted by id', () => {
    expect(idsOf([typeOf('m6.large'), M5, typeOf('m4.large')])).toEqual([
      'web/m5.large/a/on-demand',
      'web/m5.large/a/spot',
      'web/m5.large/b/on-demand',
      'web/m5.large/b/spot',
      'web/m6.large/a/on-demand',
      'web/m6.large/a/spot',
      'web/m6.large/b/on-demand',
      'web/m6.large/b/spot',
    ])
  })

  it.each<[string, readonly InstanceType[], Partial<Market>, readonly string[]]>([
    ['a type that the user does not want', [M5], { wanted: () => false }, []],
    [
      'a zone that does not offer it',
      [M5],
      { offered: (_, zone) => zone !== 'b' },
      ['web/m5.large/a/on-demand', 'web/m5.large/a/spot'],
    ],
    [
      'a capacity type that it is not sold at',
      [typeOf('m5.large', { usageClasses: ['on-demand'] })],
      {},
      ['web/m5.large/a/on-demand', 'web/m5.large/b/on-demand'],
    ],
    [
      'an unknown price',
      [M5],
      {
        price: (_t, zone, _z, type) => (zone === 'a' && type === 'spot' ? known(1) : { kind: 'unknown', why: 'test' }),
      },
      ['web/m5.large/a/spot'],
    ],
    ['a price of nothing', [M5], { price: () => known(0) }, []],
    [
      'what the NodePool forbids',
      [M5],
      { allowed: (_, labels) => labels()[ZONE] === 'b' },
      ['web/m5.large/b/on-demand', 'web/m5.large/b/spot'],
    ],
    [
      'another architecture than the group has',
      [M5, typeOf('m6g.large', { architectures: ['arm64'] })],
      { wanted: (name) => name !== 'm5.large' },
      [],
    ],
  ])('leave out %s', (_, types, parts, expected) => {
    expect(idsOf(types, parts)).toEqual(expected)
  })

  it('are of the architectures that the user names', () => {
    const arm = typeOf('m6g.large', { architectures: ['arm64'] })
    const options = offer(group, marketOf([M5, arm], { architectures: ['arm64'] }), [], EVERY_TYPE)
    expect(options.map(({ id, architecture }) => [id, architecture])).toContainEqual(['web/m6g.large/a/spot', 'arm64'])
    expect(options.some(({ instanceType }) => instanceType === 'm5.large')).toBe(false)
  })

  it('ask for the price in the zone by the id that live nodes show', () => {
    const labelled = { ...node, zone: 'a', labels: { ...node.labels, 'topology.k8s.aws/zone-id': 'use1-az4' } }
    const asked = new Set<string>()
    idsOf(
      [M5],
      {
        price: (_, zone, zoneId) => {
          asked.add(`${zone} ${zoneId}`)
          return known(1)
        },
      },
      makeGroup('web', [labelled], { zones: ['a', 'b'] }),
    )
    expect([...asked].sort()).toEqual(['a use1-az4', 'b undefined'])
  })

  it('have room for their own DaemonSets', () => {
    const sets = [1, 2, 3].map((at) => ({
      id: `d${at}`,
      pod: makePod(`d${at}`, { role: 'daemon', needed: resources(100, 50) }),
    }))
    const offered = (slots: number): number => {
      const tiny = { ...size, pods: podSlots(slots) }
      const predict: Market['predict'] = () => ({ capacity: tiny, allocatable: tiny, attachLimits: {}, basis: 'test' })
      return offer(group, marketOf([M5], { predict }), sets, interestsOf([])).length
    }
    expect([offered(2), offered(3) > 0]).toEqual([0, true])
  })

  it('run the DaemonSets that take them, and the static pods of the group', () => {
    const taints = [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' as const }]
    const daemon = (name: string, spec: NonNullable<Parameters<typeof makePod>[1]>['spec'] = {}) => ({
      id: name,
      pod: makePod(name, { role: 'daemon', needed: resources(100, 50), spec }),
    })
    const everywhere = { tolerations: [{ operator: 'Exists' }] }
    const sets = [
      daemon('everywhere', everywhere),
      daemon('untolerated'),
      daemon('elsewhere', { ...everywhere, nodeSelector: { [ZONE]: 'b' } }),
    ]
    const proxy = makePod('proxy', { role: 'static', needed: resources(10, 5) })
    const options = offer(
      makeGroup('web', [node], { zones: ['a', 'b'], taints, staticPods: [proxy] }),
      marketOf([M5]),
      sets,
      interestsOf(sets.map(({ pod }) => pod)),
    )
    const [inA, , inB] = options
    expect(inA?.overheadPods.map(({ name }) => name)).toEqual(['everywhere', 'proxy'])
    expect(inA?.overhead).toMatchObject({ cpu: 110, pods: 2 })
    expect(inB?.overheadPods.map(({ name }) => name)).toEqual(['everywhere', 'elsewhere', 'proxy'])
    expect(inA).toMatchObject({ taints, attachLimits: { ebs: 25 }, capacityBasis: 'test', zone: 'a', group: 'web' })
  })
})
