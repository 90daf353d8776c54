import { describe, expect, it } from 'vitest'
import type { FrontierPoint } from '../../src/domain/frontier.js'
import type { Analysis } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { bytes, milliCpu } from '../../src/domain/units.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'
import { parseRows } from './parse-csv.js'

const PLAN = ANALYSIS.scenarios.flatMap(({ id, outcome }) =>
  id === 'recommended' && outcome.kind === 'planned' ? [outcome.plan] : [],
)[0]!
const rate = (microUsd: number): MicroUsdPerHour => microUsd as MicroUsdPerHour

const point = (nodes: number, cost: number, bound: number, more: Partial<FrontierPoint> = {}): FrontierPoint => ({
  plan: { ...PLAN, nodes: PLAN.nodes.slice(0, nodes), cost: { rate: rate(cost), unpriced: 0 } },
  lowerBound: { rate: rate(bound), basis: 'test' },
  largestNodeShare: 0.25,
  refillUnplaced: 0,
  ...more,
})
const FRONTIER: Analysis['frontier'] = {
  kind: 'planned',
  points: [
    point(2, 400_000, 390_000),
    point(1, 500_000, 400_000, {
      largestNodeShare: 1,
      refillUnplaced: undefined,
      survival: {
        node: { kind: 'survives', tried: 1, heaviest: undefined },
        zone: { kind: 'not-known', why: 'test' },
      },
    }),
  ],
  smaller: [],
  families: [
    {
      family: 'm6i',
      capacityType: 'on-demand',
      sizes: [
        { instanceType: 'm6i.large', perVcpu: 48_000 },
        { instanceType: 'm6i.24xlarge', perVcpu: 48_000 },
      ],
    },
  ],
  overheadSaved: { cpu: milliCpu(250), memory: bytes(2 ** 29) },
}
const WITH: Analysis = { ...ANALYSIS, frontier: FRONTIER }
const files = (analysis: Analysis): ReadonlyMap<string, string> => reportOf(analysis, ['csv', 'json', 'md']).files
const sectionOf = (analysis: Analysis): string =>
  (files(analysis).get('report.md') ?? '')
    .split('## Fewer, larger nodes, or more and smaller ones')[1]
    ?.split('\n## ')[0] ?? ''

describe('cost against number of nodes', () => {
  it('is a row for each plan in frontier.csv, and the same in report.json', () => {
    const written = files(WITH)
    const rows = parseRows(written.get('frontier.csv') ?? '')
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({
      nodes: '2',
      hourly_usd: '0.40',
      monthly_usd: '292.00',
      above_cheapest_pct: '0.00',
      lower_bound_hourly_usd: '0.39',
      gap_pct: '2.50',
      largest_node_share: '0.2500',
      survives_node_loss: '',
      refill_unplaced_pods: '0',
    })
    expect(rows[1]).toMatchObject({
      nodes: '1',
      above_cheapest_pct: '25.00',
      gap_pct: '20.00',
      survives_node_loss: 'true',
      survives_zone_loss: '',
      refill_unplaced_pods: '',
    })
    const { frontier } = JSON.parse(written.get('report.json') ?? '') as { frontier: Record<string, unknown> }
    expect(frontier).toMatchObject({
      points: [
        { nodes: 2, hourlyUsd: 0.4, gapPct: 2.5 },
        { nodes: 1, aboveCheapestPct: 25, refillUnplacedPods: null },
      ],
      why: null,
      daemonOverheadSavedCpu: 0.25,
      daemonOverheadSavedMemoryMib: 512,
      familyPrices: [{ family: 'm6i', isFlat: true, sizes: [{ hourlyUsdPerVcpu: 0.048 }, {}] }],
    })
  })

  it('is a table in report.md, with what larger nodes save where a vCPU costs the same in every size', () => {
    const text = sectionOf(WITH)
    expect(text).toContain('|     1 |    $365 |             25.0 % | 20.0 % |      100.0 % | yes             |')
    expect(text).toContain(
      '- A vCPU of m6i (on-demand) costs the same in every size from m6i.large to m6i.24xlarge, $0.048 an hour.',
    )
    expect(text).toContain('- Gap: the part of the cost by which it is above a bound')
    expect(text).toContain(
      '- 1 node instead of 2 needs 0.25 cores and 512 MiB less for DaemonSets and static pods, which is all that larger nodes save.',
    )
  })

  it('says between which sizes the price differs, and no longer that nothing else is saved', () => {
    if (FRONTIER.kind !== 'planned') throw new Error('it is planned')
    const [family] = FRONTIER.families
    const sizes = [...family!.sizes, { instanceType: 'm6i.48xlarge', perVcpu: 50_000 }]
    const text = sectionOf({ ...WITH, frontier: { ...FRONTIER, families: [{ ...family!, sizes }] } })
    expect(text).toContain('- A vCPU of m6i (on-demand) costs from $0.048 an hour (m6i.large) to $0.05 (m6i.48xlarge).')
    expect(text).not.toContain('all that larger nodes save')
  })

  it('begins with the smallest nodes, where there are plans with smaller ones than the cheapest', () => {
    if (FRONTIER.kind !== 'planned') throw new Error('it is planned')
    const smaller = [
      point(3, 450_000, 440_000, { maxNodeShare: 0.123456 }),
      point(3, 480_000, 440_000, { maxNodeShare: 0.1 }),
    ]
    const analysis: Analysis = { ...WITH, frontier: { ...FRONTIER, smaller } }
    const rows = parseRows(files(analysis).get('frontier.csv') ?? '')
    expect(rows.map((row) => [row['above_cheapest_pct'], row['bound_covers']])).toEqual([
      ['20.00', 'plans in which no node carries more than 10 % of what is requested today'],
      ['12.50', 'plans in which no node carries more than 12.34 % of what is requested today'],
      ['0.00', 'plans with at most 2 nodes'],
      ['25.00', 'plans with at most 1 node'],
    ])
    const text = sectionOf(analysis)
    expect(text).toContain('from many small nodes to few large ones')
    expect(text).toContain('in the rows above the cheapest, none without a larger node (bound_covers in frontier.csv)')
    expect(text).toContain('- 1 node instead of 2 needs 0.25 cores')
    expect(sectionOf(WITH)).not.toContain('bound_covers')
  })

  it('says why it is not there', () => {
    const written = files({ ...ANALYSIS, frontier: { kind: 'none', why: 'the cluster is too large' } })
    expect(written.get('frontier.csv')?.split('\n')).toHaveLength(2)
    expect(JSON.parse(written.get('report.json') ?? '')).toMatchObject({
      frontier: { points: [], why: 'the cluster is too large', familyPrices: [] },
    })
    expect(sectionOf({ ...ANALYSIS, frontier: { kind: 'none', why: 'the cluster is too large' } })).toContain(
      'Cost against number of nodes: not worked out, the cluster is too large.',
    )
    expect(sectionOf(ANALYSIS)).toBe('')
  })
})
