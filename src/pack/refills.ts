import type { CapacityPolicy, FurtherOrders, Goal } from '../domain/goal.js'
import type { Pod } from '../domain/pod.js'
import type { BoardContext } from './board/board.js'
import { identityOf, type Slot } from './draft.js'
import { once } from './once.js'
import type { Conditions } from './replay/conditions.js'
import { furtherOrders } from './replay/further-orders.js'
import { JUDGES, repair, worstOver, type Repair } from './replay/repair.js'
import { ReplayScheduler, ROLLOUTS } from './replay/replay.js'
import type { Shop } from './replay/shop.js'

/** Pods × nodes up to which plans are refilled: beyond it one refill would take a minute. */
const MOST_STEPS_OF_A_REFILL = 1_000_000_000
/** Pods × nodes of a refill up to which single nodes are tried in a plan. */
const MOST_STEPS_OF_A_TRIED_REFILL = 60_000_000
/**
 * What a look at a plan may cost that is not recommended unless it is asked for: it is judged by as many orders as that
 * allows, but not by fewer than these.
 */
const MOST_STEPS_TO_JUDGE = 300_000_000
const FEWEST_JUDGES = 3
/** Pods × nodes of a refill up to which hundreds of fleets are replayed. */
export const MOST_STEPS_OF_A_SEARCHED_REFILL = 10_000_000
/** What the repair of one plan may cost. */
const MOST_STEPS_OF_A_REPAIR = 150_000_000

/** What may be bought for a repair. */
type OnOffer = CapacityPolicy['kind'] | 'repack'

const keyOf = (onOffer: OnOffer, slots: readonly Slot[]): string => [onOffer, ...slots.map(identityOf)].join('\n')

/** What the default scheduler makes of sets of nodes when it refills them from empty. */
export class Refills {
  readonly #running: readonly Pod[]
  readonly #shop: (goal: Goal) => Shop
  readonly #repairs = new Map<string, Repair>()
  /** In the cluster as it is; a board of its own, made only where plans are refilled. */
  readonly scheduler: () => ReplayScheduler
  /** In a cluster that was changed; a new one each time, since its priorities can be changed as well. */
  readonly newScheduler: (conditions: Conditions) => ReplayScheduler

  /** `running`: pods that run now; those that can run on no machine on offer stay where they are. */
  constructor(context: BoardContext, running: readonly Pod[], shop: (goal: Goal) => Shop) {
    this.#running = running
    this.#shop = shop
    const stays = (pod: Pod): boolean => shop({ kind: 'repack' }).machinesFor(pod).length === 0
    this.newScheduler = (conditions) => new ReplayScheduler(context, running, stays, ROLLOUTS, conditions)
    this.scheduler = once(() => this.newScheduler({}))
  }

  isTooLarge(nodes: number): boolean {
    return this.#stepsOn(nodes) > MOST_STEPS_OF_A_REFILL
  }

  isTooLargeToTry(nodes: number): boolean {
    return this.#stepsOn(nodes) > MOST_STEPS_OF_A_TRIED_REFILL
  }

  /** Pods left over in the worst order; where the cluster is too large for many refills, only what is known already. */
  unplaced(slots: readonly Slot[]): number | undefined {
    if (this.#stepsOn(slots.length) > MOST_STEPS_OF_A_SEARCHED_REFILL)
      return this.#repairs.get(keyOf('as-is', slots))?.unplaced.length
    return worstOver(this.scheduler(), slots, JUDGES).length
  }

  /** What is left over, and the nodes that it takes besides, bought as the goal allows. Many scenarios come to the same nodes. */
  repaired(slots: readonly Slot[], goal: Goal): Repair {
    const onOffer = goal.kind === 'repack' ? goal.kind : goal.policy.kind
    const key = keyOf(onOffer, slots)
    const known = this.#repairs.get(key)
    if (known !== undefined) return known
    const made = repair(this.scheduler(), slots, this.#shop(goal), this.#judges(slots, onOffer), MOST_STEPS_OF_A_REPAIR)
    this.#repairs.set(key, made)
    return made
  }

  /** How the nodes fare in orders that no search has seen. */
  further(slots: readonly Slot[]): FurtherOrders {
    return furtherOrders(this.scheduler(), slots)
  }

  #judges(slots: readonly Slot[], onOffer: OnOffer): readonly number[] {
    if (onOffer === 'repack' || onOffer === 'as-is') return JUDGES
    const affordable = MOST_STEPS_TO_JUDGE / Math.max(1, this.#stepsOn(slots.length))
    return JUDGES.slice(0, Math.max(FEWEST_JUDGES, affordable))
  }

  /** Pods × nodes of one refill. */
  #stepsOn(nodes: number): number {
    return nodes * this.#running.length
  }
}
