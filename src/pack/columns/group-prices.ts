import type { Groups } from './groups.js'
import { demandShares } from './level-zero.js'
import type { Column, LpSolver } from './lp.js'
import { packBits } from './allow-lists.js'
import type { Packing } from './packing.js'

/** A linear programme with more entries than this takes longer than its prices are worth. */
const MOST_FLOWS = 600_000
/** The simplex method is quick here up to so many rows. */
const MANY_ROWS = 1500

/**
 * Values of the classes where not all of them may use the same types: a price per resource and list of allowed types.
 * One price per resource for all of them would value everything as though it could run on the cheapest machines, on
 * spot for instance, which only some may use. The cheapest fractional purchase, with what each list takes from each kind
 * of type: min cost·n; per kind of type and resource, what is taken ≤ what is bought; per list and resource, what is
 * taken ≥ what is asked for. Good prices, no proof: whoever builds a bound on them checks every type. Undefined where
 * all classes may use the same types, or the solver has no answer.
 */
export function groupPrices(packing: Packing, lp: LpSolver, groups: Groups): Float64Array | undefined {
  const { resources, types, classes, share, room, cost, limit, demand } = packing
  const { groupOf: list, admits, count: lists } = groups
  if (lists < 2) return undefined
  // Types that admit the same lists are one kind.
  const kinds = new Map<string, number>()
  const admitted: number[][] = []
  const kindOf = Int32Array.from({ length: types }, (_, t) => {
    const row = Uint8Array.from({ length: lists }, (_, g) => admits[g * types + t]!)
    const key = packBits(row)
    const known = kinds.get(key) ?? kinds.size
    if (known === kinds.size) admitted.push([...row.keys()].filter((g) => row[g] === 1))
    kinds.set(key, known)
    return known
  })
  const flows = admitted.reduce((sum, own) => sum + own.length, 0) * resources
  if (flows > MOST_FLOWS) return undefined

  const wanted = new Float64Array(lists * resources)
  for (let c = 0; c < classes; c++)
    for (let r = 0; r < resources; r++) {
      const at = list[c]! * resources + r
      wanted[at] = wanted[at]! + demand[c]! * share[c * resources + r]!
    }
  const firstSupply = lists * resources
  const rows = firstSupply + kinds.size * resources
  // Per unit of the whole demand, so that all figures are near 1.
  const total = demandShares(packing).reduce((sum, each) => sum + each, 0) || 1
  const unit = cost.reduce((sum, each) => sum + each, 0) / types || 1
  const bought = Array.from({ length: types }, (_, t): Column => {
    const supplied = [...Array(resources).keys()].filter((r) => room[t * resources + r]! > 0)
    return {
      cost: cost[t]! / unit,
      rows: supplied.map((r) => firstSupply + kindOf[t]! * resources + r),
      values: supplied.map((r) => room[t * resources + r]!),
      ...(limit[t]! < Infinity ? { upper: limit[t]! / total } : {}),
    }
  })
  const taken = admitted.flatMap((own, kind) =>
    own.flatMap((g) =>
      Array.from({ length: resources }, (_, r): Column => {
        return { cost: 0, rows: [g * resources + r, firstSupply + kind * resources + r], values: [1, -1] }
      }),
    ),
  )
  // Limits may leave no room for everything: what is left out costs more than any type.
  const dearest = bought.reduce((large, column) => Math.max(large, column.cost), 1)
  const without = Array.from({ length: firstSupply }, (_, row): Column => ({
    cost: 1000 * dearest,
    rows: [row],
    values: [1],
  }))
  const least = new Float64Array(rows)
  for (let row = 0; row < firstSupply; row++) least[row] = wanted[row]! / total
  const model = lp.model(least, new Float64Array(rows).fill(Infinity), [...bought, ...taken, ...without], MANY_ROWS)
  try {
    const duals = model.solve()?.duals
    if (duals === undefined) return undefined
    const price = new Float64Array(types * resources)
    for (let t = 0; t < types; t++) {
      let charged = 0
      for (let r = 0; r < resources; r++) {
        const each = Math.max(0, duals[firstSupply + kindOf[t]! * resources + r]!) * unit
        price[t * resources + r] = each
        charged += each * room[t * resources + r]!
      }
      // All that a bin costs is charged for its room; for one of a few it may be more, as there are not enough of them.
      const factor = charged > 0 ? cost[t]! / charged : 0
      for (let r = 0; r < resources; r++) {
        const at = t * resources + r
        if (charged === 0) price[at] = cost[t]! / resources / (room[at]! || 1)
        else if (limit[t] === Infinity || factor > 1) price[at] = price[at]! * factor
      }
    }
    return price
  } finally {
    model.dispose()
  }
}

/**
 * What each class is worth where a resource of type t has the price `price[t * resources + r]`: the least that its place
 * costs in any type. No bin then holds more than all its room costs, so that these values prove a bound as they are.
 */
export function cheapestPlaces({ resources, types, classes, share, most }: Packing, price: Float64Array): Float64Array {
  const value = new Float64Array(classes).fill(Infinity)
  for (let t = 0; t < types; t++) {
    // Where there is nothing to pay, nothing is known of what a place is worth.
    if (price.subarray(t * resources, (t + 1) * resources).every((each) => each === 0)) continue
    for (let c = 0; c < classes; c++) {
      if (most[t * classes + c] === 0) continue
      let worth = 0
      for (let r = 0; r < resources; r++) worth += price[t * resources + r]! * share[c * resources + r]!
      if (worth < value[c]!) value[c] = worth
    }
  }
  return value.map((each) => (each === Infinity ? 0 : each))
}
