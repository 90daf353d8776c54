import type { BinType } from './bin-problem.js'

type Restricted = { readonly allow: ReadonlySet<number> | undefined; readonly allowKey: string }

/**
 * Indexes of the types that some best plan may need: a type goes when another, of which any number may be bought, has at
 * least as much of everything, admits at least the same classes, and costs no more. Whatever was in a bin of the one
 * fits into one of the other, so neither the best plan nor the lower bound changes.
 */
export function withoutDominatedTypes(
  types: readonly BinType[],
  capacities: readonly (readonly number[])[],
  classes: readonly Restricted[],
): number[] {
  const lists = new Map(classes.map(({ allow, allowKey }) => [allowKey, allow]))
  const admits = types.map((_, t) => [...lists.values()].map((allow) => allow === undefined || allow.has(t)))
  const useful = types.map((type, t) => ({ cost: type.cost, t })).filter(({ t }) => (admits[t] ?? []).includes(true))
  useful.sort((a, b) => a.cost - b.cost || sum(capacities[b.t]) - sum(capacities[a.t]) || a.t - b.t)

  const rivals: number[] = []
  const kept = useful.filter(({ t }) => {
    if (types[t]?.limit === 0) return false
    const beaten = rivals.some((rival) => covers(capacities[rival], capacities[t]) && reaches(admits[rival], admits[t]))
    if (!beaten && types[t]?.limit === undefined) rivals.push(t)
    return !beaten
  })
  return kept.map(({ t }) => t).sort((a, b) => a - b)
}

const sum = (amounts: readonly number[] = []): number => amounts.reduce((total, amount) => total + amount, 0)

const covers = (rival: readonly number[] = [], type: readonly number[] = []): boolean =>
  type.every((amount, r) => (rival[r] ?? 0) >= amount)

const reaches = (rival: readonly boolean[] = [], type: readonly boolean[] = []): boolean =>
  type.every((admitted, list) => !admitted || rival[list] === true)
