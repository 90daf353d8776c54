import { describe, expect, it } from 'vitest'
import type { Analysis, ChangeWorth } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { bytes, milliCpu } from '../../src/domain/units.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'

const PLAN = ANALYSIS.scenarios.flatMap(({ id, outcome }) =>
  id === 'recommended' && outcome.kind === 'planned' ? [outcome.plan] : [],
)[0]!
const rate = (microUsd: number): MicroUsdPerHour => microUsd as MicroUsdPerHour
const costing = (microUsd: number) => ({ ...PLAN, cost: { rate: rate(microUsd), unpriced: 0 } })

const withChanges = (changes: readonly ChangeWorth[]): Analysis => ({
  ...ANALYSIS,
  tightPlan: {
    plan: costing(100_000),
    lowerBound: { rate: rate(90_000), basis: 'test' },
    unplaced: 7,
    recommended: costing(200_000),
    changes,
  },
})
const CLASSES = [{ cpu: milliCpu(4000), memory: bytes(2 ** 34), workloads: 1 }]
const CHANGES: readonly ChangeWorth[] = [
  { change: { bigFirst: true }, classes: CLASSES, pools: [], packedUnplaced: 2, plan: costing(150_000) },
  {
    change: { bigFirst: true, ownPools: 'all' },
    classes: CLASSES,
    pools: ['a', 'b'],
    packedUnplaced: 0,
    plan: costing(120_000),
  },
  { change: { mostAllocated: true }, classes: [], pools: [], packedUnplaced: 9, plan: undefined },
]
const POOLED: ChangeWorth = {
  change: { ownPools: 'grown' },
  classes: [],
  pools: ['kafka', 'a|b'],
  packedUnplaced: 1,
  plan: costing(110_000),
}
const files = (analysis: Analysis): ReadonlyMap<string, string> => reportOf(analysis, ['csv', 'json', 'md']).files
const sectionOf = (analysis: Analysis): string | undefined =>
  (files(analysis).get('report.md') ?? '').split('## The cheapest plan as packed')[1]?.split('\n## ')[0]
const jsonOf = (analysis: Analysis) =>
  (JSON.parse(files(analysis).get('report.json') ?? '') as { readonly tightPlan: unknown }).tightPlan

describe('the cheapest plan as packed', () => {
  it('says what it would save, and the change that comes nearest to it', () => {
    const section = sectionOf(withChanges(CHANGES))
    expect(section).toContain('for $73.00 a month, of which 10.0 % is above the lower bound')
    expect(section).toContain('recommended costs $73.00 more')
    expect(section).toContain(
      'With big pods first and own pools for all node groups a plan for $87.60 a month would do, $58.40 less',
    )
    const rows = section?.split('\n').filter((line) => line.startsWith('| ')) ?? []
    expect(rows.map((row) => row.split('|').map((cell) => cell.trim()))).toEqual([
      expect.arrayContaining(['Change in the cluster']),
      expect.anything(),
      ['', 'none (recommended)', expect.any(String), '$146.00', '55.0 %', '–', '7', ''],
      ['', 'big pods first', expect.any(String), '$109.50', '40.0 %', '$36.50', '2', ''],
      [
        '',
        'big pods first and own pools for all node groups',
        expect.any(String),
        '$87.60',
        '25.0 %',
        '$58.40',
        '0',
        '',
      ],
      ['', 'MostAllocated scoring', '–', '–', '–', '–', '9', ''],
    ])
    expect(section).toContain('4 cores or 16.0 GiB (1 workload)')
  })

  it('is pointed to from what to do', () => {
    const todo = (files(withChanges(CHANGES)).get('report.md') ?? '').split('## What to do')[1]?.split('\n## ')[0]
    expect(todo).toContain(
      'own pools for all node groups a plan for $87.60 a month would do, $58.40 less than recommended. See “The cheapest',
    )
  })

  it('names the node groups that would have pools of their own, where these are not all', () => {
    const section = sectionOf(withChanges([...CHANGES, POOLED]))
    expect(section).toContain('With own pools for 2 node groups a plan for $80.30 a month would do')
    expect(section).toContain('The 2 node groups cost more than today where nothing is changed')
    expect(section).toContain('other pods take: kafka, a\\|b.')
    const [one] = POOLED.pools
    const alone = sectionOf(withChanges([{ ...POOLED, pools: [one!] }]))
    expect(alone).toContain('own pools for 1 node group')
    expect(alone).toContain('The one node group, kafka, costs more')
    expect(sectionOf(withChanges(CHANGES))).not.toContain('where nothing is changed, for room')
    expect(jsonOf(withChanges([POOLED]))).toMatchObject({ changes: [{ ownPools: true, pools: ['kafka', 'a|b'] }] })
  })

  it('says so where no change saves anything', () => {
    expect(sectionOf(withChanges([CHANGES[2]!]))).toContain('None of the changes below was found to save anything.')
  })

  it('is the same in report.json', () => {
    expect(jsonOf(withChanges(CHANGES))).toMatchObject({
      monthlyUsd: 73,
      gapPct: 10,
      lessThanRecommendedUsd: 73,
      refillUnplacedPods: 7,
      changes: [
        { bigPodsFirst: true, ownPools: false, monthlyUsd: 109.5, packedPlanUnplacedPods: 2 },
        { bigPodsFirst: true, ownPools: true, pools: ['a', 'b'], monthlyUsd: 87.6, lessThanRecommendedUsd: 58.4 },
        { mostAllocated: true, monthlyUsd: null, lessThanRecommendedUsd: null, priorityClasses: [] },
      ],
    })
  })

  it('is left out where it is what is recommended', () => {
    expect(sectionOf(ANALYSIS)).toBeUndefined()
    expect(jsonOf(ANALYSIS)).toBeNull()
  })
})

describe('a recommended plan that needs a change', () => {
  const needing: Analysis = {
    ...ANALYSIS,
    needs: { change: { bigFirst: true }, classes: CLASSES, unplacedToday: 4 },
  }

  it('says so in the first sentence, before all other steps, and in report.json', () => {
    const report = files(needing).get('report.md') ?? ''
    expect(report).toContain('once priority classes let big pods come first: a saving of')
    const todo = report.split('## What to do')[1]?.split('\n## ')[0]
    expect(todo).toContain('Before anything else: big pods first.')
    expect(todo).toContain("up to 4 on today's")
    expect(todo).toContain('4 cores or 16.0 GiB (1 workload)')
    const { recommended } = JSON.parse(files(needing).get('report.json') ?? '') as {
      readonly recommended: { readonly needs: unknown }
    }
    expect(recommended.needs).toMatchObject({
      bigPodsFirst: true,
      refillUnplacedPodsToday: 4,
      priorityClasses: [{ fromCpu: 4, fromMemoryMib: 16384, workloads: 1 }],
    })
  })

  it('stands with it beside the others', () => {
    const tight = withChanges(CHANGES.slice(1)).tightPlan!
    const section = sectionOf({ ...needing, tightPlan: { ...tight, needed: { bigFirst: true } } })
    expect(section).toContain('| big pods first (recommended) ')
    expect(section).not.toContain('| none')
  })
})
