import { readCatalog } from './collect/catalog-file.js'
import { readSnapshot } from './collect/snapshot-file.js'
import { checkCondition, type ConditionResult, type Measures } from './condition.js'
import type { PriceCatalog } from './domain/catalog.js'
import type { Analysis, Scenario } from './domain/recommendation.js'
import { HOURS_PER_MONTH } from './domain/units.js'
import { FailureError } from './failure.js'
import { readLive } from './live.js'
import { matchesAny, type AnalyzeOptions } from './options.js'
import { packageData } from './package.js'
import { analyse, type Settings } from './pipeline.js'
import type { Logger, Progress } from './progress.js'
import { reportOf } from './report/files.js'
import { EMBEDDED_CATALOG } from './tables.js'

export type AnalyzeResult = {
  /** Path inside the folder of the report → text. */
  readonly files: ReadonlyMap<string, string>
  readonly outDir: string
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
  const catalog = await readCatalog(
    options.pricing.kind === 'embedded' ? packageData(EMBEDDED_CATALOG) : options.pricing.file,
  )
  const snapshot =
    options.snapshots.length === 0
      ? await readLive(options.cluster, { progress, log })
      : await readSnapshot(options.snapshots, (objects) => progress.show(`read ${objects} objects`))
  log.info('snapshot read', { nodes: snapshot.nodes.length, pods: snapshot.pods.length })
  clock.lap('collect')

  const settings = settingsOf(options, catalog)
  const analysis = analyse(snapshot, catalog, settings, (stage) => {
    progress.show(STAGES[stage])
    log.debug(STAGES[stage])
    if (stage === 'pack') clock.lap('model')
    if (stage === 'report') clock.lap('pack')
  })
  clock.lap('report')
  for (const { code, subject, detail } of analysis.findings) log.debug(detail, { code, subject })

  const timed = options.now === undefined ? { ...analysis, timings: clock.timings() } : analysis
  const { files, headline } = reportOf(timed, options.formats)
  const measures = measuresOf(analysis)
  return {
    files,
    outDir: options.out ?? `reports/${folderName(analysis.cluster.name)}/${settings.now.slice(0, 10)}`,
    summary: headline,
    failed: options.failOn
      .map((condition) => checkCondition(condition, measures))
      .filter(({ holds }) => holds === true),
  }
}

function settingsOf(options: AnalyzeOptions, catalog: PriceCatalog): Settings {
  const { region, pricing, instanceTypes, excludeInstanceTypes, arch } = options
  if (region !== undefined && !catalog.regions.has(region))
    throw new FailureError({
      kind: 'bad-option',
      name: '--region',
      got: region,
      want: `a region of the price catalog: ${[...catalog.regions.keys()].sort().join(', ')}`,
    })
  return {
    now: options.now ?? new Date().toISOString(),
    region,
    clusterName: undefined,
    priceSource: pricing.kind === 'embedded' ? 'price catalog in the package' : `price catalog ${pricing.file}`,
    wantedType: (name) =>
      (instanceTypes.length === 0 || matchesAny(instanceTypes, name)) && !matchesAny(excludeInstanceTypes, name),
    architectures: arch === undefined ? undefined : arch === 'any' ? ['amd64', 'arm64'] : [arch],
    cni: options.cni === 'auto' ? undefined : options.cni,
    maxSpot: options.maxSpot,
    headroom: options.headroom,
    maxNodeShare: options.maxNodeShare,
    minNodes: options.minNodes,
  }
}

/** A cluster's name may hold anything; its folder's may not. */
const folderName = (cluster: string): string =>
  cluster.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '') || 'cluster'

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
