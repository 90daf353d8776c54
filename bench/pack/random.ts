/** Whole numbers from 0 to below `limit`, the same on every machine. */
export type Random = (limit: number) => number

/** A counter with a large odd step, mixed by MurmurHash3's 32-bit finaliser: equally good from the first number on. */
export function random(seed: number): Random {
  let state = Math.imul(seed, 0x27d4eb2f) >>> 0
  return (limit) => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * limit)
  }
}

export function shuffle(values: Int32Array, next: Random): void {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = next(last + 1)
    const moved = values[last] ?? 0
    values[last] = values[other] ?? 0
    values[other] = moved
  }
}
