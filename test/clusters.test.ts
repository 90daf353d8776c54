import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disagreements } from './helpers/adding-up.js'
import { cleanEnvironment, ENTRY, ROOT, type Run } from './helpers/command.js'
import { podCounts, podsThatNeedAPlace, readObjects } from './helpers/kubectl-list.js'
import { incomplete, readReport } from './helpers/written-report.js'

const SHARED = join(ROOT, '..', 'shared', 'data', 'clusters')
const REAL = join(SHARED, 'real')
const absent = !existsSync(SHARED)

/** Metrics files hold no cluster; the index is about the files. */
const isCluster = (file: string): boolean => /\.json(\.gz)?$/.test(file) && !/-metrics\.|\/index\.json$/.test(file)

/** Large ones first: the last one alone would leave a core idle for minutes. */
const files = absent
  ? []
  : [SHARED, REAL]
      .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
      .filter(isCluster)
      .sort((a, b) => statSync(b).size - statSync(a).size || (a < b ? -1 : 1))

/** The largest by far: 1,523 nodes and 6,090 pods take most of a minute of CPU. */
const LARGE = 'openb-default.json.gz'
const leavesLargeOut = process.env['K8S_COST_TEST_LARGE'] === 'off'
const SLOW_MS = 900_000

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-clusters-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ])
  return { exitCode, stdout, stderr }
}

/** Two at a time: the runs take a core each. */
let free = 2
const waiting: (() => void)[] = []
async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (free > 0) free -= 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
}

/** One run per cluster, whoever asks first. */
const reports = new Map<string, ReturnType<typeof makeReport>>()
function reportOf(file: string) {
  const known = reports.get(file)
  if (known !== undefined) return known
  const report = makeReport(file)
  reports.set(file, report)
  return report
}

async function makeReport(file: string) {
  const out = join(mkdtempSync(join(folder, 'run-')), 'report')
  const done = await inTurn(() => run(['--snapshot', file, '--out', out, '--now', '2026-07-01T00:00:00Z']))
  expect({ ...done, stdout: '' }).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  return {
    ...readReport(out),
    stdout: done.stdout,
    firstSentence: readFileSync(join(out, 'report.md'), 'utf8').split('\n')[2],
  }
}

describe.skipIf(absent)(`clusters of ../shared/data/clusters${absent ? ' (skipped: ../shared is absent)' : ''}`, () => {
  test('there are as many as are known', () => expect(files.length).toBeGreaterThanOrEqual(12))

  for (const file of files) {
    const name = relative(SHARED, file)
    const leftOut = name === LARGE && leavesLargeOut
    const title = `${name}: a complete report that adds up${leftOut ? ' (skipped: K8S_COST_TEST_LARGE=off)' : ''}`
    test(title, { concurrent: true, skip: leftOut, timeout: SLOW_MS }, async () => {
      const report = await reportOf(file)
      const { rows, json, firstSentence, stdout } = report
      expect(incomplete(report)).toEqual([])
      expect(disagreements(report)).toEqual([])
      expect(stdout).toContain(firstSentence)

      const objects = readObjects(file)
      const nodes = objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name)
      expect(rows['nodes.csv'].map((row) => row['node'])).toEqual(nodes.sort())
      const counts = podCounts(objects)
      expect(Object.fromEntries(rows['nodes.csv'].map((row) => [row['node'], Number(row['pods_running'])]))).toEqual(
        Object.fromEntries(nodes.map((node) => [node, counts.get(node) ?? 0])),
      )
      const needy = podsThatNeedAPlace(objects)
      const placed = new Map(rows['placements.csv'].map((row) => [`${row['namespace']}/${row['pod']}`, row['node']]))
      expect([...placed.keys()].sort()).toEqual([...needy.keys()].sort())
      const evicted = [...needy].filter(([id, { nodeName }]) => nodeName !== '' && placed.get(id) === '')
      expect(evicted).toEqual([])

      // A kept node has the pods that the plan puts there, and those of today that come by themselves.
      for (const row of rows['plan-nodes.csv'].filter(({ action }) => action === 'keep')) {
        const here = row['node'] ?? ''
        const isHere = ({ nodeName }: { readonly nodeName: string }): boolean => nodeName === here
        const stays = (counts.get(here) ?? 0) - [...needy.values()].filter(isHere).length
        const comes = [...placed.values()].filter((node) => node === here).length
        expect(Number(row['pods_assigned']), here).toBe(stays + comes)
      }

      const unpriced = rows['nodes.csv'].filter((row) => row['hourly_usd'] === '')
      if (unpriced.length === 0) return
      // A report without all prices says so where it speaks of money, with the reason.
      const [reason] = json.pricing.unpriced
      expect(reason?.why).toBeTruthy()
      expect(report.texts.get('report.md')).toContain('| Unpriced nodes | Why')
      expect(firstSentence).toMatch(
        unpriced.length === nodes.length
          ? /none of them has a price \(.+\)/
          : new RegExp(`not counting ${unpriced.length} nodes? without a price`),
      )
    })
  }

  test.each(['gke-kubevious-91pods.json.gz', 'kind-1.36-edge-pods.json.gz'])(
    '%s is of another cloud: nothing is priced, nothing is recommended, and the report says why',
    async (name) => {
      const { rows, json, scenario, firstSentence } = await reportOf(join(REAL, name))
      expect(firstSentence).toContain('none of them has a price (not an AWS node)')
      expect(json.recommended.id).toBe('current')
      expect(rows['plan-nodes.csv'].map((row) => row['action'])).toEqual(rows['nodes.csv'].map(() => 'keep'))
      expect(scenario('repack')['notes']).toBe('no node has a price: not an AWS node')
      const money = ['hourly_usd', 'monthly_usd', 'savings_pct', 'lower_bound_hourly_usd', 'realised_hourly_usd']
      expect(money.map((column) => scenario('current')[column])).toEqual(money.map(() => ''))
      expect(rows['workloads.csv'].filter((row) => row['monthly_usd'] !== '')).toEqual([])
    },
    SLOW_MS,
  )

  test('nodes without any pod are no reason to remove them', { timeout: SLOW_MS }, async () => {
    const { json, firstSentence } = await reportOf(join(REAL, 'eks-2019-3nodes.json'))
    expect(firstSentence).toMatch(/for \$243 a month.* The input holds no pods: .*nothing is recommended\.$/)
    expect(json.recommended.id).toBe('current')
  })
})
