import { AS_IS, type Goal } from '../domain/goal.js'
import { liveSlot } from './draft.js'
import { allowedOptions } from './goal.js'
import { once } from './once.js'
import type { PackGroup, PackProblem } from './problem.js'
import { reliefOf } from './replay/relief.js'
import type { Shop } from './replay/shop.js'
import type { Solver } from './solve.js'
import { Stock } from './stock.js'
import { keepsLimits } from './within-limit.js'

/** Where a goal's nodes are bought: machines that the goal allows, first of all of the pod's own group. `groupOf`: by names of nodes. */
export function makeShops(
  { groups, limits: { groupLimits } }: PackProblem,
  solver: Solver,
  groupOf: ReadonlyMap<string, PackGroup>,
): (goal: Goal) => Shop {
  const nextSlot = new Stock('added').lender()
  const allows: Shop['allows'] = (slots) => keepsLimits(slots, groupLimits)
  const today = once(() => groups.flatMap(({ live }) => live.map(liveSlot)))
  return (goal) => {
    // What a repack needs once it is rebuilt may be bought: any machine of a group.
    const options = once(() =>
      groups.flatMap((one) => (goal.kind === 'repack' ? one.options : allowedOptions(one, goal.policy))),
    )
    return {
      machinesFor: (pod) => {
        const group = groupOf.get(pod.nodeName)
        return group === undefined ? [] : solver.machinesFor(group, pod, goal)
      },
      elsewhere: (pod) =>
        groups
          .filter((group) => group !== groupOf.get(pod.nodeName) && groupLimits?.has(group.name) !== true)
          .flatMap((group) => solver.machinesFor(group, pod, goal.kind === 'repack' ? AS_IS : goal))
          .sort((a, b) => a.price.rate - b.price.rate),
      allows,
      relief: (slots, share) => reliefOf(slots, today(), options(), share, { allows, nextSlot }),
      nextSlot,
    }
  }
}
