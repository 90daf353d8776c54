import type { ScenarioContext } from '../../src/recommend/scenarios.js'

/** Nothing stands against any plan. */
export const NO_FAULTS: Omit<ScenarioContext, 'plans'> = {
  violationsOf: () => [],
  subnetFaultsOf: () => [],
  remarksOf: () => [],
  limits: { headroom: 0, minNodes: undefined },
  nothingToPlan: undefined,
}
