import type { MixRails } from '../../domain/node-mix.js'
import type { Pod } from '../../domain/pod.js'
import { shortfalls, sum } from '../../domain/resources.js'
import type { Slot } from '../draft.js'
import { choiceOf, fleetOf, type Alternatives, type Fleet } from '../replay/fleet.js'
import { runsItsOwn } from '../shapes.js'
import { keepMix, type Swap } from './keep-mix.js'
import { cheapestFirst, faultsAmong, offersOf } from './offers.js'

/**
 * The fleet with nodes swapped until the rails over all of them hold, as far as that can be. A node makes way only for
 * what is no smaller, and only if the fleet is still sound: that every order of the pods works out on it, and that they
 * all have a place. `placed`: where they have one, which the addresses that nodes take depend on.
 */
export function keepFleetMix(
  fleet: Fleet,
  groups: readonly Alternatives[],
  rails: MixRails,
  isSound: (fleet: Fleet) => boolean,
  placed: ReadonlyMap<Slot, readonly Pod[]> = new Map(),
): Fleet {
  const nodesOf = nodesIn(fleet)
  const nodes = [...nodesOf.values()].flat()
  if (faultsAmong(nodes, rails, (slot) => placed.get(slot) ?? []).length === 0) return fleet
  const tools = { groups, rails, placed }
  // A node more hardly ever leaves a pod over: it is enough to look once they are all there.
  const quick = swapped(fleet, nodesOf, tools, (next, { gone }) => gone === undefined || isSound(next))
  return isSound(quick) ? quick : swapped(fleet, nodesOf, tools, isSound)
}

type Tools = {
  readonly groups: readonly Alternatives[]
  readonly rails: MixRails
  readonly placed: ReadonlyMap<Slot, readonly Pod[]>
}

function nodesIn({ chosen, added }: Fleet): Map<string, readonly Slot[]> {
  const nodesOf = new Map([...chosen].map(([name, { slots }]) => [name, slots]))
  for (const slot of added) {
    const name = slot.origin.kind === 'new' ? slot.origin.option.group : ''
    nodesOf.set(name, [...(nodesOf.get(name) ?? []), slot])
  }
  return nodesOf
}

function swapped(
  fleet: Fleet,
  before: ReadonlyMap<string, readonly Slot[]>,
  { groups, rails, placed }: Tools,
  isSound: (fleet: Fleet, swap: Swap) => boolean,
): Fleet {
  const nodesOf = new Map(before)
  const podsOn = new Map(placed)
  let best = fleet
  keepMix(
    groups.map(({ group, mayGo, machines, nodeOf }) => ({
      name: group,
      nodes: nodesOf.get(group)!,
      mayGo,
      offers: cheapestFirst(offersOf(machines.flat().filter(runsItsOwn), nodeOf)),
    })),
    rails,
    (swap) => {
      const { group, gone, come } = swap
      if (gone !== undefined && !areAsLarge(come, gone)) return false
      const nodes = [...nodesOf.get(group)!.filter((slot) => slot !== gone), ...come]
      const chosen = [...new Map(nodesOf).set(group, nodes)].map(([name, slots]) => [name, choiceOf(slots)] as const)
      const next = fleetOf(new Map(chosen))
      if (!isSound(next, swap)) return false
      nodesOf.set(group, nodes)
      for (const [at, slot] of come.entries())
        podsOn.set(slot, (gone && podsOn.get(gone))?.filter((_, index) => index % come.length === at) ?? [])
      best = next
      return true
    },
    (slot) => podsOn.get(slot) ?? [],
  )
  return best
}

function areAsLarge(come: readonly Slot[], gone: Slot): boolean {
  const [all, wanted] = [sum(come.map(({ site }) => site.allocatable)), gone.site.allocatable]
  return shortfalls(all, wanted).length === 0
}
