import type { Commitments, ReservedCommitment, SavingsPlanCommitment } from '../domain/commitments.js'
import type { Finding } from '../domain/snapshot.js'

const dollars = (micro: number): string => {
  const text = (Math.abs(micro) / 1e6).toFixed(2)
  return `${micro < 0 && text !== '0.00' ? '-' : ''}$${text}`
}
const day = (iso: string): string => iso.slice(0, 10)
/** Less than a hundredth of an instance, or of a cent per hour, is not worth a word. */
const LEAST_INSTANCES = 0.01
const LEAST_MICRO = 10_000

/**
 * List prices know of no commitment: what of a saving may not show on the bill, and what a plan leaves unused, in numbers.
 */
export function commitmentFindings(commitments: Commitments | undefined): readonly Finding[] {
  if (commitments === undefined) return []
  const { reserved, savingsPlans } = commitments
  if (reserved.length + savingsPlans.length === 0) return []
  return [inForce(commitments), ...reserved.flatMap(unusedReserved), ...savingsPlans.flatMap(unusedSavingsPlan)]
}

function inForce({ reserved, savingsPlans, today, plan, lessUsedUntil }: Commitments): Finding {
  const ends = [...reserved, ...savingsPlans].map(({ end }) => end).sort()
  const instances = reserved.reduce((sum, { count }) => sum + count, 0)
  const worth = reserved.reduce((sum, { count, listEach }) => sum + count * (listEach ?? 0), 0)
  const partly = reserved.some(({ listEach }) => listEach === undefined) ? 'at least ' : ''
  const committed = savingsPlans.reduce((sum, { commitment }) => sum + commitment, 0)
  const what = [
    ...(instances === 0
      ? []
      : [
          `${instances} Reserved Instance${instances === 1 ? '' : 's'} (${partly}${dollars(worth)} an hour at list prices)`,
        ]),
    ...(committed === 0 ? [] : [`Savings Plans of ${dollars(committed)} an hour`]),
  ].join(' and ')
  const cover = `they cover up to ${dollars(today.covered)} an hour of today's nodes at list prices`
  const words = `${what} are in force, the last until ${day(ends.at(-1) ?? '')}: ${cover}`
  const subject = 'Reserved Instances, Savings Plans'
  if (plan === undefined) return { code: 'commitments-in-force', subject, detail: `${words}.` }
  const hidden = today.covered - plan.covered
  const saving = today.list.rate - plan.list.rate
  const planned = `${words} and up to ${dollars(plan.covered)} of the plan's`
  if (hidden < LEAST_MICRO || lessUsedUntil === undefined)
    return {
      code: 'commitments-in-force',
      subject,
      detail: `${planned}: the plan leaves none of it unused that is used today.`,
    }
  const outcome =
    hidden > saving
      ? `the bill would rise by up to ${dollars(hidden - saving)} an hour`
      : `up to ${dollars(hidden)} of the saving of ${dollars(saving)} an hour may not show on the bill`
  return {
    code: 'commitments-in-force',
    subject,
    detail: `${planned}: until ${day(lessUsedUntil)} ${outcome}, for what is committed is owed whether it is used or not.`,
  }
}

function unusedReserved(row: ReservedCommitment): readonly Finding[] {
  const unused = row.today.amount - (row.plan?.amount ?? row.today.amount)
  if (unused < LEAST_INSTANCES) return []
  const count = String(Math.round(unused * 100) / 100)
  const where =
    row.zone === undefined ? (row.sizeFlexible ? 'of any size of the family' : 'in the region') : `in ${row.zone}`
  return [
    {
      code: 'commitment-unused-by-plan',
      subject: row.instanceType,
      detail: `the plan no longer uses ${count} × ${row.instanceType} (${where}) that are reserved until ${day(row.end)}`,
    },
  ]
}

function unusedSavingsPlan(row: SavingsPlanCommitment): readonly Finding[] {
  const unused = row.today.amount - (row.plan?.amount ?? row.today.amount)
  if (unused < LEAST_MICRO) return []
  const name =
    row.kind === 'Compute' ? 'a Compute Savings Plan' : `an EC2 Instance Savings Plan for ${row.family ?? 'a family'}`
  return [
    {
      code: 'commitment-unused-by-plan',
      subject: row.id,
      detail: `the plan no longer uses ${dollars(unused)} of the ${dollars(row.commitment)} an hour that ${name} is committed to until ${day(row.end)}`,
    },
  ]
}
