import type { Slot } from '../draft.js'
import type { ReplayScheduler } from './replay.js'

/**
 * Orders of the pods in which nodes are refilled. The order in which the last nodes failed is asked first of the next:
 * it is the likeliest to fail again, and saves the others.
 */
export class Orders {
  readonly #scheduler: Pick<ReplayScheduler, 'leftOver'>
  #seeds: readonly number[]

  constructor(scheduler: Pick<ReplayScheduler, 'leftOver'>, seeds: readonly number[]) {
    this.#scheduler = scheduler
    this.#seeds = seeds
  }

  /** One more order, to be asked first. */
  add(seed: number): void {
    this.#seeds = [seed, ...this.#seeds.filter((other) => other !== seed)]
  }

  /** Do so many of the orders, the likeliest to fail first, leave nothing over? */
  likeliestWork(slots: readonly Slot[], most: number): boolean {
    return this.#allOf(this.#seeds.slice(0, most), slots)
  }

  /** Does no order leave anything over? */
  allWork(slots: readonly Slot[]): boolean {
    return this.#allOf(this.#seeds, slots)
  }

  works(slots: readonly Slot[], seed: number): boolean {
    return this.#scheduler.leftOver(slots, seed, 0).length === 0
  }

  #allOf(seeds: readonly number[], slots: readonly Slot[]): boolean {
    const failed = seeds.find((seed) => !this.works(slots, seed))
    if (failed !== undefined) this.add(failed)
    return failed === undefined
  }
}
