import { aligned } from './aligned.js'
import type { Columns, Row } from './columns.js'
import { csv } from './csv.js'
import { fields } from './json.js'

/** A rule that a written plan breaks, or that its pod breaks today already (`inherited`). */
export type FoundFault = {
  /** `namespace/name`, or empty for a rule about a whole node. */
  readonly pod: string
  /** Empty for a pod without a node. */
  readonly node: string
  /** The scheduler's plugin, or what a plan promises beyond its rules. */
  readonly rule: string
  readonly detail: string
  readonly inherited: boolean
}

export type PlanCheck = {
  /** Rows of placements.csv and nodes of plan-nodes.json. */
  readonly pods: number
  readonly nodes: number
  readonly violations: number
  readonly inherited: number
  readonly found: readonly FoundFault[]
}

const FAULTS = {
  pod: 'text',
  node: 'text',
  rule: 'text',
  inherited: 'flag',
  detail: 'text',
} as const satisfies Columns

const rowOf = ({ pod, node, ...rest }: FoundFault): Row<typeof FAULTS> => ({
  ...rest,
  pod: pod || undefined,
  node: node || undefined,
})

/** The answer of `verify`: a line for each fault by node, pod and rule, and a last one with the totals (not in CSV). */
export function checkText(check: PlanCheck, format: 'table' | 'csv' | 'json'): string {
  const { found, ...totals } = check
  const rows = sorted(found).map(rowOf)
  switch (format) {
    case 'csv':
      return csv(FAULTS, rows)
    case 'json':
      return `${JSON.stringify({ ...totals, found: rows.map((row) => fields(FAULTS, row)) }, null, 2)}\n`
    case 'table':
      return `${[...(rows.length === 0 ? [] : table(rows)), total(check)].join('\n')}\n`
    default:
      return format satisfies never
  }
}

function table(rows: readonly Row<typeof FAULTS>[]): string[] {
  return aligned([
    ['POD', 'NODE', 'RULE', 'DETAIL'],
    ...rows.map(({ pod = '-', node = '-', rule = '-', detail = '-', inherited }) => [
      pod,
      node,
      rule,
      inherited === true ? `${detail} (so today: not the plan's doing)` : detail,
    ]),
  ])
}

const total = ({ pods, nodes, violations, inherited }: PlanCheck): string =>
  `${pods} pods on ${nodes} nodes: ${violations} violation${violations === 1 ? '' : 's'}${
    inherited === 0 ? '' : `, and ${inherited} that the cluster has today, where the plan leaves pods as they are`
  }`

function sorted(found: readonly FoundFault[]): FoundFault[] {
  const key = ({ node, pod, rule, detail }: FoundFault): string => JSON.stringify([node, pod, rule, detail])
  return found
    .map((fault) => ({ fault, key: key(fault) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ fault }) => fault)
}
