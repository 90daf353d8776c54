import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { byRate, fleetOf, slotsOf, withChoice, type Alternatives, type Fleet } from './fleet.js'
import type { FleetTrials } from './fleet-trials.js'
import type { Failure } from './purchases.js'
import type { Shop } from './shop.js'

const MOST_CLIMBS = 40
const MOST_GROUPS = 3
const MOST_CHOICES = 8

/** Makes fleets roomier until the default scheduler fills them. */
export class Climb {
  readonly #trials: FleetTrials
  readonly #groups: readonly Alternatives[]
  readonly #shop: Shop
  readonly #groupOf: (pod: Pod) => string | undefined

  constructor(trials: FleetTrials, groups: readonly Alternatives[], shop: Shop) {
    this.#trials = trials
    this.#groups = groups
    this.#shop = shop
    const groupOfNode = new Map(
      groups.flatMap(({ group, choices }) => (choices[0]?.slots ?? []).map(({ site }) => [site.name, group] as const)),
    )
    this.#groupOf = (pod) => groupOfNode.get(pod.nodeName)
  }

  /** Gives the groups of the pods left over roomier nodes, or more of them, until every order works out. */
  from(start: Fleet): Fleet | undefined {
    let fleet = start
    for (let step = 0; step < MOST_CLIMBS; step += 1) {
      const failed = this.#firstFailure(fleet)
      if (failed === undefined) {
        if (this.#trials.isSpent()) return undefined
        // Without places for all pods it is still a start for the search, and no answer.
        return this.#trials.hasPlaces(fleet) ? this.#trials.keep(fleet) : fleet
      }
      const better = this.#roomier(fleet, failed)
      if (better === undefined) return undefined
      fleet = better
    }
    return undefined
  }

  #firstFailure(fleet: Fleet): Failure | undefined {
    for (const seed of this.#trials.seeds) {
      const left = this.#trials.left(fleet, seed)
      if (left.length > 0) return { seed, left }
    }
    return undefined
  }

  /**
   * The change that leaves fewer pods over in the order that failed, at the least cost for each of them. Where more room for
   * these pods does not help, others crowd them out: those get more.
   */
  #roomier(fleet: Fleet, failure: Failure): Fleet | undefined {
    const groups = new Set(failure.left.flatMap((pod) => this.#groupOf(pod) ?? []))
    const own = [...groups].slice(0, MOST_GROUPS)
    const others = byRate(this.#groups, fleet)
      .map(({ group }) => group)
      .filter((group) => !groups.has(group))
    return (
      this.#best(fleet, failure, [...this.#otherChoices(fleet, own), ...this.#oneMore(fleet, failure.left)]) ??
      this.#best(fleet, failure, this.#otherChoices(fleet, others.slice(0, MOST_GROUPS)))
    )
  }

  #best(fleet: Fleet, { seed, left }: Failure, changes: readonly Fleet[]): Fleet | undefined {
    let best: { readonly fleet: Fleet; readonly score: number } | undefined
    for (const change of changes) {
      if (this.#trials.isSpent()) break
      const saved = left.length - this.#trials.left(change, seed, left.length).length
      const score = (change.rate - fleet.rate) / saved
      if (saved > 0 && (best === undefined || score < best.score)) best = { fleet: change, score }
    }
    return best?.fleet
  }

  /** Dearer nodes for one of these groups: a few, from the next best to the dearest. */
  #otherChoices(fleet: Fleet, groups: readonly string[]): Fleet[] {
    return groups.flatMap((name) => {
      const now = fleet.chosen.get(name)?.rate ?? Infinity
      const dearer = (this.#groups.find(({ group }) => group === name)?.choices ?? [])
        .filter(({ rate }) => rate > now)
        .sort((a, b) => a.rate - b.rate)
      return dearer
        .filter(({ rate }, rank) => rate > (dearer[rank - 1]?.rate ?? now))
        .slice(0, MOST_CHOICES)
        .map((choice) => fleetOf(withChoice(fleet.chosen, name, choice), fleet.added))
    })
  }

  /** One more node, of every size that holds a pod left over. */
  #oneMore(fleet: Fleet, left: readonly Pod[]): Fleet[] {
    const sizes = new Set(left.slice(0, MOST_GROUPS).flatMap((pod) => sizesOf(this.#shop.machinesFor(pod))))
    const grown = [...sizes].map((option) => fleetOf(fleet.chosen, [...fleet.added, this.#shop.nextSlot(option)]))
    return grown.filter((one) => this.#shop.allows(slotsOf(one)))
  }
}

/** The cheapest machine of each size. */
function sizesOf(machines: readonly NodeOption[]): NodeOption[] {
  const sizes = new Map<number, NodeOption>()
  for (const option of machines) {
    const known = sizes.get(option.capacity.cpu)
    if (known === undefined || option.price.rate < known.price.rate) sizes.set(option.capacity.cpu, option)
  }
  return [...sizes.values()]
}
