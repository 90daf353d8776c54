import type { NodeOption, Refusal } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { NO_RESOURCES } from '../domain/resources.js'
import type { Labels, Taint } from '../domain/snapshot.js'
import { seenLabels, type Interests } from './interests.js'
import { createInterner } from './board/interner.js'
import type { Site } from './board/site.js'
import { staticRefusals } from './board/static-fit.js'

/** What rules see of the name that a node is yet to get. */
const HOST = { 'kubernetes.io/hostname': 'a name of its own' }

type Labelled = { readonly labels: Labels; readonly taints: readonly Taint[] }

/** Hundreds of pods ask about the same few machines. */
const sites = new WeakMap<Labelled, Site>()

/** No rule of those that are asked here looks at what there is room for. */
function siteOf(machine: Labelled): Site {
  const known = sites.get(machine)
  if (known !== undefined) return known
  const { labels, taints } = machine
  const site: Site = {
    ...{ name: '', labels: { ...HOST, ...labels }, taints, unschedulable: false },
    ...{ allocatable: NO_RESOURCES, attachLimits: {} },
  }
  sites.set(machine, site)
  return site
}

/** Every rule by which a machine itself does not take the pod, whatever else runs there. */
export const refusalsOf = (pod: Pod, machine: Labelled): readonly Refusal[] => staticRefusals(pod, siteOf(machine))

/** The same for hundreds of machines that differ in little that rules look at: asked once for each kind of machine. */
export class OptionFit {
  readonly #interests: Interests
  readonly #kinds = createInterner()
  readonly #kindOf = new Map<NodeOption, number>()

  /** `interests`: of all pods that will be asked about. */
  constructor(interests: Interests) {
    this.#interests = interests
  }

  of(pod: Pod): (option: NodeOption) => readonly Refusal[] {
    const known: (readonly Refusal[] | undefined)[] = []
    return (option) => (known[this.#kind(option)] ??= refusalsOf(pod, option))
  }

  /** Machines of a group share their taints; volumes look at the zone, by labels of their own. */
  #kind(option: NodeOption): number {
    const known = this.#kindOf.get(option)
    if (known !== undefined) return known
    const { group, zone, capacityType } = option
    // The labels of a machine are put together where they are first read: mostly nowhere.
    const look = option.look ?? seenLabels(option.labels, this.#interests)
    const kind = this.#kinds.idOf([group, zone, capacityType, look].join('\n'))
    this.#kindOf.set(option, kind)
    return kind
  }
}
