import { describe, expect, it } from 'vitest'
import { formatAmount, limitFaults } from '../../src/domain/group-limit.js'
import { GIBIBYTE } from '../../src/domain/units.js'
import { resources } from '../pack/make.js'

const GPU = 'nvidia.com/gpu'
const MIB = 1024
const node = (isNew: boolean, group = 'pool') => ({
  group,
  isNew,
  capacity: resources(4000, 16 * MIB, { extended: { [GPU]: 1 } }),
})
const limits = (limit: Readonly<Record<string, number>>) => new Map([['pool', new Map(Object.entries(limit))]])

describe('the limit of a group', () => {
  it('counts the capacity of all its nodes, once one of them is bought', () => {
    const nodes = [node(false), node(false), node(true), node(true, 'other')]
    expect(limitFaults(nodes, limits({ cpu: 12_000, memory: 48 * GIBIBYTE, nodes: 3, [GPU]: 3 }))).toEqual([])
    expect(limitFaults(nodes, limits({ cpu: 11_999, memory: 40 * GIBIBYTE, nodes: 2, [GPU]: 1 }))).toEqual([
      { kind: 'limit', group: 'pool', resource: 'cpu', most: 11_999, excess: 1 },
      { kind: 'limit', group: 'pool', resource: 'memory', most: 40 * GIBIBYTE, excess: 8 * GIBIBYTE },
      { kind: 'limit', group: 'pool', resource: 'nodes', most: 2, excess: 1 },
      { kind: 'limit', group: 'pool', resource: GPU, most: 1, excess: 2 },
    ])
  })

  it('leaves alone what stands above it already', () => {
    expect(limitFaults([node(false), node(false), node(true, 'other')], limits({ cpu: 0 }))).toEqual([])
  })

  it('is written as Kubernetes writes amounts', () => {
    const written = [
      ['cpu', 11_999],
      ['cpu', 12_000],
      ['memory', 40 * GIBIBYTE],
      ['nodes', 3],
      [GPU, 1],
    ] as const
    expect(written.map(([name, amount]) => formatAmount(name, amount))).toEqual(['11999m', '12', '40Gi', '3', '1'])
  })
})
