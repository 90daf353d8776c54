import type { LostPreference } from '../domain/preferences.js'
import type { Scenario } from '../domain/recommendation.js'
import type { ScenarioRow } from './columns.js'
import { count, known, type Figure } from './figures.js'

type Planned = Extract<Scenario['outcome'], { readonly kind: 'planned' }>

/** The columns of a scenario that say what becomes of preferred terms and ScheduleAnyway constraints. */
export type PreferenceRow = Pick<
  ScenarioRow,
  'preferences_given_up' | 'preferences_held_today' | 'preferences_given_up_weight' | 'preferences_gained'
>

export const NO_PREFERENCES: PreferenceRow = {
  preferences_given_up: undefined,
  preferences_held_today: undefined,
  preferences_given_up_weight: undefined,
  preferences_gained: undefined,
}

export const preferenceRow = ({ preferences }: Planned): PreferenceRow => ({
  preferences_given_up: known(preferences?.givenUp, count),
  preferences_held_today: known(preferences?.heldToday, count),
  preferences_given_up_weight: known(preferences?.givenUpWeight, count),
  preferences_gained: known(preferences?.gained, count),
})

/** A preference of one workload that a scenario gives up. */
export type LostPreferenceView = {
  readonly workload: string
  readonly kind: LostPreference['kind']
  readonly text: string
  readonly count: Figure
  readonly weight: Figure
}

const LOST_LISTED = 20

export const lostPreferences = ({ preferences }: Planned): LostPreferenceView[] =>
  (preferences?.lost ?? []).slice(0, LOST_LISTED).map((one) => ({
    workload: one.workload,
    kind: one.kind,
    text: one.text,
    count: count(one.count),
    weight: count(one.weight),
  }))
