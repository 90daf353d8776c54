import { exchanged, type Exchange } from './exchanges.js'
import type { Filling } from './filler.js'
import type { Column, LpModel, LpSolver } from './lp.js'
import type { Packing } from './packing.js'

/** The best mixture of the known fillings, with the prices that it puts on classes. */
export type Mixture = {
  readonly cost: number
  /** Micro-dollars per item. */
  readonly price: Float64Array
  /** What one more bin of a limited type would save, beyond its cost. Zero for the others. */
  readonly scarcity: Float64Array
  /** How many bins of each filling, in the order of `fillings`. */
  readonly use: Float64Array
  /** How many items of each exchange, in the order of `exchanges`. */
  readonly exchanged: Float64Array
}

/** The linear programme over fillings: every class covered, no type used more often than it exists. */
export type Master = {
  readonly fillings: readonly Filling[]
  /** Adds those that are new, and says how many they were. */
  readonly add: (fillings: Iterable<Filling>) => number
  readonly solve: () => Mixture | undefined
  /** Forgets unused fillings that cost most above their worth, down to about `keep`. */
  readonly trim: (mixture: Mixture, keep: number) => void
  /** The mixture without exchanges: what was exchanged in it becomes fillings. No exchanges from here on. */
  readonly settle: (mixture: Mixture) => Mixture | undefined
  readonly dispose: () => void
}

export const keyOf = ({ type, classes, counts }: Filling): string => `${type}:${classes.join()}:${counts.join()}`

/** `exchanges`: they may change every filling; the prices come near the best ones in far fewer rounds. */
export function makeMaster(
  packing: Packing,
  lp: LpSolver,
  initial: Iterable<Filling>,
  exchanges: readonly Exchange[] = [],
): Master | undefined {
  const { types, classes, cost, limit, demand } = packing
  const limited = Array.from({ length: types }, (_, t) => t).filter((t) => limit[t]! < Infinity)
  const rowOf = new Map(limited.map((t, k) => [t, classes + k]))
  // Costs near 1 suit the tolerances of the solver.
  const unit = cost.reduce((sum, each) => sum + each, 0) / types || 1
  const dearest = cost.reduce((most, each) => Math.max(most, each), 0) / unit

  const column = ({ type, classes: rows, counts }: Filling): Column => {
    const row = rowOf.get(type)
    if (row === undefined) return { cost: cost[type]! / unit, rows, values: counts }
    return { cost: cost[type]! / unit, rows: [...rows, row], values: [...counts, 1] }
  }
  // With limits there may be no room for everything: what is left out costs more than any bin.
  const leftOut: Column[] =
    limited.length === 0
      ? []
      : Array.from({ length: classes }, (_, c) => ({ cost: 4 * dearest + 1, rows: [c], values: [1] }))

  const changes = exchanges.map(({ of, by }): Column => ({ cost: 0, rows: [of, by], values: [-1, 1] }))
  /** Columns before the fillings. */
  let others = leftOut.length + changes.length

  const known = new Set<string>()
  let fillings: Filling[] = []
  const fresh = (from: Iterable<Filling>): Filling[] => {
    const found: Filling[] = []
    for (const filling of from) {
      const key = keyOf(filling)
      if (known.has(key)) continue
      known.add(key)
      found.push(filling)
    }
    fillings.push(...found)
    return found
  }

  const least = new Float64Array(classes + limited.length).fill(-Infinity)
  const most = new Float64Array(classes + limited.length).fill(Infinity)
  for (let c = 0; c < classes; c++) least[c] = demand[c]!
  for (const [k, t] of limited.entries()) most[classes + k] = limit[t]!
  let model: LpModel
  try {
    model = lp.model(least, most, [...leftOut, ...changes, ...fresh(initial).map(column)])
  } catch {
    return undefined
  }

  const solve: Master['solve'] = () => {
    const answer = model.solve()
    if (answer === undefined) return undefined
    const price = new Float64Array(classes)
    for (let c = 0; c < classes; c++) price[c] = Math.max(0, answer.duals[c]! * unit)
    const scarcity = new Float64Array(types)
    for (const [k, t] of limited.entries()) scarcity[t] = Math.max(0, -answer.duals[classes + k]! * unit)
    const exchanged = answer.x.slice(leftOut.length, others)
    return { cost: answer.value * unit, price, scarcity, use: answer.x.slice(others), exchanged }
  }

  const trim: Master['trim'] = (mixture, keep) => {
    const excess = fillings.map((filling, at) => ({
      at,
      over: mixture.use[at]! > 0 ? -Infinity : cost[filling.type]! - worthOf(filling, mixture.price),
    }))
    excess.sort((a, b) => a.over - b.over || a.at - b.at)
    const gone = excess
      .slice(keep)
      .filter(({ over }) => over > 0)
      .map(({ at }) => at)
      .sort((a, b) => a - b)
    model.drop(Int32Array.from(gone, (at) => at + others))
    const goes = new Set(gone)
    for (const at of gone) known.delete(keyOf(fillings[at]!))
    fillings = fillings.filter((_, at) => !goes.has(at))
  }

  const add: Master['add'] = (from) => {
    const found = fresh(from)
    model.add(found.map(column))
    return found.length
  }

  const settle: Master['settle'] = (mixture) => {
    if (others === leftOut.length) return mixture
    add(exchanged(packing, fillings, mixture.use, exchanges, mixture.exchanged))
    model.drop(Int32Array.from(changes, (_, at) => leftOut.length + at))
    others = leftOut.length
    return solve()
  }

  return {
    get fillings() {
      return fillings
    },
    add,
    solve,
    trim,
    settle,
    dispose: model.dispose,
  }
}

/** What the items of a filling are worth. */
export function worthOf({ classes, counts }: Filling, price: Float64Array): number {
  let worth = 0
  for (let k = 0; k < classes.length; k++) worth += counts[k]! * price[classes[k]!]!
  return worth
}
