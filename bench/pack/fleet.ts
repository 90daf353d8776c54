import { howMany, type Problem } from './problem.js'
import { type Claim, cheapestFor, classOf } from './karpenter-like.js'
import type { TypeSet } from './reach.js'

/** Nodes whose largest free amounts are remembered together, so that most of a fleet is passed over at once. */
const BLOCK = 64

export type FleetNode = { type: number; types: TypeSet; pods: number; readonly items: Map<number, number> }

type Move = readonly [node: number, item: number, count: number]

/** Running nodes with room on some of them, which pods of other nodes may use. */
export class Fleet {
  readonly #problem: Problem
  readonly #width: number
  readonly nodes: (FleetNode | undefined)[] = []
  readonly #free: number[] = []
  /** At least the most that any node of the block has free, by resource. */
  readonly #freeInBlock: number[] = []

  constructor(problem: Problem, claims: readonly Claim[]) {
    this.#problem = problem
    this.#width = problem.types[0]?.capacity.length ?? 0
    for (const claim of claims) {
      const type = cheapestFor(problem, claim.types, claim.used)
      if (type !== undefined) this.open(claim, type)
    }
  }

  open({ used, types, pods, items }: Claim, type: number): void {
    const index = this.nodes.push({ type, types, pods, items: new Map(items) }) - 1
    const capacity = this.#problem.types[type]?.capacity ?? []
    capacity.forEach((room, resource) => {
      this.#free[index * this.#width + resource] = room - (used[resource] ?? 0)
    })
    this.#raise(index)
  }

  close(index: number): void {
    this.nodes[index] = undefined
    for (let resource = 0; resource < this.#width; resource += 1) this.#free[index * this.#width + resource] = -1
  }

  costOf(index: number): number {
    return this.#problem.types[this.nodes[index]?.type ?? -1]?.cost ?? 0
  }

  /** Puts items on the first nodes that have room, without those in `skip`, and says how many found none. */
  place(item: number, count: number, skip: ReadonlySet<number>, allowed: TypeSet, log: Move[]): number {
    const { size, maxPerBin = Infinity } = classOf(this.#problem, item)
    let remaining = count
    for (let start = 0; start < this.nodes.length && remaining > 0; start += BLOCK) {
      if (!this.#blockHolds(start, size)) continue
      let placed = 0
      const end = Math.min(start + BLOCK, this.nodes.length)
      for (let index = start; index < end && remaining > placed; index += 1) {
        const fit = this.#fit(index, size, remaining - placed)
        const node = this.nodes[index]
        if (fit === 0 || node === undefined || skip.has(index) || !allowed.has(node.type)) continue
        const most = Math.min(fit, maxPerBin - (node.items.get(item) ?? 0))
        if (most <= 0) continue
        this.#move(index, item, most)
        log.push([index, item, most])
        placed += most
      }
      if (placed === 0) this.#measure(start, end)
      remaining -= placed
    }
    return remaining
  }

  undo(log: readonly Move[]): void {
    for (const [index, item, count] of log.toReversed()) {
      this.#move(index, item, -count)
      this.#raise(index)
    }
  }

  #fit(index: number, size: readonly number[], most: number): number {
    const at = index * this.#width
    for (let resource = 0; resource < this.#width; resource += 1)
      if ((size[resource] ?? 0) > (this.#free[at + resource] ?? 0)) return 0
    return howMany(this.#free.slice(at, at + this.#width), size, most)
  }

  #move(index: number, item: number, count: number): void {
    const node = this.nodes[index]
    if (node === undefined) return
    classOf(this.#problem, item).size.forEach((each, resource) => {
      const at = index * this.#width + resource
      this.#free[at] = (this.#free[at] ?? 0) - each * count
    })
    node.pods += count
    const now = (node.items.get(item) ?? 0) + count
    if (now === 0) node.items.delete(item)
    else node.items.set(item, now)
  }

  #blockHolds(start: number, size: readonly number[]): boolean {
    const at = (start / BLOCK) * this.#width
    for (let resource = 0; resource < this.#width; resource += 1)
      if ((size[resource] ?? 0) > (this.#freeInBlock[at + resource] ?? 0)) return false
    return true
  }

  #raise(index: number): void {
    const at = Math.floor(index / BLOCK) * this.#width
    for (let resource = 0; resource < this.#width; resource += 1)
      this.#freeInBlock[at + resource] = Math.max(
        this.#freeInBlock[at + resource] ?? -1,
        this.#free[index * this.#width + resource] ?? 0,
      )
  }

  #measure(start: number, end: number): void {
    const at = (start / BLOCK) * this.#width
    for (let resource = 0; resource < this.#width; resource += 1) this.#freeInBlock[at + resource] = -1
    for (let index = start; index < end; index += 1) this.#raise(index)
  }
}
