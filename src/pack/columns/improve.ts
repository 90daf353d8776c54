import { roundBound, valuate, type Certificate } from './certificate.js'
import { makeChance } from './chance.js'
import { generateColumns } from './column-generation.js'
import { packInto } from './into-bins.js'
import { cheapestMix } from './node-mix.js'
import { dive } from './dive.js'
import { beats, build, type Draft } from './draft.js'
import { FEW_BINS, MANY_CLASSES, scaleEffort, type Effort } from './effort.js'
import { exchangesIn } from './exchanges.js'
import { makeFiller, type Filling } from './filler.js'
import { habitsFor } from './greedy.js'
import { firstValues } from './first-values.js'
import { integerPlan, provenPlan } from './integer-plan.js'
import { blend } from './level-zero.js'
import { packAsPoured } from './flow-plan.js'
import type { LpSolver } from './lp.js'
import { keyOf, makeMaster, worthOf, type Master, type Mixture } from './master.js'
import type { Packing } from './packing.js'
import { ruinAndRebuild } from './rebuild.js'
import { searchMixes, type Top } from './mix-search.js'
import { roundMixture } from './rounding.js'
import { makeWheel } from './squeaky-wheel.js'
import { tidy } from './tidy.js'

/** What the bound rests on, weakest first. */
export type Proof = 'resources' | 'fillings' | 'whole-bins' | 'all-fillings'

export type Search = {
  readonly draft: Draft
  /** Micro-dollars per hour. */
  readonly lowerBound: number
  readonly certificate: Certificate
  readonly proof: Proof
}

/** Larger plans are good enough when so close to the bound. */
const ENOUGH = 1e-4
/** No dive and no integer programme is worth its time when a large plan is so close. */
const NEAR = 5e-4
/** A dive comes as near to the mixture of fillings as this, which is near enough for a large plan. */
const DIVES_FROM = 1e-3
/** The wider the gap the more is tried, up to this. */
const WIDE = 0.003
/** A gap that whole bins alone may close. */
const PROMISING = 0.02
/** Plans of so many bins may be proven by listing fillings. */
const SMALL = 40
/** Of so many, or where the gap is wide, whole bins are chosen once everything else but lists was tried. */
const SEVERAL = 150
/** With so many the linear programme over fillings takes longer than it is worth. */
const MOST_CLASSES = 4000
/** Part of its cost that a bin of a poured plan holds at least. */
const FULL = [0.995, 0.985, 0.97]
/** An integer programme over fewer fillings finds nothing that rounding does not. */
const FEW_COLUMNS = 100
/** Part of the simplex steps for an integer programme that only looks for a better plan. */
const LOOKING = 0.03

/** First a plan and a bound from prices of the resources alone, then, with `lp`, from the best mixture of fillings. */
export function search(packing: Packing, lp: LpSolver | undefined, asked: Effort): Search {
  const filler = makeFiller(packing)
  const habits = habitsFor(packing.classes)
  const chance = makeChance(packing.classes * 7919 + packing.types)
  const pool = new Map<string, Filling>()
  const learn = (filling: Filling): void => void pool.set(keyOf(filling), filling)
  const { basis, fluid } = firstValues(packing, filler, lp, asked.places)
  let value = basis
  let certificate = basis.certificate
  let proof: Proof = 'resources'
  let proven = 0
  const certificates = [basis.certificate]
  // With many classes a plan after a poured one is better than one from nothing, and takes a part of its time.
  const direct = fluid === undefined || packing.classes <= MANY_CLASSES
  const firstHabit = habits[0]!
  let best = tidy(
    packing,
    direct
      ? build(packing, filler, basis, firstHabit)
      : packAsPoured(packing, filler, fluid, basis, firstHabit, FULL[0]!),
  )
  const offer = (draft: Draft): boolean => {
    for (const { filling } of draft.entries) learn(filling)
    const neat = tidy(packing, draft)
    if (!beats(neat, best)) return false
    best = neat
    return true
  }
  offer(best)
  const lowerBound = (): number => Math.max(proven, roundBound(certificate.bound, packing.cost))
  const gap = (): number => (best.leftOver > 0 ? 1 : 1 - lowerBound() / best.cost)
  /** Few bins are worth a proof; with many what is left to gain is soon less than any other error. */
  const isBest = (): boolean =>
    best.leftOver === 0 && (best.nodes > FEW_BINS ? gap() <= ENOUGH : best.cost <= lowerBound())
  const items = packing.demand.reduce((sum, n) => sum + n, 0)
  const effort = scaleEffort(asked, packing, items, best.nodes)

  for (const [k, habit] of habits.slice(0, effort.habits).entries()) {
    if (isBest()) break
    if (fluid !== undefined && (k > 0 || direct)) {
      offer(packAsPoured(packing, filler, fluid, basis, habit, FULL[k % FULL.length]!))
    }
    if (k === 0 || !direct) continue
    const other = valuate(packing, filler, blend(packing, basis.value, habit.blend))
    if (other.certificate.bound > certificate.bound) certificate = other.certificate
    if (offer(build(packing, filler, other, habit))) value = other
  }
  // With few bins for each class rounding needs the fewer fillings that the plain values give.
  if (!direct || best.nodes >= packing.classes) {
    const louder = makeWheel(packing, basis.value)
    for (let step = 0, last = best; step < effort.squeaks && !isBest(); step++) {
      const asked = louder(last)
      last =
        fluid === undefined || direct
          ? build(packing, filler, { ...basis, value: asked }, firstHabit)
          : packAsPoured(packing, filler, fluid, basis, firstHabit, FULL[1], asked)
      offer(last)
    }
  }
  const rebuild = (worth: Float64Array, tries: number): void => {
    const many = Math.ceil(tries * Math.min(1, gap() / WIDE))
    if (!isBest()) offer(ruinAndRebuild(packing, filler, worth, basis.promise, best, many, lowerBound(), chance, learn))
  }
  const usable = lp !== undefined && effort.rounds > 0 && packing.classes <= MOST_CLASSES && !isBest()
  rebuild(value.value, usable ? effort.tries >> 3 : lp === undefined ? effort.tries : 2 * effort.tries)
  certificates.push(certificate)
  let triedMix = false
  // With a wide gap the prices of the fillings are needed first.
  if (gap() <= PROMISING) tryMix()
  const master =
    usable && !isBest()
      ? makeMaster(packing, lp, pool.values(), effort.exchanges ? exchangesIn(packing) : [])
      : undefined
  if (master !== undefined && lp !== undefined) {
    try {
      improve(lp, master)
    } finally {
      master.dispose()
    }
  }
  // Where it looked hopeless it may still lift the bound.
  if (!triedMix) tryMix()
  return { draft: best, lowerBound: lowerBound(), certificate, proof }

  /** Whole bins: what they cost at least, and whether everything fits into the cheapest. */
  function tryMix(): void {
    if (effort.mixes === 0 || best.nodes > SMALL || best.leftOver > 0 || isBest()) return
    triedMix = true
    const mix = cheapestMix(packing, certificates, best, effort.mixes)
    if (mix === undefined) return
    raise(mix.bound)
    if (!isBest() && mix.bins !== undefined) offer(packInto(packing, filler, value.value, mix.bins, effort.refits >> 2))
  }

  function tryMixes(solver: LpSolver, top: Top): void {
    if (effort.mixes === 0 || best.leftOver > 0 || isBest()) return
    triedMix = true
    const { draft, bound } = searchMixes(packing, filler, solver, top, best, effort)
    raise(bound)
    offer(draft)
  }

  function raise(bound: number): void {
    if (bound <= lowerBound()) return
    proven = bound
    proof = 'whole-bins'
  }

  function improve(solver: LpSolver, known: Master): void {
    const enough = best.leftOver > 0 ? Infinity : best.cost
    const generated = generateColumns(packing, filler, known, certificate, { ...effort, target: enough })
    if (generated.certificate.bound > certificate.bound) {
      certificate = generated.certificate
      if (roundBound(certificate.bound, packing.cost) > proven) proof = 'fillings'
    }
    const { mixture } = generated
    certificates.push(certificate)
    if (mixture === undefined || isBest()) return
    const whole = { certificates, fillings: known.fillings, mixture }
    const isNear = best.nodes <= SMALL && gap() <= 2 * PROMISING
    if (isNear) tryMixes(solver, whole)
    if (isBest()) return
    for (const habit of habits.slice(0, direct ? Math.min(4, effort.habits >> 1) : 1))
      for (const draft of roundMixture(
        packing,
        filler,
        valuate(packing, filler, mixture.price),
        known.fillings,
        mixture.use,
        habit,
      ))
        offer(draft)
    rebuild(mixture.price, effort.tries >> 2)
    const isWorthMore = (): boolean => !isBest() && (effort.thorough || gap() > NEAR)
    const mayGain = best.leftOver > 0 || best.cost > mixture.cost * (effort.thorough ? 1 : 1 + DIVES_FROM)
    if (effort.dive > 0 && mayGain && isWorthMore()) {
      const top = { fillings: known.fillings, mixture, certificate: generated.certificate }
      offer(dive(packing, filler, solver, top, best, effort.dive))
    }
    if (!isNear && best.nodes <= SEVERAL) tryMixes(solver, whole)
    if (best.nodes <= SMALL && !isBest()) {
      const plan = provenPlan(packing, solver, certificate, best, effort)
      if (plan !== undefined) {
        offer(plan.draft)
        if (plan.bound > lowerBound()) {
          proof = 'all-fillings'
          proven = Math.min(plan.bound, best.cost)
        }
      }
    }
    // Among few fillings the search gets further in the same steps; among many there are better plans.
    for (const columns of effort.columns >= FEW_COLUMNS ? [FEW_COLUMNS, effort.columns] : []) {
      if (!isWorthMore()) break
      const near = nearFillings(known, mixture, best.cost - certificate.bound).slice(0, columns)
      const plan = integerPlan(packing, solver, near, best, Math.ceil(effort.steps * LOOKING))
      if (plan !== undefined) offer(plan.draft)
    }
    rebuild(mixture.price, effort.tries >> 1)
  }

  /** Known fillings that cost at most `within` above their worth, the least first. */
  function nearFillings(known: Master, mixture: Mixture, within: number): Filling[] {
    const all = new Map([...known.fillings.map((filling) => [keyOf(filling), filling] as const), ...pool])
    return [...all.values()]
      .map((filling, at) => ({
        filling,
        at,
        over: packing.cost[filling.type]! + mixture.scarcity[filling.type]! - worthOf(filling, mixture.price),
      }))
      .filter(({ over }) => over <= within)
      .sort((a, b) => a.over - b.over || a.at - b.at)
      .slice(0, effort.columns)
      .map(({ filling }) => filling)
  }
}
