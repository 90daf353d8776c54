import type { Plan } from '../domain/plan.js'
import type { PreferenceChange } from '../domain/preferences.js'
import type { Scenario } from '../domain/recommendation.js'

/** The planned scenarios with what becomes of the preferences of pods, against the scenario `current`. */
export function withPreferences(
  scenarios: readonly Scenario[],
  changesAgainst: (today: Plan) => (plan: Plan) => PreferenceChange,
): Scenario[] {
  const today = scenarios.find(({ id }) => id === 'current')?.outcome
  if (today?.kind !== 'planned') return [...scenarios]
  const changeIn = changesAgainst(today.plan)
  return scenarios.map((scenario) =>
    scenario.outcome.kind === 'planned'
      ? { ...scenario, outcome: { ...scenario.outcome, preferences: changeIn(scenario.outcome.plan) } }
      : scenario,
  )
}
