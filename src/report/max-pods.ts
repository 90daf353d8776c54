import type { MaxPods } from '../domain/recommendation.js'
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
      return aligned(rows)
    default:
      return format satisfies never
  }
}

/** Columns under their names, as kubectl prints them; a dash stands for what does not exist or is not known. */
function aligned(rows: readonly MaxPodsRow[]): string {
  const names = Object.keys(MAX_PODS) as (keyof MaxPodsRow)[]
  const lines = [names, ...rows.map((row) => names.map((name) => word(row[name])))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}

function word(cell: MaxPodsRow[keyof MaxPodsRow]): string {
  if (cell === undefined) return '-'
  if (typeof cell === 'string') return cell
  return 'exact' in cell ? cell.exact : cell.map(({ exact }) => exact).join(' ') || '-'
}
