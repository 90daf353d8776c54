import { makeRelaxation } from './relaxation.js'

/** A relaxed knapsack that remembers its prices for each type. */
export type Sifted = {
  readonly x: Float64Array
  readonly price: Float64Array
  readonly solve: (
    t: number,
    columns: number,
    value: Float64Array,
    size: Float64Array,
    most: Float64Array,
    room: Float64Array,
    weight: Float64Array,
  ) => number
}

/** With fewer columns looking at each of them in every step is as fast. */
const MANY = 48
/** A column that the last prices charge so much more than it is worth is left out at first, as a part of its worth. */
const FAR = 0.08
const ROUNDS = 3

/**
 * The relaxed knapsack with most columns left out: at the prices that the same type had last, few are worth their place.
 * What then turns out to be worth more than its place comes in; what still is at the end is added to the bound, so that
 * it stays one.
 */
export function makeSifted(rows: number, width: number, types: number): Sifted {
  const inner = makeRelaxation(rows, width)
  const last = new Float64Array(types * rows)
  const known = new Uint8Array(types)
  const x = new Float64Array(width)
  const isIn = new Uint8Array(width)
  const from = new Int32Array(width)
  const value = new Float64Array(width)
  const size = new Float64Array(width * rows)
  const most = new Float64Array(width)
  const weight = new Float64Array(width)

  const solve: Sifted['solve'] = (t, columns, allValue, allSize, allMost, room, allWeight) => {
    let kept = 0
    const keep = (j: number): void => {
      isIn[j] = 1
      from[kept] = j
      value[kept] = allValue[j]!
      most[kept] = allMost[j]!
      weight[kept] = allWeight[j]!
      for (let r = 0; r < rows; r++) size[kept * rows + r] = allSize[j * rows + r]!
      kept++
    }
    const price = columns > MANY && known[t] === 1 ? last.subarray(t * rows, (t + 1) * rows) : undefined
    for (let j = 0, at = 0; j < columns; j++, at += rows) {
      isIn[j] = 0
      x[j] = 0
      let gain = (1 + FAR) * allValue[j]!
      if (price !== undefined) for (let r = 0; r < rows; r++) gain -= price[r]! * allSize[at + r]!
      if (price === undefined || gain >= 0) keep(j)
    }
    let bound = 0
    for (let round = 1; ; round++) {
      bound = inner.solve(kept, value, size, most, room, weight)
      const before = kept
      let outside = 0
      for (let j = 0, at = 0; j < columns && before < columns; j++, at += rows) {
        if (isIn[j] === 1) continue
        let gain = allValue[j]!
        for (let r = 0; r < rows; r++) gain -= inner.price[r]! * allSize[at + r]!
        if (gain <= 0) continue
        outside += gain * allMost[j]!
        if (round < ROUNDS) keep(j)
      }
      if (kept > before && outside > 1e-9 * bound) continue
      bound += outside
      for (let k = 0; k < before; k++) x[from[k]!] = inner.x[k]!
      break
    }
    known[t] = 1
    last.set(inner.price, t * rows)
    return bound
  }
  return { x, price: inner.price, solve }
}
