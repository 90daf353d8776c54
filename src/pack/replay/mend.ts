import type { FleetSearch } from './fleet-search.js'
import { fleetOf, slotsOf, type Fleet } from './fleet.js'
import type { Most } from './purchase.js'
import { withRelief } from './relief.js'
import { nodesToAdd } from './repair.js'

/** Times that a fleet is mended, and eased between. */
const MOST_EASES = 4
/** Nodes that are bought to mend a fleet are made cheaper in the end: so much dearer may still come to less. */
const HOPE = 1.1
/**
 * How a fleet is mended where exchanges of single nodes do not get far: with relief for such a share of its CPU, and by the
 * orders from such a part of them on first. What it comes to differs by as much as a tenth.
 */
export const WAYS: readonly Way[] = [
  { relief: 0.1, from: 0 },
  { relief: 0, from: 0 },
  { relief: 0.05, from: 0 },
  { relief: 0.2, from: 0 },
  { relief: 0.1, from: 1 / 2 },
  { relief: 0, from: 1 / 2 },
]
export const AS_IT_IS: readonly Way[] = [{ relief: 0, from: 0 }]
export type Way = { readonly relief: number; readonly from: number }

type MostMended = { readonly steps: number; readonly rate: number }

/** The cheapest that one of these ways comes to. */
export function mendBest(
  ways: readonly Way[],
  fleet: Fleet,
  judges: readonly number[],
  search: FleetSearch,
  most: MostMended,
): Fleet | undefined {
  let best: Fleet | undefined
  for (const { relief, from } of ways) {
    const start = relief === 0 ? fleet : withRelief(fleet, search.groups, relief, search.shop)
    const first = Math.floor(from * judges.length)
    const orders = [...judges.slice(first), ...judges.slice(0, first)]
    best = mend(start, orders, search, { ...most, rate: best?.rate ?? most.rate }) ?? best
  }
  return best
}

/**
 * The fleet with the nodes that it takes to pass in every order by which answers are judged. What was added may have to be
 * eased, and what was eased may need more. Undefined where it would cost as much as `rate` or more.
 */
function mend(
  fleet: Fleet,
  orders: readonly number[],
  { scheduler, shop, hasPlaces, ease }: FleetSearch,
  { steps, rate }: MostMended,
): Fleet | undefined {
  let next = fleet
  for (let attempt = 0; attempt < MOST_EASES; attempt += 1) {
    const most: Most = { steps, cost: rate * HOPE - next.rate }
    const added = nodesToAdd(scheduler, slotsOf(next), shop, orders, most)
    if (added === undefined) return undefined
    const mended = fleetOf(next.chosen, [...next.added, ...added], next.places)
    if (mended.rate >= rate) return undefined
    if (hasPlaces(mended)) return mended
    next = ease?.(mended) ?? mended
    if (next === mended) return undefined
  }
  return undefined
}
