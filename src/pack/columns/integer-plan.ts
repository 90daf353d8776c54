import { enumerateFillings } from './enumerate.js'
import { commonDivisor, roundBound, type Certificate } from './certificate.js'
import { beats, makeDraft, type Draft } from './draft.js'
import type { Filling } from './filler.js'
import type { Entry } from './greedy.js'
import type { Column, LpSolver } from './lp.js'
import { keyOf } from './master.js'
import type { Packing } from './packing.js'
import { takeBins } from './rounding.js'
import { tidy } from './tidy.js'

export type IntegerPlan = {
  readonly draft: Draft
  /** No plan of these fillings costs less. */
  readonly bound: number
}

/** The best whole plan of the given fillings and those of `start`, as far as `steps` simplex steps lead. */
export function integerPlan(
  packing: Packing,
  lp: LpSolver,
  candidates: readonly Filling[],
  start: Draft,
  steps: number,
): IntegerPlan | undefined {
  const { classes, cost, limit, demand } = packing
  const fillings = new Map<string, Filling>()
  const inStart = new Map<string, number>()
  for (const { filling, n } of start.entries) {
    const key = keyOf(filling)
    fillings.set(key, filling)
    inStart.set(key, (inStart.get(key) ?? 0) + n)
  }
  for (const filling of candidates) fillings.set(keyOf(filling), filling)
  const all = [...fillings.values()]
  // Bins of a type are a whole number as well: branching on that decides far more than branching on a single filling. Of one
  // type alone the cost says it.
  const used = [...new Set(all.map(({ type }) => type))]
  const counted = used.filter((t) => used.length > 1 || limit[t]! < Infinity)
  const rowOf = new Map(counted.map((t, k) => [t, classes + k]))
  // In whole units of the costs the solver may round its bound up, and stop when less than one unit is open.
  const unit = commonDivisor(cost) || 1
  const columns = all.map(({ type, classes: rows, counts }): Column => {
    let upper = 0
    for (let k = 0; k < rows.length; k++) upper = Math.max(upper, Math.ceil(demand[rows[k]!]! / counts[k]!))
    const row = rowOf.get(type)
    if (row === undefined) return { cost: cost[type]! / unit, rows, values: counts, upper }
    return { cost: cost[type]! / unit, rows: [...rows, row], values: [...counts, 1], upper }
  })
  const items = demand.reduce((sum, n) => sum + n, 0)
  const totals = counted.map((t, k): Column => {
    return { cost: 0, rows: [classes + k], values: [-1], upper: Math.min(limit[t]!, items) }
  })
  const least = new Float64Array(classes + counted.length)
  const most = new Float64Array(classes + counted.length).fill(Infinity, 0, classes)
  for (let c = 0; c < classes; c++) least[c] = demand[c]! - start.left[c]!
  const uses = Array.from(fillings.keys(), (key) => inStart.get(key) ?? 0)
  const bins = counted.map((t) => uses.reduce((sum, n, at) => (all[at]!.type === t ? sum + n : sum), 0))
  const answer = lp.integer(least, most, [...columns, ...totals], Float64Array.from([...uses, ...bins]), steps)
  if (answer === undefined) return undefined

  const rest = { demand: demand.slice(), limit: limit.slice() }
  const entries: Entry[] = []
  const order = all.map((filling, at) => ({ filling, n: answer.x[at]!, at })).filter(({ n }) => n > 0)
  for (const { filling, n } of order) takeBins(filling, Math.min(n, rest.limit[filling.type]!), rest, entries)
  const draft = tidy(packing, makeDraft(packing, entries, rest.demand))
  return { draft: beats(draft, start) ? draft : start, bound: (answer.bound - 1e-6) * unit * (1 - 1e-9) }
}

/** A plan with the proof that none is cheaper, where the fillings that matter can be listed. */
export function provenPlan(
  packing: Packing,
  lp: LpSolver,
  certificate: Certificate,
  start: Draft,
  effort: { readonly fillings: number; readonly steps: number },
): IntegerPlan | undefined {
  if (start.leftOver > 0) return undefined
  const fillings = enumerateFillings(packing, certificate, start.cost, effort.fillings)
  if (fillings === undefined) return undefined
  const plan = integerPlan(packing, lp, fillings, start, effort.steps)
  if (plan === undefined) return undefined
  return { draft: plan.draft, bound: Math.min(roundBound(plan.bound, packing.cost), plan.draft.cost) }
}
