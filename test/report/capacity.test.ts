import { describe, expect, it } from 'vitest'
import { usdPerHour } from '../../src/domain/units.js'
import type { Analysis, ModelCheck, PrefixWhatIf, Scenario } from '../../src/domain/recommendation.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'

const md = (analysis: Analysis): string => reportOf(analysis, ['md', 'csv', 'json']).files.get('report.md') ?? ''
const json = (analysis: Analysis) =>
  JSON.parse(reportOf(analysis, ['json']).files.get('report.json') ?? '') as Record<string, unknown>
const section = (analysis: Analysis, title: string): string =>
  md(analysis).split(`## ${title}`)[1]?.split('\n## ')[0] ?? ''

const check = (node: string, resource: ModelCheck['resource'], predicted: number, real: number): ModelCheck => ({
  method: 'rules',
  node,
  instanceType: 'm5.large',
  resource,
  predicted,
  promised: predicted,
  real,
})

describe('the model check', () => {
  const GIB = 1024 ** 3
  const analysis: Analysis = {
    ...ANALYSIS,
    modelCheck: [
      check('a', 'memory', 10 * GIB, 10 * GIB),
      check('b', 'memory', 10.05 * GIB, 10 * GIB),
      check('c', 'memory', 9.7 * GIB, 10 * GIB),
      check('d', 'memory', 10.2 * GIB, 10 * GIB),
      check('a', 'pods', 28, 29),
      { ...check('a', 'cpu', 1930, 1930), method: 'in-force' },
    ],
  }

  it('gives the median and the worst error of each resource, and how often too much was promised', () => {
    const [inForce, memory, pods] = json(analysis)['modelCheck'] as object[]
    expect(inForce).toMatchObject({ method: 'in-force', resource: 'cpu', medianPct: 0, worst: null })
    // Errors 0, 0.5, 3 and 2 %.
    expect(memory).toMatchObject({
      compared: 4,
      equal: 1,
      withinOnePercent: 2,
      medianPct: 1.25,
      worst: { node: 'c', differencePct: -3 },
      overPromised: 2,
    })
    expect(pods).toMatchObject({ medianPct: 3.4483, worst: { node: 'a', differencePct: -3.4483 } })
  })

  it('lists the nodes that are off, and those that were left out', () => {
    const off = json(analysis)['modelCheckNodesOff'] as { node: string; resource: string }[]
    expect(off.map(({ node, resource }) => `${node} ${resource}`)).toEqual(['a pods', 'c memory', 'd memory'])
    const text = section(analysis, 'Model check')
    expect(text).toContain('| rules  | m5.large      | memory   |     2 |   9.7 GiB | 10.0 GiB | -3.0 % | c    |')
    expect(text).toContain('|     1 | mock.xlarge is not in the catalog | node-c |')
    expect(text).not.toContain('other-types')
  })

  it('says so where nothing is off', () => {
    const right = { ...ANALYSIS, modelCheck: [check('a', 'pods', 29, 29)], notChecked: [] }
    expect(section(right, 'Model check')).toContain('No node is off: CPU and pods are equal, memory within 1 %.')
    expect(section({ ...right, modelCheck: [] }, 'Model check')).toBe('')
  })

  it('says what the capacity of new nodes rests on', () => {
    const plan = ANALYSIS.scenarios.map((scenario): Scenario =>
      scenario.outcome.kind !== 'planned'
        ? scenario
        : {
            ...scenario,
            outcome: {
              ...scenario.outcome,
              plan: {
                ...scenario.outcome.plan,
                nodes: scenario.outcome.plan.nodes.map((node) =>
                  node.action === 'new' ? { ...node, capacityBasis: 'seen on 12 live nodes of the group' } : node,
                ),
              },
            },
          },
    )
    expect(section({ ...ANALYSIS, scenarios: plan }, 'Model check')).toContain(
      '- 1 × c6g.large in web: seen on 12 live nodes of the group.',
    )
  })
})

describe('subnet addresses', () => {
  it('are compared with what is free, and say what they leave out', () => {
    const text = section(ANALYSIS, 'Subnet addresses')
    expect(text).toContain(
      '| recommended | us-east-1a |     4 |       110 |              50 |     130 |          0 |   40 | no   |',
    )
    expect(text).toContain('Nodes whose instance type is not known are counted in no address.')
    expect(text).not.toContain('Not checked')
  })

  it('say that nobody was asked', () => {
    const addresses = ANALYSIS.addresses.map((use) => ({
      ...use,
      zones: use.zones.map((zone) => ({ ...zone, free: undefined })),
    }))
    const text = section({ ...ANALYSIS, addresses }, 'Subnet addresses')
    expect(text).toContain('- Not checked against the free addresses of the subnets: AWS was not asked for them.')
    expect(text).not.toContain('Fits')
  })
})

describe('what prefix delegation is worth', () => {
  const base = ANALYSIS.scenarios.find(({ id }) => id === 'recommended')
  if (base?.outcome.kind !== 'planned') throw new Error('the fixture plans its recommendation')
  const { outcome } = base
  const gain = { group: 'web', instanceType: 'm5.large', nodes: 2, podsNow: 29, podsThen: 110, bound: true }
  const cheapest = { packed: { rate: usdPerHour(1), unpriced: 0 }, realised: usdPerHour(1.5) }
  const withWhatIf = (
    change: Partial<typeof outcome>,
    prefixes: PrefixWhatIf | undefined = { gains: [gain], cheapest },
  ): Analysis => ({
    ...ANALYSIS,
    prefixes,
    scenarios: [
      ...ANALYSIS.scenarios.filter(({ id }) => id !== 'prefix-delegation'),
      { id: 'prefix-delegation', title: 'what-if', outcome: { ...outcome, ...change }, notes: ['the first note'] },
    ],
  })
  const costing = (dollars: number) => ({ plan: { ...outcome.plan, cost: { rate: usdPerHour(dollars), unpriced: 0 } } })
  const text = (analysis: Analysis): string => section(analysis, 'What prefix delegation is worth')

  it('is the saving against the cheapest plan, packed and rebuilt', () => {
    const analysis = withWhatIf({ ...costing(0.9), realised: usdPerHour(1.3) })
    expect(json(analysis)['prefixDelegation']).toEqual({
      applies: true,
      why: null,
      monthlySavingPackedUsd: 73,
      monthlySavingRealisedUsd: 146,
      gains: [
        {
          nodeGroup: 'web',
          instanceType: 'm5.large',
          nodes: 2,
          podsPerNodeNow: 29,
          podsPerNodeThen: 110,
          boundByPodSlots: true,
        },
      ],
    })
    expect(text(analysis)).toContain('Saving a month as packed, against the cheapest plan without prefixes: $73.00.')
    expect(text(analysis)).toContain('so that the default scheduler fills it: $146 ($949 instead of $1,095).')
  })

  it('is said to be no saving where what is recommended costs less all the same', () => {
    const withRecommended = (dollars: number): Analysis => {
      const analysis = withWhatIf({ ...costing(0.9), realised: usdPerHour(1.3) })
      const recommended = {
        id: 'recommended' as const,
        title: '',
        outcome: { ...outcome, ...costing(dollars) },
        notes: [],
      }
      return { ...analysis, scenarios: [...analysis.scenarios.filter(({ id }) => id !== 'recommended'), recommended] }
    }
    expect(text(withRecommended(1.2))).toContain('What is recommended costs less than that, $876')
    expect(text(withRecommended(1.3))).not.toContain('What is recommended costs less')
  })

  it('is nothing where no group is bound, or no cheaper plan was found', () => {
    const same = { ...costing(1), realised: usdPerHour(1.5) }
    expect(text(withWhatIf(same))).toContain('no cheaper plan was found with more of them')
    const unbound = { gains: [{ ...gain, bound: false }], cheapest }
    expect(text(withWhatIf(same, unbound))).toContain('No node group runs out of pod slots first')
  })

  it('gives the reason where it is not feasible, or does not apply', () => {
    expect(text(withWhatIf({ feasible: false }))).toContain('with prefixes is not feasible: the first note.')
    const off: Scenario = {
      id: 'prefix-delegation',
      title: '',
      outcome: { kind: 'not-applicable', why: 'it is on' },
      notes: [],
    }
    const analysis = { ...ANALYSIS, prefixes: undefined, scenarios: [...ANALYSIS.scenarios, off] }
    expect(text(analysis)).toContain('Not applicable: it is on.')
    expect(json(analysis)['prefixDelegation']).toMatchObject({ applies: false, why: 'it is on', gains: [] })
  })
})
