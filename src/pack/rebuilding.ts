import type { CapacityPolicy, Change, Changed, Goal } from '../domain/goal.js'
import { hasMixRails, type MixRails } from '../domain/node-mix.js'
import type { Pod } from '../domain/pod.js'
import { sum } from '../domain/resources.js'
import { nodesOf, type Solution } from './assembly.js'
import type { Slot } from './draft.js'
import type { PackGroup, PackProblem } from './problem.js'
import { keepFleetMix } from './rails/keep-fleet-mix.js'
import { faultsAmong } from './rails/offers.js'
import { bigFirst } from './replay/big-first.js'
import type { Conditions } from './replay/conditions.js'
import { fleetOfPlan, slotsOf, type Alternatives, type Fleet } from './replay/fleet.js'
import type { FleetSearch } from './replay/fleet-search.js'
import { realise, refit } from './replay/realise.js'
import { judgesOf } from './replay/fleet-trials.js'
import { JUDGES, worstOver } from './replay/repair.js'
import type { ReplayScheduler } from './replay/replay.js'
import type { Shop } from './replay/shop.js'
import type { Solver } from './solve.js'
import { spotShare } from './spot/spot-share.js'

/** Pods × nodes of a refill up to which hundreds of fleets are replayed. */
export const MOST_STEPS_OF_A_SEARCHED_REFILL = 10_000_000
/** The share counts what is bought, not what is asked for: aim lower until what comes out is within it. */
const SPOT_AIMS = [0.9, 0.6, 0]

export type RebuildingTools = {
  readonly problem: PackProblem
  readonly solver: Solver
  /** Pods that run now. */
  readonly running: readonly Pod[]
  /** Node groups by the names of their nodes. */
  readonly groupOf: ReadonlyMap<string, PackGroup>
  /** Undefined: as the cluster is. */
  readonly schedulerFor: (conditions?: Conditions) => ReplayScheduler
  readonly shopFor: (goal: Goal) => Shop
  /** Nodes that it takes besides these, until the scheduler fills them; undefined: no number of nodes did. */
  readonly added: (slots: readonly Slot[], goal: Goal) => readonly Slot[] | undefined
}

/** What fleets the scheduler is to fill, and what was found. */
type Found = {
  readonly aimed: CapacityPolicy
  readonly groups: readonly Alternatives[]
  readonly fleets: readonly Fleet[]
}

/** A search that minds no rails over all nodes. */
type Free = Omit<FleetSearch, 'hasPlaces' | 'ease'>

/** What a change would be good for, its plan not yet proven. */
export type Rebuilt = Omit<Changed, 'proven'> & { readonly solution: Solution | undefined }

/** Finds fleets that the scheduler fills by itself, as the cluster is or with a change in it. */
export class Rebuilding {
  readonly #tools: RebuildingTools
  readonly #found = new Map<string, Found>()

  constructor(tools: RebuildingTools) {
    this.#tools = tools
  }

  /**
   * The cheapest fleet found on which the pods also have a place within the guard rails, the share of spot among them.
   * Undefined where there is none, or the cluster is too large for the search. `known`: fleets that the scheduler fills, as
   * starts, asked for only where there is a search; they keep each group's capacity types.
   */
  cheapest(policy: CapacityPolicy, known: () => readonly Fleet[] = () => []): Solution | undefined {
    if (this.#isTooLarge) return undefined
    const { solver, schedulerFor, shopFor, added } = this.#tools
    for (const aimed of aimsOf(policy)) {
      const goal: Goal = { kind: 'cheapest', policy: aimed }
      const groups = solver.alternatives(aimed)
      const packed = solver.solve(goal)
      const more = added(nodesOf(packed), goal)
      const provisioned = solver.provisioned(aimed)
      const starts = [
        ...(more === undefined ? [] : [fleetOfPlan(packed.layouts, more)]),
        ...(aimed.kind === 'as-is' ? known() : []),
        ...(provisioned === undefined ? [] : [provisioned]),
      ]
      const search = { scheduler: schedulerFor(), groups, shop: shopFor({ kind: 'cheapest', policy }) }
      const fleets = this.#withinRails(search, realise({ ...search, hasPlaces: this.#hasPlaces }, starts), starts)
      this.#found.set(JSON.stringify(policy), { aimed, groups, fleets })
      const solution = this.#firstSound(fleets, policy)
      if (solution !== undefined) return solution
    }
    return undefined
  }

  /**
   * The same with a change in the cluster: a shorter search, from what `cheapest` found without it, which is asked for here,
   * with no other starts, if nobody has asked before.
   */
  changed(policy: CapacityPolicy, change: Change): Rebuilt | undefined {
    const key = JSON.stringify(policy)
    if (!this.#found.has(key)) this.cheapest(policy)
    const found = this.#found.get(key)
    if (found === undefined) return undefined
    const { problem, solver, running, schedulerFor, shopFor } = this.#tools
    const scheduler = schedulerFor(this.#conditions(change))
    const live = problem.groups.flatMap((group) => group.live)
    const { classes, priorityOf } = bigFirst(running, sum(live.map(({ node }) => node.allocatable)))
    if (change.bigFirst === true) scheduler.prioritise(priorityOf)
    const packed = nodesOf(solver.solve({ kind: 'cheapest', policy }))
    const { groups } = found
    solver.beginPlaces(found.aimed)
    const shop = shopFor({ kind: 'cheapest', policy })
    const search = { scheduler, groups, shop, ...this.#minding(groups) }
    const fleets = refit(search, found.fleets)
    return {
      change,
      classes: change.bigFirst === true ? classes : [],
      packedUnplaced: worstOver(scheduler, packed, JUDGES).length,
      solution: this.#firstSound(fleets, policy),
    }
  }

  get #isTooLarge(): boolean {
    const { problem, running } = this.#tools
    const nodes = problem.groups.reduce((total, { live }) => total + live.length, 0)
    return nodes * running.length > MOST_STEPS_OF_A_SEARCHED_REFILL
  }

  /**
   * Fleets that were found without a thought of the rails over all nodes, with nodes swapped for these; where that is not for
   * nothing, what a search that minds the rails finds from there.
   */
  #withinRails(search: Free, free: readonly Fleet[], starts: readonly Fleet[]): readonly Fleet[] {
    const { limits } = this.#tools.problem
    if (!hasMixRails(limits)) return free
    const { scheduler, groups } = search
    const isSound = (fleet: Fleet): boolean =>
      worstOver(scheduler, slotsOf(fleet), JUDGES).length === 0 && this.#hasPlaces(fleet)
    const swapped = free.map((fleet) => keepFleetMix(fleet, groups, limits, isSound, this.#placed(fleet)))
    const least = Math.min(...free.map(({ rate }) => rate))
    const passes = (fleet: Fleet): boolean => {
      const nodes = slotsOf(fleet)
      return worstOver(scheduler, nodes, judgesOf(scheduler.cost(nodes))).length === 0
    }
    const sound = swapped.filter((fleet) => fleet.rate <= least && this.#keepsRails(fleet) && passes(fleet))
    if (sound.length > 0) return sound
    const minding = this.#minding(groups)
    const { ease = (fleet) => fleet } = minding
    return realise({ ...search, ...minding }, [...swapped, ...starts].map(ease))
  }

  readonly #hasPlaces = (fleet: Fleet): boolean => this.#tools.solver.settleOn(fleet) !== undefined

  /** Has it a place for every pod, within the rails over all nodes? */
  readonly #keepsRails = (fleet: Fleet): boolean => {
    const { solver, problem } = this.#tools
    const solution = solver.settleOn(fleet)
    return solution !== undefined && keepsRails(solution, problem.limits)
  }

  /** How a search minds the rails over all nodes, and gets within them as far as exchanges of nodes get there. */
  #minding(groups: readonly Alternatives[]): Pick<FleetSearch, 'hasPlaces' | 'ease'> {
    const { limits } = this.#tools.problem
    if (!hasMixRails(limits)) return { hasPlaces: this.#hasPlaces }
    return {
      hasPlaces: this.#keepsRails,
      ease: (fleet) => keepFleetMix(fleet, groups, limits, () => true, this.#placed(fleet)),
    }
  }

  /** Where its pods would be: needed only where nodes take addresses of subnets that have not enough for any plan. */
  #placed(fleet: Fleet): Map<Slot, readonly Pod[]> | undefined {
    const { solver, problem } = this.#tools
    return problem.limits.subnets === undefined ? undefined : placesIn(solver.settleOn(fleet))
  }

  #firstSound(fleets: readonly Fleet[], policy: CapacityPolicy): Solution | undefined {
    for (const fleet of fleets) {
      const solution = this.#tools.solver.settleOn(fleet)
      if (solution === undefined) continue
      if (policy.kind === 'spot' && policy.share < 1 && spotShare(solution) > policy.share) continue
      return solution
    }
    return undefined
  }

  #conditions({ ownPools, mostAllocated }: Change): Conditions {
    const { problem, groupOf } = this.#tools
    return {
      ...(mostAllocated === true ? { packs: true } : {}),
      ...(ownPools === true
        ? {
            pools: {
              groups: new Set(problem.groups.map(({ name }) => name)),
              ofPod: ({ nodeName }) => groupOf.get(nodeName)?.name,
              ofNode: ({ site, origin }) =>
                origin.kind === 'new' ? origin.option.group : groupOf.get(site.name)?.name,
            },
          }
        : {}),
    }
  }
}

function keepsRails(solution: Solution, rails: MixRails): boolean {
  const placed = placesIn(solution)
  return faultsAmong([...placed.keys()], rails, (slot) => placed.get(slot) ?? []).length === 0
}

const placesIn = (solution: Solution | undefined): Map<Slot, readonly Pod[]> =>
  new Map(
    [...(solution?.layouts.values() ?? [])].flatMap(({ nodes }) =>
      nodes.map(({ slot, pods }) => [slot, pods] as const),
    ),
  )

const aimsOf = (policy: CapacityPolicy): CapacityPolicy[] =>
  policy.kind === 'spot'
    ? (policy.share < 1 ? SPOT_AIMS : [1]).map((aim) => ({ ...policy, share: policy.share * aim }))
    : [policy]
