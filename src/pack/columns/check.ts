import type { BinPlan, BinProblem } from './bin-problem.js'

/**
 * What is wrong with a plan, in words; empty when nothing is. It looks only at the problem and the plan, so that a
 * mistake of the search cannot be repeated here. All sums are of whole numbers.
 */
export function violations(problem: BinProblem, plan: BinPlan): string[] {
  const wrong: string[] = []
  const placed = problem.classes.map(() => 0)
  const bought = problem.types.map(() => 0)
  let cost = 0
  for (const [at, bin] of plan.bins.entries()) {
    const type = problem.types[bin.type]
    if (type === undefined || !Number.isSafeInteger(bin.n) || bin.n < 1) {
      wrong.push(`bin ${at}: ${bin.n} bins of type ${bin.type}`)
      continue
    }
    bought[bin.type] = (bought[bin.type] ?? 0) + bin.n
    cost += bin.n * type.cost
    for (const [index, count] of bin.items) placed[index] = (placed[index] ?? 0) + count * bin.n
    wrong.push(...insideWrong(problem, bin.type, bin.items).map((what) => `bin ${at} (${type.name}): ${what}`))
  }
  for (const [index, type] of problem.types.entries())
    if ((bought[index] ?? 0) > (type.limit ?? Infinity))
      wrong.push(`${bought[index]} of ${type.name}, of ${type.limit}`)
  for (const [index, count] of plan.unpacked) {
    if (count < 1) wrong.push(`class ${index}: ${count} unpacked`)
    placed[index] = (placed[index] ?? 0) + count
  }
  for (const [index, { count }] of problem.classes.entries())
    if (placed[index] !== count) wrong.push(`class ${index}: ${placed[index]} of ${count}`)
  if (placed.length !== problem.classes.length) wrong.push('a class that does not exist')
  if (cost !== plan.cost) wrong.push(`costs ${cost}, says ${plan.cost}`)
  if (plan.unpacked.length === 0 && plan.lowerBound > cost) wrong.push(`bound ${plan.lowerBound} above cost ${cost}`)
  return wrong
}

function insideWrong(problem: BinProblem, typeIndex: number, items: BinPlan['bins'][number]['items']): string[] {
  const wrong: string[] = []
  const groups = new Map<number, number>()
  const counts = new Map<number, number>()
  for (const [index, count] of items) {
    if (!Number.isSafeInteger(count) || count < 1) wrong.push(`${count} of class ${index}`)
    counts.set(index, (counts.get(index) ?? 0) + count)
  }
  for (const [index, count] of counts) {
    const { maxPerBin, types, conflict } = problem.classes[index] ?? {}
    if (count > (maxPerBin ?? Infinity)) wrong.push(`${count} of class ${index}, at most ${maxPerBin}`)
    if (types !== undefined && !types.includes(typeIndex)) wrong.push(`class ${index} may not be here`)
    if (conflict !== undefined) groups.set(conflict, (groups.get(conflict) ?? 0) + count)
  }
  for (const [group, count] of groups) if (count > 1) wrong.push(`${count} items of conflict ${group}`)
  for (const [r, resource] of problem.resources.entries()) {
    let used = 0
    for (const [index, count] of counts) used += count * (problem.classes[index]?.size[r] ?? 0)
    const capacity = problem.types[typeIndex]?.capacity[r] ?? 0
    if (used > capacity) wrong.push(`${used} of ${capacity} ${resource}`)
  }
  return wrong
}
