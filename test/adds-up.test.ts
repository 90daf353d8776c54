import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disagreements } from './helpers/adding-up.js'
import { k8sCost, ROOT } from './helpers/command.js'
import { podCounts, podsThatNeedAPlace, readObjects } from './helpers/kubectl-list.js'
import { SAMPLE, writePartOfSample } from './helpers/part-of-sample.js'
import { incomplete, readReport, type WrittenReport } from './helpers/written-report.js'
import { microUsd } from './report/parse-csv.js'

const objects = readObjects(SAMPLE)
/** What demo writes, as test/sample-report.test.ts makes sure. */
const plain = readReport(join(ROOT, 'reports', 'sample'))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-adds-up-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the report of the sample cluster', () => {
  test('is complete, and its files add up', () => {
    expect(incomplete(plain)).toEqual([])
    expect(disagreements(plain)).toEqual([])
  })

  test('has the nodes and pods of the sample cluster, and no others', () => {
    const { rows, json } = plain
    expect(rows['nodes.csv'].length).toBe(objects.filter(({ kind }) => kind === 'Node').length)
    const counts = podCounts(objects)
    for (const row of rows['nodes.csv']) expect(Number(row['pods_running'])).toBe(counts.get(row['node'] ?? '') ?? 0)
    const bound = [...counts.values()].reduce((sum, count) => sum + count, 0)
    expect(json.cluster.pods - json.cluster.pendingPods).toBe(bound)
    const ids = rows['placements.csv'].map((row) => `${row['namespace']}/${row['pod']}`)
    expect(ids.sort()).toEqual([...podsThatNeedAPlace(objects).keys()].sort())
  })

  test('the first sentence: the cost now less the cost then is the saving beside them', () => {
    const sentence = plain.texts.get('report.md')?.split('\n')[2] ?? ''
    const shown = [...sentence.matchAll(/\$([\d,]+)(?![\d.,]*\.\d) a month/g)].map(([, digits = '']) =>
      Number(digits.replaceAll(',', '')),
    )
    expect(shown).toHaveLength(3)
    const [now = NaN, then = NaN, saving = NaN] = shown
    expect(saving).toBe(now - then)
    expect(saving).toBeGreaterThan(0)
    // The exact figure for programs is not the one that was made to fit.
    expect(Math.abs((plain.json.recommended.monthlySavingUsd ?? NaN) - saving)).toBeLessThan(1.5)
  })
})

test('files add up under limits of every kind', () => {
  const args = [
    '--max-spot',
    '0.5',
    '--headroom',
    '0.1',
    '--max-node-share',
    '0.3',
    '--min-nodes',
    '12',
    '--arch',
    'any',
  ]
  const [file, out] = [join(folder, 'part.json'), join(folder, 'limits')]
  writePartOfSample(file)
  const run = k8sCost(['--snapshot', file, '--out', out, '--now', '2026-07-01T00:00:00Z', ...args])
  expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  const report = readReport(out)
  expect(incomplete(report)).toEqual([])
  expect(disagreements(report)).toEqual([])
  const recommended = report.scenario('recommended')
  expect(Number(recommended['spot_share'])).toBeLessThanOrEqual(0.5)
  expect(Number(recommended['largest_node_share'])).toBeLessThanOrEqual(0.3)
  expect(Number(recommended['nodes'])).toBeGreaterThanOrEqual(12)
})

describe('a report that was changed by hand is found out', () => {
  const changed = (name: keyof WrittenReport['rows'], at: number, cells: Record<string, string>): WrittenReport => ({
    ...plain,
    rows: { ...plain.rows, [name]: plain.rows[name].map((row, index) => (index === at ? { ...row, ...cells } : row)) },
  })
  test.each(['nodes.csv', 'plan-nodes.csv'] as const)('a price in %s', (name) => {
    const price = plain.rows[name][0]?.['hourly_usd'] ?? ''
    const dearer = ((microUsd(price) + 1) / 1e6).toFixed(6)
    expect(disagreements(changed(name, 0, { hourly_usd: dearer })).join('\n')).toMatch(/hourly_usd: \d+, not \d+/)
    expect(incomplete(changed(name, 0, { hourly_usd: '0.00' })).join()).toContain('costs "0.00"')
  })
  test('a placement', () => {
    expect(disagreements(changed('placements.csv', 0, { node: '' })).join('\n')).toContain('placements without a node')
    expect(disagreements(changed('placements.csv', 0, { node: 'x' })).join('\n')).toContain('not in the plan')
  })
  test("a workload's share", () => {
    const found = disagreements(changed('workloads.csv', 0, { monthly_usd: '0.000001' }))
    expect(found.join('\n')).toContain('monthly_usd and idle_monthly_usd of all workloads')
  })
})
