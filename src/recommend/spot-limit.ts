import type { Plan } from '../domain/plan.js'
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

/** Says that plans were held to another share of spot than the one asked for. */
export const spotLimitFindings = (wanted: number | undefined, held: number | undefined): Finding[] =>
  wanted === undefined || held === undefined || held === wanted
    ? []
    : [
        {
          code: 'max-spot-out-of-reach',
          subject: '--max-spot',
          detail: `no plan with at most ${percent(wanted)} of the CPU on spot was found that the default scheduler can rebuild: what is recommended has at most as much on spot as today, ${percent(held)}`,
        },
      ]
