/**
 * `tsx tools/kubernetes-peers.ts [live|schedule] [SNAPSHOT…]`: starts a real kube-apiserver with etcd on loopback and
 * checks the built command against it, then plans against the real kube-scheduler. Without snapshots the sample cluster
 * of the package is taken, and the small one of ../shared where that is there. Prints a line for each check; exits with
 * 1 where one failed. Where the real scheduler, left to itself, does worse than the imitation that the report's figures
 * are of, the line says that it differs.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { ROOT } from '../test/helpers/command.js'
import { parseRows } from '../test/report/parse-csv.js'
import { findKubernetes } from './kubernetes-binary.js'
import { checkBusy, checkLive, must, reportOf, type Check } from './kubernetes-live.js'
import type { Item, Refused } from './kubernetes-objects.js'
import { Rehearsal, type Outcome, type Placed, type PriorityClass } from './kubernetes-scheduling.js'
import { startKubernetes, type Kubernetes } from './kubernetes-server.js'

const SAMPLE = fileURLToPath(new URL('../data/sample-cluster.json.gz', import.meta.url))
const SMALL = fileURLToPath(new URL('../../shared/data/clusters/small.json.gz', import.meta.url))
/** Of orders that the plans were not made with. */
const SEEDS = [101, 102, 103]
/** Scores that are switched off where the real scheduler leaves more over than its imitation: to see which decides. */
const SUSPECTS = ['PodTopologySpread', 'InterPodAffinity', 'NodeAffinity', 'TaintToleration', 'ImageLocality']

/** Newer servers keep in memory the versions of lists that they gave pages of; for older ones etcd's are the only ones. */
const forgetful = (version: string): readonly string[] =>
  Number(version.split('.')[1]) < 33 ? [] : ['--feature-gates=ListFromCacheSnapshot=false']

export const defaultFiles = (): readonly string[] => [SAMPLE, ...(existsSync(SMALL) ? [SMALL] : [])]

const objectsOf = (file: string): readonly Item[] =>
  (JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as { readonly items: readonly Item[] }).items

/** How many, and the first few. */
const some = (refused: readonly Refused[]): string =>
  refused.length === 0
    ? 'none'
    : `${refused.length} (${refused
        .slice(0, 3)
        .map(({ what, why }) => `${what}: ${why}`)
        .join('; ')})`

/** No fault: the report's figure is that of an imitation, and says so. */
class Differs extends Error {}

export async function kubernetesChecks(modes: readonly string[], files: readonly string[]): Promise<boolean> {
  const counts = { ok: 0, FAILED: 0, differs: 0 }
  const check: Check = async (name, work) => {
    const say = (outcome: keyof typeof counts, detail: string): void => {
      counts[outcome] += 1
      console.log(`${outcome.padEnd(8)}${name}: ${detail.replaceAll('\n', ' | ')}`)
    }
    try {
      say('ok', await work())
    } catch (error) {
      say(error instanceof Differs ? 'differs' : 'FAILED', error instanceof Error ? error.message : String(error))
    }
  }
  if (spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' }).status !== 0) return false
  const found = await findKubernetes(console.log)
  if (found.kind === 'missing') {
    console.log(`skipped: everything about a real API server and scheduler: ${found.why}`)
    return true
  }
  const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-kubernetes-'))
  const within = async (
    name: string,
    flags: readonly string[],
    work: (server: Kubernetes) => Promise<void>,
  ): Promise<void> => {
    const server = await startKubernetes(found.program, join(folder, name), flags)
    try {
      await work(server)
    } finally {
      await server.close()
    }
  }
  console.log(`Kubernetes ${found.version}: kube-apiserver, etcd, kube-scheduler and the DaemonSet controller`)
  if (modes.includes('live')) {
    const objects = objectsOf(SAMPLE)
    await within('live', forgetful(found.version), (server) => checkLive(server, SAMPLE, objects, check))
    await within('busy', ['--max-requests-inflight=1'], (server) => checkBusy(server, SAMPLE, objects, check))
  }
  if (modes.includes('schedule'))
    for (const file of files) {
      const name = basename(file).replace(/\..*$/, '')
      await within(name, [], (server) => checkPlan(server, file, name, check))
    }
  console.log(`${counts.ok} ok, ${counts.FAILED} failed, ${counts.differs} differ`)
  if (counts.FAILED === 0) rmSync(folder, { recursive: true })
  else console.log(`logs are in ${folder}`)
  return counts.FAILED === 0
}

const figures = ({ pods, bound, stayed, seconds }: Outcome): string =>
  `${bound} of ${pods} pods bound${stayed === 0 ? '' : `, ${stayed} stay where they are`}, ${Math.round(seconds)} s`
const leftOver = ({ pending, evicted }: Outcome): number => pending.length + evicted.length
const said = (outcome: Outcome): string =>
  `${figures(outcome)}; left over: ${some(outcome.pending)}${outcome.evicted.length === 0 ? '' : `; evicted: ${outcome.evicted.join(' ')}`}`

async function checkPlan(server: Kubernetes, file: string, name: string, check: Check): Promise<void> {
  const report = await reportOf(server.folder, file)
  const text = (table: string): string => readFileSync(join(report, table), 'utf8')
  const placements = parseRows(text('placements.csv')) as unknown as readonly Placed[]
  const nodes = (JSON.parse(text('plan-nodes.json')) as { readonly items: readonly Item[] }).items
  const { recommended } = JSON.parse(text('report.json')) as {
    readonly recommended: { readonly needs: { readonly priorityClasses: readonly PriorityClass[] } | null }
  }
  const classes = recommended.needs?.priorityClasses ?? []
  const rehearsal = new Rehearsal(server, { objects: objectsOf(file), nodes, placements, classes })
  await check(`${name}: nodes of the plan, workloads and DaemonSets`, async () => {
    const outcome = await rehearsal.prepare()
    const [first] = rehearsal.refused
    must(
      first === undefined,
      `${rehearsal.refused.length} objects are refused, the first: ${first?.what}: ${first?.why}`,
    )
    return `${nodes.length} nodes; ${figures(outcome)}; pending: ${some(outcome.pending)}`
  })
  await check(`${name}: a pod that fits nowhere is left pending`, () => rehearsal.hopeless())
  await check(
    `${name}: kube-scheduler takes every pod on its planned node, in the order of placements.csv`,
    async () => {
      const outcome = await rehearsal.pinned()
      const { refusedAtFirst, elsewhere, evicted } = outcome
      must(
        leftOver(outcome) + refusedAtFirst.length + elsewhere.length === 0,
        `${said(outcome)}; refused at first: ${some(refusedAtFirst)}; elsewhere: ${some(elsewhere)}; evicted: ${evicted.join(' ')}`,
      )
      return figures(outcome)
    },
  )
  const scenario = parseRows(text('scenarios.csv')).find((row) => row['scenario'] === 'recommended')
  const promised = Number(scenario?.['refill_unplaced_pods'])
  let worst: number | undefined
  for (const seed of SEEDS)
    await check(`${name}: refilled by kube-scheduler, order ${seed}`, async () => {
      const outcome = await rehearsal.free(seed)
      if (leftOver(outcome) <= promised) return said(outcome)
      worst ??= seed
      throw new Differs(`${said(outcome)}; the report, of its imitation: ${promised}`)
    })
  if (worst === undefined) return
  for (const without of [SUSPECTS, ...SUSPECTS.map((name) => [name])]) {
    await rehearsal.score(without)
    console.log(`        order ${worst} without ${without.join(', ')}: ${said(await rehearsal.free(worst))}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , ...args] = process.argv
  const modes = args.filter((arg) => /^(live|schedule)$/.test(arg))
  const files = args.filter((arg) => !/^(live|schedule)$/.test(arg))
  const given = files.length > 0 ? files.map((file) => resolve(file)) : defaultFiles()
  process.exitCode = (await kubernetesChecks(modes.length > 0 ? modes : ['live', 'schedule'], given)) ? 0 : 1
}
