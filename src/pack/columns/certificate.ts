import type { Filler } from './filler.js'
import type { Packing } from './packing.js'

/** Class prices with what they prove. */
export type Certificate = {
  /** No plan costs less, up to rounding. */
  readonly bound: number
  /** Scaled so that no bin of an unlimited type holds items worth more than it costs. */
  readonly duals: Float64Array
  /** What a bin of each limited type may be worth above its cost; it came off as often as there are such bins. */
  readonly scarcity: Float64Array
  /** At these prices no bin of a type holds more. */
  readonly atMost: Float64Array
}

/**
 * The bound of Farley (Operations Research 38, 1990): let no bin of type t hold items worth more than `atMost[t]`. Then
 * at s times these values, s = min cost / atMost, no bin is worth more than it costs, so a plan costs at least what all
 * items are worth. A type of which only n bins exist may be worth more than it costs: that comes off n times, and s is
 * chosen so that the most remains. Valid for any values ≥ 0.
 */
export function certify(packing: Packing, value: Float64Array, atMost: Float64Array): Certificate {
  const { types, classes, cost, limit, demand } = packing
  let worth = 0
  for (let c = 0; c < classes; c++) worth += demand[c]! * value[c]!
  let largest = Infinity
  const limited: number[] = []
  for (let t = 0; t < types; t++) {
    if (!(atMost[t]! > 0)) continue
    if (limit[t] === Infinity) largest = Math.min(largest, cost[t]! / atMost[t]!)
    else limited.push(t)
  }
  const boundAt = (scale: number): number =>
    limited.reduce((sum, t) => sum - limit[t]! * Math.max(0, scale * atMost[t]! - cost[t]!), scale * worth)
  // Linear between the scales at which a limited type becomes worth more than it costs: one of those is the best.
  let scale = largest === Infinity ? 0 : largest
  let bound = boundAt(scale)
  for (const t of limited) {
    const other = cost[t]! / atMost[t]!
    if (other >= largest) continue
    const there = boundAt(other)
    if (there > bound) {
      bound = there
      scale = other
    }
  }
  const scarcity = new Float64Array(types)
  if (!(bound > 0)) return { bound: 0, duals: new Float64Array(classes), scarcity, atMost: new Float64Array(types) }
  for (const t of limited) scarcity[t] = Math.max(0, scale * atMost[t]! - cost[t]!)
  return { bound, duals: value.map((each) => each * scale), scarcity, atMost: atMost.map((each) => each * scale) }
}

/**
 * Rounds a bound so that it stays one: 10⁻⁹ off for the arithmetic, then up to the next sum of prices that whole bins
 * can add up to, a multiple of what divides all prices.
 */
export function roundBound(bound: number, costs: Iterable<number>): number {
  const divisor = commonDivisor(costs)
  const safe = bound * (1 - 1e-9) - 1e-6
  if (!(safe > 0)) return 0
  return divisor > 0 ? Math.ceil(safe / divisor) * divisor : 0
}

/** The largest whole number that divides all of them; 0 when all are 0. */
export function commonDivisor(numbers: Iterable<number>): number {
  let divisor = 0
  for (const number of numbers) for (let rest = number; rest > 0;) [divisor, rest] = [rest, divisor % rest]
  return divisor
}

/** Values of classes, with what the relaxed knapsack says that a bin of each type can hold at most, and what that proves. */
export type Valuation = {
  readonly value: Float64Array
  /** Most value for its cost that a bin of each type can hold. */
  readonly promise: Float64Array
  readonly certificate: Certificate
}

export function valuate(packing: Packing, filler: Filler, value: Float64Array): Valuation {
  const every = Int32Array.from({ length: packing.classes }, (_, c) => c)
  const atMost = new Float64Array(packing.types)
  for (let t = 0; t < packing.types; t++) atMost[t] = filler.relax(t, value, every, every.length, packing.demand)
  return {
    value,
    promise: atMost.map((most, t) => most / (packing.cost[t]! + 1e-3)),
    certificate: certify(packing, value, atMost),
  }
}
