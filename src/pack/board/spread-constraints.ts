import type { LabelSelector, PodAffinityTerm, PodSpec, TopologySpreadConstraint } from '../../domain/snapshot.js'
import { isEmptySelector } from '../../domain/requirement.js'
import type { StaticFit, StaticRule } from './static-fit.js'

/** The constraints that filter nodes. */
export const hardSpread = ({ topologySpread }: PodSpec): TopologySpreadConstraint[] =>
  topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')

/** The constraints that only score them. */
export const softSpread = ({ topologySpread }: PodSpec): TopologySpreadConstraint[] =>
  topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')

/** An empty selector selects every pod, and yet kube-scheduler counts none with it (countPodsMatchSelector). */
export const countsNone = (selector: LabelSelector | undefined): boolean =>
  selector !== undefined && isEmptySelector(selector)

/** Rules that a node must meet for its domain and its pods to count. */
export const honouredRules = (
  { nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint,
  spec: PodSpec,
  fit: StaticFit,
): StaticRule[] => [
  ...(nodeAffinityPolicy === 'Ignore' ? [] : [fit.affinityRule(spec)]),
  ...(nodeTaintsPolicy === 'Honor' ? [fit.tolerationRule(spec)] : []),
]

/** The preferred terms of a template about other pods, without their weights. */
export const preferredTerms = ({ preferences }: PodSpec): PodAffinityTerm[] =>
  [...(preferences?.near ?? []), ...(preferences?.apart ?? [])].map(({ term }) => term)

/** Labels whose values in the pod itself narrow the selectors of these terms and constraints. */
export const ownLabelKeys = (
  terms: readonly PodAffinityTerm[],
  spread: readonly TopologySpreadConstraint[],
): string[] => [
  ...terms.flatMap(({ matchLabelKeys, mismatchLabelKeys }) => [...matchLabelKeys, ...mismatchLabelKeys]),
  ...spread.flatMap(({ matchLabelKeys }) => matchLabelKeys),
]
