import type { Pod } from '../../domain/pod.js'
import type { Draft, Slot } from '../draft.js'
import type { PackGroup } from '../problem.js'
import type { Fleet } from './fleet.js'
import { spreadOver } from '../spread-over.js'

type Group = { readonly group: PackGroup; readonly slots: readonly Slot[] }

/** The nodes of each group in a fleet, those that a repair added among them. */
export function nodesOfFleet(groups: readonly Group[], fleet: Fleet): Map<string, Slot[]> {
  const nodesOf = new Map(
    groups.map(({ group, slots }) => [group.name, [...(fleet.chosen.get(group.name)?.slots ?? slots)]]),
  )
  for (const slot of fleet.added) if (slot.origin.kind === 'new') nodesOf.get(slot.origin.option.group)?.push(slot)
  return nodesOf
}

/**
 * Moves every group from its nodes of today to these; pods on nodes that stay are left there. False where a pod has no
 * place in its own group: the caller rolls back.
 */
export function settle(draft: Draft, groups: readonly Group[], nodesOf: ReadonlyMap<string, readonly Slot[]>): boolean {
  const homeless = groups.map(({ group, slots }) => {
    const nodes = nodesOf.get(group.name) ?? []
    return { nodes, pods: vacate(draft, slots, nodes) }
  })
  return homeless.every(({ nodes, pods }) => spreadOver(draft, nodes, pods).length === 0)
}

/** Do a group's pods have a place on these nodes, the other groups being as they are now? Leaves the draft as it was. */
export function housesOwn(draft: Draft, before: readonly Slot[], after: readonly Slot[]): boolean {
  const mark = draft.mark()
  const isHoused = spreadOver(draft, after, vacate(draft, before, after)).length === 0
  draft.rollback(mark)
  return isHoused
}

/** Closes the nodes that a fleet has no use for and opens the ones that it adds; gives the pods without a node. */
function vacate(draft: Draft, before: readonly Slot[], after: readonly Slot[]): Pod[] {
  const stay = new Set(after)
  const pods: Pod[] = []
  for (const slot of before) {
    if (stay.has(slot)) continue
    for (const pod of [...slot.pods]) {
      draft.take(pod)
      pods.push(pod)
    }
    draft.close(slot)
  }
  for (const slot of after) if (slot.index === undefined) draft.open(slot)
  return pods
}
