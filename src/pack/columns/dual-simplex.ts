import { AT_LOWER, AT_UPPER, BASIC, PIVOT, type BoundedProgramme, type Tableau } from './tableau.js'

/** Prices below zero by no more than this part of the largest value are rounding errors. */
const GAIN = 1e-9
/** So far beyond its bounds a column still fits. */
const FITS = 1e-9
/** Exchanges after which it is better to begin anew. */
const MOST_EXCHANGES = 12

/** From the basis of another answer to that of this programme, into the tableau; false where it does not get there soon. */
export type DualSimplex = (programme: BoundedProgramme, start: Int32Array) => boolean

/**
 * The dual simplex method. With the same values and sizes, prices that were the best for other limits are still none below
 * zero: every column goes to the bound that suits it, and one by one what is then beyond its bounds makes way for the
 * column that loses least. Columns that lose less, but are not enough, go to their other bound on the way (Maros,
 * Computational Techniques of the Simplex Method, 10.2).
 */
export function makeDualSimplex(rows: number, width: number, tableau: Tableau): DualSimplex {
  const { basis, level, state, inverse, price, invert, reprice, aim, turn } = tableau
  const free = new Float64Array(rows)
  const gains = new Float64Array(width)
  const ratio = new Float64Array(width + rows)
  const reach = new Float64Array(width + rows)

  /** All columns to the bound that suits them at the prices, and what that leaves for those between. */
  function settle({ columns, value, size, most, room }: BoundedProgramme): void {
    for (let r = 0; r < rows; r++) free[r] = room[r]!
    for (let j = 0, at = 0; j < columns; j++, at += rows) {
      if (state[j] === BASIC) continue
      let gain = value[j]!
      for (let r = 0; r < rows; r++) gain -= price[r]! * size[at + r]!
      gains[j] = gain
      state[j] = gain > 0 ? AT_UPPER : AT_LOWER
      if (gain > 0) for (let r = 0; r < rows; r++) free[r] = free[r]! - size[at + r]! * most[j]!
    }
    for (let i = 0; i < rows; i++) {
      let sum = 0
      for (let r = 0; r < rows; r++) sum += inverse[i * rows + r]! * free[r]!
      level[i] = sum
    }
  }

  /** How far the row's column is beyond its bounds. */
  function excess(i: number, { columns, most }: BoundedProgramme): number {
    const upper = basis[i]! < columns ? most[basis[i]!]! : Infinity
    return Math.max(-level[i]!, level[i]! - upper)
  }

  /** What each column would lose for each unit that it brings row `leave`'s one back, and how many units it can. */
  function compare(leave: number, { columns, size, most }: BoundedProgramme): void {
    const sign = level[leave]! < 0 ? -1 : 1
    for (let j = 0, at = 0; j < columns; j++, at += rows) {
      ratio[j] = Infinity
      if (state[j] === BASIC) continue
      let rate = 0
      for (let r = 0; r < rows; r++) rate += inverse[leave * rows + r]! * size[at + r]!
      rate *= state[j] === AT_UPPER ? -sign : sign
      if (rate <= PIVOT) continue
      ratio[j] = Math.abs(gains[j]!) / rate
      reach[j] = rate * most[j]!
    }
    for (let r = 0; r < rows; r++) {
      const rate = sign * inverse[leave * rows + r]!
      const isOpen = state[columns + r] !== BASIC && rate > PIVOT
      ratio[columns + r] = isOpen ? Math.max(0, price[r]!) / rate : Infinity
      reach[columns + r] = Infinity
    }
  }

  /** The column to take the place of one that is so far beyond its bounds, or -1. */
  function entering(columns: number, off: number): number {
    for (let open = off; ;) {
      let enter = -1
      let least = Infinity
      for (let j = 0; j < columns + rows; j++) {
        if (ratio[j]! >= least) continue
        least = ratio[j]!
        enter = j
      }
      if (enter < 0) return -1
      open -= reach[enter]!
      if (open <= 0) return enter
      ratio[enter] = Infinity
    }
  }

  return (programme, start) => {
    const { columns, value } = programme
    state.fill(AT_LOWER, 0, columns + rows)
    basis.set(start)
    for (let i = 0; i < rows; i++) state[basis[i]!] = BASIC
    if (!invert(programme)) return false
    let scale = 0
    for (let j = 0; j < columns; j++) scale = Math.max(scale, value[j]!)
    for (let step = 0; step < MOST_EXCHANGES; step++) {
      reprice(programme)
      for (let r = 0; r < rows; r++) if (price[r]! < -GAIN * scale) return false
      settle(programme)
      let leave = -1
      let worst = FITS
      for (let i = 0; i < rows; i++) {
        const off = excess(i, programme)
        if (off <= worst) continue
        worst = off
        leave = i
      }
      if (leave < 0) return true
      compare(leave, programme)
      const enter = entering(columns, worst)
      if (enter < 0) return false
      state[basis[leave]!] = AT_LOWER
      state[enter] = BASIC
      basis[leave] = enter
      aim(programme, enter)
      turn(leave)
    }
    return false
  }
}
