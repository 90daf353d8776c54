import { AS_IS, type CapacityPolicy, type Goal } from '../domain/goal.js'
import { isOnSpot } from '../domain/offering.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { sum, type Resources } from '../domain/resources.js'
import type { ColumnPlan, ColumnPlans } from './bins/column-plans.js'
import { chargedFor } from './bins/bin-places.js'
import type { VolumeCounts } from './bins/bin-room.js'
import { nodeLimits, type Draft, type NodeLimits, type Slot } from './draft.js'
import { drain } from './drain.js'
import { policyKey } from './goal.js'
import type { Surcharge } from './bins/bin-question.js'
import { capture, type Layout } from './layout.js'
import type { Machines, Market } from './machines.js'
import { mainShapes } from './main-shapes.js'
import { podsTimesNodes, staysAnyway, type LiveNode, type PackGroup, type PackProblem } from './problem.js'
import { replan, trim, type Blueprint, type Materials } from './replan.js'
import { Rivals } from './bins/rivals.js'
import { rankShapes } from './shapes.js'
import { keepsLimits, withinLimit } from './within-limit.js'
import { spotWish, type SpotWish } from './spot/spot.js'
import { volumeCounts } from './board/volume-counts.js'

/** Pods × shapes that one group may cost: budgets count steps, so that the result does not depend on the machine. */
const STEPS = 400_000
const MOST_SHAPES = 5
/** Pods × nodes of a cluster beyond which column generation takes more time and memory than it is worth. */
export const MOST_TO_PACK = 2_000_000_000
/** Pods × nodes beyond which a whole cluster is not packed anew for one figure more. */
export const MOST_TO_PACK_ANEW = 60_000_000
const FEWEST_SHAPES = 2
const NO_MACHINES: readonly NodeOption[] = []

export type PricedLayouts = { readonly packed: ColumnPlan; readonly layouts: readonly Layout[] }
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
  readonly #rivals: Rivals
  readonly #rails: NodeLimits
  readonly #volumesOf: VolumeCounts
  readonly #isTooLarge: boolean
  #bought = 0

  /** `elsewhere`: pods on nodes that no plan touches. */
  constructor(problem: PackProblem, draft: Draft, machines: Machines, columns: ColumnPlans, elsewhere: readonly Pod[]) {
    this.#problem = problem
    this.#rivals = new Rivals(problem, draft.board, elsewhere)
    this.#rails = nodeLimits(problem)
    this.#volumesOf = volumeCounts(problem)
    this.#draft = draft
    this.#machines = machines
    this.#columns = columns
    this.#isTooLarge = podsTimesNodes(problem) > MOST_TO_PACK
  }

  of(state: GroupState, goal: Goal): readonly Layout[] {
    const policy = goal.kind === 'repack' ? undefined : goal.policy
    const wish = policy === undefined ? '' : this.wish(policy).key
    const key = `${state.group.name} ${policyKey(state.group, policy, wish)}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const found = [state.keep, ...this.#within(state, policy, this.#changed(state, policy))]
    this.#found.set(key, found)
    return found
  }

  #within(state: GroupState, policy: CapacityPolicy | undefined, layouts: readonly Layout[]): readonly Layout[] {
    const group = state.group.name
    const limit = this.#problem.limits.groupLimits?.get(group)
    if (limit === undefined || policy === undefined) return layouts
    const isStrict = policy.kind === 'on-demand' && state.group.live.some(isSpot)
    const priced = (surcharge: Surcharge) => this.priced(state, policy, surcharge, isStrict)?.layouts
    return withinLimit(layouts, { group, limit, priced })
  }

  /** Does the layout keep the group within its limit, or buy nothing? */
  keepsLimit({ nodes }: Layout): boolean {
    const slots = nodes.map(({ slot }) => slot)
    return keepsLimits(slots, this.#problem.limits.groupLimits)
  }

  #changed(state: GroupState, policy: CapacityPolicy | undefined): readonly Layout[] {
    if (policy === undefined) return [...this.#drained(state), ...this.#repacked(state)]
    // What needs no spot node beyond today's is a plan with spot nodes as well.
    const others =
      policy.kind === 'spot' ? this.of(state, AS_IS).filter((one) => one !== state.keep) : this.#drained(state)
    return [...others, ...this.#rebuilt(state, policy)]
  }

  /** Which pods the policy wants on spot. */
  wish(policy: CapacityPolicy): SpotWish {
    const key = JSON.stringify(policy)
    const known = this.#wishes.get(key) ?? spotWish(policy, this.#problem)
    this.#wishes.set(key, known)
    return known
  }

  market(group: PackGroup, policy: CapacityPolicy): Market {
    return this.#machines.on(group, policy)
  }

  /**
   * The group packed for a goal by column generation, with its lower bound. A plan with on-demand nodes keeps no spot node
   * but those that stay; where that leaves a pod without a place, or with `keepsSpot`, it may.
   */
  packed(group: PackGroup, goal: Goal, keepsSpot = false): ColumnPlan | undefined {
    return this.#packed(group, goal, ANY_POD, keepsSpot)
  }

  #packed(group: PackGroup, goal: Goal, wish: SpotWish, keepsSpot = false): ColumnPlan | undefined {
    if (this.#isTooLarge) return undefined
    const policy = goal.kind === 'repack' ? undefined : goal.policy
    const isStrict = policy?.kind === 'on-demand' && !keepsSpot && group.live.some(isSpot)
    const key = `${policyKey(group, policy, wish.key)} ${isStrict}`
    const packings = this.#columns.packingsOf(group)
    const known = packings.get(key)
    if (known !== undefined) return known
    const made = this.#pack(group, policy, wish.wants, isStrict, key)
    const found = isStrict && made.plan.unpacked.length > 0 ? this.#packed(group, goal, wish, true) : made
    if (found !== undefined) packings.set(key, found)
    return found
  }

  /**
   * The group packed as though machines cost more or less than they do, and the layouts that come of it, at real prices:
   * the packing itself, and first fit on the machines that it uses most, where rules between pods undo it. `isStrict`: no spot
   * node that could go is kept. Undefined where the cluster is too large.
   */
  priced(state: GroupState, policy: CapacityPolicy, surcharge: Surcharge, isStrict = false): PricedLayouts | undefined {
    if (this.#isTooLarge) return undefined
    const key = `${policyKey(state.group, policy, ANY_POD.key)} ${isStrict}`
    const packed = this.#pack(state.group, policy, ANY_POD.wants, isStrict, key, surcharge)
    const shapes = mainShapes(packed, this.#machines.on(state.group, policy).options)
    const layouts = this.#layOut(state, policy, { packing: packed, anew: isShared(state) }, shapes, surcharge)
    const { plan, nodes: today, staying } = packed
    const stays = new Set(staying)
    const isAdded = (type: number): boolean => !today[type]!.some((live) => stays.has(live))
    const planned = plan.bins.reduce((sum, { type, n }) => sum + (isAdded(type) ? n : 0), staying.length)
    const isUndone = shapes.size > 0 && layouts.every(({ nodes }) => nodes.length > planned)
    const all = isUndone ? [...layouts, ...this.#layOut(state, policy, undefined, shapes, surcharge)] : layouts
    return { packed, layouts: all.filter((layout) => this.keepsLimit(layout)) }
  }

  #pack(
    group: PackGroup,
    policy: CapacityPolicy | undefined,
    wantsSpot: (pod: Pod) => boolean,
    isStrict: boolean,
    key: string,
    surcharge?: Surcharge,
  ): ColumnPlan {
    const { suits, interests } = this.#problem
    const kindOf = (pod: Pod): number => this.#machines.kindOf(pod)
    const { groupLimits, wholeHeadroom } = this.#problem.limits
    const common = {
      ...{
        group,
        suits,
        interests,
        wholeHeadroom,
        limit: groupLimits?.get(group.name),
        rails: this.#rails,
        rivals: this.#rivals,
        volumesOf: this.#volumesOf,
      },
      mayKeep: (live: LiveNode): boolean => !isStrict || !isSpot(live),
      placementKey: (pod: Pod): number => this.#draft.board.placementKey(pod),
    }
    if (policy === undefined)
      return this.#columns.of({ ...common, options: [], machinesFor: () => NO_MACHINES, podKind: kindOf }, key)
    const { options, that } = this.#machines.on(group, policy)
    const isOpen = (pod: Pod): boolean => policy.kind !== 'spot' || wantsSpot(pod)
    const onDemand = new Map<readonly NodeOption[], readonly NodeOption[]>()
    const onDemandOf = (machines: readonly NodeOption[]): readonly NodeOption[] => {
      const some = onDemand.get(machines) ?? machines.filter(({ capacityType }) => capacityType !== 'spot')
      onDemand.set(machines, some)
      return some
    }
    const machinesFor = (pod: Pod): readonly NodeOption[] => (isOpen(pod) ? that(pod) : onDemandOf(that(pod)))
    // A policy may want some pods of a kind on spot, and not the others.
    const podKind = (pod: Pod): number => 2 * kindOf(pod) + (isOpen(pod) ? 1 : 0)
    return this.#columns.of({ ...common, options, machinesFor, podKind }, key, surcharge)
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

  /** Laid out by column generation on nodes of today alone. */
  #repacked({ group, slots }: GroupState): readonly Layout[] {
    const packing = this.packed(group, { kind: 'repack' })
    if (packing === undefined || packing.plan.unpacked.length > 0) return []
    const materials: Materials = {
      ...{ reusable: slots.filter(mayGo), fixed: slots.filter((slot) => !mayGo(slot)), options: [], shapes: new Set() },
      ...{ machinesFor: () => [], wantsSpot: () => true, suits: this.#problem.suits, nextName: () => '' },
    }
    return this.#attempt(() => {
      const used = replan(this.#draft, materials, { packing, anew: true })
      return used === undefined ? undefined : capture(this.#draft, used, 'columns')
    })
  }

  #rebuilt(state: GroupState, policy: CapacityPolicy): Layout[] {
    const { group, slots } = state
    const { options } = this.#machines.on(group, policy)
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
    const first =
      blueprint === undefined
        ? []
        : (isShared(state) ? [true, false] : [false]).map((anew) => ({ packing: blueprint, anew }))
    return [...first, ...Array.from({ length: attempts }, () => undefined)]
      .map((packed, at) => {
        const rank = Math.max(0, at - first.length)
        const shapes = [onDemand[Math.min(rank, onDemand.length - 1)], spot[Math.min(rank, spot.length - 1)]]
        return this.#layOut(state, policy, packed, new Set(shapes.filter((type) => type !== undefined)))
      })
      .flat()
  }

  #layOut(
    { group, slots }: GroupState,
    policy: CapacityPolicy,
    packed: Blueprint | undefined,
    shapes: ReadonlySet<string>,
    surcharge?: Surcharge,
  ): Layout[] {
    const { options, that } = this.#machines.on(group, policy)
    const { groupLimits, wholeHeadroom } = this.#problem.limits
    const rules = { limit: groupLimits?.get(group.name), wholeHeadroom }
    const charges =
      surcharge &&
      new Map(
        options.map((option) => [option, option.price.rate + surcharge(chargedFor(option, option.overhead, rules))]),
      )
    const materials: Materials = {
      reusable: slots.filter(mayGo),
      fixed: slots.filter((slot) => !mayGo(slot)),
      options,
      shapes,
      machinesFor: that,
      wantsSpot: this.wish(policy).wants,
      suits: this.#problem.suits,
      charge: charges && ((option) => charges.get(option)!),
      nextName: () => `new-${group.name}-${(this.#bought += 1)}`,
    }
    return this.#attempt(() => {
      const used = replan(this.#draft, materials, packed)
      if (used === undefined) return undefined
      const method = packed === undefined ? [...shapes].join(' + ') : 'columns'
      return capture(this.#draft, trim(this.#draft, used, materials), method)
    })
  }
}

const ANY_POD: SpotWish = { key: 'spot', wants: () => true }
/** Are there nodes that stay, with pods that could go elsewhere? */
const isShared = ({ slots }: GroupState): boolean => slots.some((slot) => !mayGo(slot))
const isSpot = ({ node }: LiveNode): boolean => isOnSpot(node)

/** May a plan do without the node? */
export const mayGo = (slot: Slot): boolean => slot.origin.kind === 'live' && !staysAnyway(slot.origin.live)
