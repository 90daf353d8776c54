import type { Slot } from '../draft.js'
import { choiceOf, fleetOf, groupNodes, withChoice, type Alternatives, type Fleet } from './fleet.js'

/**
 * The fleet with nodes of today in the place of those that it buys of the same kind, as far as they would go and cost no more:
 * nobody drains a node to add its like. Each exchange must leave the fleet sound, since nodes of one kind may differ in labels
 * and in what runs on them.
 */
export function keepToday(fleet: Fleet, groups: readonly Alternatives[], isSound: (fleet: Fleet) => boolean): Fleet {
  let best = fleet
  for (const group of groups)
    for (const bought of groupNodes(group, fleet)) {
      if (bought.origin.kind !== 'new') continue
      const spare = group.nodeOf(bought.origin.option, new Set(groupNodes(group, best)))
      if (spare.origin.kind !== 'live' || (spare.rate ?? Infinity) > (bought.rate ?? 0)) continue
      const next = replaced(best, group, bought, spare)
      if (isSound(next)) best = next
    }
  return best
}

function replaced(fleet: Fleet, group: Alternatives, gone: Slot, come: Slot): Fleet {
  const swap = (slot: Slot): Slot => (slot === gone ? come : slot)
  const nodes = groupNodes(group, fleet)
  const others = fleet.added.filter((slot) => !nodes.includes(slot))
  const places = fleet.places && new Map([...fleet.places].map(([pod, slot]) => [pod, swap(slot)]))
  return fleetOf(withChoice(fleet.chosen, group.group, choiceOf(nodes.map(swap))), others, places)
}
