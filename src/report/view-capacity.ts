import type { PlanNode } from '../domain/plan.js'
import type { Analysis, ModelCheck } from '../domain/recommendation.js'
import { cores, count, mib, percent, type Figure } from './figures.js'
import { groupBy, largestBy, sortedBy } from './tally.js'

/** How far predictions for live nodes are from what these nodes say, by one method for one resource. */
export type ModelCheckView = {
  readonly method: ModelCheck['method']
  readonly resource: string
  readonly compared: Figure
  readonly equal: Figure
  readonly withinOnePercent: Figure
  /** Absolute errors in percent of the real figure. */
  readonly median: Figure
  readonly worst: { readonly node: string; readonly instanceType: string; readonly difference: Figure } | undefined
  /** Nodes of which a plan would have counted on more than they have. */
  readonly overPromised: Figure
}

/** One prediction that is not what the node says. */
export type OffView = {
  readonly method: ModelCheck['method']
  readonly node: string
  readonly instanceType: string
  readonly resource: string
  readonly predicted: Figure
  readonly real: Figure
  readonly difference: Figure
}

/** Nodes of one type with one resource that is off; `worst` is the one furthest from the truth. */
export type OffTypeView = {
  readonly nodes: Figure
  readonly worst: OffView
}

/** New nodes of the plan by group and type, with what their capacity rests on. */
export type CalibrationView = {
  readonly group: string
  readonly instanceType: string
  readonly nodes: Figure
  readonly basis: string
}

export type CapacityView = {
  readonly checks: readonly ModelCheckView[]
  /** As plans predict and by the rules alone: CPU or pods that differ at all, memory by more than 1 %; the worst first. */
  readonly off: readonly OffView[]
  /** The same by instance type and resource. */
  readonly offTypes: readonly OffTypeView[]
  readonly skipped: readonly { readonly node: string; readonly why: string }[]
  /** The same by reason. */
  readonly skippedWhy: readonly { readonly why: string; readonly nodes: Figure; readonly names: readonly string[] }[]
  readonly calibration: readonly CalibrationView[]
}

/** Memory is an estimate by nature; within this it counts as met. */
const MEMORY_TOLERANCE_PCT = 1

export function capacityView(analysis: Analysis, planNodes: readonly PlanNode[]): CapacityView {
  const off = offViews(analysis.modelCheck)
  const skipped = sortedBy(analysis.notChecked, ({ node }) => node)
  return {
    checks: modelCheckViews(analysis.modelCheck),
    off,
    offTypes: offTypes(off),
    skipped,
    skippedWhy: sortedBy(
      groupBy(skipped, ({ why }) => why),
      ([why]) => why,
    ).map(([why, all]) => ({ why, nodes: count(all.length), names: all.map(({ node }) => node) })),
    calibration: calibration(planNodes),
  }
}

/** In the order of the nodes: the first of a type is its worst. */
const offTypes = (off: readonly OffView[]): OffTypeView[] =>
  [...groupBy(off, ({ method, instanceType, resource }) => `${method} ${instanceType} ${resource}`).values()].flatMap(
    (all) => (all[0] === undefined ? [] : [{ nodes: count(all.length), worst: all[0] }]),
  )

/** Nearest to what plans do first. */
const METHODS: readonly ModelCheck['method'][] = ['in-force', 'other-types', 'rules']

const modelCheckViews = (checks: readonly ModelCheck[]): ModelCheckView[] =>
  sortedBy(
    groupBy(checks, ({ method, resource }) => `${METHODS.indexOf(method)} ${resource}`),
    ([key]) => key,
  ).flatMap(([, all]): ModelCheckView[] => {
    const [first] = all
    if (first === undefined) return []
    const off = (check: ModelCheck): number => Math.abs(difference(check))
    const worst = largestBy(all, off, ({ node }) => node)[0]
    return [
      {
        method: first.method,
        resource: first.resource,
        compared: count(all.length),
        equal: count(all.filter((check) => check.predicted === check.real).length),
        withinOnePercent: count(all.filter((check) => off(check) <= 1).length),
        median: percent(median(all.map(off))),
        worst:
          worst === undefined || off(worst) === 0
            ? undefined
            : { node: worst.node, instanceType: worst.instanceType, difference: percent(difference(worst)) },
        overPromised: count(all.filter((check) => check.promised > check.real).length),
      },
    ]
  })

/** 100 × (predicted − real) ÷ real; a prediction for a node that has nothing is wholly wrong. */
const difference = ({ predicted, real }: ModelCheck): number =>
  predicted === real ? 0 : real === 0 ? 100 : (100 * (predicted - real)) / real

/** The middle one, or the mean of the two in the middle; of at least one value. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

function offViews(checks: readonly ModelCheck[]): OffView[] {
  const listed = checks.filter(({ method }) => method !== 'other-types')
  const off = listed.filter((check) =>
    check.resource === 'cpu' || check.resource === 'pods'
      ? check.predicted !== check.real
      : Math.abs(difference(check)) > MEMORY_TOLERANCE_PCT,
  )
  return largestBy(
    off,
    (check) => Math.abs(difference(check)),
    ({ node, resource, method }) => `${node} ${resource} ${method}`,
  ).map((check) => ({
    method: check.method,
    node: check.node,
    instanceType: check.instanceType,
    resource: check.resource,
    predicted: amount(check, check.predicted),
    real: amount(check, check.real),
    difference: percent(difference(check)),
  }))
}

function amount({ resource }: ModelCheck, value: number): Figure {
  switch (resource) {
    case 'cpu':
      return cores(value)
    case 'pods':
      return count(value)
    case 'memory':
    case 'capacity memory':
      return mib(value)
    default:
      return resource satisfies never
  }
}

const calibration = (nodes: readonly PlanNode[]): CalibrationView[] =>
  sortedBy(
    groupBy(
      nodes.filter(({ action }) => action === 'new'),
      ({ group, instanceType, capacityBasis }) => JSON.stringify([group, instanceType, capacityBasis]),
    ),
    ([key]) => key,
  ).flatMap(([, [first, ...others]]) =>
    first === undefined
      ? []
      : [
          {
            group: first.group,
            instanceType: first.instanceType ?? '',
            nodes: count(others.length + 1),
            basis: first.capacityBasis ?? '',
          },
        ],
  )
