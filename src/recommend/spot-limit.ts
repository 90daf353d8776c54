import type { Plan } from '../domain/plan.js'
import type { BeyondSpotLimit, Scenario } from '../domain/recommendation.js'
import type { Finding } from '../domain/snapshot.js'
import { percent } from '../domain/units.js'
import type { Choice } from './choose.js'
import { fillOf } from './figures.js'

/**
 * The share of spot that today's nodes have, where they are kept although they are beyond what was asked for: pods that run on
 * spot only may leave no choice, and a plan with no more on spot than today is nearer to what was asked for than no plan.
 * Undefined where there is no need for it.
 */
export function shareOfToday({ follows }: Choice, today: Plan, wanted: number | undefined): number | undefined {
  const { spotShare = 0 } = fillOf(today.nodes)
  return follows === 'current' && wanted !== undefined && spotShare > wanted ? spotShare : undefined
}

/** How far what is recommended is beyond the share of spot that was asked for; undefined: it keeps to it, or none was. */
export function beyondSpotLimit({ outcome }: Scenario, wanted: number | undefined): BeyondSpotLimit | undefined {
  if (outcome.kind !== 'planned' || wanted === undefined) return undefined
  const { spotShare = 0 } = outcome
  return spotShare > wanted + 1e-9 ? { wanted, share: spotShare } : undefined
}

/** What is recommended, with a note that comes first where it is beyond the share of spot that was asked for. */
export const withSpotLimit = (recommended: Scenario, beyond: BeyondSpotLimit | undefined): Scenario =>
  beyond === undefined
    ? recommended
    : {
        ...recommended,
        notes: [
          `${percent(beyond.share)} of the CPU is on spot, more than --max-spot ${percent(beyond.wanted)}: ${NONE_FOUND}`,
          ...recommended.notes,
        ],
      }

const NONE_FOUND = "no plan that keeps to it could be recommended in place of today's nodes"

/** The policy, with the reason why it was held to `held` where that is more than what was asked for. */
export const policyBeyond = (policy: string, wanted: number | undefined, held: number | undefined): string =>
  wanted === undefined || held === undefined || held === wanted
    ? policy
    : `${policy}; ${percent(held)} on spot is today's share, as no plan within --max-spot ${percent(wanted)} could be recommended`

/** Says that what is recommended is beyond the share of spot that was asked for, and what it was held to instead. */
export const spotLimitFindings = (beyond: BeyondSpotLimit | undefined, held: number | undefined): Finding[] =>
  beyond === undefined
    ? []
    : [
        {
          code: 'max-spot-out-of-reach',
          subject: '--max-spot',
          detail: `no plan with at most ${percent(beyond.wanted)} of the CPU on spot could be recommended in place of today's nodes: what is recommended has ${percent(beyond.share)}${
            held === undefined || held === beyond.wanted
              ? ''
              : `, and was looked for with at most as much on spot as today, ${percent(held)}`
          }`,
        },
      ]
