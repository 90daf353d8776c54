import type { Pod } from '../../domain/pod.js'
import { matchesNodeRules, toleratesCordon, untoleratedTaints, valueOf } from '../../domain/requirement.js'
import type { PlanNode } from '../../domain/plan.js'
import type {
  Expression,
  Labels,
  NamespaceObject,
  NodeSelectorTerm,
  PodSpec,
  TopologySpreadConstraint,
} from '../../domain/snapshot.js'
import { createMatchers, withLabelKeys, type Matcher } from '../board/matcher.js'
import { perTemplate } from '../board/per-template.js'
import { countsNone, ownLabelKeys, preferredTerms, softSpread } from '../board/spread-constraints.js'

/** A preferred term with its selector resolved. */
export type Wish =
  | { readonly kind: 'node affinity'; readonly weight: number; readonly text: string; readonly term: NodeSelectorTerm }
  | {
      readonly kind: 'pod affinity' | 'pod anti-affinity'
      readonly weight: number
      readonly text: string
      readonly matcher: Matcher
      readonly key: string
    }

/** A ScheduleAnyway constraint. Equal ones have equal ids. */
export type SpreadWish = {
  readonly id: string
  readonly text: string
  readonly matcher: Matcher
  readonly key: string
  readonly maxSkew: number
  readonly scope: WishScope
}

/** Nodes that make up the domains of a constraint, and nodes whose pods count (plugin PodTopologySpread, scoring.go). */
export type WishScope = {
  readonly id: number
  /** The pod could go there: only such nodes make a domain. */
  readonly forms: (node: PlanNode) => boolean
  readonly counts: (node: PlanNode) => boolean
}

/** What a pod prefers. Pods of one template and namespace share one object. */
export type Wishes = { readonly terms: readonly Wish[]; readonly spread: readonly SpreadWish[] }

export type WishBook = {
  /** Undefined for pods that prefer nothing. */
  of(pod: Pod): Wishes | undefined
  /** Ids of the matchers of wishes that select the pod. */
  selecting(pod: Pod): readonly number[]
}

/** Does the template prefer anything at all? Most do not, and cost no more than this question. */
const wishful = (spec: PodSpec): boolean => spec.preferences !== undefined || softSpread(spec).length > 0

/** Reads the wishes of these pods; undefined where nobody wishes for anything. */
export function readWishes(namespaces: readonly NamespaceObject[], pods: readonly Pod[]): WishBook | undefined {
  const specs = new Set<PodSpec>()
  for (const spec of new Set(pods.map((pod) => pod.spec))) if (wishful(spec)) specs.add(spec)
  if (specs.size === 0) return undefined
  const matchers = createMatchers(namespaces, pods)
  const scopes = new Map<string, WishScope>()

  const resolve = (pod: Pod): Wishes => {
    const { nodes = [], near = [], apart = [] } = pod.spec.preferences ?? {}
    const podWishes = (kind: 'pod affinity' | 'pod anti-affinity', terms: typeof near): Wish[] =>
      terms.map(({ weight, term }) => {
        const matcher = matchers.ofTerm(term, pod)
        const key = term.topologyKey
        return { kind, weight, matcher, key, text: `${matcher.text}, by ${key}` }
      })
    return {
      terms: [
        ...nodes.map(({ weight, term }): Wish => ({
          kind: 'node affinity',
          weight,
          term,
          text: [...term.matchExpressions, ...term.matchFields].map(expressionText).join(' and '),
        })),
        ...podWishes('pod affinity', near),
        ...podWishes('pod anti-affinity', apart),
      ].filter(({ weight }) => weight > 0),
      spread: spreadWishes(pod),
    }
  }

  const spreadWishes = (pod: Pod): SpreadWish[] => {
    const soft = softSpread(pod.spec)
    const keys = [...new Set(soft.map(({ topologyKey }) => topologyKey))].sort()
    return soft.flatMap((constraint): SpreadWish[] => {
      const selector = withLabelKeys(constraint.labelSelector, pod.labels, constraint.matchLabelKeys)
      // Nor does a constraint without a selector count any: there is no skew.
      if (selector === undefined || countsNone(selector)) return []
      const matcher = matchers.ofSelector(selector, pod)
      const scope = wishScope(pod.spec, keys, constraint)
      const { topologyKey: key, maxSkew } = constraint
      const text = `${matcher.text}, over ${key}, skew at most ${maxSkew}`
      return [{ id: `${matcher.id} ${maxSkew} ${key} ${scope.id}`, text, matcher, key, maxSkew, scope }]
    })
  }

  const wishScope: (...of: Parameters<typeof scopeText>) => WishScope = (spec, keys, constraint) => {
    const text = scopeText(spec, keys, constraint)
    const scope = scopes.get(text) ?? makeScope(scopes.size, spec, keys, constraint)
    scopes.set(text, scope)
    return scope
  }

  const resolvedFor = perTemplate((spec) => ownLabelKeys(preferredTerms(spec), softSpread(spec)), resolve)
  const wishesOf = (pod: Pod): Wishes | undefined => (specs.has(pod.spec) ? resolvedFor(pod) : undefined)
  // Which matchers select a pod can be asked when all of them are made.
  pods.forEach(wishesOf)
  matchers.seal()
  /** By labels and namespace, which is all that selectors look at: pods that come with new nodes are copies. */
  const selectedBy = new Map<Labels, Map<string, readonly number[]>>()
  const selecting = (pod: Pod): readonly number[] => {
    const inNamespace = selectedBy.get(pod.labels) ?? new Map<string, readonly number[]>()
    selectedBy.set(pod.labels, inNamespace)
    const known = inNamespace.get(pod.namespace) ?? matchers.selecting(pod)
    inNamespace.set(pod.namespace, known)
    return known
  }
  return { of: wishesOf, selecting }
}

/** What decides which nodes count for a constraint; equal texts, equal nodes. */
const scopeText = (spec: PodSpec, keys: readonly string[], constraint: TopologySpreadConstraint): string =>
  JSON.stringify([
    keys,
    Object.entries(spec.nodeSelector).sort(([a], [b]) => (a < b ? -1 : 1)),
    spec.requiredNodeTerms ?? null,
    spec.tolerations,
    constraint.nodeAffinityPolicy === 'Ignore',
    constraint.nodeTaintsPolicy === 'Honor',
  ])

function makeScope(
  id: number,
  { nodeSelector, requiredNodeTerms, tolerations }: PodSpec,
  keys: readonly string[],
  { nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint,
): WishScope {
  const cordonless = toleratesCordon(tolerations)
  const anywhere = requiredNodeTerms === undefined && Object.keys(nodeSelector).length === 0
  const hasKeys = ({ labels }: PlanNode): boolean => keys.every((key) => valueOf(labels, key) !== undefined)
  const matches = (node: PlanNode): boolean => anywhere || matchesNodeRules(nodeSelector, requiredNodeTerms, node)
  const tolerated = ({ taints }: PlanNode): boolean =>
    taints.length === 0 || untoleratedTaints(taints, tolerations).length === 0
  return {
    id,
    forms: (node) => hasKeys(node) && matches(node) && tolerated(node) && (!node.unschedulable || cordonless),
    counts: (node) =>
      hasKeys(node) &&
      (nodeAffinityPolicy === 'Ignore' || matches(node)) &&
      (nodeTaintsPolicy !== 'Honor' || tolerated(node)),
  }
}

const expressionText = ({ key, operator, values }: Expression): string =>
  values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`
