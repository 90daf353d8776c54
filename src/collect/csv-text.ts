/** A record of a CSV file with the number of the line that it begins on, from 1. */
export type CsvRecord = { readonly line: number; readonly fields: readonly string[] }

/** Where and why a text is no CSV. */
export type CsvFlaw = { readonly line: number; readonly problem: string }

export type CsvResult =
  | { readonly kind: 'read'; readonly records: readonly CsvRecord[] }
  | { readonly kind: 'flawed'; readonly flaw: CsvFlaw }

const CUT_OFF = 'the text ends too early: the file was cut off'

/**
 * Records of an RFC 4180 text, LF or CRLF. Every record must end with its line: a file that was cut off in the middle of
 * one is told from a whole one by that.
 */
export function readCsv(text: string): CsvResult {
  const records: CsvRecord[] = []
  let at = 0
  let line = 1
  const flawed = (problem: string): CsvResult => ({ kind: 'flawed', flaw: { line, problem } })

  while (at < text.length) {
    const fields: string[] = []
    const begin = line
    for (let open = true; open;) {
      let field = ''
      if (text[at] === '"') {
        const end = closingQuote(text, at + 1)
        if (end < 0) return flawed(CUT_OFF)
        field = text.slice(at + 1, end).replaceAll('""', '"')
        line += field.split('\n').length - 1
        at = end + 1
      } else {
        const end = endOfField(text, at)
        field = text.slice(at, end)
        if (field.includes('"')) return flawed('a quote stands in the middle of a field')
        at = end
      }
      fields.push(field)
      if (at >= text.length) return flawed(CUT_OFF)
      if (text.startsWith('\r\n', at)) at += 1
      if (text[at] !== ',' && text[at] !== '\n') return flawed('text follows a closing quote')
      open = text[at] === ','
      at += 1
    }
    line += 1
    records.push({ line: begin, fields })
  }
  return { kind: 'read', records }
}

/** Two quotes in a row stand for one. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}

function endOfField(text: string, from: number): number {
  const ends = [text.indexOf(',', from), text.indexOf('\n', from)].filter((at) => at >= 0)
  const end = ends.length === 0 ? text.length : Math.min(...ends)
  return text[end] === '\n' && text[end - 1] === '\r' && end > from ? end - 1 : end
}
