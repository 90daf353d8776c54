import { isOnSpot } from '../../domain/offering.js'
import type { NodeOption } from '../../domain/plan.js'
import { sum } from '../../domain/resources.js'
import { leastHeld, mostOn } from '../bins/demand.js'
import { machineOf, type Slot } from '../draft.js'
import type { LiveNode } from '../problem.js'
import { byText } from '../order.js'
import { room } from '../shapes.js'
import type { Random } from './replay-queue.js'

/** What a group may have instead of its nodes of now. */
export type Exchange = {
  readonly group: string
  /** Nodes that a plan may do without. */
  readonly mayGo: (slot: Slot) => boolean
  /** False: the group's own pods ask for more than these nodes have. */
  readonly mayHold: (slots: readonly Slot[]) => boolean
  /** Machines that the group may be given, by zone and capacity type, those left out that another one beats. */
  readonly machines: readonly (readonly NodeOption[])[]
  /** A node of the kind that is not among these: one of today's, or one to be bought. */
  readonly nodeOf: (option: NodeOption, inUse: ReadonlySet<Slot>) => Slot
}

const MOST_GONE = 3
const MOST_BOUGHT = 2
/** In every other draw, up to this part of a large group's nodes goes at once. */
const BULK = 3

/** A group and its nodes in a fleet. */
export type Side = { readonly exchange: Exchange; readonly slots: readonly Slot[] }

/** Nodes of the one side that remain, and those that come to the other. */
export type Drawn = { readonly stay: readonly Slot[]; readonly bought: readonly Slot[] }

/**
 * Draws a change: some nodes of `from` go, and up to two kinds of others come to `to`, mostly the same side, which cost at most
 * `allowance` more (micro-dollars per hour). Undefined where no node may go.
 */
export function drawExchange(from: Side, to: Side, allowance: number, random: Random): Drawn | undefined {
  const removable = from.slots.filter(from.exchange.mayGo)
  if (removable.length === 0) return undefined
  const gone = new Set<Slot>()
  const bulk = random(2) === 0 ? Math.ceil(removable.length / BULK) : 0
  const many = 1 + random(Math.min(Math.max(MOST_GONE, bulk), removable.length))
  while (gone.size < many) gone.add(removable[random(removable.length)]!)
  let left = allowance
  for (const { rate } of gone) left += rate ?? 0
  const stay = from.slots.filter((slot) => !gone.has(slot))
  const { machines, nodeOf } = to.exchange
  const inUse = new Set(to.slots)
  const bought: Slot[] = []
  // What is interrupted and what is not is for the policy to say.
  const places = machines.filter(([first]) =>
    [...gone].some((slot) => first !== undefined && isOnSpot(machineOf(slot)) === isOnSpot(first)),
  )
  const wanted = places.length === 0 ? 0 : random(MOST_BOUGHT + 1)
  for (let count = 0; count < wanted; count += 1) {
    const list = places[random(places.length)]!
    const end = firstFrom(list, left)
    // Of machines that still save something, the dear ones are the likeliest to do.
    const option = list[end - 1 - Math.floor((random(end) * random(end)) / Math.max(1, end))]
    if (option === undefined) continue
    const copies = many > MOST_GONE ? 1 + random(Math.min(many, Math.floor(left / option.price.rate))) : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const slot = nodeOf(option, inUse)
      inUse.add(slot)
      bought.push(slot)
      left -= option.price.rate
    }
  }
  return { stay, bought }
}

/** How many of the machines, cheapest first, cost less. */
function firstFrom(list: readonly NodeOption[], rate: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle]!.price.rate < rate) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether nodes have the CPU, memory and pod slots that the pods of a group take at least. */
export function mayHold(live: readonly LiveNode[]): (slots: readonly Slot[]) => boolean {
  const wanted = sum(live.flatMap(({ pods }) => pods.map(leastHeld)))
  return (slots) => {
    let [cpu, memory, pods] = [0, 0, 0]
    for (const { origin } of slots) {
      const most = origin.kind === 'live' ? mostOn(origin.live) : room(origin.option)
      cpu += most.cpu
      memory += most.memory
      pods += most.pods
    }
    return cpu >= wanted.cpu && memory >= wanted.memory && pods >= wanted.pods
  }
}

/** By zone and capacity type: cheapest first, without machines that have no more CPU, memory or slots than a cheaper one. */
export function machinesByPlace(options: readonly NodeOption[]): NodeOption[][] {
  const places = new Map<string, NodeOption[]>()
  for (const option of options) {
    const key = `${option.zone} ${option.capacityType} ${extendedOf(option)}`
    const known = places.get(key)
    if (known === undefined) places.set(key, [option])
    else known.push(option)
  }
  return [...places]
    .sort(([a], [b]) => byText(a, b))
    .map(([, list]) => {
      const kept: NodeOption[] = []
      for (const option of list.sort((a, b) => a.price.rate - b.price.rate || byText(a.id, b.id)))
        if (!kept.some((other) => isAsLarge(other, option))) kept.push(option)
      return kept
    })
}

const extendedOf = ({ allocatable }: NodeOption): string =>
  Object.entries(allocatable.extended)
    .map(([name, amount]) => `${name} ${amount}`)
    .sort()
    .join()

function isAsLarge(one: NodeOption, other: NodeOption): boolean {
  const [a, b] = [room(one), room(other)]
  return a.cpu >= b.cpu && a.memory >= b.memory && a.pods >= b.pods && a.ephemeralStorage >= b.ephemeralStorage
}
