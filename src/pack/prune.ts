import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Labels, PodSpec } from '../domain/snapshot.js'
import { byText } from './order.js'
import { holds, room } from './shapes.js'

/** Label keys that the rules of any of these pods look at, sorted: by all others, machines may differ as they like. */
export function labelsLookedAt(pods: Iterable<Pod>): string[] {
  const keys = new Set<string>()
  const seen = new Set<PodSpec>()
  for (const { spec, volumes } of pods) {
    const terms = [...volumes.nodeTerms.flat(), ...(seen.has(spec) ? [] : (spec.requiredNodeTerms ?? []))]
    for (const { matchExpressions } of terms) for (const { key } of matchExpressions) keys.add(key)
    if (seen.has(spec)) continue
    seen.add(spec)
    for (const key of Object.keys(spec.nodeSelector)) keys.add(key)
    for (const { topologyKey } of [...spec.podAffinity, ...spec.podAntiAffinity, ...spec.topologySpread])
      keys.add(topologyKey)
  }
  return [...keys].sort()
}

/**
 * Leaves out machines that another one beats: same zone, capacity type and architecture, the same labels as far as any
 * rule looks at them, room for at least as much of everything, and no higher price. Neither the best plan nor the lower
 * bound changes. Types in use stay, so that today's nodes can be recognised among the options.
 */
export function withoutDominated(
  options: readonly NodeOption[],
  lookedAt: readonly string[],
  inUse: ReadonlySet<string>,
): NodeOption[] {
  const kept = new Map<string, NodeOption[]>()
  const ordered = [...options].sort((a, b) => a.price.rate - b.price.rate || byText(a.id, b.id))
  const result = ordered.filter((option) => {
    const kind = [option.zone, option.capacityType, option.architecture, seenLabels(option.labels, lookedAt)].join('\n')
    const rivals = kept.get(kind) ?? []
    kept.set(kind, rivals)
    const beaten = rivals.some((rival) => beats(rival, option))
    if (!beaten) rivals.push(option)
    return !beaten || inUse.has(option.instanceType)
  })
  return result.sort((a, b) => byText(a.id, b.id))
}

/** The labels as far as any rule looks at them: equal texts are equal to the scheduler. */
export const seenLabels = (labels: Labels, keys: readonly string[]): string =>
  JSON.stringify(keys.map((key) => labels[key] ?? null))

/** Both cost what they cost: the rival comes first in the order of prices. */
const beats = (rival: NodeOption, option: NodeOption): boolean =>
  holds(room(rival), room(option)) &&
  Object.entries(rival.attachLimits).every(([driver, count]) => count >= (option.attachLimits[driver] ?? Infinity))
