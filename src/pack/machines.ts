import type { CapacityPolicy } from '../domain/goal.js'
import { byAddresses } from '../domain/node-mix.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { allowedOptions } from './goal.js'
import { createInterner } from './board/interner.js'
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
    const { subnets } = this.#problem.limits
    const byRoom = byAddresses(subnets)
    const options = cheapestFirst(group.options, { among: subnets && ((a, b) => byRoom(a.zone, b.zone)) })
    return { options, that: this.#perKind(options, (pod) => this.#holding(options, pod)) }
  }

  #part(group: PackGroup, options: readonly NodeOption[]): Market {
    const all = this.on(group, undefined)
    const allowed = new Set(options)
    const isAllowed = (option: NodeOption): boolean => allowed.has(option)
    const some = all.options.filter(isAllowed)
    return { options: some, that: this.#perKind(some, (pod) => all.that(pod).filter(isAllowed)) }
  }

  #perKind(options: readonly NodeOption[], find: (pod: Pod) => readonly NodeOption[]): Market['that'] {
    const found: (readonly NodeOption[] | undefined)[] = []
    const shared = sharing(options)
    return (pod) => (found[this.kindOf(pod)] ??= shared(find(pod)))
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

const BITS = 16

/** Makes equal parts of a list one object: thousands of kinds of pods can run on the same few sets of machines. */
function sharing(all: readonly NodeOption[]): (part: readonly NodeOption[]) => readonly NodeOption[] {
  const places = new Map(all.map((option, at) => [option, at]))
  const known = new Map<string, readonly NodeOption[]>()
  return (part) => {
    const bits = new Uint16Array(Math.ceil(all.length / BITS))
    for (const option of part) {
      const at = places.get(option)!
      bits[Math.floor(at / BITS)]! |= 1 << (at % BITS)
    }
    const key = String.fromCharCode(...bits)
    const same = known.get(key) ?? part
    known.set(key, same)
    return same
  }
}
