import { roundBound, type Certificate } from './certificate.js'
import { generateColumns } from './column-generation.js'
import { beats, makeDraft, type Draft } from './draft.js'
import type { Filler, Filling } from './filler.js'
import { packGreedily, type Entry, type Habit } from './greedy.js'
import type { LpSolver } from './lp.js'
import { keyOf, makeMaster, type Mixture } from './master.js'
import type { Packing } from './packing.js'
import { partLeft, takeBins } from './rounding.js'

/** Rounds of column generation for what is left after each purchase. */
const PER_STEP = 30
/** Only so near the top, and so often in all, another filling is bought than the one that the mixture uses most. */
const DEPTH = 3
const DISCREPANCIES = 2
/** Less of a bin is none. */
const NOTHING = 1e-6
const PLAIN: Habit = { recovery: 3, fairShare: Infinity, large: 0, blend: 0 }

/** Bins that are bought, and what is still to pack into how many of the limited types. */
type Part = {
  readonly entries: readonly Entry[]
  readonly cost: number
  readonly demand: Int32Array
  readonly limit: Float64Array
}

/** The best mixture found for what is left. */
type Outlook = {
  readonly fillings: readonly Filling[]
  readonly mixture: Mixture
  readonly certificate: Certificate
}

/**
 * A dive: the bins that the mixture uses whole are bought, or the one that it uses most of, and column generation goes on
 * for what is left, so that the next bins are made for it; where a first purchase was unlucky a few others are tried
 * (limited discrepancy search; Sadykov et al., INFORMS Journal on Computing 31, 2019). It ends after `rounds` of column
 * generation, at the cost of which no plan can be better, or with the last item. Returns `start` when nothing beats it.
 */
export function dive(
  packing: Packing,
  filler: Filler,
  lp: LpSolver,
  top: Outlook,
  start: Draft,
  rounds: number,
): Draft {
  let best = start
  let left = rounds
  const offer = (entries: readonly Entry[], demand: Int32Array): void => {
    const draft = makeDraft(packing, entries, demand)
    if (beats(draft, best)) best = draft
  }
  const isHopeless = (spent: number, bound: number): boolean =>
    best.leftOver === 0 && spent + roundBound(bound, packing.cost) >= best.cost

  const nothing = { entries: [], cost: 0, demand: packing.demand.slice(), limit: packing.limit.slice() }
  descend(nothing, top, 0, DISCREPANCIES)
  return best

  function descend(part: Part, outlook: Outlook, depth: number, discrepancies: number): void {
    const rest = { demand: part.demand.slice(), limit: part.limit.slice() }
    const greedy = packGreedily(packing, filler, outlook.mixture.price, PLAIN, rest)
    offer([...part.entries, ...greedy], rest.demand)
    const tried = new Set<string>()
    for (let branch = 0; branch <= (depth < DEPTH ? discrepancies : 0); branch++) {
      if (left <= 0 || isHopeless(part.cost, outlook.certificate.bound)) return
      const next = buy(packing, part, purchase(outlook, tried, branch === 0))
      if (next === undefined) continue
      if (next.demand.every((n) => n === 0)) offer(next.entries, next.demand)
      else {
        const further = lookOn(next, outlook)
        if (further !== undefined) descend(next, further, depth + 1, discrepancies - branch)
      }
    }
  }

  /** Undefined where nothing better can come of it. */
  function lookOn(part: Part, outlook: Outlook): Outlook | undefined {
    const certificate = whatIsLeft(outlook.certificate, part)
    if (isHopeless(part.cost, certificate.bound)) return undefined
    const rest = restOf(packing, part)
    const master = makeMaster(rest, lp, cutDown(outlook.fillings, part))
    if (master === undefined) return undefined
    try {
      const target = best.leftOver > 0 ? Infinity : best.cost - part.cost
      const limits = { rounds: Math.min(PER_STEP, left), nodes: 0, thorough: true, target }
      const found = generateColumns(rest, filler, master, certificate, limits)
      left -= found.rounds + 1
      const { mixture } = found
      return mixture && { fillings: master.fillings, mixture, certificate: found.certificate }
    } finally {
      master.dispose()
    }
  }
}

/** Whole bins of the mixture, or one bin of the filling with the largest fraction, other than those tried. */
function purchase({ fillings, mixture }: Outlook, tried: Set<string>, whole: boolean): Entry[] {
  const used = fillings.map((filling, at) => ({ filling, at, n: Math.floor(mixture.use[at]! + NOTHING) }))
  const bins = used.filter(({ n }) => n > 0)
  if (whole && bins.length > 0) return bins
  const fraction = (at: number): number => mixture.use[at]! % 1
  const [most] = used
    .filter(({ filling, at }) => mixture.use[at]! > NOTHING && !tried.has(keyOf(filling)))
    .sort((a, b) => fraction(b.at) - fraction(a.at) || a.at - b.at)
  if (most === undefined) return []
  tried.add(keyOf(most.filling))
  return [{ filling: most.filling, n: 1 }]
}

/** Undefined when none of the bins is needed as it is. */
function buy({ cost }: Packing, part: Part, bins: readonly Entry[]): Part | undefined {
  const rest = { demand: part.demand.slice(), limit: part.limit.slice() }
  const bought: Entry[] = []
  for (const { filling, n } of bins)
    takeBins(filling, Math.min(n, rest.limit[filling.type]!), rest, bought, () => false)
  if (bought.length === 0) return undefined
  const spent = bought.reduce((sum, { filling, n }) => sum + n * cost[filling.type]!, part.cost)
  return { entries: [...part.entries, ...bought], cost: spent, ...rest }
}

/** The problem of what is left. */
function restOf(packing: Packing, { demand, limit }: Part): Packing {
  return { ...packing, demand, limit, most: packing.most.map((n, at) => Math.min(n, demand[at % packing.classes]!)) }
}

/** Prices that no bin beats are such for fewer items, too. */
function whatIsLeft(certificate: Certificate, { demand, limit }: Part): Certificate {
  let bound = 0
  for (let c = 0; c < demand.length; c++) bound += certificate.duals[c]! * demand[c]!
  for (const [t, scarcity] of certificate.scarcity.entries()) if (scarcity > 0) bound -= limit[t]! * scarcity
  return { ...certificate, bound: Math.max(0, bound) }
}

/** What the fillings hold of what is left. */
const cutDown = (fillings: readonly Filling[], { demand, limit }: Part): Filling[] =>
  fillings.flatMap((filling) => (limit[filling.type] === 0 ? [] : (partLeft(filling, demand) ?? [])))
