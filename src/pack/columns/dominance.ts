import type { AllowLists } from './allow-lists.js'
import type { BinType } from './bin-problem.js'

/**
 * Indexes of the types that some best plan may need: a type goes when another, of which any number may be bought, has at
 * least as much of everything, admits at least the same classes, and costs no more. Whatever was in a bin of the one
 * fits into one of the other, so neither the best plan nor the lower bound changes.
 */
export function withoutDominatedTypes(
  types: readonly BinType[],
  capacities: readonly (readonly number[])[],
  { lists, admits }: AllowLists,
): number[] {
  // Most types share what they admit with many others: sets of lists are compared once for all of them.
  const setOf = new Map<string, number>()
  const sets: number[][] = []
  const kind = types.map((_, t) => {
    const admitted: number[] = []
    for (let list = 0; list < lists; list++) if (admits[list * types.length + t] === 1) admitted.push(list)
    const key = admitted.join()
    const known = setOf.get(key)
    if (known !== undefined) return known
    setOf.set(key, sets.length)
    return sets.push(admitted) - 1
  })
  const reached = sets.map((own) => sets.map((other) => other.every((list) => own.includes(list))))
  const useful = types.flatMap(({ cost, limit }, t) =>
    sets[kind[t]!]!.length === 0 || limit === 0 ? [] : [{ cost, t, room: capacities[t]!.reduce((a, b) => a + b, 0) }],
  )
  useful.sort((a, b) => a.cost - b.cost || b.room - a.room || a.t - b.t)

  const rivals = sets.map((): (readonly number[])[] => [])
  const kept = useful.filter(({ t }) => {
    const capacity = capacities[t]!
    const beaten = rivals.some(
      (known, other) => reached[other]![kind[t]!] === true && known.some((rival) => covers(rival, capacity)),
    )
    if (!beaten && types[t]?.limit === undefined) rivals[kind[t]!]!.push(capacity)
    return !beaten
  })
  return kept.map(({ t }) => t).sort((a, b) => a - b)
}

function covers(rival: readonly number[], capacity: readonly number[]): boolean {
  for (let r = 0; r < capacity.length; r++) if (rival[r]! < capacity[r]!) return false
  return true
}
