import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { sum } from '../domain/resources.js'
import { layOut } from './bins/blueprint.js'
import type { ColumnPlan } from './bins/column-plans.js'
import { machineOf, newSlot, type Draft, type Slot } from './draft.js'
import { Pool, type Opener } from './first-fit.js'
import { kindOf, type MachineKind } from './bins/bin-question.js'
import { byText, largestFirst } from './order.js'
import type { PackProblem } from './problem.js'
import { cheapestFirst, holds, rateOf, room } from './shapes.js'

/** What a group may be rebuilt from in one attempt. */
export type Materials = {
  /** Today's nodes that may go: opened again, under their own names, where the plan wants such a machine. */
  readonly reusable: readonly Slot[]
  /** Today's nodes that stay; their free room is used first. */
  readonly fixed: readonly Slot[]
  /** Machines that may be bought, cheapest first. */
  readonly options: readonly NodeOption[]
  /** Of those, the ones that could hold the pod, cheapest first. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /** Machine types to prefer, one per capacity type. */
  readonly shapes: ReadonlySet<string>
  /** Should the pod be on spot, where the rules allow it? */
  readonly wantsSpot: (pod: Pod) => boolean
  readonly suits: PackProblem['suits']
  /** What a machine counts for while the attempt lasts, in micro-dollars per hour; absent: its price. */
  readonly charge?: ((option: NodeOption) => number) | undefined
  /** Names for bought nodes, never given out twice. */
  readonly nextName: () => string
}

/** A packing to build after; with `anew`, pods on nodes that stay are placed anew as well. */
export type Blueprint = { readonly packing: ColumnPlan; readonly anew: boolean }

/**
 * First fit decreasing over one group: takes its movable nodes off the board and places their pods anew, on what stays
 * and on nodes of the preferred shapes; a pod that these cannot hold gets the cheapest machine that can. With a
 * blueprint, its nodes are filled first, and first fit places what is left. Returns the nodes in use, or undefined when a pod is left over (the caller rolls back).
 */
export function replan(draft: Draft, materials: Materials, blueprint?: Blueprint): Slot[] | undefined {
  const displaced = blueprint?.anew === true ? materials.fixed.flatMap(movableOn) : []
  const homeless = [...materials.reusable.flatMap((slot) => [...slot.pods]), ...displaced]
  for (const pod of homeless) draft.take(pod)
  for (const slot of materials.reusable) draft.close(slot)

  const spares = sparesOf(materials)
  const opened = blueprint === undefined ? [] : layBlueprint(draft, blueprint.packing, materials, homeless, spares)
  const open = opener(draft, materials, spares, opened)
  const reference = materials.options[0]?.allocatable ?? materials.reusable[0]?.site.allocatable
  if (reference === undefined) return homeless.length === 0 ? [...materials.fixed] : undefined
  const isWaiting = (pod: Pod): boolean => draft.places.get(pod) === undefined
  goHome(draft, materials.fixed, displaced.filter(isWaiting))
  const pool = new Pool(draft, [...materials.fixed, ...opened])
  const waiting = blueprint === undefined ? homeless : homeless.filter(isWaiting)
  const left = pool.putAll(largestFirst(waiting, reference), open)
  return left.length === 0 ? [...materials.fixed, ...opened] : undefined
}

/** Pods that may leave a node that stays. Those on a closed one could not come back. */
const movableOn = (slot: Slot): Pod[] =>
  slot.origin.kind !== 'live' || slot.origin.live.node.closed !== undefined
    ? []
    : [...slot.pods].filter((pod) => slot.origin.kind === 'live' && !slot.origin.live.pinned.has(pod))

/** Puts pods back where they were, as far as there is still room. */
function goHome(draft: Draft, slots: readonly Slot[], pods: readonly Pod[]): void {
  const byName = new Map(slots.map((slot) => [slot.site.name, slot]))
  for (const pod of pods) {
    const slot = byName.get(pod.nodeName)
    if (slot !== undefined && draft.takes(slot, pod)) draft.put(pod, slot)
  }
}

function layBlueprint(
  draft: Draft,
  packing: ColumnPlan,
  { options, reusable, fixed, nextName }: Materials,
  homeless: readonly Pod[],
  spares: ReadonlyMap<MachineKind, readonly Slot[]>,
): Slot[] {
  const slotOf = new Map(
    [...fixed, ...reusable].flatMap((slot) =>
      slot.origin.kind === 'live' && (fixed.includes(slot) || slot.origin.live.node.closed === undefined)
        ? [[slot.origin.live, slot] as const]
        : [],
    ),
  )
  return layOut(draft, packing, new Set(homeless), options, {
    live: (live) => slotOf.get(live),
    next: (option, liking) => {
      const free = (spares.get(kindOf(option)) ?? []).filter(({ index }) => index === undefined)
      const scored = free.map((slot) => ({ slot, score: liking(slot) }))
      const [first] = scored.sort((a, b) => b.score - a.score || byText(a.slot.site.name, b.slot.site.name))
      return first?.slot ?? newSlot(option, nextName())
    },
  })
}

/** Today's nodes that may be used again, by the kind of their machine. */
function sparesOf({ reusable }: Materials): Map<MachineKind, Slot[]> {
  const spares = new Map<MachineKind, Slot[]>()
  for (const slot of reusable) {
    if (slot.origin.kind !== 'live' || slot.origin.live.node.closed !== undefined) continue
    const key = kindOf(slot.origin.live.node)
    spares.set(key, [...(spares.get(key) ?? []), slot])
  }
  return spares
}

function opener(
  draft: Draft,
  materials: Materials,
  spares: ReadonlyMap<MachineKind, readonly Slot[]>,
  opened: Slot[],
): Opener {
  const inZone = new Map<string, number>()

  const tryOpen = (slot: Slot, pod: Pod): boolean => {
    draft.open(slot)
    if (draft.takes(slot, pod)) return true
    draft.close(slot)
    return false
  }
  const openOne = (option: NodeOption, pod: Pod): Slot | undefined => {
    for (const slot of spares.get(kindOf(option)) ?? []) if (slot.index === undefined && tryOpen(slot, pod)) return slot
    const bought = newSlot(option, materials.nextName())
    return tryOpen(bought, pod) ? bought : undefined
  }
  /** The zone with the fewest nodes first, so that the group stays spread over its zones. */
  const emptiestZoneFirst = (candidates: readonly NodeOption[]): NodeOption[] =>
    [...candidates].sort(
      (a, b) =>
        (inZone.get(a.zone) ?? 0) - (inZone.get(b.zone) ?? 0) || a.price.rate - b.price.rate || byText(a.id, b.id),
    )

  const idle = [...spares.values()]
    .flat()
    .sort((a, b) => (a.rate ?? 0) - (b.rate ?? 0) || byText(a.site.name, b.site.name))

  return (pod) => {
    if (materials.options.length === 0) {
      const slot = idle.find((one) => one.index === undefined && tryOpen(one, pod))
      if (slot !== undefined) opened.push(slot)
      return slot
    }
    const possible = materials.machinesFor(pod)
    const preferred = [...materials.shapes].flatMap((type) => byType(possible).get(type) ?? [])
    const wished = materials.wantsSpot(pod)
    for (const spot of [wished, !wished])
      for (const options of [emptiestZoneFirst(preferred), possible])
        for (const option of options) {
          if ((option.capacityType === 'spot') !== spot) continue
          if (options === possible && materials.shapes.has(option.instanceType)) continue
          const slot = openOne(option, pod)
          if (slot === undefined) continue
          inZone.set(option.zone, (inZone.get(option.zone) ?? 0) + 1)
          opened.push(slot)
          return slot
        }
    return undefined
  }
}

const indexes = new WeakMap<readonly NodeOption[], ReadonlyMap<string, readonly NodeOption[]>>()

/** All pods of a kind share one list of machines, so it is worth an index. */
function byType(list: readonly NodeOption[]): ReadonlyMap<string, readonly NodeOption[]> {
  const known = indexes.get(list)
  if (known !== undefined) return known
  const made = new Map<string, NodeOption[]>()
  for (const option of list) {
    const ofType = made.get(option.instanceType)
    if (ofType === undefined) made.set(option.instanceType, [option])
    else ofType.push(option)
  }
  indexes.set(list, made)
  return made
}

/**
 * Moves each bought node's pods to the machine in the same zone that counts for the least and still holds them all: the last
 * node of a first-fit packing is mostly empty. Returns the nodes after the exchange.
 */
export function trim(draft: Draft, slots: readonly Slot[], { options, charge, suits }: Materials): Slot[] {
  const priceOf = charge ?? rateOf
  const cheapest = charge === undefined ? options : cheapestFirst(options, { priceOf })
  return slots.map((slot) => {
    if (slot.origin.kind !== 'new') return slot
    const { zone, capacityType } = slot.origin.option
    const price = priceOf(slot.origin.option)
    const need = sum([...slot.pods].map((pod) => pod.needed))
    for (const option of cheapest) {
      if (priceOf(option) >= price) break
      if (option.zone !== zone || (option.capacityType === 'spot' && capacityType !== 'spot')) continue
      // Most machines are ruled out before anything is tried on the board.
      if (!holds(room(option), need)) continue
      const smaller = exchange(draft, slot, newSlot(option, slot.site.name), suits)
      if (smaller !== undefined) return smaller
    }
    return slot
  })
}

function exchange(draft: Draft, from: Slot, to: Slot, suits: PackProblem['suits']): Slot | undefined {
  const pods = [...from.pods]
  const machine = machineOf(to)
  if (!pods.every((pod) => suits(pod, machine))) return undefined
  const mark = draft.mark()
  for (const pod of pods) draft.take(pod)
  draft.close(from)
  draft.open(to)
  for (const pod of pods) {
    if (!draft.takes(to, pod)) {
      draft.rollback(mark)
      return undefined
    }
    draft.put(pod, to)
  }
  return to
}
