import { AS_IS, type Goal } from '../domain/goal.js'
import { gravity } from '../domain/node-mix.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { subtract, sum } from '../domain/resources.js'
import { leastHeld } from './bins/demand.js'
import { acceptsPods, machineOf, type Draft, type Slot } from './draft.js'
import type { Opener } from './first-fit.js'
import { fitIn } from './fit-in.js'
import { byPreference } from './goal.js'
import { capture, clear, lay, misplaced, type Layout } from './layout.js'
import { mayGo, type GroupState, type LayoutSearch } from './layouts.js'
import type { Machines } from './machines.js'
import { byText, largestFirst } from './order.js'
import { keepMix, type Swap } from './rails/keep-mix.js'
import { cheapestFirst, faultsAmong, offersOf, offersOfToday } from './rails/offers.js'
import { placePending, type PendingPlaces } from './pending.js'
import type { PackProblem } from './problem.js'
import { holds, runsItsOwn } from './shapes.js'
import type { Stock } from './stock.js'

/** Nodes with their pods, and the pods without a node. */
export type Solution = PendingPlaces & {
  readonly layouts: ReadonlyMap<string, Layout>
  /** How much the rails over all nodes still find wrong (`gravity`); absent: nothing. */
  readonly amiss?: number
}

export const nodesOf = ({ layouts }: Solution): Slot[] =>
  [...layouts.values()].flatMap(({ nodes }) => nodes.map(({ slot }) => slot))

/** Layouts that are fitted to the other groups before the best of them is taken. */
const MOST_FITS = 6

/**
 * Puts the groups' layouts together, which were each made while the other groups were as they are today. The board must
 * be as it is today whenever it is asked, and is left so.
 */
export class Assembler {
  readonly groups: readonly GroupState[]
  readonly search: LayoutSearch
  readonly #problem: PackProblem
  readonly #draft: Draft
  readonly #machines: Machines
  readonly #stock: Stock
  readonly #misplacedToday: ReadonlySet<Pod>

  constructor(
    problem: PackProblem,
    draft: Draft,
    groups: readonly GroupState[],
    machines: Machines,
    search: LayoutSearch,
    stock: Stock,
  ) {
    this.#problem = problem
    this.#draft = draft
    this.groups = groups
    this.#machines = machines
    this.search = search
    this.#stock = stock
    this.#misplacedToday = new Set(misplaced(draft))
  }

  /**
   * Of each group the first of these layouts that the other groups leave room for, changed where they do not leave enough,
   * and pending pods where there is some. Nodes are added as the goal allows. `laid`: layouts that go with one another, and
   * that those of the other groups are to go with.
   */
  assemble(
    layoutsOf: (state: GroupState) => readonly Layout[],
    goal: Goal = AS_IS,
    laid: ReadonlyMap<string, Layout> = new Map(),
  ): Solution {
    const mark = this.#draft.mark()
    try {
      for (const { group, slots } of this.groups) if (laid.has(group.name)) clear(this.#draft, slots)
      for (const layout of laid.values()) lay(this.#draft, layout, false)
      const chosen = new Map<string, Layout>()
      for (const state of this.groups)
        chosen.set(state.group.name, laid.get(state.group.name) ?? this.#settle(state, layoutsOf(state), goal))
      this.#undoMisplacements(chosen)
      const amiss = this.#keepMix(chosen, goal)
      return { layouts: chosen, amiss, ...this.placePending(chosen) }
    } finally {
      this.#draft.rollback(mark)
    }
  }

  /**
   * Puts the best layout on the board, fitted to the other groups as they are now. One that has to be changed for that is
   * compared with the next best.
   */
  #settle(state: GroupState, layouts: readonly Layout[], goal: Goal): Layout {
    const mark = this.#draft.mark()
    let best: Layout | undefined
    let fits = 0
    const isBest = (layout: Layout): boolean => best === undefined || byPreference([best, layout], goal)[0] === layout
    for (const layout of layouts) {
      if (!isBest(layout)) continue
      const fitted = this.#replaceBy(state, layout, goal)
      if (fitted === layout) return layout
      if (fitted !== undefined && isBest(fitted)) best = fitted
      this.#draft.rollback(mark)
      fits += 1
      if (best !== undefined && fits >= MOST_FITS) break
    }
    if (best === undefined) return state.keep
    clear(this.#draft, state.slots)
    lay(this.#draft, best, false)
    return best
  }

  #replaceBy(state: GroupState, layout: Layout, goal: Goal): Layout | undefined {
    if (layout === state.keep) return layout
    clear(this.#draft, state.slots)
    const fitted = fitIn(this.#draft, layout, this.#opener(state, goal))
    return fitted === undefined || fitted === layout || this.search.keepsLimit(fitted) ? fitted : undefined
  }

  /** One more node for a pod: today's before bought ones, the cheapest that takes it. */
  #opener({ group, slots }: GroupState, goal: Goal): Opener {
    const isWanted = (spot: boolean): boolean => !spot || goal.kind === 'repack' || goal.policy.kind !== 'on-demand'
    const spares = slots
      .filter((slot) => acceptsPods(slot) && isWanted(machineOf(slot).capacityType === 'spot'))
      .sort((a, b) => (a.rate ?? 0) - (b.rate ?? 0) || byText(a.site.name, b.site.name))
    const used = new Map<NodeOption, number>()
    return (pod) => {
      for (const slot of spares) if (slot.index === undefined && this.#opens(slot, pod)) return slot
      const machines = goal.kind === 'repack' ? [] : this.#machines.on(group, goal.policy).that(pod)
      for (const option of machines) {
        const position = used.get(option) ?? 0
        const slot = this.#stock.slot(option, position)
        if (!this.#opens(slot, pod)) continue
        used.set(option, position + 1)
        return slot
      }
      return undefined
    }
  }

  /** Opens a node that takes the pod; leaves another one closed. */
  #opens(slot: Slot, pod: Pod): boolean {
    this.#draft.open(slot)
    if (this.#draft.takes(slot, pod)) return true
    this.#draft.close(slot)
    return false
  }

  /** Swaps nodes for others that hold their pods until the rails over all nodes hold; gives what is left of their faults. */
  #keepMix(layouts: Map<string, Layout>, goal: Goal): number {
    const slotsOf = (name: string): Slot[] => (layouts.get(name)?.nodes ?? []).map(({ slot }) => slot)
    const { limits } = this.#problem
    const amiss = (): number => gravity(faultsAmong([...layouts.keys()].flatMap(slotsOf), limits))
    if (amiss() === 0) return 0
    const groups = this.groups.map(({ group, slots }) => {
      // Bounds know of headroom: what is bought for it must be what they count on.
      const isStrict =
        goal.kind !== 'repack' && (goal.policy.kind === 'on-demand' || limits.wholeHeadroom !== undefined)
      const policy = isStrict ? goal.policy : undefined
      const bought = goal.kind === 'repack' ? [] : this.#machines.on(group, policy).options.filter(runsItsOwn)
      const spares = slots.filter(acceptsPods)
      return {
        name: group.name,
        nodes: slotsOf(group.name),
        mayGo: (slot: Slot) => slot.origin.kind === 'new' || mayGo(slot),
        wantsSpot: goal.kind !== 'repack' && goal.policy.kind === 'spot',
        offers: cheapestFirst([
          ...offersOfToday(spares),
          ...offersOf(bought, (option, inUse) => this.#stock.free(option, spares, inUse)),
        ]),
      }
    })
    keepMix(groups, limits, (swap) => {
      if (!this.#swap(swap)) return false
      const others = slotsOf(swap.group).filter((slot) => slot !== swap.gone)
      const { method } = layouts.get(swap.group)!
      layouts.set(swap.group, capture(this.#draft, [...others, ...swap.come], method))
      return true
    })
    return amiss()
  }

  /** Leaves the board as it is where the pods have no place on the other nodes. */
  #swap({ gone, come }: Swap): boolean {
    const pods = gone === undefined ? [] : largestFirst([...gone.pods], gone.site.allocatable)
    const free = come.map(({ site, residents }) => subtract(site.allocatable, sum(residents.map(({ held }) => held))))
    if (!holds(sum(free), sum(pods.map(leastHeld)))) return false
    const mark = this.#draft.mark()
    for (const slot of come) this.#draft.open(slot)
    for (const pod of pods) this.#draft.take(pod)
    if (gone !== undefined) this.#draft.close(gone)
    const isPlaced = pods.every((pod) => {
      const slot = come.find((one) => this.#draft.takes(one, pod))
      if (slot !== undefined) this.#draft.put(pod, slot)
      return slot !== undefined
    })
    if (isPlaced && !this.isBroken()) return true
    this.#draft.rollback(mark)
    return false
  }

  /** Groups whose pods break a rule in the final state, or make others break one, go back to what they are today. */
  #undoMisplacements(chosen: Map<string, Layout>): void {
    for (;;) {
      const broken = misplaced(this.#draft).filter((pod) => !this.#misplacedToday.has(pod))
      const changed = this.groups.filter(({ group, keep }) => chosen.get(group.name) !== keep)
      if (broken.length === 0 || changed.length === 0) return
      const names = new Set(broken.map((pod) => pod.workload))
      const guilty = changed.filter(({ group }) =>
        chosen.get(group.name)?.nodes.some(({ pods }) => pods.some((pod) => names.has(pod.workload))),
      )
      for (const state of guilty.length > 0 ? guilty : changed) {
        const layout = chosen.get(state.group.name)
        if (layout === undefined) continue
        clear(
          this.#draft,
          layout.nodes.map(({ slot }) => slot),
        )
        lay(this.#draft, state.keep, false)
        chosen.set(state.group.name, state.keep)
      }
    }
  }

  placePending(layouts: Solution['layouts']): PendingPlaces {
    const open = [...layouts.values()].flatMap(({ nodes }) => nodes.map(({ slot }) => slot))
    return placePending(this.#draft, this.#problem.pending, open, () => this.isBroken())
  }

  /** Does a pod break a rule that it does not break today? */
  isBroken(): boolean {
    return misplaced(this.#draft).some((pod) => !this.#misplacedToday.has(pod))
  }
}
