import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import type { Plan } from '../../src/domain/plan.js'
import { ColumnPlans } from '../../src/pack/bins/column-plans.js'
import { loadLp, type LpSolver } from '../../src/pack/columns/lp.js'
import { Planner } from '../../src/pack/plans.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { usedShare } from '../../src/recommend/figures.js'
import { cheapestPlan, LONG, TIMES } from './every-plan.js'
import { makeOption, nodeOf, packed, type Packed } from './make-problem.js'
import { makePod, resources } from './make.js'
import { clusterOf, tinyCluster } from './tiny-cluster.js'

let solver: LpSolver
beforeAll(async () => {
  solver = await loadLp()
})

const GIBI = 1024
const POLICIES = [
  { kind: 'as-is' } as const,
  { kind: 'on-demand' } as const,
  { kind: 'spot', share: 1 } as const,
  { kind: 'spot', share: 0.4 } as const,
]
const cheapest = (policy: (typeof POLICIES)[number]): Goal => ({ kind: 'cheapest', policy })

/** The same cluster where this share of all nodes together is to stay free. */
function withHeadroom(all: Packed, share: number): Packed {
  const pods = all.state.problem.groups.flatMap(({ live }) => live.flatMap((one) => one.pods))
  const most = (of: 'cpu' | 'memory'): number =>
    pods.reduce((total, { held, needed }) => total + Math.max(held[of], needed[of]), 0)
  const wholeHeadroom = { share, demand: { cpu: most('cpu'), memory: most('memory') } }
  const problem = { ...all.state.problem, limits: { ...all.state.problem.limits, wholeHeadroom } }
  const { context, untouched } = all.state
  return {
    ...all,
    state: { ...all.state, problem },
    planner: (lp) => new Planner(problem, context, untouched, new ColumnPlans(lp)),
  }
}

const leavesFree = ({ nodes }: Plan, share: number): boolean => usedShare(nodes) <= 1 - share + 1e-9

describe.each([
  ['without HiGHS', false, 300],
  ['with HiGHS', true, 200],
] as const)('of all plans for a tiny cluster with headroom, %s', (_, withLp, runs) => {
  it('none that leaves as much free costs less than the bound', LONG, () => {
    const seen = { free: 0, above: 0, sound: 0, best: 0 }
    const shares = fc.constantFrom(0.1, 0.25, 0.4)
    fc.assert(
      fc.property(tinyCluster, shares, fc.constantFrom(...POLICIES), (input, share, policy) => {
        const plain = clusterOf({ ...input, headroom: 0, maxNodeShare: undefined })
        const all = withHeadroom(plain, share)
        const goal = cheapest(policy)
        const lp = withLp ? solver : undefined
        const { plan, bound } = all.planner(lp).plan(goal)
        const { bound: low } = all.planner(lp).today(goal)
        expect(cheapestPlan(all, goal, Math.min(low.rate, bound.rate))).toBeUndefined()
        if (!leavesFree(plan, share)) return
        seen.free += 1
        expect(bound.rate).toBeLessThanOrEqual(plan.cost.rate)
        if (bound.rate > plain.planner(lp).plan(goal).bound.rate) seen.above += 1
        if (verifyPlan({ plan, cluster: all.cluster, mustPlace: all.state.mustPlace }).length > 0) return
        seen.sound += 1
        if (cheapestPlan(all, goal, plan.cost.rate) === undefined) seen.best += 1
      }),
      { numRuns: runs * TIMES },
    )
    if (process.env['SHOW'] !== undefined) console.log(seen)
    expect(seen.free).toBeGreaterThan(0.5 * runs)
    expect(seen.above).toBeGreaterThan(0.1 * runs)
    expect(seen.best).toBeGreaterThan(0.5 * seen.sound)
  })
})

describe('headroom of all nodes together', () => {
  /** Eight pods of a core and a GiB; a large node has room for seven of them with a fifth left free. */
  function eight(share: number): Plan {
    const options = [
      makeOption('dear', 4000, 400_000, { memoryMib: 16 * GIBI }),
      makeOption('large', 9000, 90_000, { memoryMib: 32 * GIBI }),
      makeOption('larger', 11_000, 115_000, { memoryMib: 32 * GIBI }),
      makeOption('small', 2000, 30_000, { memoryMib: 4 * GIBI }),
    ]
    const nodes = Array.from({ length: 8 }, (_, at) =>
      nodeOf(options[0]!, `n${at}`, [makePod(`p${at}`, { needed: resources(1000, GIBI), nodeName: `n${at}` })]),
    )
    return withHeadroom(packed({ nodes, options }), share)
      .planner(solver)
      .plan(cheapest({ kind: 'as-is' })).plan
  }
  const typesOf = ({ nodes }: Plan): string[] => nodes.map(({ instanceType }) => instanceType ?? '').sort()

  it('is bought where it costs the least, and no node is there for nothing', () => {
    expect(typesOf(eight(0))).toEqual(['large'])
    expect(typesOf(eight(0.1))).toEqual(['large'])
    const fifth = eight(0.2)
    expect([leavesFree(fifth, 0.2), typesOf(fifth)]).toEqual([true, ['larger']])
    expect(fifth.nodes.every(({ pods }) => pods.length > 0)).toBe(true)
  })
  it('is empty nodes only where no larger ones are on offer', () => {
    const option = makeOption('only', 4000, 40_000, { memoryMib: 16 * GIBI })
    const nodes = [0, 1].map((at) =>
      nodeOf(option, `n${at}`, [makePod(`p${at}`, { needed: resources(3500, GIBI), nodeName: `n${at}` })]),
    )
    const { plan } = withHeadroom(packed({ nodes, options: [option] }), 0.4)
      .planner(solver)
      .plan(cheapest({ kind: 'as-is' }))
    expect(plan.nodes.map(({ action, pods }) => `${action} ${pods.length}`).sort()).toEqual([
      'keep 1',
      'keep 1',
      'new 0',
    ])
  })
})
