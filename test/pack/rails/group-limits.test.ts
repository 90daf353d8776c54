import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitFaults, type LimitFault } from '../../../src/domain/group-limit.js'
import type { Goal } from '../../../src/domain/goal.js'
import type { Plan } from '../../../src/domain/plan.js'
import { verifyPlan } from '../../../src/pack/verify.js'
import { asMixed } from '../../../src/recommend/mix-faults.js'
import { anyInput, makeOption, nodeOf, NO_LIMITS, packed, partsOf, type ClusterParts } from '../make-problem.js'
import { makePod, resources } from '../make.js'

const AS_IS = { kind: 'as-is' } as const
const CHEAPEST: Goal = { kind: 'cheapest', policy: AS_IS }
const GIBI = 1024

const limitsFor = (groups: readonly string[], limit: Readonly<Record<string, number>>) =>
  new Map(groups.map((group) => [group, new Map(Object.entries(limit))]))

function limited(parts: ClusterParts, groups: readonly string[], limit: Readonly<Record<string, number>>) {
  const groupLimits = limitsFor(groups, limit)
  const { cluster, state, planner } = packed({ ...parts, facts: { limits: { ...NO_LIMITS, groupLimits } } })
  const faultsOf = ({ nodes }: Plan): LimitFault[] => limitFaults(nodes.map(asMixed), groupLimits)
  return { cluster, state, planner: planner(), faultsOf }
}

const typesOf = ({ nodes }: Plan): string[] => nodes.map(({ instanceType }) => instanceType ?? '').sort()

/** Eight pods of a core on eight dear nodes of four cores; the cheapest node per core has far more cores than they need. */
function eight(): ClusterParts {
  const options = [
    makeOption('dear', 4000, 400_000, { memoryMib: 16 * GIBI }),
    makeOption('large', 16_000, 160_000, { memoryMib: 16 * GIBI }),
    makeOption('small', 2000, 50_000, { memoryMib: 16 * GIBI }),
  ]
  const nodes = Array.from({ length: 8 }, (_, at) =>
    nodeOf(options[0]!, `n${at}`, [makePod(`p${at}`, { needed: resources(1000, GIBI), nodeName: `n${at}` })]),
  )
  return { nodes, options }
}

describe('limits of groups', () => {
  it('make a plan that is dearer and smaller, and none where it would buy too much all the same', () => {
    const planFor = (limit: Readonly<Record<string, number>>) => {
      const { planner, faultsOf } = limited(eight(), ['group'], limit)
      const { plan, bound } = planner.plan(CHEAPEST)
      expect(faultsOf(plan)).toEqual([])
      expect(plan.unplaced).toEqual([])
      expect(plan.cost.rate).toBeGreaterThanOrEqual(bound.rate)
      return typesOf(plan)
    }
    const small = ['small', 'small', 'small', 'small']
    expect(planFor({})).toEqual(['large'])
    expect(planFor({ cpu: 16_000 })).toEqual(['large'])
    expect(planFor({ cpu: 15_999 })).toEqual(small)
    expect(planFor({ cpu: 8000, nodes: 4 })).toEqual(small)
    // Nothing that could be bought is small enough; fewer of today's nodes, which four pods each fill, are.
    expect(planFor({ cpu: 7999 })).toEqual(['dear', 'dear'])
    expect(planFor({ nodes: 0 })).toEqual(['dear', 'dear'])
    // Two gibibytes for each core do not go around among small nodes that have more than that.
    expect(planFor({ memory: 15 * GIBI * GIBI * GIBI })).toEqual(['dear', 'dear'])
    expect(planFor({ 'example.com/device': 0 })).toEqual(['large'])
  })

  it('hold for what the scheduler rebuilds, and for what it takes to place every pod', () => {
    const { planner, faultsOf } = limited(eight(), ['group'], { cpu: 12_000 })
    const rebuilt = planner.rebuildable(AS_IS)!.proven!
    expect([faultsOf(rebuilt.plan), typesOf(rebuilt.plan)]).toEqual([[], ['small', 'small', 'small', 'small']])
    const free = limited(eight(), ['group'], {}).planner.rebuildable(AS_IS)!.proven!
    expect(typesOf(free.plan)).toEqual(['large'])
  })

  it('hold in every plan of any cluster, which loses no pod and keeps every rule by them', () => {
    const seen = { bound: 0, bought: 0, replayed: 0 }
    const policies = [
      { kind: 'repack' } as const,
      CHEAPEST,
      { kind: 'cheapest', policy: { kind: 'on-demand' } } as const,
      ...[0.3, 1].map((share) => ({ kind: 'cheapest', policy: { kind: 'spot', share } }) as const),
    ]
    fc.assert(
      fc.property(
        anyInput,
        fc.constantFrom<Readonly<Record<string, number>>>(
          { cpu: 0 },
          { cpu: 4000 },
          { cpu: 6000 },
          { cpu: 9000, nodes: 3 },
          { memory: 8 * GIBI * GIBI * GIBI },
          { nodes: 2 },
        ),
        fc.constantFrom(...policies),
        (input, limit, goal) => {
          const parts = partsOf(input)
          const names = [...new Set(parts.nodes.map(({ group }) => group))]
          const { cluster, state, planner, faultsOf } = limited(parts, names, limit)
          const proven = planner.plan(goal)
          const free = packed(parts).planner().plan(goal)
          const running = (one: Plan): number => one.unplaced.filter((pod) => pod.running).length
          expect(faultsOf(proven.plan)).toEqual([])
          expect(running(proven.plan)).toBe(running(free.plan))
          expect(proven.plan.cost.rate).toBeGreaterThanOrEqual(proven.bound.rate)
          const broken = verifyPlan({ plan: proven.plan, cluster, mustPlace: state.mustPlace })
          expect(broken.filter(({ inherited }) => !inherited)).toEqual([])
          for (const { proven: one } of (goal === CHEAPEST ? planner.frontier(AS_IS) : undefined) ?? [])
            expect(faultsOf(one.plan)).toEqual([])
          const realised = proven.replay()?.realised
          if (realised !== undefined) {
            seen.replayed += 1
            expect(faultsOf(realised)).toEqual([])
          }
          if (faultsOf(free.plan).length === 0) return
          seen.bound += 1
          if (proven.plan.nodes.some(({ action }) => action === 'new')) seen.bought += 1
        },
      ),
      { numRuns: 500 },
    )
    if (process.env['SHOW'] !== undefined) console.log(seen)
    expect(seen.bound).toBeGreaterThan(40)
    expect(seen.bought).toBeGreaterThan(5)
    expect(seen.replayed).toBeGreaterThan(100)
  })
})
