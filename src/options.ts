/**
 * Options as values. Order: flag, environment, file, default. A bad value is a Failure `bad-option` that names where it
 * was written.
 */
import type { Condition } from './condition.js'
import type { WantedRails } from './domain/guard-rails.js'
import { FailureError } from './failure.js'
import {
  lookUp,
  readConfigFile,
  refuseUnknownVariables,
  type Environment,
  type Flags,
  type Sources,
} from './option-sources.js'
import {
  OPTION_ROWS,
  REPORT_FORMATS,
  ROWS,
  type CniMode,
  type LogLevel,
  type OptionRow,
  type Pricing,
  type ReportFormat,
} from './option-table.js'
import { isUrl } from './s3-url.js'

export type { Condition, ConditionResult, Measures } from './condition.js'
export { matchesAny } from './domain/glob.js'
export type { CniMode, LogLevel, Pricing, ReportFormat } from './option-table.js'

export type LogOptions = {
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
  /** Colour is allowed; whether there is any also depends on the terminal. */
  readonly color: boolean
  readonly quiet: boolean
}

/** Which live cluster; undefined is what kubectl would take. */
export type ClusterOptions = { readonly kubeconfig: string | undefined; readonly context: string | undefined }

/** Which prices, and how AWS is asked. */
export type AwsOptions = {
  readonly pricing: Pricing
  readonly region: string | undefined
  /** Folder of AWS's answers, `off` for none; undefined: the user's. */
  readonly cache: string | undefined
  readonly pricingProfile: string | undefined
}

export type AnalyzeOptions = LogOptions &
  AwsOptions & {
    /** Files, or `-` for standard input: parts of one cluster. None: the live cluster is read. */
    readonly snapshots: readonly string[]
    readonly cluster: ClusterOptions
    readonly out: string | undefined
    readonly formats: ReadonlySet<ReportFormat>
    /** ISO time in UTC. */
    readonly now: string | undefined
    /** A fraction from 0 to 1. */
    readonly maxSpot: number | undefined
    readonly rails: WantedRails
    /** Patterns for `matchesAny`; none means every type. */
    readonly instanceTypes: readonly string[]
    readonly excludeInstanceTypes: readonly string[]
    /** Patterns of workloads whose fitness for spot is not judged but said. */
    readonly spotWords: { readonly eligible: readonly string[]; readonly ineligible: readonly string[] }
    /** Undefined: each workload stays on the architectures that it runs on today. */
    readonly arch: 'amd64' | 'arm64' | 'any' | undefined
    readonly cni: CniMode
    readonly failOn: readonly Condition[]
  }

/** Every option of `analyze`. */
export async function readAnalyzeOptions(flags: Flags, environment: Environment): Promise<AnalyzeOptions> {
  const sources = await allSources(flags, environment)
  one(ROWS.usage, sources)
  refuseTwoClusters(flags)
  return analyzeOptions(sources)
}

/** The options of `analyze` for the sample cluster: whatever else was set, it and the catalog of the package are read. */
export async function readDemoOptions(flags: Flags, environment: Environment, sample: string): Promise<AnalyzeOptions> {
  return analyzeOptions(await allSources({ ...flags, snapshot: [sample], pricing: ['embedded'] }, environment))
}

function analyzeOptions(sources: Sources): AnalyzeOptions {
  const formats = many(ROWS.formats, sources)
  return {
    ...logOptions(sources),
    snapshots: many(ROWS.snapshots, sources),
    cluster: clusterOptions(sources),
    ...awsOptions(sources),
    out: one(ROWS.out, sources),
    formats: new Set(formats.length === 0 ? REPORT_FORMATS : formats),
    now: one(ROWS.now, sources),
    maxSpot: one(ROWS.maxSpot, sources),
    rails: railsIn(sources),
    instanceTypes: many(ROWS.instanceTypes, sources),
    excludeInstanceTypes: many(ROWS.excludeInstanceTypes, sources),
    spotWords: { eligible: many(ROWS.spotEligible, sources), ineligible: many(ROWS.spotIneligible, sources) },
    arch: one(ROWS.arch, sources),
    cni: one(ROWS.cni, sources) ?? 'auto',
    failOn: many(ROWS.failOn, sources),
  }
}

const railsIn = (sources: Sources): WantedRails => ({
  headroom: one(ROWS.headroom, sources) ?? 0,
  minNodes: one(ROWS.minNodes, sources),
  minNodesPerZone: one(ROWS.minNodesPerZone, sources),
  maxNodeShare: one(ROWS.maxNodeShare, sources),
  maxZoneShare: one(ROWS.maxZoneShare, sources),
  maxNodeReplicaShare: one(ROWS.maxNodeReplicaShare, sources),
  maxZoneReplicaShare: one(ROWS.maxZoneReplicaShare, sources),
  maxSpotPoolShare: one(ROWS.maxSpotPoolShare, sources),
  preferExisting: one(ROWS.preferExisting, sources) ?? 0,
})

const awsOptions = (sources: Sources): AwsOptions => ({
  region: one(ROWS.region, sources),
  pricing: one(ROWS.pricing, sources) ?? { kind: 'auto' },
  cache: one(ROWS.cache, sources),
  pricingProfile: one(ROWS.pricingProfile, sources),
})

const clusterOptions = (sources: Sources): ClusterOptions => ({
  kubeconfig: one(ROWS.kubeconfig, sources),
  context: one(ROWS.context, sources),
})

/** Flags only: a variable or a file may name the usual cluster for all runs. */
function refuseTwoClusters(flags: Flags): void {
  const live = [ROWS.kubeconfig, ROWS.context].find((row) => flags[row.flag] !== undefined)
  if (live === undefined || flags[ROWS.snapshots.flag] === undefined) return
  const problem = `--${live.flag} names a live cluster and --snapshot a file: pass one of them`
  throw new FailureError({ kind: 'bad-usage', problem })
}

export type CollectOptions = LogOptions &
  AwsOptions & {
    readonly cluster: ClusterOptions
    /** A file; undefined only where the sources are only checked. */
    readonly out: string | undefined
  }

/** The options of `collect`; `needsFile` unless it only checks what may be read. */
export async function readCollectOptions(
  flags: Flags,
  environment: Environment,
  needsFile: boolean,
): Promise<CollectOptions> {
  const sources = await allSources(flags, environment)
  const out = one(ROWS.out, sources)
  if (needsFile && out === undefined) throw new FailureError({ kind: 'bad-usage', problem: 'collect needs --out FILE' })
  if (needsFile && out !== undefined && (isUrl(out) || !/\.json(\.gz)?$/.test(out)))
    throw new FailureError({ kind: 'bad-option', name: '--out', got: out, want: 'a file ending in .json or .json.gz' })
  return { ...logOptions(sources), ...awsOptions(sources), cluster: clusterOptions(sources), out }
}

/** What every command has: how to log. */
export const readLogOptions = async (flags: Flags, environment: Environment): Promise<LogOptions> =>
  logOptions(await allSources(flags, environment))

export type SnapshotOptions = LogOptions & { readonly snapshots: readonly string[] }

/** The options of commands that look at a snapshot and at no prices; without one they have nothing to look at. */
export async function readSnapshotOptions(flags: Flags, environment: Environment): Promise<SnapshotOptions> {
  const sources = await allSources(flags, environment)
  const snapshots = many(ROWS.snapshots, sources)
  if (snapshots.length > 0) return { ...logOptions(sources), snapshots }
  throw new FailureError({ kind: 'bad-usage', problem: 'this command needs --snapshot FILE' })
}

const logOptions = (sources: Sources): LogOptions => ({
  logLevel: one(ROWS.logLevel, sources) ?? 'warn',
  logFormat: one(ROWS.logFormat, sources) ?? 'text',
  color: !(one(ROWS.noColor, sources) ?? false),
  quiet: one(ROWS.quiet, sources) ?? false,
})

/** Every command knows the variables of all of them: one environment serves many. */
async function allSources(flags: Flags, environment: Environment): Promise<Sources> {
  const names = OPTION_ROWS.map((option) => option.flag)
  refuseUnknownVariables(environment, names)
  const path = one(ROWS.config, { flags, environment, file: undefined })
  const keys = names.filter((name) => name !== ROWS.config.flag)
  return { flags, environment, file: await readConfigFile(path, keys) }
}

function one<T>(option: OptionRow<T>, sources: Sources): T | undefined {
  const given = lookUp(option, sources)
  if (given === undefined) return undefined
  const [only = '', ...others] = given.texts
  if (others.length === 0) return checked(option, given.origin, only)
  throw new FailureError({ kind: 'bad-option', name: given.origin, got: given.texts.join(' and '), want: 'one value' })
}

function many<T>(option: OptionRow<T>, sources: Sources): readonly T[] {
  const given = lookUp(option, sources)
  if (given === undefined) return []
  // An empty list is a slip of a script, and would silently mean "no limit".
  const texts = given.texts.length === 0 ? [''] : given.texts
  return texts.map((each) => checked(option, given.origin, each))
}

function checked<T>(option: OptionRow<T>, origin: string, given: string): T {
  const result = option.schema.safeParse(given)
  if (result.success) return result.data
  const own = result.error.issues.find((issue) => issue.code === 'custom')
  throw new FailureError({ kind: 'bad-option', name: origin, got: given, want: own?.message ?? option.want })
}
