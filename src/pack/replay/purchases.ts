import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'
import { room } from '../shapes.js'
import type { ReplayScheduler } from './replay.js'
import type { Shop } from './shop.js'

/** A pod that takes no more of a node finds room there, although others come first. */
const ROOMY = 0.5
/** Of a node that is said to be full, a small part is still looked for. */
const LEAST_PART = 0.02
/** Machines that are tried for a pod: the cheapest of which it takes at most such a part. */
const SHARES: readonly number[] = [1, 0.5, 0.25, 0.125]
/** Bids for one pod before it is given up; the last ones are for dozens of nodes. */
const MOST_BIDS = 10
/** Kinds of pods left over for which nodes are tried in one round, the biggest first. */
const MOST_KINDS = 3

/** An order of the pods that does not work out, and the pods left over. */
export type Failure = { readonly seed: number; readonly left: readonly Pod[] }

/** Which nodes to add for pods that are left over. */
export class Purchases {
  readonly #scheduler: Pick<ReplayScheduler, 'leftOver' | 'steps'>
  readonly #shop: Shop
  /** Steps of the scheduler after which nothing is tried any more. */
  readonly #end: number
  /** Nodes that were tried and not bought. */
  readonly #spare = new Map<NodeOption, Slot>()
  /** How often nodes were bought for a pod without a trial that helped. */
  readonly #bids = new Map<Pod, number>()

  constructor(scheduler: Pick<ReplayScheduler, 'leftOver' | 'steps'>, shop: Shop, end: number) {
    this.#scheduler = scheduler
    this.#shop = shop
    this.#end = end
  }

  /** The node that costs the least for each pod that it gets placed, or more of its kind where many are left over. */
  against({ seed, left }: Failure, slots: readonly Slot[]): Slot[] {
    let best: { readonly slot: Slot; readonly option: NodeOption; readonly saved: number; score: number } | undefined
    for (const option of this.#worthTrying(left)) {
      if (this.#scheduler.steps > this.#end) break
      const slot = this.#spareOf(option)
      if (!this.#shop.allows([...slots, slot])) continue
      const saved = left.length - this.#scheduler.leftOver([...slots, slot], seed, left.length - 1).length
      const score = option.price.rate / saved
      if (saved > 0 && (best === undefined || score < best.score)) best = { slot, option, saved, score }
    }
    if (best === undefined) return this.#bid(left, slots)
    const { slot, option, saved } = best
    this.#spare.delete(option)
    const more = Math.floor(left.length / (2 * saved)) - 1
    return [slot, ...this.#copiesOf(option, Math.max(0, more), [...slots, slot])]
  }

  /** So many nodes for each of the pods, of the cheapest kind of which it takes at most a half. */
  forEach(left: readonly Pod[], count: number, slots: readonly Slot[]): Slot[] {
    const bought: Slot[] = []
    for (const pod of left) {
      const machines = this.#shop.machinesFor(pod)
      const machine = cheapestFor(pod, machines, ROOMY) ?? largest(pod, machines)
      if (machine !== undefined) bought.push(...this.#copiesOf(machine, count, [...slots, ...bought]))
    }
    return bought
  }

  /**
   * Nodes of the cheapest kinds of which a pod takes at most such a part, so many that these parts of them have room for all of
   * the pods so many times, one at least. Nodes with devices are dear and few pods go there: a pod that asks for some gets a node
   * of which it may take a half.
   */
  roomFor(left: readonly Pod[], times: number, slots: readonly Slot[], part: number): Slot[] {
    const wanted = new Map<NodeOption, number>()
    const known = new Map<NodeOption, boolean>()
    const isAllowed = (option: NodeOption): boolean => {
      const allowed = known.get(option) ?? this.#shop.allows([...slots, this.#spareOf(option)])
      known.set(option, allowed)
      return allowed
    }
    for (const pod of left) {
      const asksForDevices = Object.values(pod.needed.extended).some((amount) => amount > 0)
      const free = asksForDevices ? ROOMY : Math.max(LEAST_PART, part)
      const machine = this.#machineFor(pod, free, isAllowed)
      if (machine === undefined) continue
      const nodes = asksForDevices ? 1 : shareOf(pod, machine) / free
      wanted.set(machine, (wanted.get(machine) ?? 0) + nodes)
    }
    const bought: Slot[] = []
    for (const [machine, nodes] of wanted)
      bought.push(...this.#copiesOf(machine, Math.ceil(times * Math.max(1, nodes)), [...slots, ...bought]))
    return bought
  }

  /** Of the pod's own group, or, where limits leave none of that size, of another one. */
  #machineFor(pod: Pod, part: number, isAllowed: (option: NodeOption) => boolean): NodeOption | undefined {
    const machines = this.#shop.machinesFor(pod)
    const own = machines.filter(isAllowed)
    const best = cheapestFor(pod, own, part)
    if (best !== undefined || machines.length === 0) return best
    return cheapestFor(pod, this.#shop.elsewhere?.(pod) ?? [], part) ?? largest(pod, own)
  }

  #spareOf(option: NodeOption): Slot {
    const slot = this.#spare.get(option) ?? this.#shop.nextSlot(option)
    this.#spare.set(option, slot)
    return slot
  }

  /** So many nodes of a kind, or as many as may stand beside these. */
  #copiesOf(option: NodeOption, count: number, slots: readonly Slot[]): Slot[] {
    const copies: Slot[] = []
    while (copies.length < count) {
      const slot = this.#shop.nextSlot(option)
      if (!this.#shop.allows([...slots, ...copies, slot])) break
      copies.push(slot)
    }
    return copies
  }

  #worthTrying(left: readonly Pod[]): Set<NodeOption> {
    const kinds = new Map<readonly NodeOption[], Pod>()
    for (const pod of left) {
      const machines = this.#shop.machinesFor(pod)
      const known = kinds.get(machines)
      if (known === undefined || pod.needed.cpu > known.needed.cpu) kinds.set(machines, pod)
    }
    const biggest = [...kinds].sort(([, a], [, b]) => b.needed.cpu - a.needed.cpu).slice(0, MOST_KINDS)
    return new Set(
      biggest.flatMap(([machines, pod]) => SHARES.flatMap((share) => cheapestFor(pod, machines, share) ?? [])),
    )
  }

  /** Nothing that was tried helps: more and more nodes, as large as need be for the pod to take a small part of one. */
  #bid(left: readonly Pod[], slots: readonly Slot[]): Slot[] {
    const [pod] = left
    if (pod === undefined) return []
    const bids = (this.#bids.get(pod) ?? 0) + 1
    if (bids > MOST_BIDS) return []
    this.#bids.set(pod, bids)
    const machines = this.#shop.machinesFor(pod)
    const machine = cheapestFor(pod, machines, SHARES[bids] ?? 0) ?? largest(pod, machines)
    if (machine === undefined) return []
    const count = Math.max(1, bids - SHARES.length)
    return this.#copiesOf(machine, count * count, slots)
  }
}

/** The cheapest machine of which the pod takes at most this part. */
export const cheapestFor = (pod: Pod, machines: readonly NodeOption[], share: number): NodeOption | undefined =>
  machines.find((option) => shareOf(pod, option) <= share)

const largest = (pod: Pod, machines: readonly NodeOption[]): NodeOption | undefined =>
  [...machines].sort((a, b) => shareOf(pod, a) - shareOf(pod, b) || a.price.rate - b.price.rate)[0]

/** The part of an empty machine that the pod takes, the worse of CPU and memory. */
function shareOf(pod: Pod, option: NodeOption): number {
  const { cpu, memory } = room(option)
  return Math.max(pod.needed.cpu / Math.max(1, cpu), pod.needed.memory / Math.max(1, memory))
}
