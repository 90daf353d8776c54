import { bullet, left, plural, right, table, type TableCell } from './markdown-text.js'
import type { View } from './view.js'
import type { LostPreferenceView } from './view-preferences.js'

const LOST_SHOWN = 5

/** Preferred terms and ScheduleAnyway constraints that plans give up; nothing where nobody prefers anything. */
export function preferenceTable({ scenarios }: View): string[] {
  const counted = scenarios.filter(({ row }) => row.preferences_held_today !== undefined)
  if (counted.every(({ row }) => row.preferences_held_today?.exact === '0' && row.preferences_gained?.exact === '0'))
    return []
  const rows = counted
    .filter(({ row }) => row.scenario !== 'current')
    .map(({ row }): TableCell[] => [
      row.scenario,
      row.preferences_given_up,
      row.preferences_held_today,
      row.preferences_given_up_weight,
      row.preferences_gained,
    ])
  const headings = [left('Scenario'), right('Given up'), right('Of'), right('Weight'), right('Gained')]
  const recommended = counted.find(({ row }) => row.scenario === 'recommended')
  return [
    'Preferred affinity terms are counted for each pod that has a place today and in the plan, ScheduleAnyway spread constraints once for each workload. Of: what holds today. Gained: what does not hold today and would. Weight: of the terms given up; a spread constraint counts as 100.',
    '',
    ...(rows.length === 0 ? ['Nothing is planned.'] : table(headings, rows)),
    ...(recommended === undefined ? [] : dearest(recommended)),
  ]
}

function dearest({ row, lost }: View['scenarios'][number]): string[] {
  const { preferences_given_up: givenUp, preferences_held_today: held } = row
  if (givenUp === undefined || held === undefined || lost.length === 0) return []
  return [
    '',
    `Given up in recommended: ${plural(givenUp, 'preference')} of ${held.short}; dearest:`,
    '',
    ...lost.slice(0, LOST_SHOWN).map((one) => bullet(words(one))),
  ]
}

const words = ({ workload, kind, text, count, weight }: LostPreferenceView): string =>
  kind === 'spread'
    ? `${workload}: no longer evenly spread (${text})`
    : `${workload}: ${kind} of ${plural(count, 'pod')}, weight ${weight.short} (${text})`
