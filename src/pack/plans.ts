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
import type { Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { BoardContext } from './board/board.js'
import type { ColumnPlans } from './bins/column-plans.js'
import type { Slot } from './draft.js'
import { keepWishes } from './wishes/keep-wishes.js'
import { LeftOver } from './left-over.js'
import { sizeOf } from './node-frontier.js'
import { partReplicas } from './wishes/part-replicas.js'
import type { PackProblem } from './problem.js'
import { misplaced } from './layout.js'
import { once } from './once.js'
import { byText } from './order.js'
import { placePending } from './pending.js'
import { Releases } from './release/release.js'
import { Proofs } from './proofs.js'
import { Rebuilding, type Found } from './rebuilding.js'
import { Refills } from './refills.js'
import { fleetOfPlan, type Fleet } from './replay/fleet.js'
import type { Shop } from './replay/shop.js'
import { nodesOf, type Solution } from './assembly.js'
import { makeShops } from './shops.js'
import { Solver } from './solve.js'
import { toPlan, type Untouched } from './to-plan.js'
import { readWishes, type WishBook } from './wishes/wishes.js'

/** What it may cost to keep preferences. */
const MOST_STEPS_OF_WISHES = 2_000_000

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

/** The front door of the room: plans for goals, each with its lower bound and its replay. */
export class Planner implements PlanSource {
  readonly #problem: PackProblem
  readonly #untouched: readonly Untouched[]
  readonly #solver: Solver
  readonly #leftOver: LeftOver
  readonly #shop: (goal: Goal) => Shop
  readonly #refills: Refills
  readonly #proofs: Proofs
  readonly #plans = new Map<string, ProvenPlan>()
  readonly #adapted = new WeakMap<Plan, ReadonlyMap<string, ProvenPlan>>()
  readonly #rebuilding: Rebuilding
  readonly #planOf = new WeakMap<Solution, Plan>()
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
    const running = problem.groups.flatMap(({ live }) => live.flatMap(({ pods }) => pods))
    this.#wishesOf = ({ nodes }) =>
      readWishes(context.namespaces, [
        ...nodes.flatMap(({ pods, residentPods }) => [...pods, ...residentPods]),
        ...problem.pending,
      ])
    this.#refills = new Refills(context, running, this.#shop)
    this.#proofs = new Proofs(problem, this.#solver, untouched)
    this.#rebuilding = new Rebuilding({
      ...{ problem, running, groupOf },
      ...{ solver: this.#solver, refills: this.#refills, shopFor: this.#shop },
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

  /** Undefined for a plan that was not made here. */
  adapt(plan: Plan, goal: Goal): ProvenPlan | undefined {
    const made = this.#made.get(plan)
    if (made === undefined) return undefined
    const key = JSON.stringify(goal)
    const known = this.#adapted.get(plan)?.get(key) ?? this.#proven(this.#solver.adapt(made.solution, goal), goal)
    this.#adapted.set(plan, new Map([...(this.#adapted.get(plan) ?? []), [key, known]]))
    return known
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
      return {
        proven,
        bound: this.#proofs.ofFewer(sizeOf(solution).nodes, frontier, proven.bound),
        refillUnplaced: () => this.#refills.unplaced(nodesOf(solution)),
      }
    })
  }

  /** Pods of a plan of ours that a refill leaves over in the worst order; undefined for other plans, and for large clusters. */
  refillUnplaced(plan: Plan): number | undefined {
    const made = this.#made.get(plan)
    return made && this.#refills.unplaced(nodesOf(made.solution))
  }

  rebuildable(policy: CapacityPolicy, known: readonly ProvenPlan[] = []): Rebuildable | undefined {
    const goal: Goal = { kind: 'cheapest', policy }
    const found = this.#rebuilding.cheapest(policy, () => known.flatMap(({ plan }) => this.#startFrom(plan) ?? []))
    if (found === undefined) return undefined
    const { solution } = found
    const asked = new Map<string, Changed | undefined>()
    return {
      proven: solution && this.#filled(solution, goal, () => this.#refills.further(nodesOf(solution))),
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
    const { added } = this.#refills.repaired(nodesOf(made.solution), made.goal)
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
          scheduler: this.#refills.isTooLargeToTry(nodes) ? undefined : this.#refills.scheduler(),
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

  /** The plan with pods that wait on nodes that have come to have room for them, as by `keepWishes`. */
  placePending(plan: Plan): Plan {
    const waiting = plan.unplaced.map(({ pod }) => pod)
    if (waiting.length === 0) return plan
    const placed = this.#solver.onPlan(plan, (draft, slotsOf) => {
      const wrong = new Set(misplaced(draft))
      const isBroken = (): boolean => misplaced(draft).some((pod) => !wrong.has(pod))
      return placePending(draft, waiting, [...slotsOf.values()].flat(), isBroken).pendingPlaced
    })
    if (placed === undefined || placed.size === 0) return plan
    const nodes = plan.nodes.map((node) => {
      const come = [...placed].flatMap(([pod, { site }]) => (site.name === node.name ? [pod] : []))
      return come.length === 0 ? node : { ...node, pods: [...node.pods, ...come].sort((a, b) => byText(a.id, b.id)) }
    })
    return this.#leftOver.explain({ ...plan, nodes, unplaced: plan.unplaced.filter(({ pod }) => !placed.has(pod)) })
  }

  #proven(solution: Solution, goal: Goal): ProvenPlan {
    const layouts = [...solution.layouts.values()]
    const plan = this.#toPlan(solution)
    this.#made.set(plan, { solution, goal })
    return {
      plan,
      bound: this.#proofs.of(solution, goal),
      breaches: layouts.reduce((sum, layout) => sum + layout.breaches, 0),
      replay: once(() => this.#replay(solution, goal)),
    }
  }

  /** Answers to several questions may be one solution: their plans share its nodes, so that these are checked once. */
  #toPlan(solution: Solution): Plan {
    const known = this.#planOf.get(solution) ?? this.#leftOver.explain(toPlan(solution, this.#problem, this.#untouched))
    this.#planOf.set(solution, known)
    return { ...known }
  }

  #replay(solution: Solution, goal: Goal): Replay | undefined {
    const slots = nodesOf(solution)
    if (this.#refills.isTooLarge(slots.length)) return undefined
    const { unplaced, added } = this.#refills.repaired(slots, goal)
    if (added === undefined) return { unplaced: unplaced.length, realised: undefined }
    return {
      unplaced: unplaced.length,
      realised: this.#toPlan(withAdded(solution, added)),
      further: () => this.#refills.further([...slots, ...added]),
    }
  }
}
