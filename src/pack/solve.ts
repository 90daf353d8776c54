import type { CapacityPolicy, Goal } from '../domain/goal.js'
import type { NodeOption, Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Assembly } from './assembly.js'
import { createBoard, type BoardContext } from './board/board.js'
import { acceptsPods, Draft, liveSlot, machineOf, newSlot, type Slot } from './draft.js'
import type { ColumnPlan, ColumnPlans } from './bins/column-plans.js'
import { machinesByPlace, mayHold } from './replay/exchange.js'
import { choiceOf, fleetChoices, type Alternatives, type Fleet } from './replay/fleet.js'
import type { Opener } from './first-fit.js'
import { fitIn } from './fit-in.js'
import { byPreference } from './goal.js'
import { capture, clear, lay, misplaced, type Layout } from './layout.js'
import { LayoutSearch, mayGo, type GroupState } from './layouts.js'
import { byText } from './order.js'
import { placePending, type PendingPlaces } from './pending.js'
import type { PackGroup, PackProblem } from './problem.js'
import { Machines } from './machines.js'
import { nodeFrontier, sizeOf, type Frontier } from './node-frontier.js'
import { housesOwn, nodesOfFleet, settle } from './replay/settle.js'
import { SpotMixes } from './spot/spot-mix.js'
import { Stock } from './stock.js'

/** Nodes with their pods, and the pods without a node. */
export type Solution = PendingPlaces & { readonly layouts: ReadonlyMap<string, Layout> }

/** What nodes are added by where a goal is not said: those that any policy allows. */
const AS_IS: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
/** Layouts that are fitted to the other groups before the best of them is taken. */
const MOST_FITS = 6

const NOT_YET: Layout = { nodes: [], rate: 0, moves: 0, spotNodes: 0, breaches: 0, method: 'keep' }

/**
 * Finds plans for one problem. It holds one board; every question starts from today's state and leaves it as it was, so
 * that answers do not depend on the order of the questions.
 */
export class Solver {
  readonly #problem: PackProblem
  readonly #draft: Draft
  readonly #groups: readonly GroupState[]
  readonly #misplacedToday: ReadonlySet<Pod>
  readonly #machines: Machines
  readonly #search: LayoutSearch
  readonly #stock = new Stock('fleet')
  readonly #assembly: Assembly
  readonly #spotMixes: SpotMixes
  readonly #frontiers = new Map<string, Frontier | undefined>()

  constructor(problem: PackProblem, context: BoardContext, columns: ColumnPlans) {
    this.#problem = problem
    this.#draft = new Draft(createBoard(context), problem)
    this.#machines = new Machines(problem, (pod) => this.#draft.board.classKey(pod))
    const elsewhere = (context.fixed ?? []).flatMap(({ pods }) => pods)
    this.#search = new LayoutSearch(problem, this.#draft, this.#machines, columns, elsewhere)
    this.#groups = problem.groups.map((group) => {
      const slots = [...group.live].sort((a, b) => byText(a.node.name, b.node.name)).map(liveSlot)
      for (const slot of slots) this.#draft.open(slot)
      return { group, slots, keep: NOT_YET }
    })
    for (const { slots } of this.#groups)
      for (const slot of slots)
        if (slot.origin.kind === 'live') for (const pod of slot.origin.live.pods) this.#draft.put(pod, slot)
    this.#groups = this.#groups.map((state) => ({ ...state, keep: capture(this.#draft, state.slots, 'keep') }))
    this.#misplacedToday = new Set(misplaced(this.#draft))
    this.#assembly = {
      groups: this.#groups,
      search: this.#search,
      assemble: (layoutsOf) => this.#assemble(layoutsOf),
    }
    this.#spotMixes = new SpotMixes(this.#assembly, (goal) => this.solve(goal))
  }

  /** Today's placement, pending pods left out. */
  today(): Solution {
    return {
      layouts: new Map(this.#groups.map(({ group, keep }) => [group.name, keep])),
      pendingPlaced: new Map(),
      pendingLeft: this.#problem.pending,
    }
  }

  solve(goal: Goal): Solution {
    if (goal.kind === 'fewest') return this.#fewest(goal) ?? this.#solveOnce(goal)
    if (goal.kind === 'cheapest' && goal.policy.kind === 'spot') return this.#spotMixes.within(goal.policy.share)
    return this.#solveOnce(goal)
  }

  /** Plans from the cheapest to the fewest nodes; undefined where the cluster is too large. */
  frontier(policy: CapacityPolicy): Frontier | undefined {
    const key = JSON.stringify(policy)
    const known = this.#frontiers.get(key)
    if (known !== undefined || this.#frontiers.has(key)) return known
    const made = nodeFrontier(this.#assembly, policy, this.solve({ kind: 'cheapest', policy }))
    this.#frontiers.set(key, made)
    return made
  }

  /** No plan with at most this share on spot costs less, in micro-dollars per hour; 0 where that was not worked out. */
  leastWithSpot(share: number): number {
    return this.#spotMixes.leastCost(share)
  }

  #fewest({ policy, margin }: Goal & { readonly kind: 'fewest' }): Solution | undefined {
    const solutions = this.frontier(policy)?.solutions ?? []
    const [cheapest] = solutions
    if (cheapest === undefined) return undefined
    const most = sizeOf(cheapest).rate * (1 + margin)
    return solutions.findLast((solution) => sizeOf(solution).rate <= most)
  }

  /** What each group could have instead of today's nodes, which come first. */
  alternatives(policy: CapacityPolicy): Alternatives[] {
    const { wants: wantsSpot } = this.#search.wish(policy)
    const goal: Goal = { kind: 'cheapest', policy }
    return this.#groups.map((state) => {
      const { group, slots } = state
      const market = this.#machines.on(group, policy)
      const reusable = slots.filter(mayGo)
      const movable = reusable.flatMap((slot) => [...slot.pods])
      const canBe = (spot: boolean): boolean =>
        market.options.some(({ capacityType }) => (capacityType === 'spot') === spot)
      const onSpot = (pod: Pod): boolean => (canBe(true) && wantsSpot(pod)) || !canBe(false)
      const pools = [true, false]
        .map((spot) => ({ spot, pods: movable.filter((pod) => onSpot(pod) === spot) }))
        .filter(({ pods }) => pods.length > 0)
      const fixed = slots.filter((slot) => !mayGo(slot))
      const fleets = pools.length === 0 ? [] : fleetChoices({ fixed, reusable }, pools, market, this.#stock)
      const layouts = this.#search.of(state, goal).filter(({ breaches }) => breaches === 0)
      const tight = layouts.map(({ nodes }) => choiceOf(nodes.map(({ slot }) => slot)))
      const roomy = fleets.filter((choice) => housesOwn(this.#draft, slots, choice.slots))
      return {
        group: group.name,
        choices: [choiceOf(slots), ...tight, ...roomy],
        mayGo: (slot) => slot.origin.kind === 'new' || mayGo(slot),
        mayHold: mayHold(group.live),
        machines: machinesByPlace(market.options),
        nodeOf: (option, inUse) => this.#stock.free(option, reusable, inUse),
      }
    })
  }

  /** Puts every group's pods on its nodes of a fleet, those that can stay first; undefined where they do not all fit. */
  settleOn(fleet: Fleet): Solution | undefined {
    const mark = this.#draft.mark()
    try {
      const nodesOf = nodesOfFleet(this.#groups, fleet)
      const count = [...nodesOf.values()].reduce((total, slots) => total + slots.length, 0)
      if (count < (this.#problem.limits.minNodes ?? 0)) return undefined
      if (!settle(this.#draft, this.#groups, nodesOf) || this.#isBroken()) return undefined
      const layouts = new Map([...nodesOf].map(([name, slots]) => [name, capture(this.#draft, slots, 'fleet')]))
      return { layouts, ...this.#placePending(layouts) }
    } finally {
      this.#draft.rollback(mark)
    }
  }

  /**
   * Lends the board with a finished plan on it, its pending pods included, and its nodes by group; undefined for a plan
   * that is not made of this problem's nodes and machines.
   */
  onPlan<Result>(
    plan: Plan,
    use: (draft: Draft, slotsOf: ReadonlyMap<string, readonly Slot[]>) => Result,
  ): Result | undefined {
    const live = new Map(this.#groups.flatMap(({ slots }) => slots.map((slot) => [slot.site.name, slot])))
    const options = new Map(this.#problem.groups.flatMap((group) => group.options.map((option) => [option.id, option])))
    const slotsOf = new Map<string, Slot[]>(this.#groups.map(({ group }) => [group.name, []]))
    const placed: { readonly slot: Slot; readonly pods: readonly Pod[] }[] = []
    for (const node of plan.nodes) {
      if (!node.packed) continue
      const { group, instanceType, zone, capacityType } = node
      const option = options.get(`${group}/${instanceType}/${zone}/${capacityType}`)
      const bought = option === undefined ? undefined : newSlot(option, node.name)
      const slot = node.action === 'keep' ? live.get(node.name) : bought
      if (slot === undefined) return undefined
      slotsOf.get(group)?.push(slot)
      placed.push({ slot, pods: node.pods })
    }
    const mark = this.#draft.mark()
    try {
      for (const { slots } of this.#groups) clear(this.#draft, slots)
      for (const { slot } of placed) this.#draft.open(slot)
      for (const { slot, pods } of placed) for (const pod of pods) this.#draft.put(pod, slot)
      return use(this.#draft, slotsOf)
    } finally {
      this.#draft.rollback(mark)
    }
  }

  #solveOnce(goal: Goal): Solution {
    // Layouts are kept for other questions, so all are made while everything is as it is today.
    for (const state of this.#groups) this.#search.of(state, goal)
    return this.#assemble((state) => byPreference(this.#search.of(state, goal), goal), goal)
  }

  /**
   * Of each group the first of these layouts that the other groups leave room for, changed where they do not leave enough,
   * and pending pods where there is some. Nodes are added as the goal allows.
   */
  #assemble(layoutsOf: (state: GroupState) => readonly Layout[], goal: Goal = AS_IS): Solution {
    const mark = this.#draft.mark()
    try {
      const chosen = new Map<string, Layout>()
      for (const state of this.#groups) chosen.set(state.group.name, this.#settle(state, layoutsOf(state), goal))
      this.#undoMisplacements(chosen)
      this.#topUp(chosen)
      return { layouts: chosen, ...this.#placePending(chosen) }
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
      const machines = goal.kind === 'repack' ? [] : this.machinesFor(group, pod, goal)
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
    const spares = this.#groups.flatMap(({ group, slots }) => {
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
      if (this.#isBroken()) this.#draft.rollback(mark)
      else
        layouts.set(group.name, capture(this.#draft, [...layout.nodes.map((node) => node.slot), slot], layout.method))
    }
  }

  /** Groups whose pods break a rule in the final state, or make others break one, go back to what they are today. */
  #undoMisplacements(chosen: Map<string, Layout>): void {
    for (;;) {
      const broken = misplaced(this.#draft).filter((pod) => !this.#misplacedToday.has(pod))
      const changed = this.#groups.filter(({ group, keep }) => chosen.get(group.name) !== keep)
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

  #placePending(layouts: Solution['layouts']): PendingPlaces {
    const open = [...layouts.values()].flatMap(({ nodes }) => nodes.map(({ slot }) => slot))
    return placePending(this.#draft, this.#problem.pending, open, () => this.#isBroken())
  }

  /** Does a pod break a rule that it does not break today? */
  #isBroken(): boolean {
    return misplaced(this.#draft).some((pod) => !this.#misplacedToday.has(pod))
  }

  /** Machines that a goal lets a group buy and that could hold the pod with nothing else on them, cheapest first. */
  machinesFor(group: PackGroup, pod: Pod, goal: Goal): readonly NodeOption[] {
    return this.#machines.on(group, goal.kind === 'repack' ? undefined : goal.policy).that(pod)
  }

  /** The group packed for a goal by column generation, with its lower bound; `keepsSpot`: as `keepingSpot` names it. */
  packed(group: PackGroup, goal: Goal, keepsSpot: boolean): ColumnPlan | undefined {
    return this.#search.packed(group, goal, keepsSpot)
  }
}

/** Groups that, for want of better, have spot nodes in a plan of on-demand nodes that other plans do without. */
export const keepingSpot = ({ layouts }: Solution, goal: Goal): ReadonlySet<string> =>
  new Set(
    goal.kind === 'repack' || goal.policy.kind !== 'on-demand'
      ? []
      : [...layouts].flatMap(([name, { nodes }]) =>
          nodes.some(({ slot }) => mayGo(slot) && machineOf(slot).capacityType === 'spot') ? [name] : [],
        ),
  )
