import { bullet, left, leftOut, right, table, type Written } from './markdown-text.js'
import type { View } from './view.js'
import type { CommitmentsView, ReservedView, SavingsPlanView } from './view-commitments.js'

const ROWS_SHOWN = 20

const day = (iso: string): string => iso.slice(0, 10)
const isIdle = ({ exact }: { readonly exact: string }): boolean => Number(exact) === 0

/** Beside the headline: what of its saving may not show on the bill. */
export function commitmentFact({ commitments, summary }: View): string[] {
  if (commitments === undefined || commitments.reserved.length + commitments.savingsPlans.length === 0) return []
  const { hidden, lessUsedUntil } = commitments
  const owed = 'Reserved Instances and Savings Plans are owed whether they are used or not'
  if (hidden === undefined || lessUsedUntil === undefined || isIdle(hidden.hourly))
    return [`- These are list prices. ${owed}; the plan uses all that today's nodes use of them (see Commitments).`]
  const outcome = hidden.rises
    ? `the bill would rise by up to ${hidden.bill.short} a month until ${day(lessUsedUntil)}`
    : `of the saving up to ${hidden.monthly.short} a month may not show on the bill before ${day(lessUsedUntil)}`
  return summary.kind === 'save' ? [`- These are list prices. ${owed}: ${outcome} (see Commitments).`] : []
}

/** Reserved Instances and Savings Plans in force, and what the plan leaves unused of them. */
export function commitmentSection({ commitments }: View, written: Written): string[] {
  if (commitments === undefined) return []
  const { reserved, savingsPlans, missing } = commitments
  if (reserved.length + savingsPlans.length === 0)
    return missing.length === 0
      ? ['No Reserved Instance and no Savings Plan of this account is in force that nodes of this cluster could use.']
      : missing.map((what) => bullet(`${what}.`))
  return [
    'All prices of this report are list prices; commitments change none of them. What nodes use of a commitment is the most that they can: other machines of the account may use it too.',
    '',
    ...facts(commitments).map(bullet),
    ...(reserved.length === 0 ? [] : ['', ...reservedTable(reserved, written)]),
    ...(savingsPlans.length === 0 ? [] : ['', ...savingsPlanTable(savingsPlans, written)]),
  ]
}

function facts({ covered, hidden, lessUsedUntil, estimate, whyNoEstimate, missing }: CommitmentsView): string[] {
  const plan = covered.plan === undefined ? '' : `, and up to ${covered.plan.short} of the plan's`
  return [
    `They cover up to ${covered.today.short} an hour of today's nodes at list prices${plan}.`,
    ...(hidden === undefined || lessUsedUntil === undefined || isIdle(hidden.hourly)
      ? []
      : [
          `Up to ${hidden.hourly.short} an hour (${hidden.monthly.short} a month) of the saving may not show on the bill before ${day(lessUsedUntil)}: ` +
            (hidden.rises
              ? `the bill would rise by up to ${hidden.bill.short} a month.`
              : `${hidden.bill.short} a month is left of it.`),
        ]),
    ...(estimate === undefined
      ? whyNoEstimate === undefined
        ? []
        : [`What the nodes cost with these discounts is not known: ${whyNoEstimate}.`]
      : [
          `Estimate with these discounts, as far as these nodes use them: ${estimate.today.short} a month today and ${estimate.plan.short} with the plan, what it leaves unused included (${estimate.rises ? 'more by' : 'less by'} ${estimate.saving.short}).`,
        ]),
    ...missing.map((what) => `${what}.`),
  ]
}

function reservedTable(rows: readonly ReservedView[], written: Written): string[] {
  const cells = rows.map((row) => [
    row.count,
    row.instanceType,
    row.zone ?? (row.sizeFlexible ? 'the region, any size' : 'the region'),
    row.tenancy === 'default' ? row.platform : `${row.platform}, ${row.tenancy}`,
    row.offeringClass,
    day(row.end),
    row.used.today,
    row.used.plan,
    row.used.unused,
  ])
  const headings = [
    right('Reserved'),
    left('Instance type'),
    left('In'),
    left('Platform'),
    left('Class'),
    left('Until'),
    right('Used today'),
    right('By the plan'),
    right('No longer used'),
  ]
  return [...table(headings, cells.slice(0, ROWS_SHOWN)), ...leftOut(rows.length - ROWS_SHOWN, 'report.json', written)]
}

function savingsPlanTable(rows: readonly SavingsPlanView[], written: Written): string[] {
  const cells = rows.map((row) => [
    row.kind === 'Compute' ? 'Compute' : `EC2 Instance, ${row.family ?? 'one family'} in ${row.region ?? 'one region'}`,
    row.commitment,
    day(row.end),
    row.used.today,
    row.used.plan,
    row.used.unused,
    row.rated ? 'its own rates' : 'list prices where its rates are not known',
  ])
  const headings = [
    left('Savings Plan'),
    right('$/hour'),
    left('Until'),
    right('Used today'),
    right('By the plan'),
    right('No longer used'),
    left('Counted at'),
  ]
  return [...table(headings, cells.slice(0, ROWS_SHOWN)), ...leftOut(rows.length - ROWS_SHOWN, 'report.json', written)]
}
