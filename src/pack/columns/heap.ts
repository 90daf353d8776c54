/** Numbers with keys: the largest key first, of equal ones the number that came last. */
export type Heap = {
  readonly size: () => number
  readonly push: (key: number, item: number) => void
  readonly topKey: () => number
  readonly pop: () => number
}

export function makeHeap(): Heap {
  const keys: number[] = []
  const items: number[] = []
  const before = (a: number, b: number): boolean =>
    keys[a]! > keys[b]! || (keys[a] === keys[b] && items[a]! > items[b]!)
  const swap = (a: number, b: number): void => {
    const key = keys[a]!
    const item = items[a]!
    keys[a] = keys[b]!
    items[a] = items[b]!
    keys[b] = key
    items[b] = item
  }
  return {
    size: () => items.length,
    push: (key, item) => {
      keys.push(key)
      let at = items.push(item) - 1
      for (let up = (at - 1) >> 1; at > 0 && before(at, up); up = (at - 1) >> 1) {
        swap(at, up)
        at = up
      }
    },
    topKey: () => keys[0]!,
    pop: () => {
      const top = items[0]!
      const lastKey = keys.pop()!
      const lastItem = items.pop()!
      if (items.length === 0) return top
      keys[0] = lastKey
      items[0] = lastItem
      for (let at = 0; ;) {
        let child = 2 * at + 1
        if (child >= items.length) return top
        if (child + 1 < items.length && before(child + 1, child)) child++
        if (!before(child, at)) return top
        swap(child, at)
        at = child
      }
    },
  }
}
