import type { Figure } from './figures.js'
import type { CommitmentsView } from './view-commitments.js'

const number = (figure: Figure | undefined): number | null => (figure === undefined ? null : Number(figure.exact))

/** `commitments` of report.json; null where AWS said nothing of them. */
export const commitmentsJson = (view: CommitmentsView | undefined) =>
  view === undefined
    ? null
    : {
        reservedInstances: view.reserved.map((row) => ({
          instanceType: row.instanceType,
          count: number(row.count),
          scope: row.zone === undefined ? 'region' : 'zone',
          zone: row.zone ?? null,
          sizeFlexible: row.sizeFlexible,
          platform: row.platform,
          tenancy: row.tenancy,
          offeringClass: row.offeringClass,
          end: row.end,
          eachHourlyUsd: number(row.each),
          eachListHourlyUsd: number(row.listEach),
          usedToday: number(row.used.today),
          usedByPlan: number(row.used.plan),
          noLongerUsed: number(row.used.unused),
          nodesToday: row.nodesToday,
          nodesOfPlan: row.nodesPlan,
        })),
        savingsPlans: view.savingsPlans.map((row) => ({
          id: row.id,
          kind: row.kind,
          family: row.family ?? null,
          region: row.region ?? null,
          commitmentHourlyUsd: number(row.commitment),
          end: row.end,
          countedAtItsOwnRates: row.rated,
          usedTodayHourlyUsd: number(row.used.today),
          usedByPlanHourlyUsd: number(row.used.plan),
          noLongerUsedHourlyUsd: number(row.used.unused),
          nodesToday: row.nodesToday,
          nodesOfPlan: row.nodesPlan,
        })),
        notKnown: view.missing,
        coveredTodayHourlyUsd: number(view.covered.today),
        coveredByPlanHourlyUsd: number(view.covered.plan),
        savingNotOnBillHourlyUsd: number(view.hidden?.hourly),
        savingNotOnBillUntil: view.lessUsedUntil ?? null,
        estimatedMonthlyUsd: number(view.estimate?.today),
        estimatedPlanMonthlyUsd: number(view.estimate?.plan),
        whyNoEstimate: view.whyNoEstimate ?? null,
      }
