import type { Pod } from '../../domain/pod.js'
import { valueOf } from '../../domain/requirement.js'
import type { PodSpec } from '../../domain/snapshot.js'

/**
 * Works an answer out once for all pods of a template: they differ in nothing but their namespace and those of their own
 * labels that narrow their selectors (`labelKeysOf`: matchLabelKeys and mismatchLabelKeys).
 */
export function perTemplate<Answer>(
  labelKeysOf: (spec: PodSpec) => readonly string[],
  answerFor: (pod: Pod) => Answer,
): (pod: Pod) => Answer {
  const bySpec = new Map<PodSpec, Map<string, Answer>>()
  return (pod) => {
    const variants = bySpec.get(pod.spec) ?? new Map<string, Answer>()
    bySpec.set(pod.spec, variants)
    const own = labelKeysOf(pod.spec).map((key) => valueOf(pod.labels, key) ?? null)
    const variant = JSON.stringify([pod.namespace, ...own])
    if (!variants.has(variant)) variants.set(variant, answerFor(pod))
    return variants.get(variant)!
  }
}
