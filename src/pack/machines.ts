import type { CapacityPolicy } from '../domain/goal.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { allowedOptions } from './goal.js'
import { createInterner } from './interner.js'
import { OptionFit } from './option-fit.js'
import type { PackGroup, PackProblem } from './problem.js'
import { cheapestFirst, holds, room } from './shapes.js'

/** What a policy lets one group buy. */
export type Market = {
  /** Cheapest first. */
  readonly options: readonly NodeOption[]
  /** Of these, the ones that could hold the pod with nothing else on them, in the same order. */
  readonly that: (pod: Pod) => readonly NodeOption[]
}

/** Which machines could hold which pods: asked for every pod again and again, worked out once per kind of pod. */
export class Machines {
  readonly #problem: PackProblem
  readonly #classKey: (pod: Pod) => number
  readonly #fit: OptionFit
  readonly #kinds = createInterner()
  readonly #kindOf = new Map<Pod, number>()
  readonly #markets = new Map<string, Market>()

  constructor(problem: PackProblem, classKey: (pod: Pod) => number) {
    this.#problem = problem
    this.#fit = new OptionFit(problem.interests)
    this.#classKey = classKey
  }

  /** `undefined`: whatever the group may ever buy. */
  on(group: PackGroup, policy: CapacityPolicy | undefined): Market {
    const options = policy === undefined ? group.options : allowedOptions(group, policy)
    const isAll = options.length === group.options.length
    // Policies that allow the same share one market.
    const key = `${group.name} ${isAll ? 'all' : options[0]?.capacityType}`
    const market = this.#markets.get(key) ?? (isAll ? this.#market(group) : this.#part(group, options))
    this.#markets.set(key, market)
    return market
  }

  #market(group: PackGroup): Market {
    const options = cheapestFirst(group.options)
    return { options, that: this.#perKind((pod) => this.#holding(options, pod)) }
  }

  #part(group: PackGroup, options: readonly NodeOption[]): Market {
    const all = this.on(group, undefined)
    const allowed = new Set(options)
    const isAllowed = (option: NodeOption): boolean => allowed.has(option)
    return { options: all.options.filter(isAllowed), that: this.#perKind((pod) => all.that(pod).filter(isAllowed)) }
  }

  #perKind(find: (pod: Pod) => readonly NodeOption[]): Market['that'] {
    const found: (readonly NodeOption[] | undefined)[] = []
    return (pod) => (found[this.kindOf(pod)] ??= find(pod))
  }

  #holding(options: readonly NodeOption[], pod: Pod): readonly NodeOption[] {
    const { suits, hopeless } = this.#problem
    if (hopeless?.has(pod) === true) return []
    const refusals = this.#fit.of(pod)
    return options.filter(
      (option) => holds(room(option), pod.needed) && suits(pod, option) && refusals(option).length === 0,
    )
  }

  /** Pods of one kind are interchangeable for the scheduler, of one workload, and equally fit for spot. */
  kindOf(pod: Pod): number {
    const known = this.#kindOf.get(pod)
    if (known !== undefined) return known
    const spot = this.#problem.suits(pod, { capacityType: 'spot', architecture: undefined })
    const kind = this.#kinds.idOf(`${this.#classKey(pod)}/${pod.workload}/${spot}`)
    this.#kindOf.set(pod, kind)
    return kind
  }
}
