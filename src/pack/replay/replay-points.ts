import type { Resources } from '../../domain/resources.js'
import {
  FREE_CPU,
  FREE_MEMORY,
  FREE_SLOTS,
  PER_CPU,
  PER_MEMORY,
  REST_CPU,
  REST_MEMORY,
  ROW,
  SKEW,
  type NodeTable,
} from './replay-nodes.js'
import type { Requests } from './replay-requests.js'

/** Each score is a whole number up to this. */
const MOST_POINTS = 100
/**
 * Products stand for divisions here, with an error of less than this. Parts of a node in per cent are whole numbers or
 * farther from the next one (up to 8 TiB), so that this much more makes their whole parts right.
 */
const ERROR = 3e-14
/** So close to a whole number, the last digit of the division counts. */
const CLOSE = 1e-10

/**
 * Pods that the scores cannot tell apart, and their points on every node as they were when they were last asked for: most
 * nodes have not changed since. -1 where the node has no room.
 */
export type Kind = {
  readonly needed: Resources
  /** With the defaults for containers that ask for nothing. */
  readonly scored: Requests
  /** Has the node what the pods ask for beside CPU, memory and a pod slot? Undefined: they ask for nothing else. */
  readonly covers: ((row: number) => boolean) | undefined
  /** MostAllocated in the place of LeastAllocated. */
  readonly packs: boolean
  points: Int16Array
  /** Version of the node at that time. */
  seen: Int32Array
}

export const kindOf = (needed: Resources, scored: Requests, covers: Kind['covers'], packs = false): Kind => ({
  needed,
  scored,
  covers,
  packs,
  points: new Int16Array(0),
  seen: new Int32Array(0),
})

/**
 * Brings a kind's points on these nodes up to date: NodeResourcesFit with LeastAllocated (noderesources/least_allocated.go)
 * or MostAllocated, and NodeResourcesBalancedAllocation (balanced_allocation.go), both over CPU and memory, in whole numbers.
 * Of `rows` those from one position to before another.
 */
export function rate(kind: Kind, nodes: NodeTable, rows: Int32Array, from = 0, to = rows.length): void {
  if (kind.points.length < nodes.size) {
    kind.points = new Int16Array(nodes.size)
    kind.seen = new Int32Array(nodes.size)
  }
  const { points, seen, covers } = kind
  const { cpu, memory, pods } = kind.needed
  const { figures, versions } = nodes
  const { cpu: scoredCpu, memory: scoredMemory } = kind.scored
  // What is not asked for never falls short, not even on an over-committed node.
  const needCpu = cpu || -Infinity
  const needMemory = memory || -Infinity
  const needSlots = pods || -Infinity
  const isOdd = cpu === 0 || memory === 0 || kind.packs
  for (let at = from; at < to; at += 1) {
    const row = rows[at]!
    const version = versions[row]!
    if (seen[row] === version) continue
    seen[row] = version
    const base = row << ROW
    if (
      needCpu > figures[base + FREE_CPU]! ||
      needMemory > figures[base + FREE_MEMORY]! ||
      needSlots > figures[base + FREE_SLOTS]! ||
      (covers !== undefined && !covers(row))
    ) {
      points[row] = -1
      continue
    }
    const perCpu = figures[base + PER_CPU]!
    const perMemory = figures[base + PER_MEMORY]!
    const freeCpu = (figures[base + REST_CPU]! - scoredCpu) * perCpu
    const freeMemory = (figures[base + REST_MEMORY]! - scoredMemory) * perMemory
    const balance = MOST_POINTS - Math.abs(figures[base + SKEW]! + cpu * perCpu - memory * perMemory) / 2
    const wholeCpu = freeCpu > 0 ? (freeCpu + ERROR) | 0 : 0
    const wholeMemory = freeMemory > 0 ? (freeMemory + ERROR) | 0 : 0
    const whole = balance | 0
    const rest = balance - whole
    points[row] =
      isOdd || rest < CLOSE || rest > 1 - CLOSE
        ? exactPoints(kind, nodes, row)
        : ((wholeCpu + wholeMemory) >> 1) + whole
  }
}

/** As the scheduler works it out, division by division. */
export function exactPoints({ needed, scored, packs }: Kind, nodes: NodeTable, row: number): number {
  const { cpu, memory } = needed
  const { figures } = nodes
  const base = row << ROW
  const cores = nodes.cpu[row]!
  const bytes = nodes.memory[row]!
  const part = packs ? takenPart : freePart
  const mean =
    (part(cores, figures[base + REST_CPU]! - scored.cpu) + part(bytes, figures[base + REST_MEMORY]! - scored.memory)) >>
    1
  if (cpu === 0 && memory === 0) return mean
  const cpuShare = Math.min(1, (cores - figures[base + FREE_CPU]! + cpu) / cores)
  const memoryShare = Math.min(1, (bytes - figures[base + FREE_MEMORY]! + memory) / bytes)
  return mean + Math.floor((1 - Math.abs((cpuShare - memoryShare) / 2)) * MOST_POINTS)
}

const freePart = (capacity: number, left: number): number =>
  left < 0 ? 0 : Math.floor((left * MOST_POINTS) / capacity)

/** What is requested beyond the node counts as all of it (noderesources/most_allocated.go). */
const takenPart = (capacity: number, left: number): number =>
  capacity === 0 ? 0 : Math.floor(((capacity - Math.max(0, left)) * MOST_POINTS) / capacity)
