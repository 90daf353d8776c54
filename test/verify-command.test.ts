import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { k8sCost, ROOT } from './helpers/command.js'

const SNAPSHOT = join('data', 'sample-cluster.json.gz')
const REPORT = join('reports', 'sample')
const run = (...args: string[]) => k8sCost(args, { cwd: ROOT })

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-verify-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('verify', () => {
  test('the sample report: nothing but the totals, exit 0', () => {
    const { exitCode, stdout, stderr } = run('verify', REPORT, '--snapshot', SNAPSHOT)
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\d+ pods on \d+ nodes: 0 violations\n$/)
  })

  test('a tampered copy: its violations on standard output, one message, exit 2', () => {
    const copy = join(folder, 'copy')
    cpSync(join(ROOT, REPORT), copy, { recursive: true })
    const lines = readFileSync(join(copy, 'placements.csv'), 'utf8').split('\n')
    const [dropped] = lines.splice(1, 1)
    writeFileSync(join(copy, 'placements.csv'), lines.join('\n'))
    const { exitCode, stdout, stderr } = run('verify', copy, '--snapshot', SNAPSHOT)
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/^k8s-cost: .*: the plan breaks the scheduler's rules .*\n$/),
    ])
    expect(stdout).toContain(dropped!.split(',').slice(0, 2).join('/'))
    expect(stdout).toMatch(/: [1-9]\d* violations?\n$/)
    const json = run('verify', copy, '--snapshot', SNAPSHOT, '--format', 'json')
    expect([json.exitCode, JSON.parse(json.stdout)]).toEqual([
      2,
      expect.objectContaining({
        found: expect.arrayContaining([expect.objectContaining({ rule: 'MissingPod', inherited: false })]),
      }),
    ])
  })
})

describe('explain', () => {
  test('an array of nodes with every refusal, nothing else on standard output', () => {
    const { exitCode, stdout, stderr } = run(
      'explain',
      'ml/visual-search-train-jh8b2',
      '--snapshot',
      SNAPSHOT,
      '--format',
      'json',
    )
    expect([exitCode, stderr]).toEqual([0, ''])
    const answer = JSON.parse(stdout) as { node: string; fits: boolean; refusals: { rule: string; detail: string }[] }[]
    expect(answer).toHaveLength(36)
    for (const { fits, refusals } of answer) {
      expect(fits).toBe(false)
      expect(refusals.map(({ rule }) => rule)).toContain('NodeAffinity')
    }
  })

  test('a table for the plan of a report', () => {
    const { exitCode, stdout, stderr } = run(
      'explain',
      'edge/market-pl-94cm7qnf5x-72tff',
      '--snapshot',
      SNAPSHOT,
      '--report',
      REPORT,
    )
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^It fits on \d+ of \d+ nodes of the plan in reports\/sample\.$/m)
    expect(stdout).toMatch(/^NODE +FITS +CPU_FREE +MEMORY_FREE +SLOTS_FREE +RULE +DETAIL$/m)
  })
})

test.each([
  [['verify'], "missing required argument 'REPORT_DIR'"],
  [['verify', REPORT], 'this command needs --snapshot FILE'],
  [['verify', 'data', '--snapshot', SNAPSHOT], 'data: is no folder of a report: it has no plan-nodes.json'],
  [['verify', REPORT, '--snapshot', 'none.json'], 'none.json: no such file'],
  [
    ['explain', 'edge/market', '--snapshot', SNAPSHOT],
    'POD: got "edge/market", want a pod of the snapshot, such as edge/market-',
  ],
  [['explain', 'a/b', '--snapshot', SNAPSHOT, '--format', 'csv'], 'Allowed choices are table, json'],
])('%j: exit 2 and one line', (args, message) => {
  const { exitCode, stdout, stderr } = run(...args)
  expect({ exitCode, stdout, lines: stderr.split('\n').length }).toEqual({ exitCode: 2, stdout: '', lines: 2 })
  expect(stderr).toContain(message)
})
