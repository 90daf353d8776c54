import type { Goal, PlanSource, ProvenPlan, Replay } from '../domain/goal.js'
import type { NodeOption, Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import type { BoardContext } from './board.js'
import type { Slot } from './draft.js'
import { allowedOptions } from './goal.js'
import { whyLeftOver } from './left-over.js'
import { lowerBound } from './lower-bound.js'
import type { PackGroup, PackProblem } from './problem.js'
import { ReplayScheduler } from './refill.js'
import { Solver, type Solution } from './solve.js'
import { toPlan, type Untouched } from './to-plan.js'

/** Placements × nodes up to which plans are refilled: beyond it the replay would take minutes. */
const MOST_REFILL_STEPS = 40_000_000

/** The front door of the room: plans for goals, each with its lower bound and its replay. */
export class Planner implements PlanSource {
  readonly #problem: PackProblem
  readonly #untouched: readonly Untouched[]
  readonly #solver: Solver
  readonly #recommended: Goal
  readonly #scheduler: ReplayScheduler
  readonly #groupOf: ReadonlyMap<string, PackGroup>
  readonly #reasons = new Map<Pod, string>()

  constructor(problem: PackProblem, context: BoardContext, untouched: readonly Untouched[], recommended: Goal) {
    this.#recommended = recommended
    this.#problem = problem
    this.#untouched = untouched
    this.#solver = new Solver(problem, context)
    this.#groupOf = new Map(problem.groups.flatMap((group) => group.live.map(({ node }) => [node.name, group])))
    this.#scheduler = new ReplayScheduler(context)
  }

  /** Everything as it stands; its bound is the one of the goal that it is measured against. */
  today(goal: Goal): ProvenPlan {
    return this.#proven(this.#solver.today(), goal)
  }

  plan(goal: Goal): ProvenPlan {
    return this.#proven(this.#solver.solve(goal), goal)
  }

  #proven(solution: Solution, goal: Goal): ProvenPlan {
    const layouts = [...solution.layouts.values()]
    const plan = this.#toPlan(solution)
    const fees = this.#untouched.reduce((sum, { price }) => sum + (price.kind === 'known' ? price.rate : 0), 0)
    const bound = lowerBound(this.#problem, goal)
    return {
      plan,
      // Nodes that no plan touches are in the cost of every plan, so they are in the bound as well.
      bound: { ...bound, rate: (bound.rate + fees) as MicroUsdPerHour },
      breaches: layouts.reduce((sum, layout) => sum + layout.breaches, 0),
      replay: once(() => this.#replay(solution, goal)),
    }
  }

  #toPlan(solution: Solution): Plan {
    return toPlan(solution, this.#untouched, (pod) => this.#reason(pod))
  }

  #reason(pod: Pod): string {
    const known = this.#reasons.get(pod)
    if (known !== undefined) return known
    const reason = whyLeftOver(pod, this.#problem)
    this.#reasons.set(pod, reason)
    return reason
  }

  #replay(solution: Solution, goal: Goal): Replay | undefined {
    const slots = [...solution.layouts.values()].flatMap(({ nodes }) => nodes.map(({ slot }) => slot))
    const pods = [...solution.layouts.values()].flatMap(({ nodes }) => nodes.flatMap((node) => node.pods))
    if (slots.length * pods.length > MOST_REFILL_STEPS) return undefined
    const result = this.#scheduler.refill(slots, pods, (pod) => this.#machinesFor(pod, goal), this.#isCandidate(goal))
    if (result.added === undefined) return { unplaced: result.unplaced.length, realised: undefined }
    const extra = new Map<string, Slot[]>()
    for (const slot of result.added)
      if (slot.origin.kind === 'new')
        extra.set(slot.origin.option.group, [...(extra.get(slot.origin.option.group) ?? []), slot])
    const layouts = new Map(
      [...solution.layouts].map(([group, layout]) => [
        group,
        { ...layout, nodes: [...layout.nodes, ...(extra.get(group) ?? []).map((slot) => ({ slot, pods: [] }))] },
      ]),
    )
    return { unplaced: result.unplaced.length, realised: this.#toPlan({ ...solution, layouts }) }
  }

  /** Plans that may be recommended are worth the repair; of the others it is enough to know what is left over. */
  #isCandidate(goal: Goal): boolean {
    if (goal.kind === 'repack') return true
    return goal.policy.kind === 'as-is' || JSON.stringify(goal) === JSON.stringify(this.#recommended)
  }

  /** Machines of the pod's own group that could hold it, cheapest first. */
  #machinesFor(pod: Pod, goal: Goal): readonly NodeOption[] {
    const group = this.#groupOf.get(pod.nodeName)
    if (group === undefined) return []
    const onOffer = goal.kind === 'repack' ? group.options : allowedOptions(group, goal.policy)
    const allowed = new Set(onOffer)
    return this.#solver.machinesFor(group, pod).filter((option) => allowed.has(option))
  }
}

/** A replay takes seconds; whoever asks again gets the first answer. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
