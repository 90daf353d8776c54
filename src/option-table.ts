/**
 * The one table of options: the flags, the environment variables, the configuration file and the help all come from it.
 */
import * as z from 'zod'
import { CONDITION_SYNTAX, parseCondition, type Condition } from './condition.js'
import type { SourceRow } from './option-sources.js'
import { isUrl, s3Place } from './s3-url.js'

export const REPORT_FORMATS = ['md', 'csv', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]
const CNI_MODES = ['secondary-ip', 'prefix', 'ipv6', 'overlay', 'auto'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type CniMode = (typeof CNI_MODES)[number]
export type LogLevel = (typeof LOG_LEVELS)[number]
/** `auto`: as `aws` where there are credentials, else as `embedded`. */
export type Pricing =
  | { readonly kind: 'auto' }
  | { readonly kind: 'aws' }
  | { readonly kind: 'embedded' }
  | { readonly kind: 'file'; readonly file: string }

/** A row: its texts are checked and turned into a value by `schema`; `want` completes the message "got …, want …". */
export type OptionRow<T = unknown> = SourceRow & {
  /** Name of the value in the help; undefined for a switch. */
  readonly argument: string | undefined
  readonly help: string
  readonly want: string
  readonly schema: z.ZodType<T, string>
  /**
   * `log`: every command has it. `snapshot` and `cluster`: what is read, from files or live, and `source`: the prices, so
   * `demo` lacks them.
   * `later`: refused, and not in the help.
   */
  readonly scope: 'log' | 'snapshot' | 'cluster' | 'source' | 'analyze' | 'later'
}

type RowInput<T> = Pick<OptionRow<T>, 'argument' | 'help' | 'want' | 'schema'> & Partial<OptionRow<T>>
const row = <T>(flag: string, rest: RowInput<T>): OptionRow<T> => ({
  flag,
  many: 'no',
  alias: undefined,
  scope: 'analyze',
  ...rest,
})

const text = z.string().trim().min(1)
const number = text.regex(/^[+-]?(\d+\.?\d*|\.\d+)$/).transform(Number)
const share = number.pipe(z.number().min(0).max(1))
const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', '1', 'yes', 'on', 'false', '0', 'no', 'off']))
  .transform((word) => ['true', '1', 'yes', 'on'].includes(word))
const fail = (context: z.RefinementCtx, want: string): never => {
  context.addIssue({ code: 'custom', message: want })
  return z.NEVER
}

const MADE_LATER = ['html', 'focus', 'iac']

const reportFormat = z.string().transform((name, context): ReportFormat => {
  const format = REPORT_FORMATS.find((known) => known === name)
  if (format !== undefined) return format
  return fail(context, `any of md,csv,json${MADE_LATER.includes(name) ? ` (${name} is not made in this version)` : ''}`)
})

const pricing = text.transform((word): Pricing =>
  word === 'aws' || word === 'embedded' ? { kind: word } : { kind: 'file', file: word },
)

const usage = text.transform((word, context): 'none' =>
  word === 'none' ? word : fail(context, 'none (measured usage is not read in this version)'),
)

const condition = z
  .string()
  .transform((words, context): Condition => parseCondition(words) ?? fail(context, CONDITION_SYNTAX))

/** A date alone means midnight UTC. `@SECONDS` since 1970 is the form of SOURCE_DATE_EPOCH. */
const time = z.union([
  z.iso.datetime({ offset: true }).transform((iso) => new Date(iso).toISOString()),
  z.iso.date().transform((date) => new Date(date).toISOString()),
  z
    .string()
    .regex(/^@\d{1,11}$/)
    .transform((seconds) => new Date(Number(seconds.slice(1)) * 1000).toISOString()),
])

const typePattern = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9.*?-]+$/)

const workloadPattern = text.regex(/^[^/\s]+(\/[^/\s]+){1,2}$/)

export const ROWS = {
  config: row('config', {
    argument: 'FILE',
    help: 'YAML or JSON file of options (default: k8s-cost.yaml, if there is one)',
    want: 'a file',
    schema: text,
  }),
  snapshots: row('snapshot', {
    argument: 'FILE',
    help: 'no live cluster: a collect file or output of kubectl get … -A -o json, - for standard input; may be repeated',
    want: 'a file, or - for standard input',
    schema: text,
    many: 'repeat',
    scope: 'snapshot',
  }),
  pricing: row('pricing', {
    argument: 'SOURCE',
    help: 'aws (live), embedded (the catalog in the package) or a catalog file (default: aws with credentials, else embedded)',
    want: 'aws, embedded or a catalog FILE',
    schema: pricing,
    scope: 'source',
  }),
  cache: row('cache', {
    argument: 'DIR',
    help: "where AWS's answers are kept, prices for 24 h, spot for 1 h; off: nowhere (default: the user's cache folder)",
    want: 'a folder, or off',
    schema: text,
    scope: 'source',
  }),
  pricingProfile: row('pricing-profile', {
    argument: 'NAME',
    help: 'AWS profile with commercial credentials that reads list prices, as GovCloud has none',
    want: 'the name of a profile',
    schema: text,
    scope: 'source',
  }),
  region: row('region', {
    argument: 'REGION',
    help: 'AWS region, where the node labels do not say',
    want: 'an AWS region such as eu-central-1',
    schema: text.regex(/^[a-z]{2,4}(-[a-z]+)+-\d+$/),
  }),
  out: row('out', {
    argument: 'DIR',
    help: 'folder of the report, or s3://bucket/prefix/ to upload it (default: reports/<cluster>/<date>)',
    want: 'a folder, or s3://bucket/prefix/',
    schema: text.refine((out) => !isUrl(out) || s3Place(out) !== undefined, 'a folder, or s3://bucket/prefix/'),
  }),
  formats: row('format', {
    argument: 'LIST',
    help: 'any of md,csv,json (default: all)',
    want: 'any of md,csv,json',
    schema: reportFormat,
    many: 'list',
  }),
  now: row('now', {
    argument: 'ISO',
    help: "the report's clock, for reproducible output (SOURCE_DATE_EPOCH works too)",
    want: 'an ISO date or time such as 2026-07-01T00:00:00Z',
    schema: time,
    alias: { variable: 'SOURCE_DATE_EPOCH', toText: (seconds) => `@${seconds}` },
  }),
  maxSpot: row('max-spot', {
    argument: 'SHARE',
    help: 'upper limit of the share of CPU on spot nodes in the recommended plan, 0 to 1',
    want: 'a share from 0 to 1',
    schema: share,
  }),
  headroom: row('headroom', {
    argument: 'SHARE',
    help: 'share of CPU and of memory that stays free over all nodes together (default: 0)',
    want: 'a share from 0 to below 1',
    schema: number.pipe(z.number().min(0).lt(1)),
  }),
  maxNodeShare: row('max-node-share', {
    argument: 'SHARE',
    help: "largest share of the cluster's requests on any one node (default: 20 % of today's, or what the fullest node carries)",
    want: 'a share above 0, up to 1',
    schema: number.pipe(z.number().gt(0).max(1)),
  }),
  maxZoneShare: row('max-zone-share', {
    argument: 'SHARE',
    help: "largest share of the cluster's requests in any one zone",
    want: 'a share above 0, up to 1',
    schema: number.pipe(z.number().gt(0).max(1)),
  }),
  maxNodeReplicaShare: row('max-node-replica-share', {
    argument: 'SHARE',
    help: "largest share of one workload's replicas on any one node; one replica is always allowed",
    want: 'a share above 0, up to 1',
    schema: number.pipe(z.number().gt(0).max(1)),
  }),
  maxZoneReplicaShare: row('max-zone-replica-share', {
    argument: 'SHARE',
    help: "largest share of one workload's replicas in any one zone; an even spread is always allowed",
    want: 'a share above 0, up to 1',
    schema: number.pipe(z.number().gt(0).max(1)),
  }),
  minNodes: row('min-nodes', {
    argument: 'N',
    help: 'fewest nodes of a plan',
    want: 'a whole number from 0',
    schema: text.regex(/^\d{1,9}$/).transform(Number),
  }),
  minNodesPerZone: row('min-nodes-per-zone', {
    argument: 'N',
    help: 'fewest nodes of a plan in each zone that has nodes today',
    want: 'a whole number from 0',
    schema: text.regex(/^\d{1,9}$/).transform(Number),
  }),
  maxSpotPoolShare: row('max-spot-pool-share', {
    argument: 'SHARE',
    help: 'largest share of the CPU on spot in a pool (instance type and zone) of which a plan has several nodes and buys some',
    want: 'a share above 0, up to 1',
    schema: number.pipe(z.number().gt(0).max(1)),
  }),
  preferExisting: row('prefer-existing', {
    argument: 'WEIGHT',
    help: "how much dearer than its price a new node counts when plans are compared, e.g. 0.1: today's nodes are kept unless that saves a tenth (default: 0)",
    want: 'a number from 0 to 10',
    schema: number.pipe(z.number().min(0).max(10)),
  }),
  instanceTypes: row('instance-types', {
    argument: 'GLOB,…',
    help: 'plan with these instance types only, such as m7g.*,c7g.*',
    want: 'instance types or patterns such as m7g.*,c7g.2xlarge',
    schema: typePattern,
    many: 'list',
  }),
  excludeInstanceTypes: row('exclude-instance-types', {
    argument: 'GLOB,…',
    help: 'plan without these instance types',
    want: 'instance types or patterns such as t*.*,m5.large',
    schema: typePattern,
    many: 'list',
  }),
  spotEligible: row('spot-eligible', {
    argument: 'GLOB,…',
    help: 'workloads that are fit for spot, whatever k8s-cost thinks: namespace/name or namespace/kind/name, such as shop/*',
    want: 'patterns of workloads such as shop/cart-* or batch/CronJob/*',
    schema: workloadPattern,
    many: 'list',
  }),
  spotIneligible: row('spot-ineligible', {
    argument: 'GLOB,…',
    help: 'workloads that are not fit for spot; wins over --spot-eligible and annotations',
    want: 'patterns of workloads such as shop/cart-* or batch/CronJob/*',
    schema: workloadPattern,
    many: 'list',
  }),
  arch: row('arch', {
    argument: 'ARCH',
    help: 'amd64, arm64 or any (default: workloads stay on what they run on)',
    want: 'amd64, arm64 or any',
    schema: z.enum(['amd64', 'arm64', 'any']),
  }),
  cni: row('cni', {
    argument: 'MODE',
    help: 'how max pods is computed: secondary-ip, prefix, ipv6, overlay or auto (default: auto)',
    want: CNI_MODES.join(', '),
    schema: z.enum(CNI_MODES),
  }),
  failOn: row('fail-on', {
    argument: 'CONDITION',
    help:
      `exit 4 when it holds: ${CONDITION_SYNTAX}; savings is in % or in $ a month, monthly the cost of the ` +
      'recommended plan; may be repeated',
    want: CONDITION_SYNTAX,
    schema: condition,
    many: 'repeat',
  }),
  logLevel: row('log-level', {
    argument: 'LEVEL',
    help: `${LOG_LEVELS.join(', ')} (default: warn)`,
    want: LOG_LEVELS.join(', '),
    schema: z.enum(LOG_LEVELS),
    scope: 'log',
  }),
  logFormat: row('log-format', {
    argument: 'FORMAT',
    help: 'text or json (default: text)',
    want: 'text or json',
    schema: z.enum(['text', 'json']),
    scope: 'log',
  }),
  noColor: row('no-color', {
    argument: undefined,
    help: 'no colours (NO_COLOR works too)',
    want: 'true or false',
    schema: flag,
    scope: 'log',
    // Any value of NO_COLOR that is not empty counts (no-color.org).
    alias: { variable: 'NO_COLOR', toText: () => 'true' },
  }),
  quiet: row('quiet', {
    argument: undefined,
    help: 'no progress, and only errors in the log',
    want: 'true or false',
    schema: flag,
    scope: 'log',
  }),
  kubeconfig: row('kubeconfig', {
    argument: 'FILE',
    help: 'the live cluster to read (default: as kubectl finds it; inside a pod its service account)',
    want: 'a kubeconfig file',
    schema: text,
    scope: 'cluster',
  }),
  context: row('context', {
    argument: 'NAME',
    help: 'the context of the kubeconfig (default: its current one)',
    want: 'the name of a context',
    schema: text,
    scope: 'cluster',
  }),
  usage: row('usage', {
    argument: 'SOURCE',
    help: 'where measured usage comes from',
    want: 'none',
    schema: usage,
    scope: 'later',
  }),
} as const

export const OPTION_ROWS: readonly OptionRow[] = Object.values(ROWS)
