import type { CapacityPolicy, Goal } from '../../domain/goal.js'
import type { Slot } from '../draft.js'
import { kindOf, type MachineKind, type Surcharge } from '../bins/bin-question.js'
import { fewestBreaches, pickedFirst, type Layout } from '../layout.js'
import { mayGo, type GroupState } from '../layouts.js'
import { sizeOf } from '../node-frontier.js'
import { offSpot } from './off-spot.js'
import type { Assembler, Solution } from '../assembly.js'
import { isSpot, spotShare } from './spot-share.js'
import { tradeOffs } from '../trade-offs.js'

/** A plan within a smaller share is one for a larger share too: these are looked at, so that more spot never costs more. */
const LADDER: readonly number[] = [0.3, 0.5, 0.7]
/** Prices on spot at which all groups are packed. */
const MOST_ASKS = 3
/** Mixes that are put together before today's or on-demand nodes have to do. */
const MOST_ATTEMPTS = 5
/** Layouts of a group of which more are made, with fewer nodes on spot. */
const MOST_VARIED = 3
const HALVINGS = 40
/** A price this close to one that was asked for is not asked for again. */
const CLOSE = 0.02
/** Micro-dollars per millicore and hour: no machine is as dear as that. */
const DEAREST = 1e5
const ROUNDING = 1e-12

const ALL_SPOT: CapacityPolicy = { kind: 'spot', share: 1 }
const ON_DEMAND: CapacityPolicy = { kind: 'on-demand' }
const AS_IS: CapacityPolicy = { kind: 'as-is' }
const cheapest = (policy: CapacityPolicy): Goal => ({ kind: 'cheapest', policy })

/** Layouts of each group, and what any plan within the share costs at least, in micro-dollars per hour. */
type Search = { readonly layouts: readonly (readonly Layout[])[]; readonly bound: number }

/**
 * Plans of which at most a share S of the allocatable CPU is on spot. That rule, Σ (1 − S)·cpu over spot nodes ≤
 * Σ S·cpu over the others, is about all groups together. With a price μ on it (Lagrange multiplier; Everett, Operations
 * Research 11, 1963) a spot node costs μ·(1 − S)·cpu more and any other node μ·S·cpu less, every group is packed by
 * itself, and at no μ ≥ 0 can the packings' bounds, added up, be more than a plan within the share costs. What is packed
 * at several prices, among them none, is then mixed for the least real cost within the share.
 */
export class SpotMixes {
  readonly #assembler: Assembler
  readonly #solve: (goal: Goal) => Solution
  readonly #searches = new Map<number, Search>()
  readonly #solutions = new Map<number, Solution>()

  /** `solve`: for goals without a share. */
  constructor(assembler: Assembler, solve: (goal: Goal) => Solution) {
    this.#assembler = assembler
    this.#solve = solve
  }

  /** The cheapest plan found; with more than the share on spot only where nothing else was found. */
  within(share: number): Solution {
    const known = this.#solutions.get(share)
    if (known !== undefined) return known
    const smaller = LADDER.findLast((step) => step < share)
    const found = [
      ...this.#mixed(share),
      this.#solve(cheapest(AS_IS)),
      smaller === undefined ? this.#solve(cheapest(ON_DEMAND)) : this.within(smaller),
    ]
    const over = (solution: Solution): number => Math.max(0, spotShare(solution) - share - ROUNDING)
    const [best] = found
      .map((solution) => ({ solution, over: over(solution), ...sizeOf(solution) }))
      .sort((a, b) => a.over - b.over || a.breaches - b.breaches || a.rate - b.rate)
    this.#solutions.set(share, best!.solution)
    return best!.solution
  }

  /** No plan within the share costs less; 0 where nothing is known. What holds for a larger share holds for this one. */
  leastCost(share: number): number {
    const larger = LADDER.filter((step) => step > share)
    return [share, ...larger].reduce((most, step) => Math.max(most, this.#search(step).bound), 0)
  }

  /** The best mix that can be put together, if any of the first few can. */
  #mixed(share: number): Solution[] {
    const { groups } = this.#assembler
    const { layouts } = this.#search(share)
    const mixes = tradeOffs(
      layouts.map((list) => list.map((layout) => ({ cost: layout.rate, weight: excess(layout, share) }))),
    )
    const hasNoMoreSpot = (one: Layout, other: Layout): boolean => excess(one, share) <= excess(other, share)
    for (const { picks } of mixes.filter(({ weight }) => weight <= 0).slice(0, MOST_ATTEMPTS)) {
      const picked = new Map(
        groups.map(({ group }, at) => [group.name, pickedFirst(layouts[at]!, picks[at]!, hasNoMoreSpot)]),
      )
      const solution = this.#assembler.assemble(({ group }) => picked.get(group.name)!)
      if (spotShare(solution) <= share + ROUNDING) return [solution]
    }
    return []
  }

  #search(share: number): Search {
    const known = this.#searches.get(share) ?? this.#searchAt(share)
    this.#searches.set(share, known)
    return known
  }

  #searchAt(share: number): Search {
    const { groups, search } = this.#assembler
    const policies = [ALL_SPOT, ON_DEMAND, AS_IS]
    const plain = groups.map((state) => policies.flatMap((policy) => search.of(state, cheapest(policy))))
    if (breakEven(plain, share, 1) === 0) return { layouts: plain.map(fewestBreaches), bound: 0 }

    const isWithin = (layout: Layout): boolean => excess(layout, share) <= 0
    /** With less on spot, too: of layouts that are far dearer than others no more is made. */
    const more = (list: readonly Layout[], { group }: GroupState): Layout[] => {
      const market = search.market(group, ALL_SPOT)
      const worth = fewestBreaches(list).filter(({ spotNodes }) => spotNodes > 0)
      const varied = worth.slice(0, MOST_VARIED).flatMap((layout) => offSpot(layout, market, isWithin))
      return [...list, ...varied.filter((layout) => search.keepsLimit(layout))]
    }
    let layouts = plain.map((list, at) => more(list, groups[at]!))
    let bound = 0
    const most = mostPrice(groups, share)
    const asked: number[] = []
    while (asked.length < MOST_ASKS) {
      const price = Math.min(most, breakEven(layouts, share, most))
      if (price <= 0 || asked.some((one) => Math.abs(one - price) <= CLOSE * price)) break
      asked.push(price)
      const priced = groups.map((state) => search.priced(state, ALL_SPOT, surchargeOf(share, price)))
      let least = 0
      for (const [at, one] of priced.entries()) {
        // The cluster is too large to be packed.
        if (one === undefined) return { layouts: layouts.map(fewestBreaches), bound: 0 }
        least += one.packed.paid + one.packed.plan.lowerBound + price * stayingExcess(groups[at]!, share)
      }
      bound = Math.max(bound, least)
      layouts = layouts.map((list, at) => [...list, ...more(priced[at]?.layouts ?? [], groups[at]!)])
    }
    return { layouts: layouts.map(fewestBreaches), bound }
  }
}

/** Millicores by which nodes are above the share, and below it where negative. */
const excessOf = (slots: readonly Slot[], share: number): number =>
  slots.reduce((sum, slot) => sum + slot.site.allocatable.cpu * ((isSpot(slot) ? 1 : 0) - share), 0)

const excess = ({ nodes }: Layout, share: number): number =>
  excessOf(
    nodes.map(({ slot }) => slot),
    share,
  )

/** Of the nodes that every plan keeps. */
const stayingExcess = ({ slots }: GroupState, share: number): number =>
  excessOf(
    slots.filter((slot) => !mayGo(slot)),
    share,
  )

/** What the rule makes a machine dearer or cheaper where a millicore too much on spot costs `price`. */
const surchargeOf =
  (share: number, price: number): Surcharge =>
  ({ spot, cpu }) =>
    price * ((spot ? 1 : 0) - share) * cpu

/** The price at which the cheapest machine that is not on spot would be bought for nothing, to thin out what is. */
function mostPrice(groups: readonly GroupState[], share: number): number {
  const kinds = new Map<MachineKind, { readonly rate: number; readonly cpu: number }>()
  const see = (kind: MachineKind, rate: number, cpu: number): void => {
    const known = kinds.get(kind)
    kinds.set(kind, { rate: Math.min(rate, known?.rate ?? rate), cpu: Math.max(cpu, known?.cpu ?? cpu) })
  }
  for (const { group } of groups) {
    for (const option of group.options)
      if (option.capacityType !== 'spot') see(kindOf(option), option.price.rate, option.allocatable.cpu)
    for (const { node, price } of group.live)
      if (node.capacityType !== 'spot' && price.kind === 'known') see(kindOf(node), price.rate, node.allocatable.cpu)
  }
  // Two micro-dollars are left of every price, so that rounding never makes one of them nothing.
  return [...kinds.values()].reduce(
    (most, { rate, cpu }) => (share * cpu > 0 ? Math.min(most, Math.max(0, rate - 2) / (share * cpu)) : most),
    Infinity,
  )
}

/** The price at which the best mix of these layouts is no longer above the share; 0 where it is not above it anyway. */
function breakEven(layouts: readonly (readonly Layout[])[], share: number, most: number): number {
  const sizes = layouts.map((list) => list.map((layout) => ({ rate: layout.rate, excess: excess(layout, share) })))
  const isAbove = (price: number): boolean =>
    sizes.reduce((sum, list) => {
      const costs = list.map((one) => one.rate + price * one.excess)
      return sum + list[costs.indexOf(Math.min(...costs))]!.excess
    }, 0) > 0
  if (!isAbove(0)) return 0
  let low = 0
  let high = Math.min(most, DEAREST)
  if (isAbove(high)) return most < DEAREST ? most : 0
  for (let round = 0; round < HALVINGS; round += 1) {
    const middle = (low + high) / 2
    if (isAbove(middle)) low = middle
    else high = middle
  }
  return high
}
