import { carries } from '../../domain/headroom.js'
import { mixFaults, type AddressedNode, type MixedNode, type MixFault, type MixRails } from '../../domain/node-mix.js'
import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { subtract, sum, type Resources } from '../../domain/resources.js'
import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import { room } from '../shapes.js'

/** A node that a group could have beside its own: of today's, or one to be bought. */
export type Offer = {
  readonly key: string
  readonly node: MixedNode
  /** As the subnets see it, empty but for the pods that come with it. */
  readonly empty: AddressedNode
  /** What comes with it. */
  readonly own: Resources
  /** What is free on it then. */
  readonly room: Resources
  /** Micro-dollars per hour, or what it counts for when plans are compared. */
  readonly rate: number
  /** One that is not in use; undefined where there is none. */
  readonly lend: (inUse: ReadonlySet<Slot>) => Slot | undefined
}

/** Machines to buy. `nodeOf`: a node of the kind that is not in use. */
export const offersOf = (
  options: readonly NodeOption[],
  nodeOf: (option: NodeOption, inUse: ReadonlySet<Slot>) => Slot,
): Offer[] =>
  options.map((option) => {
    const { id, group, instanceType, zone, capacityType, allocatable, capacity, price, counted } = option
    return {
      key: id,
      node: { isNew: true, group, instanceType, zone, capacityType, cpu: allocatable.cpu, capacity },
      empty: { ...option, pods: option.overheadPods },
      own: option.overhead,
      room: room(option),
      rate: counted ?? price.rate,
      lend: (inUse) => nodeOf(option, inUse),
    }
  })

/** Nodes of today that a plan could keep after all; those without a price are in every plan. */
export const offersOfToday = (slots: readonly Slot[]): Offer[] =>
  slots.flatMap((slot) =>
    slot.rate === undefined
      ? []
      : [
          {
            key: slot.site.name,
            node: asMixed(slot),
            empty: asAddressed(slot, []),
            own: ownOf(slot),
            room: subtract(slot.site.allocatable, ownOf(slot)),
            rate: slot.rate,
            lend: (inUse: ReadonlySet<Slot>) => (inUse.has(slot) ? undefined : slot),
          },
        ],
  )

export const cheapestFirst = (offers: readonly Offer[]): Offer[] =>
  [...offers].sort((a, b) => a.rate - b.rate || byText(a.key, b.key))

/** One node for each offer; undefined where there are not as many. */
export function lent(offers: readonly Offer[], inUse: ReadonlySet<Slot>): Slot[] | undefined {
  const all = new Set(inUse)
  const come: Slot[] = []
  for (const offer of offers) {
    const slot = offer.lend(all)
    if (slot === undefined) return undefined
    all.add(slot)
    come.push(slot)
  }
  return come
}

/** The nodes of these offers as the rails see them once they have the pods, evenly shared out. */
export const withPods = (
  offers: readonly Offer[],
  pods: readonly Pod[],
  { subnets, wholeHeadroom }: MixRails,
): MixedNode[] =>
  offers.map(({ node, empty, own }, at) => {
    const seen =
      wholeHeadroom === undefined ? node : { ...node, carries: carries(empty.allocatable, own, wholeHeadroom) }
    if (subnets === undefined) return seen
    const part = pods.filter((_, index) => index % offers.length === at)
    return { ...seen, addresses: subnets.takenBy({ ...empty, pods: [...empty.pods, ...part] }) }
  })

const owned = new WeakMap<Slot, Resources>()

/** What comes with a node. */
function ownOf(slot: Slot): Resources {
  const known = owned.get(slot) ?? sum(slot.residents.map(({ held }) => held))
  owned.set(slot, known)
  return known
}

/** A node as the rails see it, with what they look at: the addresses that it takes with these pods, what it may carry. */
export function asMixed(slot: Slot, rails: MixRails = {}, pods: Iterable<Pod> = slot.pods): MixedNode {
  const { subnets, wholeHeadroom } = rails
  const { origin, site } = slot
  const { group, instanceType, zone, capacityType, capacity } =
    origin.kind === 'live' ? origin.live.node : origin.option
  const cpu = site.allocatable.cpu
  const node = { isNew: origin.kind === 'new', group, instanceType, zone, capacityType, cpu, capacity }
  if (subnets === undefined && wholeHeadroom === undefined) return node
  return {
    ...node,
    ...(subnets === undefined ? {} : { addresses: subnets.takenBy(asAddressed(slot, pods)) }),
    ...(wholeHeadroom === undefined ? {} : { carries: carries(site.allocatable, ownOf(slot), wholeHeadroom) }),
  }
}

/** What the rails find wrong with nodes. `podsOn`: the pods that a plan has on one; absent: those of the draft. */
export const faultsAmong = (
  slots: readonly Slot[],
  rails: MixRails,
  podsOn: (slot: Slot) => Iterable<Pod> = ({ pods }) => pods,
): MixFault[] =>
  mixFaults(
    slots.map((slot) => asMixed(slot, rails, podsOn(slot))),
    rails,
  )

function asAddressed({ origin, site, residents }: Slot, pods: Iterable<Pod>): AddressedNode {
  const { owner, instanceType } = origin.kind === 'live' ? origin.live.node : origin.option
  return {
    ...(origin.kind === 'live' ? { name: site.name } : {}),
    ...{ owner, instanceType, labels: site.labels, allocatable: site.allocatable },
    pods: [...residents, ...pods],
  }
}
