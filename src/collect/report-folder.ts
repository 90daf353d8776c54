import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rearmed } from '../domain/formula-text.js'
import type { NodeObject } from '../domain/snapshot.js'
import { FailureError } from '../failure.js'
import { readCsv, type CsvRecord } from './csv-text.js'
import { list, object, text, type Json } from './fields.js'
import { readNode } from './read-kinds.js'

/** A row of placements.csv. */
export type PlacementLine = {
  /** `namespace/name` of the pod. */
  readonly pod: string
  /** Empty: the plan leaves the pod without a node. */
  readonly node: string
  /** Its line in the file, from 1. */
  readonly line: number
}

/** The plan of a report, as its files say it: nothing in it has been compared with a cluster yet. */
export type ReportFolder = {
  readonly folder: string
  readonly nodes: readonly NodeObject[]
  readonly placements: readonly PlacementLine[]
}

const NODES = 'plan-nodes.json'
const PLACEMENTS = 'placements.csv'
const HOW = 'Write the report again with k8s-cost analyze (formats csv and json).'

const bad = (file: string, problem: string, fix: string = HOW, cause?: unknown): FailureError =>
  new FailureError({ kind: 'bad-input', file, problem, fix }, { cause })

/** Reads the two files that say what a report's plan is. Fails with `bad-input` where one of them is absent or damaged. */
export async function readReportFolder(folder: string): Promise<ReportFolder> {
  const [nodesText, placementsText] = [await textOf(folder, NODES), await textOf(folder, PLACEMENTS)]
  const nodes = nodesOf(join(folder, NODES), nodesText)
  if (nodes.length === 0)
    throw bad(
      join(folder, NODES),
      'lists no nodes: the report holds no plan',
      'Its report.md says why; without prices there is nothing to plan.',
    )
  return { folder, nodes, placements: placementsOf(join(folder, PLACEMENTS), placementsText) }
}

async function textOf(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw bad(join(folder, name), `cannot be read (${code ?? message})`)
    throw bad(folder, `is no folder of a report: it has no ${name}`, `Name the folder that holds it. ${HOW}`, error)
  }
}

function nodesOf(file: string, contents: string): NodeObject[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(contents)
  } catch (error) {
    const problem = (error as Error).message.split('\n')[0] ?? ''
    throw bad(file, `is cut off or no JSON (${problem})`, HOW, error)
  }
  const document = object(parsed)
  if (!Array.isArray(document['items'])) throw bad(file, 'is no v1 List of Node objects')
  return list(document['items']).map((item, index) => nodeOf(file, object(item), index))
}

function nodeOf(file: string, item: Json, index: number): NodeObject {
  const name = text(object(item['metadata'])['name'])
  if (item['kind'] !== 'Node' || name === '') throw bad(file, `item ${index + 1} is no Node with a name`)
  return readNode(item)
}

const COLUMNS = ['namespace', 'pod', 'node'] as const

function placementsOf(file: string, contents: string): PlacementLine[] {
  const result = readCsv(contents)
  if (result.kind === 'flawed') throw bad(file, `line ${result.flaw.line}: ${result.flaw.problem}`)
  const [header, ...records] = result.records
  if (header === undefined) throw bad(file, 'is empty')
  const at = COLUMNS.map((name) => header.fields.indexOf(name))
  const absent = COLUMNS.filter((_, index) => at[index] === -1)
  if (absent.length > 0) throw bad(file, `has no column ${absent.join(' and no column ')}`)
  return records.map((record) => placementOf(file, record, header.fields.length, at))
}

function placementOf(file: string, { line, fields }: CsvRecord, width: number, at: readonly number[]): PlacementLine {
  if (fields.length !== width) throw bad(file, `line ${line}: has ${fields.length} fields, the header has ${width}`)
  const [namespace = '', pod = '', node = ''] = at.map((column) => rearmed(fields[column] ?? ''))
  if (namespace === '' || pod === '') throw bad(file, `line ${line}: names no pod`)
  return { pod: `${namespace}/${pod}`, node, line }
}
