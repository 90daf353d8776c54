import type { Problem } from './problem.js'

/** A set of bin types, by what a baseline asks of it. Equal sets are the same object. */
export type TypeSet = {
  /** Cheapest first, equal prices by index. */
  readonly byCost: readonly number[]
  /** Types of which no other in the set has at least as much of everything: whatever fits in any type fits in one here. */
  readonly frontier: readonly number[]
  readonly has: (type: number) => boolean
}

/**
 * The sets of bin types that some items can share. Types that the same items may use are one block, so that a set is a
 * choice of blocks and an intersection is computed once.
 */
export class Reach {
  readonly #problem: Problem
  readonly #blockOf: number[] = []
  readonly #sets = new Map<string, TypeSet>()
  readonly #blocks = new Map<TypeSet, ReadonlySet<number>>()
  readonly #shared = new Map<TypeSet, Map<TypeSet, TypeSet>>()
  readonly #ofItem: TypeSet[]

  constructor(problem: Problem) {
    this.#problem = problem
    const lists = [...new Set(problem.items.flatMap(({ types }) => (types === undefined ? [] : [types])))]
    const reachedBy: number[][] = problem.types.map(() => [])
    lists.forEach((list, index) => {
      for (const type of new Set(list)) reachedBy[type]?.push(index)
    })
    const ids = new Map<string, number>()
    for (const by of reachedBy) {
      const key = by.join()
      const id = ids.get(key) ?? ids.size
      ids.set(key, id)
      this.#blockOf.push(id)
    }
    const all = this.#setOf(new Set(this.#blockOf))
    const ofList = new Map(lists.map((list) => [list, this.#setOf(new Set(list.map((t) => this.#blockOf[t] ?? -1)))]))
    this.#ofItem = problem.items.map(({ types }) => (types === undefined ? all : (ofList.get(types) ?? all)))
  }

  /** The types that may take the item; they need not have room for it. */
  ofItem(item: number): TypeSet {
    const set = this.#ofItem[item]
    if (set === undefined) throw new RangeError(`there is no item ${item}`)
    return set
  }

  intersection(a: TypeSet, b: TypeSet): TypeSet {
    if (a === b) return a
    const known = this.#shared.get(a)?.get(b)
    if (known !== undefined) return known
    const others = this.#blocks.get(b) ?? new Set()
    const set = this.#setOf(new Set([...(this.#blocks.get(a) ?? [])].filter((block) => others.has(block))))
    const row = this.#shared.get(a) ?? new Map<TypeSet, TypeSet>()
    this.#shared.set(a, row.set(b, set))
    return set
  }

  #setOf(blocks: ReadonlySet<number>): TypeSet {
    const key = [...blocks].sort((a, b) => a - b).join()
    const known = this.#sets.get(key)
    if (known !== undefined) return known
    const { types } = this.#problem
    const members = types.flatMap((_, type) => (blocks.has(this.#blockOf[type] ?? -1) ? [type] : []))
    const byCost = members.sort((a, b) => (types[a]?.cost ?? 0) - (types[b]?.cost ?? 0) || a - b)
    const frontier = frontierOf(
      types.map(({ capacity }) => capacity),
      byCost,
    )
    const set = { byCost, frontier, has: (type: number): boolean => blocks.has(this.#blockOf[type] ?? -1) }
    this.#sets.set(key, set)
    this.#blocks.set(set, blocks)
    return set
  }
}

function frontierOf(capacities: readonly (readonly number[])[], members: readonly number[]): number[] {
  const roomOf = (type: number): readonly number[] => capacities[type] ?? []
  const total = (type: number): number => roomOf(type).reduce((sum, room) => sum + room, 0)
  // The largest first: what holds as much as another comes before it, so one pass over those kept is enough.
  const largestFirst = [...members].sort((a, b) => total(b) - total(a) || a - b)
  const kept: number[] = []
  for (const type of largestFirst)
    if (!kept.some((other) => roomOf(type).every((room, resource) => room <= (roomOf(other)[resource] ?? 0))))
      kept.push(type)
  return kept
}
