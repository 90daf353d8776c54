import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import { Orders } from './orders.js'
import type { ReplayScheduler } from './replay.js'

/**
 * Of the nodes added, those that cannot be left out again, the dearest tried first, while there are steps left. The order
 * in which the last attempt failed is asked first.
 */
export function needed(
  scheduler: Pick<ReplayScheduler, 'leftOver' | 'steps'>,
  slots: readonly Slot[],
  added: readonly Slot[],
  seeds: readonly number[],
  end: number,
): readonly Slot[] {
  const orders = new Orders(scheduler, seeds)
  let kept = added
  const dearestFirst = [...added].sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || byText(a.site.name, b.site.name))
  for (const slot of dearestFirst) {
    if (scheduler.steps >= end) break
    const fewer = kept.filter((other) => other !== slot)
    if (orders.allWork([...slots, ...fewer])) kept = fewer
  }
  return kept
}
