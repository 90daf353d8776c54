import { byShares, firstFit } from './first-fit.js'
import { type PackedBin, type Packing, type Problem, takes } from './problem.js'

/** How Cluster Autoscaler chooses among the groups that could grow. */
export type Expander = 'least-waste' | 'price'

/** `--max-nodes-per-scaleup` in cluster-autoscaler `config/flags/flags.go`. */
const MOST_NODES = 1_000
const FAMILIES = ['m6i', 'c6i', 'r6i']
const SIZES = ['xlarge', '2xlarge', '4xlarge', '8xlarge']
const USUAL = new Set(FAMILIES.flatMap((family) => SIZES.map((size) => `${family}.${size}`)))
/** A problem with so few types is taken to be somebody's node groups as they are. */
const FEW_TYPES = 12

/**
 * Grows node groups as Cluster Autoscaler does: for each group, first fit decreasing (by cpu share + memory share of its
 * template) of all pending pods that its nodes take, at most 1,000 nodes; the expander picks one group; again, until
 * nothing is pending. `least-waste` takes the group with the least unused cpu share + memory share, `price` the one whose
 * nodes cost least for what they hold (cpu and memory each counted as a share of the whole demand, where CA has a table of
 * prices per core and GiB). Equal groups: the cheaper, then the earlier one.
 *
 * From kubernetes/autoscaler `cluster-autoscaler/estimator`, `expander/{waste,price}`. Groups: see `usualGroups`.
 */
export function autoscalerLike(problem: Problem, expander: Expander): Packing {
  const groups = usualGroups(problem)
  const whole = sums(problem, new Map(problem.items.map(({ count }, item) => [item, count])))
  const bins: PackedBin[] = []
  let pending = new Map(problem.items.flatMap(({ count }, item) => (count > 0 ? [[item, count] as const] : [])))
  while (pending.size > 0) {
    let best: { score: number; cost: number; type: number; filled: ReturnType<typeof firstFit> } | undefined
    for (const type of groups) {
      const fitting = new Map([...pending].filter(([item]) => takes(problem, type, item) > 0))
      if (fitting.size === 0) continue
      const { capacity = [], cost: each = 0 } = problem.types[type] ?? {}
      const filled = firstFit(problem.items, byShares(problem.items, fitting, capacity, 2), capacity, MOST_NODES)
      const held = sums(problem, filled.placed)
      const cost = filled.bins * each
      const score =
        expander === 'price'
          ? cost / Math.max(Number.MIN_VALUE, share(held[0], whole[0]) + share(held[1], whole[1]))
          : wasted(held[0], filled.bins * (capacity[0] ?? 0)) + wasted(held[1], filled.bins * (capacity[1] ?? 0))
      if (best === undefined || score < best.score || (score === best.score && each < best.cost))
        best = { score, cost: each, type, filled }
    }
    if (best === undefined) break
    const { type, filled } = best
    bins.push(...filled.packed(type))
    const rest = [...pending].map(([item, count]) => [item, count - (filled.placed.get(item) ?? 0)] as const)
    pending = new Map(rest.filter(([, count]) => count > 0))
  }
  return { bins, left: [...pending] }
}

/**
 * The groups that a cluster has: m6i, c6i and r6i from xlarge to 8xlarge where the problem has them (all types where it
 * has 12 or fewer), and for every class that none of these takes, the cheapest type that does: GPU groups, large sizes.
 */
export function usualGroups(problem: Problem): number[] {
  const all = problem.types.map((_, type) => type)
  const usual = all.filter((type) => USUAL.has(baseName(problem.types[type]?.name ?? '')))
  const groups = all.length <= FEW_TYPES ? all : usual
  const byCost = [...all].sort((a, b) => (problem.types[a]?.cost ?? 0) - (problem.types[b]?.cost ?? 0) || a - b)
  problem.items.forEach(({ count }, item) => {
    if (count === 0 || groups.some((type) => takes(problem, type, item) > 0)) return
    const cheapest = byCost.find((type) => takes(problem, type, item) > 0)
    if (cheapest !== undefined) groups.push(cheapest)
  })
  return groups
}

/** Options of the generated problems are named `type/zone/capacity type`. */
const baseName = (name: string): string => name.split('/')[0] ?? name

function sums({ items }: Problem, counts: ReadonlyMap<number, number>): [number, number] {
  const total: [number, number] = [0, 0]
  for (const [item, count] of counts) {
    total[0] += (items[item]?.size[0] ?? 0) * count
    total[1] += (items[item]?.size[1] ?? 0) * count
  }
  return total
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0)
const wasted = (used: number, bought: number): number => (bought > 0 ? 1 - used / bought : 0)
