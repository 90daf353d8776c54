import { commonDivisor, type Certificate } from './certificate.js'
import type { Draft } from './draft.js'
import { makeExactFiller } from './exact-fill.js'
import type { Packing } from './packing.js'

export type NodeMix = {
  /** Micro-dollars per hour: whole bins that together could hold everything cost at least this. */
  readonly bound: number
  /** The cheapest that was met, below what is known; nobody says that everything really fits. */
  readonly bins: Float64Array | undefined
}

/** Σ atMost[t] × bins of t ≥ needed, for any plan. */
export type Rule = { readonly atMost: Float64Array; readonly needed: number }

/** A class matters by itself where the bins of the plan hold at most so many times what there is of it. */
const SCARCE = 3
/** More rules make every step longer. */
const MOST_RULES = 16
/** Less than what rules are eased by. */
const EQUAL = 1e-9

/**
 * The cheapest whole bins that obey what every plan obeys: of no resource, no class and at no prices may all bins
 * together hold less than there is. Where bins are few, whole ones cost noticeably more than parts of them, and this
 * proves it. A type that costs more above its worth than `best` costs above the bound is in no better plan.
 *
 * Counted from above it is a knapsack: which of the most bins that a better plan could have may be left out, for as much
 * money as possible, so that the others still hold enough?
 */
export function cheapestMix(
  packing: Packing,
  certificates: readonly Certificate[],
  best: Draft,
  work: number,
  others: readonly Rule[] = [],
): NodeMix | undefined {
  const { types, classes, cost, limit, most, demand } = packing
  const few = limit.slice()
  for (const { bound, scarcity, atMost } of certificates) {
    // With scarce types it is only all bins together that are worth no more than they cost.
    if (scarcity.some((each) => each > 0)) continue
    for (let t = 0; t < types; t++) {
      const above = cost[t]! - atMost[t]!
      if (above > 0) few[t] = Math.min(few[t]!, Math.floor(((best.cost - bound) * (1 + 1e-9) + 1e-3) / above))
    }
  }
  const bought = new Float64Array(types)
  for (const { filling, n } of best.entries) bought[filling.type] = bought[filling.type]! + n
  // No plan needs an empty bin.
  const items = demand.reduce((sum, n) => sum + n, 0)
  for (let t = 0; t < types; t++) few[t] = Math.min(few[t]!, items, Math.floor(best.cost / cost[t]!))
  const hopeful = [...Array(types).keys()].filter((t) => few[t]! > 0)
  const rules = [...resourceRules(packing), ...certificates.map((each) => valueRule(packing, each))]
  for (let c = 0; c < classes && rules.length < MOST_RULES; c++) {
    const atMost = Float64Array.from({ length: types }, (_, t) => most[t * classes + c]!)
    const held = bought.reduce((sum, n, t) => sum + n * atMost[t]!, 0)
    if (held < SCARCE * demand[c]!) rules.push({ atMost, needed: demand[c]! })
  }
  const kept = [...rules, ...others].filter(({ needed }) => needed > 0)
  if (hopeful.length === 0 || kept.length === 0) return undefined
  const used = moveToBetter(hopeful, kept, few, items, packing)

  const size = Float64Array.from(used.flatMap((t) => kept.map(({ atMost }) => atMost[t]!)))
  const spare = Float64Array.from(kept, ({ atMost, needed }) => {
    let all = 0
    for (const t of used) all += few[t]! * atMost[t]!
    // A little more, so that rounding never excludes a plan.
    return all - needed + 1e-7 * needed
  })
  // Even with everything there is not enough: nothing is cheaper than what is known.
  if (spare.some((room) => room < 0)) return { bound: best.cost, bins: undefined }
  let everything = 0
  for (const t of used) everything += few[t]! * cost[t]!
  const unit = commonDivisor(cost) || 1
  const fill = makeExactFiller({
    ...packing,
    resources: kept.length,
    types: 1,
    classes: used.length,
    size,
    capacity: spare,
    share: size.map((amount, at) => amount / (spare[at % kept.length]! || 1)),
    room: spare.map((room) => (room > 0 ? 1 : 0)),
    most: Int32Array.from(used, (t, j) => {
      let out = few[t]!
      for (let k = 0; k < kept.length; k++)
        if (size[j * kept.length + k]! > 0) out = Math.min(out, Math.floor(spare[k]! / size[j * kept.length + k]!))
      return out
    }),
    group: new Int32Array(used.length).fill(-1),
  })
  const saved = everything - best.cost
  const answer = fill(
    0,
    Float64Array.from(used, (t) => cost[t]!),
    saved,
    saved + 0.999 * unit,
    Math.ceil(work / (used.length * kept.length)),
  )
  const open = everything - answer.bound
  const bound = Math.min(best.cost, Math.ceil((open * (1 - 1e-9) - 1e-6) / unit) * unit)
  if (answer.filling === undefined) return { bound, bins: undefined }
  const bins = new Float64Array(types)
  for (const t of used) bins[t] = few[t]!
  for (const [k, j] of answer.filling.classes.entries()) bins[used[j]!] = bins[used[j]!]! - answer.filling.counts[k]!
  return { bound, bins }
}

/** What another type does by every rule for no more money needs not be chosen: that one may be bought as often more (`few`). */
function moveToBetter(
  hopeful: readonly number[],
  rules: readonly Rule[],
  few: Float64Array,
  items: number,
  { cost, limit }: Packing,
): number[] {
  const stay: number[] = []
  for (const t of [...hopeful].sort((a, b) => cost[a]! - cost[b]! || a - b)) {
    const doesAsMuch = (s: number): boolean => rules.every(({ atMost }) => atMost[s]! >= atMost[t]! * (1 - EQUAL))
    const better = stay.find((s) => limit[s] === Infinity && doesAsMuch(s))
    if (better === undefined) stay.push(t)
    else few[better] = Math.min(items, few[better]! + few[t]!)
  }
  return stay.sort((a, b) => a - b)
}

function valueRule({ classes, demand }: Packing, { duals, atMost }: Certificate): Rule {
  let needed = 0
  for (let c = 0; c < classes; c++) needed += demand[c]! * duals[c]!
  return { atMost, needed }
}

function resourceRules({ resources, types, classes, capacity, size, demand }: Packing): Rule[] {
  return Array.from({ length: resources }, (_, r) => {
    let needed = 0
    for (let c = 0; c < classes; c++) needed += demand[c]! * size[c * resources + r]!
    return { atMost: Float64Array.from({ length: types }, (_, t) => capacity[t * resources + r]!), needed }
  })
}
