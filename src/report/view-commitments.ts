import type { Commitments, CommitmentUse } from '../domain/commitments.js'
import type { Analysis } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import {
  count,
  hourlyUsd,
  instances,
  known,
  monthlyDecimals,
  monthlySaving,
  monthlyUsd,
  type Figure,
} from './figures.js'

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
    estimate: estimate && estimateView(estimate.today * HOURS_PER_MONTH, estimate.plan * HOURS_PER_MONTH),
    whyNoEstimate,
  }
}

function estimateView(today: number, plan: number): NonNullable<CommitmentsView['estimate']> {
  const decimals = monthlyDecimals(today, plan)
  return {
    today: monthlyUsd(today, decimals),
    plan: monthlyUsd(plan, decimals),
    saving: monthlySaving(Math.max(today, plan), Math.min(today, plan), decimals),
    rises: plan > today,
  }
}

function hiddenIn({ today, plan }: Commitments): CommitmentsView['hidden'] {
  if (plan === undefined) return undefined
  const hidden = Math.max(0, today.covered - plan.covered)
  const left = today.list.rate - plan.list.rate - hidden
  const decimals = monthlyDecimals(hidden * HOURS_PER_MONTH, left * HOURS_PER_MONTH)
  return {
    hourly: hourlyUsd(hidden),
    monthly: monthlyUsd(hidden * HOURS_PER_MONTH, decimals),
    bill: monthlyUsd(Math.abs(left) * HOURS_PER_MONTH, decimals),
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
