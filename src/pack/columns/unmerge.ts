import type { Bin, BinProblem } from './bin-problem.js'
import type { Entry } from './greedy.js'
import type { Packing } from './packing.js'

/**
 * Bins in terms of the problem: items of a merged class are dealt out to its members in their order. Equal bins stay
 * together as far as the members last.
 */
export function toBins(
  problem: BinProblem,
  packing: Packing,
  entries: readonly Entry[],
  unpacked: readonly (readonly [number, number])[],
): Bin[] {
  const left = problem.classes.map(({ count }) => Math.max(0, count))
  for (const [c, count] of unpacked) left[c] = left[c]! - count
  const next = packing.members.map(() => 0)
  const bins: Bin[] = []

  /** The member that is being dealt out. */
  const member = (c: number): number => {
    const members = packing.members[c] ?? []
    while ((left[members[next[c]!]!] ?? 0) === 0 && next[c]! + 1 < members.length) next[c] = next[c]! + 1
    return members[next[c]!]!
  }

  for (const { filling, n } of entries) {
    const type = packing.typeOf[filling.type]!
    for (let todo = n; todo > 0;) {
      let equal = todo
      for (let k = 0; k < filling.classes.length; k++)
        equal = Math.min(equal, Math.floor(left[member(filling.classes[k]!)]! / filling.counts[k]!))
      const items: [number, number][] = []
      for (let k = 0; k < filling.classes.length; k++) {
        for (let count = filling.counts[k]!; count > 0;) {
          const from = member(filling.classes[k]!)
          const take = equal > 0 ? count : Math.min(count, left[from]!)
          left[from] = left[from]! - take * Math.max(1, equal)
          items.push([from, take])
          count -= take
        }
      }
      items.sort(([a], [b]) => a - b)
      bins.push({ type, n: Math.max(1, equal), items })
      todo -= Math.max(1, equal)
    }
  }
  return joinEqual(bins)
}

/** Counts of merged classes as counts of classes of the problem: the last members go without. */
export function unmergeCounts(problem: BinProblem, packing: Packing, counts: Int32Array): [number, number][] {
  const found: [number, number][] = []
  for (const [c, members] of packing.members.entries()) {
    let count = counts[c]!
    for (const member of members.toReversed()) {
      const part = Math.min(count, problem.classes[member]!.count)
      if (part > 0) found.push([member, part])
      count -= part
    }
  }
  return found.sort(([a], [b]) => a - b)
}

/** In the order of the types, then of the items; equal bins are counted together. */
function joinEqual(bins: readonly Bin[]): Bin[] {
  const byContent = new Map<string, Bin>()
  for (const bin of bins) {
    const key = `${bin.type}:${bin.items.map(([index, count]) => `${index}x${count}`).join()}`
    byContent.set(key, { ...bin, n: bin.n + (byContent.get(key)?.n ?? 0) })
  }
  const byItems = (a: Bin, b: Bin): number => {
    for (let k = 0; k < Math.min(a.items.length, b.items.length); k++) {
      const [x, m] = a.items[k]!
      const [y, n] = b.items[k]!
      if (x !== y || m !== n) return x - y || n - m
    }
    return b.items.length - a.items.length
  }
  return [...byContent.values()].sort((a, b) => a.type - b.type || byItems(a, b))
}
