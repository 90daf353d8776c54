import { describe, expect, it } from 'vitest'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS, MONTHLY_MICRO_USD, resources } from './fixture.js'
import { microUsd, parseRows, sumMicroUsd } from './parse-csv.js'

const { files } = reportOf(ANALYSIS, ['csv', 'json'])
const rows = (name: string): Record<string, string>[] => parseRows(files.get(name) ?? '')
const scenario = (id: string): Record<string, string> =>
  rows('scenarios.csv').find((row) => row['scenario'] === id) ?? {}

describe('figures that stand in several files', () => {
  it('current costs what nodes.csv adds up to, recommended what plan-nodes.csv adds up to', () => {
    expect(sumMicroUsd(rows('nodes.csv'), 'hourly_usd')).toBe(492_300)
    expect(microUsd(scenario('current')['hourly_usd'] ?? '')).toBe(492_300)
    expect(sumMicroUsd(rows('plan-nodes.csv'), 'hourly_usd')).toBe(142_867)
    expect(microUsd(scenario('recommended')['hourly_usd'] ?? '')).toBe(142_867)
  })

  it('node groups add up to the same, now and planned', () => {
    expect(sumMicroUsd(rows('node-groups.csv'), 'hourly_usd')).toBe(492_300)
    expect(sumMicroUsd(rows('node-groups.csv'), 'plan_hourly_usd')).toBe(142_867)
    const planNodes = rows('node-groups.csv').reduce((sum, row) => sum + Number(row['plan_nodes']), 0)
    expect(planNodes).toBe(rows('plan-nodes.csv').length)
    expect(scenario('recommended')['nodes']).toBe(String(planNodes))
  })

  it('what is stranded is the sum of the groups that have packed nodes', () => {
    const onFargate = new Map(
      [...ANALYSIS.nodeUse].map(([name, use]) => [
        name,
        name === 'fargate-1' ? { ...use, stranded: resources(9000, 9000, 0), maxPodsBinding: true } : use,
      ]),
    )
    const written = reportOf({ ...ANALYSIS, nodeUse: onFargate }, ['csv', 'json']).files
    const groups = parseRows(written.get('node-groups.csv') ?? '')
    const sumOf = (column: string): number => groups.reduce((sum, row) => sum + Number(row[column]), 0)
    const { current } = JSON.parse(written.get('report.json') ?? '') as { current: Record<string, number> }
    expect(current).toMatchObject({ strandedCpu: 0.25, strandedMemoryMib: 512.25, podBoundNodes: 0 })
    expect(current['strandedCpu']).toBe(sumOf('stranded_cpu'))
    expect(current['strandedMemoryMib']).toBe(sumOf('stranded_memory_mib'))
  })

  it('workloads and what nobody requested share the cost of all nodes × 730', () => {
    const shared =
      sumMicroUsd(rows('workloads.csv'), 'monthly_usd') + sumMicroUsd(rows('workloads.csv'), 'idle_monthly_usd')
    expect(shared).toBe(MONTHLY_MICRO_USD)
    expect(microUsd(scenario('current')['monthly_usd'] ?? '')).toBe(MONTHLY_MICRO_USD)
    expect(MONTHLY_MICRO_USD).toBe(492_300 * 730)
  })

  it('placements name nodes of plan-nodes.csv, and as many without one as the scenario says', () => {
    const nodes = new Set(rows('plan-nodes.csv').map((row) => row['node']))
    const placed = rows('placements.csv').filter((row) => row['node'] !== '')
    expect(placed.every((row) => nodes.has(row['node']))).toBe(true)
    expect(String(rows('placements.csv').length - placed.length)).toBe(scenario('recommended')['unplaced_pods'])
  })

  it('JSON holds the numbers of the CSV files, digit for digit', () => {
    const report = JSON.parse(files.get('report.json') ?? '') as {
      current: { nodes: Record<string, unknown>[] }
      recommended: { nodes: Record<string, unknown>[] }
      scenarios: Record<string, unknown>[]
      workloads: Record<string, unknown>[]
    }
    const agree = (
      csvRows: Record<string, string>[],
      objects: Record<string, unknown>[],
      names: Record<string, string>,
    ) => {
      expect(objects).toHaveLength(csvRows.length)
      csvRows.forEach((row, index) => {
        for (const [column, name] of Object.entries(names)) {
          const cell = row[column] ?? 'no such column'
          expect(objects[index]?.[name], `${column} of row ${index}`).toBe(cell === '' ? null : Number(cell))
        }
      })
    }
    agree(rows('nodes.csv'), report.current.nodes, {
      hourly_usd: 'hourlyUsd',
      memory_requested_mib: 'memoryRequestedMib',
    })
    agree(rows('plan-nodes.csv'), report.recommended.nodes, { hourly_usd: 'hourlyUsd', pods_assigned: 'podsAssigned' })
    agree(rows('scenarios.csv'), report.scenarios, {
      savings_pct: 'savingsPct',
      gap_pct: 'gapPct',
      spot_share: 'spotShare',
    })
    agree(rows('workloads.csv'), report.workloads, { monthly_usd: 'monthlyUsd', idle_monthly_usd: 'idleMonthlyUsd' })
  })
})
