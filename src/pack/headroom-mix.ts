import type { CapacityPolicy, Goal } from '../domain/goal.js'
import { carries, type Headroom, type Room } from '../domain/headroom.js'
import { sum, type Resources } from '../domain/resources.js'
import type { Assembler, Solution } from './assembly.js'
import { leastHeld } from './bins/demand.js'
import type { Surcharge } from './bins/bin-question.js'
import type { Slot } from './draft.js'
import { allowedOptions, byPreference, unwanted } from './goal.js'
import { fewestBreaches, pickedFirst, type Layout } from './layout.js'
import { mayGo, type GroupState } from './layouts.js'
import { asMixed } from './rails/offers.js'
import { isSpot } from './spot/spot-share.js'
import { tradeOffs } from './trade-offs.js'

/** Prices on what nodes carry at which all groups are packed, as parts of the highest that makes sense. */
const PRICES: readonly number[] = [1, 0.85, 0.5]
const ALL_SPOT: CapacityPolicy = { kind: 'spot', share: 1 }
/** Parts of what nodes should carry that a mix carries at least. */
const ENOUGH: readonly number[] = [1, 0.97, 0.9]
const RESOURCES = ['cpu', 'memory'] as const

/** Layouts of each group at one price, in micro-dollars per millicore or byte, and what any plan with the headroom costs at least. */
type Ask = {
  readonly resource: keyof Room
  readonly layouts: readonly (readonly Layout[])[]
  readonly bound: number
}

/**
 * Plans in which a share of the CPU and the memory of all packed nodes together stays free. That rule, Σ over nodes of what each
 * carries (its allocatable × (1 − share), less what comes with it) ≥ what all pods ask for, is about all groups together. With a
 * price μ on it (Lagrange multiplier; Everett, Operations Research 11, 1963) a node costs μ × what it carries less, every group
 * is packed by itself, and at no μ ≥ 0 can the packings' bounds and μ × what pods ask for, added up, be more than a plan with
 * the headroom costs. No μ is worth more than an empty node of the kind that carries the most for its price.
 */
export class HeadroomMixes {
  readonly #assembler: Assembler
  readonly #headroom: Headroom
  readonly #asks = new Map<string, readonly Ask[]>()

  constructor(assembler: Assembler, headroom: Headroom) {
    this.#assembler = assembler
    this.#headroom = headroom
  }

  /**
   * The cheapest mixes of what is packed at any price, and at none, that carry what they should or nearly so; nodes are exchanged
   * where the headroom is still short.
   */
  solutions(goal: Goal & { readonly kind: 'cheapest' }): Solution[] {
    const { groups, search } = this.#assembler
    // Less on spot than all that is fit for it is a matter of the mixes by share.
    if (goal.policy.kind === 'spot' && goal.policy.share < 1) return []
    const asks = this.#of(goal.policy)
    const layouts = groups.map((state, at) => {
      const all = fewestBreaches([...search.of(state, goal), ...asks.flatMap((ask) => ask.layouts[at]!)])
      const least = Math.min(...all.map((layout) => unwanted(layout, goal)))
      return all.filter((layout) => unwanted(layout, goal) === least)
    })
    const short = new Set(asks.map(({ resource }) => resource))
    const mixes = [...short].flatMap((resource) => this.#mixes(layouts, resource))
    return mixes.map(({ picks, carriesMore }) => {
      const picked = new Map(
        groups.map((state, at) => [state, pickedFirst(layouts[at]!, picks[at]!, carriesMore)] as const),
      )
      return this.#assembler.assemble((state) => picked.get(state)!, goal)
    })
  }

  #mixes(layouts: readonly (readonly Layout[])[], resource: keyof Room) {
    const front = tradeOffs(
      layouts.map((list) => list.map((layout) => ({ cost: layout.rate, weight: -this.#carried(layout, resource) }))),
    )
    const carriesMore = (one: Layout, other: Layout): boolean =>
      this.#carried(one, resource) >= this.#carried(other, resource)
    const found = ENOUGH.flatMap(
      (part) => front.find(({ weight }) => -weight >= part * this.#headroom.demand[resource]) ?? [],
    )
    return [...new Set(found)].map(({ picks }) => ({ picks, carriesMore }))
  }

  /** No plan for the policy that leaves as much free costs less, in micro-dollars per hour; 0 where nothing is known. */
  leastCost(policy: CapacityPolicy): number {
    return this.#of(policy).reduce((most, { bound }) => Math.max(most, bound), 0)
  }

  #of(policy: CapacityPolicy): readonly Ask[] {
    const known = this.#asks.get(policy.kind) ?? this.#ask(policy.kind === 'spot' ? ALL_SPOT : policy)
    this.#asks.set(policy.kind, known)
    return known
  }

  #ask(policy: CapacityPolicy): Ask[] {
    const { groups, search } = this.#assembler
    const goal: Goal = { kind: 'cheapest', policy }
    const plain = groups.map((state) => byPreference(search.of(state, goal), goal).slice(0, 1))
    const asks: Ask[] = []
    for (const resource of RESOURCES) {
      const has = plain.flat().reduce((total, layout) => total + this.#carried(layout, resource), 0)
      if (has >= this.#headroom.demand[resource]) continue
      const most = this.#mostPrice(groups, policy, resource)
      for (const part of Number.isFinite(most) ? PRICES : []) {
        const ask = this.#askAt(policy, resource, part * most)
        if (ask === undefined) return []
        asks.push(ask)
      }
    }
    return asks
  }

  /** Undefined where the cluster is too large to be packed. */
  #askAt(policy: CapacityPolicy, resource: keyof Room, price: number): Ask | undefined {
    const { groups, search } = this.#assembler
    const layouts: (readonly Layout[])[] = []
    let bound = price * leastDemand(groups)[resource]
    for (const state of groups) {
      const surcharge: Surcharge = (machine) => -price * (machine.carries?.[resource] ?? 0)
      const priced = search.priced(state, policy, surcharge)
      if (priced === undefined) return undefined
      // The bound holds for plans that keep spot nodes for want of better; they are not what is looked for.
      const isStrict = policy.kind === 'on-demand' && state.slots.some(isSpot)
      const strict = isStrict ? (search.priced(state, policy, surcharge, true)?.layouts ?? []) : []
      layouts.push([...strict, ...priced.layouts])
      const staying = state.slots.filter((slot) => !mayGo(slot)).map((slot) => this.#carriedBy(slot)[resource])
      bound += priced.packed.paid + priced.packed.plan.lowerBound - price * staying.reduce((a, b) => a + b, 0)
    }
    return { resource, layouts, bound }
  }

  #carried({ nodes }: Layout, resource: keyof Room): number {
    return nodes.reduce((total, { slot }) => total + this.#carriedBy(slot)[resource], 0)
  }

  #carriedBy(slot: Slot): Room {
    return asMixed(slot, { wholeHeadroom: this.#headroom }).carries!
  }

  /** The price at which the first machine would be bought for nothing. */
  #mostPrice(groups: readonly GroupState[], policy: CapacityPolicy, resource: keyof Room): number {
    let most = Infinity
    const see = (rate: number, allocatable: Resources, own: Resources): void => {
      const room = carries(allocatable, own, this.#headroom)[resource]
      // Two micro-dollars are left of every price, so that rounding never makes one of them nothing.
      if (room > 0) most = Math.min(most, Math.max(0, rate - 2) / room)
    }
    for (const { group, slots } of groups) {
      for (const { price, allocatable, overhead } of allowedOptions(group, policy))
        see(price.rate, allocatable, overhead)
      for (const { origin, site, residents } of slots)
        if (origin.kind === 'live' && origin.live.price.kind === 'known')
          see(origin.live.price.rate, site.allocatable, sum(residents.map(({ held }) => held)))
    }
    return most
  }
}

/** What the pods of all groups take at least, whatever the plan. */
function leastDemand(groups: readonly GroupState[]): Room {
  const pods = groups.flatMap(({ group }) => group.live.flatMap((live) => live.pods))
  return sum(pods.map(leastHeld))
}
