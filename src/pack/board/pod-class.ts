import type { Pod } from '../../domain/pod.js'
import type { NamespaceObject } from '../../domain/snapshot.js'
import type { Resources } from '../../domain/resources.js'
import { createInterner } from './interner.js'
import type { Demand, Ledger } from './ledger.js'
import type { StaticFit, StaticRule } from './static-fit.js'
import type { TallyBook } from './tally-book.js'
import { createTerms } from './terms.js'
import { looksAround, type TopologyRules } from './topology-rules.js'
import type { VolumeBook, VolumeUse } from './volume-book.js'

/** What the rules know of a pod, worked out once. */
export type PodRules = {
  /** Equal for pods that are interchangeable for every rule. */
  readonly classKey: number
  readonly held: Demand
  readonly needed: Demand
  readonly placement: StaticRule
  /** Equal for pods of one placement rule. */
  readonly placementKey: number
  readonly topology: TopologyRules
  /** The pod's own volumes; pods of one class may use different ones. */
  readonly volumes: VolumeUse | undefined
}

export type PodClasses = {
  readonly tallies: TallyBook
  rulesOf(pod: Pod): PodRules
  hasTopologyRules(classKey: number): boolean
}

export function createPodClasses(
  namespaces: readonly NamespaceObject[],
  pods: readonly Pod[],
  ledger: Ledger,
  fit: StaticFit,
  volumeBook: VolumeBook,
): PodClasses {
  const terms = createTerms(namespaces, pods, fit)
  const demandIds = createInterner()
  const demands: Demand[] = []
  const demandIdOf = (resources: Resources): number => {
    const { cpu, memory, ephemeralStorage, pods: slots, extended } = resources
    const others = Object.entries(extended)
      .map(([name, amount]) => `${name} ${amount}`)
      .sort()
      .join(' ')
    const id = demandIds.idOf(`${cpu} ${memory} ${ephemeralStorage} ${slots} ${others}`)
    demands[id] ??= ledger.demandOf(resources)
    return id
  }
  const placementIds = createInterner()
  const classKeys = createInterner()
  const looking: boolean[] = []
  /** One object for all pods of a class without volumes. */
  const plainRules: (PodRules | undefined)[] = []

  const classify = (pod: Pod): PodRules => {
    const [held, needed] = [demandIdOf(pod.held), demandIdOf(pod.needed)]
    const placement = fit.placementRule(pod)
    const topology = terms.rulesOf(pod)
    const volumes = volumeBook.useOf(pod)
    const ports =
      pod.hostPorts.length === 0 ? '' : JSON.stringify(pod.hostPorts.map((each) => JSON.stringify(each)).sort())
    const placementKey = placementIds.idOf(placement.key)
    const parts = [held, needed, placementKey, topology.id, volumes?.key ?? '', ports]
    const classKey = classKeys.idOf(parts.join('|'))
    looking[classKey] = looksAround(topology) || volumes?.looksAround === true
    const rules = {
      classKey,
      held: demands[held]!,
      needed: demands[needed]!,
      placement,
      placementKey,
      topology,
      volumes,
    }
    return volumes === undefined ? (plainRules[classKey] ??= rules) : rules
  }

  const rulesByPod = new Map<Pod, PodRules>()
  for (const pod of pods) rulesByPod.set(pod, classify(pod))
  terms.seal()
  fit.seal()
  /** Copies, such as a DaemonSet's pod on each node that a search tries out. */
  const rulesByCopy = new WeakMap<Pod, PodRules>()

  return {
    tallies: terms.tallies,
    rulesOf(pod) {
      const known = rulesByPod.get(pod) ?? rulesByCopy.get(pod)
      if (known !== undefined) return known
      const rules = classify(pod)
      rulesByCopy.set(pod, rules)
      return rules
    },
    hasTopologyRules: (classKey) => looking[classKey] ?? false,
  }
}
