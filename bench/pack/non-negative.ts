import type { BinPlan, BinProblem } from '../../src/pack/columns/bin-problem.js'

type Planner = (problem: BinProblem) => Pick<BinPlan, 'bins' | 'lowerBound' | 'proven' | 'basis'>

/**
 * Plans a problem some of whose sizes are below 0, with a planner that knows of none. One single item of that kind and one
 * type of bin: the bin that holds it is a type of its own with as much more room, of which there is one, and the item can
 * be nowhere else. Otherwise the plan is made as though those sizes were 0, and the bound with as much more room in every
 * bin as all of them together make; each is valid, if not the best there is.
 */
export function planNonNegative(problem: BinProblem, plan: Planner): ReturnType<Planner> {
  const { types, classes } = problem
  const made = classes.flatMap(({ size, count }, index) => (size.some((each) => each < 0) && count > 0 ? [index] : []))
  if (made.length === 0) return plan(problem)
  const [index = -1] = made
  const [only] = types
  const clamped = classes.map((item) => ({ ...item, size: item.size.map((each) => Math.max(0, each)) }))
  const roomier = (capacity: readonly number[]): number[] =>
    capacity.map((room, at) => {
      return made.reduce(
        (sum, each) => sum + Math.max(0, -(classes[each]?.size[at] ?? 0)) * (classes[each]?.count ?? 0),
        room,
      )
    })
  if (made.length === 1 && classes[index]?.count === 1 && types.length === 1 && only !== undefined) {
    const home = { ...only, name: `${only.name} with item ${index}`, capacity: roomier(only.capacity), limit: 1 }
    const atHome = clamped.map((item, at) => (at === index ? { ...item, types: [1] } : { ...item, types: [0, 1] }))
    const found = plan({ ...problem, types: [only, home], classes: atHome })
    return { ...found, bins: found.bins.map((bin) => ({ ...bin, type: 0 })) }
  }
  const { bins } = plan({ ...problem, classes: clamped })
  const relaxed = { ...problem, types: types.map((type) => ({ ...type, capacity: roomier(type.capacity) })) }
  const { lowerBound, basis } = plan({ ...relaxed, classes: clamped })
  return { bins, lowerBound, basis, proven: false }
}
