import type { Pod } from '../../domain/pod.js'
import { isEmptySelector, matchesSelector, selectorFlaw, valueOf } from '../../domain/requirement.js'
import type {
  Expression,
  Labels,
  LabelSelector,
  PodAffinityTerm,
  PodSpec,
  TopologySpreadConstraint,
} from '../../domain/snapshot.js'
import type { Kind, Kinds, Selection } from './kinds.js'
import type { Fault, Tenant, World } from './world.js'

export type Term = {
  readonly key: string
  readonly selection: Selection
  /** Equal for terms of one selection and one key. */
  readonly id: string
  /** For people. */
  readonly text: string
}

export type Spread = {
  readonly constraint: TopologySpreadConstraint
  readonly selection: Selection
  /** An empty selector counts no pod that is there, though it counts the pod itself (plugin PodTopologySpread). */
  readonly empty: boolean
}

/** What a pod asks of the nodes around it. Pods with equal terms share one object. */
export type Terms = {
  readonly affinity: readonly Term[]
  /** Pods that match all affinity terms together: only they count. */
  readonly kin: ReadonlySet<Kind>
  readonly antiAffinity: readonly Term[]
  readonly spread: readonly Spread[]
  /** Why selectors of the pod cannot be read: it then fits nowhere. */
  readonly flaws: readonly { readonly rule: 'InterPodAffinity' | 'PodTopologySpread'; readonly detail: string }[]
}

/** A judged pod where it is: everything that rules between pods look at. */
export type Case = {
  readonly tenant: Tenant
  readonly host: number
  readonly kind: Kind
  readonly terms: Terms | undefined
  readonly report: (rule: Fault['rule'], about: string, detail: string) => void
}

const hasTerms = ({ podAffinity, podAntiAffinity, topologySpread }: PodSpec): boolean =>
  podAffinity.length + podAntiAffinity.length + topologySpread.length > 0

/** Reads terms of pods, once for all that would read the same. Undefined for the many that have none. */
export function createTermReader(world: World, kinds: Kinds): (pod: Pod) => Terms | undefined {
  const namespaces = namespaceLabels(world)
  const known = new Map<PodSpec, Map<string, Terms>>()
  return (pod) => {
    if (!hasTerms(pod.spec)) return undefined
    const variants = known.get(pod.spec) ?? new Map<string, Terms>()
    known.set(pod.spec, variants)
    const own = ownKeys(pod.spec).map((key) => valueOf(pod.labels, key) ?? null)
    const variant = JSON.stringify([pod.namespace, own])
    const terms = variants.get(variant) ?? readTerms(pod, namespaces, kinds)
    variants.set(variant, terms)
    return terms
  }
}

/** Labels whose values in the pod itself narrow its selectors. */
const ownKeys = ({ podAffinity, podAntiAffinity, topologySpread }: PodSpec): string[] => [
  ...[...podAffinity, ...podAntiAffinity].flatMap((term) => [...term.matchLabelKeys, ...term.mismatchLabelKeys]),
  ...topologySpread.flatMap((constraint) => constraint.matchLabelKeys),
]

/** The API server gives every namespace this label, also to those of which the input has no object. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

function namespaceLabels({ hosts, namespaces }: World): ReadonlyMap<string, Labels> {
  const labels = new Map<string, Labels>()
  for (const { tenants } of hosts)
    for (const { pod } of tenants)
      if (!labels.has(pod.namespace)) labels.set(pod.namespace, { [NAME_LABEL]: pod.namespace })
  for (const { metadata } of namespaces) labels.set(metadata.name, { [NAME_LABEL]: metadata.name, ...metadata.labels })
  return labels
}

function readTerms(pod: Pod, namespaces: ReadonlyMap<string, Labels>, kinds: Kinds): Terms {
  const { podAffinity, podAntiAffinity, topologySpread } = pod.spec
  const read = (term: PodAffinityTerm): Term => {
    const key = term.topologyKey
    const selection = kinds.select(namespacesOf(term, pod, namespaces), narrowed(term, pod))
    return { key, selection, id: `${selection.id} ${key}`, text: `${selection.text}, by ${key}` }
  }
  const affinity = podAffinity.map(read)
  const hard = topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
  const flaw = (rule: Terms['flaws'][number]['rule'], selector: LabelSelector | undefined): Terms['flaws'] => {
    const detail = selectorFlaw(selector)
    return detail === undefined ? [] : [{ rule, detail: `a selector of it cannot be read: ${detail}` }]
  }
  return {
    affinity,
    kin: commonTo(affinity.map(({ selection }) => selection.kinds)),
    antiAffinity: podAntiAffinity.map(read),
    spread: hard.map((constraint) => {
      const selector = narrowed({ ...constraint, mismatchLabelKeys: [] }, pod)
      return {
        constraint,
        selection: kinds.select(new Set([pod.namespace]), selector),
        empty: selector !== undefined && isEmptySelector(selector),
      }
    }),
    flaws: [
      ...[...podAffinity, ...podAntiAffinity]
        .flatMap((term) => [term.labelSelector, term.namespaceSelector])
        .flatMap((selector) => flaw('InterPodAffinity', selector)),
      ...hard.flatMap(({ labelSelector }) => flaw('PodTopologySpread', labelSelector)),
    ],
  }
}

/** Undefined: every namespace. Without names and selector, the pod's own. */
function namespacesOf(
  { namespaces, namespaceSelector }: PodAffinityTerm,
  pod: Pod,
  all: ReadonlyMap<string, Labels>,
): ReadonlySet<string> | undefined {
  if (namespaceSelector === undefined) return new Set(namespaces.length > 0 ? namespaces : [pod.namespace])
  if (isEmptySelector(namespaceSelector)) return undefined
  const selected = [...all].filter(([, labels]) => matchesSelector(namespaceSelector, labels)).map(([name]) => name)
  return new Set([...namespaces, ...selected])
}

/** The selector with the pod's own values of `matchLabelKeys` and `mismatchLabelKeys`; labels that it lacks are skipped. */
function narrowed(
  term: Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>,
  pod: Pod,
): LabelSelector | undefined {
  const { labelSelector, matchLabelKeys, mismatchLabelKeys } = term
  if (labelSelector === undefined || matchLabelKeys.length + mismatchLabelKeys.length === 0) return labelSelector
  const added: Expression[] = []
  const add = (key: string, operator: string): void => {
    const value = valueOf(pod.labels, key)
    if (value !== undefined) added.push({ key, operator, values: [value] })
  }
  for (const key of matchLabelKeys) add(key, 'In')
  for (const key of mismatchLabelKeys) add(key, 'NotIn')
  return { ...labelSelector, matchExpressions: [...labelSelector.matchExpressions, ...added] }
}

function commonTo([first, ...others]: readonly ReadonlySet<Kind>[]): ReadonlySet<Kind> {
  return new Set([...(first ?? [])].filter((kind) => others.every((set) => set.has(kind))))
}
