import type { CapacityPolicy } from '../../../src/domain/goal.js'
import type { Pod } from '../../../src/domain/pod.js'
import { createBoard, type BoardContext } from '../../../src/pack/board/board.js'
import { Draft, liveSlot, type Slot } from '../../../src/pack/draft.js'
import { Machines } from '../../../src/pack/machines.js'
import type { PackGroup, PackProblem } from '../../../src/pack/problem.js'
import { provision } from '../../../src/pack/provision/provision.js'
import { spotWish } from '../../../src/pack/spot/spot.js'
import { Stock } from '../../../src/pack/stock.js'

export type KarpenterPlan = { readonly slots: readonly Slot[]; readonly left: readonly Pod[]; readonly rate: number }

/**
 * A cluster packed as Karpenter provisions and then consolidates it, by the rules, the guard rails and the machines that
 * our plans have, group by group: nodes that every plan keeps are there with their pods; all others are provisioned anew.
 */
export function karpenterCluster(problem: PackProblem, context: BoardContext, policy: CapacityPolicy): KarpenterPlan {
  const draft = new Draft(createBoard(context), problem)
  const machines = new Machines(problem, (pod) => draft.board.classKey(pod))
  const { wants: wantsSpot } = spotWish(policy, problem)
  const stock = new Stock('karpenter')
  const work = problem.groups.map((group) => ({ group, ...openLive(group, draft) }))
  const done = work.map(({ group, fixed, homeless }) => {
    const { bought, left } = provision(homeless, fixed, {
      ...{ draft, market: machines.on(group, policy), wantsSpot },
      nodeOf: (option, inUse) => stock.free(option, [], inUse),
    })
    return { slots: [...fixed, ...bought], left }
  })
  const slots = done.flatMap((group) => group.slots)
  return {
    slots,
    left: done.flatMap(({ left }) => left),
    rate: slots.reduce((total, { rate }) => total + (rate ?? 0), 0),
  }
}

/** Puts the nodes that stay on the board; pods of the others have no place yet. */
function openLive(group: PackGroup, draft: Draft): { readonly fixed: Slot[]; readonly homeless: Pod[] } {
  const fixed: Slot[] = []
  const homeless: Pod[] = []
  for (const live of group.live) {
    if (live.mustStay === undefined && live.pinned.size === 0) {
      homeless.push(...live.pods)
      continue
    }
    const slot = liveSlot(live)
    draft.open(slot)
    for (const pod of live.pods) draft.put(pod, slot)
    fixed.push(slot)
  }
  return { fixed, homeless }
}
