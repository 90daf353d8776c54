import type { CapacityPolicy, Goal } from '../domain/goal.js'
import type { LowerBound } from '../domain/plan.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import type { Solution } from './assembly.js'
import { lowerBound } from './lower-bound.js'
import type { Frontier } from './node-frontier.js'
import type { PackProblem } from './problem.js'
import { keepingSpot, type Solver } from './solve.js'
import { spotShare } from './spot/spot-share.js'
import type { Untouched } from './to-plan.js'

const BY_NODES = 'prices as for the cheapest plan, with a surcharge on every node, shared out among the groups'
const BY_HEADROOM = 'prices as for the cheapest plan, with a price on what stays free, shared out among the groups'
const BY_SHARE = 'prices as for all spot that is fit for it, with a price on what the share does not allow'

/** A bound that is a fraction of a micro-dollar too high would be no bound. */
const roundedDown = (rate: number): MicroUsdPerHour => Math.floor(rate * (1 - 1e-9)) as MicroUsdPerHour

/** Costs per hour that no plan of a problem can go below. */
export class Proofs {
  readonly #problem: PackProblem
  readonly #solver: Solver
  readonly #fees: number
  readonly #bounds = new Map<string, LowerBound>()

  /** `untouched`: nodes that no plan touches; they are in the cost of every plan, so they are in every bound as well. */
  constructor(problem: PackProblem, solver: Solver, untouched: readonly Untouched[]) {
    this.#problem = problem
    this.#solver = solver
    this.#fees = untouched.reduce((sum, { price }) => sum + (price.kind === 'known' ? price.rate : 0), 0)
  }

  /** For all plans that answer the goal as this one does; with more on spot than it allows it answers a wider goal. */
  of(solution: Solution, goal: Goal): LowerBound {
    const answered = isWithinShare(solution, goal) ? goal : withoutShare(goal)
    return this.#withFees(this.#bound(answered, keepingSpot(solution, goal)))
  }

  /** For plans with at most so many nodes, where that says more than what holds for `any` plan. */
  ofFewer(nodes: number, frontier: Frontier, any: LowerBound): LowerBound {
    const fewer = this.#withFees({ rate: roundedDown(frontier.leastCost(nodes)), basis: BY_NODES })
    return fewer.rate <= any.rate ? any : fewer
  }

  #withFees({ rate, basis }: LowerBound): LowerBound {
    return { rate: (rate + this.#fees) as MicroUsdPerHour, basis }
  }

  /** The margin of `fewest` does not matter: no plan for the policy costs less. */
  #bound(goal: Goal, keepsSpot: ReadonlySet<string>): LowerBound {
    const key = JSON.stringify([goal.kind === 'repack' ? goal.kind : goal.policy, ...keepsSpot])
    const known = this.#bounds.get(key) ?? this.#newBound(goal, keepsSpot)
    this.#bounds.set(key, known)
    return known
  }

  #newBound(goal: Goal, keepsSpot: ReadonlySet<string>): LowerBound {
    const bounds = [
      lowerBound(this.#problem, goal, (group) => this.#solver.packed(group, goal, keepsSpot.has(group.name))),
      ...(goal.kind === 'repack' ? [] : this.#ofWholePlans(goal.policy)),
    ]
    return bounds.reduce((best, bound) => (bound.rate > best.rate ? bound : best))
  }

  /** What is proven with a price on a rule about all nodes together. */
  #ofWholePlans(policy: CapacityPolicy): LowerBound[] {
    const withHeadroom = { rate: roundedDown(this.#solver.leastWithHeadroom(policy)), basis: BY_HEADROOM }
    if (policy.kind !== 'spot' || policy.share >= 1) return [withHeadroom]
    return [{ rate: roundedDown(this.#solver.leastWithSpot(policy.share)), basis: BY_SHARE }, withHeadroom]
  }
}

/** What has more on spot than the goal allows, for want of a better plan, may cost less than any plan within the share. */
const isWithinShare = (solution: Solution, goal: Goal): boolean =>
  goal.kind === 'repack' || goal.policy.kind !== 'spot' || spotShare(solution) <= goal.policy.share + 1e-12

const withoutShare = (goal: Goal): Goal =>
  goal.kind === 'repack' || goal.policy.kind !== 'spot' ? goal : { ...goal, policy: { kind: 'spot', share: 1 } }
