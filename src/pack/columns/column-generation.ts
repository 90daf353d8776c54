import { certify, commonDivisor, roundBound, type Certificate } from './certificate.js'
import { MANY_CLASSES, type ScaledEffort } from './effort.js'
import { makeExactFiller } from './exact-fill.js'
import type { Filler, Filling } from './filler.js'
import { worthOf, type Master, type Mixture } from './master.js'
import type { Packing } from './packing.js'

export type Generated = {
  readonly certificate: Certificate
  /** Undefined when the solver gave no answer. */
  readonly mixture: Mixture | undefined
  readonly rounds: number
  readonly nodes: number
}

/** How far the prices asked lie towards the best ones known, and how that falls when nothing is gained (Wentges 1997). */
const SMOOTHING = 0.7
const PATIENCE = 20
const FADE = 0.85
const PER_ROUND = 60
/** Fillings of a type in a round: few classes make linear programmes that take hardly longer for more of them. */
const PER_TYPE = 6
/** Fillings kept per class and in any case. */
const KEPT = 6
const KEPT_LEAST = 400
/** Relative distance between bound and mixture that ends the search: a thorough one, and any other. */
const CLOSEST = 2e-5
const CLOSE = 2e-4
/** The distance that is too small to matter, as a part of what the best plan costs above the mixture. */
const OF_WHAT_IS_OPEN = 0.025
/** A search that is not thorough ends within this distance when so many rounds leave more than this part of it. */
const NEAR = 0.003
const LOOK_EVERY = 20
const STALLED = 0.9
/** Branch and bound nodes × classes after which such a search prices no further within this distance. */
const ENOUGH_PRICING = 1e7
const WELL_PRICED = 0.004
const NOISE = 1e-7
/** A type that cannot hold this part of its cost at the prices asked hardly has a filling that the mixture wants. */
const HOPELESS = 0.97
/** Every so many rounds fillings are priced exactly, for the bound, with so many nodes; with few types in every round. */
const EXACT_EVERY = 10
const FEW_TYPES = 12
const QUICK_NODES = 300

/**
 * Column generation (Gilmore and Gomory 1961): which filling would the mixture gain from at its own prices? New fillings
 * change the prices; when there are none the mixture is the best of all. Every round also proves a bound.
 */
export function generateColumns(
  packing: Packing,
  filler: Filler,
  master: Master,
  first: Certificate,
  effort: Pick<ScaledEffort, 'rounds' | 'nodes' | 'thorough'> & { readonly target: number },
): Generated {
  const { types, classes, cost, demand } = packing
  const every = Int32Array.from({ length: classes }, (_, c) => c)
  const exact = makeExactFiller(packing)
  let best = first
  let mixture = master.solve()
  let smoothing = SMOOTHING
  let quiet = 0
  let nodes = 0
  let nodeLimit = 200
  let rounds = 0
  const unit = commonDivisor(cost)
  const close = effort.thorough ? CLOSEST : CLOSE
  const oftenExact = types <= FEW_TYPES ? 1 : EXACT_EVERY
  let exactEvery = oftenExact
  let distanceBefore = Infinity
  const asked = new Float64Array(classes)
  const atMost = new Float64Array(types)
  const allowed = new Int32Array(classes)
  const perType = Math.max(classes > MANY_CLASSES ? 1 : PER_TYPE, Math.floor(PER_ROUND / types))

  /** What `asked` proves, as far as `atMost` says what a bin can hold at these values. */
  const improves = (): boolean => {
    const certificate = certify(packing, asked, atMost)
    if (certificate.bound <= best.bound) return false
    best = certificate
    return true
  }

  /** Lowers `atMost` where it leaves room for more than a type costs. True when some type still might hold more. */
  function askExactly(price: Mixture, consider: (filling: Filling | undefined) => void, limit: number): boolean {
    let doubtful = false
    const gap = Math.max(CLOSEST / 2, (price.cost / best.bound - 1) / 8)
    for (let t = 0; t < types && nodes < effort.nodes; t++) {
      const charge = cost[t]! + price.scarcity[t]!
      const enough = charge * (1 + gap)
      if (atMost[t]! <= enough) continue
      const answer = exact(t, asked, charge * (1 + NOISE), enough, Math.min(limit, effort.nodes - nodes))
      nodes += answer.nodes
      atMost[t] = Math.min(atMost[t]!, answer.bound)
      consider(answer.filling)
      for (const other of answer.others) consider(other)
      if (atMost[t]! > enough) doubtful = true
    }
    return doubtful
  }

  while (mixture !== undefined && rounds < effort.rounds) {
    const distance = 1 - best.bound / mixture.cost
    // Far from a plan the last of the distance is not what keeps it open, unless whole units of the costs could close it.
    const open = effort.target / mixture.cost - 1
    if (open < Infinity && distance <= open * OF_WHAT_IS_OPEN && unit < distance * best.bound) break
    if (distance <= close || best.bound >= effort.target) break
    // In whole units of the costs, which is how it is stated, no bound can be higher.
    if (roundBound(best.bound, cost) >= roundBound(mixture.cost, cost)) break
    if (!effort.thorough && rounds > 0 && rounds % LOOK_EVERY === 0) {
      if (distance <= NEAR && distance > STALLED * distanceBefore) break
      distanceBefore = distance
    }
    rounds++
    const found: { filling: Filling; gain: number }[] = []
    const consider = (filling: Filling | undefined): boolean => {
      if (filling === undefined || mixture === undefined) return false
      const price = cost[filling.type]! + mixture.scarcity[filling.type]!
      const gain = worthOf(filling, mixture.price) - price
      if (gain <= NOISE * price) return false
      found.push({ filling, gain: gain / (price + 1) })
      return true
    }
    let better = false
    for (const weight of smoothing > 0.01 ? [smoothing, 0] : [0]) {
      // From here on `atMost` belongs to these values, and to no others.
      for (let c = 0; c < classes; c++) asked[c] = weight * best.duals[c]! + (1 - weight) * mixture.price[c]!
      for (let t = 0; t < types; t++) {
        atMost[t] = filler.relax(t, asked, every, classes, demand)
        if (atMost[t]! < HOPELESS * (cost[t]! + mixture.scarcity[t]!)) continue
        let filling = filler.fill(t, asked, every, classes, demand)
        allowed.set(demand)
        for (let more = perType; consider(filling) && more > 1; more--) {
          for (const c of filling?.classes ?? []) allowed[c] = 0
          filling = filler.fill(t, asked, every, classes, allowed)
        }
      }
      better = improves()
      if (!better && rounds % exactEvery === 0) {
        askExactly(mixture, consider, QUICK_NODES)
        better = improves()
        if (!effort.thorough) exactEvery = better ? oftenExact : Math.min(EXACT_EVERY, 2 * exactEvery)
      }
      if (found.length > 0 || better) break
    }
    if (found.length === 0 && !better) {
      if (!effort.thorough && distance <= WELL_PRICED && nodes * classes > ENOUGH_PRICING) break
      // At the plain prices the quick filling sees nothing more: ask exactly where the quick bound leaves room.
      const doubtful = askExactly(mixture, consider, nodeLimit)
      better = improves()
      if (found.length === 0) {
        if (nodes >= effort.nodes || (!better && !doubtful)) break
        nodeLimit *= 4
      }
    }
    if (++quiet > PATIENCE) {
      smoothing *= FADE
      quiet = 0
    }
    found.sort((a, b) => b.gain - a.gain || a.filling.type - b.filling.type)
    const added = master.add(found.slice(0, Math.max(PER_ROUND, classes >> 2)).map(({ filling }) => filling))
    if (added > 0) {
      const keep = Math.max(KEPT_LEAST, KEPT * classes)
      if (master.fillings.length > 1.5 * keep) master.trim(mixture, keep)
      mixture = master.solve() ?? mixture
    }
  }
  return { certificate: best, mixture: mixture && master.settle(mixture), rounds, nodes }
}
