import type { Change } from '../domain/goal.js'
import type { Plan } from '../domain/plan.js'
import type { Analysis, ChangeWorth } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import {
  cores,
  count,
  hourlyUsd,
  mib,
  monthlyDecimals,
  monthlySaving,
  monthlyUsd,
  percent,
  type Figure,
} from './figures.js'

/** What a plan costs, and the part of that which is above the lower bound. */
type CostView = {
  readonly nodes: Figure
  readonly hourly: Figure
  readonly monthly: Figure
  readonly gap: Figure | undefined
}

/** Pods from so much CPU or memory up. */
export type ClassView = { readonly cpu: Figure; readonly memory: Figure; readonly workloads: Figure }

/** What the recommended plan needs before anything else. */
export type NeedsView = {
  readonly change: Change
  readonly classes: readonly ClassView[]
  /** Pods left over on today's nodes as long as nothing is changed. */
  readonly unplacedToday: Figure
}

export type ChangeView = {
  readonly change: Change
  readonly classes: readonly ClassView[]
  /** Node groups that have pools of their own then. */
  readonly pools: readonly string[]
  /** Pods that the plan as packed leaves over then. */
  readonly unplaced: Figure
  /** The cheapest plan that the scheduler then fills by itself; undefined: none cheaper than the recommended one was found. */
  readonly cost: CostView | undefined
  /** What that saves against the recommended plan. */
  readonly saving: Figure | undefined
}

export type TightPlanView = CostView & {
  /** What it costs less than the recommended plan. */
  readonly saving: Figure
  /** Pods that it places, and those that it leaves over with nothing changed. */
  readonly pods: Figure
  readonly unplaced: Figure
  readonly recommended: CostView
  /** The change that the recommended plan needs itself. */
  readonly needed: Change | undefined
  readonly changes: readonly ChangeView[]
  /** The change that saves the most, if any does. */
  readonly best: ChangeView | undefined
}

/** Undefined where the recommended plan is the tight one, or it was not looked at. */
export function tightPlanView({ tightPlan }: Analysis): TightPlanView | undefined {
  if (tightPlan === undefined) return undefined
  const { plan, lowerBound, unplaced, recommended, needed, changes } = tightPlan
  const plans = [plan, recommended, ...changes.flatMap((worth) => worth.plan ?? [])]
  const decimals = monthlyDecimals(...plans.map(({ cost }) => cost.rate * HOURS_PER_MONTH))
  const costOf = (of: Plan): CostView => costView(of, lowerBound.rate, decimals)
  const savingOf = (one: Plan): Figure =>
    monthlySaving(recommended.cost.rate * HOURS_PER_MONTH, one.cost.rate * HOURS_PER_MONTH, decimals)
  const views = changes.map((worth) => ({ rate: worth.plan?.cost.rate ?? Infinity, view: changeView(worth) }))
  const [best] = views.filter(({ rate }) => rate < Infinity).sort((a, b) => a.rate - b.rate)
  return {
    ...costOf(plan),
    saving: savingOf(plan),
    pods: count(plan.nodes.reduce((sum, { packed, pods }) => sum + (packed ? pods.length : 0), 0)),
    unplaced: count(unplaced),
    recommended: costOf(recommended),
    needed,
    changes: views.map(({ view }) => view),
    best: best?.view,
  }

  function changeView({ change, classes, pools, packedUnplaced, plan: found }: ChangeWorth): ChangeView {
    return {
      change,
      classes: classViews(classes),
      pools,
      unplaced: count(packedUnplaced),
      cost: found && costOf(found),
      saving: found && savingOf(found),
    }
  }
}

export const needsView = ({ needs }: Analysis): NeedsView | undefined =>
  needs && { change: needs.change, classes: classViews(needs.classes), unplacedToday: count(needs.unplacedToday) }

const classViews = (classes: ChangeWorth['classes']): ClassView[] =>
  classes.map(({ cpu, memory, workloads }) => ({ cpu: cores(cpu), memory: mib(memory), workloads: count(workloads) }))

function costView({ nodes, cost: { rate } }: Plan, bound: number, decimals: number): CostView {
  return {
    nodes: count(nodes.length),
    hourly: hourlyUsd(rate),
    monthly: monthlyUsd(rate * HOURS_PER_MONTH, decimals),
    gap: rate === 0 ? undefined : percent((100 * (rate - bound)) / rate),
  }
}
