import type { Place } from './bin-places.js'
import type { BinType } from '../columns/bin-problem.js'

/** A place with its room in the units of the problem. */
export type Kind = { readonly place: Place; readonly capacity: readonly number[] }

export type Twins = {
  readonly types: readonly BinType[]
  /** By type: the kinds that are one in it. */
  readonly members: readonly (readonly number[])[]
  /** By class: the types that it may use. */
  readonly allowed: readonly (readonly number[])[]
}

/** More different nodes of today than that are made fewer, by giving them the room of the largest of those alike. */
const MOST_LIVE = 150
/** Steps of room that are told apart then, down to one. */
const STEPS = [64, 16, 4, 1]

/**
 * Kinds that differ in nothing but their name become one: zones, mostly. Of too many nodes of today those that are much
 * alike become one with the largest room and all classes of any of them: a bound for that is one for them.
 */
export function withoutTwins(kinds: readonly Kind[], allowed: readonly (readonly number[])[]): Twins {
  // Many classes share one list of kinds, and stand or fall together.
  const lists = [...new Set(allowed)]
  const classesOf: number[][] = kinds.map(() => [])
  lists.forEach((list, l) => list.forEach((t) => classesOf[t]!.push(l)))
  for (const t of beaten(kinds, classesOf)) classesOf[t] = []
  const isLimited = (t: number): boolean => kinds[t]!.place.option === undefined
  const largest = kinds.reduce<number[]>(
    (most, { capacity }) => capacity.map((has, r) => Math.max(has, most[r] ?? 0)),
    [],
  )
  const rough = (t: number, steps: number): string =>
    kinds[t]!.capacity.map((has, r) => Math.ceil((has * steps) / (largest[r]! || 1))).join()
  const group = (steps: number | undefined): number[][] => {
    const groups = new Map<string, number[]>()
    kinds.forEach(({ place, capacity }, t) => {
      // What nobody may use, or needs, is left out.
      if (classesOf[t]!.length === 0) return
      const key =
        steps === undefined || !isLimited(t)
          ? `${place.rate} ${capacity.join()} ${isLimited(t)} ${classesOf[t]!.join()}`
          : `${place.rate} ${rough(t, steps)} ${isLimited(t)}`
      const known = groups.get(key)
      if (known === undefined) groups.set(key, [t])
      else known.push(t)
    })
    return [...groups.values()]
  }
  let members = group(undefined)
  for (const steps of STEPS) {
    if (members.filter(([first]) => isLimited(first!)).length <= MOST_LIVE) break
    members = group(steps)
  }
  const newIndex = new Map(members.flatMap((some, index) => some.map((t) => [t, index] as const)))
  const typesOf = new Map(
    lists.map((list) => [list, [...new Set(list.flatMap((t) => newIndex.get(t) ?? []))].sort((a, b) => a - b)]),
  )
  return {
    members,
    types: members.map((some): BinType => {
      const { place } = kinds[some[0]!]!
      const capacity = some.reduce<readonly number[]>(
        (most, t) => kinds[t]!.capacity.map((has, r) => Math.max(has, most[r] ?? 0)),
        [],
      )
      const type = { name: place.name, cost: place.rate, capacity }
      if (!isLimited(some[0]!)) return type
      return { ...type, limit: some.reduce((total, t) => total + kinds[t]!.place.nodes.length, 0) }
    }),
    allowed: allowed.map((list) => typesOf.get(list)!),
  }
}

/** Nodes of today that a machine on offer of their own kind can stand for, for no more money and whatever they hold. */
function beaten(kinds: readonly Kind[], classesOf: readonly (readonly number[])[]): number[] {
  const offers = new Map(
    kinds.flatMap(({ place }, t) => (place.option === undefined ? [] : [[place.name, t] as const])),
  )
  return kinds.flatMap(({ place, capacity }, t) => {
    const offer = place.option === undefined ? offers.get(place.name) : undefined
    if (offer === undefined || kinds[offer]!.place.rate > place.rate) return []
    const other = kinds[offer]!.capacity
    if (capacity.some((has, r) => has > other[r]!)) return []
    const takes = new Set(classesOf[offer])
    return classesOf[t]!.every((l) => takes.has(l)) ? [t] : []
  })
}
