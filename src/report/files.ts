import type { Analysis } from '../domain/recommendation.js'
import * as table from './columns.js'
import { csv } from './csv.js'
import { reportJson } from './json.js'
import { headline } from './markdown-headline.js'
import { markdown } from './markdown.js'
import { planNodesJson } from './plan-nodes-json.js'
import { viewOf, type View } from './view.js'

/** The formats that exist; `json` gives report.json and plan-nodes.json. */
export type ReportFormat = 'md' | 'csv' | 'json'
export const REPORT_FORMATS: readonly ReportFormat[] = ['md', 'csv', 'json']

/** File names and their texts, in one order whatever the order of `formats`, and the sentence that report.md opens with. */
export type Report = { readonly files: ReadonlyMap<string, string>; readonly headline: string }

export function reportOf(analysis: Analysis, formats: Iterable<ReportFormat>): Report {
  const wanted = new Set(formats)
  const view = viewOf(analysis)
  const files = new Map<string, string>()
  if (wanted.has('csv')) for (const [name, text] of csvFiles(view)) files.set(name, text)
  if (wanted.has('json')) {
    files.set('report.json', reportJson(view))
    files.set('plan-nodes.json', planNodesJson(view.plan?.objects ?? []))
  }
  if (wanted.has('md')) files.set('report.md', markdown(view, new Set(files.keys())))
  return { files, headline: headline(view) }
}

const csvFiles = (view: View): [string, string][] => [
  ['nodes.csv', csv(table.NODES, view.nodes)],
  [
    'node-groups.csv',
    csv(
      table.NODE_GROUPS,
      view.groups.map(({ row }) => row),
    ),
  ],
  [
    'workloads.csv',
    csv(
      table.WORKLOADS,
      view.workloads.map(({ row }) => row),
    ),
  ],
  ['max-pods.csv', csv(table.MAX_PODS, view.maxPods)],
  [
    'scenarios.csv',
    csv(
      table.SCENARIOS,
      view.scenarios.map(({ row }) => row),
    ),
  ],
  ['frontier.csv', csv(table.FRONTIER, view.frontier?.rows ?? [])],
  ['plan-nodes.csv', csv(table.PLAN_NODES, view.plan?.nodes.map(({ row }) => row) ?? [])],
  ['blockers.csv', csv(table.BLOCKERS, view.blockers?.rows ?? [])],
  ['placements.csv', csv(table.PLACEMENTS, view.plan?.placements ?? [])],
]
