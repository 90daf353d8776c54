import { describe, expect, it } from 'vitest'
import type { Commitments } from '../../src/domain/commitments.js'
import type { Analysis } from '../../src/domain/recommendation.js'
import { usdPerHour } from '../../src/domain/units.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'

const COMMITMENTS: Commitments = {
  reserved: [
    {
      instanceType: 'm5.2xlarge',
      count: 3,
      sizeFlexible: true,
      platform: 'Linux/UNIX',
      tenancy: 'default',
      offeringClass: 'convertible',
      end: '2027-05-01T00:00:00.000Z',
      each: usdPerHour(0.25),
      listEach: usdPerHour(0.384),
      today: { amount: 1.25, nodes: ['node-a', 'node-b'] },
      plan: { amount: 0.25, nodes: ['node-b'] },
    },
  ],
  savingsPlans: [
    {
      id: 'sp-1',
      kind: 'EC2Instance',
      family: 'm|5',
      region: 'us-east-1',
      commitment: usdPerHour(1.5),
      end: '2028-01-01T00:00:00.000Z',
      rated: false,
      today: { amount: 0, nodes: [] },
      plan: { amount: 0, nodes: [] },
    },
  ],
  missing: [],
  today: { covered: usdPerHour(0.48), list: { rate: usdPerHour(0.4923), unpriced: 1 } },
  plan: { covered: usdPerHour(0.096), list: { rate: usdPerHour(0.2), unpriced: 1 } },
  lessUsedUntil: '2027-05-01T00:00:00.000Z',
  whyNoEstimate: '1 nodes have no price',
}
const fileOf = (commitments: Commitments | undefined, name: string): string => {
  const analysis: Analysis = commitments === undefined ? ANALYSIS : { ...ANALYSIS, commitments }
  return reportOf(analysis, ['md', 'csv', 'json']).files.get(name) ?? ''
}
const jsonOf = (commitments: Commitments | undefined): unknown =>
  (JSON.parse(fileOf(commitments, 'report.json')) as { readonly commitments: unknown }).commitments

describe('commitments', () => {
  it('are a section of report.md, with what the plan no longer uses', () => {
    const text = fileOf(COMMITMENTS, 'report.md')
    expect(text).toContain('## Commitments')
    expect(text).toMatch(
      /^\| +3 \| m5\.2xlarge +\| the region, any size \| Linux\/UNIX \| convertible \| 2027-05-01 \| +1\.25 \| +0\.25 \| +1 \|$/m,
    )
    expect(text).toMatch(/^\| EC2 Instance, m\\\|5 in us-east-1 \| +\$1\.50 \| 2028-01-01 /m)
    expect(text).toContain(
      "- They cover up to $0.48 an hour of today's nodes at list prices, and up to $0.096 of the plan's.",
    )
    expect(text).toContain(
      '- Up to $0.384 an hour ($280.32 a month) of the saving may not show on the bill before 2027-05-01: the bill would rise by up to $66.94 a month.',
    )
    expect(text).toContain('- What the nodes cost with these discounts is not known: 1 nodes have no price.')
  })

  it('stand beside the headline, which stays at list prices', () => {
    const [now, without] = [COMMITMENTS, undefined].map((given) => fileOf(given, 'report.md').split('\n'))
    expect(now?.[2]).toBe(without?.[2])
    expect(now?.find((line) => line.startsWith('- These are list prices.'))).toBe(
      '- These are list prices. Reserved Instances and Savings Plans are owed whether they are used or not: the bill would rise by up to $66.94 a month until 2027-05-01 (see Commitments).',
    )
  })

  it('with all figures there: an estimate', () => {
    const { whyNoEstimate: _, ...rest } = COMMITMENTS
    const text = fileOf({ ...rest, estimate: { today: usdPerHour(0.4), plan: usdPerHour(0.3) } }, 'report.md')
    expect(text).toContain(
      '- Estimate with these discounts, as far as these nodes use them: $292 a month today and $219 with the plan, what it leaves unused included (less by $73).',
    )
  })

  it('are in report.json, with the nodes that they cover', () => {
    expect(jsonOf(COMMITMENTS)).toMatchObject({
      reservedInstances: [
        {
          instanceType: 'm5.2xlarge',
          count: 3,
          scope: 'region',
          zone: null,
          sizeFlexible: true,
          end: '2027-05-01T00:00:00.000Z',
          eachHourlyUsd: 0.25,
          usedToday: 1.25,
          usedByPlan: 0.25,
          noLongerUsed: 1,
          nodesToday: ['node-a', 'node-b'],
          nodesOfPlan: ['node-b'],
        },
      ],
      savingsPlans: [{ id: 'sp-1', family: 'm|5', commitmentHourlyUsd: 1.5, countedAtItsOwnRates: false }],
      savingNotOnBillHourlyUsd: 0.384,
      savingNotOnBillUntil: '2027-05-01T00:00:00.000Z',
      estimatedMonthlyUsd: null,
      whyNoEstimate: '1 nodes have no price',
    })
  })

  it('that are not there are said to be none; nothing is said where nobody was asked', () => {
    const { lessUsedUntil: _, whyNoEstimate: __, ...rest } = COMMITMENTS
    const none: Commitments = { ...rest, reserved: [], savingsPlans: [] }
    expect(fileOf(none, 'report.md')).toContain('No Reserved Instance and no Savings Plan of this account is in force')
    const half = fileOf({ ...none, missing: ['Savings Plans are not known: the permission x is missing'] }, 'report.md')
    expect(half).toContain('- Savings Plans are not known: the permission x is missing.')
    expect(fileOf(undefined, 'report.md')).not.toContain('Commitments')
    expect(jsonOf(undefined)).toBeNull()
  })
})
