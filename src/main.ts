import { runCommandLine, type CollectSwitches, type ExplainOptions, type TableFormat } from './command-line.js'
import { FailureError, explain } from './failure.js'
import type { Environment, Flags } from './option-sources.js'
import {
  readAnalyzeOptions,
  readCollectOptions,
  readDemoOptions,
  readLogOptions,
  readSnapshotOptions,
  type AnalyzeOptions,
  type CollectOptions,
  type LogOptions,
} from './options.js'
import { packageData } from './package.js'
import { openReporting, printable, type Logger, type Progress } from './progress.js'

const SAMPLE_CLUSTER = 'sample-cluster.json.gz'

/** Runs one command line. Results go to standard output, all else to standard error; gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  ignoreClosedPipe(process.stdout, 'standard output')
  ignoreClosedPipe(process.stderr, 'standard error')
  // The kernel shields process 1 of a container from signals that it has no handler for.
  if (process.pid === 1) exitOnSignals()

  const run = new Run(process.env, argv)
  try {
    await runCommandLine(argv, run, { out: print, err: (text) => void process.stderr.write(text) })
    return run.exitCode
  } catch (error) {
    // A login program that never ends, which the library started for us, must not keep the process.
    setTimeout(() => process.exit(), LINGER_MS).unref()
    return run.fail(error)
  }
}

/** Longest time between the message of a failure and the end of the process. */
const LINGER_MS = 1000

const print = (text: string): void => void process.stdout.write(text)

type Reporting = { readonly progress: Progress; readonly log: Logger }

/** The commands, and what they share: how to report, and the exit code so far. */
class Run {
  exitCode = 0
  readonly #environment: Environment
  #logOptions: LogOptions
  #progress: Progress | undefined

  constructor(environment: Environment, argv: readonly string[]) {
    this.#environment = environment
    // Until the options are read: a wrong option is still explained with its stack where --log-level debug stands.
    const debug =
      /(^| )--log-level[ =]debug( |$)/.test(argv.join(' ')) || environment['K8S_COST_LOG_LEVEL']?.trim() === 'debug'
    this.#logOptions = { logLevel: debug ? 'debug' : 'warn', logFormat: 'text', color: true, quiet: false }
  }

  readonly analyze = async (flags: Flags): Promise<void> => {
    const options = await readAnalyzeOptions(flags, this.#environment)
    await this.#report(options)
  }

  readonly demo = async (flags: Flags): Promise<void> =>
    this.#report(await readDemoOptions(flags, this.#environment, packageData(SAMPLE_CLUSTER)))

  readonly collect = async ({ check, redact }: CollectSwitches, flags: Flags): Promise<void> => {
    const options = await readCollectOptions(flags, this.#environment, !check)
    const reporting = await this.#open(options)
    if (check || options.out === undefined) return this.#examine(options, reporting)
    const { collectToFile } = await import('./live.js')
    const { objects, aws } = await collectToFile(options, { file: options.out, redact }, reporting)
    reporting.progress.clear()
    const held = `${objects} objects${aws === undefined ? '' : ` and the answers of AWS about ${aws}`} in ${options.out}`
    print(`${held}. Analyse them with: k8s-cost --snapshot ${options.out}\n`)
  }

  readonly maxPods = async (types: readonly string[], format: TableFormat, flags: Flags): Promise<void> => {
    await this.#open(await readLogOptions(flags, this.#environment))
    const { maxPodsAnswer } = await import('./tables.js')
    print(await maxPodsAnswer(types, format))
  }

  readonly catalogShow = async (flags: Flags): Promise<void> => {
    await this.#open(await readLogOptions(flags, this.#environment))
    const { catalogAnswer } = await import('./tables.js')
    print(await catalogAnswer())
  }

  readonly verify = async (folder: string, format: TableFormat, flags: Flags): Promise<void> => {
    const options = await readSnapshotOptions(flags, this.#environment)
    const { progress } = await this.#open(options)
    const { checkPlan } = await import('./check-plan.js')
    const { text, failure } = await checkPlan(folder, options.snapshots, format, progress)
    print(text)
    if (failure !== undefined) this.fail(failure)
  }

  readonly explain = async (pod: string, { report, format }: ExplainOptions, flags: Flags): Promise<void> => {
    const { snapshots, ...options } = await readSnapshotOptions(flags, this.#environment)
    const { progress } = await this.#open(options)
    const { explainPod } = await import('./explain.js')
    print(await explainPod({ pod, snapshots, report, format }, progress))
  }

  readonly doctor = async (flags: Flags): Promise<void> => {
    const options = await readCollectOptions(flags, this.#environment, false)
    await this.#examine(options, await this.#open(options))
  }

  async #examine(options: CollectOptions, reporting: Reporting): Promise<void> {
    const { examineSources } = await import('./doctor.js')
    const { text, failure } = await examineSources(options, reporting)
    reporting.progress.clear()
    print(text)
    if (failure !== undefined) this.fail(failure)
  }

  async #report(options: AnalyzeOptions): Promise<void> {
    const { progress, log } = await this.#open(options)
    const { openDestination } = await import('./destination.js')
    const destination = await openDestination(options, log)
    const { analyze } = await import('./analyze.js')
    const { summary, failed, ...report } = await analyze(options, { progress, log })
    progress.show('writing the report')
    exitOnSignals()
    const folder = await destination.publish(report).finally(() => destination.close())
    progress.clear()
    print(`${summary}\n${whereItIs(folder, report.files)}\n`)
    for (const { condition, value } of failed) {
      this.fail(new FailureError({ kind: 'limit-passed', condition: condition.text, value }))
    }
  }

  async #open(options: LogOptions): Promise<Reporting> {
    this.#logOptions = options
    const reporting = await openReporting(options, process.stderr)
    this.#progress = reporting.progress
    return reporting
  }

  /** Says what went wrong in one message; gives the exit code, which `exitCode` then holds too. */
  fail(error: unknown): number {
    this.#progress?.clear()
    const known = error instanceof FailureError ? explain(error.failure) : undefined
    this.exitCode = known?.exitCode ?? 1
    const text = known?.text ?? bugText(error)
    const stack = this.#logOptions.logLevel === 'debug' && error instanceof Error ? error.stack : undefined
    process.stderr.write(
      this.#logOptions.logFormat === 'json'
        ? `${JSON.stringify({ level: 'error', msg: text, exitCode: this.exitCode, stack })}\n`
        : `k8s-cost: ${printable(text)}\n${stack === undefined ? '' : `${stack}\n`}`,
    )
    return this.exitCode
  }
}

const bugText = (error: unknown): string =>
  `unexpected error: ${error instanceof Error ? error.message : String(error)}. ` +
  'This is a bug of k8s-cost. Run with --log-level debug for the stack, and report it.'

function whereItIs(folder: string, files: ReadonlyMap<string, string>): string {
  const first = files.has('report.md') ? 'report.md' : files.keys().next().value
  const slash = folder.endsWith('/') ? '' : '/'
  return `Report: ${folder}${slash}${first ?? ''}${files.size > 1 ? `, with ${files.size - 1} more files beside it` : ''}`
}

/** A reader that has seen enough (`| head`) is no failure. */
function ignoreClosedPipe(stream: NodeJS.WriteStream, name: string): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    const problem = `cannot be written (${error.code ?? error.message})`
    const { exitCode, text } = explain({ kind: 'bad-output', path: name, problem, fix: 'Send it elsewhere.' })
    process.stderr.write(`k8s-cost: ${text}\n`)
    process.exit(exitCode)
  })
}

/**
 * From here on a signal ends the process between two steps instead of within one. Elsewhere the default serves better:
 * it stops a long computation at once, and there is nothing to leave half done.
 */
function exitOnSignals(): void {
  if (process.listenerCount('SIGINT') > 0) return
  // Not once(): a second signal would find the default action back in place, which ends the process without its code.
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
}
