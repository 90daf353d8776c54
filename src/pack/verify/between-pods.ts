import { createAffinityCheck } from './affinity.js'
import { createCounter } from './counts.js'
import { sortIntoKinds } from './kinds.js'
import { createSpreadCheck } from './spread.js'
import { createTermReader } from './terms.js'
import type { Fault, World } from './world.js'

/**
 * Plugins InterPodAffinity and PodTopologySpread. Each judged pod is asked whether, with everything else in its place,
 * the scheduler would put it where it is. Pods are counted by kind and topology value, never compared pair by pair.
 */
export function topologyFaults(world: World): Fault[] {
  const faults: Fault[] = []
  const kinds = sortIntoKinds(world)
  const counter = createCounter(world.hosts)
  const termsOf = createTermReader(world, kinds)
  const checkAffinity = createAffinityCheck(world, counter, termsOf)
  const checkSpread = createSpreadCheck(world, counter)
  for (const [host, { name: node, tenants }] of world.hosts.entries())
    for (const tenant of tenants) {
      if (!world.isJudged(tenant)) continue
      const terms = termsOf(tenant.pod)
      const report = (rule: Fault['rule'], about: string, detail: string): void => {
        faults.push({ pod: tenant.pod.id, node, rule, about, detail })
      }
      for (const { rule, detail } of terms?.flaws ?? []) report(rule, detail, detail)
      const one = { tenant, host, kind: kinds.of(tenant.pod), terms, report }
      checkAffinity(one)
      checkSpread(one)
    }
  return faults
}
