import type { Packing } from './packing.js'
import { makeSifted } from './sifted.js'

/** What one bin of a type holds: `counts[i]` items of class `classes[i]`, classes ascending. */
export type Filling = {
  readonly type: number
  readonly classes: Int32Array
  readonly counts: Int32Array
}

/** Packs one bin at a time so that it holds as much value as possible. */
export type Filler = {
  /**
   * Fills a bin of type `t` with items of the first `length` classes of `active`, at most `allowed[c]` of class c.
   * Undefined when nothing of value fits. A heuristic: only `bound` says how much more there could be.
   */
  readonly fill: (
    t: number,
    value: Float64Array,
    active: Int32Array,
    length: number,
    allowed: Int32Array,
  ) => Filling | undefined
  /** Value of the last filling. */
  readonly value: () => number
  /** An upper bound on what a bin of type `t` can hold of the same, however it is filled. */
  readonly relax: (t: number, value: Float64Array, active: Int32Array, length: number, allowed: Int32Array) => number
  /** The upper bound for what `fill` was last asked. */
  readonly bound: () => number
}

const SWAPS = 4
/** With more pairs of kinds to exchange only some of them are looked at, each time others. */
const SWAP_PAIRS = 3000

export function makeFiller(packing: Packing): Filler {
  const { resources, classes, types, size, capacity, share, room, most, group } = packing
  const relaxation = makeSifted(resources, classes, types)
  const bulk = new Float64Array(classes)
  for (let c = 0; c < classes; c++) for (let r = 0; r < resources; r++) bulk[c] = bulk[c]! + share[c * resources + r]!

  // The columns at hand: class, value, share, most, 1 ÷ bulk, and how many of it are in the bin.
  const classAt = new Int32Array(classes)
  const worth = new Float64Array(classes)
  const shareAt = new Float64Array(classes * resources)
  const mostAt = new Float64Array(classes)
  const weight = new Float64Array(classes)
  const count = new Int32Array(classes)
  const density = new Float64Array(classes)
  const open = new Int32Array(classes)
  const left = new Float64Array(resources)
  const without = new Float64Array(resources)
  const roomiest = new Float64Array(resources)
  const taken = new Uint8Array(group.reduce((most, each) => Math.max(most, each), -1) + 1)
  let columns = 0
  let total = 0
  let bound = 0
  let fills = 0

  const fitsInto = (space: Float64Array, c: number): boolean => {
    for (let r = 0, at = c * resources; r < resources; r++) if (size[at + r]! > space[r]!) return false
    return true
  }
  const fits = (c: number): boolean => fitsInto(left, c) && (group[c]! < 0 || taken[group[c]!] === 0)
  const put = (j: number, n: number): void => {
    const c = classAt[j]!
    for (let r = 0, at = c * resources; r < resources; r++) left[r] = left[r]! - n * size[at + r]!
    count[j] = count[j]! + n
    total += n * worth[j]!
    if (group[c]! >= 0) taken[group[c]!] = n > 0 ? 1 : 0
  }

  function gather(t: number, value: Float64Array, active: Int32Array, length: number, allowed: Int32Array): void {
    columns = 0
    for (let i = 0; i < length; i++) {
      const c = active[i]!
      const limit = Math.min(most[t * classes + c]!, allowed[c]!)
      if (limit <= 0 || !(value[c]! > 0)) continue
      classAt[columns] = c
      worth[columns] = value[c]!
      mostAt[columns] = limit
      weight[columns] = 1 / (bulk[c]! + 1e-9)
      for (let r = 0; r < resources; r++) shareAt[columns * resources + r] = share[c * resources + r]!
      columns++
    }
  }

  /** The whole parts of the relaxation, as far as they fit in whole numbers. */
  function takeWholeParts(t: number): void {
    total = 0
    taken.fill(0)
    for (let r = 0; r < resources; r++) left[r] = capacity[t * resources + r]!
    for (let j = 0; j < columns; j++) {
      count[j] = 0
      let n = Math.floor(relaxation.x[j]! + 1e-9)
      if (n === 0) continue
      const c = classAt[j]!
      for (let r = 0; r < resources; r++) {
        const need = size[c * resources + r]!
        if (need > 0) n = Math.min(n, Math.floor(left[r]! / need))
      }
      if (n > 0 && fits(c)) put(j, n)
    }
  }

  /** How many of column j still fit. It is not full, and one fits. */
  const howMany = (j: number): number => {
    const c = classAt[j]!
    if (group[c]! >= 0) return 1
    let n = mostAt[j]! - count[j]!
    for (let r = 0; r < resources; r++) {
      const need = size[c * resources + r]!
      if (need > 0) n = Math.min(n, Math.floor(left[r]! / need))
    }
    return n
  }

  /** Adds whole items while any fits, the ones that are worth most for what they take of the scarce resources first. */
  function fillUp(): void {
    let length = 0
    for (let j = 0; j < columns; j++) {
      if (count[j]! >= mostAt[j]! || !fits(classAt[j]!)) continue
      let price = 1e-6 / weight[j]!
      for (let r = 0; r < resources; r++) price += relaxation.price[r]! * shareAt[j * resources + r]!
      density[j] = worth[j]! / price
      open[length++] = j
    }
    while (length > 0) {
      let best = -1
      let kept = 0
      for (let i = 0; i < length; i++) {
        const j = open[i]!
        if (count[j]! >= mostAt[j]! || !fits(classAt[j]!)) continue
        open[kept++] = j
        if (best < 0 || density[j]! > density[best]!) best = j
      }
      length = kept
      if (best >= 0) put(best, howMany(best))
    }
  }

  /** Exchanges one item for a more valuable one, the best exchange first. */
  function swap(): void {
    let kinds = 0
    for (let j = 0; j < columns; j++) if (count[j]! > 0) kinds++
    const stride = Math.ceil((kinds * columns) / SWAP_PAIRS)
    const start = stride > 1 ? fills++ % stride : 0
    for (let round = 0; round < SWAPS; round++) {
      let gain = 1e-9 * total
      let out = -1
      let into = -1
      const candidates = comingIn(start, stride, gain)
      for (let a = 0; candidates > 0 && a < columns; a++) {
        if (count[a]! === 0) continue
        const own = classAt[a]!
        for (let r = 0; r < resources; r++) without[r] = left[r]! + size[own * resources + r]!
        for (let i = 0; i < candidates; i++) {
          const b = open[i]!
          const other = classAt[b]!
          if (worth[b]! - worth[a]! <= gain || b === a || !fitsInto(without, other)) continue
          if (group[other]! >= 0 && taken[group[other]!] === 1 && group[other] !== group[own]) continue
          gain = worth[b]! - worth[a]!
          out = a
          into = b
        }
      }
      if (out < 0) return
      put(out, -1)
      put(into, 1)
      fillUp()
    }
  }

  /** Columns of which one more could come into the bin for any one item: the first so many of `open`. */
  function comingIn(start: number, stride: number, gain: number): number {
    let least = Infinity
    roomiest.fill(0)
    for (let j = 0; j < columns; j++) {
      if (count[j]! === 0) continue
      if (worth[j]! < least) least = worth[j]!
      for (let r = 0, at = classAt[j]! * resources; r < resources; r++)
        if (size[at + r]! > roomiest[r]!) roomiest[r] = size[at + r]!
    }
    for (let r = 0; r < resources; r++) roomiest[r] = roomiest[r]! + left[r]!
    let length = 0
    for (let j = start; j < columns; j += stride) {
      if (worth[j]! - least <= gain || count[j]! >= mostAt[j]!) continue
      let r = 0
      for (const at = classAt[j]! * resources; r < resources; r++) if (size[at + r]! > roomiest[r]!) break
      if (r === resources) open[length++] = j
    }
    return length
  }

  const relax: Filler['relax'] = (t, value, active, length, allowed) => {
    gather(t, value, active, length, allowed)
    const at = t * resources
    bound =
      columns === 0
        ? 0
        : relaxation.solve(t, columns, worth, shareAt, mostAt, room.subarray(at, at + resources), weight)
    return bound
  }

  const fill: Filler['fill'] = (t, value, active, length, allowed) => {
    total = 0
    if (relax(t, value, active, length, allowed) === 0) return undefined
    takeWholeParts(t)
    fillUp()
    swap()
    let kinds = 0
    for (let j = 0; j < columns; j++) if (count[j]! > 0) kinds++
    if (kinds === 0) return undefined
    const filling: Filling = { type: t, classes: new Int32Array(kinds), counts: new Int32Array(kinds) }
    for (let j = 0, k = 0; j < columns; j++) {
      if (count[j]! === 0) continue
      filling.classes[k] = classAt[j]!
      filling.counts[k++] = count[j]!
    }
    return filling
  }

  return { fill, value: () => total, relax, bound: () => bound }
}
