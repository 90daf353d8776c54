import { describe, expect, it } from 'vitest'
import { gravity, mixFaults, spotPools, type MixedNode } from '../../src/domain/node-mix.js'

const node = (pool: string, cpu: number, isNew = true): MixedNode => {
  const [instanceType, zone] = pool.split(' ')
  return { isNew, instanceType, zone, capacityType: 'spot', cpu }
}
const onDemand = (zone: string): MixedNode => ({ ...node(`m5.large ${zone}`, 2000), capacityType: 'on-demand' })

describe('spot pools', () => {
  it('are an instance type in a zone, with their share of all CPU on spot', () => {
    const pools = spotPools([node('c5.large a', 2000), node('c5.large b', 2000, false), node('c5.large b', 4000)])
    expect(pools).toEqual([
      { instanceType: 'c5.large', zone: 'b', nodes: 2, newNodes: 1, cpu: 6000, share: 0.75 },
      { instanceType: 'c5.large', zone: 'a', nodes: 1, newNodes: 1, cpu: 2000, share: 0.25 },
    ])
    expect(spotPools([onDemand('a')])).toEqual([])
  })
})

describe('rails over all nodes', () => {
  const half = { maxSpotPoolShare: 0.5 }

  it('find the zones with too few nodes, the barest first', () => {
    const rails = { minNodesPerZone: 2, zones: ['a', 'b', 'c'] }
    const faults = mixFaults([onDemand('a'), onDemand('b'), onDemand('b')], rails)
    expect(faults).toEqual([
      { kind: 'zone', zone: 'c', nodes: 0, missing: 2 },
      { kind: 'zone', zone: 'a', nodes: 1, missing: 1 },
    ])
    expect(gravity(faults)).toBeGreaterThan(gravity(faults.slice(1)))
    expect(mixFaults([onDemand('a')], { zones: ['a', 'b'] })).toEqual([])
  })

  it('find the pools that have grown too large', () => {
    const nodes = [node('c5.large a', 2000), node('c5.large a', 2000), node('c5.large b', 2000)]
    const [fault, ...others] = mixFaults(nodes, half)
    expect(fault).toMatchObject({ kind: 'pool', pool: { instanceType: 'c5.large', zone: 'a', nodes: 2 } })
    expect(gravity([fault!])).toBeCloseTo(1000)
    expect(others).toEqual([])
  })

  it('find the zones whose subnets have too few addresses, the fullest first', () => {
    const rails = {
      subnets: {
        most: new Map([
          ['a', 30],
          ['b', 50],
          ['c', 99],
        ]),
        takenBy: () => 0,
      },
    }
    const taking = (zone: string, addresses: number): MixedNode => ({ ...onDemand(zone), addresses })
    const nodes = [taking('a', 20), taking('a', 11), taking('b', 60), taking('c', 99), taking('d', 500), onDemand('c')]
    const faults = mixFaults(nodes, rails)
    expect(faults).toEqual([
      { kind: 'addresses', zone: 'b', excess: 10 },
      { kind: 'addresses', zone: 'a', excess: 1 },
    ])
    expect(gravity(faults)).toBeGreaterThan(gravity(faults.slice(0, 1)))
    expect(mixFaults(nodes, {})).toEqual([])
  })

  it.each([
    ['one node of a pool', [node('c5.large a', 2000)]],
    ['a pool that nothing is added to', [node('c5.large a', 2000, false), node('c5.large a', 2000, false)]],
    ['exactly the share', ['a', 'a', 'b', 'b'].map((zone) => node(`c5.large ${zone}`, 1930))],
    ['on-demand nodes', [onDemand('a'), onDemand('a')]],
  ])('allow %s', (_, nodes) => {
    expect(mixFaults(nodes, half)).toEqual([])
  })
})
