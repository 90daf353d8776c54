import { countsFor, type LimitFault } from '../../domain/group-limit.js'
import type { HeadroomFault } from '../../domain/headroom.js'
import { poolOf, type MixFault, type MixedNode, type MixRails } from '../../domain/node-mix.js'
import { isOnSpot } from '../../domain/offering.js'
import type { Pod } from '../../domain/pod.js'
import { sum, type Resources } from '../../domain/resources.js'
import { leastHeld } from '../bins/demand.js'
import { kindOf } from '../bins/bin-question.js'
import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import { holds } from '../shapes.js'
import { withPods, type Offer } from './offers.js'

/** The nodes of one group, and what could be there instead. */
export type MixedGroup = {
  readonly name: string
  readonly nodes: readonly Slot[]
  readonly mayGo: (slot: Slot) => boolean
  /** May room that stays free be on spot although it could be elsewhere? */
  readonly wantsSpot?: boolean
  /** Cheapest first. */
  readonly offers: readonly Offer[]
}

/** Nodes that come into a group, in place of one that goes, if one goes. */
export type Change = {
  readonly group: MixedGroup
  readonly gone: Slot | undefined
  readonly offers: readonly Offer[]
  /** Micro-dollars per hour more. */
  readonly cost: number
  /** How much of the fault it mends, to compare what changes cost by; 1 where one is as good as another. */
  readonly relief: number
  /** Only where nothing else helps. */
  readonly isLast?: boolean
  readonly key: string
}

/** How nodes are seen while their mix is mended. */
export type View = {
  readonly rails: MixRails
  readonly seen: (slot: Slot) => MixedNode
  readonly podsOn: (slot: Slot) => Iterable<Pod>
}

/** Empty nodes that are tried in each zone: where none of the cheapest may be added, rules stand against any. */
const MOST_ADDED = 5
/** Nodes that are looked at in place of one that takes too much, the cheapest that hold its pods. */
const MOST_FRUGAL = 30

/** What a group with these nodes now, which are `inUse` with those of others, could change to lessen a fault. */
export function changesOf(
  { offers, ...rest }: MixedGroup,
  nodes: readonly Slot[],
  inUse: ReadonlySet<Slot>,
  fault: MixFault,
  view: View,
): Change[] {
  const group = { ...rest, offers: offers.filter(({ node, lend }) => node.isNew || lend(inUse) !== undefined) }
  const movable = nodes.filter(group.mayGo).map((slot) => ({ slot, node: view.seen(slot) }))
  switch (fault.kind) {
    case 'count': {
      const added = additions(group, () => true)
      return [...added, ...movable.flatMap((one) => halves(group, one, cheapestOf(added)))]
    }
    case 'zone': {
      const isHere = (node: MixedNode): boolean => node.zone === fault.zone
      const added = additions(group, isHere)
      const most = cheapestOf(added)
      const elsewhere = movable.filter(({ node }) => !isHere(node))
      return [...added, ...elsewhere.flatMap((one) => instead(group, one, isHere, most))]
    }
    case 'pool': {
      const isOfPool = (node: MixedNode): boolean => isOnSpot(node) && poolOf(node) === poolOf(fault.pool)
      const ofPool = movable.filter(({ node }) => node.isNew && isOfPool(node))
      return ofPool.flatMap((one) => instead(group, one, (node) => !isOfPool(node), Infinity))
    }
    case 'headroom':
      return roomier(group, movable, fault, view)
    case 'limit': {
      const own = group.name === fault.group ? movable : []
      return own.flatMap((one) => withLess(group, one, fault, view))
    }
    case 'addresses': {
      const here = movable.filter(({ node }) => node.zone === fault.zone)
      return here.flatMap((one) => withFewerAddresses(group, one, fault, view))
    }
    default:
      return fault satisfies never
  }
}

type Movable = { readonly slot: Slot; readonly node: MixedNode }

/** No spot node comes for another one, no larger one for a spot node. */
const isMoreSpot = (come: MixedNode, gone: MixedNode): boolean =>
  isOnSpot(come) && (!isOnSpot(gone) || come.cpu > gone.cpu)
const cheapestOf = (changes: readonly Change[]): number => Math.min(...changes.map(({ cost }) => cost))

const change = (group: MixedGroup, offers: readonly Offer[], gone?: Slot): Change => ({
  ...{ group, gone, offers },
  cost: offers.reduce((total, { rate }) => total + rate, 0) - (gone?.rate ?? 0),
  relief: 1,
  key: `${offers[0]?.key ?? ''} ${gone?.site.name ?? ''}`,
})

/** Empty nodes, the cheapest of each zone. How much is on spot is for the policy to say: no more where that can be helped. */
function additions(group: MixedGroup, isWanted: (node: MixedNode) => boolean): Change[] {
  const wanted = group.offers.filter(({ node }) => isWanted(node))
  const steady = wanted.filter(({ node }) => !isOnSpot(node))
  const counts = new Map<string | undefined, number>()
  return (steady.length > 0 ? steady : wanted).flatMap((offer) => {
    const count = (counts.get(offer.node.zone) ?? 0) + 1
    counts.set(offer.node.zone, count)
    return count > MOST_ADDED ? [] : [change(group, [offer])]
  })
}

/** Two smaller nodes for one, where that costs less than `most`. */
function halves(group: MixedGroup, { slot, node }: Movable, most: number): Change[] {
  const isDear = ({ rate }: Offer): boolean => 2 * rate - (slot.rate ?? 0) >= most
  return affordable(group, isDear)
    .filter((offer) => isOnSpot(offer.node) === isOnSpot(node) && offer.node.cpu < node.cpu)
    .map((offer) => change(group, [offer, offer], slot))
}

/** One node for another, where that costs less than `most`: no spot node for another one, no larger one for a spot node. */
function instead(
  group: MixedGroup,
  { slot, node }: Movable,
  isWanted: (node: MixedNode) => boolean,
  most: number,
): Change[] {
  return affordable(group, ({ rate }) => rate - (slot.rate ?? 0) >= most)
    .filter((offer) => isWanted(offer.node) && !isMoreSpot(offer.node, node))
    .map((offer) => change(group, [offer], slot))
}

/** Nodes that take fewer addresses of the zone with the same pods, in another zone or of another kind. */
function withFewerAddresses(
  group: MixedGroup,
  { slot, node }: Movable,
  { zone, excess }: MixFault & { readonly kind: 'addresses' },
  { rails, podsOn }: View,
): Change[] {
  const pods = [...podsOn(slot)]
  const need = sum(pods.map(leastHeld))
  const found: Change[] = []
  for (const offer of group.offers) {
    if (found.length === MOST_FRUGAL) break
    if (isMoreSpot(offer.node, node) || !holds(offer.room, need)) continue
    const [come] = withPods([offer], pods, rails)
    const saved = (node.addresses ?? 0) - (come?.zone === zone ? (come.addresses ?? 0) : 0)
    if (saved > 0) found.push({ ...change(group, [offer], slot), relief: Math.min(saved, excess) })
  }
  return found
}

/**
 * Nodes that carry more in the place of others, for the same pods; of nodes that are alike the one with the fewest of them. Empty
 * nodes come last: autoscalers take them away.
 */
function roomier(
  group: MixedGroup,
  movable: readonly Movable[],
  { resource, excess }: HeadroomFault,
  { rails, podsOn }: View,
): Change[] {
  const carried = (offer: Offer): number => withPods([offer], [], rails)[0]?.carries?.[resource] ?? 0
  const offers = group.offers.map((offer) => ({ offer, gain: carried(offer) })).filter(({ gain }) => gain > 0)
  const mayBe = ({ node }: Offer, gone?: MixedNode): boolean =>
    group.wantsSpot === true || (gone === undefined ? !isOnSpot(node) : !isMoreSpot(node, gone))
  const larger = leastLoaded(movable, podsOn).flatMap(({ slot, node, need }) =>
    offers.flatMap(({ offer, gain }): Change[] => {
      const relief = gain - (node.carries?.[resource] ?? 0)
      if (relief <= 0 || !mayBe(offer, node) || !holds(offer.room, need)) return []
      return [{ ...change(group, [offer], slot), relief: Math.min(relief, excess) }]
    }),
  )
  const steady = offers.filter(({ offer }) => mayBe(offer))
  const empty = (steady.length > 0 ? steady : offers).map(({ offer, gain }) => {
    const copies = offer.node.isNew ? Math.max(1, Math.floor(excess / gain)) : 1
    const more = change(
      group,
      Array.from({ length: copies }, () => offer),
    )
    return { ...more, relief: Math.min(copies * gain, excess), isLast: true }
  })
  return [...bestOf(larger), ...bestOf(empty)]
}

const bestOf = (changes: readonly Change[]): Change[] =>
  [...changes].sort((a, b) => a.cost / a.relief - b.cost / b.relief || byText(a.key, b.key)).slice(0, MOST_FRUGAL)

/** Of each kind of node the one whose pods need the least. */
function leastLoaded(movable: readonly Movable[], podsOn: View['podsOn']): (Movable & { readonly need: Resources })[] {
  const least = new Map<string, Movable & { readonly need: Resources }>()
  for (const one of movable) {
    const key = [kindOf(one.node), one.slot.rate].join()
    const need = sum([...podsOn(one.slot)].map(leastHeld))
    const known = least.get(key)
    if (known === undefined || need.cpu < known.need.cpu) least.set(key, { ...one, need })
  }
  return [...least.values()]
}

/** Nodes that hold the same pods and count less towards the limit of their group. */
function withLess(
  group: MixedGroup,
  { slot, node }: Movable,
  { resource, excess }: LimitFault,
  { podsOn }: View,
): Change[] {
  const need = sum([...podsOn(slot)].map(leastHeld))
  return group.offers
    .filter((offer) => !isMoreSpot(offer.node, node) && holds(offer.room, need))
    .map((offer) => ({
      ...change(group, [offer], slot),
      relief: Math.min(countsFor(resource, node.capacity) - countsFor(resource, offer.node.capacity), excess),
    }))
    .filter(({ relief }) => relief > 0)
    .slice(0, MOST_FRUGAL)
}

/** The offers, cheapest first, up to those that are too dear. */
function affordable({ offers }: MixedGroup, isDear: (offer: Offer) => boolean): readonly Offer[] {
  const end = offers.findIndex(isDear)
  return end === -1 ? offers : offers.slice(0, end)
}
