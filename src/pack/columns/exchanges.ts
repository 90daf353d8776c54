import type { Filling } from './filler.js'
import type { Packing } from './packing.js'

/** An item of class `by` may take the place of one of class `of` in whatever bin that is. */
export type Exchange = { readonly of: number; readonly by: number }

/** Bins with the same filling. */
type Bins = { readonly filling: Filling; n: number }

/** Less of a bin than this is an error of rounding. */
const NOTHING = 1e-9

/**
 * Where the place of a larger item may always go to a smaller one, the smaller one is worth no more: inequalities that some
 * best prices keep (dual-optimal inequalities; Gschwind and Irnich 2016). Only neighbours are named, the others follow from
 * them; what frees a place comes after all that fills it.
 */
export function exchangesIn(packing: Packing): Exchange[] {
  const { classes, resources, size, share, list } = packing
  const bulk = Float64Array.from({ length: classes }, (_, c) =>
    share.subarray(c * resources, (c + 1) * resources).reduce((sum, each) => sum + each, 0),
  )
  const order = [...bulk.keys()].sort((a, b) => bulk[b]! - bulk[a]! || a - b)
  const rank = new Map(order.map((c, at) => [c, at]))
  const isWider = widerLists(packing)
  const isSmaller = (by: number, of: number): boolean => {
    if (rank.get(by)! <= rank.get(of)!) return false
    for (let r = 0; r < resources; r++) if (size[by * resources + r]! > size[of * resources + r]!) return false
    return isWider(list[by]!, list[of]!)
  }
  const byRoom = order.filter((c) => onlyRoomLimits(packing, c))
  return order.flatMap((of) => {
    const smaller = byRoom.filter((by) => isSmaller(by, of))
    return smaller.filter((by) => !smaller.some((between) => isSmaller(by, between))).map((by) => ({ of, by }))
  })
}

/** Nothing but room, and how many there are, limits how many items of a class are in a bin. */
function onlyRoomLimits(packing: Packing, c: number): boolean {
  const { classes, types, resources, size, capacity, demand, most, group, list, admits } = packing
  if (group[c]! >= 0) return false
  for (let t = 0; t < types; t++) {
    if (admits[list[c]! * types + t] === 0) continue
    let fit = demand[c]!
    for (let r = 0; r < resources; r++) {
      const need = size[c * resources + r]!
      if (need > 0) fit = Math.min(fit, Math.floor(capacity[t * resources + r]! / need))
    }
    if (most[t * classes + c]! < fit) return false
  }
  return true
}

/** Whether the one list allows all types that the other does. */
function widerLists({ types, admits }: Packing): (wide: number, narrow: number) => boolean {
  const known = new Map<number, boolean>()
  const lists = admits.length / types
  const includes = (wide: number, narrow: number): boolean => {
    for (let t = 0; t < types; t++) if (admits[narrow * types + t]! > admits[wide * types + t]!) return false
    return true
  }
  return (wide, narrow) => {
    const key = wide * lists + narrow
    const answer = known.get(key) ?? includes(wide, narrow)
    known.set(key, answer)
    return answer
  }
}

/**
 * What fillings become in a mixture with exchanges. `use`: bins of each filling; `amounts`: items of each exchange, the
 * exchanges in the order of `exchangesIn`.
 */
export function exchanged(
  packing: Packing,
  fillings: readonly Filling[],
  use: Float64Array,
  exchanges: readonly Exchange[],
  amounts: Float64Array,
): Filling[] {
  const holding = Array.from({ length: packing.classes }, (): Bins[] => [])
  const enter = (bins: Bins): void => {
    for (const c of bins.filling.classes) holding[c]!.push(bins)
  }
  for (const [at, filling] of fillings.entries()) if (use[at]! > NOTHING) enter({ filling, n: use[at]! })
  const made: Filling[] = []
  for (const [at, { of, by }] of exchanges.entries()) {
    let left = amounts[at]!
    for (const bins of holding[of]!.sort((a, b) => b.n - a.n)) {
      if (left <= NOTHING) break
      const { filling, n } = bins
      if (n <= NOTHING) continue
      const room = packing.most[filling.type * packing.classes + by]! - countOf(filling, by)
      const each = Math.min(countOf(filling, of), room, Math.max(1, Math.floor(left / n + NOTHING)))
      if (each <= 0) continue
      const changed = { filling: withExchanged(filling, { of, by }, each), n: Math.min(n, left / each) }
      bins.n -= changed.n
      left -= changed.n * each
      made.push(changed.filling)
      enter(changed)
    }
  }
  return made
}

const countOf = ({ classes, counts }: Filling, c: number): number => counts[classes.indexOf(c)] ?? 0

function withExchanged({ type, classes, counts }: Filling, { of, by }: Exchange, items: number): Filling {
  const held = new Map(Array.from(classes, (c, at) => [c, counts[at]!]))
  held.set(of, (held.get(of) ?? 0) - items)
  held.set(by, (held.get(by) ?? 0) + items)
  const entries = [...held].filter(([, count]) => count > 0).sort(([a], [b]) => a - b)
  return { type, classes: Int32Array.from(entries, ([c]) => c), counts: Int32Array.from(entries, ([, count]) => count) }
}
