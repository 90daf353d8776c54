import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import type { CapacityType } from '../../src/domain/offering.js'
import { loadLp, type LpSolver } from '../../src/pack/columns/lp.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { cheapestPlan, isWithinShare, LONG, TIMES } from './every-plan.js'
import { makeOption, nodeOf, packed, type Packed } from './make-problem.js'
import { makePod, resources } from './make.js'
import { clusterOf, tinyCluster, withoutTies } from './tiny-cluster.js'

const GIBI = 1024
const spot = (share: number): Goal => ({ kind: 'cheapest', policy: { kind: 'spot', share } })

let solver: LpSolver
beforeAll(async () => {
  solver = await loadLp()
})

describe('a share of spot', () => {
  /** Sixteen pods of one core on four on-demand nodes; spot is half as dear. */
  const sixteen = (facts: { readonly spotFit?: (workload: string) => boolean } = {}): Packed => {
    const option = (capacityType: CapacityType, rate: number) => makeOption('m.4x', 4000, rate, { capacityType })
    const pods = Array.from({ length: 16 }, (_, at) =>
      makePod(`p${at}`, { needed: resources(1000, GIBI), nodeName: `n${at >> 2}`, workload: at < 8 ? 'x' : 'y' }),
    )
    const onDemand = option('on-demand', 400_000)
    return packed({
      nodes: [0, 1, 2, 3].map((at) => nodeOf(onDemand, `n${at}`, pods.slice(4 * at, 4 * at + 4))),
      options: [onDemand, option('spot', 200_000)],
      facts,
    })
  }

  it.each([
    [0, 1_600_000, 4],
    [0.25, 1_400_000, 3],
    [0.3, 1_400_000, 3],
    [0.5, 1_200_000, 2],
    [0.7, 1_200_000, 2],
    [0.75, 1_000_000, 1],
    [1, 800_000, 0],
  ])('of %s is used as far as whole nodes allow, and the bound knows of it', (share, cost, onDemand) => {
    const { plan, bound } = sixteen().planner(solver).plan(spot(share))
    expect(plan.cost.rate).toBe(cost)
    expect(plan.nodes.filter(({ capacityType }) => capacityType === 'on-demand')).toHaveLength(onDemand)
    // Parts of nodes could use the share to the full: 16 cores at 0.1, a share of them at half of that.
    expect(bound.rate).toBeLessThanOrEqual(1_600_000 - 800_000 * share)
    expect(bound.rate).toBeGreaterThan(0.99 * (1_600_000 - 800_000 * share))
  })

  it('counts what workloads that are fit for it can use', () => {
    const { plan, bound } = sixteen({ spotFit: (workload) => workload === 'x' })
      .planner(solver)
      .plan(spot(0.7))
    expect([plan.cost.rate, bound.rate]).toEqual([1_200_000, 1_199_999])
  })
})

describe('a large machine on spot that is cheaper than a small one', () => {
  /** Pods on nodes of their own, some of them fit for spot, and what is on offer with and without what others beat. */
  const clusterWith = (cpus: readonly number[], fit: number, offers: Offers, pruned: boolean): Packed => {
    const option = (name: string, [cpu, rate]: readonly [number, number], capacityType: CapacityType) =>
      makeOption(name, cpu * 1000, rate * 1000, { capacityType, memoryMib: 64 * GIBI })
    const today = option('today', [8, 1000], 'on-demand')
    const pods = cpus.map((cpu, at) =>
      makePod(`p${at}`, { needed: resources(cpu * 1000, GIBI), nodeName: `n${at}`, workload: at < fit ? 'x' : 'y' }),
    )
    return packed({
      nodes: pods.map((pod, at) => nodeOf(today, `n${at}`, [pod])),
      options: [
        today,
        ...offers.onDemand.map((offer, at) => option(`d${at}`, offer, 'on-demand')),
        option('small', [3, offers.large + offers.more], 'spot'),
        option('large', [6, offers.large], 'spot'),
      ],
      facts: { spotFit: (workload) => workload === 'x' },
      pruned,
    })
  }
  type Offers = {
    readonly onDemand: readonly (readonly [number, number])[]
    readonly large: number
    readonly more: number
  }

  it('takes more of the share, so that the small one stays on offer', () => {
    // Only with a machine of seven cores for the other pod is one of three on spot within the share.
    const offers: Offers = {
      onDemand: [
        [7, 700],
        [4, 400],
      ],
      large: 45,
      more: 5,
    }
    const all = clusterWith([3, 5], 1, offers, true)
    const { plan, bound } = all.planner(solver).plan(spot(0.35))
    expect([plan.cost.rate, isWithinShare(plan, spot(0.35))]).toEqual([750_000, true])
    expect(bound.rate).toBeLessThanOrEqual(750_000)
  })

  it('makes no bound too high', LONG, () => {
    const seen = { within: 0, best: 0 }
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
        fc.nat({ max: 4 }),
        fc.record({
          onDemand: fc.array(fc.tuple(fc.integer({ min: 4, max: 8 }), fc.integer({ min: 200, max: 900 })), {
            minLength: 1,
            maxLength: 2,
          }),
          large: fc.integer({ min: 20, max: 300 }),
          more: fc.integer({ min: 0, max: 30 }),
        }),
        fc.constantFrom(0.2, 0.3, 0.35, 0.5),
        (cpus, fit, offers, share) => {
          const { plan, bound } = clusterWith(cpus, fit, offers, true).planner(solver).plan(spot(share))
          const all = clusterWith(cpus, fit, offers, false)
          expect(cheapestPlan(all, spot(share), bound.rate)).toBeUndefined()
          if (!isWithinShare(plan, spot(share))) return
          seen.within += 1
          if (cheapestPlan(all, spot(share), plan.cost.rate) === undefined) seen.best += 1
        },
      ),
      { numRuns: 150 * TIMES },
    )
    if (process.env['SHOW'] !== undefined) console.log(seen)
    expect(seen.best).toBeGreaterThan(0.8 * seen.within)
  })
})

/** In half of them the first machine is on offer on spot as well, at half the price, and nothing stands in the way. */
const withSpot = fc.tuple(tinyCluster, fc.boolean()).map(([input, isCheap]) => {
  if (!isCheap) return input
  const free = withoutTies(input)
  const [first, ...others] = free.machines
  const onDemand = { ...first!, capacityType: 'on-demand' as const, rate: 2 * first!.rate }
  const machines = [onDemand, ...others.slice(0, 2), { ...first!, capacityType: 'spot' as const }]
  return { ...free, machines, fitForSpot: 'both' as const, refused: undefined }
})
const SHARES = [0, 0.2, 0.3, 1 / 3, 0.5, 0.6, 0.7, 0.8, 1]

describe.each([
  ['without HiGHS', false, 300],
  ['with HiGHS', true, 150],
] as const)('of all plans for a tiny cluster, %s', (_, withLp, runs) => {
  it('none within a share of spot costs less than the bound, and more spot never costs more', LONG, () => {
    const seen = { shares: 0, plans: 0, best: 0, exact: 0, above: 0, exceeded: 0 }
    fc.assert(
      fc.property(withSpot, fc.constantFrom(...SHARES), (input, share) => {
        const all = clusterOf(input)
        const planner = all.planner(withLp ? solver : undefined)
        const { plan, bound } = planner.plan(spot(share))
        expect(bound.rate).toBeLessThanOrEqual(plan.cost.rate)
        if (!isWithinShare(plan, spot(share))) {
          seen.exceeded += 1
          return
        }
        expect(cheapestPlan(all, spot(share), bound.rate)).toBeUndefined()
        for (const more of SHARES.filter((one) => one > share)) {
          const other = planner.plan(spot(more))
          expect(other.bound.rate).toBeLessThanOrEqual(plan.cost.rate)
          if (more === 0.5 || more === 0.7 || more === 1)
            if (share === 0.3 || share === 0.5 || share === 0.7)
              expect(other.plan.cost.rate).toBeLessThanOrEqual(plan.cost.rate)
        }
        seen.shares += 1
        if (bound.rate > planner.plan(spot(1)).bound.rate) seen.above += 1
        if (verifyPlan({ plan, cluster: all.cluster, mustPlace: all.state.mustPlace }).length > 0) return
        seen.plans += 1
        const least = cheapestPlan(all, spot(share), plan.cost.rate + 1)
        expect(least).toBeDefined()
        if (plan.cost.rate === least) seen.best += 1
        if (bound.rate >= least! - 1) seen.exact += 1
      }),
      { numRuns: runs * TIMES },
    )
    if (process.env['SHOW'] !== undefined) console.log(seen)
    expect(seen.shares).toBeGreaterThan(0.5 * runs)
    expect(seen.above).toBeGreaterThan(runs / 50)
    expect(seen.best).toBeGreaterThan(0.7 * seen.plans)
    expect(seen.exact).toBeGreaterThan(0.35 * seen.plans)
  })
})
