import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeOwner } from '../../src/domain/cluster.js'
import { bytes, GIBIBYTE, HOURS_PER_MONTH, milliCpu, type MicroUsdPerHour } from '../../src/domain/units.js'
import { apportion, shareCosts, type CostShares, type PricedNode } from '../../src/price/share.js'
import { pod, resources } from '../model/fixtures.js'

const RATES = { microUsdPerCoreHour: 30_000, microUsdPerGibHour: 4_000 }

type Load = { readonly workload: string; readonly cores: number; readonly gib: number }
const node = (
  name: string,
  rate: number | undefined,
  loads: readonly Load[],
  owner: NodeOwner = 'karpenter',
): PricedNode => ({
  node: {
    name,
    owner,
    allocatable: resources(4, 16, 58),
    pods: loads.map(({ workload, cores, gib }, index) =>
      pod({ name: `${name}-${index}`, workload, held: resources(cores, gib) }),
    ),
  },
  price:
    rate === undefined
      ? { kind: 'unknown', why: 'no price' }
      : { kind: 'known', rate: rate as MicroUsdPerHour, basis: 'list', source: 'list' },
})
const sumOf = ({ workloads, unallocatedMonthlyMicroUsd }: CostShares): number =>
  [...workloads.values()].reduce(
    (sum, { monthlyMicroUsd, idleMonthlyMicroUsd }) => sum + monthlyMicroUsd + idleMonthlyMicroUsd,
    unallocatedMonthlyMicroUsd,
  )

describe('shares of the cost', () => {
  it('splits a node by the value of its CPU and memory, and each by request', () => {
    // 4 cores × 30,000 = 120,000 and 16 GiB × 4,000 = 64,000: 120/184 of the node is CPU.
    const { workloads, unallocatedMonthlyMicroUsd } = shareCosts(
      [
        node('n', 184_000, [
          { workload: 'a', cores: 2, gib: 4 },
          { workload: 'b', cores: 1, gib: 8 },
        ]),
      ],
      RATES,
    )
    expect(workloads.get('a')?.monthlyMicroUsd).toBe((60_000 + 16_000) * HOURS_PER_MONTH)
    expect(workloads.get('b')?.monthlyMicroUsd).toBe((30_000 + 32_000) * HOURS_PER_MONTH)
    // Idle: 184 − 76 − 62 = 46 thousand per hour, borne 76 : 62.
    expect(workloads.get('a')?.idleMonthlyMicroUsd).toBe(Math.round((46_000 * HOURS_PER_MONTH * 76) / 138))
    expect(unallocatedMonthlyMicroUsd).toBe(0)
  })

  it('lets all workloads bear the idle of all nodes', () => {
    const { workloads } = shareCosts(
      [node('busy', 184_000, [{ workload: 'a', cores: 4, gib: 16 }]), node('empty', 92_000, [])],
      RATES,
    )
    expect(workloads.get('a')).toEqual({
      monthlyMicroUsd: 184_000 * HOURS_PER_MONTH,
      idleMonthlyMicroUsd: 92_000 * HOURS_PER_MONTH,
    })
  })

  it('has no negative idle on an over-committed node', () => {
    const shares = shareCosts(
      [
        node('n', 184_000, [
          { workload: 'a', cores: 8, gib: 32 },
          { workload: 'b', cores: 8, gib: 32 },
        ]),
      ],
      RATES,
    )
    expect(shares.workloads.get('a')).toEqual({ monthlyMicroUsd: 92_000 * HOURS_PER_MONTH, idleMonthlyMicroUsd: 0 })
    expect(sumOf(shares)).toBe(184_000 * HOURS_PER_MONTH)
  })

  it('leaves unpriced nodes out', () => {
    const shares = shareCosts([node('n', undefined, [{ workload: 'a', cores: 1, gib: 1 }])], RATES)
    expect(shares).toEqual({ workloads: new Map(), unallocatedMonthlyMicroUsd: 0 })
  })

  it('allocates nothing where nothing is requested', () => {
    const shares = shareCosts([node('n', 100, [{ workload: 'a', cores: 0, gib: 0 }])], RATES)
    expect(shares.unallocatedMonthlyMicroUsd).toBe(73_000)
    expect(shares.workloads.get('a')).toEqual({ monthlyMicroUsd: 0, idleMonthlyMicroUsd: 0 })
    expect(shareCosts([], RATES)).toEqual({ workloads: new Map(), unallocatedMonthlyMicroUsd: 0 })
  })

  it('charges a Fargate node to its pod, however little that asks for', () => {
    const { workloads } = shareCosts([node('f', 50_000, [{ workload: 'a', cores: 0, gib: 0 }], 'fargate')], RATES)
    expect(workloads.get('a')?.monthlyMicroUsd).toBe(50_000 * HOURS_PER_MONTH)
  })

  it('still adds up where a node offers nothing or the rates are 0', () => {
    const empty = node('n', 1_001, [{ workload: 'a', cores: 1, gib: 1 }])
    const bare: PricedNode = { ...empty, node: { ...empty.node, allocatable: resources(0, 0, 0) } }
    expect(sumOf(shareCosts([bare], RATES))).toBe(1_001 * HOURS_PER_MONTH)
    expect(sumOf(shareCosts([empty], { microUsdPerCoreHour: 0, microUsdPerGibHour: 0 }))).toBe(1_001 * HOURS_PER_MONTH)
  })

  const load = fc.record({
    workload: fc.constantFrom('a', 'b', 'c', 'd'),
    cores: fc.integer({ min: 0, max: 6_000 }).map((value) => value / 1000),
    gib: fc.integer({ min: 0, max: 24 * 1024 }).map((value) => value / 1024),
  })
  const cluster = fc.array(
    fc.tuple(
      fc.option(fc.integer({ min: 0, max: 100_000_000 }), { nil: undefined }),
      fc.array(load, { maxLength: 6 }),
      fc.constantFrom<NodeOwner>('karpenter', 'fargate', 'kops'),
    ),
    { maxLength: 12 },
  )
  const build = (all: readonly (readonly [number | undefined, readonly Load[], NodeOwner])[]): PricedNode[] =>
    all.map(([rate, loads, owner], index) => node(`n${index}`, rate, loads, owner))

  it('adds up to the bill exactly, in whole parts, none of them negative', () => {
    fc.assert(
      fc.property(cluster, (all) => {
        const shares = shareCosts(build(all), RATES)
        const total = all.reduce((sum, [rate]) => sum + (rate ?? 0), 0) * HOURS_PER_MONTH
        expect(sumOf(shares)).toBe(total)
        const parts = [...shares.workloads.values()].flatMap((one) => [one.monthlyMicroUsd, one.idleMonthlyMicroUsd])
        for (const part of [...parts, shares.unallocatedMonthlyMicroUsd]) {
          expect(Number.isSafeInteger(part)).toBe(true)
          expect(part).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })

  it('ignores the order of nodes and pods', () => {
    fc.assert(
      fc.property(cluster, (all) => {
        const forwards = build(all)
        const backwards = forwards
          .map((one) => ({ ...one, node: { ...one.node, pods: [...one.node.pods].reverse() } }))
          .reverse()
        expect([...shareCosts(backwards, RATES).workloads]).toEqual([...shareCosts(forwards, RATES).workloads])
      }),
    )
  })

  it('adds up for 5,000 nodes with odd prices', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => {
      const one = node(`n${index}`, 4_999_999 + 7 * index, [])
      const held = {
        ...resources(0, 0),
        cpu: milliCpu(7 + (index % 3_900)),
        memory: bytes(1_234_567 + index * (GIBIBYTE / 999_983)),
      }
      return { ...one, node: { ...one.node, pods: [pod({ name: `p${index}`, workload: `w${index % 700}`, held })] } }
    })
    const total = many.reduce((sum, _, index) => sum + 4_999_999 + 7 * index, 0) * HOURS_PER_MONTH
    expect(sumOf(shareCosts(many, RATES))).toBe(total)
  })
})

describe('apportion', () => {
  it.each([
    [10, [1, 1, 1], [4, 3, 3]],
    [100, [0.335, 0.335, 0.33], [34, 33, 33]],
    [7, [0, 0], [0, 0]],
    [5, [0, 3], [0, 5]],
    [0, [1, 2], [0, 0]],
  ])('%i by %o', (total, weights, parts) => {
    expect(apportion(total, weights)).toEqual(parts)
  })

  it('adds up exactly, and stays within one of the quota', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.array(fc.double({ min: 0, max: 1e13, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (total, weights) => {
          const sum = weights.reduce((all, weight) => all + weight, 0)
          fc.pre(sum > 0)
          const parts = apportion(total, weights)
          expect(parts.reduce((all, part) => all + part, 0)).toBe(total)
          for (const [index, part] of parts.entries())
            expect(Math.abs(part - total * ((weights[index] ?? 0) / sum))).toBeLessThan(1.1)
        },
      ),
    )
  })
})
