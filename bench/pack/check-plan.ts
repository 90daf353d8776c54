import { fileCost, type PackedBin, type Problem } from './problem.js'

/** Relative: what adding doubles in another order may change. */
const ROUNDING = 1e-9

/**
 * What is wrong with a plan, in words; empty when it holds. Reads the plan bin by bin and shares nothing with any
 * search: bins within their capacity, limits per bin and lists of types kept, every item placed exactly once (but for
 * those that fit no bin at all), and the stated cost equal to the sum of the bins. `cost` is in the file's unit.
 */
export function checkPlan(problem: Problem, bins: readonly PackedBin[], cost: number): string[] {
  const wrong: string[] = []
  const placed = problem.items.map(() => 0)
  bins.forEach((bin, index) => {
    for (const fault of faultsOfBin(problem, bin)) wrong.push(`bin ${index}: ${fault}`)
    for (const [item, count] of bin.items) placed[item] = (placed[item] ?? 0) + count * bin.n
  })
  problem.items.forEach((item, index) => {
    const has = placed[index] ?? 0
    if (has > item.count) wrong.push(`item ${index}: ${has} placed, only ${item.count} exist`)
    if (has < item.count && fitsAnyType(problem, index))
      wrong.push(`item ${index}: ${item.count - has} of ${item.count} are not placed`)
  })
  const sum = fileCost(problem, bins)
  if (!(Math.abs(sum - cost) <= ROUNDING * Math.max(1, sum)))
    wrong.push(`cost ${cost} stated, the bins add up to ${sum}`)
  return wrong
}

function faultsOfBin(problem: Problem, { type, n, items }: PackedBin): string[] {
  const bin = problem.types[type]
  if (bin === undefined) return [`type ${type} does not exist`]
  const wrong: string[] = []
  if (!Number.isInteger(n) || n < 1) wrong.push(`${n} bins`)
  const counts = new Map<number, number>()
  const used = bin.capacity.map(() => 0)
  for (const [index, count] of items) {
    const item = problem.items[index]
    if (item === undefined) {
      wrong.push(`item ${index} does not exist`)
      continue
    }
    if (!Number.isInteger(count) || count < 1) wrong.push(`${count} of item ${index}`)
    if (item.types !== undefined && !item.types.includes(type)) wrong.push(`item ${index} may not use ${bin.name}`)
    counts.set(index, (counts.get(index) ?? 0) + count)
    item.size.forEach((size, resource) => (used[resource] = (used[resource] ?? 0) + size * count))
  }
  for (const [index, count] of counts) {
    const limit = problem.items[index]?.maxPerBin ?? Infinity
    if (count > limit) wrong.push(`${count} of item ${index}, at most ${limit} per bin`)
  }
  bin.capacity.forEach((capacity, resource) => {
    const full = used[resource] ?? 0
    if (full > capacity)
      wrong.push(`${full} of ${problem.resources?.[resource] ?? `resource ${resource}`}, ${bin.name} has ${capacity}`)
  })
  return wrong
}

const fitsAnyType = ({ types, items }: Problem, index: number): boolean =>
  types.some(
    ({ capacity }, type) =>
      (items[index]?.types?.includes(type) ?? true) &&
      capacity.every((room, resource) => (items[index]?.size[resource] ?? 0) <= room),
  )
