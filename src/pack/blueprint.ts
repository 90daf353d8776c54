import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { ColumnPlan } from './column-plans.js'
import type { Draft, Slot } from './draft.js'
import { kindOf, type MachineKind } from './group-bins.js'

/** Puts one more node of such a machine on the board: one of today's, or one to be bought. */
export type NodeSource = (option: NodeOption) => Slot

/**
 * Opens the nodes of a packing and puts each pod where the packing has one of its class, as far as the rules between
 * pods and the guard rails, of which the packing knows nothing, allow it; returns the nodes in use. Dear nodes come
 * first, and of machines that are alike the ones in the zone with the fewest nodes, so that the group stays spread.
 */
export function layOut(
  draft: Draft,
  { plan, machines, pods }: ColumnPlan,
  homeless: ReadonlySet<Pod>,
  options: readonly NodeOption[],
  open: NodeSource,
): Slot[] {
  const optionOf = new Map(options.map((option): [MachineKind, NodeOption] => [kindOf(option), option]))
  const queues = pods.map((all) => all.filter((pod) => homeless.has(pod)))
  const inZone = new Map<string, number>()
  const nodesIn = ({ zone }: NodeOption): number => inZone.get(zone) ?? 0
  const opened: Slot[] = []
  const dearestFirst = plan.bins
    .map((bin) => ({ ...bin, choices: machines[bin.type]!.flatMap((kind) => optionOf.get(kind) ?? []) }))
    .filter(({ choices }) => choices.length > 0)
    .sort((a, b) => b.choices[0]!.price.rate - a.choices[0]!.price.rate || a.type - b.type)
  for (const { n, items, choices } of dearestFirst)
    for (let copy = 0; copy < n; copy += 1) {
      const option = choices.reduce((best, one) => (nodesIn(one) < nodesIn(best) ? one : best))
      const slot = open(option)
      for (const [c, count] of items) queues[c] = fill(draft, slot, queues[c]!, count)
      if (slot.pods.size === 0) {
        draft.close(slot)
        continue
      }
      inZone.set(option.zone, nodesIn(option) + 1)
      opened.push(slot)
    }
  return opened
}

/** Puts up to `count` of the pods on the node; returns those that are left. */
function fill(draft: Draft, slot: Slot, queue: readonly Pod[], count: number): Pod[] {
  let wanted = count
  return queue.filter((pod) => {
    if (wanted === 0 || !draft.takes(slot, pod)) return true
    draft.put(pod, slot)
    wanted -= 1
    return false
  })
}
