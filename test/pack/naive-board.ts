/**
 * The rules once more, from scratch: nothing is remembered between questions but which pods are where. It shares no code
 * with the board, so that agreement means something.
 */
import type { FilterName } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import type {
  Expression,
  Labels,
  LabelSelector,
  NamespaceObject,
  PodAffinityTerm,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../../src/domain/snapshot.js'
import type { Resources } from '../../src/domain/resources.js'
import type { Site } from '../../src/pack/board/board.js'

export type NaiveSite = {
  readonly site: Site
  readonly pods: { readonly pod: Pod; readonly as: 'held' | 'needed' }[]
}

export class NaiveBoard {
  readonly sites: (NaiveSite | undefined)[] = []
  private readonly namespaces: readonly NamespaceObject[]

  constructor(namespaces: readonly NamespaceObject[]) {
    this.namespaces = namespaces
  }

  everywhere(): { pod: Pod; site: Site }[] {
    return this.sites.flatMap((each) => each?.pods.map(({ pod }) => ({ pod, site: each.site })) ?? [])
  }

  /** The filters that refuse, sorted. */
  refusing(pod: Pod, index: number): FilterName[] {
    const here = this.sites[index]!
    const { tolerations } = pod.spec
    const passes: [FilterName, boolean][] = [
      ['InterPodAffinity', this.interPod(pod, here.site)],
      ['NodeAffinity', nodeRulesPass(pod, here.site)],
      ['NodePorts', this.ports(pod, here)],
      ['NodeResourcesFit', this.resources(pod, here)],
      ['NodeUnschedulable', !here.site.unschedulable || taintPasses(CORDON, tolerations)],
      ['NodeVolumeLimits', this.limits(pod, here)],
      ['PodTopologySpread', this.spread(pod, here.site)],
      ['TaintToleration', here.site.taints.every((taint) => taintPasses(taint, tolerations))],
      ['VolumeBinding', volumesReachable(pod, here.site)],
      ['VolumeRestrictions', this.volumeRestrictions(pod, here)],
      ['VolumeZone', volumeZonesPass(pod, here.site)],
    ]
    return passes.filter(([, pass]) => !pass).map(([filter]) => filter)
  }

  free(here: NaiveSite, read: (resources: Resources) => number): number {
    const used = here.pods.map(({ pod, as }) => pod[as])
    return used.reduce((left, resources) => left - read(resources), read(here.site.allocatable))
  }

  private resources(pod: Pod, here: NaiveSite): boolean {
    const readers: ((resources: Resources) => number)[] = [
      (each) => each.cpu,
      (each) => each.memory,
      (each) => each.ephemeralStorage,
      (each) => each.pods,
      ...Object.keys(pod.needed.extended).map((name) => (each: Resources) => each.extended[name] ?? 0),
    ]
    return readers.every((read) => read(pod.needed) === 0 || read(pod.needed) <= this.free(here, read))
  }

  private ports(pod: Pod, here: NaiveSite): boolean {
    const used = here.pods.flatMap((each) => each.pod.hostPorts)
    return !pod.hostPorts.some((want) =>
      used.some(
        (has) =>
          has.port === want.port &&
          has.protocol === want.protocol &&
          (has.ip === want.ip || has.ip === '0.0.0.0' || want.ip === '0.0.0.0'),
      ),
    )
  }

  private volumeRestrictions(pod: Pod, here: NaiveSite): boolean {
    const { exclusiveClaims, sharedClaims, inTreeVolumes } = pod.volumes
    const all = this.everywhere()
    return (
      !exclusiveClaims.some((claim) => all.some((other) => other.pod.volumes.exclusiveClaims.includes(claim))) &&
      sharedClaims.every((claim) => {
        const users = all.filter((other) => other.pod.volumes.sharedClaims.includes(claim))
        return users.length === 0 || users.some((other) => other.site === here.site)
      }) &&
      !inTreeVolumes.some((volume) => here.pods.some((other) => other.pod.volumes.inTreeVolumes.includes(volume)))
    )
  }

  private limits(pod: Pod, here: NaiveSite): boolean {
    return Object.entries(here.site.attachLimits).every(([driver, limit]) => {
      const handlesOf = (one: Pod): string[] =>
        one.volumes.attachments.filter((each) => each.driver === driver).map((each) => each.handle)
      const present = new Set(here.pods.flatMap((each) => handlesOf(each.pod)))
      const after = new Set([...present, ...handlesOf(pod)])
      return after.size === present.size || after.size <= limit
    })
  }

  private spread(pod: Pod, site: Site): boolean {
    const constraints = pod.spec.topologySpread.filter((each) => each.whenUnsatisfiable === 'DoNotSchedule')
    const keys = constraints.map((each) => each.topologyKey)
    return constraints.every((constraint) => this.spreads(pod, site, constraint, keys))
  }

  private spreads(pod: Pod, site: Site, constraint: TopologySpreadConstraint, keys: string[]): boolean {
    const key = constraint.topologyKey
    if (!(key in site.labels)) return false
    const selects = (other: Pod): boolean =>
      selectorHolds(constraint.labelSelector, other.labels) &&
      constraint.matchLabelKeys.every((own) => !(own in pod.labels) || other.labels[own] === pod.labels[own])
    const selector = constraint.labelSelector
    const empty =
      selector &&
      Object.keys(selector.matchLabels).length + selector.matchExpressions.length === 0 &&
      !constraint.matchLabelKeys.some((own) => own in pod.labels)
    const counts = new Map<string, number>()
    for (const each of this.sites) {
      if (each === undefined || !keys.every((one) => one in each.site.labels)) continue
      if (constraint.nodeAffinityPolicy !== 'Ignore' && !nodeRulesPass(pod, each.site)) continue
      if (
        constraint.nodeTaintsPolicy === 'Honor' &&
        !each.site.taints.every((taint) => taintPasses(taint, pod.spec.tolerations))
      )
        continue
      const matching = each.pods.filter(
        ({ pod: other }) => !empty && !other.terminating && other.namespace === pod.namespace && selects(other),
      )
      const value = each.site.labels[key]!
      counts.set(value, (counts.get(value) ?? 0) + matching.length)
    }
    const least = counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values())
    const self = selector !== undefined && selects(pod) ? 1 : 0
    return (counts.get(site.labels[key]!) ?? 0) + self - least <= constraint.maxSkew
  }

  termSelects(term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
    const { namespaces, namespaceSelector } = term
    const labels = this.namespaces.find(({ metadata }) => metadata.name === other.namespace)?.metadata.labels ?? {}
    const own = namespaces.length === 0 && namespaceSelector === undefined
    const inNamespace = own
      ? other.namespace === owner.namespace
      : namespaces.includes(other.namespace) || selectorHolds(namespaceSelector, labels)
    return (
      inNamespace &&
      selectorHolds(term.labelSelector, other.labels) &&
      term.matchLabelKeys.every((key) => !(key in owner.labels) || other.labels[key] === owner.labels[key]) &&
      term.mismatchLabelKeys.every((key) => !(key in owner.labels) || other.labels[key] !== owner.labels[key])
    )
  }

  private interPod(pod: Pod, site: Site): boolean {
    const all = this.everywhere()
    const together = (a: Site, b: Site, key: string): boolean => key in a.labels && a.labels[key] === b.labels[key]
    const { podAffinity, podAntiAffinity } = pod.spec
    const kept = podAntiAffinity.some((term) =>
      all.some((other) => together(site, other.site, term.topologyKey) && this.termSelects(term, pod, other.pod)),
    )
    const repelled = all.some((other) =>
      other.pod.spec.podAntiAffinity.some(
        (term) => together(site, other.site, term.topologyKey) && this.termSelects(term, other.pod, pod),
      ),
    )
    if (kept || repelled) return false
    if (podAffinity.length === 0) return true
    if (!podAffinity.every((term) => term.topologyKey in site.labels)) return false
    const matchesAll = (other: Pod): boolean => podAffinity.every((term) => this.termSelects(term, pod, other))
    const kin = all.filter(
      (other) => matchesAll(other.pod) && podAffinity.some((term) => term.topologyKey in other.site.labels),
    )
    if (kin.length === 0) return matchesAll(pod)
    return podAffinity.every((term) => kin.some((other) => together(site, other.site, term.topologyKey)))
  }
}

const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }

export const expressionHolds = ({ key, operator, values }: Expression, labels: Labels): boolean => {
  const value = labels[key]
  if (operator === 'In') return value !== undefined && values.includes(value)
  if (operator === 'NotIn') return value === undefined || !values.includes(value)
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const [have, want] = [Number.parseInt(value ?? '', 10), Number(values[0])]
  return operator === 'Gt' ? have > want : have < want
}

export const selectorHolds = (selector: LabelSelector | undefined, labels: Labels): boolean =>
  selector !== undefined &&
  Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
  selector.matchExpressions.every((each) => expressionHolds(each, labels))

export const nodeRulesPass = ({ spec }: Pod, { name, labels }: Site): boolean =>
  Object.entries(spec.nodeSelector).every(([key, value]) => labels[key] === value) &&
  (spec.requiredNodeTerms === undefined ||
    spec.requiredNodeTerms.some(
      ({ matchExpressions, matchFields }) =>
        matchExpressions.length + matchFields.length > 0 &&
        matchExpressions.every((each) => expressionHolds(each, labels)) &&
        matchFields.every((each) => each.values.includes(name) === (each.operator === 'In')),
    ))

export const taintPasses = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  taint.effect === 'PreferNoSchedule' ||
  tolerations.some(
    ({ key, operator, value, effect }) =>
      (effect === '' || effect === taint.effect) &&
      (key === '' ? operator === 'Exists' : key === taint.key && (operator === 'Exists' || value === taint.value)),
  )

const volumesReachable = ({ volumes }: Pod, { labels }: Site): boolean =>
  volumes.problems.length === 0 &&
  volumes.nodeTerms.every((terms) =>
    terms.some((term) => term.matchExpressions.every((each) => expressionHolds(each, labels))),
  )

const volumeZonesPass = ({ volumes }: Pod, { labels }: Site): boolean =>
  !('topology.kubernetes.io/zone' in labels) ||
  volumes.zoneLabels.every(({ key, values }) => values.includes(labels[key] ?? ''))
