import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { ReplayScheduler } from '../../src/pack/replay/replay.js'
import type { Shop } from '../../src/pack/replay/shop.js'
import { cheapestFirst, holds, room } from '../../src/pack/shapes.js'
import { Stock } from '../../src/pack/stock.js'
import { namespaces } from './arbitrary.js'

/** Sells to any pod the machines that hold it. */
export const shopOf = (options: readonly NodeOption[]): Shop => ({
  machinesFor: (one) => cheapestFirst(options).filter((option) => holds(room(option), one.needed)),
  allows: () => true,
  nextSlot: new Stock('added').lender(),
})

export const schedulerFor = (all: readonly Pod[]): ReplayScheduler =>
  new ReplayScheduler({ namespaces, pods: all }, all, () => false)
