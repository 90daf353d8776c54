import type { Pod } from '../domain/pod.js'
import type { Resources } from '../domain/resources.js'
import type { Site } from './site.js'

/** kube-scheduler scores pods that ask for nothing as though they asked for this (scheduler/util: GetNonzeroRequests). */
const DEFAULT_CPU = 100
const DEFAULT_MEMORY = 200 * 1024 * 1024

const MOST_QUESTIONS = 4

/** One column per figure, a row per node. */
type Column = 'cpu' | 'memory' | 'scoredCpu' | 'scoredMemory' | 'freeCpu' | 'freeMemory' | 'refusedIn'
type Table = Readonly<Record<Column, Float64Array>>

/**
 * How kube-scheduler's default profile likes nodes: NodeResourcesFit with LeastAllocated plus
 * NodeResourcesBalancedAllocation, of equal weight, over CPU and memory. With two resources the standard deviation of
 * the shares is half their distance.
 */
export class ReplayScores {
  #count = 0
  #turn = 0
  #rows = 64
  #table: Table = tableOf(() => new Float64Array(this.#rows))

  open({ allocatable }: Site): void {
    if (this.#count === this.#rows) {
      this.#rows *= 2
      const old = this.#table
      this.#table = tableOf((name) => {
        const wider = new Float64Array(this.#rows)
        wider.set(old[name])
        return wider
      })
    }
    const { cpu, memory, freeCpu, freeMemory } = this.#table
    const row = this.#count
    this.#count += 1
    cpu[row] = Math.max(1, allocatable.cpu)
    memory[row] = Math.max(1, allocatable.memory)
    freeCpu[row] = allocatable.cpu
    freeMemory[row] = allocatable.memory
  }

  /** `taken`: what the pod holds there, in the one way of counting or the other. */
  add(row: number, pod: Pod, taken: Resources): void {
    const { scoredCpu, scoredMemory, freeCpu, freeMemory } = this.#table
    scoredCpu[row]! += cpuOf(pod)
    scoredMemory[row]! += memoryOf(pod)
    freeCpu[row]! -= taken.cpu
    freeMemory[row]! -= taken.memory
  }

  /**
   * Of these nodes, in ascending order, the one with the best score that has the CPU and memory and takes the pod; equal
   * scores go to the node that comes first. Nodes are asked best first, because mostly one question is enough; a pod
   * that many nodes refuse is asked for on all of them at once.
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
    const { cpu, memory, scoredCpu, scoredMemory, freeCpu, freeMemory, refusedIn } = this.#table
    const [needCpu, needMemory] = [pod.needed.cpu, pod.needed.memory]
    const [wantedCpu, wantedMemory] = [cpuOf(pod), memoryOf(pod)]
    const turn = this.#turn
    let best = -1
    let bestScore = -Infinity
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!
      // What is not asked for never falls short, not even on an over-committed node.
      if ((needCpu > 0 && needCpu > freeCpu[row]!) || (needMemory > 0 && needMemory > freeMemory[row]!)) continue
      const cpuShare = Math.min(1, (scoredCpu[row]! + wantedCpu) / cpu[row]!)
      const memoryShare = Math.min(1, (scoredMemory[row]! + wantedMemory) / memory[row]!)
      // LeastAllocated is the mean of what is left; balanced allocation is 1 less half the distance.
      const score = 2 - (cpuShare + memoryShare) / 2 - Math.abs(cpuShare - memoryShare) / 2
      if (score <= bestScore || refusedIn[row] === turn) continue
      bestScore = score
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
  refusedIn: column('refusedIn'),
})

const cpuOf = ({ needed }: Pod): number => needed.cpu || DEFAULT_CPU
const memoryOf = ({ needed }: Pod): number => needed.memory || DEFAULT_MEMORY
