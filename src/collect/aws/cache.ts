import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import type { AwsRead, AwsSource } from '../../domain/aws-snapshot.js'
import { VALUE_SCHEMAS } from './schema.js'

const HOUR_MS = 3600 * 1000
/** How long an answer may be used again. What changes with the cluster is always asked anew. */
const LIFETIMES_MS: Partial<Record<AwsSource, number>> = {
  instanceTypes: 24 * HOUR_MS,
  offerings: 24 * HOUR_MS,
  onDemand: 24 * HOUR_MS,
  windows: 24 * HOUR_MS,
  dedicated: 24 * HOUR_MS,
  autoMode: 24 * HOUR_MS,
  ebs: 24 * HOUR_MS,
  controlPlane: 24 * HOUR_MS,
  fargate: 24 * HOUR_MS,
  spotPrices: HOUR_MS,
}
const FORMAT = 'k8s-cost/aws-cache-1'

/** Where this user's programs keep what they can fetch again. */
export function defaultCacheDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home = homedir()): string {
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'k8s-cost')
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'k8s-cost')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'k8s-cost', 'Cache')
  return join(home, '.cache', 'k8s-cost')
}

/** What the run should say of the cache: of use, or in need of attention. */
export type CacheNote = { readonly level: 'info' | 'warn'; readonly text: string }

export type Cache = {
  /** The answer in the cache if it is young enough, else what `ask` gives, which is kept if nothing is missing in it. */
  readonly through: <Value>(source: AwsSource, ask: () => Promise<AwsRead<Value>>) => Promise<AwsRead<Value>>
  readonly notes: () => readonly CacheNote[]
}

/** Everything that makes an answer another one: who asks, where, and what for. */
export type CacheScope = {
  readonly region: string
  readonly account: string
  readonly endpoint: string
  readonly parameters: unknown
}

/** No cache at all: `--cache` off, or nobody knows whose answers these are. */
export const NO_CACHE: Cache = { through: (_source, ask) => ask(), notes: () => [] }

const entrySchema = z.object({
  format: z.literal(FORMAT),
  source: z.string(),
  readAt: z.iso.datetime(),
  value: z.unknown(),
})

export function openCache(dir: string, scope: CacheScope, now: Date): Cache {
  const notes: CacheNote[] = []
  const warnOnce = (text: string): void => {
    if (!notes.some((note) => note.text === text)) notes.push({ level: 'warn', text })
  }
  // The account's number stays out of the file's name.
  const key = createHash('sha256').update(JSON.stringify(scope)).digest('hex').slice(0, 16)
  const fileOf = (source: AwsSource): string => join(dir, `aws-${scope.region}-${source}-${key}.json`)

  async function load(source: AwsSource, lifetimeMs: number): Promise<AwsRead<unknown> | undefined> {
    const file = fileOf(source)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const entry = entrySchema.safeParse(parseJson(text))
    const value = entry.success ? VALUE_SCHEMAS[source].safeParse(entry.data.value) : undefined
    if (!entry.success || entry.data.source !== source || value?.success !== true) {
      warnOnce(`the cache file ${file} is damaged and was not used`)
      return undefined
    }
    const { readAt } = entry.data
    const ageMs = now.getTime() - Date.parse(readAt)
    // A clock that was set back makes an entry come from the future.
    if (ageMs < 0 || ageMs > lifetimeMs) return undefined
    notes.push({ level: 'info', text: `${source}: from the cache, ${ageText(ageMs)} old` })
    return { kind: 'read', readAt, value: value.data }
  }

  async function save(source: AwsSource, readAt: string, value: unknown): Promise<void> {
    const file = fileOf(source)
    const draft = `${file}.${process.pid}.tmp`
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      await writeFile(draft, JSON.stringify({ format: FORMAT, source, readAt, value }), { mode: 0o600 })
      await rename(draft, file)
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined)
      warnOnce(`nothing is kept in the cache folder ${dir} (${(error as NodeJS.ErrnoException).code ?? 'failed'})`)
    }
  }

  return {
    async through<Value>(source: AwsSource, ask: () => Promise<AwsRead<Value>>): Promise<AwsRead<Value>> {
      const lifetimeMs = LIFETIMES_MS[source]
      if (lifetimeMs === undefined) return ask()
      // The schema of the source has checked the value.
      const cached = (await load(source, lifetimeMs)) as AwsRead<Value> | undefined
      if (cached !== undefined) return cached
      const fresh = await ask()
      if (fresh.kind === 'read' && fresh.incomplete === undefined) await save(source, fresh.readAt, fresh.value)
      return fresh
    },
    notes: () => notes,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whole minutes below two hours, whole hours from there. */
const ageText = (ms: number): string =>
  ms < 2 * HOUR_MS ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / HOUR_MS)} h`
