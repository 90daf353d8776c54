import { stringify } from 'csv-stringify/sync'
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
    escape_formulas: true,
    cast: { object: ({ exact }) => unescaped(String(exact)) },
  })
}

/**
 * The formatter takes a text with a leading minus for a formula. A negative figure therefore goes through it as an
 * object, and `cast` switches the escape off for that one cell. (As a number it would lose its trailing zeros.)
 */
const unescaped = (value: string): { value: string } => {
  const plain = { value, escape_formulas: false }
  return plain
}

function field(kind: Columns[string] | undefined, cell: Cell | undefined): string | Figure {
  if (cell === undefined || kind === undefined) return ''
  switch (kind) {
    case 'text':
      return cell as string
    case 'figure': {
      const figure = cell as Figure
      return figure.exact.startsWith('-') ? figure : figure.exact
    }
    case 'flag':
      return String(cell)
    case 'list':
      return (cell as readonly string[]).join(' ')
    case 'figures':
      return (cell as readonly Figure[]).map(({ exact }) => exact).join(' ')
    case 'sentences':
      return (cell as readonly string[]).join('; ')
    case 'types':
      return (cell as readonly TypeCount[]).map(({ instanceType, count }) => `${instanceType}x${count}`).join(' ')
    default:
      return kind satisfies never
  }
}
