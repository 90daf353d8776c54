import type { Certificate } from './certificate.js'
import type { Filling } from './filler.js'
import { fillingOf, makeNodeSolver, openKnapsack, reduceKnapsack, type Knapsack } from './knapsack.js'
import type { Packing } from './packing.js'

/**
 * All fillings that a plan cheaper than `below` can use, up to fillings that hold less of the same; undefined when there
 * are more than `limit`, or when finding them takes too many steps. A plan costs the bound plus what each of its bins
 * costs above the worth of its items, so none of these may be above `below` − bound.
 */
export function enumerateFillings(
  packing: Packing,
  { bound, duals, scarcity }: Certificate,
  below: number,
  limit: number,
): Filling[] | undefined {
  const { types, cost } = packing
  const solver = makeNodeSolver(packing)
  const found: Filling[] = []
  const steps = { left: 40 * limit }
  for (let t = 0; t < types; t++) {
    const over = cost[t]! + scarcity[t]! - (below - bound) * (1 + 1e-9) - 1e-6 * cost[t]!
    const sack = openKnapsack(packing, t, duals, true)
    const relaxed = reduceKnapsack(packing, solver, sack, over)
    if (relaxed <= over) continue
    solver.solve(sack, sack.most, sack.left)
    const gains = Float64Array.from({ length: sack.columns }, (_, j) => solver.gain(sack, j))
    if (!listMaximal(packing, t, sack, gains, (relaxed - over) * (1 + 1e-9) + 1e-9 * relaxed, found, limit, steps))
      return undefined
  }
  return found
}

/** False when a limit was reached. What an item more or less loses at the prices of the relaxation adds up. */
function listMaximal(
  packing: Packing,
  t: number,
  sack: Knapsack,
  gains: Float64Array,
  budget: number,
  found: Filling[],
  limit: number,
  steps: { left: number },
): boolean {
  const { resources, size } = packing
  const left = sack.left.slice()
  const counts = new Int32Array(sack.columns)
  // Large columns first: the many small ones are only tried where room is left.
  const order = Array.from({ length: sack.columns }, (_, j) => j)
  const bulk = order.map((j) => {
    let sum = 0
    for (let r = 0; r < resources; r++) sum += packing.share[sack.classAt[j]! * resources + r]!
    return sum
  })
  order.sort((a, b) => bulk[b]! - bulk[a]! || a - b)

  const fitting = (j: number): number => {
    let fit = sack.most[j]!
    for (let r = 0, at = sack.classAt[j]! * resources; r < resources && fit > 0; r++)
      if (size[at + r]! * fit > left[r]!) fit = Math.floor(left[r]! / size[at + r]!)
    return fit
  }
  const take = (j: number, n: number): void => {
    for (let r = 0, at = sack.classAt[j]! * resources; r < resources; r++) left[r] = left[r]! - n * size[at + r]!
  }
  const maximal = (): boolean => {
    for (let j = 0; j < sack.columns; j++) {
      if (counts[j]! >= sack.most[j]!) continue
      let fits = true
      for (let r = 0, at = sack.classAt[j]! * resources; r < resources && fits; r++)
        if (size[at + r]! > left[r]!) fits = false
      if (fits) return false
    }
    return true
  }

  const walk = (depth: number, lost: number): boolean => {
    if (--steps.left < 0) return false
    if (depth === order.length) {
      if (!maximal()) return true
      const filling = fillingOf(t, sack, counts)
      if (breaksConflict(packing, filling)) return false
      found.push(filling)
      return found.length <= limit
    }
    const j = order[depth]!
    const gain = gains[j]!
    const fit = fitting(j)
    for (let n = fit; n >= 0; n--) {
      const loss = lost + (gain > 0 ? gain * (sack.most[j]! - n) : -gain * n)
      if (loss > budget) {
        if (gain > 0) break
        continue
      }
      counts[j] = n
      take(j, n)
      const goOn = walk(depth + 1, loss)
      take(j, -n)
      if (!goOn) return false
    }
    counts[j] = 0
    return true
  }
  return walk(0, 0)
}

/** Where conflicts are more than a resource can say, a list of maximal fillings would miss some: it is given up. */
function breaksConflict({ group }: Packing, { classes }: Filling): boolean {
  const seen = new Set<number>()
  for (const c of classes) {
    if (group[c]! < 0) continue
    if (seen.has(group[c]!)) return true
    seen.add(group[c]!)
  }
  return false
}
