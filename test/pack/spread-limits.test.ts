import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Goal, ProvenPlan } from '../../src/domain/goal.js'
import type { Plan, PlanNode } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import type { Limits } from '../../src/pack/problem.js'
import { blastJudge, type BlastLimits } from '../../src/recommend/blast-radius.js'
import { anyInput, makeOption, NO_LIMITS, nodeOf, packed, partsOf } from './make-problem.js'
import { makePod, resources } from './make.js'

const CHEAPEST: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
const GOALS: readonly Goal[] = [{ kind: 'repack' }, CHEAPEST, { kind: 'fewest', policy: { kind: 'as-is' }, margin: 1 }]

const ZONES = ['a', 'b', 'c'] as const
const small = ZONES.map((zone) => makeOption('m', 4000, 40, { memoryMib: 4000, zone }))
// Cheaper in zone a: without a limit everything goes there.
const large = ZONES.map((zone) => makeOption('l', 16_000, zone === 'a' ? 100 : 130, { memoryMib: 16_000, zone }))

const replica = (workload: string, name: string): Pod =>
  makePod(name, { workload: `default/Deployment/${workload}`, needed: resources(500, 500) })

/** Six nodes in three zones, each with one replica of web and one of api. */
const nodes = Array.from({ length: 6 }, (_, index) =>
  nodeOf(small[index % 3]!, `n${index}`, [replica('web', `web-${index}`), replica('api', `api-${index}`)]),
)
const plansWithin = (limits: Partial<Limits>): ProvenPlan[] => {
  const planner = packed({
    nodes,
    options: [...small, ...large],
    facts: { limits: { ...NO_LIMITS, ...limits } },
  }).planner()
  const fleet = planner.rebuildable({ kind: 'as-is' })?.proven
  return [...GOALS.map((goal) => planner.plan(goal)), ...(fleet === undefined ? [] : [fleet])]
}
const zoneCpu = ({ nodes: planned }: Plan): number[] =>
  ZONES.map((zone) =>
    planned
      .filter((node) => node.zone === zone)
      .flatMap(({ pods }) => pods)
      .reduce((sum, { needed }) => sum + needed.cpu, 0),
  )
const mostReplicas = (places: readonly (readonly PlanNode[])[]): number =>
  Math.max(
    ...places.flatMap((there) =>
      ['web', 'api'].map(
        (name) => there.flatMap(({ pods }) => pods).filter(({ workload }) => workload.endsWith(`/${name}`)).length,
      ),
    ),
  )
const byZone = (plan: Plan): PlanNode[][] => ZONES.map((zone) => plan.nodes.filter((node) => node.zone === zone))
const byNode = (plan: Plan): PlanNode[][] => plan.nodes.map((node) => [node])

describe('limits of the blast radius in the search', () => {
  it('without any, six replicas of each workload come onto one node in one zone', () => {
    const cheapest = plansWithin({})[1]
    expect(cheapest?.plan.nodes).toHaveLength(2)
    expect(Math.max(...plansWithin({}).map(({ plan }) => mostReplicas(byNode(plan))))).toBeGreaterThan(3)
  })

  it.each([0.34, 0.5, 0.7])('no zone carries more than a share of %d', (maxZoneShare) => {
    for (const { plan } of plansWithin({ maxZoneShare })) {
      expect(Math.max(...zoneCpu(plan))).toBeLessThanOrEqual(maxZoneShare * 6000)
      expect(plan.unplaced).toEqual([])
    }
  })

  it.each([
    [0.2, 1],
    [0.34, 2],
    [0.5, 3],
  ])('no node holds more than a share of %d of the replicas: %d of six', (maxNodeReplicaShare, most) => {
    const plans = plansWithin({ maxNodeReplicaShare })
    for (const { plan } of plans) expect(mostReplicas(byNode(plan))).toBeLessThanOrEqual(most)
    // The limit is used to the full where that is cheaper.
    if (most > 1) expect(plans[1]!.plan.nodes.length).toBeLessThan(6)
  })

  it.each([
    [0.1, 2],
    [0.34, 2],
    [0.5, 3],
  ])('no zone holds more than a share of %d of the replicas: %d of six', (maxZoneReplicaShare, most) => {
    for (const { plan } of plansWithin({ maxZoneReplicaShare }))
      expect(mostReplicas(byZone(plan))).toBeLessThanOrEqual(most)
  })

  it('a single replica, and a pod that is larger than the share, find a place all the same', () => {
    const big = makePod('big-0', { workload: 'default/Deployment/big', needed: resources(3000, 3000) })
    const limits = { ...NO_LIMITS, maxZoneShare: 0.4, maxNodeReplicaShare: 0.1, maxZoneReplicaShare: 0.1 }
    const parts = { nodes: [...nodes, nodeOf(small[0]!, 'n9', [big])], options: [...small, ...large] }
    const { plan } = packed({ ...parts, facts: { limits } })
      .planner()
      .plan(CHEAPEST)
    expect(plan.unplaced).toEqual([])
    expect(plan.nodes.flatMap(({ pods }) => pods)).toHaveLength(13)
  })

  it('a plan for any cluster keeps what today keeps', () => {
    const share = fc.constantFrom(undefined, 0.3, 0.5, 0.7)
    let kept = 0
    fc.assert(
      fc.property(anyInput, share, share, share, (input, maxZoneShare, maxNodeReplicaShare, maxZoneReplicaShare) => {
        const limits: BlastLimits = { maxZoneShare, maxNodeReplicaShare, maxZoneReplicaShare }
        const all = packed({ ...partsOf(input), facts: { limits: { ...NO_LIMITS, ...limits } } })
        const planner = all.planner()
        const today = planner.today(CHEAPEST).plan
        for (const goal of GOALS) {
          const { plan } = planner.plan(goal)
          expect(plan.unplaced.filter(({ running }) => running)).toEqual([])
          const faults = blastJudge(today, { ...limits, maxZoneShare: undefined }).faultsOf(plan)
          expect(faults).toEqual([])
          if (maxNodeReplicaShare !== undefined && plan.nodes.length < today.nodes.length) kept += 1
        }
      }),
      { numRuns: 60 },
    )
    expect(kept).toBeGreaterThan(0)
  })
})
