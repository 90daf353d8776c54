import { countsFor, limitFaults, type GroupLimit } from '../domain/group-limit.js'
import type { Surcharge } from './bins/bin-question.js'
import type { Slot } from './draft.js'
import { fewestBreaches, type Layout } from './layout.js'
import { asMixed } from './rails/offers.js'

/** Prices on the limit that are tried. */
const MOST_ASKS = 5
/** The first price, as a part of what the cheapest layout costs, for the whole limit; and what it grows by where that is too little. */
const FIRST = 0.25
const GROWTH = 4
const NO_LIMITS: ReadonlyMap<string, GroupLimit> = new Map()

/** Do the nodes of groups keep within the limits of these? */
export const keepsLimits = (slots: readonly Slot[], limits: ReadonlyMap<string, GroupLimit> = NO_LIMITS): boolean =>
  limits.size === 0 ||
  limitFaults(
    slots.map((slot) => asMixed(slot)),
    limits,
  ).length === 0

export type Limited = {
  readonly group: string
  readonly limit: GroupLimit
  /** The group laid out as though machines cost so much more; undefined where the cluster is too large. */
  readonly priced: (surcharge: Surcharge) => readonly Layout[] | undefined
}

/**
 * Of the layouts those within the limit of their group. Where the cheapest is not, the group is laid out again with a price on
 * what the limit speaks of (a Lagrange multiplier), which is raised until a layout is within it, and lowered again as far as one
 * is. There may be none: then only layouts of today's nodes remain.
 */
export function withinLimit(layouts: readonly Layout[], { group, limit, priced }: Limited): Layout[] {
  const limits = new Map([[group, limit]])
  const isWithin = ({ nodes }: Layout): boolean =>
    keepsLimits(
      nodes.map(({ slot }) => slot),
      limits,
    )
  const within = layouts.filter(isWithin)
  const [cheapest] = fewestBreaches(layouts)
  if (cheapest === undefined || isWithin(cheapest)) return within
  const short = [...limit].map(([resource, most]) => {
    const has = cheapest.nodes.reduce((total, { slot }) => total + countsFor(resource, asMixed(slot).capacity), 0)
    return has > most ? most : Infinity
  })
  if (short.includes(0)) return within
  let [low, high] = [0, Infinity]
  let scale = FIRST
  for (let ask = 0; ask < MOST_ASKS; ask += 1) {
    const price = scale * cheapest.rate
    const made = priced(({ counted }) =>
      counted.reduce((total, amount, at) => total + (price * amount) / short[at]!, 0),
    )
    if (made === undefined) break
    const sound = made.filter(isWithin)
    within.push(...sound)
    if (sound.length > 0) high = scale
    else low = scale
    scale = high === Infinity ? scale * GROWTH : low === 0 ? high / GROWTH : (low + high) / 2
  }
  return within
}
