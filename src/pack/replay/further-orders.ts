import type { FurtherOrders } from '../../domain/goal.js'
import type { Slot } from '../draft.js'
import type { ReplayScheduler } from './replay.js'

/** As many as they may cost pods × nodes, within limits. */
const MOST_ORDERS = 200
const FEWEST_ORDERS = 1
const MOST_STEPS = 100_000_000
/** Seeds above all that searches and judges use. */
const FIRST_SEED = 1_000_001

/**
 * How nodes fare in orders that no search has seen. A search fits its answer to the orders that it tries; the pods of a cluster
 * come in another one.
 */
export function furtherOrders(
  scheduler: Pick<ReplayScheduler, 'cost' | 'leftOver'>,
  slots: readonly Slot[],
): FurtherOrders {
  const affordable = Math.floor(MOST_STEPS / Math.max(1, scheduler.cost(slots)))
  const orders = Math.max(FEWEST_ORDERS, Math.min(MOST_ORDERS, affordable))
  const left = Array.from({ length: orders }, (_, index) => scheduler.leftOver(slots, FIRST_SEED + index).length)
  return { orders, failing: left.filter((pods) => pods > 0).length, unplaced: Math.max(0, ...left) }
}
