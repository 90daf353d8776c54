import type { BinClass, BinPlan, BinProblem } from '../columns/bin-problem.js'
import { DEFAULT_EFFORT, type Effort } from '../columns/effort.js'
import type { LpSolver } from '../columns/lp.js'
import { packBins } from '../columns/pack-bins.js'
import type { PackGroup } from '../problem.js'
import type { Question, Surcharge } from './bin-question.js'
import { pricedBins, unpricedBins, type GroupBins, type UnpricedBins } from './group-bins.js'

/** A few per cent between plan and bound, in less time than the rest of a run takes. */
const EFFORT: Effort = {
  ...DEFAULT_EFFORT,
  places: 0,
  habits: 3,
  squeaks: 0,
  rounds: 6,
  tries: 60,
  nodes: 500,
  dive: 0,
  columns: 0,
  steps: 0,
  fillings: 0,
  mixes: 100_000,
}
/** For groups of few pods, where a run is over before the compiler has made the search fast. */
const SMALL_EFFORT: Effort = { ...EFFORT, habits: 1, rounds: 0, tries: 30, nodes: 100, mixes: 50_000 }
/** At prices other than the real ones, where many packings are asked for and none is the last word. */
const PRICED: Partial<Effort> = { tries: 0, habits: 1, mixes: 20_000 }
const FEW_PODS = 200

export type ColumnPlan = GroupBins & { readonly plan: BinPlan }

/**
 * Packings of whole groups by column generation, each with its lower bound; equal questions are answered once. It serves
 * planners whose problems differ in the nodes and machines of some groups only: not in pods, rules or guard rails.
 */
export class ColumnPlans {
  readonly #lp: LpSolver | undefined
  readonly #known = new Map<string, BinPlan>()
  readonly #packings = new WeakMap<PackGroup, Map<string, ColumnPlan>>()
  /** Of each group the last one: a question is repeated at other prices before another one is asked. */
  readonly #unpriced = new WeakMap<
    PackGroup,
    { readonly key: string; readonly share: number; readonly bins: UnpricedBins }
  >()

  /** `lp`: without one, bounds are weaker and plans dearer. */
  constructor(lp?: LpSolver) {
    this.#lp = lp
  }

  /** Packings that are known of the very same group, by the name of what was asked. */
  packingsOf(group: PackGroup): Map<string, ColumnPlan> {
    const known = this.#packings.get(group) ?? new Map<string, ColumnPlan>()
    this.#packings.set(group, known)
    return known
  }

  /** `key`: the same for equal questions about the group. */
  of(question: Question, key: string, surcharge?: Surcharge): ColumnPlan {
    const { group } = question
    // What machines carry is the only thing in which planners that share this one may ask differently about a group.
    const share = question.wholeHeadroom?.share ?? 0
    const last = this.#unpriced.get(group)
    const unpriced = last?.key === key && last.share === share ? last.bins : unpricedBins(question)
    this.#unpriced.set(group, { key, share, bins: unpriced })
    return this.#packed(pricedBins(unpriced, surcharge), surcharge !== undefined)
  }

  #packed(bins: GroupBins, isPriced: boolean): ColumnPlan {
    const pods = bins.pods.reduce((count, { length }) => count + length, 0)
    const effort = { ...(pods > FEW_PODS ? EFFORT : SMALL_EFFORT), ...(isPriced ? PRICED : {}) }
    const key = `${isPriced} ${textOf(bins.problem)}`
    const plan = this.#known.get(key) ?? packBins(bins.problem, this.#lp, effort)
    this.#known.set(key, plan)
    return { ...bins, plan }
  }
}

/** Classes share lists of types, which are most of the text of a large group: each is written once. */
function textOf({ classes, ...problem }: BinProblem): string {
  const lists = new Map<BinClass['types'], number>()
  const short = classes.map(({ types, ...rest }) => {
    const list = lists.get(types) ?? lists.size
    lists.set(types, list)
    return { ...rest, list }
  })
  return JSON.stringify([problem, short, [...lists.keys()]])
}
