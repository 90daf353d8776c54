import {
  AS_IS,
  type CapacityPolicy,
  type FrontierPlan,
  type Goal,
  type PlanSource,
  type ProvenPlan,
  type Rebuildable,
} from './domain/goal.js'
import type { Headroom, Room } from './domain/headroom.js'
import type { LowerBound, Plan } from './domain/plan.js'
import type { Pod } from './domain/pod.js'
import type { LpSolver } from './pack/columns/lp.js'
import { ColumnPlans } from './pack/bins/column-plans.js'
import { MOST_TO_PACK_ANEW } from './pack/layouts.js'
import { once } from './pack/once.js'
import { Planner } from './pack/plans.js'
import { pinnedIn, podsTimesNodes, type Limits, type PackProblem } from './pack/problem.js'
import type { PackState } from './pack/state.js'
import { chosenNodeShare, usedShare } from './recommend/figures.js'

/** What is asked of the plans of a cluster. */
export type Plans = PlanSource &
  Pick<Planner, 'frontier' | 'releases' | 'keepWishes' | 'placePending' | 'refillUnplaced'>

/** The part of the headroom that each node keeps free by itself where the search for the whole plan does not get there. */
const STRICTNESS = [0.6, 1]
const ROUNDING = 1e-9

/** Limits that only a whole plan keeps or breaks. */
export type WholeLimits = {
  /** Share of each of CPU and memory that stays free over all nodes together. */
  readonly headroom: number
  /** No node carries more than this share of what all nodes of the plan carry; undefined: nobody asked for it. */
  readonly maxNodeShare: number | undefined
}

/**
 * Plans of one cluster, or of likenesses of it, within limits on the whole plan. What is packed without them mostly keeps
 * them, and is taken then. Where it does not, the headroom becomes a rule of the search about all nodes together; where that is
 * not enough, or one node would carry too much, each node keeps a part of the headroom free, at last all of it, and carries no
 * more than it may in any plan. Bounds are those of the first two: none that keep the limits cost less.
 */
export class PlanMaker {
  readonly #lp: LpSolver | undefined
  /** By limits: packings are shared by problems that differ in nothing but nodes and machines. */
  readonly #columns = new Map<string, ColumnPlans>()

  constructor(lp: LpSolver | undefined) {
    this.#lp = lp
  }

  of(
    problem: PackProblem,
    { context, untouched }: Pick<PackState, 'context' | 'untouched'>,
    whole: WholeLimits,
  ): Plans {
    const { headroom, maxNodeShare } = whole
    const plannerWith = (limits: () => Partial<Limits>): (() => Planner) =>
      once(() => {
        const all = { ...problem.limits, headroom: 0, ...limits() }
        const columns = this.#columnsFor(`${all.headroom} ${all.maxNodeShare} ${all.isShareOfPlan ?? false}`)
        return new Planner({ ...problem, limits: all }, context, untouched, columns)
      })
    const free = plannerWith(() => ({}))
    if (headroom === 0 && maxNodeShare === undefined) return free()
    const isShareOfPlan = maxNodeShare !== undefined
    const strict = (headroom > 0 ? STRICTNESS : [1]).map((part) =>
      plannerWith(() => ({ headroom: part * headroom, isShareOfPlan })),
    )
    const wholeHeadroom = (): Headroom => ({ share: headroom, demand: demandOf(free().plan(AS_IS).plan) })
    // Nodes make way for larger ones one by one, each time with a look at all pods.
    const isSearched = headroom > 0 && podsTimesNodes(problem) <= MOST_TO_PACK_ANEW
    const roomy = isSearched ? [plannerWith(() => ({ wholeHeadroom: wholeHeadroom() }))] : []
    return new PlansWithin(whole, pinnedIn(problem), [free, ...roomy], strict)
  }

  #columnsFor(limits: string): ColumnPlans {
    const known = this.#columns.get(limits) ?? new ColumnPlans(this.#lp)
    this.#columns.set(limits, known)
    return known
  }
}

/** What the pods of a plan ask for at most, wherever they are; pods that wait and have no place in it are left out. */
function demandOf({ nodes }: Plan): Room {
  const pods = nodes.flatMap((node) => (node.packed ? node.pods : []))
  const most = (resource: keyof Room): number =>
    pods.reduce((total, { held, needed }) => total + Math.max(held[resource], needed[resource]), 0)
  return { cpu: most('cpu'), memory: most('memory') }
}

class PlansWithin implements Plans {
  readonly #limits: WholeLimits
  readonly #isPinned: (pod: Pod) => boolean
  readonly #planners: readonly (() => Planner)[]
  readonly #bounding: readonly (() => Planner)[]

  /**
   * `bounding`: planners whose bounds hold for plans within the limits; the first knows nothing of them. `strict`: those that
   * keep the limits on each node.
   */
  constructor(
    limits: WholeLimits,
    isPinned: (pod: Pod) => boolean,
    bounding: readonly (() => Planner)[],
    strict: readonly (() => Planner)[],
  ) {
    this.#limits = limits
    this.#isPinned = isPinned
    this.#bounding = bounding
    this.#planners = [...bounding, ...strict]
  }

  today(goal: Goal): ProvenPlan {
    return this.#free.today(goal)
  }

  plan(goal: Goal): ProvenPlan {
    return this.#bounded(
      this.#firstOf(
        (planner) => planner.plan(goal),
        ({ plan }) => plan,
      ),
      this.#boundFor(goal),
    )
  }

  reconsider(plan: Plan, goal: Goal): ProvenPlan | undefined {
    for (const planner of this.#planners) {
      const found = planner().reconsider(plan, goal)
      if (found !== undefined) return this.#bounded(found, this.#boundFor(goal))
    }
    return undefined
  }

  adapt(plan: Plan, goal: Goal): ProvenPlan | undefined {
    for (const planner of this.#planners) {
      const adapted = planner().adapt(plan, goal)
      if (adapted !== undefined) return this.#bounded(adapted, this.#boundFor(goal))
    }
    return undefined
  }

  frontier(policy: CapacityPolicy): FrontierPlan[] | undefined {
    const cheapest = this.#boundFor({ kind: 'cheapest', policy })
    const found = this.#firstOf(
      (planner) => {
        // What is asked of each node need not hold for other plans within the limits: nor do bounds that know of it.
        const isBounding = this.#bounding.some((one) => one() === planner)
        return planner.frontier(policy)?.map((one) => ({
          ...one,
          proven: this.#bounded(one.proven, cheapest),
          bound: isBounding ? higher(one.bound, cheapest) : cheapest,
        }))
      },
      (frontier) => frontier?.[0]?.proven.plan,
    )
    return found?.filter(({ proven }) => this.#keepsLimits(proven.plan))
  }

  refillUnplaced(plan: Plan): number | undefined {
    for (const planner of this.#planners) {
      const unplaced = planner().refillUnplaced(plan)
      if (unplaced !== undefined) return unplaced
    }
    return undefined
  }

  rebuildable(policy: CapacityPolicy, known: readonly ProvenPlan[] = []): Rebuildable | undefined {
    const found = this.#firstOf(
      (planner) => planner.rebuildable(policy, known),
      (rebuildable) => rebuildable?.proven?.plan,
    )
    if (found === undefined) return undefined
    const bounded = (proven: ProvenPlan | undefined): ProvenPlan | undefined =>
      proven && this.#bounded(proven, this.#boundFor({ kind: 'cheapest', policy }))
    return {
      proven: bounded(found.proven),
      changed: (change) => {
        const changed = found.changed(change)
        return changed && { ...changed, proven: bounded(changed.proven) }
      },
    }
  }

  releases: Planner['releases'] = (...asked) => this.#free.releases(...asked)

  keepWishes(plan: Plan): Plan {
    return this.#free.keepWishes(plan)
  }

  placePending(plan: Plan): Plan {
    return this.#free.placePending(plan)
  }

  get #free(): Planner {
    return this.#planners[0]!()
  }

  /** The highest that holds for plans within the limits; what the free plan keeps by itself needs no other. */
  #boundFor(goal: Goal): LowerBound {
    const free = this.#free.plan(goal)
    if (this.#keepsLimits(free.plan)) return free.bound
    return this.#bounding.map((planner) => planner().plan(goal).bound).reduce(higher)
  }

  /** The first answer whose plan keeps the limits, or the strictest one. */
  #firstOf<Answer>(ask: (planner: Planner) => Answer, planOf: (answer: Answer) => Plan | undefined): Answer {
    for (const planner of this.#planners.slice(0, -1)) {
      const answer = ask(planner())
      const plan = planOf(answer)
      if (plan !== undefined && this.#keepsLimits(plan)) return answer
    }
    return ask(this.#planners.at(-1)!())
  }

  #keepsLimits({ nodes }: Plan): boolean {
    const { headroom, maxNodeShare = Infinity } = this.#limits
    const onOneNode = chosenNodeShare(nodes, this.#isPinned)
    return usedShare(nodes) <= 1 - headroom + ROUNDING && onOneNode <= maxNodeShare + ROUNDING
  }

  /** A plan's own bound knows which spot nodes it keeps, and may know limits on each node that other plans need not keep. */
  #bounded(proven: ProvenPlan, bound: LowerBound): ProvenPlan {
    return { ...proven, bound: lower(proven.bound, bound) }
  }
}

const lower = (one: LowerBound, other: LowerBound): LowerBound => (one.rate <= other.rate ? one : other)
const higher = (one: LowerBound, other: LowerBound): LowerBound => (one.rate >= other.rate ? one : other)
