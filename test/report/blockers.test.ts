import { describe, expect, it } from 'vitest'
import type { Analysis, Blocker, BlockerPrices, BlockerWorth } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'
import { parseRows } from './parse-csv.js'

const known = (dollars: number, proof: (BlockerWorth & { kind: 'known' })['proof'] = 'replayed'): BlockerWorth => ({
  kind: 'known',
  rate: (dollars * 1e6) as MicroUsdPerHour,
  proof,
})
const blocker = (what: string, parts: Partial<Blocker> = {}): Blocker => ({
  rule: 'disruption-budget',
  what,
  fix: `change ${what}`,
  workload: { namespace: 'shop', kind: 'Deployment', name: 'api' },
  pods: ['shop/api'],
  nodes: ANALYSIS.cluster.nodes.filter(({ name }) => name === 'node-a'),
  ...parts,
})
const PRICES: BlockerPrices = {
  against: 'recommended',
  rate: 1e6 as MicroUsdPerHour,
  blockers: [
    { ...blocker('annotation karpenter.sh/do-not-disrupt on Job batch/runner'), alone: known(0.1) },
    { ...blocker('budget a'), alone: known(0, 'none') },
    { ...blocker('budget b|c'), alone: known(0, 'none') },
    { ...blocker('budget d'), alone: known(0, 'none') },
    { ...blocker('capacity that is reserved'), alone: { kind: 'unknown', why: 'it is paid anyway' } },
  ],
  sets: [
    { members: [1, 2], nodes: ['node-a'], worth: known(0.25) },
    { members: [0, 2], nodes: ['node-a'], worth: known(0.1) },
  ],
  all: known(0.5),
  steps: 1,
}
const WITH: Analysis = { ...ANALYSIS, blockerPrices: PRICES }
const files = (analysis: Analysis) => reportOf(analysis, ['md', 'csv', 'json']).files
const sectionOf = (analysis: Analysis): string =>
  /## What keeps nodes alive\n\n([\s\S]*?)\n## /.exec(files(analysis).get('report.md') ?? '')?.[1] ?? ''

describe('what keeps nodes alive', () => {
  it('lists what saves most first, alone and together, with the fix', () => {
    const rows = sectionOf(WITH)
      .split('\n')
      .filter((line) => line.includes('$') && line.startsWith('|'))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    expect(rows.map(([, saves, what, holds, fix]) => [saves, what, holds, fix])).toEqual([
      ['$183', 'budget a, and budget b\\|c', '1 × m5.2xlarge', 'change budget a; change budget b\\|c'],
      [
        '$73.00',
        'annotation do-not-disrupt on Job batch/runner',
        '1 × m5.2xlarge',
        'change annotation karpenter.sh/do-not-disrupt on Job batch/runner',
      ],
    ])
  })

  it('sums up what is worth nothing and what has no price', () => {
    const text = sectionOf(WITH)
    expect(text).toContain('With all of these rules gone, the recommended plan would cost at least $365 a month less.')
    expect(text).toContain('Nothing cheaper was found without 1 other rule.')
    expect(text).toContain('Without a price: 1 rule (it is paid anyway).')
    expect(files(WITH).get('report.md')).not.toContain('## Nodes that cannot be removed')
  })

  it('is a row for each blocker in blockers.csv, and the same in report.json', () => {
    const rows = parseRows(files(WITH).get('blockers.csv') ?? '')
    expect(rows.map((row) => [row['blocker'], row['monthly_usd'], row['together_monthly_usd'], row['proof']])).toEqual([
      ['budget a', '0.00', '182.50', 'none'],
      ['budget b|c', '0.00', '182.50', 'none'],
      ['annotation karpenter.sh/do-not-disrupt on Job batch/runner', '73.00', '73.00', 'replayed'],
      ['budget d', '0.00', '', 'none'],
      ['capacity that is reserved', '', '', ''],
    ])
    expect(rows[0]).toMatchObject({
      rule: 'disruption-budget',
      namespace: 'shop',
      kind: 'Deployment',
      workload: 'api',
      pods: 'shop/api',
      nodes: 'node-a',
      instance_types: 'm5.2xlargex1',
      together_with: 'budget b|c',
      together_proof: 'replayed',
      fix: 'change budget a',
    })
    expect(rows[4]?.['why_unknown']).toBe('it is paid anyway')
    const json = JSON.parse(files(WITH).get('report.json') ?? '') as Record<string, unknown>
    expect((json['blockers'] as Record<string, unknown>[])[2]).toMatchObject({ monthlyUsd: 73, proof: 'replayed' })
    expect((json['blockerSets'] as unknown[])[0]).toEqual({
      blockers: ['budget a', 'budget b|c'],
      nodes: ['node-a'],
      monthlyUsd: 182.5,
      proof: 'replayed',
      whyUnknown: null,
    })
    expect(json['allBlockers']).toEqual({
      measuredAgainst: 'recommended',
      monthlyUsd: 365,
      proof: 'replayed',
      whyUnknown: null,
    })
  })

  it('marks what was not tried by itself', () => {
    const joint: BlockerPrices = {
      ...PRICES,
      blockers: [{ ...blocker('budget a'), alone: known(0.1, 'joint') }],
      sets: [],
    }
    const text = sectionOf({ ...ANALYSIS, blockerPrices: joint })
    expect(text).toContain('≈ $73.00')
    expect(text).toContain('≈: not tried by itself')
    expect(sectionOf(WITH)).not.toContain('≈')
  })

  it('falls back on the nodes that cannot go where nothing was priced', () => {
    expect(files(ANALYSIS).get('report.md')).toContain('## Nodes that cannot be removed')
    expect(files(ANALYSIS).get('blockers.csv')?.split('\n')).toHaveLength(2)
    const json = JSON.parse(files(ANALYSIS).get('report.json') ?? '') as Record<string, unknown>
    expect([json['blockers'], json['allBlockers']]).toEqual([[], null])
  })

  it('says so where no price could be found at all', () => {
    const unknown: BlockerWorth = { kind: 'unknown', why: 'no plan was found' }
    const none: BlockerPrices = {
      ...PRICES,
      blockers: [{ ...blocker('budget a'), alone: unknown }],
      sets: [],
      all: unknown,
    }
    const text = sectionOf({ ...ANALYSIS, blockerPrices: none })
    expect(text).toContain('With all of these rules gone: not known (no plan was found).')
    expect(text).toContain('Without a price: 1 rule (no plan was found).')
  })
})
