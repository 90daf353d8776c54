import type {
  CapacityPolicy,
  Change,
  Changed,
  FrontierPlan,
  Goal,
  PlanSource,
  ProvenPlan,
  Rebuildable,
  Replay,
} from '../domain/goal.js'
import type { LowerBound, Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import type { BoardContext } from './board/board.js'
import type { ColumnPlans } from './bins/column-plans.js'
import { identityOf, type Slot } from './draft.js'
import { keepWishes } from './wishes/keep-wishes.js'
import { LeftOver } from './left-over.js'
import { lowerBound } from './lower-bound.js'
import { sizeOf } from './node-frontier.js'
import { partReplicas } from './wishes/part-replicas.js'
import type { PackProblem } from './problem.js'
import { once } from './once.js'
import type { Conditions } from './replay/conditions.js'
import { Releases } from './release/release.js'
import { MOST_STEPS_OF_A_SEARCHED_REFILL, Rebuilding, type Found } from './rebuilding.js'
import { fleetOfPlan, type Fleet } from './replay/fleet.js'
import { furtherOrders } from './replay/further-orders.js'
import { JUDGES, repair, worstOver, type Repair } from './replay/repair.js'
import { ReplayScheduler, ROLLOUTS } from './replay/replay.js'
import type { Shop } from './replay/shop.js'
import { nodesOf, type Solution } from './assembly.js'
import { makeShops } from './shops.js'
import { keepingSpot, Solver } from './solve.js'
import { spotShare } from './spot/spot-share.js'
import { toPlan, type Untouched } from './to-plan.js'
import { readWishes, type WishBook } from './wishes/wishes.js'

/** Pods × nodes up to which plans are refilled: beyond it one refill would take minutes. */
const MOST_STEPS_OF_A_REFILL = 60_000_000
/** What the repair of one plan may cost. */
const MOST_STEPS_OF_A_REPAIR = 150_000_000
/** What it may cost to keep preferences. */
const MOST_STEPS_OF_WISHES = 2_000_000
const BY_NODES = 'prices as for the cheapest plan, with a surcharge on every node, shared out among the groups'
const BY_HEADROOM = 'prices as for the cheapest plan, with a price on what stays free, shared out among the groups'
const BY_SHARE = 'prices as for all spot that is fit for it, with a price on what the share does not allow'

/** A bound that is a fraction of a micro-dollar too high would be no bound. */
const roundedDown = (rate: number): number => Math.floor(rate * (1 - 1e-9))

/** What has more on spot than the goal allows, for want of a better plan, may cost less than any plan within the share. */
const isWithinShare = (solution: Solution, goal: Goal): boolean =>
  goal.kind === 'repack' || goal.policy.kind !== 'spot' || spotShare(solution) <= goal.policy.share + 1e-12

/** With these nodes besides, empty but for DaemonSets, in the groups that they are made for. */
function withAdded(solution: Solution, added: readonly Slot[]): Solution {
  const extra = new Map<string, Slot[]>()
  for (const slot of added)
    if (slot.origin.kind === 'new')
      extra.set(slot.origin.option.group, [...(extra.get(slot.origin.option.group) ?? []), slot])
  const layouts = [...solution.layouts].map(([group, layout]) => {
    const more = (extra.get(group) ?? []).map((slot) => ({ slot, pods: [] }))
    return [group, { ...layout, nodes: [...layout.nodes, ...more] }] as const
  })
  return { ...solution, layouts: new Map(layouts) }
}

const withoutShare = (goal: Goal): Goal =>
  goal.kind === 'repack' || goal.policy.kind !== 'spot' ? goal : { ...goal, policy: { kind: 'spot', share: 1 } }

/** The front door of the room: plans for goals, each with its lower bound and its replay. */
export class Planner implements PlanSource {
  readonly #problem: PackProblem
  readonly #untouched: readonly Untouched[]
  readonly #solver: Solver
  readonly #running: readonly Pod[]
  readonly #newScheduler: (conditions?: Conditions) => ReplayScheduler
  #madeScheduler: ReplayScheduler | undefined
  readonly #leftOver: LeftOver
  readonly #shop: (goal: Goal) => Shop
  readonly #repairs = new Map<string, Repair>()
  readonly #bounds = new Map<string, LowerBound>()
  readonly #plans = new Map<string, ProvenPlan>()
  readonly #rebuilding: Rebuilding
  /** What plans were made of. */
  readonly #made = new WeakMap<Plan, { readonly solution: Solution; readonly goal: Goal }>()
  readonly #wishesOf: (today: Plan) => WishBook | undefined

  /** `columns`: shared by planners of problems that have groups in common. */
  constructor(problem: PackProblem, context: BoardContext, untouched: readonly Untouched[], columns: ColumnPlans) {
    this.#problem = problem
    this.#untouched = untouched
    this.#solver = new Solver(problem, context, columns)
    this.#leftOver = new LeftOver(problem, (...asked) => this.#solver.onPlan(...asked))
    const groupOf = new Map(problem.groups.flatMap((group) => group.live.map(({ node }) => [node.name, group])))
    this.#shop = makeShops(problem, this.#solver, groupOf)
    this.#running = problem.groups.flatMap(({ live }) => live.flatMap(({ pods }) => pods))
    this.#wishesOf = ({ nodes }) =>
      readWishes(context.namespaces, [
        ...nodes.flatMap(({ pods, residentPods }) => [...pods, ...residentPods]),
        ...problem.pending,
      ])
    const anything: Goal = { kind: 'repack' }
    const stays = (pod: Pod): boolean => this.#shop(anything).machinesFor(pod).length === 0
    this.#newScheduler = (conditions) => new ReplayScheduler(context, this.#running, stays, ROLLOUTS, conditions)
    this.#rebuilding = new Rebuilding({
      ...{ problem, running: this.#running, solver: this.#solver, groupOf },
      schedulerFor: (conditions) => (conditions === undefined ? this.#scheduler : this.#newScheduler(conditions)),
      shopFor: (goal) => this.#shop(goal),
      added: (slots, goal) => this.#repaired(slots, goal).added,
    })
  }

  /** Everything as it stands; its bound is the one of the goal that it is measured against. */
  today(goal: Goal): ProvenPlan {
    return this.#proven(this.#solver.today(), goal)
  }

  plan(goal: Goal): ProvenPlan {
    const key = JSON.stringify(goal)
    const known = this.#plans.get(key) ?? this.#proven(this.#solver.solve(goal), goal)
    this.#plans.set(key, known)
    return known
  }

  /** Undefined for a plan that was not made here. */
  reconsider(plan: Plan, goal: Goal): ProvenPlan | undefined {
    const made = this.#made.get(plan)
    return made && this.#proven(made.solution, goal)
  }

  /**
   * From the cheapest plan to the fewest nodes, none of them worse in both than another; each bound is for plans with at
   * most as many nodes. Undefined where the cluster is too large.
   */
  frontier(policy: CapacityPolicy): FrontierPlan[] | undefined {
    const goal: Goal = { kind: 'cheapest', policy }
    const frontier = this.#solver.frontier(policy)
    return frontier?.solutions.map((solution): FrontierPlan => {
      const proven = this.#proven(solution, goal)
      const least = this.#withFees(roundedDown(frontier.leastCost(sizeOf(solution).nodes)))
      return {
        proven,
        bound: least <= proven.bound.rate ? proven.bound : { rate: least, basis: BY_NODES },
        refillUnplaced: () => this.#refillUnplaced(solution),
      }
    })
  }

  /** Pods of a plan of ours that a refill leaves over in the worst order; undefined for other plans, and for large clusters. */
  refillUnplaced(plan: Plan): number | undefined {
    const made = this.#made.get(plan)
    return made && this.#refillUnplaced(made.solution)
  }

  rebuildable(policy: CapacityPolicy, known: readonly ProvenPlan[] = []): Rebuildable | undefined {
    const goal: Goal = { kind: 'cheapest', policy }
    const found = this.#rebuilding.cheapest(policy, () => known.flatMap(({ plan }) => this.#startFrom(plan) ?? []))
    if (found === undefined) return undefined
    const { solution } = found
    const asked = new Map<string, Changed | undefined>()
    return {
      proven: solution && this.#filled(solution, goal, () => furtherOrders(this.#scheduler, nodesOf(solution))),
      changed: (change) => {
        const key = JSON.stringify(change)
        if (!asked.has(key)) asked.set(key, this.#changed(found, change, goal))
        return asked.get(key)
      },
    }
  }

  #changed(found: Found, change: Change, goal: Goal): Changed | undefined {
    const changed = this.#rebuilding.changed(found, change)
    if (changed === undefined) return undefined
    const { solution, ...rest } = changed
    return { ...rest, proven: solution && this.#filled(solution, goal) }
  }

  /** The nodes of a plan of ours with those that it takes to place every pod. */
  #startFrom(plan: Plan): Fleet | undefined {
    const made = this.#made.get(plan)
    if (made === undefined) return undefined
    const { added } = this.#repaired(nodesOf(made.solution), made.goal)
    return added && fleetOfPlan(made.solution.layouts, added)
  }

  /** Of a fleet that the scheduler fills by itself. */
  #filled(solution: Solution, goal: Goal, further?: Replay['further']): ProvenPlan {
    const proven = this.#proven(solution, goal)
    const replay = { unplaced: 0, realised: proven.plan, ...(further === undefined ? {} : { further }) }
    return { ...proven, replay: () => replay }
  }

  /**
   * Answers what a plan of this problem costs less without some of its nodes; machines are bought as the goal allows.
   * Undefined for a plan that is not of this problem.
   */
  releases<Result>(plan: Plan, goal: Goal, ask: (releases: Releases) => Result): Result | undefined {
    const pendingLeft = plan.unplaced.map(({ pod }) => pod)
    return this.#solver.onPlan(plan, (draft, slotsOf) => {
      const nodes = [...slotsOf.values()].reduce((total, slots) => total + slots.length, 0)
      return ask(
        new Releases({
          draft,
          slotsOf,
          scheduler: nodes * this.#running.length > MOST_STEPS_OF_A_REFILL ? undefined : this.#scheduler,
          shop: this.#shop(goal).machinesFor,
          toPlan: (layouts) => this.#toPlan({ layouts, pendingPlaced: new Map(), pendingLeft }),
          limits: this.#problem.limits,
        }),
      )
    })
  }

  /**
   * The plan on the same nodes with no more pods moved, with replicas apart and with more of what pods prefer, where that
   * costs nothing.
   */
  keepWishes(plan: Plan): Plan {
    const today = this.#toPlan(this.#solver.today())
    const book = this.#wishesOf(today)
    const budget = MOST_STEPS_OF_WISHES
    const isIndifferent = (pod: Pod): boolean =>
      book === undefined || (book.of(pod) === undefined && book.selecting(pod).length === 0)
    const better = this.#solver.onPlan(plan, (draft, slotsOf) => {
      const parted = partReplicas({ plan, today, draft, slotsOf, isIndifferent, budget })
      return book === undefined ? parted : keepWishes({ plan: parted, today, book, draft, slotsOf, budget })
    })
    return better === undefined || better === plan ? plan : this.#leftOver.explain(better)
  }

  #proven(solution: Solution, goal: Goal): ProvenPlan {
    const layouts = [...solution.layouts.values()]
    const asked = isWithinShare(solution, goal) ? goal : withoutShare(goal)
    const { rate, basis } = this.#bound(asked, keepingSpot(solution, goal))
    const plan = this.#toPlan(solution)
    this.#made.set(plan, { solution, goal })
    return {
      plan,
      bound: { rate: this.#withFees(rate), basis },
      breaches: layouts.reduce((sum, layout) => sum + layout.breaches, 0),
      replay: once(() => this.#replay(solution, goal)),
    }
  }

  /** Nodes that no plan touches are in the cost of every plan, so they are in the bound as well. */
  #withFees(rate: number): MicroUsdPerHour {
    return this.#untouched.reduce(
      (sum, { price }) => sum + (price.kind === 'known' ? price.rate : 0),
      rate,
    ) as MicroUsdPerHour
  }

  /** The margin of `fewest` does not matter: no plan for the policy costs less. */
  #bound(goal: Goal, withSpot: ReadonlySet<string>): LowerBound {
    const key = JSON.stringify([goal.kind === 'repack' ? goal.kind : goal.policy, ...withSpot])
    const known = this.#bounds.get(key) ?? this.#newBound(goal, withSpot)
    this.#bounds.set(key, known)
    return known
  }

  #newBound(goal: Goal, withSpot: ReadonlySet<string>): LowerBound {
    const roomy = goal.kind === 'repack' ? 0 : roundedDown(this.#solver.leastWithHeadroom(goal.policy))
    const bare = this.#bareBound(goal, withSpot)
    return roomy <= bare.rate ? bare : { rate: roomy as MicroUsdPerHour, basis: BY_HEADROOM }
  }

  #bareBound(goal: Goal, withSpot: ReadonlySet<string>): LowerBound {
    const plain = lowerBound(this.#problem, goal, (group) => this.#solver.packed(group, goal, withSpot.has(group.name)))
    if (goal.kind === 'repack' || goal.policy.kind !== 'spot' || goal.policy.share >= 1) return plain
    const mixed = roundedDown(this.#solver.leastWithSpot(goal.policy.share))
    return mixed <= plain.rate ? plain : { rate: mixed as MicroUsdPerHour, basis: BY_SHARE }
  }

  #toPlan(solution: Solution): Plan {
    return this.#leftOver.explain(toPlan(solution, this.#problem, this.#untouched))
  }

  #replay(solution: Solution, goal: Goal): Replay | undefined {
    const slots = nodesOf(solution)
    if (slots.length * this.#running.length > MOST_STEPS_OF_A_REFILL) return undefined
    const { unplaced, added } = this.#repaired(slots, goal)
    if (added === undefined) return { unplaced: unplaced.length, realised: undefined }
    return {
      unplaced: unplaced.length,
      realised: this.#toPlan(withAdded(solution, added)),
      further: () => furtherOrders(this.#scheduler, [...slots, ...added]),
    }
  }

  /** Pods left over in the worst order; undefined where the cluster is too large for many refills. */
  #refillUnplaced(solution: Solution): number | undefined {
    const slots = nodesOf(solution)
    if (slots.length * this.#running.length > MOST_STEPS_OF_A_SEARCHED_REFILL) return undefined
    return worstOver(this.#scheduler, slots, JUDGES).length
  }

  /** Many scenarios come to the same nodes. */
  #repaired(slots: readonly Slot[], goal: Goal): Repair {
    const onOffer = goal.kind === 'repack' ? goal.kind : goal.policy.kind
    const key = [onOffer, ...slots.map(identityOf)].join('\n')
    const known = this.#repairs.get(key)
    if (known !== undefined) return known
    const made = repair(this.#scheduler, slots, this.#shop(goal), JUDGES, MOST_STEPS_OF_A_REPAIR)
    this.#repairs.set(key, made)
    return made
  }

  /** A board of its own, made only where plans are replayed. */
  get #scheduler(): ReplayScheduler {
    return (this.#madeScheduler ??= this.#newScheduler())
  }
}
