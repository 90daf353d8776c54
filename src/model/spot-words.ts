import type { Cluster } from '../domain/cluster.js'
import { matchesAny } from '../domain/glob.js'
import type { Pod, Workload } from '../domain/pod.js'
import type { SpotFitness } from '../domain/recommendation.js'
import type { Finding } from '../domain/snapshot.js'

/**
 * What the user says of workloads and spot: patterns `namespace/name` or `namespace/kind/name`, in which `*` stands for any
 * text and `?` for one character within their part; upper and lower case are the same.
 */
export type SpotWords = { readonly eligible: readonly string[]; readonly ineligible: readonly string[] }

const NONE: SpotWords = { eligible: [], ineligible: [] }

type Named = Pick<Workload, 'namespace' | 'kind' | 'name'>

function fits(pattern: string, { namespace, kind, name }: Named): boolean {
  const parts = pattern.toLowerCase().split('/')
  const names = parts.length === 2 ? [namespace, name] : [namespace, kind, name]
  return names.length === parts.length && names.every((one, at) => matchesAny([parts[at] ?? ''], one.toLowerCase()))
}

/** The user's word on a workload; what is ineligible stays so, whatever else says that it is eligible. */
export function configuredFitness(
  workload: Named,
  { eligible, ineligible }: SpotWords = NONE,
): SpotFitness | undefined {
  if (ineligible.some((pattern) => fits(pattern, workload)))
    return { eligible: false, reason: 'set by --spot-ineligible', refused: true }
  return eligible.some((pattern) => fits(pattern, workload))
    ? { eligible: true, reason: 'set by --spot-eligible' }
    : undefined
}

/** Patterns that match no workload, which are misspelt or out of date. */
export function strayPatterns(workloads: readonly Named[], words: SpotWords = NONE): Finding[] {
  const stray = (flag: string, patterns: readonly string[]): Finding[] =>
    [...new Set(patterns)]
      .filter((pattern) => !workloads.some((workload) => fits(pattern, workload)))
      .map((pattern) => ({
        code: 'spot-pattern-unmatched',
        subject: pattern,
        detail: `${flag} ${pattern} matches no workload of the cluster`,
      }))
  return [...stray('--spot-eligible', words.eligible), ...stray('--spot-ineligible', words.ineligible)]
}

/** Pods on spot nodes whose owners say that they must not be there: no plan puts them on another one. */
export function refusedOnSpot(
  { nodes, workloads }: Pick<Cluster, 'nodes' | 'workloads'>,
  fitnessOf: ReadonlyMap<string, SpotFitness>,
): Finding[] {
  const spot = new Set(nodes.flatMap(({ name, capacityType }) => (capacityType === 'spot' ? [name] : [])))
  const isThere = ({ nodeName, role }: Pod): boolean => role === 'ordinary' && spot.has(nodeName)
  return workloads.flatMap(({ key, pods }): Finding[] => {
    const fitness = fitnessOf.get(key)
    const there = pods.filter(isThere).length
    if (fitness?.refused !== true || there === 0) return []
    const runs = there === 1 ? '1 pod runs' : `${there} pods run`
    const detail = `${runs} on spot nodes today, though its owner says that it must not (${fitness.reason}): plans move such pods to on-demand nodes where they move them, and nothing keeps the scheduler from spot without a node rule`
    return [{ code: 'refused-on-spot', subject: key, detail }]
  })
}
