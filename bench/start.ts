/**
 * From a cold start: `--version`, and the whole of `demo`, as ratios to a process that does nothing; and the memory of
 * reading a snapshot as a ratio to the size of its JSON. Run `npm run build` first.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = join(ROOT, 'dist', 'entry.js')
const SAMPLE = join(ROOT, 'data', 'sample-cluster.json.gz')
const RUNS = 5

type Figures = { readonly wallMs: number; readonly cpuMs: number; readonly peakMib: number }

/** The best of some runs: what else the machine does only ever adds. */
function best(args: readonly string[]): Figures {
  const all = Array.from({ length: RUNS }, () => measure(args))
  const least = (figure: keyof Figures): number => Math.min(...all.map((one) => one[figure]))
  return { wallMs: least('wallMs'), cpuMs: least('cpuMs'), peakMib: least('peakMib') }
}

/** The child tells what it used when it ends. */
const TELL =
  "data:text/javascript,process.on('exit',()=>{const u=process.resourceUsage();process.stderr.write('\\nUSED '+(u.userCPUTime%2Bu.systemCPUTime)+' '+u.maxRSS)})"

function measure(args: readonly string[]): Figures {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--import', TELL, ...args], { encoding: 'utf8' })
  const wallMs = performance.now() - start
  const [, cpu, rss] = /USED (\d+) (\d+)$/.exec(stderr) ?? []
  if (status !== 0 || cpu === undefined || rss === undefined) throw new Error(`${args.join(' ')} failed: ${stderr}`)
  return { wallMs, cpuMs: Number(cpu) / 1000, peakMib: Number(rss) / 1024 }
}

const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-bench-'))
const json = gunzipSync(readFileSync(SAMPLE)).length / 2 ** 20
const rows: readonly (readonly [what: string, figures: Figures])[] = [
  ['an empty process', best(['-e', ''])],
  ['--version', best([PROGRAM, '--version'])],
  ['demo', best([PROGRAM, 'demo', '--out', join(folder, 'report')])],
]
rmSync(folder, { recursive: true })

const baseline = rows[0]![1]
console.log(`best of ${RUNS} runs                wall         cpu        peak   wall ÷ empty   cpu ÷ empty`)
for (const [what, { wallMs, cpuMs, peakMib }] of rows)
  console.log(
    `${what.padEnd(20)} ${wallMs.toFixed(0).padStart(9)} ms ${cpuMs.toFixed(0).padStart(8)} ms ${peakMib.toFixed(0).padStart(7)} MiB ` +
      `${(wallMs / baseline.wallMs).toFixed(1).padStart(12)}× ${(cpuMs / baseline.cpuMs).toFixed(1).padStart(12)}×`,
  )
console.log(`the sample snapshot is ${json.toFixed(1)} MiB of JSON`)
