import { gravity, mixFaults, poolOf, type MixedNode, type MixFault, type MixRails } from '../../domain/node-mix.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import { changesOf, type Change, type MixedGroup } from './changes.js'
import { asMixed, lent, withPods } from './offers.js'

/** One or two nodes come, with the pods of the one that goes, if one goes. */
export type Swap = { readonly group: string; readonly gone: Slot | undefined; readonly come: readonly Slot[] }

/** More nodes than this, or than there are, are not added one by one: nobody wants that many empty ones. */
const MOST_MISSING = 200

/**
 * Swaps nodes until the rails over all of them hold, each time by what costs the least: one into a zone that has too few
 * nodes, one out of a spot pool that has too much, one for two smaller ones or none for one where there are too few, one for
 * another that takes fewer addresses where a zone's subnets have too few. `swap` carries one out, or says that it cannot be.
 * What cannot be mended stays, for a judge to find. `podsOn`: the pods that the plan has on a node; absent: those of the draft.
 */
export function keepMix(
  groups: readonly MixedGroup[],
  rails: MixRails,
  swap: (one: Swap) => boolean,
  podsOn: (slot: Slot) => Iterable<Pod> = ({ pods }) => pods,
): void {
  const seen = (slot: Slot): MixedNode => asMixed(slot, rails, podsOn(slot))
  const nodesOf = new Map(groups.map(({ name, nodes }) => [name, nodes]))
  const stuck = new Set<string>()
  /** Changes that could not be carried out: with other nodes around, they hardly ever can be. */
  const vain = new Set<string>()
  for (;;) {
    const nodes = [...nodesOf.values()].flat()
    const now = nodes.map(seen)
    const faults = mixFaults(now, rails)
    const most = Math.max(MOST_MISSING, nodes.length)
    const isHopeless = (one: MixFault): boolean => 'missing' in one && one.missing > most
    const fault = faults.find((one) => !stuck.has(nameOf(one)) && !isHopeless(one))
    if (fault === undefined) return
    const weight = gravity(faults)
    const inUse = new Set(nodes)
    const done = groups
      .flatMap((group) => changesOf(group, nodesOf.get(group.name)!, inUse, fault, { rails, seen, podsOn }))
      .filter(({ key }) => !vain.has(key))
      .sort((a, b) => isLast(a) - isLast(b) || a.cost / a.relief - b.cost / b.relief || byText(a.key, b.key))
      .some(({ group: { name }, gone, offers, key }) => {
        const others = now.filter((_, at) => nodes[at] !== gone)
        const moved = gone === undefined ? [] : [...podsOn(gone)]
        if (gravity(mixFaults([...others, ...withPods(offers, moved, rails)], rails)) >= weight) return false
        const come = lent(offers, inUse)
        if (come === undefined || !swap({ group: name, gone, come })) {
          vain.add(key)
          return false
        }
        nodesOf.set(name, [...nodesOf.get(name)!.filter((slot) => slot !== gone), ...come])
        return true
      })
    if (!done) stuck.add(nameOf(fault))
  }
}

const isLast = ({ isLast: last = false }: Change): number => (last ? 1 : 0)

function nameOf(fault: MixFault): string {
  switch (fault.kind) {
    case 'zone':
      return fault.zone
    case 'pool':
      return poolOf(fault.pool)
    case 'addresses':
      return `addresses ${fault.zone}`
    case 'limit':
      return `${fault.resource} of ${fault.group}`
    case 'headroom':
      return `free ${fault.resource}`
    case 'count':
      return fault.kind
    default:
      return fault satisfies never
  }
}
