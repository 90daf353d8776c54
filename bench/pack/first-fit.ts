import { howMany, type ItemClass, type PackedBin } from './problem.js'

/** What a bin holds, the newest first; shared by the bins that a run is split into. */
type Contents = { readonly item: number; readonly count: number; readonly below: Contents } | undefined

/** `n` equal neighbours in the row of bins. */
type Run = { readonly n: number; readonly free: readonly number[]; readonly contents: Contents }

export type Filled = {
  readonly bins: number
  /** Per class, how many found a place. */
  readonly placed: Map<number, number>
  readonly packed: (type: number) => PackedBin[]
}

/**
 * First fit of item classes, in the given order, into bins of one capacity, of which there may be `mostBins`. Bins that
 * hold the same are kept as one run: equal items fill a row of equal bins one after the other, so this is what first fit
 * does with single items, in time that does not depend on how many there are.
 */
export function firstFit(
  items: readonly ItemClass[],
  order: readonly (readonly [item: number, count: number])[],
  capacity: readonly number[],
  mostBins = Infinity,
): Filled {
  let open: Run[] = []
  const full: Run[] = []
  const placed = new Map<number, number>()
  const smallest = smallestYetToCome(items, order, capacity.length)
  let bins = 0
  order.forEach(([item, count], position) => {
    const { size = [], maxPerBin = Infinity } = items[item] ?? {}
    const least = smallest[position] ?? []
    let remaining = count
    const next: Run[] = []
    const put = (run: Run): void => {
      const each = remaining > 0 ? howMany(run.free, size, Math.min(remaining, maxPerBin)) : 0
      if (each === 0) {
        next.push(run)
        return
      }
      const whole = Math.min(run.n, Math.floor(remaining / each))
      const rest = whole < run.n ? remaining - whole * each : 0
      if (whole > 0) next.push(withItems(run, whole, item, size, each))
      if (rest > 0) next.push(withItems(run, 1, item, size, rest))
      const untouched = run.n - whole - (rest > 0 ? 1 : 0)
      if (untouched > 0) next.push({ ...run, n: untouched })
      remaining -= whole * each + rest
    }
    for (const run of open) {
      // What the smallest item to come does not fit is full for good.
      if (howMany(run.free, least, 1) === 0) full.push(run)
      else put(run)
    }
    const each = howMany(capacity, size, Math.min(remaining, maxPerBin))
    const more = each === 0 ? 0 : Math.min(Math.ceil(remaining / each), mostBins - bins)
    if (more > 0) {
      bins += more
      put({ n: more, free: capacity, contents: undefined })
    }
    if (remaining < count) placed.set(item, count - remaining)
    open = next
  })
  const packed = (type: number): PackedBin[] =>
    [...full, ...open].map(({ n, contents }) => ({ type, n, items: listOf(contents) }))
  return { bins, placed, packed }
}

const withItems = (run: Run, n: number, item: number, size: readonly number[], count: number): Run => ({
  n,
  free: run.free.map((room, resource) => room - (size[resource] ?? 0) * count),
  contents: { item, count, below: run.contents },
})

function listOf(contents: Contents): [number, number][] {
  const list: [number, number][] = []
  for (let at = contents; at !== undefined; at = at.below) list.push([at.item, at.count])
  return list.reverse()
}

/** For each place in the order, the least of every resource that an item from there on asks for. */
function smallestYetToCome(
  items: readonly ItemClass[],
  order: readonly (readonly [item: number, count: number])[],
  width: number,
): number[][] {
  const smallest: number[][] = []
  let least: number[] = Array.from({ length: width }, () => Infinity)
  for (let position = order.length - 1; position >= 0; position -= 1) {
    const size = items[order[position]?.[0] ?? -1]?.size ?? []
    least = least.map((amount, resource) => Math.min(amount, size[resource] ?? 0))
    smallest[position] = least
  }
  return smallest
}

/** Classes by the sum of their shares of a bin, the largest first; equal ones in the order of the file. */
export function byShares(
  items: readonly ItemClass[],
  demand: ReadonlyMap<number, number>,
  capacity: readonly number[],
  resources = capacity.length,
): [item: number, count: number][] {
  const share = (item: number): number => {
    let sum = 0
    for (let resource = 0; resource < resources; resource += 1) {
      const room = capacity[resource] ?? 0
      if (room > 0) sum += (items[item]?.size[resource] ?? 0) / room
    }
    return sum
  }
  return [...demand]
    .map(([item, count]) => ({ item, count, share: share(item) }))
    .sort((a, b) => b.share - a.share || a.item - b.item)
    .map(({ item, count }) => [item, count])
}
