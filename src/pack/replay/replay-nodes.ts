import type { Resources } from '../../domain/resources.js'

/**
 * Where each figure of a node stands in its row, which is one cache line long. `REST_CPU` and `REST_MEMORY`: what the
 * scores take to be left, with the defaults for containers that ask for nothing. `PER_CPU` and `PER_MEMORY`: a unit's part
 * of the node in per cent. `SKEW`: per cent of the CPU in use less per cent of the memory.
 */
export const FREE_CPU = 0
export const FREE_MEMORY = 1
export const FREE_SLOTS = 2
export const REST_CPU = 3
export const REST_MEMORY = 4
export const PER_CPU = 5
export const PER_MEMORY = 6
export const SKEW = 7
/** As a shift: a row has 8 figures. */
export const ROW = 3

/** How full the nodes of a refill are, side by side as numbers: they are read millions of times. Millicores and bytes. */
export class NodeTable {
  /** Rows that there is room for. */
  size = 64
  figures = new Float64Array(this.size << ROW)
  cpu = new Float64Array(this.size)
  memory = new Float64Array(this.size)
  /** Another number whenever anything in the row has changed: what was worked out from it may be out of date. */
  versions = new Int32Array(this.size)
  #kept = new Float64Array(0)
  #clock = 0

  /** Makes the row that of an empty node. */
  open(row: number, allocatable: Resources): void {
    if (row >= this.size) this.#widen(2 * row)
    const cpu = Math.max(1, allocatable.cpu)
    const memory = Math.max(1, allocatable.memory)
    this.cpu[row] = cpu
    this.memory[row] = memory
    const { figures } = this
    const base = row << ROW
    figures[base + FREE_CPU] = allocatable.cpu
    figures[base + FREE_MEMORY] = allocatable.memory
    figures[base + FREE_SLOTS] = allocatable.pods
    figures[base + REST_CPU] = cpu
    figures[base + REST_MEMORY] = memory
    figures[base + PER_CPU] = 100 / cpu
    figures[base + PER_MEMORY] = 100 / memory
    this.#changed(row)
  }

  /** Puts `by` pods there that count for so much in the scores and take so much of the node. */
  add(row: number, scoredCpu: number, scoredMemory: number, taken: Resources, by: 1 | -1): void {
    const { figures } = this
    const base = row << ROW
    figures[base + FREE_CPU]! -= by * taken.cpu
    figures[base + FREE_MEMORY]! -= by * taken.memory
    figures[base + FREE_SLOTS]! -= by * taken.pods
    figures[base + REST_CPU]! -= by * scoredCpu
    figures[base + REST_MEMORY]! -= by * scoredMemory
    this.#changed(row)
  }

  /** Remembers how full every node is now, to come back to with `reset`. */
  keep(): void {
    if (this.#kept.length !== this.figures.length) this.#kept = new Float64Array(this.figures.length)
    this.#kept.set(this.figures)
  }

  reset(): void {
    this.figures.set(this.#kept)
    this.versions.fill((this.#clock += 1))
  }

  #changed(row: number): void {
    const { figures } = this
    const base = row << ROW
    figures[base + SKEW] =
      (this.cpu[row]! - figures[base + FREE_CPU]!) * figures[base + PER_CPU]! -
      (this.memory[row]! - figures[base + FREE_MEMORY]!) * figures[base + PER_MEMORY]!
    this.versions[row] = this.#clock += 1
  }

  #widen(size: number): void {
    const wider = (old: Float64Array, length: number): Float64Array<ArrayBuffer> => {
      const made = new Float64Array(length)
      made.set(old)
      return made
    }
    this.size = size
    this.figures = wider(this.figures, size << ROW)
    this.cpu = wider(this.cpu, size)
    this.memory = wider(this.memory, size)
    const versions = new Int32Array(size)
    versions.set(this.versions)
    this.versions = versions
  }
}
