import type { BinClass } from './bin-problem.js'

/** The different lists of allowed types in a problem. Classes share them, and they are long: each is looked at once. */
export type AllowLists = {
  /** List of each class of the problem. */
  readonly listOf: Int32Array
  readonly lists: number
  /** `admits[list * types + t]` is 1 where classes of the list may use the type. */
  readonly admits: Uint8Array
}

export function allowLists(classes: readonly BinClass[], types: number): AllowLists {
  const listOf = new Int32Array(classes.length)
  const seen = new Map<readonly number[] | undefined, number>()
  const byContent = new Map<string, number>()
  const rows: Uint8Array[] = []
  for (const [c, { types: allowed, count }] of classes.entries()) {
    // Nobody asks about a class of which there is nothing.
    if (count <= 0) continue
    let list = seen.get(allowed)
    if (list === undefined) {
      const row = new Uint8Array(types).fill(allowed === undefined ? 1 : 0)
      for (const t of allowed ?? []) if (t < types) row[t] = 1
      const key = packBits(row)
      list = byContent.get(key) ?? rows.length
      if (list === rows.length) rows.push(row)
      byContent.set(key, list)
      seen.set(allowed, list)
    }
    listOf[c] = list
  }
  const admits = new Uint8Array(rows.length * types)
  for (const [list, row] of rows.entries()) admits.set(row, list * types)
  return { listOf, lists: rows.length, admits }
}

/** The same text for the same zeros and ones, 15 to a character. */
export function packBits(row: Uint8Array): string {
  let text = ''
  for (let at = 0; at < row.length; at += 15) {
    let bits = 0
    for (let k = at; k < Math.min(at + 15, row.length); k++) bits = 2 * bits + row[k]!
    text += String.fromCharCode(bits)
  }
  return text
}
