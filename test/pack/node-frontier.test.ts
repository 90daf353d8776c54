import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import { loadLp, type LpSolver } from '../../src/pack/columns/lp.js'
import { atLeast, leastCost } from '../../src/pack/node-frontier.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { cheapestPlan, LONG, TIMES } from './every-plan.js'
import { makeOption, nodeOf, packed, type Packed } from './make-problem.js'
import { makePod, resources } from './make.js'
import { clusterOf, tinyCluster, withoutTies } from './tiny-cluster.js'

const AS_IS: Goal & { readonly kind: 'cheapest' } = { kind: 'cheapest', policy: { kind: 'as-is' } }
const GIBI = 1024

let solver: LpSolver
beforeAll(async () => {
  solver = await loadLp()
})

describe('what so many nodes cost at least', () => {
  const anyGroup = fc.record({
    staying: fc.nat({ max: 3 }),
    bounds: fc.array(fc.record({ surcharge: fc.nat({ max: 50 }), rate: fc.nat({ max: 400 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
  })

  it('is the least sum over all ways to share the nodes out among the groups', () => {
    fc.assert(
      fc.property(fc.array(anyGroup, { minLength: 1, maxLength: 3 }), fc.nat({ max: 6 }), (groups, spare) => {
        const nodes = spare + groups.reduce((sum, { staying }) => sum + staying, 0)
        const least = (rest: typeof groups, left: number): number => {
          const [group, ...others] = rest
          if (group === undefined) return 0
          let best = Infinity
          for (let own = group.staying; own <= left; own += 1)
            best = Math.min(best, atLeast(group, own) + least(others, left - own))
          return best
        }
        expect(leastCost(groups, nodes)).toBeCloseTo(least(groups, nodes), 6)
      }),
      { numRuns: 500 },
    )
  })
})

describe('cost against number of nodes', () => {
  /** Small machines cost less per core: eight pods of one core fit eight, four, two nodes or one. */
  const sizes = [1, 2, 4, 8].map((cores) => makeOption(`m.${cores}x`, cores * 1000, 100_000 * cores ** 1.2, {}))
  const eight = (): Packed => {
    const pods = Array.from({ length: 8 }, (_, at) =>
      makePod(`p${at}`, { needed: resources(1000, GIBI), nodeName: `n${at}` }),
    )
    return packed({
      nodes: pods.map((pod, at) => nodeOf(sizes[0]!, `n${at}`, [pod])),
      options: sizes.map((size) => ({ ...size, price: { ...size.price, rate: Math.round(size.price.rate) as never } })),
    })
  }

  it('has a plan for each size of node, each with a bound for its number of nodes', () => {
    const points = eight().planner(solver).frontier(AS_IS.policy)!
    const shown = points.map(({ proven: { plan }, bound }) => [plan.nodes.length, plan.cost.rate, bound.rate])
    expect(shown[0]).toEqual([8, 800_000, 799_999])
    expect(shown.at(-1)).toEqual([1, 1_212_573, 1_212_572])
    expect(shown.map(([nodes]) => nodes)).toEqual(expect.arrayContaining([8, 4, 2, 1]))
    for (const [, cost = 0, bound = 0] of shown) {
      expect(bound).toBeLessThanOrEqual(cost)
      expect(bound).toBeGreaterThan(0.97 * cost)
    }
  })

  it('is what the fewest nodes within a margin are taken from', () => {
    const planner = eight().planner(solver)
    const nodesAt = (margin: number): number =>
      planner.plan({ kind: 'fewest', policy: AS_IS.policy, margin }).plan.nodes.length
    expect([0, 0.2, 0.4, 0.6].map(nodesAt)).toEqual([8, 4, 2, 1])
  })
})

/** In half of them larger machines cost more per core, so that fewer nodes are dearer, and nothing stands in the way. */
const dearWhereLarge = fc.tuple(tinyCluster, fc.boolean()).map(([input, isDear]) => {
  if (!isDear) return input
  const free = withoutTies(input)
  const machines = free.machines.map((one) => ({ ...one, capacityType: 'on-demand' as const, rate: one.cpu ** 2 }))
  return { ...free, machines }
})

describe.each([
  ['without HiGHS', false, 400],
  ['with HiGHS', true, 200],
] as const)('of all plans for a tiny cluster, %s', (_, withLp, runs) => {
  it('none with as many nodes or fewer costs less than the bound of a point, and no point beats another', LONG, () => {
    const seen = { points: 0, above: 0, exact: 0, fewest: 0, several: 0, clusters: 0 }
    fc.assert(
      fc.property(dearWhereLarge, (input) => {
        const all = clusterOf(input)
        const planner = all.planner(withLp ? solver : undefined)
        const today = planner.today(AS_IS)
        const points = planner.frontier(AS_IS.policy)!
        expect(points.length).toBeGreaterThan(0)
        const cheapest = planner.plan(AS_IS)
        expect(points[0]!.proven.plan.cost.rate).toBeLessThanOrEqual(cheapest.plan.cost.rate)
        for (const [at, { proven, bound }] of points.entries()) {
          const { plan } = proven
          const next = points[at + 1]?.proven.plan
          if (next !== undefined) {
            expect(next.nodes.length).toBeLessThan(plan.nodes.length)
            expect(next.cost.rate).toBeGreaterThan(plan.cost.rate)
          }
          expect(bound.rate).toBeGreaterThanOrEqual(today.bound.rate)
          expect(cheapestPlan(all, AS_IS, bound.rate, plan.nodes.length)).toBeUndefined()
          seen.points += 1
          if (bound.rate > today.bound.rate) seen.above += 1
          // It is rounded down by up to a micro-dollar, twice.
          if (bound.rate >= plan.cost.rate - 2) seen.exact += 1
        }
        if (points.length > 1) seen.several += 1
        const last = points.at(-1)!.proven.plan
        const isSound = verifyPlan({ plan: last, cluster: all.cluster, mustPlace: all.state.mustPlace }).length === 0
        if (!isSound) return
        seen.clusters += 1
        if (cheapestPlan(all, AS_IS, 5 * last.cost.rate + 1, last.nodes.length - 1) === undefined) seen.fewest += 1
      }),
      { numRuns: runs * TIMES },
    )
    expect(seen.several).toBeGreaterThan(runs / 100)
    expect(seen.above).toBeGreaterThan(runs / 100)
    expect(seen.exact).toBeGreaterThan(0.6 * seen.points)
    expect(seen.fewest).toBeGreaterThan(0.8 * seen.clusters)
    if (process.env['SHOW'] !== undefined) console.log(seen)
  })
})
