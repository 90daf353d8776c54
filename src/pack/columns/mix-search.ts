import { valuate, type Certificate } from './certificate.js'
import { beats, type Draft } from './draft.js'
import type { Effort } from './effort.js'
import type { Filler, Filling } from './filler.js'
import { habitsFor } from './greedy.js'
import { makeJudge } from './judge.js'
import { packInto, refitBest } from './into-bins.js'
import type { LpSolver } from './lp.js'
import type { Mixture } from './master.js'
import { cheapestMix, type Rule } from './node-mix.js'
import type { Packing } from './packing.js'
import { roundMixture } from './rounding.js'

export type MixPlan = {
  readonly draft: Draft
  /** Micro-dollars per hour: no plan costs less; 0 where nothing was found out. */
  readonly bound: number
}

/** What column generation knows at its end. */
export type Top = {
  readonly certificates: readonly Certificate[]
  readonly fillings: readonly Filling[]
  readonly mixture: Mixture
}

/** Choices of bins that are looked at. */
const MOST_MIXES = 20

/**
 * Whole bins, then what goes into them: the cheapest bins found that hold enough in sum are asked whether everything fits.
 * Either it does; or there are prices at which these bins hold too little, a rule that the next bins keep as well (logic-based
 * Benders decomposition: J. N. Hooker, G. Ottosson, Mathematical Programming 96, 2003); or nobody knows, which ends the search.
 * Returns `start` when nothing beats it.
 */
export function searchMixes(
  packing: Packing,
  filler: Filler,
  lp: LpSolver,
  { certificates, fillings, mixture }: Top,
  start: Draft,
  effort: Pick<Effort, 'mixes' | 'refits' | 'asks'>,
): MixPlan {
  const { price } = mixture
  const judge = makeJudge(packing, filler, lp, { fillings, prices: price })
  const rules: Rule[] = []
  let best = start
  let bound = 0
  for (let round = 0; round < MOST_MIXES; round++) {
    const mix = cheapestMix(packing, certificates, best, effort.mixes, rules)
    if (mix === undefined) break
    bound = Math.max(bound, mix.bound)
    const { bins } = mix
    if (bins === undefined) break
    const answer = judge(bins, effort.asks)
    if (answer?.kind === 'rule') rules.push(answer.rule)
    else if (!offer(packInto(packing, filler, price, bins, effort.refits))) {
      if (answer === undefined || !offer(rounded(bins, answer.fillings, answer.use))) break
    }
  }
  return { draft: best, bound }

  function offer(draft: Draft): boolean {
    if (!beats(draft, best)) return false
    best = draft
    return true
  }

  /** A mixture that holds everything in these bins, rounded, and as much of what that leaves over as goes in as well. */
  function rounded(bins: Float64Array, some: readonly Filling[], use: Float64Array): Draft {
    const habit = habitsFor(packing.classes)[0]!
    const drafts = roundMixture({ ...packing, limit: bins }, filler, valuate(packing, filler, price), some, use, habit)
    return refitBest(packing, filler, price, bins, drafts, effort.refits)
  }
}
