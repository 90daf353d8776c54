import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FrontierPlan, Goal } from '../src/domain/goal.js'
import { loadLp, type LpSolver } from '../src/pack/columns/lp.js'
import { PlanMaker } from '../src/plan-maker.js'
import { requestedOn } from '../src/recommend/figures.js'
import { smallerNodes } from '../src/smaller-nodes.js'
import { cheapestPlan, LONG, TIMES } from './pack/every-plan.js'
import { makeOption, nodeOf, packed, type Packed } from './pack/make-problem.js'
import { makePod, resources } from './pack/make.js'
import { clusterOf, tinyCluster, withoutTies } from './pack/tiny-cluster.js'

const AS_IS: Goal & { readonly kind: 'cheapest' } = { kind: 'cheapest', policy: { kind: 'as-is' } }
const GIBI = 1024

let solver: LpSolver
beforeAll(async () => {
  solver = await loadLp()
})

type More = Partial<Pick<Parameters<typeof smallerNodes>[0], 'isSound' | 'today'>>

function smallerOf({ state }: Packed, { isSound = () => true, today = Infinity }: More = {}) {
  const maker = new PlanMaker(solver)
  const plansFor = (problem: typeof state.problem) => maker.of(problem, state, { headroom: 0, maxNodeShare: undefined })
  const frontier = plansFor(state.problem).frontier(AS_IS.policy)!
  return { frontier, smaller: smallerNodes({ problem: state.problem, plansFor, frontier, isSound, today }) }
}

const figuresOf = ({ proven: { plan }, bound }: FrontierPlan): number[] => [
  plan.nodes.length,
  plan.cost.rate,
  bound.rate,
]

describe('plans with more and smaller nodes', () => {
  /** Eight pods of one core; a core costs the less, the larger the machine. */
  const eight = (): Packed => {
    const sizes = [1, 2, 4, 8].map((cores) =>
      makeOption(`m.${cores}x`, cores * 1000, Math.round(100_000 * cores ** 0.8)),
    )
    const pods = Array.from({ length: 8 }, (_, at) =>
      makePod(`p${at}`, { needed: resources(1000, GIBI), nodeName: `n${at}` }),
    )
    return packed({ nodes: pods.map((pod, at) => nodeOf(sizes[0]!, `n${at}`, [pod])), options: sizes })
  }

  it('are none where nobody asks for CPU or memory, and none of them is any fuller', () => {
    const option = makeOption('m', 1000, 100_000, { slots: 4 })
    const pods = Array.from({ length: 12 }, (_, at) =>
      makePod(`p${at}`, { needed: resources(0, 0), nodeName: `n${at}` }),
    )
    const { frontier, smaller } = smallerOf(
      packed({ nodes: pods.map((pod, at) => nodeOf(option, `n${at}`, [pod])), options: [option] }),
    )
    expect(frontier[0]?.proven.plan.nodes).toHaveLength(3)
    expect(smaller).toEqual([])
  })

  it('go from the cheapest plan to nodes that carry ever less, each with the bound of all that carry no more', () => {
    const { frontier, smaller } = smallerOf(eight())
    expect(frontier.map(figuresOf)).toEqual([[1, 527_803, 527_802]])
    const shown = smaller.map(figuresOf)
    expect(shown[0]).toEqual([2, 606_286, expect.any(Number)])
    for (const [at, [nodes = 0, cost = 0, bound = 0]] of shown.entries()) {
      const [, before = 527_803, boundBefore = 527_802] = shown[at - 1] ?? []
      expect(nodes).toBeGreaterThan(1)
      expect(cost).toBeGreaterThan(before)
      expect(bound).toBeGreaterThanOrEqual(boundBefore)
      expect(bound).toBeLessThanOrEqual(cost)
    }
    for (const { proven, maxNodeShare } of smaller)
      for (const node of proven.plan.nodes) expect(requestedOn(node).cpu).toBeLessThanOrEqual(8000 * maxNodeShare!)
  })

  it('are none where nothing is planned, where they break a rule, and where they cost more than today', () => {
    const plansFor = (): never => {
      throw new Error('nobody asks')
    }
    const { problem } = eight().state
    expect(smallerNodes({ problem, plansFor, frontier: [], isSound: () => true, today: Infinity })).toEqual([])
    expect(smallerOf(eight(), { isSound: () => false }).smaller).toEqual([])
    expect(smallerOf(eight(), { today: 600_000 }).smaller).toEqual([])
    expect(smallerOf(eight(), { today: 606_286 }).smaller).toHaveLength(1)
  })

  it('go on below what a node that stays carries, where another one is sound', () => {
    const asked: number[] = []
    const { smaller } = smallerOf(eight(), {
      isSound: ({ proven, maxNodeShare }) => {
        asked.push(maxNodeShare!)
        return proven.plan.nodes.length > 2
      },
    })
    expect(asked[1]).toBeCloseTo(0.85 * asked[0]!, 9)
    expect(smaller[0]!.proven.plan.nodes.length).toBeGreaterThan(2)
  })

  it('cost no less than their bound, whatever plan of a tiny cluster carries as little on each node', LONG, () => {
    const seen = { points: 0, above: 0 }
    fc.assert(
      fc.property(tinyCluster.map(withoutTies), (input) => {
        const all = clusterOf({ ...input, headroom: 0, maxNodeShare: undefined })
        const { frontier, smaller } = smallerOf(all)
        for (const { bound, maxNodeShare, proven } of smaller) {
          const limits = { ...all.state.problem.limits, maxNodeShare }
          const within = { ...all, state: { ...all.state, problem: { ...all.state.problem, limits } } }
          expect(cheapestPlan(within, AS_IS, bound.rate)).toBeUndefined()
          expect(proven.plan.cost.rate).toBeGreaterThan(frontier[0]!.proven.plan.cost.rate)
          seen.points += 1
          if (bound.rate > frontier[0]!.proven.bound.rate) seen.above += 1
        }
      }),
      { numRuns: 150 * TIMES },
    )
    expect(seen.points).toBeGreaterThan(20)
    expect(seen.above).toBeGreaterThan(0)
  })
})
