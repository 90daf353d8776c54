import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'
import { cheaper, type Purchase } from './cheaper.js'
import { needed } from './needed.js'
import { Purchases } from './purchases.js'
import type { ReplayScheduler } from './replay.js'

/** Orders in which the pods may come, for what is tried often; the worst of them counts. */
export const SEEDS: readonly number[] = [1, 2, 3, 4, 5]
/** Orders by which a plan is judged. */
export const JUDGES: readonly number[] = [...SEEDS, 6, 7, 8, 9, 10]
/** Steps for the search of cheaper nodes, once a repair works out: this part of what it took, or so many at least. */
const PART = 1 / 4
const LEAST_STEPS = 8_000_000
/** Rounds of adding nodes before the attempt is given up. */
const MOST_ROUNDS = 50

export type Repair = {
  /** Pods left over in the worst order, on the plan's own nodes. */
  readonly unplaced: readonly Pod[]
  /** Nodes that had to be added until every order placed all; undefined when that could not be reached. */
  readonly added: readonly Slot[] | undefined
}

/** What a repair may take: pods × nodes asked for, and micro-dollars per hour of the nodes added. */
export type Most = { readonly steps: number; readonly cost?: number }

export type Shop = {
  /** Machines that could be bought for a pod, cheapest first. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /** A node of the kind that is not in use yet. */
  readonly nextSlot: (option: NodeOption) => Slot
}

/** Pods that are left over in the worst of these orders. */
export function worstOver(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  seeds: readonly number[],
): readonly Pod[] {
  let worst: readonly Pod[] = []
  for (const seed of seeds) {
    const left = scheduler.leftOver(slots, seed)
    if (left.length > worst.length) worst = left
  }
  return worst
}

/**
 * Pods left over in the worst order, and what it takes that none are. Nodes are added until every order works out; then
 * they are made as cheap as can be.
 */
export function repair(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  shop: Shop,
  seeds: readonly number[],
  mostSteps: number,
): Repair {
  const unplaced = worstOver(scheduler, slots, seeds)
  if (unplaced.length === 0) return { unplaced, added: [] }
  const begin = scheduler.steps
  const bought = purchase(scheduler, slots, shop, seeds, { steps: mostSteps })
  if (bought === undefined) return { unplaced, added: undefined }
  const end = scheduler.steps + Math.max(LEAST_STEPS, PART * (scheduler.steps - begin))
  return { unplaced, added: cheaper(scheduler, slots, bought, shop, end) }
}

/**
 * Adds nodes until the default scheduler places every pod in each of these orders. It spreads small pods over all nodes,
 * so a node that a big pod would just fill is half full when that pod comes: which node helps is found out by trying.
 * What turns out to be needless in the end is left out again. Undefined where it takes too many rounds, or more than
 * `most`.
 */
export function nodesToAdd(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  shop: Shop,
  seeds: readonly number[],
  most: Most,
): readonly Slot[] | undefined {
  return purchase(scheduler, slots, shop, seeds, most)?.added
}

function purchase(
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
    if (round === MOST_ROUNDS || scheduler.steps > end) return undefined
    for (const pod of failed.left) left.add(pod)
    const bought = purchases.against(failed, [...slots, ...added])
    if (bought.length === 0) return undefined
    added = [...added, ...bought]
    if (costOf(added) > (most.cost ?? Infinity)) return undefined
    orders = [failed.seed, ...orders.filter((seed) => seed !== failed.seed)]
  }
  return { added: needed(scheduler, slots, added, orders, end), left, seeds: orders }
}

const costOf = (slots: readonly Slot[]): number => slots.reduce((sum, { rate }) => sum + (rate ?? 0), 0)

/** An order of the pods that does not work out, and the pods left over. */
export type Failure = { readonly seed: number; readonly left: readonly Pod[] }

export function firstFailure(
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
