import type { Pod } from '../../domain/pod.js'
import { matchesSelector, valueOf } from '../../domain/requirement.js'
import type { Expression, Labels, LabelSelector, NamespaceObject, PodAffinityTerm } from '../../domain/snapshot.js'
import { createInterner } from './interner.js'

/** The pods that an affinity or spread term speaks of; equal ones are one object. */
export type Matcher = {
  readonly id: number
  /** Undefined: every namespace. */
  readonly namespaces: ReadonlySet<string> | undefined
  readonly selector: LabelSelector | undefined
  /** For people, e.g. `app=web in namespace shop`. */
  readonly text: string
}

export type Matchers = {
  ofTerm(term: PodAffinityTerm, pod: Pod): Matcher
  /** Pods of the pod's own namespace. */
  ofSelector(selector: LabelSelector | undefined, pod: Pod): Matcher
  /** Ids of all matchers that select the pod, ascending. Call it when every matcher is made. */
  selecting(pod: Pod): readonly number[]
  /** From here on, asking for a new matcher throws. */
  seal(): void
}

/** The selector, narrowed to the pod's own values of these labels. Doing again what the API server did changes nothing. */
export function withLabelKeys(
  selector: LabelSelector | undefined,
  labels: Labels,
  same: readonly string[],
  different: readonly string[] = [],
): LabelSelector | undefined {
  if (selector === undefined) return undefined
  const narrow = (keys: readonly string[], operator: string): Expression[] =>
    keys.flatMap((key) => {
      const value = valueOf(labels, key)
      return value === undefined ? [] : [{ key, operator, values: [value] }]
    })
  const added = [...narrow(same, 'In'), ...narrow(different, 'NotIn')]
  return added.length === 0 ? selector : { ...selector, matchExpressions: [...selector.matchExpressions, ...added] }
}

/** Where the input has no Namespace object, its one label that every API server sets is still known. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

export function createMatchers(namespaceObjects: readonly NamespaceObject[], pods: readonly Pod[]): Matchers {
  const namespaceLabels = new Map<string, Labels>()
  for (const { namespace } of pods) namespaceLabels.set(namespace, { [NAME_LABEL]: namespace })
  for (const { metadata } of namespaceObjects) {
    namespaceLabels.set(metadata.name, { [NAME_LABEL]: metadata.name, ...metadata.labels })
  }
  const ids = createInterner()
  const matchers: Matcher[] = []
  const interests = new Map<string, Set<string>>()
  /** Most selectors want one label to have one value: only pods that have it need to be compared with them. */
  const byPair = new Map<string, Matcher[]>()
  const unpaired: Matcher[] = []

  let sealed = false

  const file = (matcher: Matcher): void => {
    const { matchLabels, matchExpressions } = matcher.selector ?? { matchLabels: {}, matchExpressions: [] }
    const wanted = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] }))
    for (const { key, values } of [...wanted, ...matchExpressions]) {
      if (!interests.has(key)) interests.set(key, new Set())
      values.forEach((value) => interests.get(key)?.add(value))
    }
    const single = [...wanted, ...matchExpressions].find(
      ({ operator, values }) => operator === 'In' && values.length === 1,
    )
    const pair = single && pairKey(single.key, single.values[0]!)
    if (pair === undefined) unpaired.push(matcher)
    else if (byPair.has(pair)) byPair.get(pair)?.push(matcher)
    else byPair.set(pair, [matcher])
  }

  const make = (namespaces: readonly string[] | undefined, selector: LabelSelector | undefined): Matcher => {
    const sorted = namespaces && [...new Set(namespaces)].sort()
    const id = ids.idOf(JSON.stringify([sorted ?? null, canonical(selector)]))
    if (matchers[id] !== undefined) return matchers[id]
    if (sealed) throw new Error('a pod with a new label selector came after the board was made')
    const text = `${selectorText(selector)} in ${sorted ? `namespace ${sorted.join(', ') || '(none)'}` : 'any namespace'}`
    const matcher: Matcher = { id, namespaces: sorted && new Set(sorted), selector, text }
    matchers[id] = matcher
    file(matcher)
    return matcher
  }

  /** Pods that no selector can tell apart. */
  const selectedBy = new Map<string, readonly number[]>()

  return {
    ofTerm(term, pod) {
      const { namespaces, namespaceSelector, matchLabelKeys, mismatchLabelKeys } = term
      const selector = withLabelKeys(term.labelSelector, pod.labels, matchLabelKeys, mismatchLabelKeys)
      if (namespaceSelector === undefined) return make(namespaces.length > 0 ? namespaces : [pod.namespace], selector)
      const everywhere =
        Object.keys(namespaceSelector.matchLabels).length + namespaceSelector.matchExpressions.length === 0
      if (everywhere) return make(undefined, selector)
      const selected = [...namespaceLabels].filter(([, labels]) => matchesSelector(namespaceSelector, labels))
      return make([...namespaces, ...selected.map(([name]) => name)], selector)
    },
    ofSelector: (selector, pod) => make([pod.namespace], selector),
    selecting(pod) {
      const parts: string[] = []
      const candidates = [unpaired]
      for (const key of Object.keys(pod.labels)) {
        const interest = interests.get(key)
        if (interest === undefined) continue
        const value = pod.labels[key]!
        parts.push(interest.has(value) ? pairKey(key, value) : key)
        candidates.push(byPair.get(pairKey(key, value)) ?? [])
      }
      const likeness = [pod.namespace, ...parts.sort()].join('\n\n')
      const known = selectedBy.get(likeness)
      if (known !== undefined) return known
      const selecting = candidates
        .flat()
        .filter(({ namespaces }) => namespaces === undefined || namespaces.has(pod.namespace))
        .filter(({ selector }) => matchesSelector(selector, pod.labels))
        .map(({ id }) => id)
        .sort((a, b) => a - b)
      selectedBy.set(likeness, selecting)
      return selecting
    },
    seal() {
      sealed = true
    },
  }
}

const pairKey = (key: string, value: string): string => `${key}\n${value}`

const canonical = (selector: LabelSelector | undefined): unknown =>
  selector && [
    Object.entries(selector.matchLabels)
      .map(([key, value]) => JSON.stringify([key, value]))
      .sort(),
    selector.matchExpressions
      .map(({ key, operator, values }) => JSON.stringify([key, operator, [...values].sort()]))
      .sort(),
  ]

const selectorText = (selector: LabelSelector | undefined): string => {
  if (selector === undefined) return 'no pod'
  const pairs = Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = selector.matchExpressions.map(({ key, operator, values }) =>
    values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`,
  )
  return [...pairs, ...expressions].join(', ') || 'every pod'
}
