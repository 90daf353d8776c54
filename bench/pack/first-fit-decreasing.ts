import { byShares, firstFit } from './first-fit.js'
import { type PackedBin, type Packing, type Problem, takes } from './problem.js'

/**
 * First fit decreasing into bins of one type, the type for which that is cheapest: the best single shape of the whole
 * catalog. Items are ordered by the sum of their shares of the bin. Where no type takes every item, the one that takes
 * most of them goes first and the rest is packed the same way.
 */
export function firstFitDecreasing(problem: Problem): Packing {
  const bins: PackedBin[] = []
  let demand = new Map(problem.items.map(({ count }, item) => [item, count]))
  for (const [item, count] of demand) if (count === 0) demand.delete(item)
  while (demand.size > 0) {
    const best = bestShape(problem, demand)
    if (best === undefined) break
    bins.push(...best.packed(best.type))
    demand = new Map([...demand].filter(([item]) => !best.placed.has(item)))
  }
  return { bins, left: [...demand] }
}

function bestShape(problem: Problem, demand: ReadonlyMap<number, number>) {
  const shapes = shapesByBound(problem, demand)
  const most = shapes.reduce((largest, { items }) => Math.max(largest, items.size), 0)
  let best: ({ type: number; cost: number } & ReturnType<typeof firstFit>) | undefined
  for (const { type, items, bound } of shapes) {
    if (items.size < most || items.size === 0) continue
    // Sorted by the bound: nothing that follows can be cheaper.
    if (best !== undefined && bound > best.cost) break
    const { capacity = [], cost: each = 0 } = problem.types[type] ?? {}
    const filled = firstFit(problem.items, byShares(problem.items, items, capacity), capacity)
    const cost = filled.bins * each
    if (best === undefined || cost < best.cost) best = { type, cost, ...filled }
  }
  return best
}

/** What each type takes of the demand, with the cost that its largest resource makes certain; the least first. */
function shapesByBound(problem: Problem, demand: ReadonlyMap<number, number>) {
  return problem.types
    .map(({ capacity, cost }, type) => {
      const items = new Map([...demand].filter(([item]) => takes(problem, type, item) > 0))
      const total = capacity.map(() => 0)
      for (const [item, count] of items)
        problem.items[item]?.size.forEach((each, resource) => {
          total[resource] = (total[resource] ?? 0) + each * count
        })
      const bins = total.map((sum, resource) => (sum === 0 ? 0 : Math.ceil(sum / (capacity[resource] ?? 1))))
      return { type, items, bound: cost * Math.max(...bins) }
    })
    .sort((a, b) => a.bound - b.bound || a.type - b.type)
}
