import type { Packing } from './packing.js'
import { makeRelaxation } from './relaxation.js'

/**
 * Prices of the resources at which no type sells below its cost, worth as much as possible for what is asked for in
 * sum: the cheapest fractional purchase, min cost·x, capacity·x ≥ demand, 0 ≤ x ≤ limit, and its dual. Per unit of
 * `share`. Good prices, no proof: whoever builds a bound on them checks every type.
 */
export function resourcePrices(packing: Packing): Float64Array {
  const { resources, types, room, cost, limit } = packing
  const wanted = demandShares(packing)
  // Counted from above, x = most − z, it is a knapsack: what may be left out at most, max cost·z.
  const most = new Float64Array(types)
  const spare = wanted.map((amount) => -amount)
  for (let t = 0; t < types; t++) {
    let enough = 0
    for (let r = 0; r < resources; r++) {
      const each = room[t * resources + r]!
      if (each > 0) enough = Math.max(enough, wanted[r]! / each)
    }
    most[t] = Math.min(limit[t]!, Math.ceil(enough) + 1)
    for (let r = 0; r < resources; r++) spare[r] = spare[r]! + most[t]! * room[t * resources + r]!
  }
  const relaxation = makeRelaxation(resources, types)
  const weight = Float64Array.from(cost, (rate) => 1 / (rate + 1))
  relaxation.solve(
    types,
    cost,
    room,
    most,
    spare.map((amount) => Math.max(0, amount)),
    weight,
  )
  return Float64Array.from(relaxation.price)
}

/** Sum of all requests per resource, in shares of the largest capacity. */
export function demandShares({ resources, classes, share, demand }: Packing): Float64Array {
  const wanted = new Float64Array(resources)
  for (let c = 0; c < classes; c++)
    for (let r = 0; r < resources; r++) wanted[r] = wanted[r]! + demand[c]! * share[c * resources + r]!
  return wanted
}

/** What the classes are worth at prices of the resources. */
export function classValues({ resources, classes, share }: Packing, price: Float64Array): Float64Array {
  const value = new Float64Array(classes)
  for (let c = 0; c < classes; c++)
    for (let r = 0; r < resources; r++) value[c] = value[c]! + price[r]! * share[c * resources + r]!
  return value
}

/**
 * The same values with a part of what the classes of each list are worth spread evenly over all resources: what is not
 * scarce in sum may still be what fills a node.
 */
export function blend(
  { resources, classes, share, demand, list }: Packing,
  value: Float64Array,
  part: number,
): Float64Array {
  const lists = list.reduce((most, each) => Math.max(most, each + 1), 0)
  const wanted = new Float64Array(lists * resources)
  const worth = new Float64Array(lists)
  for (let c = 0; c < classes; c++) {
    const g = list[c]!
    worth[g] = worth[g]! + demand[c]! * value[c]!
    for (let r = 0; r < resources; r++)
      wanted[g * resources + r] = wanted[g * resources + r]! + demand[c]! * share[c * resources + r]!
  }
  return value.map((each, c) => {
    const g = list[c]!
    let even = 0
    for (let r = 0; r < resources; r++)
      if (wanted[g * resources + r]! > 0) even += share[c * resources + r]! / wanted[g * resources + r]!
    return (1 - part) * each + (part * worth[g]! * even) / resources
  })
}
