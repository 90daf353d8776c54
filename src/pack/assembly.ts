import type { Goal } from '../domain/goal.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { acceptsPods, machineOf, type Draft, type Slot } from './draft.js'
import type { Opener } from './first-fit.js'
import { fitIn } from './fit-in.js'
import { byPreference } from './goal.js'
import { capture, clear, lay, misplaced, type Layout } from './layout.js'
import type { GroupState, LayoutSearch } from './layouts.js'
import type { Machines } from './machines.js'
import { byText } from './order.js'
import { placePending, type PendingPlaces } from './pending.js'
import type { PackProblem } from './problem.js'
import type { Stock } from './stock.js'

/** Nodes with their pods, and the pods without a node. */
export type Solution = PendingPlaces & { readonly layouts: ReadonlyMap<string, Layout> }

/** What nodes are added by where a goal is not said: those that any policy allows. */
const AS_IS: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
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
   * and pending pods where there is some. Nodes are added as the goal allows.
   */
  assemble(layoutsOf: (state: GroupState) => readonly Layout[], goal: Goal = AS_IS): Solution {
    const mark = this.#draft.mark()
    try {
      const chosen = new Map<string, Layout>()
      for (const state of this.groups) chosen.set(state.group.name, this.#settle(state, layoutsOf(state), goal))
      this.#undoMisplacements(chosen)
      this.#topUp(chosen)
      return { layouts: chosen, ...this.placePending(chosen) }
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
    return fitIn(this.#draft, layout, this.#opener(state, goal))
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

  /** Adds empty nodes, today's before bought ones and the cheapest first, until there are as many as the user wants. */
  #topUp(layouts: Map<string, Layout>): void {
    const wanted = this.#problem.limits.minNodes ?? 0
    const count = (): number => [...layouts.values()].reduce((total, { nodes }) => total + nodes.length, 0)
    if (count() >= wanted) return
    const spares = this.groups.flatMap(({ group, slots }) => {
      const bought = group.options.map((option) => this.#stock.slot(option, 0))
      return [...slots.filter(acceptsPods), ...bought].flatMap((slot) =>
        slot.index === undefined && slot.rate !== undefined ? [{ group, slot, rate: slot.rate }] : [],
      )
    })
    const isBought = ({ slot }: (typeof spares)[number]): number => (slot.origin.kind === 'new' ? 1 : 0)
    spares.sort((a, b) => isBought(a) - isBought(b) || a.rate - b.rate || byText(a.slot.site.name, b.slot.site.name))
    for (const { group, slot } of spares) {
      const layout = layouts.get(group.name)
      if (count() >= wanted) return
      if (layout === undefined) continue
      const mark = this.#draft.mark()
      this.#draft.open(slot)
      // An empty node may be one zone or host too many for a spread constraint.
      if (this.isBroken()) this.#draft.rollback(mark)
      else
        layouts.set(group.name, capture(this.#draft, [...layout.nodes.map((node) => node.slot), slot], layout.method))
    }
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
