/**
 * A linear programme with few rows: max value·x, size·x ≤ room, 0 ≤ x ≤ most. Column `columns + r` is what row r leaves over.
 * Arrays may be longer than needed.
 */
export type BoundedProgramme = {
  readonly columns: number
  readonly value: Float64Array
  /** columns × rows */
  readonly size: Float64Array
  readonly most: Float64Array
  readonly room: Float64Array
}

export const AT_LOWER = 0
export const AT_UPPER = 1
export const BASIC = 2
/** Smaller numbers are nothing to divide by. */
export const PIVOT = 1e-11
/** Columns that depend on each other closer than this have no inverse worth the name. */
const SINGULAR = 1e-9

/** Where the simplex method stands: as many columns as there are rows are between their bounds, all others are at one. */
export type Tableau = {
  /** The column that each row has between its bounds. */
  readonly basis: Int32Array
  /** How much of it there is. */
  readonly level: Float64Array
  /** Of each column, those of the rows' rests included. */
  readonly state: Uint8Array
  /** Of the matrix of the columns in `basis`. */
  readonly inverse: Float64Array
  /** Of each row. */
  readonly price: Float64Array
  /** What `aim` has found, by row. */
  readonly alpha: Float64Array
  /** Works out `inverse` for `basis`; false where the columns depend on each other. */
  readonly invert: (programme: BoundedProgramme) => boolean
  /** Works out `price`. */
  readonly reprice: (programme: BoundedProgramme) => void
  /** Works out how much of each row's column makes way for one more of this one. */
  readonly aim: (programme: BoundedProgramme, enter: number) => void
  /** Brings `inverse` up to date once the column that was aimed at is in the place of row `leave`'s. */
  readonly turn: (leave: number) => void
}

/** `width`: most columns of any programme. */
export function makeTableau(rows: number, width: number): Tableau {
  const basis = new Int32Array(rows)
  const level = new Float64Array(rows)
  const state = new Uint8Array(width + rows)
  const inverse = new Float64Array(rows * rows)
  const price = new Float64Array(rows)
  const alpha = new Float64Array(rows)
  const matrix = new Float64Array(rows * rows)

  const invert: Tableau['invert'] = ({ columns, size }) => {
    inverse.fill(0)
    for (let i = 0; i < rows; i++) {
      const j = basis[i]!
      for (let r = 0; r < rows; r++)
        matrix[r * rows + i] = j < columns ? size[j * rows + r]! : j - columns === r ? 1 : 0
      inverse[i * rows + i] = 1
    }
    for (let i = 0; i < rows; i++) {
      let pivot = i
      for (let k = i + 1; k < rows; k++)
        if (Math.abs(matrix[k * rows + i]!) > Math.abs(matrix[pivot * rows + i]!)) pivot = k
      const divisor = matrix[pivot * rows + i]!
      if (Math.abs(divisor) < SINGULAR) return false
      for (const each of [matrix, inverse])
        for (let r = 0; r < rows; r++) {
          const here = each[pivot * rows + r]!
          each[pivot * rows + r] = each[i * rows + r]!
          each[i * rows + r] = here / divisor
        }
      for (let k = 0; k < rows; k++) {
        const factor = matrix[k * rows + i]!
        if (k === i || factor === 0) continue
        for (const each of [matrix, inverse])
          for (let r = 0; r < rows; r++) each[k * rows + r] = each[k * rows + r]! - factor * each[i * rows + r]!
      }
    }
    return true
  }

  const reprice: Tableau['reprice'] = ({ columns, value }) => {
    for (let r = 0; r < rows; r++) {
      let sum = 0
      for (let i = 0; i < rows; i++) if (basis[i]! < columns) sum += value[basis[i]!]! * inverse[i * rows + r]!
      price[r] = sum
    }
  }

  const aim: Tableau['aim'] = ({ columns, size }, enter) => {
    for (let i = 0; i < rows; i++) {
      if (enter >= columns) {
        alpha[i] = inverse[i * rows + enter - columns]!
        continue
      }
      let sum = 0
      for (let r = 0; r < rows; r++) sum += inverse[i * rows + r]! * size[enter * rows + r]!
      alpha[i] = sum
    }
  }

  const turn: Tableau['turn'] = (leave) => {
    const divisor = alpha[leave]!
    for (let r = 0; r < rows; r++) inverse[leave * rows + r] = inverse[leave * rows + r]! / divisor
    for (let i = 0; i < rows; i++) {
      const factor = alpha[i]!
      if (i === leave || factor === 0) continue
      for (let r = 0; r < rows; r++)
        inverse[i * rows + r] = inverse[i * rows + r]! - factor * inverse[leave * rows + r]!
    }
  }

  return { basis, level, state, inverse, price, alpha, invert, reprice, aim, turn }
}
