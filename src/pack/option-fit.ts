import type { Refusal } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Labels, Taint } from '../domain/snapshot.js'
import { labelsLookedAt } from './prune.js'
import { staticRefusals } from './static-fit.js'

/** A machine as far as it decides who may run there; those of one group share their taints. */
export type Candidate = {
  readonly group: string
  readonly zone: string
  readonly labels: Labels
  readonly taints: readonly Taint[]
}

/**
 * Every rule by which a machine itself does not take the pod, whatever else runs there. Thousands of machines differ in
 * labels that the pod does not look at: it is asked once for each set of those that it does.
 */
export function optionFit(pod: Pod): (machine: Candidate) => readonly Refusal[] {
  const keys = labelsLookedAt([pod])
  const known = new Map<string, readonly Refusal[]>()
  return ({ group, zone, labels, taints }) => {
    // Volumes look at the zone, by labels of their own.
    const kind = [group, zone, ...keys.map((key) => labels[key] ?? '\0')].join('\n')
    const refusals =
      known.get(kind) ??
      staticRefusals(pod, { name: '', labels, taints, unschedulable: false, allocatable: pod.needed, attachLimits: {} })
    known.set(kind, refusals)
    return refusals
  }
}
