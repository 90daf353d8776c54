import type { FilterName, Refusal } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import {
  matchesNodeRules,
  matchesNodeTerms,
  nodeTermFlaws,
  toleratesCordon,
  unmetNodeSelector,
  unmetVolumeZones,
  untoleratedTaints,
  valueOf,
} from '../../domain/requirement.js'
import type { Expression, Labels, NodeSelectorTerm, PodSpec } from '../../domain/snapshot.js'
import { createSiteShapes } from './site-shape.js'
import type { Site } from './site.js'

/** A question about a site whose answer never changes; asked once per shape of site. */
export type StaticRule = { readonly key: string; allows(shape: number): boolean }

/** Rules are made first, then sealed: they say what of a site matters. */
export type StaticFit = {
  /** Everything in a pod that looks at the site alone. */
  placementRule(pod: Pod): StaticRule
  /** nodeSelector and required node affinity only: topology spread may honour these, and not the rest. */
  affinityRule(spec: PodSpec): StaticRule
  tolerationRule(spec: PodSpec): StaticRule
  /** From here on, a rule that looks at something new throws. */
  seal(): void
  shapeOf(site: Site): number
}

export function createStaticFit(): StaticFit {
  const shapes = createSiteShapes()
  const rules = new Map<string, StaticRule>()

  const rule = (key: string, test: (site: Site) => boolean): StaticRule => {
    const known = rules.get(key)
    if (known !== undefined) return known
    const verdicts: (boolean | undefined)[] = []
    const made: StaticRule = {
      key,
      allows(shape) {
        const verdict = verdicts[shape]
        if (verdict !== undefined) return verdict
        while (verdicts.length < shape) verdicts.push(undefined)
        return (verdicts[shape] = test(shapes.exampleOf(shape)))
      },
    }
    rules.set(key, made)
    return made
  }

  const affinityRule = oncePerSpec((spec): StaticRule => {
    const { nodeSelector, requiredNodeTerms } = spec
    for (const [key, value] of Object.entries(nodeSelector)) shapes.lookAt(key, [value])
    requiredNodeTerms?.forEach(shapes.lookAtTerm)
    return rule(`affinity ${JSON.stringify([sortedPairs(nodeSelector), requiredNodeTerms])}`, (site) =>
      matchesNodeRules(nodeSelector, requiredNodeTerms, site),
    )
  })
  const tolerationRule = oncePerSpec(({ tolerations }): StaticRule =>
    rule(
      `tolerations ${JSON.stringify(tolerations)}`,
      (site) => untoleratedTaints(site.taints, tolerations).length === 0,
    ),
  )
  /** Most pods have no volume that binds them to nodes. */
  const specKeyOf = oncePerSpec((spec) => `placement ${affinityRule(spec).key} ${tolerationRule(spec).key}`)

  return {
    affinityRule,
    tolerationRule,
    placementRule(pod) {
      const { nodeTerms, zoneLabels, problems } = pod.volumes
      nodeTerms.forEach((terms) => terms.forEach(shapes.lookAtTerm))
      shapes.lookAtVolumeZones(zoneLabels)
      const unbound = nodeTerms.length + zoneLabels.length + problems.length === 0
      const volumeKey = unbound ? '' : JSON.stringify([nodeTerms, zoneLabels, problems])
      return rule(specKeyOf(pod.spec) + volumeKey, (site) => staticRefusals(pod, site).length === 0)
    },
    seal: shapes.seal,
    shapeOf: shapes.shapeOf,
  }
}

/** Thousands of pods share a spec. */
function oncePerSpec<Answer extends StaticRule | string>(ask: (spec: PodSpec) => Answer): (spec: PodSpec) => Answer {
  const known = new Map<PodSpec, Answer>()
  return (spec) => {
    const answer = known.get(spec) ?? ask(spec)
    known.set(spec, answer)
    return answer
  }
}

const sortedPairs = (labels: Labels): string[] =>
  Object.entries(labels)
    .map(([key, value]) => JSON.stringify([key, value]))
    .sort()

const quote = ({ key, operator, values }: Expression): string =>
  values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`

const quoteTerm = ({ matchExpressions, matchFields }: NodeSelectorTerm): string =>
  [...matchExpressions, ...matchFields].map(quote).join(' and ') || 'a term without expressions'

const quoteTerms = (terms: readonly NodeSelectorTerm[]): string => terms.map(quoteTerm).join('; or ') || 'an empty list'

/** Every rule by which the site itself, whatever else runs on it, does not take the pod. */
export function staticRefusals(pod: Pod, site: Site): Refusal[] {
  const { nodeSelector, requiredNodeTerms, tolerations } = pod.spec
  const refusals: Refusal[] = []
  const refuse = (filter: FilterName, detail: string): void => {
    refusals.push({ kind: 'rule', filter, detail })
  }
  if (site.unschedulable && !toleratesCordon(tolerations)) refuse('NodeUnschedulable', 'the node is cordoned')
  for (const { key, value, effect } of untoleratedTaints(site.taints, tolerations)) {
    refuse('TaintToleration', `taint ${key}${value === '' ? '' : `=${value}`}:${effect} is not tolerated`)
  }
  for (const key of unmetNodeSelector(nodeSelector, site.labels)) {
    refuse('NodeAffinity', `node selector wants ${key}=${nodeSelector[key]}, the node has ${valueText(site, key)}`)
  }
  if (requiredNodeTerms !== undefined && !matchesNodeTerms(requiredNodeTerms, site)) {
    const flaws = nodeTermFlaws(requiredNodeTerms)
    const unread = flaws.length === 0 ? '' : ` (cannot be read: ${flaws.join('; ')})`
    refuse('NodeAffinity', `required node affinity is not met: ${quoteTerms(requiredNodeTerms)}${unread}`)
  }
  for (const terms of pod.volumes.nodeTerms) {
    if (!matchesNodeTerms(terms, site)) refuse('VolumeBinding', `a volume is bound elsewhere: ${quoteTerms(terms)}`)
  }
  for (const { key, values } of unmetVolumeZones(pod.volumes.zoneLabels, site.labels)) {
    refuse('VolumeZone', `a volume is in ${key}=${values.join(' or ')}, the node has ${valueText(site, key)}`)
  }
  for (const problem of pod.volumes.problems) refuse('VolumeBinding', problem)
  return refusals
}

const valueText = (site: Site, key: string): string => {
  const value = valueOf(site.labels, key)
  return value === undefined ? 'no such label' : value === '' ? 'an empty value' : value
}
