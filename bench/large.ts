/**
 * Time and memory of a whole run on a large cluster, as ratios to what no run can do without: unpacking its file and
 * parsing every object of it, each dropped at once. A cluster of 5,000 nodes and 150,000 pods comes from the generator in
 * ../shared, or from a file that was made with it before; without either, the package's own sample is repeated.
 * Run `npm run build` first.
 *
 *   tsx bench/large.ts [FILE]     or tsx bench/large.ts --copies N     of the sample; default 4 where ../shared is absent
 */
import { spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip, createGzip, gunzipSync } from 'node:zlib'
import { JsonDocuments } from '../src/collect/json-documents.js'

const THIS = fileURLToPath(import.meta.url)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = join(ROOT, 'dist', 'entry.js')
const SAMPLE = join(ROOT, 'data', 'sample-cluster.json.gz')
const GENERATOR = join(ROOT, '..', 'shared', 'tools', 'make-cluster.mjs')
const COPIES = 4
/** What a run may take at most, of any cluster up to 5,000 nodes and 150,000 pods. */
const LIMIT_MIB = 2048

type Figures = { readonly cpuSeconds: number; readonly peakMib: number; readonly objects: number | undefined }

/** The child tells what it used when it ends. */
const TELL =
  "data:text/javascript,process.on('exit',()=>{const u=process.resourceUsage();process.stderr.write('\\nUSED '+(u.userCPUTime%2Bu.systemCPUTime)+' '+u.maxRSS)})"

function measure(args: readonly string[]): Figures {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', TELL, ...args], { encoding: 'utf8' })
  const [, cpu, rss] = /USED (\d+) (\d+)$/.exec(stderr) ?? []
  if (status !== 0 || cpu === undefined || rss === undefined) throw new Error(`${args.join(' ')} failed: ${stderr}`)
  const [, objects] = /^(\d+) objects$/m.exec(stdout) ?? []
  return {
    cpuSeconds: Number(cpu) / 1e6,
    peakMib: Number(rss) / 1024,
    objects: objects === undefined ? undefined : Number(objects),
  }
}

/** The baseline: every object of the file made, and none kept. */
async function parseAll(file: string): Promise<void> {
  let objects = 0
  const parser = new JsonDocuments({ item: () => void (objects += 1), document: () => undefined })
  for await (const chunk of createReadStream(file).pipe(createGunzip())) parser.write(chunk as Buffer)
  parser.end()
  console.log(`${objects} objects`)
}

/** Fields by which objects of a cluster name one another, and those of which each has one of its own. */
const NAMES = new Set([
  'name',
  'namespace',
  'nodeName',
  'claimName',
  'volumeName',
  'uid',
  'providerID',
  'volumeHandle',
  'kubernetes.io/hostname',
])

/** The object as it stands in another copy of the cluster: what it is called, and what it speaks of, is that copy's. */
function copyOf(value: unknown, copy: number): unknown {
  if (Array.isArray(value)) return value.map((each) => copyOf(each, copy))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      NAMES.has(key) && typeof each === 'string' && each !== '' ? `${each}-${copy}` : copyOf(each, copy),
    ]),
  )
}

async function writeCopies(file: string, copies: number): Promise<void> {
  const { items } = JSON.parse(gunzipSync(readFileSync(SAMPLE)).toString()) as { readonly items: readonly unknown[] }
  function* texts(): Generator<string> {
    yield '{"apiVersion":"v1","kind":"List","items":['
    for (let copy = 0; copy < copies; copy += 1)
      for (const [at, item] of items.entries())
        yield `${copy + at === 0 ? '' : ',\n'}${JSON.stringify(copy === 0 ? item : copyOf(item, copy))}`
    yield ']}\n'
  }
  await pipeline(Readable.from(texts()), createGzip(), createWriteStream(file))
}

async function clusterFile(folder: string, [first, second]: readonly string[]): Promise<string> {
  if (first !== undefined && first !== '--copies') return first
  const file = join(folder, 'large.json.gz')
  if (first === undefined && existsSync(GENERATOR)) {
    const { status, stderr } = spawnSync(process.execPath, [GENERATOR, '--mode', 'large', '--out', file])
    if (status !== 0) throw new Error(`the generator failed: ${String(stderr)}`)
  } else {
    const copies = Number(second ?? COPIES)
    if (first === undefined) console.log(`skipped: ../shared is absent; ${copies} copies of the sample stand in`)
    await writeCopies(file, copies)
  }
  return file
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === 'parse') return parseAll(args[1] ?? '')
  const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-bench-'))
  try {
    const file = await clusterFile(folder, args)
    const baseline = measure([...process.execArgv, THIS, 'parse', file])
    const run = measure([PROGRAM, '--snapshot', file, '--out', join(folder, 'report'), '--now', '2026-07-01T00:00:00Z'])
    const ratio = (figure: 'cpuSeconds' | 'peakMib'): string => (run[figure] / baseline[figure]).toFixed(1)
    console.log(
      `large: ${baseline.objects} objects; parsed alone ${baseline.cpuSeconds.toFixed(1)} s and ${baseline.peakMib.toFixed(0)} MiB, ` +
        `the whole run ${run.cpuSeconds.toFixed(1)} s of processor time (${ratio('cpuSeconds')}×) ` +
        `and ${run.peakMib.toFixed(0)} MiB (${ratio('peakMib')}×, limit ${LIMIT_MIB} MiB)`,
    )
    if (run.peakMib > LIMIT_MIB) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === THIS) await main(process.argv.slice(2))
