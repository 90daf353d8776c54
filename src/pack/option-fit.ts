import type { NodeOption, Refusal } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Labels, Taint } from '../domain/snapshot.js'
import { seenLabels, type Interests } from './interests.js'
import { createInterner } from './board/interner.js'
import { staticRefusals } from './board/static-fit.js'

/** What rules see of the name that a node is yet to get. */
const HOST = { 'kubernetes.io/hostname': 'a name of its own' }

/** Every rule by which a machine itself does not take the pod, whatever else runs there. */
export const refusalsOf = (
  pod: Pod,
  { labels, taints }: { readonly labels: Labels; readonly taints: readonly Taint[] },
): readonly Refusal[] =>
  staticRefusals(pod, {
    name: '',
    labels: { ...HOST, ...labels },
    taints,
    unschedulable: false,
    allocatable: pod.needed,
    attachLimits: {},
  })

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
    const { group, zone, capacityType, labels } = option
    const look = option.look ?? seenLabels(labels, this.#interests)
    const kind = this.#kinds.idOf([group, zone, capacityType, look].join('\n'))
    this.#kindOf.set(option, kind)
    return kind
  }
}
