import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as table from '../../src/report/columns.js'
import { parseCsv, parseRows } from '../report/parse-csv.js'

export type Rows = readonly Readonly<Record<string, string>>[]

/** The tables that every report has, by file name, with their columns: those of the contract, and those of blockers. */
export const TABLES = {
  'nodes.csv': table.NODES,
  'node-groups.csv': table.NODE_GROUPS,
  'workloads.csv': table.WORKLOADS,
  'max-pods.csv': table.MAX_PODS,
  'scenarios.csv': table.SCENARIOS,
  'plan-nodes.csv': table.PLAN_NODES,
  'blockers.csv': table.BLOCKERS,
  'frontier.csv': table.FRONTIER,
  'placements.csv': table.PLACEMENTS,
} as const satisfies Record<string, table.Columns>
export type TableName = keyof typeof TABLES
export const TABLE_NAMES = Object.keys(TABLES) as TableName[]

export const FILES: readonly string[] = [...TABLE_NAMES, 'plan-nodes.json', 'report.json', 'report.md'].sort()

/** Ids that scenarios.csv must have, right-sized-requests and arm64 excepted: they come later. */
export const SCENARIO_IDS = [
  'current',
  'repack',
  'fewer-larger',
  'cheapest-on-demand',
  'spot-30',
  'spot-50',
  'spot-70',
  'spot-max',
  'recommended',
  'prefix-delegation',
]

export type JsonRow = Readonly<Record<string, unknown>>
export type ReportJson = {
  readonly schemaVersion: number
  readonly cluster: { readonly nodes: number; readonly pods: number; readonly pendingPods: number }
  readonly pricing: {
    readonly pricedNodes: number
    readonly pricableNodes: number
    readonly unpriced: readonly { readonly why: string; readonly nodes: number }[]
  }
  readonly current: { readonly nodes: readonly JsonRow[] } & JsonRow
  readonly nodeGroups: readonly JsonRow[]
  readonly scenarios: readonly JsonRow[]
  readonly recommended: {
    readonly id: string
    readonly monthlySavingUsd: number | null
    readonly nodes: readonly (JsonRow & { readonly pods: readonly string[] })[]
  } & JsonRow
  readonly workloads: readonly JsonRow[]
  readonly maxPods: readonly JsonRow[]
  readonly blockers: readonly JsonRow[]
  readonly frontier: { readonly points: readonly JsonRow[] }
  readonly warnings: readonly {
    readonly code: string
    readonly message: string
    readonly count: number
    readonly subjects: readonly string[]
  }[]
}
export type PlanObject = {
  readonly metadata: { readonly name: string }
  readonly status: { readonly allocatable: Readonly<Record<string, string>> }
}

export type WrittenReport = {
  /** File name to text. */
  readonly texts: ReadonlyMap<string, string>
  readonly rows: Readonly<Record<TableName, Rows>>
  readonly json: ReportJson
  readonly planObjects: readonly PlanObject[]
  readonly scenario: (id: string) => Readonly<Record<string, string>>
}

/** A report as its files say it, read without any of the program's own readers. */
export function readReport(folder: string): WrittenReport {
  const texts = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
  const textOf = (name: string): string => {
    const text = texts.get(name)
    if (text === undefined) throw new Error(`${folder} has no ${name}, only ${[...texts.keys()].join(', ')}`)
    return text
  }
  const rowsOf = (name: TableName): Rows => parseRows(textOf(name))
  const rows = {
    'nodes.csv': rowsOf('nodes.csv'),
    'node-groups.csv': rowsOf('node-groups.csv'),
    'workloads.csv': rowsOf('workloads.csv'),
    'max-pods.csv': rowsOf('max-pods.csv'),
    'scenarios.csv': rowsOf('scenarios.csv'),
    'plan-nodes.csv': rowsOf('plan-nodes.csv'),
    'blockers.csv': rowsOf('blockers.csv'),
    'frontier.csv': rowsOf('frontier.csv'),
    'placements.csv': rowsOf('placements.csv'),
  }
  return {
    texts,
    rows,
    json: JSON.parse(textOf('report.json')) as ReportJson,
    planObjects: (JSON.parse(textOf('plan-nodes.json')) as { items: PlanObject[] }).items,
    scenario: (id) => rows['scenarios.csv'].find((row) => row['scenario'] === id) ?? {},
  }
}

/** What is missing from a report, or stands in it and never may; empty for a complete one. */
export function incomplete({ texts, rows, json }: WrittenReport): string[] {
  const names = [...texts.keys()].sort()
  const flaws = names.join() === FILES.join() ? [] : [`files: ${names.join(', ')}`]
  for (const [name, text] of texts) {
    const word = /\bNaN\b|\bundefined\b|\[object |\bInfinity\b/.exec(text)
    if (word !== null)
      flaws.push(`${name} has ${word[0]}: ${text.slice(Math.max(0, word.index - 60), word.index + 20)}`)
    if (!text.endsWith('\n') || text.includes('\r')) flaws.push(`${name} has other line ends than LF`)
  }
  for (const name of TABLE_NAMES) {
    const [header = []] = parseCsv(texts.get(name) ?? '')
    const promised = Object.keys(TABLES[name])
    if (header.join() !== promised.join()) flaws.push(`${name} has the columns ${header.join()}`)
  }
  const ids = rows['scenarios.csv'].map((row) => row['scenario'])
  for (const id of SCENARIO_IDS) if (!ids.includes(id)) flaws.push(`scenarios.csv has no ${id}`)
  for (const row of rows['scenarios.csv'])
    if (row['nodes'] === '' && row['notes'] === '') flaws.push(`${row['scenario']} neither applies nor says why`)
  if (json.schemaVersion !== 1) flaws.push(`schemaVersion ${json.schemaVersion}`)
  return [...flaws, ...guessedPrices(rows)]
}

/** A node without a price has an empty cell and the reason; never 0, and no source without a price. */
function guessedPrices(rows: WrittenReport['rows']): string[] {
  return (['nodes.csv', 'plan-nodes.csv'] as const).flatMap((name) =>
    rows[name].flatMap((row) => {
      const { hourly_usd: price = '', price_source: source = '' } = row
      const fits = price === '' ? /^unpriced: ./.test(source) : Number(price) > 0 && !/^(unpriced|$)/.test(source)
      return fits ? [] : [`${name}: ${row['node']} costs ${JSON.stringify(price)} by "${source}"`]
    }),
  )
}
