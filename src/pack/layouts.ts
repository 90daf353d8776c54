import type { CapacityPolicy, Goal } from '../domain/goal.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { sum, type Resources } from '../domain/resources.js'
import type { ColumnPlan, ColumnPlans } from './column-plans.js'
import type { Draft, Slot } from './draft.js'
import { drain } from './drain.js'
import { policyKey } from './goal.js'
import { capture, type Layout } from './layout.js'
import type { Machines } from './machines.js'
import type { PackGroup, PackProblem } from './problem.js'
import { replan, trim, type Materials } from './replan.js'
import { rankShapes } from './shapes.js'
import { spotWish, type SpotWish } from './spot.js'

/** Pods × shapes that one group may cost: budgets count steps, so that the result does not depend on the machine. */
const STEPS = 400_000
const MOST_SHAPES = 5
/** Pods × nodes of a cluster beyond which column generation takes more time and memory than it is worth. */
const MOST_TO_PACK = 60_000_000
const FEWEST_SHAPES = 2

export type GroupState = { readonly group: PackGroup; readonly slots: readonly Slot[]; readonly keep: Layout }

/**
 * Finds what each group could look like for a goal, the other groups as they are today: as it is, drained, laid out by
 * column generation, and by first fit on a few main shapes. Each attempt is taken back; equal questions are answered
 * once.
 */
export class LayoutSearch {
  readonly #problem: PackProblem
  readonly #draft: Draft
  readonly #machines: Machines
  readonly #columns: ColumnPlans
  readonly #found = new Map<string, readonly Layout[]>()
  readonly #wishes = new Map<string, SpotWish>()
  readonly #packings = new Map<string, ColumnPlan>()
  readonly #isTooLarge: boolean
  #bought = 0

  constructor(problem: PackProblem, draft: Draft, machines: Machines, columns: ColumnPlans) {
    this.#problem = problem
    this.#draft = draft
    this.#machines = machines
    this.#columns = columns
    const live = problem.groups.flatMap((group) => group.live)
    this.#isTooLarge = live.length * live.reduce((count, { pods }) => count + pods.length, 0) > MOST_TO_PACK
  }

  of(state: GroupState, goal: Goal): readonly Layout[] {
    const policy = goal.kind === 'repack' ? undefined : goal.policy
    const wish = policy === undefined ? '' : this.wish(policy).key
    const key = `${state.group.name} ${policyKey(state.group, policy, wish)}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const found = [state.keep, ...this.#drained(state), ...(policy === undefined ? [] : this.#rebuilt(state, policy))]
    this.#found.set(key, found)
    return found
  }

  /** Which pods the policy wants on spot. */
  wish(policy: CapacityPolicy): SpotWish {
    const key = JSON.stringify(policy)
    const known = this.#wishes.get(key) ?? spotWish(policy, this.#problem)
    this.#wishes.set(key, known)
    return known
  }

  /** The group packed for a goal by column generation, with its lower bound; rules between pods are not looked at. */
  packed(group: PackGroup, goal: Goal): ColumnPlan | undefined {
    const free: SpotWish = { key: 'spot', wants: () => true }
    return this.#packed(group, goal, free)
  }

  #packed(group: PackGroup, goal: Goal, { key: wish, wants }: SpotWish): ColumnPlan | undefined {
    if (this.#isTooLarge) return undefined
    const policy = goal.kind === 'repack' ? undefined : goal.policy
    const key = `${group.name} ${policyKey(group, policy, wish)}`
    const known = this.#packings.get(key) ?? this.#pack(group, policy, wants)
    this.#packings.set(key, known)
    return known
  }

  #pack(group: PackGroup, policy: CapacityPolicy | undefined, wantsSpot: (pod: Pod) => boolean): ColumnPlan {
    const { suits, interests } = this.#problem
    const ofPod = (pod: Pod): number => this.#machines.kindOf(pod)
    const placementKey = (pod: Pod): number => this.#draft.board.placementKey(pod)
    if (policy === undefined)
      return this.#columns.of({
        group,
        suits,
        interests,
        placementKey,
        options: [],
        machinesFor: () => [],
        podKind: ofPod,
      })
    const { options, that } = this.#machines.on(group, policy)
    const isOpen = (pod: Pod): boolean => policy.kind !== 'spot' || wantsSpot(pod)
    return this.#columns.of({
      ...{ group, suits, interests, placementKey, options },
      machinesFor: (pod) => (isOpen(pod) ? that(pod) : that(pod).filter(({ capacityType }) => capacityType !== 'spot')),
      // A policy may want some pods of a kind on spot, and not the others.
      podKind: (pod) => 2 * ofPod(pod) + (isOpen(pod) ? 1 : 0),
    })
  }

  #attempt(make: () => Layout | undefined): Layout[] {
    const mark = this.#draft.mark()
    const layout = make()
    this.#draft.rollback(mark)
    return layout === undefined ? [] : [layout]
  }

  #drained({ group, slots }: GroupState): readonly Layout[] {
    const key = `${group.name} drained`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const found = this.#attempt(() => capture(this.#draft, drain(this.#draft, slots, mayGo), 'drain'))
    this.#found.set(key, found)
    return found
  }

  #rebuilt(state: GroupState, policy: CapacityPolicy): Layout[] {
    const { group, slots } = state
    const market = this.#machines.on(group, policy)
    const { options } = market
    const movable = slots.filter(mayGo).flatMap((slot) => [...slot.pods])
    if (movable.length === 0 || options.length === 0) return []
    const { wants: wantsSpot } = this.wish(policy)
    const demandOf = (spot: boolean): Resources =>
      sum(movable.filter((pod) => wantsSpot(pod) === spot).map((pod) => pod.needed))
    const most = Math.max(FEWEST_SHAPES, Math.min(MOST_SHAPES, Math.floor(STEPS / movable.length)))
    const ofType = (spot: boolean): NodeOption[] =>
      options.filter((option) => (option.capacityType === 'spot') === spot)
    const onDemand = rankShapes(ofType(false), demandOf(false), most)
    const spot = rankShapes(ofType(true), demandOf(true), most)
    const attempts = Math.max(onDemand.length, spot.length)
    const blueprint = this.#packed(group, { kind: 'cheapest', policy }, this.wish(policy))
    const first = blueprint === undefined ? [] : [blueprint]
    return [...first, ...Array.from({ length: attempts }, () => undefined)]
      .map((packed, at) => {
        const rank = Math.max(0, at - first.length)
        const shapes = new Set([onDemand[Math.min(rank, onDemand.length - 1)], spot[Math.min(rank, spot.length - 1)]])
        const materials: Materials = {
          reusable: slots.filter(mayGo),
          fixed: slots.filter((slot) => !mayGo(slot)),
          options,
          shapes: new Set([...shapes].filter((type) => type !== undefined)),
          machinesFor: market.that,
          wantsSpot,
          suits: this.#problem.suits,
          nextName: () => `new-${group.name}-${(this.#bought += 1)}`,
        }
        return this.#attempt(() => {
          const used = replan(this.#draft, materials, packed)
          if (used === undefined) return undefined
          const method = packed === undefined ? [...materials.shapes].join(' + ') : 'columns'
          return capture(this.#draft, trim(this.#draft, used, materials), method)
        })
      })
      .flat()
  }
}

/** May a plan do without the node? */
export const mayGo = (slot: Slot): boolean =>
  slot.origin.kind === 'live' && slot.origin.live.mustStay === undefined && slot.origin.live.pinned.size === 0
