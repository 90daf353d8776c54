/**
 * `npm run test:live`: the built command against the API server that KUBECONFIG names and the AWS that AWS_ENDPOINT_URL
 * names. Prints a line for each check, says what it skipped and why; exits with 1 where one failed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { AwsRead, AwsSnapshot } from '../../src/domain/aws-snapshot.js'
import { parseRows } from '../report/parse-csv.js'
import { bucketsAt, instancesAt, listPriceAt, objectsAt, spotPriceAt, subnetsAt } from './endpoint.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NOW = '2026-07-01T00:00:00Z'
const { KUBECONFIG: kubeconfig = '', AWS_ENDPOINT_URL: endpoint = '' } = process.env
const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-live-'))
const counts = { ok: 0, FAILED: 0, skipped: 0 }

function say(outcome: keyof typeof counts, check: string, detail: string): void {
  counts[outcome] += 1
  console.log(`${outcome.padEnd(8)}${check}${detail === '' ? '' : `: ${detail}`}`)
}

/** A check that throws has failed; what it returns is the detail of its line. */
async function check(name: string, work: () => Promise<string> | string): Promise<void> {
  try {
    say('ok', name, await work())
  } catch (error) {
    say('FAILED', name, (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' | '))
  }
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

type Run = { readonly stdout: string; readonly stderr: string }

function command(args: readonly string[], env: NodeJS.ProcessEnv = {}, exitCode = 0): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'dist', 'entry.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, K8S_COST_CACHE: 'off', ...env },
    maxBuffer: 1 << 28,
  })
  must(status === exitCode, `k8s-cost ${args.join(' ')} ended with ${status}: ${stderr.trim() || stdout.trim()}`)
  return { stdout, stderr }
}

type Item = {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec?: { providerID?: string }
}

const collected = (file: string): readonly Item[] =>
  (JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString('utf8')) as { readonly items: Item[] }).items
const awsOf = (items: readonly Item[]): AwsSnapshot | undefined =>
  items.find(({ kind }) => kind === 'AwsSnapshot') as unknown as AwsSnapshot | undefined
/** Without AWS's part, whose times differ, and the collection's own notes. */
const clusterOf = (items: readonly Item[]): string =>
  JSON.stringify(items.filter(({ kind }) => !/^(AwsSnapshot|CollectNotes)$/.test(kind)))
const textsOf = (name: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(folder, name))
      .sort()
      .map((file) => [file, readFileSync(join(folder, name, file), 'utf8')]),
  )

const isRead = (part: unknown): part is AwsRead<unknown> =>
  typeof part === 'object' && part !== null && typeof (part as { readonly kind?: unknown }).kind === 'string'

const sources = (aws: AwsSnapshot): readonly (readonly [source: string, read: AwsRead<unknown>])[] =>
  Object.entries(aws).flatMap(([source, part]: [string, unknown]) => (isRead(part) ? [[source, part] as const] : []))

const pricing = endpoint === '' ? ['--pricing', 'embedded'] : []

async function cluster(): Promise<AwsSnapshot | undefined> {
  let aws: AwsSnapshot | undefined
  await check('doctor', () => {
    const { stdout } = command(['doctor'])
    const [works, denied, fails] = [/ works/, / denied/, / fails/].map(
      (word) => stdout.split('\n').filter((line) => word.test(line)).length,
    )
    return `${works} sources work, ${denied} are denied, ${fails} fail`
  })
  await check('collect', () => {
    command(['collect', '--out', 'a.json.gz', ...pricing])
    const items = collected('a.json.gz')
    const nodes = items.filter(({ kind }) => kind === 'Node').length
    must(nodes > 0, 'the file holds no node')
    aws = awsOf(items)
    const kinds = new Set(items.map(({ kind }) => kind))
    return `${nodes} nodes, ${items.filter(({ kind }) => kind === 'Pod').length} pods, ${items.length} objects of ${kinds.size} kinds`
  })
  await check('a report of the live cluster', () => {
    command(['--out', 'live', '--now', NOW, ...pricing])
    return Object.keys(textsOf('live')).join(' ')
  })
  await check('the file of collect gives the same report, byte for byte', () => {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      command(['collect', '--out', 'a.json.gz', ...pricing])
      command(['--out', 'live', '--now', NOW, ...pricing])
      command(['collect', '--out', 'b.json.gz', ...pricing])
      if (clusterOf(collected('a.json.gz')) !== clusterOf(collected('b.json.gz'))) continue
      command(['--snapshot', 'b.json.gz', '--out', 'file', '--now', NOW, ...pricing])
      const [live, file] = [textsOf('live'), textsOf('file')]
      const differing = Object.keys({ ...live, ...file }).filter((name) => live[name] !== file[name])
      must(differing.length === 0, `${differing.join(', ')} differ; see ${folder}`)
      return `${Object.keys(file).length} files`
    }
    throw new Error('the cluster changed during each of three attempts: try where nothing is being deployed')
  })
  await check('every placement of the report holds', () => {
    const { stdout } = command(['verify', 'file', '--snapshot', 'b.json.gz'])
    return stdout.trim().split('\n').at(-1) ?? ''
  })
  return aws
}

async function account(aws: AwsSnapshot): Promise<void> {
  const { region } = aws
  const nodes = parseRows(readFileSync(join(folder, 'live', 'nodes.csv'), 'utf8'))
  for (const [source, read] of sources(aws)) {
    if (read.kind === 'read')
      say('ok', `AWS ${source}`, read.incomplete === undefined ? '' : `not whole: ${read.incomplete}`)
    else if (read.kind === 'denied') say('skipped', `AWS ${source}`, `denied, for want of ${read.permission}`)
    else say('skipped', `AWS ${source}`, read.why)
  }
  const { instances, subnets, spotPrices, onDemand } = aws
  if (instances.kind === 'read')
    await check('instances are what the endpoint has', async () => {
      const there = await instancesAt(region)
      const asked = new Set(nodes.map((node) => node['instance_id'] ?? '').filter((id) => id !== ''))
      for (const { id, type, zone, lifecycle } of instances.value) {
        const seen = there.get(id)
        must(asked.has(id), `${id} is no node's`)
        must(
          seen?.type === type && seen.zone === zone && seen.lifecycle === lifecycle,
          `${id}: ${type} in ${zone} ${lifecycle ?? ''}, the endpoint says ${JSON.stringify(seen)}`,
        )
        const row = nodes.find((node) => node['instance_id'] === id)
        if (lifecycle === 'spot') must(row?.['capacity_type'] === 'spot', `${id} is not shown as spot`)
      }
      const missing = [...asked].filter((id) => there.has(id) && !instances.value.some((one) => one.id === id))
      must(missing.length === 0, `${missing.join(', ')} were not read`)
      return `${instances.value.length} of ${asked.size}, ${instances.value.filter(({ lifecycle }) => lifecycle === 'spot').length} spot`
    })
  if (subnets.kind === 'read')
    await check('free addresses are what the endpoint has', async () => {
      const there = await subnetsAt(region)
      for (const { id, freeIpv4 } of subnets.value)
        must(there.get(id) === freeIpv4, `${id}: ${freeIpv4}, the endpoint says ${there.get(id)}`)
      return `${subnets.value.length} subnets`
    })
  if (spotPrices.kind === 'read')
    await check('spot prices are what the endpoint has, in the answer and in nodes.csv', async () => {
      const spot = nodes.filter((node) => node['capacity_type'] === 'spot')
      for (const { node, instance_type: type = '', zone = '', instance_hourly_usd: shown } of spot) {
        const there = await spotPriceAt(region, type, zone)
        const read = spotPrices.value.zones.find((one) => one.zone === zone)?.prices[type]?.rate
        must(
          Math.round(Number(there) * 1e6) === read,
          `${type} in ${zone}: ${read} micro-dollars, the endpoint says ${there}`,
        )
        must(Number(shown) === Number(there), `${node}: ${shown}, the endpoint says ${there}`)
      }
      return spot.length === 0 ? 'no node is spot: nothing was compared' : `${spot.length} spot nodes`
    })
  if (onDemand.kind === 'read')
    await check('on-demand prices are what the endpoint has', async () => {
      let compared = 0
      for (const { node, instance_type: type = '', instance_hourly_usd: shown, price_source: source = '' } of nodes) {
        const [, rest] = /^on-demand list [0-9-]+(.*)$/.exec(source) ?? []
        if (rest === undefined || rest.includes('tenancy')) continue
        const there = await listPriceAt(region, type, rest.includes('Windows') ? 'Windows' : 'Linux')
        if (there === undefined) continue
        compared += 1
        must(Number(shown) === Number(there), `${node}, ${type}: ${shown}, the endpoint says ${there}`)
      }
      return compared === 0 ? 'the endpoint lists none of the types: nothing was compared' : `${compared} nodes`
    })
  else
    say(
      'skipped',
      'on-demand prices are what the endpoint has',
      `the endpoint gave none (${'why' in onDemand ? onDemand.why : 'denied'})`,
    )
}

async function store(): Promise<void> {
  const name = 'upload to S3'
  const wanted = process.env['K8S_COST_LIVE_BUCKET'] ?? ''
  if (wanted === '') return say('skipped', name, 'K8S_COST_LIVE_BUCKET names no bucket to write to')
  const buckets = await bucketsAt().catch((error: unknown) => error as Error)
  if (buckets instanceof Error) return say('skipped', name, `${endpoint} has no S3 (${buckets.message.split('\n')[0]})`)
  const prefix = `live-${process.pid}/`
  const demo = (...args: string[]): Run => command(['demo', '--now', NOW, ...args])
  await check(name, async () => {
    demo('--out', 'demo')
    demo('--out', `s3://${wanted}/${prefix}`)
    const first = await objectsAt(wanted, prefix)
    const pointer = JSON.parse(first.get(`${prefix}latest.json`)?.text ?? '') as { folder: string; files: string[] }
    for (const [file, text] of Object.entries(textsOf('demo')))
      must(first.get(pointer.folder + file)?.text === text, `${file} is not there as it is on disk`)
    must(first.get(`${pointer.folder}report.md`)?.type === 'text/markdown; charset=utf-8', 'report.md has another type')
    return `${pointer.files.length} files in ${pointer.folder}, named by latest.json`
  })
  await check(`${name}, a second time`, async () => {
    const before = await objectsAt(wanted, prefix)
    demo('--out', `s3://${wanted}/${prefix}`)
    const after = await objectsAt(wanted, prefix)
    const changed = [...before].filter(([key, { text }]) => after.get(key)?.text !== text).map(([key]) => key)
    must(
      changed.every((key) => key.endsWith('latest.json')),
      `${changed.join(', ')} were written over`,
    )
    const { folder: named } = JSON.parse(after.get(`${prefix}latest.json`)?.text ?? '') as { readonly folder: string }
    must(named.endsWith('-2/'), `latest.json names ${named}`)
    return `beside the first, in ${named}`
  })
  await check(`${name}, where there is no bucket`, () => {
    const { stderr } = command(['demo', '--now', NOW, '--out', `s3://${wanted}-absent/x/`], {}, 3)
    must(stderr.trim().split('\n').length === 1, stderr)
    return stderr.trim()
  })
}

try {
  const aws = kubeconfig === '' ? undefined : await cluster()
  if (kubeconfig === '') say('skipped', 'everything about a live cluster', 'KUBECONFIG names none')
  if (endpoint === '') say('skipped', 'everything about AWS', 'AWS_ENDPOINT_URL names none')
  else {
    if (aws !== undefined) await account(aws)
    else if (kubeconfig === '') say('skipped', 'instances and prices', 'they are asked for the nodes of a live cluster')
    else say('FAILED', 'AWS', `${endpoint} answered nothing: are there credentials, and AWS_REGION?`)
    await store()
  }
} finally {
  if (counts.FAILED === 0) rmSync(folder, { recursive: true })
}
console.log(`${counts.ok} ok, ${counts.FAILED} failed, ${counts.skipped} skipped`)
process.exitCode = counts.FAILED === 0 ? 0 : 1
