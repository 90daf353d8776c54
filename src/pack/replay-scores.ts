import type { Pod } from '../domain/pod.js'
import type { Resources } from '../domain/resources.js'
import type { Site } from './site.js'

/** kube-scheduler scores pods that ask for nothing as though they asked for this (scheduler/util: GetNonzeroRequests). */
const DEFAULT_CPU = 100
const DEFAULT_MEMORY = 200 * 1024 * 1024

const MOST_QUESTIONS = 4

/** What pods change, one column per figure, a row per node. */
const FILLED = ['scoredCpu', 'scoredMemory', 'freeCpu', 'freeMemory', 'freeSlots'] as const
type Column = 'cpu' | 'memory' | 'refusedIn' | (typeof FILLED)[number]
type Table = Readonly<Record<Column, Float64Array>>

/**
 * How kube-scheduler's default profile likes nodes: NodeResourcesFit with LeastAllocated plus
 * NodeResourcesBalancedAllocation, of equal weight, over CPU and memory. With two resources the standard deviation of
 * the shares is half their distance, so the sum of both is 2 less the larger share: the best node is the one of which
 * the larger of both shares is least.
 */
export class ReplayScores {
  #count = 0
  #turn = 0
  #rows = 64
  #table: Table = tableOf(() => new Float64Array(this.#rows))
  #kept: Table = tableOf(() => new Float64Array(0))

  /** Makes a row, or starts one over. */
  open({ allocatable }: Site, row = this.#count): number {
    if (row === this.#rows) {
      this.#rows *= 2
      const old = this.#table
      this.#table = tableOf((name) => {
        const wider = new Float64Array(this.#rows)
        wider.set(old[name])
        return wider
      })
    }
    const { cpu, memory, scoredCpu, scoredMemory, freeCpu, freeMemory, freeSlots } = this.#table
    this.#count = Math.max(this.#count, row + 1)
    cpu[row] = Math.max(1, allocatable.cpu)
    memory[row] = Math.max(1, allocatable.memory)
    scoredCpu[row] = 0
    scoredMemory[row] = 0
    freeCpu[row] = allocatable.cpu
    freeMemory[row] = allocatable.memory
    freeSlots[row] = allocatable.pods
    return row
  }

  /** `taken`: what the pod holds there, in the one way of counting or the other; `by` -1 takes the pod off again. */
  add(row: number, pod: Pod, taken: Resources, by: 1 | -1 = 1): void {
    const { scoredCpu, scoredMemory, freeCpu, freeMemory, freeSlots } = this.#table
    scoredCpu[row]! += by * cpuOf(pod)
    scoredMemory[row]! += by * memoryOf(pod)
    freeCpu[row]! -= by * taken.cpu
    freeMemory[row]! -= by * taken.memory
    freeSlots[row]! -= by * taken.pods
  }

  /** Remembers how full every node is now, to come back to with `reset`. */
  keep(): void {
    if (this.#kept.cpu.length !== this.#rows) this.#kept = tableOf(() => new Float64Array(this.#rows))
    for (const name of FILLED) this.#kept[name].set(this.#table[name])
  }

  reset(): void {
    for (const name of FILLED) this.#table[name].set(this.#kept[name])
  }

  /**
   * Of these nodes, in ascending order, the one with the best score that has the CPU, the memory and the pod slot and
   * takes the pod; equal scores go to the node that comes first. Nodes are asked best first, because mostly one question
   * is enough; a pod that many nodes refuse is asked for on all of them at once.
   */
  best(pod: Pod, rows: Int32Array, takes: (row: number) => boolean): number | undefined {
    this.#turn += 1
    for (let question = 0; question < MOST_QUESTIONS; question += 1) {
      const best = this.#bestLeft(pod, rows)
      if (best === undefined || takes(best)) return best
      this.#table.refusedIn[best] = this.#turn
    }
    const { refusedIn } = this.#table
    for (const row of rows) if (refusedIn[row] !== this.#turn && !takes(row)) refusedIn[row] = this.#turn
    return this.#bestLeft(pod, rows)
  }

  #bestLeft(pod: Pod, rows: Int32Array): number | undefined {
    const { cpu, memory, scoredCpu, scoredMemory, freeCpu, freeMemory, freeSlots, refusedIn } = this.#table
    // What is not asked for never falls short, not even on an over-committed node.
    const needCpu = pod.needed.cpu || -Infinity
    const needMemory = pod.needed.memory || -Infinity
    const needSlots = pod.needed.pods || -Infinity
    const [wantedCpu, wantedMemory] = [cpuOf(pod), memoryOf(pod)]
    const turn = this.#turn
    let best = -1
    let least = Infinity
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!
      if (needCpu > freeCpu[row]! || needMemory > freeMemory[row]! || needSlots > freeSlots[row]!) continue
      const cpuShare = (scoredCpu[row]! + wantedCpu) / cpu[row]!
      if (cpuShare >= least && least < 1) continue
      const memoryShare = (scoredMemory[row]! + wantedMemory) / memory[row]!
      // A node is full at 1, however far it is over-committed.
      const share = Math.min(1, cpuShare > memoryShare ? cpuShare : memoryShare)
      if (share >= least || refusedIn[row] === turn) continue
      least = share
      best = row
    }
    return best < 0 ? undefined : best
  }
}

const tableOf = (column: (name: Column) => Float64Array): Table => ({
  cpu: column('cpu'),
  memory: column('memory'),
  scoredCpu: column('scoredCpu'),
  scoredMemory: column('scoredMemory'),
  freeCpu: column('freeCpu'),
  freeMemory: column('freeMemory'),
  freeSlots: column('freeSlots'),
  refusedIn: column('refusedIn'),
})

const cpuOf = ({ needed }: Pod): number => needed.cpu || DEFAULT_CPU
const memoryOf = ({ needed }: Pod): number => needed.memory || DEFAULT_MEMORY
