import { stringify } from 'csv-stringify/sync'
import { disarmed } from '../domain/formula-text.js'
import type { Cell, Columns, Row, TypeCount } from './columns.js'
import type { Figure } from './figures.js'

/**
 * A table as CSV: RFC 4180 quoting, LF line ends, a header row. Text that a spreadsheet would run as a formula gets an
 * apostrophe in front; numbers never do.
 */
export function csv<Of extends Columns>(columns: Of, rows: readonly Row<Of>[]): string {
  const names = Object.keys(columns)
  const records = rows.map((row) => names.map((name) => field(columns[name], row[name])))
  return stringify(records, {
    columns: names,
    header: true,
    record_delimiter: '\n',
    quote_record_delimiter: true,
  })
}

function field(kind: Columns[string] | undefined, cell: Cell | undefined): string {
  if (cell === undefined || kind === undefined) return ''
  switch (kind) {
    case 'text':
      return disarmed(cell as string)
    case 'figure':
      return (cell as Figure).exact
    case 'flag':
      return String(cell)
    case 'list':
      return disarmed((cell as readonly string[]).join(' '))
    case 'figures':
      return (cell as readonly Figure[]).map(({ exact }) => exact).join(' ')
    case 'sentences':
      return disarmed((cell as readonly string[]).join('; '))
    case 'types':
      return disarmed(
        (cell as readonly TypeCount[]).map(({ instanceType, count }) => `${instanceType}x${count}`).join(' '),
      )
    default:
      return kind satisfies never
  }
}
