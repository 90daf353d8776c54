import { asksAws, readAws, refuseNothing, withAws, type Basis } from './aws.js'
import { readCatalog } from './collect/catalog-file.js'
import { readSnapshot } from './collect/snapshot-file.js'
import { checkCondition, type ConditionResult, type Measures } from './condition.js'
import type { PriceCatalog } from './domain/catalog.js'
import type { Analysis, Scenario } from './domain/recommendation.js'
import type { Snapshot } from './domain/snapshot.js'
import { HOURS_PER_MONTH } from './domain/units.js'
import { FailureError } from './failure.js'
import { readLive } from './live.js'
import { matchesAny, type AnalyzeOptions } from './options.js'
import { packageData } from './package.js'
import { loadLp } from './pack/columns/lp.js'
import { analyse, type OnStage } from './pipeline.js'
import type { Settings } from './problem.js'
import type { Logger, Progress } from './progress.js'
import { reportOf } from './report/files.js'
import { EMBEDDED_CATALOG } from './tables.js'

export type AnalyzeResult = {
  /** Path inside the folder of the report → text. */
  readonly files: ReadonlyMap<string, string>
  /** Of the cluster and of the report, which say where a report goes that nobody named a folder for. */
  readonly cluster: string
  readonly generatedAt: string
  /** One sentence for standard output. */
  readonly summary: string
  /** The `--fail-on` conditions that hold. */
  readonly failed: readonly ConditionResult[]
}

const STAGES = { model: 'modelling the cluster', pack: 'packing', report: 'writing up' } as const
const MEBIBYTES_PER_KIBIBYTE = 1 / 1024

/** Reads what is to be read, runs the pipe, and gives the texts to publish. */
export async function analyze(
  options: AnalyzeOptions,
  { progress, log }: { readonly progress: Progress; readonly log: Logger },
): Promise<AnalyzeResult> {
  const clock = stopwatch()
  // It takes a while, most of it beside this thread: by the time that it is needed it is there.
  const loading = loadLp()
  const listed = await readCatalog(
    options.pricing.kind === 'file' ? options.pricing.file : packageData(EMBEDDED_CATALOG),
  )
  const observed = await observe(options, { progress, log })
  const basis = withAws(observed, listed, options)
  const { snapshot, catalog } = basis
  log.info('snapshot read', { nodes: snapshot.nodes.length, pods: snapshot.pods.length })
  clock.lap('collect')

  const settings = settingsOf(options, basis, listed.regions)
  const onStage: OnStage = (stage) => {
    progress.show(STAGES[stage])
    log.debug(STAGES[stage])
    if (stage === 'pack') clock.lap('model')
    if (stage === 'report') clock.lap('pack')
  }
  const analysis = analyse(snapshot, catalog, settings, onStage, await loading)
  clock.lap('report')
  for (const { code, subject, detail } of analysis.findings) log.debug(detail, { code, subject })

  const timed = options.now === undefined ? { ...analysis, timings: clock.timings() } : analysis
  const { files, headline } = reportOf(timed, options.formats)
  const measures = measuresOf(analysis)
  const checks = options.failOn.map((condition) => checkCondition(condition, measures))
  for (const { condition, holds, value } of checks)
    if (holds === undefined) log.warn(`--fail-on ${condition.text} was not judged and cannot fail this run: ${value}`)
  return {
    files,
    cluster: analysis.cluster.name,
    generatedAt: settings.now,
    summary: headline,
    failed: checks.filter(({ holds }) => holds === true),
  }
}

/** The cluster, live or out of files, with the answers of AWS where they are there or asked for. */
async function observe(
  options: AnalyzeOptions,
  reporting: { readonly progress: Progress; readonly log: Logger },
): Promise<Snapshot> {
  const { snapshots, cluster, pricing } = options
  if (snapshots.length === 0)
    return readLive(
      cluster,
      reporting,
      asksAws(options) ? (nodes, signal) => readAws(nodes, options, reporting, signal) : undefined,
    )
  const read = await readSnapshot(snapshots, (objects) => reporting.progress.show(`read ${objects} objects`))
  // A file without them is priced from the package; asking AWS about it is the user's word.
  if (pricing.kind !== 'aws') return read
  if (read.aws !== undefined) {
    await refuseNothing(read.aws)
    return read
  }
  const aws = await readAws(read.nodes, options, reporting)
  return aws === undefined ? read : { ...read, aws }
}

function settingsOf(options: AnalyzeOptions, basis: Basis, listed: PriceCatalog['regions']): Settings {
  const { instanceTypes, excludeInstanceTypes, arch } = options
  const { catalog } = basis
  const { region } = options
  // A region that only AWS could know exists where AWS has prices for it.
  const exists = (name: string): boolean =>
    listed.has(name) || (catalog.regions.get(name)?.onDemand?.rates.size ?? 0) > 0
  if (region !== undefined && !exists(region))
    throw new FailureError({
      kind: 'bad-option',
      name: '--region',
      got: region,
      want: `a region of the price catalog: ${[...listed.keys()].sort().join(', ')}`,
    })
  const known = [...catalog.types.keys()]
  for (const [name, patterns] of [
    ['--instance-types', instanceTypes],
    ['--exclude-instance-types', excludeInstanceTypes],
  ] as const) {
    const stray = patterns.find((pattern) => !known.some((type) => matchesAny([pattern], type)))
    if (stray !== undefined)
      throw new FailureError({
        kind: 'bad-option',
        name,
        got: stray,
        want: 'patterns that some instance type of the price catalog matches',
      })
  }
  const wantedType = (name: string): boolean =>
    (instanceTypes.length === 0 || matchesAny(instanceTypes, name)) && !matchesAny(excludeInstanceTypes, name)
  if (instanceTypes.length > 0 && !known.some(wantedType))
    throw new FailureError({
      kind: 'bad-option',
      name: '--exclude-instance-types',
      got: excludeInstanceTypes.join(','),
      want: `patterns that leave a type of --instance-types (${instanceTypes.join(',')})`,
    })
  return {
    now: options.now ?? new Date().toISOString(),
    region: basis.region,
    clusterName: undefined,
    priceSource: basis.priceSource,
    wantedType,
    architectures: arch === undefined ? undefined : arch === 'any' ? ['amd64', 'arm64'] : [arch],
    cni: options.cni === 'auto' ? undefined : options.cni,
    maxSpot: options.maxSpot,
    spotWords: options.spotWords,
    ...options.rails,
    freeAddresses: basis.freeAddresses,
  }
}

function measuresOf({ scenarios, bill }: Analysis): Measures {
  const outcomeOf = (id: Scenario['id']) => {
    const outcome = scenarios.find((scenario) => scenario.id === id)?.outcome
    return outcome?.kind === 'planned' ? outcome : undefined
  }
  const recommended = outcomeOf('recommended')
  const priced = [...bill.nodes.values()].some(({ kind }) => kind === 'known')
  const unpricedNodes = bill.total.unpriced
  if (recommended === undefined || !priced)
    return {
      savingsPct: undefined,
      savingsMonthlyUsd: undefined,
      gapPct: undefined,
      monthlyUsd: undefined,
      unplacedPods: recommended?.plan.unplaced.length,
      unpricedNodes,
    }
  const now = bill.total.rate
  const { rate } = recommended.plan.cost
  const bound = recommended.lowerBound?.rate
  const monthly = (micro: number): number => (micro * HOURS_PER_MONTH) / 1e6
  return {
    savingsPct: now === 0 ? undefined : (100 * (now - rate)) / now,
    savingsMonthlyUsd: monthly(now - rate),
    gapPct: bound === undefined || rate === 0 ? undefined : (100 * (rate - bound)) / rate,
    monthlyUsd: monthly(rate),
    unplacedPods: recommended.plan.unplaced.length,
    unpricedNodes,
  }
}

type Lap = 'collect' | 'model' | 'pack' | 'report'

function stopwatch() {
  const laps: Record<Lap, number> = { collect: 0, model: 0, pack: 0, report: 0 }
  let last = performance.now()
  return {
    lap(name: Lap): void {
      const now = performance.now()
      laps[name] = Math.round(now - last)
      last = now
    },
    timings: () => ({
      collectMs: laps.collect,
      modelMs: laps.model,
      packMs: laps.pack,
      reportMs: laps.report,
      peakRssMib: Math.round(process.resourceUsage().maxRSS * MEBIBYTES_PER_KIBIBYTE),
    }),
  }
}
