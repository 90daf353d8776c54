/**
 * Plans packing problems: `npm run bench:pack -- [DIR…] [--out FILE] [--plans DIR]`. Prints a table beside the baselines,
 * and exits with 1 where a plan or a bound is wrong. Without folders: those of `../shared/data/packing`, a large cluster
 * of its own, how the time grows, and what plans for whole clusters cost once they are rebuilt (`clusters [FILE…]`: only
 * these).
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from './arguments.js'
import { printClusters } from './cluster/run-clusters.js'
import { LARGE } from './generate.js'
import { growthSpecs, growthTable } from './growth.js'
import { inChild } from './in-child.js'
import type { Measured, Task } from './measure.js'
import { problemFiles } from './read-problem.js'
import { LEGEND, PLANS, refillTable, summary } from './report.js'
import { heading, line } from './table.js'

const DEFAULT = fileURLToPath(new URL('../../../shared/data/packing', import.meta.url))

const fileTask = (path: string): Task => ({ source: { kind: 'file', path }, compare: true })

function defaultTasks(): Task[] {
  const source = { kind: 'made', spec: LARGE } as const
  const large: Task[] = [
    { source, compare: false, effort: 'first' },
    { source, compare: false, effort: 'brief' },
    { source, compare: true },
  ]
  if (existsSync(DEFAULT)) return [...problemFiles(DEFAULT).map(fileTask), ...large]
  console.log('../shared/data/packing is absent: only problems of our own. Name a folder with problems to plan them.')
  return large
}

const titleOf = ({ source }: Task): string => (source.kind === 'file' ? source.path : source.spec.name)

async function runTasks(tasks: readonly Task[], done: (measured: Measured) => void): Promise<boolean> {
  let sound = true
  for (const task of tasks) {
    const answer = await inChild(task)
    if (answer.kind === 'failed') {
      const title = titleOf(task)
      console.log(`FAILED ${answer.why.startsWith(title) ? answer.why : `${title}: ${answer.why}`}`)
      sound = false
      continue
    }
    const { problem, misfits, wrong } = answer.measured
    done(answer.measured)
    if (misfits > 0)
      console.log(`NOTE ${problem}: ${misfits} items fit no type of bin; plan and bound are for the others`)
    for (const fault of wrong) console.log(`WRONG ${problem}: ${fault}`)
    if (wrong.length > 0) sound = false
  }
  return sound
}

function writePlan(folder: string, { problem, cost, bins }: Measured): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${problem.replace(/[^\w.-]/g, '_')}.json`), `${JSON.stringify({ cost, bins })}\n`)
}

/** After every problem: what was measured is there even when the run is cut off. */
const writeResults = (file: string, rows: readonly Measured[]): void =>
  writeFileSync(
    file,
    `${JSON.stringify(
      rows.map(({ problem, cost, lowerBound, gap, nodes, seconds, peakRssMiB }) => {
        return { problem, cost, lowerBound, gap, nodes, seconds, peakRssMiB }
      }),
      undefined,
      1,
    )}\n`,
  )

async function printGrowth(): Promise<boolean> {
  const specs = new Map(growthSpecs().map(({ spec }) => [spec.name, spec]))
  const measured = new Map<string, Measured>()
  const tasks = [...specs.values()].map((spec): Task => ({ source: { kind: 'made', spec }, compare: false }))
  const sound = await runTasks(tasks, (row) => measured.set(row.problem, row))
  console.log(growthTable(measured).join('\n'))
  return sound
}

async function run(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'clusters') return (await printClusters(argv.slice(1))) ? 0 : 1
  const asked = readArguments(argv)
  const missing = typeof asked === 'string' ? undefined : asked.places.find((place) => !existsSync(place))
  if (typeof asked === 'string' || missing !== undefined) {
    console.error(typeof asked === 'string' ? asked : `There is no ${missing}`)
    return 2
  }
  const own = asked.places.length === 0
  const tasks = own ? defaultTasks() : asked.places.flatMap(problemFiles).map(fileTask)
  if (tasks.length === 0) console.log(`There are no problems in ${asked.places.join(', ')}`)
  console.log(`${LEGEND}\n\n${heading(PLANS)}`)
  const rows: Measured[] = []
  let sound = await runTasks(tasks, (row) => {
    rows.push(row)
    console.log(line(PLANS, row))
    if (asked.out !== undefined) writeResults(asked.out, rows)
    if (asked.plans !== undefined) writePlan(asked.plans, row)
  })
  if (asked.out !== undefined) writeResults(asked.out, rows)
  console.log([...refillTable(rows), ...summary(rows)].join('\n'))
  if (own) sound = (await printGrowth()) && sound
  if (own) sound = (await printClusters([])) && sound
  return sound && tasks.length > 0 ? 0 : 1
}

process.exitCode = await run(process.argv.slice(2))
