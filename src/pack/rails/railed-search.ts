import { limitFaults, type GroupLimit } from '../../domain/group-limit.js'
import { hasMixRails, type MixRails } from '../../domain/node-mix.js'
import type { Pod } from '../../domain/pod.js'
import type { Solution } from '../assembly.js'
import type { Slot } from '../draft.js'
import type { FleetSearch } from '../replay/fleet-search.js'
import { judgesOf } from '../replay/fleet-trials.js'
import { fleetOf, slotsOf, type Alternatives, type Choice, type Fleet } from '../replay/fleet.js'
import { realise } from '../replay/realise.js'
import { JUDGES, worstOver } from '../replay/repair.js'
import { keepFleetMix } from './keep-fleet-mix.js'
import { asMixed, faultsAmong } from './offers.js'

/** A search that knows the limits of groups where it buys, and no other rail. */
export type PlainSearch = Omit<FleetSearch, 'hasPlaces' | 'ease'>

/** Searches for fleets that keep to rails over all nodes. `settle`: the pods on a fleet, where they all have a place. */
export class RailedSearch {
  readonly #rails: MixRails
  readonly #settle: (fleet: Fleet) => Solution | undefined

  constructor(rails: MixRails, settle: (fleet: Fleet) => Solution | undefined) {
    this.#rails = rails
    this.#settle = settle
  }

  /**
   * Fleets are searched for without a thought of the rails, and nodes swapped for these; where that is not for nothing, a search
   * that minds the rails goes on from there.
   */
  from(search: PlainSearch, starts: readonly Fleet[]): readonly Fleet[] {
    const free = realise(
      { ...search, shop: { ...search.shop, allows: () => true }, hasPlaces: this.#hasPlaces },
      starts,
    )
    if (!hasMixRails(this.#rails)) return free
    const { scheduler, groups } = search
    const isSound = (fleet: Fleet): boolean =>
      worstOver(scheduler, slotsOf(fleet), JUDGES).length === 0 && this.#hasPlaces(fleet)
    const passes = (fleet: Fleet): boolean => {
      const nodes = slotsOf(fleet)
      return worstOver(scheduler, nodes, judgesOf(scheduler.cost(nodes))).length === 0
    }
    const swapped = free.map((fleet) => keepFleetMix(fleet, groups, this.#rails, isSound, this.#placed(fleet)))
    const least = Math.min(...free.map(({ rate }) => rate))
    const sound = swapped.filter(
      (fleet, at) => fleet.rate <= least && this.#keepsRails(fleet) && (fleet === free[at] || passes(fleet)),
    )
    if (sound.length > 0) return sound
    const minding = this.minding(groups)
    const { ease = (fleet) => fleet } = minding
    return realise({ ...search, ...minding }, [...[...swapped, ...starts].map(ease), ...this.#asTheyAre(groups)])
  }

  /** How a search minds the rails, and gets within them as far as exchanges of nodes get there. */
  minding(groups: readonly Alternatives[]): Pick<FleetSearch, 'hasPlaces' | 'ease'> {
    if (!hasMixRails(this.#rails)) return { hasPlaces: this.#hasPlaces }
    return {
      hasPlaces: this.#keepsRails,
      ease: (fleet) => keepFleetMix(fleet, groups, this.#rails, () => true, this.#placed(fleet)),
    }
  }

  readonly #hasPlaces = (fleet: Fleet): boolean => this.#settle(fleet) !== undefined

  /** Has it a place for every pod, within the rails? */
  readonly #keepsRails = (fleet: Fleet): boolean => {
    const placed = placesIn(this.#settle(fleet))
    return (
      placed !== undefined &&
      faultsAmong([...placed.keys()], this.#rails, (slot) => placed.get(slot) ?? []).length === 0
    )
  }

  /** Where its pods would be: needed only where nodes take addresses of subnets that have not enough for any plan. */
  #placed(fleet: Fleet): Map<Slot, readonly Pod[]> | undefined {
    return this.#rails.subnets === undefined ? undefined : placesIn(this.#settle(fleet))
  }

  /** As packed, but for groups that have more today than their limits let them have once a node is bought. */
  #asTheyAre(groups: readonly Alternatives[]): Fleet[] {
    const { groupLimits = new Map<string, GroupLimit>() } = this.#rails
    const isAbove = ({ choices: [today] }: Alternatives): boolean =>
      limitFaults(
        (today?.slots ?? []).map((slot) => ({ ...asMixed(slot), isNew: true })),
        groupLimits,
      ).length > 0
    const above = new Set(groups.filter(isAbove))
    const choice = (one: Alternatives): Choice => (above.has(one) ? one.choices[0] : one.choices[1])!
    return above.size === 0 ? [] : [fleetOf(new Map(groups.map((one) => [one.group, choice(one)])))]
  }
}

const placesIn = (solution: Solution | undefined): Map<Slot, readonly Pod[]> | undefined =>
  solution &&
  new Map([...solution.layouts.values()].flatMap(({ nodes }) => nodes.map(({ slot, pods }) => [slot, pods] as const)))
