import type { Pod } from '../../domain/pod.js'
import type { Draft, Slot } from '../draft.js'
import { clear, lay, type Layout } from '../layout.js'
import { placementOf, type Fleet, type Placement } from './fleet.js'
import { houseAll, nodesOfFleet, settle, type Group } from './settle.js'

/**
 * Finds places for all pods on fleets that are asked for one after the other. Most fleets differ from the last one in a few
 * nodes: where the pods find no place anew, they keep those that they had on the last fleet that had places, in the placement
 * to start from, or in the plan that the fleet comes from, and only the pods of the nodes that are gone go elsewhere.
 */
export class Places {
  readonly #draft: Draft
  readonly #groups: readonly Group[]
  /** Does a pod break a rule that it does not break today? */
  readonly #isBroken: () => boolean
  readonly #placements = new WeakMap<Fleet, Placement>()
  #first: Placement = new Map()
  #last: Placement = new Map()

  constructor(draft: Draft, groups: readonly Group[], isBroken: () => boolean) {
    this.#draft = draft
    this.#groups = groups
    this.#isBroken = isBroken
  }

  /** A placement to start from. */
  begin(layouts: Iterable<Layout>): void {
    this.#first = placementOf(layouts)
    this.#last = this.#first
  }

  /**
   * Puts every group's pods on its nodes of the fleet and gives these nodes, or undefined where a pod has no place. The
   * caller rolls back. A fleet that has been asked for gets the same places again.
   */
  settle(fleet: Fleet): ReadonlyMap<string, readonly Slot[]> | undefined {
    const nodesOf = nodesOfFleet(this.#groups, fleet)
    const known = this.#placements.get(fleet)
    const starts = new Set([this.#last, this.#first, ...(fleet.places === undefined ? [] : [fleet.places])])
    const attempts =
      known === undefined
        ? [
            () => settle(this.#draft, this.#groups, nodesOf),
            ...[...starts].map((start) => () => this.#keep(nodesOf, start)),
          ]
        : [() => this.#keep(nodesOf, known)]
    const mark = this.#draft.mark()
    const isSettled = attempts.some((attempt) => {
      if (attempt() && !this.#isBroken()) return true
      this.#draft.rollback(mark)
      return false
    })
    if (!isSettled) return undefined
    if (known === undefined) {
      const slots = [...nodesOf.values()].flat()
      this.#last = new Map(slots.flatMap((slot) => [...slot.pods].map((pod) => [pod, slot] as const)))
      this.#placements.set(fleet, this.#last)
    }
    return nodesOf
  }

  #keep(nodesOf: ReadonlyMap<string, readonly Slot[]>, placement: Placement): boolean {
    const draft = this.#draft
    const work = this.#groups.map(({ group, slots }) => {
      const pods = slots.flatMap((slot) => [...slot.pods])
      return { pods, slots, nodes: nodesOf.get(group.name) ?? [] }
    })
    for (const { slots } of work) clear(draft, slots)
    const homeless = work.map(({ pods, nodes }) => {
      const podsOn = new Map(nodes.map((slot) => [slot, [] as Pod[]]))
      const lost: Pod[] = []
      for (const pod of pods) (podsOn.get(placement.get(pod)!) ?? lost).push(pod)
      const refused = lay(draft, { nodes: [...podsOn].map(([slot, on]) => ({ slot, pods: on })) }, true)
      return { nodes, pods: [...lost, ...refused] }
    })
    return houseAll(draft, homeless)
  }
}
