import type { Commitments, CoveredNodes } from '../domain/commitments.js'
import type { MicroUsdPerHour } from '../domain/units.js'

/**
 * What the nodes of today and of the plan cost with the discounts: what no commitment covers at list prices, and of each
 * commitment what these nodes use of it. What today's nodes use and the plan's do not is owed all the same, so it stays in
 * the cost of the plan. Only where every figure of it is known.
 */
export function estimateOf(
  commitments: Commitments,
): Pick<Commitments, 'estimate'> | Pick<Commitments, 'whyNoEstimate'> {
  const { reserved, savingsPlans, missing, today, plan } = commitments
  if (reserved.length + savingsPlans.length === 0) return {}
  if (plan === undefined) return { whyNoEstimate: 'there is no plan' }
  const [first] = missing
  if (first !== undefined) return { whyNoEstimate: first }
  const unpriced = Math.max(today.list.unpriced, plan.list.unpriced)
  if (unpriced > 0)
    return { whyNoEstimate: unpriced === 1 ? 'one node has no price' : `${unpriced} nodes have no price` }
  const used = (row: (typeof reserved)[number] | (typeof savingsPlans)[number]) =>
    ({ today: row.today.amount, plan: Math.max(row.today.amount, row.plan?.amount ?? 0) }) as const
  const owed = { today: 0, plan: 0 }
  for (const row of reserved) {
    const amounts = used(row)
    if (amounts.plan === 0) continue
    if (row.each === undefined) return { whyNoEstimate: `AWS did not say what the reserved ${row.instanceType} cost` }
    owed.today += amounts.today * row.each
    owed.plan += amounts.plan * row.each
  }
  for (const row of savingsPlans) {
    const amounts = used(row)
    if (amounts.plan > 0 && !row.rated) return { whyNoEstimate: 'not every rate of the Savings Plans is known' }
    owed.today += amounts.today
    owed.plan += amounts.plan
  }
  const uncovered = ({ list, covered }: CoveredNodes): number => list.rate - covered
  return {
    estimate: {
      today: Math.round(uncovered(today) + owed.today) as MicroUsdPerHour,
      plan: Math.round(uncovered(plan) + owed.plan) as MicroUsdPerHour,
    },
  }
}
