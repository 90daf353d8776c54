/** CPU in millicores, memory in bytes, pod slots. */
export type Room = { readonly cpu: number; readonly memory: number; readonly pods: number }

/**
 * Finds the first of many nodes, in a fixed order, that has room for a pod, without looking at each: a binary tree whose
 * inner nodes hold the most CPU, memory and pod slots that any node below has free. An upper bound only: what it finds
 * must still pass the scheduler's rules.
 */
export class SlotIndex {
  #size = 1
  #cpu = new Float64Array(2)
  #memory = new Float64Array(2)
  #slots = new Float64Array(2)
  #count = 0

  /** Adds a node at the end of the order and returns its place in it. */
  add(free: Room): number {
    if (this.#count === this.#size) this.#grow()
    const place = this.#count
    this.#count += 1
    this.update(place, free)
    return place
  }

  update(place: number, free: Room): void {
    let at = this.#size + place
    this.#cpu[at] = free.cpu
    this.#memory[at] = free.memory
    this.#slots[at] = free.pods
    for (at >>= 1; at >= 1; at >>= 1)
      for (const tree of [this.#cpu, this.#memory, this.#slots])
        tree[at] = Math.max(tree[2 * at] ?? -Infinity, tree[2 * at + 1] ?? -Infinity)
  }

  /** The first place at or after `from` with at least this much free, or undefined. */
  next(from: number, need: Room): number | undefined {
    const search = (at: number, low: number, high: number): number | undefined => {
      if (high <= from || low >= this.#count || !this.#mayHold(at, need)) return undefined
      if (high - low === 1) return low
      const middle = (low + high) / 2
      return search(2 * at, low, middle) ?? search(2 * at + 1, middle, high)
    }
    return search(1, 0, this.#size)
  }

  #mayHold(at: number, need: Room): boolean {
    // A resource that is not asked for never falls short, not even on an over-committed node.
    return (
      (need.cpu === 0 || need.cpu <= (this.#cpu[at] ?? -Infinity)) &&
      (need.memory === 0 || need.memory <= (this.#memory[at] ?? -Infinity)) &&
      need.pods <= (this.#slots[at] ?? -Infinity)
    )
  }

  #grow(): void {
    const wider = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(4 * this.#size).fill(-Infinity)
      for (let place = 0; place < this.#count; place += 1) next[2 * this.#size + place] = old[this.#size + place] ?? 0
      for (let at = 2 * this.#size - 1; at >= 1; at -= 1)
        next[at] = Math.max(next[2 * at] ?? -Infinity, next[2 * at + 1] ?? -Infinity)
      return next
    }
    this.#cpu = wider(this.#cpu)
    this.#memory = wider(this.#memory)
    this.#slots = wider(this.#slots)
    this.#size *= 2
  }
}
