import type { CapacityPolicy, FrontierPlan, Goal, PlanSource, ProvenPlan } from './domain/goal.js'
import type { LowerBound, Plan } from './domain/plan.js'
import type { LpSolver } from './pack/columns/lp.js'
import { ColumnPlans } from './pack/bins/column-plans.js'
import { once } from './pack/once.js'
import { Planner } from './pack/plans.js'
import type { PackProblem } from './pack/problem.js'
import type { PackState } from './pack/state.js'
import { chosenNodeShare, usedShare } from './recommend/figures.js'

/** What is asked of the plans of a cluster. */
export type Plans = PlanSource & Pick<Planner, 'frontier' | 'releases' | 'keepWishes'>

/** The part of the headroom that each node keeps free by itself, in the order in which plans are asked for. */
const STRICTNESS = [0, 0.6, 1]
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
 * them, and is taken then. Where it does not, each node keeps a part of the headroom free, at last all of it, and carries no
 * more than it may in any plan. Bounds are those of the plans without: none that keep the limits cost less.
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
    const parts = whole.headroom > 0 ? STRICTNESS : whole.maxNodeShare === undefined ? [0] : [0, 1]
    const planners = parts.map((part) => {
      const headroom = part * whole.headroom
      const isShareOfPlan = part > 0 && whole.maxNodeShare !== undefined
      const limits = { ...problem.limits, headroom, isShareOfPlan }
      const columns = this.#columnsFor(`${headroom} ${isShareOfPlan}`)
      return once(() => new Planner({ ...problem, limits }, context, untouched, columns))
    })
    return planners.length === 1 ? planners[0]!() : new PlansWithin(whole, planners)
  }

  #columnsFor(limits: string): ColumnPlans {
    const known = this.#columns.get(limits) ?? new ColumnPlans(this.#lp)
    this.#columns.set(limits, known)
    return known
  }
}

class PlansWithin implements Plans {
  readonly #limits: WholeLimits
  readonly #planners: readonly (() => Planner)[]

  /** `planners`: the first knows nothing of the limits, the last keeps them on each node. */
  constructor(limits: WholeLimits, planners: readonly (() => Planner)[]) {
    this.#limits = limits
    this.#planners = planners
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
      this.#free.plan(goal).bound,
    )
  }

  reconsider(plan: Plan, goal: Goal): ProvenPlan | undefined {
    for (const planner of this.#planners) {
      const found = planner().reconsider(plan, goal)
      if (found !== undefined) return this.#bounded(found, this.#free.plan(goal).bound)
    }
    return undefined
  }

  frontier(policy: CapacityPolicy): FrontierPlan[] | undefined {
    const { bound } = this.#free.plan({ kind: 'cheapest', policy })
    const found = this.#firstOf(
      (planner) => planner.frontier(policy),
      (frontier) => frontier?.[0]?.proven.plan,
    )
    return found
      ?.filter(({ proven }) => this.#keepsLimits(proven.plan))
      .map((one) => ({
        ...one,
        proven: this.#bounded(one.proven, bound),
        bound: lower(one.bound, bound),
      }))
  }

  rebuildable(policy: CapacityPolicy, known: readonly ProvenPlan[] = []): ProvenPlan | undefined {
    const found = this.#firstOf(
      (planner) => planner.rebuildable(policy, known),
      (proven) => proven?.plan,
    )
    return found && this.#bounded(found, this.#free.plan({ kind: 'cheapest', policy }).bound)
  }

  changed(...asked: Parameters<Planner['changed']>): ReturnType<Planner['changed']> {
    const [policy] = asked
    const found = this.#firstOf(
      (planner) => planner.changed(...asked),
      (changed) => changed?.proven?.plan,
    )
    const { bound } = this.#free.plan({ kind: 'cheapest', policy })
    return found && { ...found, proven: found.proven && this.#bounded(found.proven, bound) }
  }

  releases: Planner['releases'] = (...asked) => this.#free.releases(...asked)

  keepWishes(plan: Plan): Plan {
    return this.#free.keepWishes(plan)
  }

  get #free(): Planner {
    return this.#planners[0]!()
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
    return usedShare(nodes) <= 1 - headroom + ROUNDING && chosenNodeShare(nodes) <= maxNodeShare + ROUNDING
  }

  #bounded(proven: ProvenPlan, bound: LowerBound): ProvenPlan {
    return { ...proven, bound: lower(proven.bound, bound) }
  }
}

const lower = (one: LowerBound, other: LowerBound): LowerBound => (one.rate <= other.rate ? one : other)
