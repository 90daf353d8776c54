/** RFC 4180, written from the text of the RFC and not from our formatter: rows of fields; a line ends in LF. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    let field = ''
    if (text[at] === '"') {
      at++
      for (;;) {
        if (at >= text.length) throw new Error('a quote is never closed')
        if (text[at] !== '"') field += text[at++]
        else if (text[at + 1] === '"') {
          field += '"'
          at += 2
        } else break
      }
      at++
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\n') {
        if (text[at] === '"' || text[at] === '\r') throw new Error(`bare ${JSON.stringify(text[at])} at ${at}`)
        field += text[at++]
      }
    }
    row.push(field)
    const end = text[at++]
    if (end === '\n') {
      rows.push(row)
      row = []
    } else if (end !== ',') throw new Error(`a field ends in ${JSON.stringify(end)}`)
    else if (at === text.length) throw new Error('the last line does not end')
  }
  return rows
}

/** Rows as objects by column name. */
export function parseRows(text: string): Record<string, string>[] {
  const [header = [], ...rows] = parseCsv(text)
  return rows.map((row) => {
    if (row.length !== header.length) throw new Error(`${row.length} fields under ${header.length} columns`)
    return Object.fromEntries(header.map((name, index) => [name, row[index] ?? '']))
  })
}

/** Sum of a money column in whole micro-dollars; empty cells are not known and not in it. */
export const sumMicroUsd = (rows: readonly Record<string, string>[], column: string): number =>
  rows.reduce((sum, row) => sum + microUsd(row[column] ?? ''), 0)

/** Decimal dollars to micro-dollars, by moving the point. */
export function microUsd(text: string): number {
  if (text === '') return 0
  const match = /^(-?)(\d+)\.(\d{2,6})$/.exec(text)
  if (match === null) throw new Error(`${text} is no amount with 2 to 6 decimals`)
  const [, sign, whole = '', decimals = ''] = match
  const amount = Number(whole + decimals.padEnd(6, '0'))
  return sign === '-' ? -amount : amount
}
