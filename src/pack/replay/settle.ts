import type { Pod } from '../../domain/pod.js'
import type { Draft, Slot } from '../draft.js'
import { Pool } from '../first-fit.js'
import { largestFirst } from '../order.js'
import type { PackGroup } from '../problem.js'
import type { Fleet } from './fleet.js'
import { spreadOver } from '../spread-over.js'

/** A group and its nodes of today. */
export type Group = { readonly group: PackGroup; readonly slots: readonly Slot[] }

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
  return houseAll(draft, homeless)
}

/** Pods of one group without a place, and the nodes that they may go to. */
export type Homeless = { readonly nodes: readonly Slot[]; readonly pods: readonly Pod[] }

const MOST_ATTEMPTS = 3

/**
 * Puts all pods on nodes of their groups. Rules about an even spread tie the groups together: what has no place may find
 * one when the others are there, or before they come.
 */
export function houseAll(draft: Draft, groups: readonly Homeless[]): boolean {
  const mark = draft.mark()
  let order = groups
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const left = new Map<Homeless, readonly Pod[]>()
    for (const group of order) left.set(group, house(draft, group))
    for (const [group, pods] of left) left.set(group, spreadOver(draft, group.nodes, pods))
    const failed = order.filter((group) => left.get(group)!.length > 0)
    if (failed.length === 0) return true
    draft.rollback(mark)
    order = [...failed, ...order.filter((group) => !failed.includes(group))]
  }
  return false
}

/** As the scheduler would; where that leaves pods over, as tightly as can be, or those with rules about others first. */
function house(draft: Draft, { nodes, pods }: Homeless): readonly Pod[] {
  const reference = nodes[0]?.site.allocatable
  if (reference === undefined || pods.length === 0) return pods
  const { board } = draft
  const looksAround = (pod: Pod): boolean => board.hasTopologyRules(board.classKey(pod))
  const bySize = largestFirst(pods, reference)
  const attempts = [
    () => spreadOver(draft, nodes, pods),
    () => new Pool(draft, nodes).putAll(bySize),
    () => new Pool(draft, nodes).putAll([...bySize].sort((a, b) => Number(looksAround(b)) - Number(looksAround(a)))),
  ]
  const mark = draft.mark()
  let left: readonly Pod[] = pods
  for (const attempt of attempts) {
    draft.rollback(mark)
    left = attempt()
    if (left.length === 0) break
  }
  return left
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
