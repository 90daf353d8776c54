import type { Pod } from '../../domain/pod.js'
import { slotsOf, type Alternatives, type Fleet } from './fleet.js'
import { Orders } from './orders.js'
import { JUDGES } from './repair.js'
import type { ReplayScheduler } from './replay.js'

/** The search for whole fleets tries as many of the orders as it can afford; every answer is judged by all of them. */
const FEWEST_SEEDS = 3
/** Orders that no step of the search has seen until a fleet is judged: as many as they may cost steps, within limits. */
const MOST_PROOF_STEPS = 24_000_000
/** Of twelve small clusters one of 150 other orders left a pod over with half as many, one of 800 with these. */
export const MOST_PROOFS = 200
/** Pods × nodes that the search may ask the replay for. */
export const MOST_STEPS = 300_000_000
const MOST_FILLS = 500
/** Refills that one run of the search is good for; what they leave of the budget goes into trying more orders. */
const FILLS_WANTED = 60

/** Orders by which answers are judged where a refill of today's nodes costs so many pods × nodes. */
export function judgesOf(cost: number, mostProofs = MOST_PROOFS): readonly number[] {
  const proofs = Math.min(mostProofs, Math.floor(MOST_PROOF_STEPS / Math.max(1, cost)))
  return [...JUDGES, ...Array.from({ length: proofs }, (_, index) => JUDGES.length + index + 1)]
}

/** The refills that a search for whole fleets may ask for, and the fleets that have passed. */
export class FleetTrials {
  readonly scheduler: ReplayScheduler
  readonly hasPlaces: (fleet: Fleet) => boolean
  /** Orders of the pods that the search tries, and those that answers are judged by. */
  readonly seeds: readonly number[]
  readonly judges: readonly number[]
  readonly passed: Fleet[] = []
  readonly #end: number
  readonly #orders: Orders
  #fills = 0

  constructor(
    scheduler: ReplayScheduler,
    groups: readonly Alternatives[],
    hasPlaces: (fleet: Fleet) => boolean,
    mostProofs: number,
  ) {
    this.scheduler = scheduler
    this.hasPlaces = hasPlaces
    this.#end = scheduler.steps + MOST_STEPS
    const today = groups.flatMap(({ choices }) => choices[0]?.slots ?? [])
    const cost = Math.max(1, scheduler.cost(today))
    const affordable = Math.floor(MOST_STEPS / (FILLS_WANTED * cost))
    this.judges = judgesOf(cost, mostProofs)
    this.seeds = JUDGES.slice(0, Math.max(FEWEST_SEEDS, affordable))
    this.#orders = new Orders(scheduler, this.seeds)
  }

  /** Does every order that the search tries leave nothing over, and is there a place for each pod? */
  works(fleet: Fleet): boolean {
    if (this.isSpent()) return false
    this.#fills += 1
    return this.#orders.allWork(slotsOf(fleet)) && this.hasPlaces(fleet)
  }

  /** Pods that one order leaves over; no more than so many are looked for. */
  left(fleet: Fleet, seed: number, most?: number): readonly Pod[] {
    this.#fills += 1
    return this.scheduler.leftOver(slotsOf(fleet), seed, most)
  }

  isSpent(): boolean {
    return this.#fills >= MOST_FILLS || this.scheduler.steps >= this.#end
  }

  keep(fleet: Fleet): Fleet {
    this.passed.push(fleet)
    return fleet
  }
}
