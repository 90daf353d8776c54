import { distance } from 'fastest-levenshtein'
import { readFile } from 'node:fs/promises'
import { FailureError } from './failure.js'

/** One row of the option table, as far as finding its texts goes. */
export type SourceRow = {
  readonly flag: string
  /** `list`: commas separate values everywhere; `repeat`: commas do so in the environment only, as files may have one. */
  readonly many: 'no' | 'list' | 'repeat'
  /** A variable of other tools that means the same, and its text in the syntax of this option. */
  readonly alias: { readonly variable: string; readonly toText: (value: string) => string } | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>
/** By flag name without dashes; a switch that was given is `['true']`. */
export type Flags = Readonly<Record<string, readonly string[] | undefined>>
export type ConfigFile = { readonly path: string; readonly values: ReadonlyMap<string, readonly string[]> }

export type Sources = {
  readonly flags: Flags
  readonly environment: Environment
  readonly file: ConfigFile | undefined
}

/** What was written for an option, and where, in the words of a message. */
export type Given = { readonly origin: string; readonly texts: readonly string[] }

export const variableOf = (flag: string): string => `K8S_COST_${flag.replaceAll('-', '_').toUpperCase()}`

/**
 * The texts of an option by the order flag, environment, file; undefined where nobody set it. A variable that is set to
 * nothing counts as unset: that is how charts and compose files leave one out. Blanks around it are no part of it: files
 * of another system end their lines with a carriage return that no message would show.
 */
export function lookUp(row: SourceRow, sources: Sources): Given | undefined {
  const split = (texts: readonly string[]): string[] =>
    texts.flatMap((text) => text.split(',')).flatMap((text) => (text.trim() === '' ? [] : [text.trim()]))

  const flag = sources.flags[row.flag]
  if (flag !== undefined) return { origin: `--${row.flag}`, texts: row.many === 'list' ? split(flag) : flag }

  const variable = variableOf(row.flag)
  const value = (sources.environment[variable] ?? '').trim()
  if (value !== '') return { origin: variable, texts: row.many === 'no' ? [value] : split([value]) }

  const alias = row.alias === undefined ? '' : (sources.environment[row.alias.variable] ?? '').trim()
  if (row.alias !== undefined && alias !== '') return { origin: row.alias.variable, texts: [row.alias.toText(alias)] }

  const texts = sources.file?.values.get(row.flag)
  if (sources.file === undefined || texts === undefined) return undefined
  return { origin: `${row.flag} in ${sources.file.path}`, texts: row.many === 'list' ? split(texts) : texts }
}

/** What Kubernetes sets in pods beside a Service called `k8s-cost` or `k8s-cost-…`. */
const OF_A_SERVICE =
  /^K8S_COST_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/
/** What the tools and tests of this project read. */
const OF_OUR_TOOLS = /^K8S_COST_(KUBERNETES|LIVE_BUCKET|TEST_\w+)$/

/** Fails with `bad-usage` on a variable of ours that sets no option of any command: a slip would lift a limit unseen. */
export function refuseUnknownVariables(environment: Environment, knownFlags: readonly string[]): void {
  const known = knownFlags.map(variableOf)
  const stray = Object.keys(environment)
    .filter((name) => name.startsWith('K8S_COST_') && (environment[name] ?? '').trim() !== '')
    .filter((name) => !known.includes(name) && !OF_A_SERVICE.test(name) && !OF_OUR_TOOLS.test(name))
    .sort()[0]
  if (stray === undefined) return
  const near = nearest(stray, known)
  const fix = near === undefined ? 'unset it, or name an option' : `did you mean ${near}?`
  throw new FailureError({ kind: 'bad-usage', problem: `unknown variable ${stray} (${fix})` })
}

/** Read when no other configuration file is named and this one is in the working directory. */
export const DEFAULT_CONFIG_FILE = 'k8s-cost.yaml'

/**
 * A YAML or JSON file of flag names and values. Without a path the default file, if there is one.
 * Fails with `bad-input` on a file that cannot be read, is no mapping, or has a key that is no flag.
 */
export async function readConfigFile(
  path: string | undefined,
  knownFlags: readonly string[],
): Promise<ConfigFile | undefined> {
  const file = path ?? DEFAULT_CONFIG_FILE
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (path === undefined && error.code === 'ENOENT') return undefined
    throw badFile(file, `cannot be read (${error.code ?? error.message})`, 'Name an existing YAML or JSON file.', error)
  })
  if (text === undefined) return undefined

  const values = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(await parseMapping(file, text))) {
    if (!knownFlags.includes(key)) throw badFile(file, `has the unknown key "${key}"`, suggestion(key, knownFlags))
    const texts = textsOf(value)
    if (texts === undefined) throw badFile(file, `has no plain value or list under "${key}"`, `Write ${key}: VALUE.`)
    if (texts.length > 0) values.set(key, texts)
  }
  return { path: file, values }
}

async function parseMapping(file: string, text: string): Promise<object> {
  const { load, CORE_SCHEMA, YAMLException } = await import('js-yaml')
  const fix = 'Write one "flag-name: value" a line, such as "max-spot: 0.5".'
  let parsed: unknown
  try {
    // The core schema has no dates: "now: 2026-07-01" stays the text that it is on the command line.
    parsed = load(text, { schema: CORE_SCHEMA })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    throw badFile(file, `is no valid YAML or JSON (line ${error.mark.line + 1}: ${error.reason})`, fix, error)
  }
  if (parsed === undefined || parsed === null) return {}
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw badFile(file, 'holds no mapping', fix)
  return parsed
}

/** Undefined where the value is neither a scalar nor a list of scalars. */
function textsOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return []
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (!Array.isArray(value)) return undefined
  const parts = value.map((part) => (Array.isArray(part) || part === null ? undefined : textsOf(part)))
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined
}

function suggestion(key: string, knownFlags: readonly string[]): string {
  const near = nearest(key, knownFlags)
  return near === undefined ? `Keys are the flags without dashes: ${knownFlags.join(', ')}.` : `Did you mean "${near}"?`
}

/** The name that was probably meant: one letter in five may be wrong, and only letters and digits count. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const bare = (name: string): string =>
    name
      .replace(/^K8S_COST_/, '')
      .replaceAll(/[^a-z0-9]/gi, '')
      .toLowerCase()
  const ranked = known
    .map((name) => ({ name, slips: distance(bare(word), bare(name)) }))
    .sort((a, b) => a.slips - b.slips || (a.name < b.name ? -1 : 1))
  const [best] = ranked
  return best !== undefined && best.slips <= bare(word).length / 5 ? best.name : undefined
}

const badFile = (file: string, problem: string, fix: string, cause?: Error): FailureError =>
  new FailureError({ kind: 'bad-input', file, problem, fix }, { cause })
