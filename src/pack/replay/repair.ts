import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { subtract, type Resources } from '../../domain/resources.js'
import { bytes, milliCpu } from '../../domain/units.js'
import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import type { ReplayScheduler } from './replay.js'
import { holds, room } from '../shapes.js'

/** Orders in which the pods may come, for what is tried often; the worst of them counts. */
export const SEEDS: readonly number[] = [1, 2, 3, 4, 5]
/** Orders by which a plan is judged. */
export const JUDGES: readonly number[] = [...SEEDS, 6, 7, 8, 9, 10]
/** Rounds of adding nodes before the attempt is given up. */
const MOST_ROUNDS = 20
/** A pod that takes more than this share of a node finds a hole on such nodes only by luck. */
const EASY_SHARE = 0.25

export type Repair = {
  /** Pods left over in the worst order, on the plan's own nodes. */
  readonly unplaced: readonly Pod[]
  /** Nodes that had to be added until every order placed all; undefined when that could not be reached. */
  readonly added: readonly Slot[] | undefined
}

export type Shop = {
  /** Machines that could be bought for a pod, cheapest first. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /** A node of the kind that is not in use yet. */
  readonly nextSlot: (option: NodeOption) => Slot
}

/** Pods that are left over in the worst of these orders. */
export function worstOver(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  seeds: readonly number[],
): readonly Pod[] {
  let worst: readonly Pod[] = []
  for (const seed of seeds) {
    const left = scheduler.leftOver(slots, seed)
    if (left.length > worst.length) worst = left
  }
  return worst
}

/**
 * Adds nodes until the default scheduler places every pod in each of these orders. It spreads small pods over all nodes,
 * so a node that a big pod would fill is half full when that pod comes: what is added is roomy for the pods left over.
 * What turns out to be needless in the end is left out again.
 */
export function repair(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  { machinesFor, nextSlot }: Shop,
  seeds: readonly number[],
  mostSteps: number,
): Repair {
  const unplaced = worstOver(scheduler, slots, seeds)
  const added: Slot[] = []
  const bids = new Map<Pod, number>()
  const end = scheduler.steps + mostSteps
  let left = unplaced
  for (let round = 0; left.length > 0; round += 1) {
    if (round === MOST_ROUNDS || scheduler.steps > end) return { unplaced, added: undefined }
    // Each node is bought for the first pod that has none; the others may fit beside it.
    const bought: NewNode[] = []
    for (const pod of left) {
      const home = bought.find((node) => holds(node.free, pod.needed))
      if (home !== undefined) home.free = subtract(home.free, pod.needed)
      else {
        // Where once was not enough, the node filled up with others before the pod's turn came: more, or roomier ones.
        const tries = (bids.get(pod) ?? 0) + 1
        bids.set(pod, tries)
        const machine = roomyFor(pod, machinesFor(pod), EASY_SHARE / tries)
        if (machine === undefined) return { unplaced, added: undefined }
        const nodes = shareOf(pod, machine) <= EASY_SHARE ? 1 : tries
        for (let count = 0; count < nodes; count += 1)
          bought.push({ slot: nextSlot(machine), free: subtract(half(room(machine)), pod.needed) })
      }
    }
    added.push(...bought.map(({ slot }) => slot))
    left = worstOver(scheduler, [...slots, ...added], seeds)
  }
  return { unplaced, added: needed(scheduler, slots, added, seeds, end) }
}

/** Of the nodes added, those that cannot be left out again, the dearest tried first. */
function needed(
  scheduler: ReplayScheduler,
  slots: readonly Slot[],
  added: readonly Slot[],
  seeds: readonly number[],
  end: number,
): readonly Slot[] {
  let kept = added
  const dearestFirst = [...added].sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || byText(b.site.name, a.site.name))
  for (const slot of dearestFirst) {
    const fewer = kept.filter((other) => other !== slot)
    const works = (seed: number): boolean => scheduler.leftOver([...slots, ...fewer], seed, 0).length === 0
    if (scheduler.steps < end && seeds.every(works)) kept = fewer
  }
  return kept
}

type NewNode = { readonly slot: Slot; free: Resources }

/** What other pods leave of it, roughly. */
const half = (free: Resources): Resources => ({
  ...free,
  cpu: milliCpu(Math.floor(free.cpu / 2)),
  memory: bytes(Math.floor(free.memory / 2)),
})

/** The cheapest machine of which the pod takes a small part; else the largest. */
function roomyFor(pod: Pod, machines: readonly NodeOption[], easyShare: number): NodeOption | undefined {
  const easy = machines.find((option) => shareOf(pod, option) <= easyShare)
  if (easy !== undefined) return easy
  return [...machines].sort((a, b) => shareOf(pod, a) - shareOf(pod, b) || a.price.rate - b.price.rate)[0]
}

/** The part of an empty machine that the pod takes, the worse of CPU and memory. */
function shareOf(pod: Pod, option: NodeOption): number {
  const { cpu, memory } = room(option)
  return Math.max(pod.needed.cpu / Math.max(1, cpu), pod.needed.memory / Math.max(1, memory))
}
