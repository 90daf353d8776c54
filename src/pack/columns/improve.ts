import { certifyByRelaxation, roundBound, type Certificate } from './certificate.js'
import { makeChance } from './chance.js'
import { generateColumns } from './column-generation.js'
import { beats, build, type Draft } from './draft.js'
import { scaleEffort, type Effort } from './effort.js'
import { makeFiller, type Filling } from './filler.js'
import { habitsFor } from './greedy.js'
import { integerPlan, provenPlan } from './integer-plan.js'
import { blend, classValues, resourcePrices } from './level-zero.js'
import type { LpSolver } from './lp.js'
import { keyOf, makeMaster, worthOf, type Master, type Mixture } from './master.js'
import type { Packing } from './packing.js'
import { ruinAndRebuild } from './rebuild.js'
import { roundMixture } from './rounding.js'
import { tidy } from './tidy.js'

/** What the bound rests on, weakest first. */
export type Proof = 'resources' | 'fillings' | 'all-fillings'

export type Search = {
  readonly draft: Draft
  /** Micro-dollars per hour. */
  readonly lowerBound: number
  readonly certificate: Certificate
  readonly proof: Proof
}

/** Plans of so many bins may be proven by listing fillings. */
const SMALL = 40
/** With more classes the linear programme over fillings takes longer than it is worth. */
const MANY_CLASSES = 1200
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
  const price = resourcePrices(packing)
  let value = classValues(packing, price)
  let certificate = certifyByRelaxation(packing, filler, value)
  let proof: Proof = 'resources'
  let proven = 0
  let best = tidy(packing, build(packing, filler, value, habits[0]!))
  const offer = (draft: Draft): boolean => {
    for (const { filling } of draft.entries) learn(filling)
    const neat = tidy(packing, draft)
    if (!beats(neat, best)) return false
    best = neat
    return true
  }
  offer(best)
  const lowerBound = (): number => Math.max(proven, roundBound(certificate.bound, packing.cost))
  const isBest = (): boolean => best.leftOver === 0 && best.cost <= lowerBound()
  const items = packing.demand.reduce((sum, n) => sum + n, 0)
  const effort = scaleEffort(asked, packing, items, best.nodes)

  for (const habit of habits.slice(1, effort.habits)) {
    if (isBest()) break
    const other = classValues(packing, blend(packing, price, habit.blend))
    const better = certifyByRelaxation(packing, filler, other)
    if (better.bound > certificate.bound) certificate = better
    if (offer(build(packing, filler, other, habit))) value = other
  }
  const rebuild = (worth: Float64Array, tries: number): void => {
    if (!isBest()) offer(ruinAndRebuild(packing, filler, worth, best, tries, lowerBound(), chance, learn))
  }
  const usable = lp !== undefined && packing.classes <= MANY_CLASSES && !isBest()
  rebuild(value, usable ? effort.tries >> 3 : lp === undefined ? effort.tries : 2 * effort.tries)
  const master = usable && !isBest() ? makeMaster(packing, lp, pool.values()) : undefined
  if (master !== undefined && lp !== undefined) {
    try {
      improve(lp, master)
    } finally {
      master.dispose()
    }
  }
  return { draft: best, lowerBound: lowerBound(), certificate, proof }

  function improve(solver: LpSolver, known: Master): void {
    const enough = best.leftOver > 0 ? Infinity : best.cost
    const generated = generateColumns(packing, filler, known, certificate, { ...effort, target: enough })
    if (generated.certificate.bound > certificate.bound) {
      certificate = generated.certificate
      proof = 'fillings'
    }
    const { mixture } = generated
    if (mixture === undefined || isBest()) return
    for (const habit of habits.slice(0, Math.min(4, effort.habits >> 1)))
      for (const draft of roundMixture(packing, filler, mixture.price, known.fillings, mixture.use, habit)) offer(draft)
    rebuild(mixture.price, effort.tries >> 2)
    if (best.nodes <= SMALL && !isBest()) {
      const plan = provenPlan(packing, solver, certificate, best, effort)
      if (plan !== undefined) {
        offer(plan.draft)
        if (plan.bound > lowerBound()) proof = 'all-fillings'
        proven = Math.min(plan.bound, best.cost)
      }
    }
    if (effort.columns >= FEW_COLUMNS && !isBest()) {
      const near = nearFillings(known, mixture, best.cost - certificate.bound)
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
