import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { ReplayScheduler } from '../../src/pack/replay/replay.js'
import type { Shop } from '../../src/pack/replay/shop.js'
import { cheapestFirst, holds, room } from '../../src/pack/shapes.js'
import { Stock } from '../../src/pack/stock.js'
import { namespaces } from './arbitrary.js'

/** Sells to any pod the machines that hold it: one list for all pods that may have the same. */
export function shopOf(options: readonly NodeOption[]): Shop {
  const lists = new Map<string, readonly NodeOption[]>()
  return {
    machinesFor: (one) => {
      const machines = cheapestFirst(options).filter((option) => holds(room(option), one.needed))
      const key = machines.map(({ id }) => id).join()
      const known = lists.get(key) ?? machines
      lists.set(key, known)
      return known
    },
    allows: () => true,
    nextSlot: new Stock('added').lender(),
  }
}

export const schedulerFor = (all: readonly Pod[]): ReplayScheduler =>
  new ReplayScheduler({ namespaces, pods: all }, all, () => false)
