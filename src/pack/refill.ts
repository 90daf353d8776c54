import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { createBoard, type Board, type BoardContext, type Site } from './board.js'
import { newSlot, type Slot } from './draft.js'
import { byText } from './order.js'

/** Orders in which the pods may come; the worst of them counts. */
const SEEDS = [1, 2, 3]
/** Rounds of adding nodes before the attempt is given up. */
const MOST_ROUNDS = 20
const MOST_QUESTIONS = 4
/** kube-scheduler scores pods that ask for nothing as though they asked for this (scheduler/util: GetNonzeroRequests). */
const DEFAULT_CPU = 100
const DEFAULT_MEMORY = 200 * 1024 * 1024

export type Refill = {
  /** Pods left over in the worst order, on the plan's own nodes. */
  readonly unplaced: readonly Pod[]
  /** Nodes that had to be added until every order placed all; undefined when that could not be reached. */
  readonly added: readonly Slot[] | undefined
}

/** Machines that could be bought for a pod that is left over, in the order of preference. */
type Buy = (pod: Pod) => readonly NodeOption[]

/**
 * What the default scheduler would make of a plan: its nodes are emptied and refilled pod by pod, by priority and then in
 * a seeded random order, each pod on the feasible node with the best score (NodeResourcesFit with LeastAllocated plus
 * NodeResourcesBalancedAllocation, equal weights, as in kube-scheduler's default profile). Other scores and preemption
 * are left out.
 */
export class ReplayScheduler {
  readonly #board: Board

  constructor(context: BoardContext) {
    this.#board = createBoard(context)
  }

  /** `repair`: also add nodes until nothing is left over; otherwise only count. */
  refill(slots: readonly Slot[], pods: readonly Pod[], buy: Buy, repair: boolean): Refill {
    // Nothing that can be bought takes such a pod (its machine is no longer on offer, say): it is left where it runs.
    const noMachine = new Set(pods.filter((pod) => buy(pod).length === 0))
    const isAnchored = (pod: Pod): boolean => noMachine.has(pod)
    let unplaced: readonly Pod[] = []
    for (const seed of SEEDS) {
      const { left } = this.#fill(slots, shuffled(pods, seed), () => [], isAnchored)
      if (left.length > unplaced.length) unplaced = left
    }
    const added: Slot[] = []
    if (unplaced.length === 0) return { unplaced, added }
    if (!repair) return { unplaced, added: undefined }
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const before = added.length
      for (const seed of SEEDS) {
        const { left, bought } = this.#fill([...slots, ...added], shuffled(pods, seed), buy, isAnchored)
        if (left.length > 0) return { unplaced, added: undefined }
        added.push(...bought)
        // Each purchase spreads the other pods differently; some head-room on top ends the chase.
        for (const { origin } of bought.slice(0, round))
          if (origin.kind === 'new')
            added.push(newSlot(origin.option, `added-${origin.option.id}-spare-${added.length}`))
      }
      // More nodes spread the pods differently: only a round without purchases shows that every order works out.
      if (added.length === before) return { unplaced, added }
    }
    return { unplaced, added: undefined }
  }

  /** Fills the nodes from empty and leaves the board as it was. Pods that nothing takes get a node bought for them. */
  #fill(
    slots: readonly Slot[],
    queue: readonly Pod[],
    buy: Buy,
    isAnchored: (pod: Pod) => boolean,
  ): { left: readonly Pod[]; bought: readonly Slot[] } {
    const cells = [...slots]
    const scores = new Scores()
    const indexes: number[] = []
    const placed: [pod: Pod, index: number][] = []
    const put = (pod: Pod, position: number, as: 'held' | 'needed'): void => {
      const index = indexes[position] ?? -1
      this.#board.place(pod, index, as)
      placed.push([pod, index])
      scores.add(position, pod)
    }
    const open = (slot: Slot): number => {
      const position = indexes.push(this.#board.addSite(slot.site)) - 1
      scores.open(position, slot.site)
      for (const pod of slot.residents) put(pod, position, 'held')
      return position
    }
    const place = (pod: Pod): boolean => {
      const position = scores.best(pod, (candidate) => this.#board.fits(pod, indexes[candidate] ?? -1))
      if (position !== undefined) put(pod, position, 'needed')
      return position !== undefined
    }
    const purchase = (pod: Pod): boolean => {
      for (const option of buy(pod)) {
        const slot = newSlot(option, `added-${option.id}-${cells.length}`)
        const position = open(slot)
        if (this.#board.fits(pod, indexes[position] ?? -1)) {
          cells.push(slot)
          put(pod, position, 'needed')
          return true
        }
        for (let { length } = slot.residents; length > 0; length -= 1) this.#takeBack(placed)
        this.#board.removeSite(indexes.pop() ?? -1)
        scores.close()
      }
      return false
    }

    const anchored = new Set<Pod>()
    for (const slot of slots) {
      const position = open(slot)
      for (const pod of slot.origin.kind === 'live' ? slot.origin.live.pods : [])
        if (isAnchored(pod)) {
          put(pod, position, 'held')
          anchored.add(pod)
        }
    }
    let left = queue.filter((pod) => !anchored.has(pod))
    for (;;) {
      // A pod that waits for another one is tried again when the queue has been through.
      const next = left.filter((pod) => !place(pod))
      if (next.length === 0) {
        left = next
        break
      }
      if (next.length < left.length) {
        left = next
        continue
      }
      // One node at a time: it may have room for the others, too.
      const housed = next.find((pod) => purchase(pod))
      left = next.filter((pod) => pod !== housed)
      if (housed === undefined) break
    }
    while (placed.length > 0) this.#takeBack(placed)
    for (const index of indexes.reverse()) this.#board.removeSite(index)
    return { left, bought: cells.slice(slots.length) }
  }

  #takeBack(placed: [pod: Pod, index: number][]): void {
    const last = placed.pop()
    if (last !== undefined) this.#board.remove(...last)
  }
}

/** The requests on each node as the scheduler's scoring counts them. */
class Scores {
  readonly #cpu: number[] = []
  readonly #memory: number[] = []
  readonly #usedCpu: number[] = []
  readonly #usedMemory: number[] = []
  readonly #refused: number[] = []
  #turn = 0

  open(position: number, { allocatable }: Site): void {
    this.#cpu[position] = Math.max(1, allocatable.cpu)
    this.#memory[position] = Math.max(1, allocatable.memory)
    this.#usedCpu[position] = 0
    this.#usedMemory[position] = 0
    this.#refused[position] = 0
  }

  /** Forgets the node that was opened last. */
  close(): void {
    for (const column of [this.#cpu, this.#memory, this.#usedCpu, this.#usedMemory, this.#refused]) column.pop()
  }

  add(position: number, pod: Pod): void {
    this.#usedCpu[position] = (this.#usedCpu[position] ?? 0) + scoredCpu(pod)
    this.#usedMemory[position] = (this.#usedMemory[position] ?? 0) + scoredMemory(pod)
  }

  /** The node with the best score of those that take the pod; equal scores go to the node that comes first. */
  best(pod: Pod, takes: (position: number) => boolean): number | undefined {
    const cpu = scoredCpu(pod)
    const memory = scoredMemory(pod)
    this.#turn += 1
    // Asked best first, because mostly one question is enough; a pod that many nodes refuse is asked for all at once.
    for (let question = 0; ; question += 1) {
      const askAll = question === MOST_QUESTIONS
      let best: number | undefined
      let bestScore = -Infinity
      for (let position = 0; position < this.#cpu.length; position += 1) {
        if (this.#refused[position] === this.#turn) continue
        const cpuShare = ((this.#usedCpu[position] ?? 0) + cpu) / (this.#cpu[position] ?? 1)
        const memoryShare = ((this.#usedMemory[position] ?? 0) + memory) / (this.#memory[position] ?? 1)
        const score = leastAllocated(cpuShare, memoryShare) + balanced(cpuShare, memoryShare)
        if (score <= bestScore || (askAll && !takes(position))) continue
        bestScore = score
        best = position
      }
      if (best === undefined || askAll || takes(best)) return best
      this.#refused[best] = this.#turn
    }
  }
}

const scoredCpu = ({ needed }: Pod): number => needed.cpu || DEFAULT_CPU
const scoredMemory = ({ needed }: Pod): number => needed.memory || DEFAULT_MEMORY
const leastAllocated = (cpu: number, memory: number): number => (Math.max(0, 1 - cpu) + Math.max(0, 1 - memory)) / 2
/** With two resources the standard deviation of the shares is half their distance. */
const balanced = (cpu: number, memory: number): number => 1 - Math.abs(Math.min(1, cpu) - Math.min(1, memory)) / 2

/** The scheduler's queue: by priority, within it in the order of a seeded shuffle. */
function shuffled(pods: readonly Pod[], seed: number): Pod[] {
  const random = generator(seed)
  const queue = [...pods].sort((a, b) => byText(a.id, b.id))
  for (let last = queue.length - 1; last > 0; last -= 1) {
    const other = random() % (last + 1)
    const moved = queue[last]
    const swapped = queue[other]
    if (moved === undefined || swapped === undefined) continue
    queue[last] = swapped
    queue[other] = moved
  }
  return queue.sort((a, b) => b.priority - a.priority)
}

/** A 32-bit xorshift generator: whole numbers only, the same on every engine. */
function generator(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>>= 0)
  }
}
