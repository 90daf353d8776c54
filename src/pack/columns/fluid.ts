import { valuate, type Valuation } from './certificate.js'
import type { Filler } from './filler.js'
import type { Column, LpSolver } from './lp.js'
import type { Packing } from './packing.js'

/** The cheapest purchase where items can be poured: which class goes into which type, and what that proves. */
export type Fluid = {
  /** Items of class `classOf[k]` in bins of type `typeOf[k]`; some may be missing. */
  readonly classOf: Int32Array
  readonly typeOf: Int32Array
  readonly amount: Float64Array
  readonly valuation: Valuation
}

const ROUNDS = 30
/** The bound is as good as what it bounds. */
const CLOSE = 1e-5

/**
 * The fractional purchase with every class by itself: min cost·n, what is poured into a type ≤ n bins of it, everything
 * poured. Places that are not in the linear programme are added where its prices ask for them.
 */
export function pour(
  packing: Packing,
  filler: Filler,
  lp: LpSolver,
  price: Float64Array,
  first: Valuation,
): Fluid | undefined {
  const { resources, types, classes, share, room, cost, limit, demand, most } = packing
  const candidates = [...Array(types).keys()].filter((t) => first.promise[t]! > 0.6)
  const rowOf = new Map(candidates.map((t, k) => [t, classes + k * resources]))
  const unit = cost.reduce((sum, each) => sum + each, 0) / types || 1
  const bins = candidates.map((t): Column => {
    const kept = [...Array(resources).keys()].filter((r) => room[t * resources + r]! > 0)
    return {
      cost: cost[t]! / unit,
      rows: kept.map((r) => rowOf.get(t)! + r),
      values: kept.map((r) => room[t * resources + r]!),
      ...(limit[t]! < Infinity ? { upper: limit[t]! } : {}),
    }
  })
  const known = new Set<number>()
  const toColumn = (place: number): Column => {
    known.add(place)
    const t = Math.floor(place / classes)
    const c = place % classes
    const kept = [...Array(resources).keys()].filter((r) => share[c * resources + r]! > 0)
    return {
      cost: 0,
      rows: [c, ...kept.map((r) => rowOf.get(t)! + r)],
      values: [1, ...kept.map((r) => -share[c * resources + r]! * demand[c]!)],
    }
  }
  /** What the place costs less than the class is worth. */
  const gain = (prices: Float64Array, value: Float64Array, t: number, c: number, factor: number): number => {
    let worth = 0
    for (let r = 0; r < resources; r++) worth += prices[t * resources + r]! * share[c * resources + r]!
    return factor * value[c]! - worth
  }
  /** For every class the places whose gain is the largest, if it is more than `over` of what the class is worth. */
  const bestPlaces = (prices: Float64Array, value: Float64Array, many: number, over: number): number[] => {
    const found: number[] = []
    const top = new Int32Array(many)
    const gains = new Float64Array(many)
    for (let c = 0; c < classes; c++) {
      let n = 0
      const floor = over * value[c]!
      for (const t of candidates) {
        if (most[t * classes + c] === 0) continue
        const much = gain(prices, value, t, c, 1)
        if (much <= floor || (n === many && much <= gains[n - 1]!) || known.has(t * classes + c)) continue
        let at = n < many ? n++ : n - 1
        for (; at > 0 && gains[at - 1]! < much; at--) {
          gains[at] = gains[at - 1]!
          top[at] = top[at - 1]!
        }
        gains[at] = much
        top[at] = t
      }
      for (let k = 0; k < n; k++) found.push(top[k]! * classes + c)
    }
    return found
  }
  const places = bestPlaces(price, first.value, 12, -Infinity)
  const least = new Float64Array(classes + candidates.length * resources)
  least.fill(1, 0, classes)
  const dearest = bins.reduce((large, column) => Math.max(large, column.cost), 1)
  const without = Array.from({ length: classes }, (_, c): Column => ({
    cost: 1000 * dearest * demand[c]!,
    rows: [c],
    values: [1],
  }))
  const model = lp.model(least, new Float64Array(least.length).fill(Infinity), [
    ...bins,
    ...without,
    ...places.map(toColumn),
  ])
  let best: Fluid | undefined
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const answer = model.solve()
      if (answer === undefined) return best
      const prices = new Float64Array(types * resources)
      for (const t of candidates)
        for (let r = 0; r < resources; r++)
          prices[t * resources + r] = Math.max(0, answer.duals[rowOf.get(t)! + r]!) * unit
      const value = new Float64Array(classes)
      for (let c = 0; c < classes; c++) value[c] = Math.max(0, (answer.duals[c]! * unit) / demand[c]!)
      const valuation = valuate(packing, filler, value)
      const more = bestPlaces(prices, value, 4, 1e-6)
      {
        const found: number[] = []
        const all = [...known]
        for (const [k] of all.entries()) if (answer.x[bins.length + classes + k]! > 1e-9) found.push(k)
        best = {
          valuation,
          classOf: Int32Array.from(found, (k) => all[k]! % classes),
          typeOf: Int32Array.from(found, (k) => Math.floor(all[k]! / classes)),
          amount: Float64Array.from(found, (k) => answer.x[bins.length + classes + k]! * demand[all[k]! % classes]!),
        }
      }
      if (more.length === 0 || valuation.certificate.bound >= (1 - CLOSE) * answer.value * unit) break
      model.add(more.map(toColumn))
    }
    return best
  } finally {
    model.dispose()
  }
}
