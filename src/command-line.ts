import { Command, CommanderError, Option } from 'commander'
import { FailureError } from './failure.js'
import type { Flags } from './option-sources.js'
import { OPTION_ROWS, ROWS, type OptionRow } from './option-table.js'
import { VERSION } from './package.js'

export const TABLE_FORMATS = ['table', 'csv', 'json'] as const
export type TableFormat = (typeof TABLE_FORMATS)[number]

/** What the commands do; each gets the flags that were given, unchecked. */
export type Handlers = {
  readonly analyze: (flags: Flags) => Promise<void>
  readonly collect: (options: CollectSwitches, flags: Flags) => Promise<void>
  readonly demo: (flags: Flags) => Promise<void>
  readonly maxPods: (types: readonly string[], format: TableFormat, flags: Flags) => Promise<void>
  readonly catalogShow: (flags: Flags) => Promise<void>
  readonly verify: (folder: string, format: TableFormat, flags: Flags) => Promise<void>
  readonly explain: (pod: string, options: ExplainOptions, flags: Flags) => Promise<void>
  readonly doctor: (flags: Flags) => Promise<void>
}

export type CollectSwitches = { readonly check: boolean; readonly redact: boolean }

export type ExplainOptions = { readonly report: string | undefined; readonly format: 'table' | 'json' }

export type Output = { readonly out: (text: string) => void; readonly err: (text: string) => void }

const SETTINGS_HELP = `
Each option may also be set by an environment variable (--max-spot: K8S_COST_MAX_SPOT) or in the configuration file
(max-spot: 0.5). Order: flag, environment, file, default.`

const EXAMPLES_HELP = `
Examples:
  k8s-cost demo
  k8s-cost --context production --out reports/today
  k8s-cost collect --out cluster.json.gz
  k8s-cost --snapshot cluster.json.gz --out reports/today
  kubectl get nodes,pods,… -A -o json | k8s-cost --snapshot - --fail-on 'savings>20%'
  k8s-cost verify reports/today --snapshot cluster.json.gz
  k8s-cost explain shop/cart-7d4b9-x2x8z --snapshot cluster.json.gz --report reports/today
  k8s-cost doctor

Exit codes: 0 done, 1 a bug, 2 wrong usage or input, 3 a source could not be read, 4 a --fail-on condition holds.`

const VERIFY_HELP = `
One line for each rule that the plan breaks: pod, node, the scheduler's plugin (or MissingPod, PlacedTwice, UnknownNode,
ClosedNode, SharedClaim, NeedsNoPlace, RunningPodLeftOver) and the numbers; the last line has the totals. Rules that are
broken in the same way today are listed and not counted. Exit code 2 when the plan breaks any.`

const DOCTOR_HELP = `
Nothing is written anywhere. What is denied comes with the rule of a ClusterRole or the statement of an IAM policy to add.
Exit code 3 only when nothing works at all.`

/** Takes the command line apart and runs the command that it names. Wrong usage is a FailureError. */
export async function runCommandLine(argv: readonly string[], handlers: Handlers, output: Output): Promise<void> {
  try {
    await buildProgram(handlers, output).parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end by an "error" of exit code 0, with their text already written.
    if (error.exitCode === 0) return
    throw new FailureError({ kind: 'bad-usage', problem: usageProblem(error) }, { cause: error })
  }
}

function buildProgram(handlers: Handlers, output: Output): Command {
  const program = new Command('k8s-cost')
    .description('Finds the cheapest set of AWS nodes on which everything in a Kubernetes cluster still runs.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    // Commands inherit these two.
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err, outputError: () => undefined })

  const analyze = program
    .command('analyze', { isDefault: true })
    .description('analyse a cluster and write the report (also without naming the command)')
    .allowExcessArguments(true)
    .action(async (_, command: Command) => {
      const [word] = command.args
      if (word !== undefined) throw unknownCommand(word)
      await handlers.analyze(flagsOf(command))
    })
  addOptions(analyze, ['cluster', 'snapshot', 'source', 'analyze', 'log', 'later'])

  const collect = program
    .command('collect')
    .description('only read the live cluster and AWS, into one file for --snapshot, now or elsewhere')
    .option('--check', 'write nothing: as doctor')
    .option('--redact', 'replace names by pseudonyms, the same ones each time')
    .addOption(textOption(ROWS.out, '<FILE>', 'file to write, .json or .json.gz'))
    .action(({ check, redact }: Partial<CollectSwitches>, command: Command) =>
      handlers.collect({ check: check === true, redact: redact === true }, flagsOf(command)),
    )
  collect.addOption(regionOption())
  addOptions(collect, ['cluster', 'source', 'log'])

  const demo = program
    .command('demo')
    .description('analyse the sample cluster in the package: no cluster, no AWS account, no network')
    .action((_, command: Command) => handlers.demo(flagsOf(command)))
  addOptions(demo, ['analyze', 'log'])

  const maxPods = program
    .command('max-pods')
    .description('how many pods each instance type takes, under each CNI mode')
    .argument('[types...]', 'instance types or patterns such as m7g.* (default: all)')
    .addOption(formatOption(TABLE_FORMATS))
    .action((types: string[], options: { format: TableFormat }, command: Command) =>
      handlers.maxPods(types, options.format, flagsOf(command)),
    )
  addOptions(maxPods, ['log'])

  const catalog = program
    .command('catalog')
    .description('the price catalog in the package')
    .helpCommand(false)
    .allowExcessArguments(true)
    .action((_, command: Command) => {
      const [word] = command.args
      throw word === undefined
        ? new FailureError({ kind: 'bad-usage', problem: 'catalog needs a command, such as catalog show' })
        : unknownCommand(`catalog ${word}`)
    })
  const show = catalog
    .command('show')
    .description('what the catalog holds and how old it is')
    .action((_, command: Command) => handlers.catalogShow(flagsOf(command)))
  addOptions(show, ['log'])

  const verify = program
    .command('verify')
    .description('check a written plan against the rules of the scheduler, from its files and the snapshot alone')
    .argument('<REPORT_DIR>', 'folder with plan-nodes.json and placements.csv')
    .addOption(formatOption(TABLE_FORMATS))
    .addHelpText('after', VERIFY_HELP)
    .action((folder: string, options: { format: TableFormat }, command: Command) =>
      handlers.verify(folder, options.format, flagsOf(command)),
    )
  addOptions(verify, ['snapshot', 'log'])

  const explain = program
    .command('explain')
    .description('on which nodes a pod fits, and every rule by which the others refuse it')
    .argument('<NAMESPACE/POD>', 'a pod of the snapshot, running or pending')
    .addOption(new Option('--report <DIR>', "look at the nodes of this report's plan instead of the live ones"))
    .addOption(formatOption(['table', 'json']))
    .action((pod: string, { report, format }: ExplainOptions, command: Command) =>
      handlers.explain(pod, { report, format }, flagsOf(command)),
    )
  addOptions(explain, ['snapshot', 'log'])

  const doctor = program
    .command('doctor')
    .description('try every source with the credentials of today: what works, what is denied, what to add')
    .addOption(regionOption())
    .addOption(textOption(ROWS.pricingProfile, `<${ROWS.pricingProfile.argument}>`, ROWS.pricingProfile.help))
    .addOption(textOption(ROWS.out, '<S3-URL>', 's3://bucket/prefix/: whether a report could be uploaded there'))
    .addHelpText('after', DOCTOR_HELP)
    .action((_, command: Command) => handlers.doctor(flagsOf(command)))
  addOptions(doctor, ['cluster', 'log'])

  program.addHelpText(
    'after',
    () => `\nOptions of analyze:\n${optionsHelp(analyze)}\n${SETTINGS_HELP}\n${EXAMPLES_HELP}`,
  )
  for (const command of [analyze, demo]) command.addHelpText('after', SETTINGS_HELP)
  return program
}

const regionOption = (): Option => textOption(ROWS.region, `<${ROWS.region.argument}>`, ROWS.region.help)

const formatOption = (choices: readonly string[]): Option =>
  new Option('--format <FORMAT>', 'form of the output').choices(choices).default('table')

/** As `analyze --help` has it, without its own --help. */
function optionsHelp(command: Command): string {
  const help = command.createHelp()
  help.prepareContext({ helpWidth: process.stdout.columns ?? 100 })
  const options = help.visibleOptions(command).filter((option) => option.long !== '--help')
  const width = help.longestOptionTermLength(command, help)
  return options
    .map((option) => help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help))
    .join('\n')
}

function addOptions(command: Command, scopes: readonly OptionRow['scope'][]): void {
  for (const row of OPTION_ROWS.filter((each) => scopes.includes(each.scope))) {
    const option =
      row.argument === undefined
        ? new Option(`--${row.flag}`, row.help)
        : textOption(row, `<${row.argument}>`, row.help)
    command.addOption(option.hideHelp(row.scope === 'later'))
  }
}

/** Every text is kept: options.ts says which flags may be repeated. */
const textOption = ({ flag }: OptionRow, argument: string, help: string): Option =>
  new Option(`--${flag} ${argument}`, help).argParser((text: string, earlier: string[] | undefined) => [
    ...(earlier ?? []),
    text,
  ])

function flagsOf(command: Command): Flags {
  const flags: Record<string, readonly string[]> = {}
  for (const row of OPTION_ROWS) {
    const attribute = new Option(`--${row.flag}`).attributeName()
    if (command.getOptionValueSource(attribute) !== 'cli') continue
    const value: unknown = command.getOptionValue(attribute)
    // A switch has no texts; that it was given is its meaning, for --no-color too.
    if (row.argument === undefined) flags[row.flag] = ['true']
    else if (Array.isArray(value)) flags[row.flag] = value.map(String)
  }
  return flags
}

const unknownCommand = (words: string): FailureError =>
  new FailureError({ kind: 'bad-usage', problem: `unknown command "${words}"` })

const usageProblem = (error: CommanderError): string =>
  error.message
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/\.$/, '')
