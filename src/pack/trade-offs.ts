/** One of several things that could be chosen, with what it costs and what it weighs. */
export type Weighed = { readonly cost: number; readonly weight: number }

/** One choice from each list: sums of cost and weight, and the place of the choice in its list. */
export type Combination = Weighed & { readonly picks: readonly number[] }

/** So many combinations are kept after each list; the others lie between two that are. */
const MOST = 600

type Partial = Weighed & { readonly pick: number; readonly before: Partial | undefined }

/**
 * One choice from each list, such that no other combination costs no more and weighs no more: the cheapest first, and
 * each further one dearer and lighter. Of equals the one that comes first in its list is taken. Empty where a list is.
 */
export function tradeOffs(lists: readonly (readonly Weighed[])[]): Combination[] {
  let front: Partial[] = [{ cost: 0, weight: 0, pick: -1, before: undefined }]
  for (const list of lists) {
    const choices = undominated(list.map((one, pick) => ({ ...one, pick })))
    front = thinned(
      undominated(
        front.flatMap((before) =>
          choices.map(({ cost, weight, pick }) => ({
            cost: before.cost + cost,
            weight: before.weight + weight,
            pick,
            before,
          })),
        ),
      ),
    )
  }
  return front.map((last) => {
    const picks: number[] = []
    for (let at = last; at.before !== undefined; at = at.before) picks.unshift(at.pick)
    return { cost: last.cost, weight: last.weight, picks }
  })
}

/** The sort is stable, so that the first of equals stays the first. */
function undominated<One extends Weighed>(all: readonly One[]): One[] {
  let lightest = Infinity
  return [...all]
    .sort((a, b) => a.cost - b.cost || a.weight - b.weight)
    .filter(({ weight }) => {
      if (weight >= lightest) return false
      lightest = weight
      return true
    })
}

/** The first, the last, and as many in between as there is room for. */
function thinned<One>(all: readonly One[]): One[] {
  if (all.length <= MOST) return [...all]
  return Array.from({ length: MOST }, (_, at) => all[Math.round((at * (all.length - 1)) / (MOST - 1))]!)
}
