import type { Pod } from '../../domain/pod.js'
import { matchesSelector, valueOf } from '../../domain/requirement.js'
import type { Labels, LabelSelector, PodSpec } from '../../domain/snapshot.js'
import type { World } from './world.js'

/** Pods that no selector of the world tells apart: one namespace, and the same values of all labels that selectors read. */
export type Kind = {
  readonly namespace: string
  readonly labels: Labels
  readonly terminating: boolean
  /** How many of them are on each host, by the host's position. */
  readonly onHost: Map<number, number>
}

/** What an affinity or spread term selects. Equal selections are one object. */
export type Selection = {
  readonly id: number
  readonly kinds: ReadonlySet<Kind>
  /** For people, e.g. `app=web in namespace shop`. */
  readonly text: string
}

export type Kinds = {
  readonly all: ReadonlySet<Kind>
  of(pod: Pod): Kind
  /** Undefined namespaces mean every namespace. */
  select(namespaces: ReadonlySet<string> | undefined, selector: LabelSelector | undefined): Selection
}

export function sortIntoKinds({ hosts }: World): Kinds {
  const keys = keysRead(hosts.flatMap(({ tenants }) => tenants.map(({ pod }) => pod.spec)))
  const byText = new Map<string, Kind>()
  /** Thousands of pods share their labels: their texts are made once. */
  const byLabels = new Map<Labels, Kind[]>()
  const kindOf = (pod: Pod): Kind => {
    const alike = byLabels.get(pod.labels) ?? []
    for (const kind of alike) if (kind.namespace === pod.namespace && kind.terminating === pod.terminating) return kind
    byLabels.set(pod.labels, alike)
    const text = JSON.stringify([pod.namespace, pod.terminating, keys.map((key) => valueOf(pod.labels, key) ?? null)])
    const { namespace, labels, terminating } = pod
    const kind = byText.get(text) ?? { namespace, labels, terminating, onHost: new Map<number, number>() }
    byText.set(text, kind)
    alike.push(kind)
    return kind
  }
  for (const [host, { tenants }] of hosts.entries())
    for (const { pod } of tenants) {
      const { onHost } = kindOf(pod)
      onHost.set(host, (onHost.get(host) ?? 0) + 1)
    }
  const all = new Set(byText.values())
  const finder = createFinder(all, keys)
  const selections = new Map<string, Selection>()
  return {
    all,
    of: kindOf,
    select(namespaces, selector) {
      const names = namespaces && [...namespaces].sort()
      const identity = JSON.stringify([names ?? null, selector ?? null])
      const known = selections.get(identity)
      if (known !== undefined) return known
      const where = names === undefined ? 'any namespace' : `namespace ${names.join(', ')}`
      const selection: Selection = {
        id: selections.size,
        kinds: selector === undefined ? new Set() : finder(namespaces, selector),
        text: `${selectorText(selector)} in ${where}`,
      }
      selections.set(identity, selection)
      return selection
    },
  }
}

/** Labels that any selector of these pods reads. */
function keysRead(specs: readonly PodSpec[]): readonly string[] {
  const keys = new Set<string>()
  const read = (selector: LabelSelector | undefined, more: readonly string[]): void => {
    for (const key of Object.keys(selector?.matchLabels ?? {})) keys.add(key)
    for (const { key } of selector?.matchExpressions ?? []) keys.add(key)
    for (const key of more) keys.add(key)
  }
  for (const { podAffinity, podAntiAffinity, topologySpread } of new Set(specs)) {
    for (const term of [...podAffinity, ...podAntiAffinity])
      read(term.labelSelector, [...term.matchLabelKeys, ...term.mismatchLabelKeys])
    for (const constraint of topologySpread) read(constraint.labelSelector, constraint.matchLabelKeys)
  }
  return [...keys].sort()
}

type Finder = (namespaces: ReadonlySet<string> | undefined, selector: LabelSelector) => ReadonlySet<Kind>

/** Compares a selector only with kinds of its namespaces, and of these with the fewest that have a label which it asks for. */
function createFinder(all: ReadonlySet<Kind>, keys: readonly string[]): Finder {
  const byPair = new Map<string, Kind[]>()
  const byNamespace = new Map<string, Kind[]>()
  const file = (index: Map<string, Kind[]>, at: string, kind: Kind): void => {
    const others = index.get(at)
    if (others === undefined) index.set(at, [kind])
    else others.push(kind)
  }
  for (const kind of all) {
    file(byNamespace, kind.namespace, kind)
    for (const key of keys) {
      const value = valueOf(kind.labels, key)
      if (value === undefined) continue
      file(byPair, pairText(key, value), kind)
      file(byPair, pairText(key, value, kind.namespace), kind)
    }
  }
  return (namespaces, selector) => {
    const where = namespaces === undefined ? [undefined] : [...namespaces]
    const [candidates = where.flatMap((name) => (name === undefined ? [...all] : (byNamespace.get(name) ?? [])))] =
      wantedLabels(selector)
        .map(({ key, values }) =>
          where.flatMap((name) => values.flatMap((value) => byPair.get(pairText(key, value, name)) ?? [])),
        )
        .sort((a, b) => a.length - b.length)
    return new Set(
      candidates.filter(
        ({ namespace, labels }) =>
          (namespaces === undefined || namespaces.has(namespace)) && matchesSelector(selector, labels),
      ),
    )
  }
}

/** Without a namespace: in any. */
const pairText = (key: string, value: string, namespace?: string): string => JSON.stringify([key, value, namespace])

/** Labels of which every selected pod has one of these values. */
const wantedLabels = ({ matchLabels, matchExpressions }: LabelSelector) => [
  ...Object.entries(matchLabels).map(([key, value]) => ({ key, values: [value] })),
  ...matchExpressions.flatMap(({ key, operator, values }) =>
    operator === 'In' ? [{ key, values: [...new Set(values)] }] : [],
  ),
]

function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'no pod'
  const pairs = Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = selector.matchExpressions.map(({ key, operator, values }) =>
    values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`,
  )
  return [...pairs, ...expressions].join(', ') || 'every pod'
}
