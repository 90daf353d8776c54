import { makeDualSimplex } from './dual-simplex.js'
import { AT_LOWER, AT_UPPER, BASIC, makeTableau, PIVOT, type BoundedProgramme } from './tableau.js'

/**
 * The linear relaxation of a knapsack with few rows: max value·x, size·x ≤ room, 0 ≤ x ≤ most.
 * Primal simplex with bounded variables and an explicit inverse (Dantzig 1955; Chvátal, Linear Programming, chapter 8):
 * one step costs columns × rows, which for 3 to 10 rows is less than any general solver needs to start.
 */
export type Relaxation = {
  /** Answer of the last solve, one per column. At most as many are fractional as there are rows. */
  readonly x: Float64Array
  /** Prices of the rows, not negative: the answer's proof. */
  readonly price: Float64Array
  /** Returns an upper bound on value·x that is valid whatever the number of steps was (weak duality). */
  readonly solve: (
    columns: number,
    value: Float64Array,
    /** columns × rows */
    size: Float64Array,
    most: Float64Array,
    room: Float64Array,
    /** Multiplies a column's gain when columns compete to enter: one ÷ its bulk. */
    weight: Float64Array,
    /** `basis` of an answer for the same values and sizes, from which another one for other limits is near. */
    start?: Int32Array,
  ) => number
  /** The columns that the last answer has between their bounds, one per row; `columns + r`: what row r leaves over. */
  readonly basis: Int32Array
}

const GAIN = 1e-9

export function makeRelaxation(rows: number, width: number): Relaxation {
  const x = new Float64Array(width)
  const tableau = makeTableau(rows, width)
  const { basis, level, state, inverse, price, alpha, reprice, aim, turn } = tableau
  const continueFrom = makeDualSimplex(rows, width, tableau)

  const solve: Relaxation['solve'] = (columns, value, size, most, room, weight, start) => {
    const programme = { columns, value, size, most, room }
    if (start === undefined || !continueFrom(programme, start)) begin(programme, weight)
    for (let j = 0; j < columns; j++) x[j] = state[j] === AT_UPPER ? most[j]! : 0
    for (let i = 0; i < rows; i++) if (basis[i]! < columns) x[basis[i]!] = Math.max(0, level[i]!)
    return proofOf(programme)
  }

  /** From nothing: everything is left over. */
  function begin(programme: BoundedProgramme, weight: Float64Array): void {
    const { columns, value, room } = programme
    inverse.fill(0)
    for (let r = 0; r < rows; r++) {
      inverse[r * rows + r] = 1
      basis[r] = columns + r
      level[r] = room[r]!
      state[columns + r] = BASIC
    }
    let scale = 0
    for (let j = 0; j < columns; j++) {
      state[j] = AT_LOWER
      const gain = value[j]! * weight[j]!
      if (gain > scale) scale = gain
    }
    const tolerance = GAIN * scale
    const limit = 60 + 3 * columns
    for (let step = 0; step < limit; step++) {
      reprice(programme)
      const enter = entering(programme, weight, tolerance)
      if (enter < 0) break
      if (!advance(enter, programme)) break
    }
  }

  function entering({ columns, value, size }: BoundedProgramme, weight: Float64Array, tolerance: number): number {
    let best = tolerance
    let enter = -1
    // The innermost of all loops, over three rows or four: written out, it saves a twelfth of the time of small problems.
    const first = rows > 0 ? price[0]! : 0
    const second = rows > 1 ? price[1]! : 0
    const third = rows > 2 ? price[2]! : 0
    for (let j = 0, at = 0; j < columns; j++, at += rows) {
      const where = state[j]!
      if (where === BASIC) continue
      let gain = value[j]!
      if (rows > 0) gain -= first * size[at]!
      if (rows > 1) gain -= second * size[at + 1]!
      if (rows > 2) gain -= third * size[at + 2]!
      for (let r = 3; r < rows; r++) gain -= price[r]! * size[at + r]!
      if (where === AT_UPPER) gain = -gain
      if (gain <= 0) continue
      gain *= weight[j]!
      if (gain > best) {
        best = gain
        enter = j
      }
    }
    for (let r = 0; r < rows; r++) {
      if (state[columns + r] !== BASIC && -price[r]! > best) {
        best = -price[r]!
        enter = columns + r
      }
    }
    return enter
  }

  /** Moves the entering column as far as the others allow. False when the numbers have become useless. */
  function advance(enter: number, programme: BoundedProgramme): boolean {
    const { columns, most } = programme
    aim(programme, enter)
    const down = state[enter] === AT_UPPER
    let reach = enter < columns ? most[enter]! : Infinity
    let leave = -1
    let pivot = 0
    for (let i = 0; i < rows; i++) {
      const rate = down ? -alpha[i]! : alpha[i]!
      let until: number
      if (rate > PIVOT) until = Math.max(0, level[i]!) / rate
      else if (rate < -PIVOT && basis[i]! < columns) until = Math.max(0, most[basis[i]!]! - level[i]!) / -rate
      else continue
      if (until < reach || (until === reach && Math.abs(rate) > Math.abs(pivot))) {
        reach = until
        leave = i
        pivot = rate
      }
    }
    if (reach === Infinity) return false
    for (let i = 0; i < rows; i++) level[i] = level[i]! - reach * (down ? -alpha[i]! : alpha[i]!)
    if (leave < 0) {
      state[enter] = down ? AT_LOWER : AT_UPPER
      return true
    }
    state[basis[leave]!] = pivot > 0 ? AT_LOWER : AT_UPPER
    state[enter] = BASIC
    basis[leave] = enter
    level[leave] = down ? (most[enter] ?? 0) - reach : reach
    turn(leave)
    return true
  }

  /** room·price + Σ most·max(0, value − price·size): an upper bound for any prices ≥ 0. */
  function proofOf({ columns, value, size, most, room }: BoundedProgramme): number {
    let bound = 0
    for (let r = 0; r < rows; r++) {
      if (!(price[r]! > 0)) price[r] = 0
      bound += price[r]! * room[r]!
    }
    for (let j = 0, at = 0; j < columns; j++, at += rows) {
      let gain = value[j]!
      for (let r = 0; r < rows; r++) gain -= price[r]! * size[at + r]!
      if (gain > 0) bound += gain * most[j]!
    }
    return bound
  }

  return { x, price, basis, solve }
}
