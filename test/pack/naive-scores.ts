/**
 * The scores of kube-scheduler's default profile once more, from scratch and in its whole numbers, for pods without a
 * controller. Selectors are asked as the naive rules ask them.
 */
import type { Pod } from '../../src/domain/pod.js'
import type { PodAffinityTerm, TopologySpreadConstraint } from '../../src/domain/snapshot.js'
import type { Site } from '../../src/pack/board/board.js'
import {
  expressionHolds,
  nodeRulesPass,
  selectorHolds,
  taintPasses,
  type NaiveBoard,
  type NaiveSite,
} from './naive-board.js'

/** Points of the nodes with these numbers, which are all that the pod could go to. */
export function naivePoints(board: NaiveBoard, next: Pod, fitting: readonly number[]): Map<number, number> {
  const sites = fitting.map((index) => board.sites[index]!)
  const parts = [
    sites.map((here) => resourcePoints(here, next)),
    scaled(sites.map(({ site }) => preferredWeight(next, site))).map((each) => 2 * each),
    scaled(sites.map(({ site }) => avoidedTaints(next, site))).map((each) => 3 * (100 - each)),
    between(sites.map(({ site }) => affinitySum(board, next, site))).map((each) => 2 * each),
    spreadPoints(
      board,
      next,
      sites.map(({ site }) => site),
    ).map((each) => 2 * each),
  ]
  return new Map(fitting.map((index, at) => [index, parts.reduce((sum, part) => sum + part[at]!, 0)]))
}

function resourcePoints({ site, pods: here }: NaiveSite, next: Pod): number {
  const all = [...here.map(({ pod: one }) => one), next]
  const share = (wanted: (one: Pod) => number, has: number): number =>
    all.reduce((total, one) => total + wanted(one), 0) / Math.max(1, has)
  const { cpu, memory } = site.allocatable
  const shares = [share(({ needed }) => needed.cpu, cpu), share(({ needed }) => needed.memory, memory)]
  const [a, b] = shares.map((each) => Math.min(1, each)) as [number, number]
  // A hair more, because 1 − 0.9 is less than 0.1.
  const left = [a, b].map((each) => Math.floor(100 * (1 - each) + 1e-9))
  const mean = Math.floor((left[0]! + left[1]!) / 2)
  if (next.needed.cpu === 0 && next.needed.memory === 0) return mean
  return mean + Math.floor(100 * (1 - Math.abs((a - b) / 2)))
}

const preferredWeight = ({ spec }: Pod, { name, labels }: Site): number =>
  (spec.preferences?.nodes ?? [])
    .filter(
      ({ term: { matchExpressions, matchFields } }) =>
        matchExpressions.length + matchFields.length > 0 &&
        matchExpressions.every((each) => expressionHolds(each, labels)) &&
        matchFields.every((each) => each.values.includes(name) === (each.operator === 'In')),
    )
    .reduce((sum, { weight }) => sum + weight, 0)

const avoidedTaints = ({ spec }: Pod, { taints }: Site): number =>
  taints
    .filter(({ effect }) => effect === 'PreferNoSchedule')
    .filter((taint) => !taintPasses({ ...taint, effect: 'NoSchedule' }, forPreference(spec.tolerations))).length

/** Tolerations of PreferNoSchedule, as if they were of NoSchedule. */
const forPreference = (tolerations: Pod['spec']['tolerations']): Pod['spec']['tolerations'] =>
  tolerations
    .filter(({ effect }) => effect === '' || effect === 'PreferNoSchedule')
    .map((each) => ({ ...each, effect: '' }))

function affinitySum(board: NaiveBoard, next: Pod, site: Site): number {
  let sum = 0
  for (const other of board.everywhere()) {
    const add = (term: PodAffinityTerm, weight: number, owner: Pod, named: Pod): void => {
      const key = term.topologyKey
      if (key in site.labels && site.labels[key] === other.site.labels[key] && board.termSelects(term, owner, named))
        sum += weight
    }
    for (const { weight, term } of next.spec.preferences?.near ?? []) add(term, weight, next, other.pod)
    for (const { weight, term } of next.spec.preferences?.apart ?? []) add(term, -weight, next, other.pod)
    for (const { weight, term } of other.pod.spec.preferences?.near ?? []) add(term, weight, other.pod, next)
    for (const { weight, term } of other.pod.spec.preferences?.apart ?? []) add(term, -weight, other.pod, next)
    for (const term of other.pod.spec.podAffinity) add(term, 1, other.pod, next)
  }
  return sum
}

function spreadPoints(board: NaiveBoard, next: Pod, sites: readonly Site[]): number[] {
  const constraints = next.spec.topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
  if (constraints.length === 0) return sites.map(() => 0)
  const keys = constraints.map(({ topologyKey }) => topologyKey)
  const isLabelled = ({ labels }: Site): boolean => keys.every((key) => key in labels)
  const labelled = sites.filter(isLabelled)
  const crowds = labelled.map((site) => {
    let crowd = 0
    for (const constraint of constraints) {
      const key = constraint.topologyKey
      const size =
        key === 'kubernetes.io/hostname' ? labelled.length : new Set(labelled.map(({ labels }) => labels[key])).size
      const counted = board
        .everywhere()
        .filter(
          (other) =>
            isLabelled(other.site) &&
            other.site.labels[key] === site.labels[key] &&
            (constraint.nodeAffinityPolicy === 'Ignore' || nodeRulesPass(next, other.site)) &&
            (constraint.nodeTaintsPolicy !== 'Honor' ||
              other.site.taints.every((taint) => taintPasses(taint, next.spec.tolerations))) &&
            isCounted(constraint, next, other.pod),
        )
      crowd += counted.length * Math.log(size + 2) + (constraint.maxSkew - 1)
    }
    return Math.round(crowd)
  })
  const [least, most] = [Math.min(...crowds), Math.max(...crowds)]
  return sites.map((site) => {
    const crowd = crowds[labelled.indexOf(site)]
    if (crowd === undefined) return 0
    return most === 0 ? 100 : Math.floor((100 * (most + least - crowd)) / most)
  })
}

function isCounted({ labelSelector, matchLabelKeys }: TopologySpreadConstraint, next: Pod, other: Pod): boolean {
  const own = matchLabelKeys.filter((key) => key in next.labels)
  const { matchLabels = {}, matchExpressions = [] } = labelSelector ?? {}
  if (Object.keys(matchLabels).length + matchExpressions.length + own.length === 0) return false
  return (
    !other.terminating &&
    other.namespace === next.namespace &&
    selectorHolds(labelSelector, other.labels) &&
    own.every((key) => other.labels[key] === next.labels[key])
  )
}

/** 0 to 100 by the largest (helper.DefaultNormalizeScore). */
function scaled(figures: readonly number[]): number[] {
  const most = Math.max(0, ...figures)
  return figures.map((each) => (most === 0 ? 0 : Math.floor((100 * each) / most)))
}

/** 0 to 100 from the least to the largest (InterPodAffinity). */
function between(figures: readonly number[]): number[] {
  const [least, most] = [Math.min(...figures), Math.max(...figures)]
  return figures.map((each) => (most > least ? Math.floor(100 * ((each - least) / (most - least))) : 0))
}
