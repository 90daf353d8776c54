/** A binary heap of numbers, smallest first. */
export class Heap {
  readonly #keys: number[]

  constructor(keys: readonly number[]) {
    // A sorted list is a heap already.
    this.#keys = Array.from(Float64Array.from(keys).sort())
  }

  pop(): number | undefined {
    const keys = this.#keys
    const top = keys[0]
    const last = keys.pop()
    if (top === undefined || last === undefined || keys.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= keys.length) break
      if ((keys[child + 1] ?? Infinity) < (keys[child] ?? Infinity)) child += 1
      const key = keys[child] ?? Infinity
      if (key >= last) break
      keys[at] = key
      at = child
    }
    keys[at] = last
    return top
  }

  push(key: number): void {
    const keys = this.#keys
    let at = keys.length
    keys.push(key)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = keys[parent] ?? -Infinity
      if (above <= key) break
      keys[at] = above
      at = parent
    }
    keys[at] = key
  }
}
