import { packBits } from './allow-lists.js'
import type { Packing } from './packing.js'

/** Classes that are valued alike, and the types that each group may use: `admits[group * types + t]`. */
export type Groups = { readonly count: number; readonly groupOf: Int32Array; readonly admits: Uint8Array }

type Pattern = {
  readonly row: Uint8Array
  readonly list: number
  readonly fits: number
  classes: number[]
  bulk: number
}

/**
 * Groups of classes that fit the same types, for their size and for their rules; not more than `most`, where it can be
 * done without joining different lists of allowed types. Too many are joined with what is nearest: the same list, and
 * nearly as many types; the group then counts as what most of it is.
 */
export function groupClasses({ types, classes, resources, share, demand, most, list }: Packing, limit: number): Groups {
  const patterns = new Map<string, Pattern>()
  for (let c = 0; c < classes; c++) {
    const row = new Uint8Array(types)
    let fits = 0
    for (let t = 0; t < types; t++)
      if (most[t * classes + c]! > 0) {
        row[t] = 1
        fits++
      }
    let bulk = 0
    for (let r = 0; r < resources; r++) bulk += demand[c]! * share[c * resources + r]!
    const key = `${list[c]!};${packBits(row)}`
    const known = patterns.get(key)
    if (known === undefined) patterns.set(key, { row, list: list[c]!, fits, classes: [c], bulk })
    else {
      known.classes.push(c)
      known.bulk += bulk
    }
  }
  const groups = joinNearest([...patterns.values()], limit)
  const groupOf = new Int32Array(classes)
  const admits = new Uint8Array(groups.length * types)
  for (const [g, group] of groups.entries()) {
    for (const c of group.classes) groupOf[c] = g
    admits.set(group.row, g * types)
  }
  return { count: groups.length, groupOf, admits }
}

/** Joins the smallest group with its nearest neighbour until there are few enough. */
function joinNearest(patterns: Pattern[], limit: number): Pattern[] {
  const groups = patterns.sort((a, b) => a.list - b.list || a.fits - b.fits || a.classes[0]! - b.classes[0]!)
  while (groups.length > limit) {
    let at = -1
    let least = Infinity
    for (let k = 0; k + 1 < groups.length; k++) {
      const [a, b] = [groups[k]!, groups[k + 1]!]
      const joined = Math.min(a.bulk, b.bulk)
      if (a.list === b.list && joined < least) {
        least = joined
        at = k
      }
    }
    if (at < 0) return groups
    const [a, b] = [groups[at]!, groups[at + 1]!]
    const large = a.bulk > b.bulk ? a : b
    groups.splice(at, 2, { ...large, classes: [...a.classes, ...b.classes], bulk: a.bulk + b.bulk })
  }
  return groups
}
