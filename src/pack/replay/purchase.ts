import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'
import type { Purchase } from './cheaper.js'
import { needed } from './needed.js'
import { Purchases, type Failure } from './purchases.js'
import type { ReplayScheduler } from './replay.js'
import type { Shop } from './shop.js'

/** Rounds of adding nodes before the attempt is given up. */
const MOST_ROUNDS = 50
/** Rounds of buying in bulk; the last ones are for dozens of nodes for each pod left over. */
const MOST_DOUBLINGS = 6
/** Of the CPU of all nodes; doubled each time. */
const LEAST_RELIEF = 0.05

/** What is left out again of nodes that were bought in bulk may cost this part of the steps. */
const PART = 1 / 4

/** What a repair may take: pods × nodes asked for, and micro-dollars per hour of the nodes added. */
export type Most = {
  readonly steps: number
  readonly cost?: number
  /** Once the steps are spent, nodes are bought in bulk, whatever they cost: the answer is wanted although it may be a dear one. */
  readonly insists?: boolean
}

/**
 * Adds nodes until the default scheduler places every pod in each of these orders. It spreads small pods over all nodes,
 * so a node that a big pod would just fill is half full when that pod comes: which node helps is found out by trying.
 * What turns out to be needless in the end is left out again. Undefined where it takes too many rounds, or more than
 * `most`, and where buying in bulk does not help either.
 */
export function purchase(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  shop: Shop,
  seeds: readonly number[],
  most: Most,
): Purchase | undefined {
  const end = scheduler.steps + most.steps
  const purchases = new Purchases(scheduler, shop, end)
  const left = new Set<Pod>()
  let added: readonly Slot[] = []
  let orders = seeds
  for (let round = 0; ; round += 1) {
    const failed = firstFailure(scheduler, [...slots, ...added], orders)
    if (failed === undefined) break
    for (const pod of failed.left) left.add(pod)
    if (round === MOST_ROUNDS || scheduler.steps > end) {
      if (most.insists !== true) return undefined
      const bulk = inBulk(scheduler, [...slots, ...added], { purchases, relief: shop.relief }, orders)
      if (bulk === undefined) return undefined
      const all = [...added, ...bulk.added]
      const last = scheduler.steps + PART * most.steps
      return {
        added: needed(scheduler, slots, all, bulk.seeds, last),
        left: [...left, ...bulk.left],
        seeds: bulk.seeds,
      }
    }
    const bought = purchases.against(failed, [...slots, ...added])
    if (bought.length === 0) return undefined
    added = [...added, ...bought]
    if (costOf(added) > (most.cost ?? Infinity)) return undefined
    orders = [failed.seed, ...orders.filter((seed) => seed !== failed.seed)]
  }
  return { added: needed(scheduler, slots, added, orders, end), left, seeds: orders }
}

/**
 * For each pod left over a node, then two, four and so on, and ever more room for all, until every order works out: where few
 * nodes are for these pods, the scheduler fills what is bought for them with others.
 */
function inBulk(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  { purchases, relief }: { readonly purchases: Purchases; readonly relief: Shop['relief'] },
  seeds: readonly number[],
): Purchase | undefined {
  const left = new Set<Pod>()
  let added: readonly Slot[] = []
  let orders = seeds
  for (let doubling = 0; ; doubling += 1) {
    const failed = firstFailure(scheduler, [...slots, ...added], orders)
    if (failed === undefined) return { added, left, seeds: orders }
    if (doubling === MOST_DOUBLINGS) return undefined
    for (const pod of failed.left) left.add(pod)
    const own = purchases.forEach(failed.left, 2 ** doubling, [...slots, ...added])
    const bought = [...own, ...(relief?.([...slots, ...added, ...own], LEAST_RELIEF * 2 ** doubling) ?? [])]
    if (bought.length === 0) return undefined
    added = [...added, ...bought]
    orders = [failed.seed, ...orders.filter((seed) => seed !== failed.seed)]
  }
}

const costOf = (slots: readonly Slot[]): number => slots.reduce((sum, { rate }) => sum + (rate ?? 0), 0)

function firstFailure(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  seeds: readonly number[],
): Failure | undefined {
  for (const seed of seeds) {
    const left = scheduler.leftOver(slots, seed)
    if (left.length > 0) return { seed, left }
  }
  return undefined
}
