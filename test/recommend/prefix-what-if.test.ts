import { describe, expect, it } from 'vitest'
import type { Node } from '../../src/domain/cluster.js'
import type { Goal, ProvenPlan } from '../../src/domain/goal.js'
import type { PlanNode } from '../../src/domain/plan.js'
import type { NodeUse, PodGain } from '../../src/domain/recommendation.js'
import { podSlots, usdPerHour } from '../../src/domain/units.js'
import { memoryDoubts } from '../../src/recommend/certainty.js'
import { nodeUse } from '../../src/recommend/node-use.js'
import { prefixWhatIf, slotBoundGroups, worthOf, type PrefixFacts } from '../../src/recommend/prefix-what-if.js'
import { planned, type ScenarioContext } from '../../src/recommend/scenarios.js'
import { keptNode, makeNode, makePlan, newNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'
import { NO_FAULTS } from './no-faults.js'

const GOAL: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
const proven = (nodes: readonly PlanNode[], replay: ProvenPlan['replay'] = () => undefined): ProvenPlan => ({
  plan: makePlan(nodes),
  bound: { rate: usdPerHour(0), basis: 'test' },
  breaches: 0,
  replay,
})
const contextOf = (plan: ProvenPlan, more: Partial<ScenarioContext> = {}): ScenarioContext => ({
  plans: {
    today: () => plan,
    plan: () => plan,
    reconsider: () => undefined,
    rebuildable: () => undefined,
  },
  ...NO_FAULTS,
  ...more,
})
const nodes = (count: number) => Array.from({ length: count }, (_, index) => newNode(makeSite(`n${index}`)))
const candidate = (count: number) => {
  const plan = proven(nodes(count))
  return planned({ id: 'recommended', title: '', goal: GOAL }, plan, contextOf(plan))
}
const gain = (bound: boolean): PodGain => ({
  group: 'web',
  instanceType: 'm5.large',
  nodes: 3,
  podsNow: 29,
  podsThen: 110,
  bound,
})
const facts = (more: Partial<PrefixFacts>): PrefixFacts => ({
  whyNot: undefined,
  gains: [gain(true)],
  cheapest: candidate(3),
  goal: GOAL,
  withPrefixes: () => contextOf(proven(nodes(2))),
  ...more,
})

describe('the scenario prefix-delegation', () => {
  it('is the plan with prefixes where that is cheaper', () => {
    const { scenario, prefixes } = prefixWhatIf(facts({}))
    expect(scenario).toMatchObject({ id: 'prefix-delegation', outcome: { kind: 'planned', feasible: true } })
    expect(scenario.outcome.kind === 'planned' && scenario.outcome.plan.nodes.length).toBe(2)
    expect(scenario.notes).toEqual(['web: m5.large 29 → 110 pods per node'])
    expect(prefixes?.cheapest.packed.rate).toBe(300_000)
  })

  it('is the cheapest plan where the search finds nothing better, and does not search without need', () => {
    const dearer = prefixWhatIf(facts({ withPrefixes: () => contextOf(proven(nodes(4))) }))
    expect(dearer.scenario.notes[0]).toMatch(/^no cheaper plan was found with more pod slots/)
    const unbound = prefixWhatIf(
      facts({
        gains: [gain(false)],
        withPrefixes: () => {
          throw new Error('must not be planned')
        },
      }),
    )
    expect(unbound.scenario.notes).toEqual([expect.stringMatching(/^no node group runs out of pod slots first/)])
    for (const { scenario } of [dearer, unbound])
      expect(scenario.outcome.kind === 'planned' && scenario.outcome.plan.nodes.length).toBe(3)
  })

  it('is shown as not feasible where it does not fit the subnets', () => {
    const withPrefixes = () => contextOf(proven(nodes(2)), { subnetFaultsOf: () => ['too few addresses'] })
    const { scenario } = prefixWhatIf(facts({ withPrefixes }))
    expect(scenario.outcome).toMatchObject({ kind: 'planned', feasible: false })
    expect(scenario.notes[0]).toBe('too few addresses')
  })

  it('is said to be worth something only where it is feasible', () => {
    const worth = (more: Partial<PrefixFacts>): string => worthOf(prefixWhatIf(facts(more)))
    expect(worth({})).toBe('raising it makes the cheapest plan $73.00 a month cheaper (scenario prefix-delegation)')
    const withPrefixes = () => contextOf(proven(nodes(2)), { subnetFaultsOf: () => ['too few addresses'] })
    expect(worth({ withPrefixes })).toBe(
      'raising it makes no plan cheaper that is feasible: too few addresses (scenario prefix-delegation)',
    )
    expect(worth({ gains: [gain(false)] })).toBe('raising it makes no plan cheaper (scenario prefix-delegation)')
    expect(worth({ whyNot: 'it is on already' })).toBe('what that costs was not planned')
  })

  it('does not apply without a reason to, or without any plan', () => {
    expect(prefixWhatIf(facts({ whyNot: 'it is on already' }))).toMatchObject({
      scenario: { outcome: { kind: 'not-applicable', why: 'it is on already' } },
      prefixes: undefined,
    })
    expect(prefixWhatIf(facts({ cheapest: undefined })).scenario.outcome).toEqual({
      kind: 'not-applicable',
      why: 'nothing could be planned',
    })
  })
})

describe('groups that are bound by pod slots', () => {
  const small = (name: string) => makePod(name, { needed: resources(10, 10) })
  const slots = (name: string, count: number) =>
    makeSite(name, {}, { allocatable: resources(4000, 16384, { pods: podSlots(count) }) })
  const holding = (name: string, group: string, pods: number, count: number) =>
    makeNode(
      slots(name, count),
      Array.from({ length: pods }, (_, index) => small(`${name}-${index}`)),
      { group },
    )
  const use = (node: Node): [string, NodeUse] => [
    node.name,
    nodeUse(node, { maxPodsModel: undefined, removable: true, blockers: [] }),
  ]

  it('have a node that is all but out of them and of nothing else, today or in the cheapest plan', () => {
    const nodes = [holding('a', 'full', 9, 10), holding('b', 'half', 5, 10), holding('c', 'planned', 1, 10)]
    const [, , third] = nodes
    if (third === undefined) throw new Error('there are three nodes')
    const packed = { ...keptNode(third, { pods: Array.from({ length: 10 }, (_, index) => small(`p-${index}`)) }) }
    const plan = proven([packed])
    const cheapest = planned({ id: 'recommended', title: '', goal: GOAL }, plan, contextOf(plan))
    const uses = new Map(nodes.map(use))
    expect([...slotBoundGroups(nodes, uses, undefined)]).toEqual(['full'])
    expect([...slotBoundGroups(nodes, uses, cheapest)]).toEqual(['full', 'planned'])
    const heavy = makeNode(
      slots('d', 10),
      Array.from({ length: 10 }, (_, i) => makePod(`h-${i}`, { needed: resources(400, 10) })),
    )
    expect(slotBoundGroups([heavy], new Map([use(heavy)]), undefined).size).toBe(0)
  })
})

describe('memory that is only estimated', () => {
  it('is named where a new node is filled closer than it is known', () => {
    const site = makeSite('n', {}, { allocatable: resources(4000, 1000) })
    const full = newNode(site, { pods: [makePod('p', { needed: resources(10, 950) })] })
    expect(memoryDoubts([full], () => 51)).toEqual([
      {
        code: 'memory-estimate-tight',
        subject: 'n',
        detail: '50 MiB of m5.large stay free, and its memory is only known to 51 MiB',
      },
    ])
    expect(memoryDoubts([full], () => 50)).toEqual([])
    expect(memoryDoubts([{ ...full, action: 'keep' }], () => 51)).toEqual([])
  })
})
