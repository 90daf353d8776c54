import type { ModelCheck } from '../../../src/domain/recommendation.js'

export type CheckSummary = {
  readonly nodes: number
  readonly exact: number
  /** Absolute errors in percent of the real figure. */
  readonly worstPct: number
  readonly medianPct: number
  /** Nodes of which a plan would have promised more than they have. */
  readonly overPromised: number
}

export const errorPct = ({ predicted, real }: ModelCheck): number =>
  real === 0 ? (predicted === 0 ? 0 : 100) : (100 * Math.abs(predicted - real)) / real

/** The checks of one resource, summed up independently of the report. */
export function summaryOf(checks: readonly ModelCheck[], resource: ModelCheck['resource']): CheckSummary {
  const all = checks.filter((check) => check.resource === resource)
  const errors = all.map(errorPct).sort((a, b) => a - b)
  return {
    nodes: all.length,
    exact: errors.filter((error) => error === 0).length,
    worstPct: errors.at(-1) ?? 0,
    medianPct: ((errors[(errors.length - 1) >> 1] ?? 0) + (errors[errors.length >> 1] ?? 0)) / 2,
    overPromised: all.filter(({ promised, real }) => promised > real).length,
  }
}
