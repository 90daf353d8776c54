import { firstFitDecreasing } from './first-fit-decreasing.js'
import { itemCount, type PackedBin, type Problem, unitCost } from './problem.js'
import { refill } from './refill.js'

const SEEDS = [1, 2, 3]
/** After so many purchases each one is doubled, and again after as many more: the last items are chased for ever else. */
const PATIENCE = 4
const MOST_PURCHASES = 32
/** Items that all refills of the pessimistic repair may place together; above it the repair counts as not reached. */
const MOST_PLACED = 600_000

export type Replay = {
  /** Items left over in the worst order on the plan's own bins. */
  readonly leftOver: number
  /** Cost in whole units of the plan and of bins bought for what the worst order leaves over, which moves nothing. */
  readonly realisedCost: number
  /** The same once so many bins were added that refills from empty leave nothing over; undefined: not reached. */
  readonly pessimisticCost: number | undefined
}

/**
 * What a default scheduler makes of a plan: its bins are refilled from empty in three random orders (`refill`), and what
 * is left over is packed by first fit decreasing into the cheapest single shape.
 *
 * The pessimistic repair goes on: those bins are added and everything is refilled from empty, for each order in turn,
 * until every order places all. More bins spread the other items more thinly, so bins for the largest are bought many
 * times over. Both figures rank plans; neither is a price.
 */
export function replay(problem: Problem, bins: readonly PackedBin[]): Replay {
  const nodes = bins.flatMap(({ type, n }) => Array.from({ length: n }, () => type))
  const first = SEEDS.map((seed) => refill(problem, nodes, seed))
  const cost = unitCost(problem, bins)
  return {
    leftOver: Math.max(...first.map(total)),
    realisedCost: cost + Math.max(...first.map((left) => unitCost(problem, boughtFor(problem, left)))),
    pessimisticCost: first.every((left) => left.size === 0) ? cost : pessimisticCost(problem, bins, nodes),
  }
}

function pessimisticCost(problem: Problem, bins: readonly PackedBin[], planned: readonly number[]): number | undefined {
  const nodes = [...planned]
  const added: PackedBin[] = []
  const mostRefills = MOST_PLACED / Math.max(1, itemCount(problem))
  let purchases = 0
  // An order that was clean stays so only until the next purchase: `clean` counts the orders in a row.
  for (let clean = 0, turn = 0, refills = 0; clean < SEEDS.length; refills += 1) {
    if (purchases === MOST_PURCHASES || refills > mostRefills) return undefined
    const left = refill(problem, nodes, SEEDS[turn] ?? 1)
    if (left.size === 0) {
      clean += 1
      turn = (turn + 1) % SEEDS.length
      continue
    }
    clean = 0
    const times = 2 ** Math.floor(purchases / PATIENCE)
    const bought = boughtFor(problem, left)
    if (bought.length === 0) return undefined
    for (const bin of bought) {
      const n = bin.n * times
      nodes.push(...Array.from({ length: n }, () => bin.type))
      added.push({ ...bin, n })
    }
    purchases += 1
  }
  return unitCost(problem, [...bins, ...added])
}

/** Bins for no more items than these. */
const boughtFor = (problem: Problem, counts: ReadonlyMap<number, number>): readonly PackedBin[] =>
  firstFitDecreasing({
    ...problem,
    items: problem.items.map((item, index) => ({ ...item, count: counts.get(index) ?? 0 })),
  }).bins

const total = (left: ReadonlyMap<number, number>): number => [...left.values()].reduce((sum, count) => sum + count, 0)
