import type { NodeOption } from '../../domain/plan.js'
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
/** With steps for fewer refills than this, nodes are not found by trying. */
const FEWEST_REFILLS = 3
/** What it may cost to leave large nodes that were bought then out again, and refills that are asked for in any case. */
const TRIM_STEPS = 1_000_000_000
const TRIMS = 3

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
  if (most.insists === true && most.steps < FEWEST_REFILLS * scheduler.cost(slots)) {
    const found = inLargeNodes(scheduler, slots, shop, seeds)
    if (found !== undefined) return found
  }
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
 * Where a refill takes so long that few can be asked for: for the pods that an order leaves over machines of which each takes no
 * more than the part that the scheduler, which fills all nodes alike, leaves free of them, so many that these parts have room for
 * all; then two, four times as many and so on, as long as that helps.
 */
function inLargeNodes(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  shop: Shop,
  seeds: readonly number[],
): Purchase | undefined {
  const purchases = new Purchases(scheduler, shop, Infinity)
  const left = new Set<Pod>()
  let added: readonly Slot[] = []
  let orders = seeds
  let leastOver = Infinity
  for (let doubling = 0; ; doubling += 1) {
    const all = [...slots, ...added]
    const failures = orders.flatMap((seed) => failureOf(scheduler, all, seed) ?? [])
    if (failures.length === 0) break
    const over = failures.reduce((total, failed) => total + failed.left.length, 0)
    if (doubling === MOST_DOUBLINGS || (doubling > 1 && over >= leastOver)) return undefined
    leastOver = Math.min(leastOver, over)
    for (const failed of failures) for (const pod of failed.left) left.add(pod)
    const bought = purchases.roomFor(mostOfEach(failures, shop), 2 ** doubling, all, 1 - scheduler.load(all))
    if (bought.length === 0) return undefined
    added = [...added, ...bought]
    const failing = failures.map(({ seed }) => seed)
    orders = [...failing, ...orders.filter((seed) => !failing.includes(seed))]
  }
  const end = scheduler.steps + Math.max(TRIM_STEPS, TRIMS * scheduler.cost(slots))
  return { added: needed(scheduler, slots, added, orders, end), left, seeds: orders }
}

/** Of the pods that may use the same machines those of the order that leaves the most of them over. */
function mostOfEach(failures: readonly Failure[], { machinesFor }: Shop): Pod[] {
  const most = new Map<readonly NodeOption[], readonly Pod[]>()
  for (const { left } of failures) {
    const here = new Map<readonly NodeOption[], Pod[]>()
    for (const pod of left) {
      const machines = machinesFor(pod)
      const pods = here.get(machines) ?? []
      here.set(machines, pods)
      pods.push(pod)
    }
    for (const [machines, pods] of here) if (pods.length > (most.get(machines)?.length ?? 0)) most.set(machines, pods)
  }
  return [...most.values()].flat()
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
    const failure = failureOf(scheduler, slots, seed)
    if (failure !== undefined) return failure
  }
  return undefined
}

function failureOf(scheduler: ReplayScheduler, slots: readonly Slot[], seed: number): Failure | undefined {
  const left = scheduler.leftOver(slots, seed)
  return left.length > 0 ? { seed, left } : undefined
}
