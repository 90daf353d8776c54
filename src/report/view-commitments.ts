import type { Commitments, CommitmentUse } from '../domain/commitments.js'
import type { Analysis } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import { count, hourlyUsd, instances, known, monthlyUsd, type Figure } from './figures.js'

/** What one commitment covers of today's nodes and of the plan's. */
type UseView = { readonly today: Figure; readonly plan: Figure | undefined; readonly unused: Figure | undefined }

export type ReservedView = {
  readonly instanceType: string
  readonly count: Figure
  readonly zone: string | undefined
  readonly sizeFlexible: boolean
  readonly platform: string
  readonly tenancy: string
  readonly offeringClass: string
  readonly end: string
  readonly each: Figure | undefined
  readonly listEach: Figure | undefined
  /** In instances of the type. */
  readonly used: UseView
  readonly nodesToday: readonly string[]
  readonly nodesPlan: readonly string[]
}

export type SavingsPlanView = {
  readonly id: string
  readonly kind: string
  readonly family: string | undefined
  readonly region: string | undefined
  readonly commitment: Figure
  readonly end: string
  readonly rated: boolean
  /** Of the commitment, per hour. */
  readonly used: UseView
  readonly nodesToday: readonly string[]
  readonly nodesPlan: readonly string[]
}

export type CommitmentsView = {
  readonly reserved: readonly ReservedView[]
  readonly savingsPlans: readonly SavingsPlanView[]
  readonly missing: readonly string[]
  readonly covered: UseView
  /**
   * Of the saving by list prices: what may not show on the bill, and what is left of it (below 0: the bill would rise);
   * undefined without a plan.
   */
  readonly hidden:
    { readonly hourly: Figure; readonly monthly: Figure; readonly bill: Figure; readonly rises: boolean } | undefined
  readonly lessUsedUntil: string | undefined
  readonly estimate:
    { readonly today: Figure; readonly plan: Figure; readonly saving: Figure; readonly rises: boolean } | undefined
  readonly whyNoEstimate: string | undefined
}

/** Undefined where AWS said nothing of commitments. */
export function commitmentsView({ commitments }: Analysis): CommitmentsView | undefined {
  if (commitments === undefined) return undefined
  const { reserved, savingsPlans, missing, today, plan, lessUsedUntil, estimate, whyNoEstimate } = commitments
  return {
    reserved: reserved.map(({ today, plan, ...row }) => ({
      instanceType: row.instanceType,
      count: count(row.count),
      zone: row.zone,
      sizeFlexible: row.sizeFlexible,
      platform: row.platform,
      tenancy: row.tenancy,
      offeringClass: row.offeringClass,
      end: row.end,
      each: known(row.each, hourlyUsd),
      listEach: known(row.listEach, hourlyUsd),
      ...useView(today, plan, instances),
    })),
    savingsPlans: savingsPlans.map(({ today, plan, ...row }) => ({
      id: row.id,
      kind: row.kind,
      family: row.family,
      region: row.region,
      commitment: hourlyUsd(row.commitment),
      end: row.end,
      rated: row.rated,
      ...useView(today, plan, hourlyUsd),
    })),
    missing,
    covered: amounts(today.covered, plan?.covered, hourlyUsd),
    hidden: hiddenIn(commitments),
    lessUsedUntil,
    estimate: estimate && {
      today: monthlyUsd(estimate.today * HOURS_PER_MONTH),
      plan: monthlyUsd(estimate.plan * HOURS_PER_MONTH),
      saving: monthlyUsd(Math.abs(estimate.today - estimate.plan) * HOURS_PER_MONTH),
      rises: estimate.plan > estimate.today,
    },
    whyNoEstimate,
  }
}

function hiddenIn({ today, plan }: Commitments): CommitmentsView['hidden'] {
  if (plan === undefined) return undefined
  const hidden = Math.max(0, today.covered - plan.covered)
  const left = today.list.rate - plan.list.rate - hidden
  return {
    hourly: hourlyUsd(hidden),
    monthly: monthlyUsd(hidden * HOURS_PER_MONTH),
    bill: monthlyUsd(Math.abs(left) * HOURS_PER_MONTH),
    rises: left < 0,
  }
}

const amounts = (today: number, plan: number | undefined, figure: (amount: number) => Figure): UseView => ({
  today: figure(today),
  plan: known(plan, figure),
  unused: known(plan, (planned) => figure(Math.max(0, today - planned))),
})

const useView = (today: CommitmentUse, plan: CommitmentUse | undefined, figure: (amount: number) => Figure) => ({
  used: amounts(today.amount, plan?.amount, figure),
  nodesToday: today.nodes,
  nodesPlan: plan?.nodes ?? [],
})
