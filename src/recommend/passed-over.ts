import type { ScenarioId } from '../domain/recommendation.js'
import type { Candidate } from './scenarios.js'

/**
 * Feasible scenarios that would cost less than what is recommended, once the default scheduler has rebuilt them, with the
 * reason why they are not followed, in one note. What is not feasible says so itself. `rate`: what the recommended plan costs.
 */
export function passedOver(
  all: readonly Candidate[],
  rate: number,
  whyNotFollowed: (candidate: Candidate) => string,
): string[] {
  const byReason = new Map<string, ScenarioId[]>()
  for (const candidate of all) {
    const { id } = candidate.scenario
    if (id === 'current' || (rebuiltRate(candidate) ?? Infinity) >= rate) continue
    const why = whyNotFollowed(candidate)
    byReason.set(why, [...(byReason.get(why) ?? []), id])
  }
  const parts = [...byReason].map(([why, ids]) => `${ids.join(', ')} (${why})`)
  return parts.length === 0 ? [] : [`cheaper and not followed: ${parts.join(', ')}`]
}

/** Undefined for what is not feasible, and for what no number of further nodes makes good. */
function rebuiltRate({ scenario: { outcome }, proven }: Candidate): number | undefined {
  if (outcome.kind !== 'planned' || !outcome.feasible) return undefined
  const replay = proven?.replay()
  return replay === undefined ? outcome.plan.cost.rate : replay.realised?.cost.rate
}
