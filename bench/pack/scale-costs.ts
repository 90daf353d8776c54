/** Micro-units first: cluster problems are in dollars per hour with at most six decimals. */
const SCALES = [1e6, 1e7, 1e8, 1e9]
const FALLBACK = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1]
/** 0.1 + 0.2 counts as 0.3: a cost that a program added up may be off in its last digits. */
const SLACK = 1e-12

export type ScaledCosts = { readonly unitsPerCost: number; readonly exact: boolean; readonly units: readonly number[] }

/**
 * Costs as whole numbers, so that sums are exact: micro-units where these do, finer ones where the costs have more
 * decimals. Costs that no such unit holds are rounded down, which keeps a lower bound on them valid. `mostBins` is how
 * many bins a plan can have at most: sums stay within the whole numbers that a double holds.
 */
export function scaleCosts(costs: readonly number[], mostBins: number): ScaledCosts {
  const largest = costs.reduce((most, cost) => Math.max(most, cost), 0) * Math.max(1, mostBins)
  const holds = (scale: number): boolean => largest * scale < Number.MAX_SAFE_INTEGER / 4
  const whole = (scale: number): boolean =>
    costs.every((cost) => Math.abs(cost * scale - Math.round(cost * scale)) <= SLACK * cost * scale)
  const fine = SCALES.find((scale) => holds(scale) && whole(scale)) ?? FALLBACK.find((s) => holds(s) && whole(s))
  if (fine !== undefined)
    return { unitsPerCost: fine, exact: true, units: costs.map((cost) => Math.round(cost * fine)) }
  const rough = FALLBACK.find(holds) ?? 1
  return { unitsPerCost: rough, exact: false, units: costs.map((cost) => Math.floor(cost * rough)) }
}
