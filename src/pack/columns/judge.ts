import { makeExactFiller } from './exact-fill.js'
import type { Filler, Filling } from './filler.js'
import type { LpSolver } from './lp.js'
import { keyOf, makeMaster, worthOf, type Mixture } from './master.js'
import type { Rule } from './node-mix.js'
import type { Packing } from './packing.js'

/** A mixture of fillings that holds everything, or a rule that every plan obeys and the bins that were asked do not. */
export type Answer =
  | { readonly kind: 'mixture'; readonly fillings: readonly Filling[]; readonly use: Float64Array }
  | { readonly kind: 'rule'; readonly rule: Rule }

/** Fillings of a type in a round, without a class in common. */
const PER_TYPE = 3
/** Fillings in a round, or a quarter of the classes if these are more. */
const PER_ROUND = 60
/** Classes × nodes of branch and bound to find out what one type holds at most. */
const PRICING = 100_000
const NOISE = 1e-7
/** How far the prices asked lie towards the best known (Wentges 1997). */
const SMOOTHING = 0.6
/** Every so many rounds what the bins can hold is worked out exactly. */
const EXACT_EVERY = 8
/** The part of what is missing that prices must show before they are taken: a rule that forbids more is worth some rounds. */
const DEEP = 0.5

/**
 * Asks of bins whether everything fits them as a mixture of fillings. In the linear programme the bins are paid already, and
 * more are to be had for their costs: where it needs some, its prices are such that the bins hold too little of all. `bins`:
 * how many of each type; `rounds` of new fillings. Undefined where that does not answer it.
 */
export function makeJudge(
  packing: Packing,
  filler: Filler,
  lp: LpSolver,
  { fillings, prices }: { readonly fillings: readonly Filling[]; readonly prices: Float64Array },
): (bins: Float64Array, rounds: number) => Answer | undefined {
  const { types, classes, cost, limit, demand } = packing
  const exact = makeExactFiller(packing)
  const known = new Map(fillings.map((filling) => [keyOf(filling), filling] as const))
  const every = Int32Array.from({ length: classes }, (_, c) => c)

  return (bins, rounds) => {
    const mixed = [...bins.keys()].filter((t) => bins[t]! > 0)
    const spent = mixed.reduce((sum, t) => sum + bins[t]! * cost[t]!, 0)
    const paidAs = new Map(mixed.map((t, k) => [t, types + k]))
    const withPaid = (filling: Filling): Filling[] => {
      const type = paidAs.get(filling.type)
      return type === undefined ? [filling] : [filling, { ...filling, type }]
    }
    const both = {
      ...packing,
      types: types + mixed.length,
      cost: Float64Array.of(...cost, ...mixed.map(() => 0)),
      limit: Float64Array.of(...limit, ...mixed.map((t) => bins[t]!)),
    }
    const master = makeMaster(both, lp, [...known.values()].flatMap(withPaid))
    if (master === undefined) return undefined
    const chargeFor = ({ scarcity }: Mixture): Float64Array =>
      Float64Array.from(cost, (each, t) => {
        const paid = paidAs.get(t)
        const own = each + scarcity[t]!
        return (1 + NOISE) * (paid === undefined ? own : Math.min(own, scarcity[paid]!))
      })
    /** The prices that came nearest to showing that the bins hold too little, and what was missing at them. */
    let nearest: Shown = { price: prices, missing: -Infinity, rule: { atMost: new Float64Array(types), needed: 0 } }
    const weigh = (price: Float64Array, atMost: Float64Array): void => {
      const needed = demand.reduce((sum, n, c) => sum + n * price[c]!, 0)
      const missing = needed - mixed.reduce((sum, t) => sum + bins[t]! * atMost[t]!, 0)
      if (missing > nearest.missing) nearest = { price, missing, rule: { atMost, needed } }
    }
    // Well apart: rules are eased by a trifle where they are kept.
    const isShown = (): boolean => nearest.missing > 10 * NOISE * nearest.rule.needed
    try {
      let quiet = false
      for (let round = 0; round < rounds; round++) {
        const mixture = master.solve()
        if (mixture === undefined) return undefined
        if (mixture.cost <= NOISE * spent) return inPaidBins(master.fillings, mixture, types, mixed)
        const charge = chargeFor(mixture)
        const isExact = quiet || round % EXACT_EVERY === EXACT_EVERY - 1
        let added = 0
        for (const smoothing of isExact ? [0] : [SMOOTHING, 0]) {
          const asked = mixture.price.map((each, c) => smoothing * nearest.price[c]! + (1 - smoothing) * each)
          const { atMost, found } = ask(asked, mixture.price, charge, isExact ? mixed : [])
          weigh(asked, atMost)
          if (isShown() && nearest.missing > DEEP * mixture.cost) return { kind: 'rule', rule: nearest.rule }
          for (const filling of found) known.set(keyOf(filling), filling)
          added = master.add(found.flatMap(withPaid))
          if (added > 0) break
        }
        if (added === 0 && isExact) break
        quiet = added === 0
      }
      return isShown() ? { kind: 'rule', rule: nearest.rule } : undefined
    } finally {
      master.dispose()
    }
  }

  /** What bins hold at most at these prices, and fillings worth more than is charged for them; exact answers for some types. */
  function ask(asked: Float64Array, price: Float64Array, charge: Float64Array, exactly: readonly number[]): Asked {
    const atMost = Float64Array.from(cost, (_, t) => filler.relax(t, asked, every, classes, demand))
    const found: Filling[] = []
    const allowed = new Int32Array(classes)
    for (let t = 0; t < types; t++) {
      if (atMost[t]! <= charge[t]!) continue
      const before = found.length
      allowed.set(demand)
      for (let more = PER_TYPE; more > 0; more--) {
        const filling = filler.fill(t, asked, every, classes, allowed)
        if (filling === undefined || worthOf(filling, price) <= charge[t]!) break
        found.push(filling)
        for (const c of filling.classes) allowed[c] = 0
      }
      if (found.length > before || !exactly.includes(t)) continue
      const answer = exact(t, asked, charge[t]!, charge[t]!, Math.ceil(PRICING / classes))
      atMost[t] = Math.min(atMost[t]!, answer.bound)
      if (answer.filling !== undefined) found.push(answer.filling, ...answer.others)
    }
    const gain = (filling: Filling): number =>
      (worthOf(filling, price) - charge[filling.type]!) / (charge[filling.type]! + 1)
    const most = Math.max(PER_ROUND, classes >> 2)
    if (found.length <= most) return { atMost, found }
    const order = found.map((filling, at) => ({ filling, gain: gain(filling), at }))
    order.sort((a, b) => b.gain - a.gain || a.at - b.at)
    return { atMost, found: order.slice(0, most).map(({ filling }) => filling) }
  }
}

type Shown = { readonly price: Float64Array; readonly missing: number; readonly rule: Rule }

type Asked = { readonly atMost: Float64Array; readonly found: readonly Filling[] }

function inPaidBins(all: readonly Filling[], { use }: Mixture, types: number, mixed: readonly number[]): Answer {
  const paid = [...all.keys()].filter((at) => all[at]!.type >= types)
  return {
    kind: 'mixture',
    fillings: paid.map((at) => ({ ...all[at]!, type: mixed[all[at]!.type - types]! })),
    use: Float64Array.from(paid, (at) => use[at]!),
  }
}
