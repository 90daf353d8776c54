import type { BinClass, BinProblem } from '../../../src/pack/columns/bin-problem.js'

/** The least cost of packing everything, by trying all ways; undefined when there is none. For tiny problems. */
export function leastCost(problem: BinProblem): number | undefined {
  const fillings = problem.types.map((_, t) => fillingsOf(problem, t))
  const memo = new Map<string, number>()
  const used = problem.types.map(() => 0)
  const solve = (left: readonly number[]): number => {
    const first = left.findIndex((count) => count > 0)
    if (first < 0) return 0
    const key = `${left.join()};${used.map((n, t) => (problem.types[t]?.limit === undefined ? '' : n)).join()}`
    const known = memo.get(key)
    if (known !== undefined) return known
    let best = Infinity
    for (const [t, type] of problem.types.entries()) {
      if (used[t]! >= (type.limit ?? Infinity)) continue
      used[t] = used[t]! + 1
      for (const filling of fillings[t]!) {
        if (filling[first]! === 0 || filling.some((count, c) => count > left[c]!)) continue
        const rest = solve(left.map((count, c) => count - filling[c]!))
        best = Math.min(best, type.cost + rest)
      }
      used[t] = used[t]! - 1
    }
    memo.set(key, best)
    return best
  }
  const cost = solve(problem.classes.map(({ count }) => count))
  return cost === Infinity ? undefined : cost
}

/** Everything that fits one bin, counts per class. */
export function fillingsOf(problem: BinProblem, t: number): number[][] {
  const { classes, types } = problem
  const all: number[][] = []
  const walk = (c: number, counts: number[]): void => {
    if (c === classes.length) {
      all.push(counts)
      return
    }
    for (let n = 0; n <= classes[c]!.count; n++) {
      const next = [...counts, n]
      if (!isAllowed(classes, types[t]!.capacity, t, next)) break
      walk(c + 1, next)
    }
  }
  walk(0, [])
  return all
}

function isAllowed(classes: readonly BinClass[], capacity: readonly number[], t: number, counts: number[]): boolean {
  const groups = new Map<number, number>()
  for (const [c, n] of counts.entries()) {
    const { maxPerBin, types, conflict } = classes[c]!
    if (n > (maxPerBin ?? Infinity)) return false
    if (n > 0 && types !== undefined && !types.includes(t)) return false
    if (conflict !== undefined) groups.set(conflict, (groups.get(conflict) ?? 0) + n)
  }
  if ([...groups.values()].some((n) => n > 1)) return false
  return capacity.every((amount, r) => counts.reduce((sum, n, c) => sum + n * classes[c]!.size[r]!, 0) <= amount)
}
