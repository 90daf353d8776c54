import type { MaxPods } from '../domain/recommendation.js'
import { aligned } from './aligned.js'
import { MAX_PODS, type MaxPodsRow } from './columns.js'
import { csv } from './csv.js'
import { fields } from './json.js'
import { maxPodsRows } from './view-workloads.js'

/** The answer of the command `max-pods`: the columns of max-pods.csv, as aligned text, CSV or a JSON array. */
export function maxPodsText(all: readonly MaxPods[], format: 'table' | 'csv' | 'json'): string {
  const rows = maxPodsRows(all)
  switch (format) {
    case 'csv':
      return csv(MAX_PODS, rows)
    case 'json':
      return `${JSON.stringify(
        rows.map((row) => fields(MAX_PODS, row)),
        null,
        2,
      )}\n`
    case 'table':
      return `${linesOf(rows).join('\n')}\n`
    default:
      return format satisfies never
  }
}

/** The columns under their names; a dash stands for what does not exist or is not known. */
function linesOf(rows: readonly MaxPodsRow[]): string[] {
  const names = Object.keys(MAX_PODS) as (keyof MaxPodsRow)[]
  return aligned([names, ...rows.map((row) => names.map((name) => word(row[name])))])
}

function word(cell: MaxPodsRow[keyof MaxPodsRow]): string {
  if (cell === undefined) return '-'
  if (typeof cell === 'string') return cell
  return 'exact' in cell ? cell.exact : cell.map(({ exact }) => exact).join(' ') || '-'
}
