import type { CapacityPolicy, Change, Changed, Goal } from '../domain/goal.js'
import type { Pod } from '../domain/pod.js'
import { sum } from '../domain/resources.js'
import { nodesOf, type Solution } from './assembly.js'
import type { PackGroup, PackProblem } from './problem.js'
import { RailedSearch } from './rails/railed-search.js'
import { MOST_STEPS_OF_A_SEARCHED_REFILL, type Refills } from './refills.js'
import { bigFirst } from './replay/big-first.js'
import type { Conditions } from './replay/conditions.js'
import { fleetOfPlan, type Alternatives, type Fleet } from './replay/fleet.js'
import { refit } from './replay/realise.js'
import { JUDGES, worstOver } from './replay/repair.js'
import type { Shop } from './replay/shop.js'
import type { Solver } from './solve.js'
import { spotShare } from './spot/spot-share.js'

/** The share counts what is bought, not what is asked for: aim lower until what comes out is within it. */
const SPOT_AIMS = [0.9, 0.6, 0]

export type RebuildingTools = {
  readonly problem: PackProblem
  readonly solver: Solver
  /** Pods that run now. */
  readonly running: readonly Pod[]
  /** Node groups by the names of their nodes. */
  readonly groupOf: ReadonlyMap<string, PackGroup>
  readonly refills: Refills
  readonly shopFor: (goal: Goal) => Shop
}

/** The fleets that the scheduler fills, from the cheapest on, and what comes of the first that will do. */
export type Found = {
  readonly policy: CapacityPolicy
  /** Less spot than the policy allows, so that what is bought keeps to it. */
  readonly aimed: CapacityPolicy
  readonly groups: readonly Alternatives[]
  readonly fleets: readonly Fleet[]
  readonly solution: Solution | undefined
}

/** What a change would be good for, its plan not yet proven. */
export type FoundChanged = Omit<Changed, 'proven'> & { readonly solution: Solution | undefined }

/** Finds fleets that the scheduler fills by itself, as the cluster is or with a change in it. */
export class Rebuilding {
  readonly #tools: RebuildingTools
  readonly #railed: RailedSearch

  constructor(tools: RebuildingTools) {
    this.#tools = tools
    this.#railed = new RailedSearch(tools.problem.limits, (fleet) => tools.solver.settleOn(fleet))
  }

  /**
   * The cheapest fleet found on which the pods also have a place within the guard rails, the share of spot among them.
   * Undefined where the cluster is too large for the search. `known`: fleets that the scheduler fills, as starts, asked for only
   * where there is a search; they keep each group's capacity types.
   */
  cheapest(policy: CapacityPolicy, known: () => readonly Fleet[] = () => []): Found | undefined {
    if (this.#isTooLarge) return undefined
    const { solver, refills, shopFor } = this.#tools
    let found: Found | undefined
    for (const aimed of aimsOf(policy)) {
      const goal: Goal = { kind: 'cheapest', policy: aimed }
      const groups = solver.alternatives(aimed)
      const packed = solver.solve(goal)
      const { added } = refills.repaired(nodesOf(packed), goal)
      const provisioned = solver.provisioned(aimed)
      const starts = [
        ...(added === undefined ? [] : [fleetOfPlan(packed.layouts, added)]),
        ...(aimed.kind === 'as-is' ? known() : []),
        ...(provisioned === undefined ? [] : [provisioned]),
      ]
      const search = { scheduler: refills.scheduler(), groups, shop: shopFor({ kind: 'cheapest', policy }) }
      const fleets = this.#railed.from(search, starts)
      found = { policy, aimed, groups, fleets, solution: this.#firstSound(fleets, policy) }
      if (found.solution !== undefined) return found
    }
    return found
  }

  /**
   * The same with a change in the cluster: a shorter search, from what was found without it. Undefined where no group is
   * concerned by the change.
   */
  changed(found: Found, change: Change): FoundChanged | undefined {
    const { policy } = found
    const { problem, solver, running, refills, shopFor } = this.#tools
    const pools = this.#poolsIn(change, found.solution)
    if (change.ownPools !== undefined && pools.length === 0) return undefined
    const scheduler = refills.newScheduler(this.#conditions(change, pools))
    const live = problem.groups.flatMap((group) => group.live)
    const { classes, priorityOf } = bigFirst(running, sum(live.map(({ node }) => node.allocatable)))
    if (change.bigFirst === true) scheduler.prioritise(priorityOf)
    const packed = nodesOf(solver.solve({ kind: 'cheapest', policy }))
    const { groups } = found
    solver.beginPlaces(found.aimed)
    const shop = shopFor({ kind: 'cheapest', policy })
    const search = { scheduler, groups, shop, ...this.#railed.minding(groups) }
    const fleets = refit(search, found.fleets)
    return {
      change,
      classes: change.bigFirst === true ? classes : [],
      pools,
      packedUnplaced: worstOver(scheduler, packed, JUDGES).length,
      solution: this.#firstSound(fleets, policy),
    }
  }

  get #isTooLarge(): boolean {
    const { problem, running } = this.#tools
    const nodes = problem.groups.reduce((total, { live }) => total + live.length, 0)
    return nodes * running.length > MOST_STEPS_OF_A_SEARCHED_REFILL
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

  /** `solution`: the plan without a change. */
  #poolsIn({ ownPools }: Change, solution: Solution | undefined): string[] {
    if (ownPools === undefined) return []
    const costToday = ({ live }: PackGroup): number =>
      live.reduce((total, { price }) => total + (price.kind === 'known' ? price.rate : 0), 0)
    return this.#tools.problem.groups
      .filter((group) => ownPools === 'all' || (solution?.layouts.get(group.name)?.rate ?? 0) > costToday(group))
      .map(({ name }) => name)
  }

  #conditions({ mostAllocated }: Change, pools: readonly string[]): Conditions {
    const { groupOf } = this.#tools
    return {
      ...(mostAllocated === true ? { packs: true } : {}),
      ...(pools.length > 0
        ? {
            pools: {
              groups: new Set(pools),
              ofPod: ({ nodeName }) => groupOf.get(nodeName)?.name,
              ofNode: ({ site, origin }) =>
                origin.kind === 'new' ? origin.option.group : groupOf.get(site.name)?.name,
            },
          }
        : {}),
    }
  }
}

const aimsOf = (policy: CapacityPolicy): CapacityPolicy[] =>
  policy.kind === 'spot'
    ? (policy.share < 1 ? SPOT_AIMS : [1]).map((aim) => ({ ...policy, share: policy.share * aim }))
    : [policy]
