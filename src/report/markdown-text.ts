import type { TypeCount } from './columns.js'
import type { Figure } from './figures.js'

/** Stands for a figure that is not known. */
export const UNKNOWN = '–'

/** Long cells are cut, so that a table stays readable; the CSV has all of it. */
const CELL_LIMIT = 200
/** Wider cells are not padded: one long cell would push the whole table apart in a terminal. */
const PAD_LIMIT = 44

// Control characters could drive the terminal; direction marks could make a name look like another one.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g
const WORD_EDGE_UNDERSCORE = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu

/**
 * Text from outside as Markdown that shows exactly this text: no markup, no HTML, no column or line break of its own. A
 * dollar sign in front of a digit stays, as it opens no formula.
 */
export const escape = (text: string): string =>
  text
    .replace(INVISIBLE, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*|[\]~]/g, '\\$&')
    .replace(/\$(?!\d)/g, '\\$&')
    .replace(WORD_EDGE_UNDERSCORE, '\\_')

/** A list item; what would start a block of its own at the start of a line is escaped too. */
export const bullet = (text: string): string =>
  `- ${escape(text.trim())
    .replace(/^[-+=#]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2')}`

export type Heading = { readonly title: string; readonly align: 'left' | 'right' }
export const left = (title: string): Heading => ({ title, align: 'left' })
export const right = (title: string): Heading => ({ title, align: 'right' })
export type TableCell = string | Figure | boolean | undefined

/** A GitHub table whose columns also line up in a terminal. Every cell is escaped here, headings are ours. */
export function table(headings: readonly Heading[], rows: readonly (readonly TableCell[])[]): string[] {
  const cells = rows.map((row) => headings.map((_, column) => escape(cutAt(cellText(row[column]), CELL_LIMIT))))
  const widths = headings.map(({ title }, column) =>
    column === headings.length - 1
      ? title.length
      : Math.min(PAD_LIMIT, Math.max(3, title.length, ...cells.map((row) => width(row[column])))),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => pad(cell, widths[column] ?? 0, headings[column]?.align ?? 'left')).join(' | ')} |`
  const rule = headings.map(({ align }, column) => {
    const dashes = '-'.repeat(Math.max(3, widths[column] ?? 0) - (align === 'right' ? 1 : 0))
    return align === 'right' ? `${dashes}:` : dashes
  })
  return [line(headings.map(({ title }) => title)), `| ${rule.join(' | ')} |`, ...cells.map(line)]
}

function cellText(cell: TableCell): string {
  if (cell === undefined || cell === '') return UNKNOWN
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return typeof cell === 'string' ? cell : cell.short
}

const cutAt = (text: string, limit: number): string => {
  const characters = [...text]
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`
}

const width = (text: string | undefined): number => [...(text ?? '')].length

const pad = (text: string, to: number, align: 'left' | 'right'): string => {
  const space = ' '.repeat(Math.max(0, to - width(text)))
  return align === 'right' ? space + text : text + space
}

/** `12 nodes`, `1 node`. */
export const plural = (figure: Figure, word: string): string =>
  `${figure.short} ${word}${figure.exact === '1' ? '' : 's'}`

/** `3 × m6a.4xlarge, 2 × c7g.2xlarge`. */
export const typeList = (types: readonly TypeCount[]): string | undefined =>
  types.length === 0 ? undefined : types.map(({ instanceType, count }) => `${count} × ${instanceType}`).join(', ')

/** The files of this report: what it may point to. */
export type Written = ReadonlySet<string>

/** Says how many rows a cut table leaves out, and where they are, if they are anywhere. */
export const leftOut = (count: number, file: string, written: Written): string[] =>
  count <= 0
    ? []
    : [
        '',
        written.has(file)
          ? `${count} more in ${file}.`
          : `${count} more; --format ${formatOf(file)} writes them to ${file}.`,
      ]

const formatOf = (file: string): string => file.slice(file.lastIndexOf('.') + 1)

/** A section with its heading; nothing where there is nothing to say. */
export const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines]
