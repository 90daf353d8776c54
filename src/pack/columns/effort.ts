import type { Packing } from './packing.js'

/** With fewer items less is worth the time. */
const FEW_ITEMS = 1000
/** Plans of at most so many bins may be proven to the last cent. */
export const FEW_BINS = 30
/** The part of the tries that finds as good a plan of few items. */
const FEW_TRIES = 0.3
/** With so many classes plans after a poured one are better than those from nothing. */
export const MANY_CLASSES = 800
/**
 * Plans before the linear programme over fillings where there are so many classes: each brings hundreds of fillings, and more of
 * them slow the programme down by more than they improve what comes out.
 */
const FEW_HABITS = 2
const FEW_SQUEAKS = 4

/** How much is tried, counted in steps: the same steps give the same plan on any machine. */
export type Effort = {
  /** Classes × types up to which the best places of all classes are worked out at once. */
  readonly places: number
  /** Ways to build a first plan. */
  readonly habits: number
  /** Plans made after a look at what was wrong with the one before. */
  readonly squeaks: number
  /** Rounds of column generation. */
  readonly rounds: number
  /** Times that a part of the plan is taken out and rebuilt. */
  readonly tries: number
  /** Nodes of all branch and bound trees that price fillings exactly. */
  readonly nodes: number
  /** Rounds of column generation for what is left when a part of the mixture is bought. */
  readonly dive: number
  /** Fillings among which the integer programme chooses. */
  readonly columns: number
  /** Simplex steps of an integer programme. */
  readonly steps: number
  /** Work on one choice of whole bins: nodes of the tree × types × rules. */
  readonly mixes: number
  /** Rounds of column generation that ask of one choice of bins whether everything fits. */
  readonly asks: number
  /** Times that a few of given bins are filled anew so that more goes into them. */
  readonly refits: number
  /** Fillings that may be listed to prove a plan. */
  readonly fillings: number
}

export const DEFAULT_EFFORT: Effort = {
  places: 4_000_000,
  habits: 12,
  squeaks: 8,
  rounds: 240,
  tries: 2000,
  nodes: 500_000,
  dive: 400,
  columns: 1000,
  steps: 100_000,
  mixes: 1_500_000,
  asks: 120,
  refits: 6000,
  fillings: 20_000,
}

/** A plan and a bound without the linear programme over fillings. */
export const BRIEF_EFFORT: Effort = {
  ...DEFAULT_EFFORT,
  habits: 3,
  squeaks: 1,
  rounds: 0,
  tries: 200,
  dive: 0,
  columns: 0,
  fillings: 0,
}

/** The first plan that is there at all, and a bound. */
export const QUICK_EFFORT: Effort = { ...BRIEF_EFFORT, places: 0, habits: 1, squeaks: 0, tries: 0, mixes: 0 }

/** What is worth its time in a problem of a certain size. */
export type ScaledEffort = Effort & {
  /**
   * Few items or few bins: all that could still improve or prove the plan is tried, since a single bin is a large part of its
   * cost. With more the last tenth of a per cent takes most of the time and is left.
   */
  readonly thorough: boolean
  /** Whether exchanges bring the prices nearer than they cost. */
  readonly exchanges: boolean
}

/** Branch and bound nodes × classes that are worth their time in a search that is not thorough. */
const PRICING = 4e7
/** Of more classes an integer programme finds no plan in the steps that such a search has for it. */
const MOST_INTEGER_CLASSES = 100
/**
 * With more items to a bin there are too many good fillings for dives and integer programmes to choose from; with fewer a
 * relaxed knapsack says little about whole items.
 */
export const FEW_PER_BIN = 12
/** With fewer items of a class what was exchanged is hard to round. */
const ITEMS_TO_EXCHANGE = 3

/**
 * The same effort for a problem of this size: what takes longer is done less often. Work per round is about classes ×
 * types × (items per bin + 5), which the number of items as such does not change; but a small problem is not worth
 * minutes, and a large one is worth more of them.
 */
export function scaleEffort(effort: Effort, { classes, types }: Packing, items: number, bins: number): ScaledEffort {
  const perBin = items / Math.max(1, bins)
  const fill = classes * (perBin + 5)
  const worth = items < FEW_ITEMS ? 0.4 : items < 20_000 ? 1 : 2
  const many = classes > MANY_CLASSES
  const thorough = items < FEW_ITEMS || bins <= FEW_BINS
  const fewPerBin = perBin <= FEW_PER_BIN
  const most = (limit: number, least: number, work: number): number =>
    Math.min(limit, Math.max(Math.min(limit, least), Math.floor(worth * work)))
  return {
    ...effort,
    habits: most(effort.habits, many ? FEW_HABITS : 3, 1.5e9 / (fill * types * classes)),
    squeaks: many ? Math.min(effort.squeaks, FEW_SQUEAKS) : effort.squeaks,
    rounds: most(effort.rounds, many ? 2 : 6, 2.5e7 / (fill * types)),
    tries: most(items < FEW_ITEMS ? effort.tries * FEW_TRIES : effort.tries, 100, 2e8 / (fill * Math.min(types, 12))),
    asks: most(effort.asks, 10, 2e7 / (fill * types)),
    refits: most(effort.refits, 300, 3e7 / fill),
    nodes: most(effort.nodes, 20_000, thorough ? effort.nodes : PRICING / classes),
    dive: fewPerBin ? most(effort.dive, 0, 4e7 / (fill * types)) : 0,
    // Where a dive was thorough such a programme finds nothing better.
    columns: fewPerBin && !thorough && classes <= MOST_INTEGER_CLASSES ? most(effort.columns, 0, 60_000 / classes) : 0,
    thorough,
    exchanges: !many && items >= ITEMS_TO_EXCHANGE * classes,
  }
}
