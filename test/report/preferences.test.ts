import { describe, expect, it } from 'vitest'
import type { LostPreference, PreferenceChange } from '../../src/domain/preferences.js'
import type { Analysis } from '../../src/domain/recommendation.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'
import { parseRows } from './parse-csv.js'

/** The analysis with this answer for its recommended plan. */
const analysisWith = (preferences: PreferenceChange): Analysis => ({
  ...ANALYSIS,
  scenarios: ANALYSIS.scenarios.map((scenario) =>
    scenario.id === 'recommended' && scenario.outcome.kind === 'planned'
      ? { ...scenario, outcome: { ...scenario.outcome, preferences } }
      : scenario,
  ),
})
const lost = (parts: Partial<LostPreference> = {}): LostPreference => ({
  workload: 'shop/Deployment/api',
  kind: 'pod anti-affinity',
  text: 'app=api in namespace shop, by kubernetes.io/hostname',
  count: 2,
  weight: 200,
  ...parts,
})
const CHANGE: PreferenceChange = {
  heldToday: 62,
  givenUp: 3,
  givenUpWeight: 1300,
  gained: 1,
  lost: [
    lost({ weight: 1200 }),
    lost({ kind: 'spread', workload: 'shop/Deployment/a|b', text: 'app=b, over zone', count: 1, weight: 100 }),
  ],
}
const fileOf = (analysis: Analysis, name: string): string =>
  reportOf(analysis, ['md', 'csv', 'json']).files.get(name) ?? ''

describe('preferences given up', () => {
  it('are counted in scenarios.csv and report.json, with what is lost', () => {
    const analysis = analysisWith(CHANGE)
    expect(
      parseRows(fileOf(analysis, 'scenarios.csv')).find(({ scenario }) => scenario === 'recommended'),
    ).toMatchObject({
      preferences_given_up: '3',
      preferences_held_today: '62',
      preferences_given_up_weight: '1300',
      preferences_gained: '1',
    })
    const { scenarios } = JSON.parse(fileOf(analysis, 'report.json')) as { scenarios: { id: string }[] }
    expect(scenarios.find(({ id }) => id === 'recommended')).toMatchObject({
      preferencesGivenUp: 3,
      preferencesHeldToday: 62,
      preferencesGivenUpWeight: 1300,
      preferencesGained: 1,
      preferencesLost: [
        { workload: 'shop/Deployment/api', kind: 'pod anti-affinity', count: 2, weight: 1200 },
        { workload: 'shop/Deployment/a|b', kind: 'spread', count: 1, weight: 100 },
      ],
    })
    expect(scenarios.find(({ id }) => id === 'spot-max')).toMatchObject({ preferencesGivenUp: null })
  })

  it('are said in report.md, the dearest first', () => {
    const text = fileOf(analysisWith(CHANGE), 'report.md')
    expect(text).toMatch(/^\| recommended +\| +3 \| +62 \| +1,300 \| +1 \|$/m)
    expect(text).toContain(
      [
        'Given up in recommended: 3 preferences of 62; dearest:',
        '',
        '- shop/Deployment/api: pod anti-affinity of 2 pods, weight 1,200 (app=api in namespace shop, by kubernetes.io/hostname)',
        '- shop/Deployment/a\\|b: no longer evenly spread (app=b, over zone)',
      ].join('\n'),
    )
  })

  it('are no section where nobody prefers anything', () => {
    const none: PreferenceChange = { heldToday: 0, givenUp: 0, givenUpWeight: 0, gained: 0, lost: [] }
    const silent = ANALYSIS.scenarios.map((scenario) =>
      scenario.outcome.kind === 'planned'
        ? { ...scenario, outcome: { ...scenario.outcome, preferences: none } }
        : scenario,
    )
    expect(fileOf({ ...ANALYSIS, scenarios: silent }, 'report.md')).not.toContain('Preferences given up')
  })
})
