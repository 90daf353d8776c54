import type { CapacityPolicy, Goal } from '../domain/goal.js'
import { byAddresses } from '../domain/node-mix.js'
import { optionId, type NodeOption, type Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { Assembler, type Solution } from './assembly.js'
import { createBoard, type BoardContext } from './board/board.js'
import { Draft, liveSlot, machineOf, newSlot, type Slot } from './draft.js'
import type { ColumnPlan, ColumnPlans } from './bins/column-plans.js'
import { machinesByPlace, mayHold } from './replay/exchange.js'
import { choiceOf, fleetChoices, fleetOfPlan, type Alternatives, type Fleet } from './replay/fleet.js'
import { byPreference, unwanted } from './goal.js'
import { HeadroomMixes } from './headroom-mix.js'
import { capture, clear, type Layout } from './layout.js'
import { LayoutSearch, mayGo, type GroupState } from './layouts.js'
import { byText } from './order.js'
import type { PackGroup, PackProblem } from './problem.js'
import { Machines } from './machines.js'
import { nodeFrontier, sizeOf, type Frontier } from './node-frontier.js'
import { provision } from './provision/provision.js'
import { Places } from './replay/places.js'
import { housesOwn } from './replay/settle.js'
import { SpotMixes } from './spot/spot-mix.js'
import { Stock } from './stock.js'
import { keepsLimits } from './within-limit.js'

const NOT_YET: Layout = { nodes: [], rate: 0, moves: 0, spotNodes: 0, breaches: 0, method: 'keep' }

/**
 * Finds plans for one problem. It holds one board; every question starts from today's state and leaves it as it was, so
 * that answers do not depend on the order of the questions.
 */
export class Solver {
  readonly #problem: PackProblem
  readonly #draft: Draft
  readonly #groups: readonly GroupState[]
  readonly #machines: Machines
  readonly #search: LayoutSearch
  readonly #stock = new Stock('fleet')
  readonly #assembler: Assembler
  readonly #spotMixes: SpotMixes
  readonly #headroomMixes: HeadroomMixes | undefined
  readonly #roomy = new Map<string, Solution>()
  readonly #places: Places
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
    this.#assembler = new Assembler(problem, this.#draft, this.#groups, this.#machines, this.#search, this.#stock)
    this.#places = new Places(this.#draft, this.#groups, () => this.#assembler.isBroken())
    this.#spotMixes = new SpotMixes(this.#assembler, (goal) => this.solve(goal))
    const { wholeHeadroom } = problem.limits
    this.#headroomMixes = wholeHeadroom && new HeadroomMixes(this.#assembler, wholeHeadroom)
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
    const plain = this.#solvePlainly(goal)
    if (goal.kind !== 'cheapest' || this.#headroomMixes === undefined) return plain
    const key = JSON.stringify(goal)
    const known = this.#roomy.get(key) ?? cheapestSound([plain, ...this.#headroomMixes.solutions(goal)], goal)
    this.#roomy.set(key, known)
    return known
  }

  #solvePlainly(goal: Goal): Solution {
    if (goal.kind === 'cheapest' && goal.policy.kind === 'spot') return this.#spotMixes.within(goal.policy.share)
    return this.#solveOnce(goal)
  }

  /** No plan for the policy with the headroom that was asked for costs less, in micro-dollars per hour; 0 where none was. */
  leastWithHeadroom(policy: CapacityPolicy): number {
    return this.#headroomMixes?.leastCost(policy) ?? 0
  }

  /** Plans from the cheapest to the fewest nodes; undefined where the cluster is too large. */
  frontier(policy: CapacityPolicy): Frontier | undefined {
    const key = JSON.stringify(policy)
    const known = this.#frontiers.get(key)
    if (known !== undefined || this.#frontiers.has(key)) return known
    const made = nodeFrontier(this.#assembler, policy, this.solve({ kind: 'cheapest', policy }))
    this.#frontiers.set(key, made)
    return made
  }

  /** No plan with at most this share on spot costs less, in micro-dollars per hour; 0 where that was not worked out. */
  leastWithSpot(share: number): number {
    return this.#spotMixes.leastCost(share)
  }

  /** Fleets that are settled on from here on do not depend on those before: the plan's places are the ones to start from. */
  beginPlaces(policy: CapacityPolicy): void {
    this.#places.begin(this.solve({ kind: 'cheapest', policy }).layouts.values())
  }

  /** What each group could have instead of today's nodes, which come first, and those of the plan, which come second. */
  alternatives(policy: CapacityPolicy): Alternatives[] {
    const { wants: wantsSpot } = this.#search.wish(policy)
    const goal: Goal = { kind: 'cheapest', policy }
    const planned = this.solve(goal).layouts
    const { groupLimits } = this.#problem.limits
    this.beginPlaces(policy)
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
      const asPlanned = planned.get(group.name) ?? state.keep
      const tight = [asPlanned, ...layouts].map(({ nodes }) => choiceOf(nodes.map(({ slot }) => slot)))
      const roomy = fleets.filter(
        (choice) => keepsLimits(choice.slots, groupLimits) && housesOwn(this.#draft, slots, choice.slots),
      )
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

  /** The nodes that an autoscaler would buy group by group; undefined where that leaves a pod without one. */
  provisioned(policy: CapacityPolicy): Fleet | undefined {
    const { wants: wantsSpot } = this.#search.wish(policy)
    const byZone = byAddresses(this.#problem.limits.subnets)
    const mark = this.#draft.mark()
    try {
      const waiting = this.#groups.map(({ group, slots }) => {
        const reusable = slots.filter(mayGo)
        const homeless = reusable.flatMap((slot) => [...slot.pods])
        clear(this.#draft, reusable)
        return { group, homeless, reusable, fixed: slots.filter((slot) => !mayGo(slot)) }
      })
      const nodesOf = new Map<string, { readonly nodes: Layout['nodes'] }>()
      for (const { group, homeless, reusable, fixed } of waiting) {
        const { bought, left } = provision(homeless, fixed, {
          ...{ draft: this.#draft, market: this.#machines.on(group, policy), wantsSpot, byZone },
          nodeOf: (option, inUse) => this.#stock.free(option, reusable, inUse),
        })
        if (left.length > 0) return undefined
        nodesOf.set(group.name, { nodes: [...fixed, ...bought].map((slot) => ({ slot, pods: [...slot.pods] })) })
      }
      return fleetOfPlan(nodesOf, [])
    } finally {
      this.#draft.rollback(mark)
    }
  }

  /** Puts every group's pods on its nodes of a fleet, those that can stay first; undefined where they do not all fit. */
  settleOn(fleet: Fleet): Solution | undefined {
    const mark = this.#draft.mark()
    try {
      const nodesOf = this.#places.settle(fleet)
      if (nodesOf === undefined) return undefined
      const layouts = new Map([...nodesOf].map(([name, slots]) => [name, capture(this.#draft, slots, 'fleet')]))
      return { layouts, ...this.#assembler.placePending(layouts) }
    } finally {
      this.#draft.rollback(mark)
    }
  }

  /** The solution with groups laid out anew that have spot nodes which the goal rules out, and others changed for their sake. */
  adapt({ layouts }: Solution, goal: Goal): Solution {
    // Group after group from today's nodes, limits over all groups would stand in the way of the first ones.
    const laid = new Map([...layouts].filter(([, layout]) => unwanted(layout, goal) === 0))
    return this.#assembler.assemble((state) => byPreference(this.#search.of(state, goal), goal), goal, laid)
  }

  /**
   * Lends the board with a finished plan on it, its pending pods included, and its nodes by group; undefined for a plan
   * that is not made of this problem's nodes and machines.
   */
  onPlan<Result>(
    plan: Pick<Plan, 'nodes'>,
    use: (draft: Draft, slotsOf: ReadonlyMap<string, readonly Slot[]>) => Result,
  ): Result | undefined {
    const live = new Map(this.#groups.flatMap(({ slots }) => slots.map((slot) => [slot.site.name, slot])))
    const options = new Map(this.#problem.groups.flatMap((group) => group.options.map((option) => [option.id, option])))
    const slotsOf = new Map<string, Slot[]>(this.#groups.map(({ group }) => [group.name, []]))
    const placed: { readonly slot: Slot; readonly pods: readonly Pod[] }[] = []
    for (const node of plan.nodes) {
      if (!node.packed) continue
      const option = options.get(optionId(node))
      const bought = option === undefined ? undefined : newSlot(option, node.name)
      const slot = node.action === 'keep' ? live.get(node.name) : bought
      if (slot === undefined) return undefined
      slotsOf.get(node.group)?.push(slot)
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
    return this.#assembler.assemble((state) => byPreference(this.#search.of(state, goal), goal), goal)
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

/** The cheapest of those that are within the rails, or next to them, and have the fewest nodes on spot that should not be. */
function cheapestSound(solutions: readonly Solution[], goal: Goal): Solution {
  const onSpot = ({ layouts }: Solution): number =>
    [...layouts.values()].reduce((nodes, layout) => nodes + unwanted(layout, goal), 0)
  const [best] = solutions
    .map((solution) => ({ solution, onSpot: onSpot(solution), ...sizeOf(solution) }))
    .sort((a, b) => a.breaches - b.breaches || a.onSpot - b.onSpot || a.rate - b.rate)
  return best!.solution
}
