import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'
import { cheaper } from './cheaper.js'
import { purchase, type Most } from './purchase.js'
import type { ReplayScheduler } from './replay.js'
import type { Shop } from './shop.js'

/** Orders in which the pods may come, for what is tried often; the worst of them counts. */
export const SEEDS: readonly number[] = [1, 2, 3, 4, 5]
/** Orders by which a plan is judged. */
export const JUDGES: readonly number[] = [...SEEDS, 6, 7, 8, 9, 10]
/** Steps for the search of cheaper nodes, once a repair works out: this part of what it took, or so many at least. */
const PART = 1 / 4
const LEAST_STEPS = 8_000_000

export type Repair = {
  /** Pods left over in the worst order, on the plan's own nodes. */
  readonly unplaced: readonly Pod[]
  /** Nodes that had to be added until every order placed all; undefined when that could not be reached. */
  readonly added: readonly Slot[] | undefined
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

/** Pods left over in the worst order, and what it takes that none are. */
export function repair(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  shop: Shop,
  seeds: readonly number[],
  mostSteps: number,
): Repair {
  const unplaced = worstOver(scheduler, slots, seeds)
  if (unplaced.length === 0) return { unplaced, added: [] }
  return { unplaced, added: nodesToAdd(scheduler, slots, shop, seeds, { steps: mostSteps, insists: true }) }
}

/**
 * Adds nodes until the default scheduler places every pod in each of these orders, then makes them as cheap as can be.
 * Undefined where the first of both takes too many rounds, or more than `most`.
 */
export function nodesToAdd(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  shop: Shop,
  seeds: readonly number[],
  most: Most,
): readonly Slot[] | undefined {
  const begin = scheduler.steps
  const bought = purchase(scheduler, slots, shop, seeds, most)
  if (bought === undefined || bought.added.length === 0) return bought?.added
  const end = scheduler.steps + Math.max(LEAST_STEPS, PART * (scheduler.steps - begin))
  return cheaper(scheduler, slots, bought, shop, end)
}
