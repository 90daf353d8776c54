export type PreferenceKind = 'node affinity' | 'pod affinity' | 'pod anti-affinity' | 'spread'

/** A preference of one workload that holds today and would hold no longer. */
export type LostPreference = {
  /** Key of the workload: `namespace/Kind/name`. */
  readonly workload: string
  readonly kind: PreferenceKind
  /** What is preferred, for people, e.g. `topology.kubernetes.io/zone In [us-east-1a]`. */
  readonly text: string
  /** Pods of which the term holds no longer; 1 for a spread constraint, which is one of the whole workload. */
  readonly count: number
  /** Weights of these terms together; a spread constraint, which has none, counts as `SPREAD_WEIGHT`. */
  readonly weight: number
}

/** The most that a preferred term can weigh: the scheduler gives spread, node and pod affinity equal shares of its score. */
export const SPREAD_WEIGHT = 100

/**
 * What becomes of the preferences in a plan: preferred terms are counted for each pod that has a place today and in the
 * plan, ScheduleAnyway spread constraints once for each workload.
 */
export type PreferenceChange = {
  readonly heldToday: number
  /** Of these, how many would hold no longer. */
  readonly givenUp: number
  readonly givenUpWeight: number
  /** Preferences that do not hold today and would in the plan. */
  readonly gained: number
  /** What is given up, the largest weight first. */
  readonly lost: readonly LostPreference[]
}
