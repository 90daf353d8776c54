import {
  mixFaults,
  type AddressedNode,
  type MixedNode,
  type MixFault,
  type MixRails,
  type SubnetRail,
} from '../../domain/node-mix.js'
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
            room: subtract(slot.site.allocatable, sum(slot.residents.map(({ held }) => held))),
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
  subnets: SubnetRail | undefined,
): MixedNode[] =>
  offers.map(({ node, empty }, at) => {
    if (subnets === undefined) return node
    const own = pods.filter((_, index) => index % offers.length === at)
    return { ...node, addresses: subnets.takenBy({ ...empty, pods: [...empty.pods, ...own] }) }
  })

/** A node as the rails see it; `subnets`: with the addresses that it takes with these pods. */
export function asMixed(slot: Slot, subnets?: SubnetRail, pods: Iterable<Pod> = slot.pods): MixedNode {
  const { origin, site } = slot
  const { group, instanceType, zone, capacityType, capacity } =
    origin.kind === 'live' ? origin.live.node : origin.option
  const cpu = site.allocatable.cpu
  const node = { isNew: origin.kind === 'new', group, instanceType, zone, capacityType, cpu, capacity }
  return subnets === undefined ? node : { ...node, addresses: subnets.takenBy(asAddressed(slot, pods)) }
}

/** What the rails find wrong with nodes. `podsOn`: the pods that a plan has on one; absent: those of the draft. */
export const faultsAmong = (
  slots: readonly Slot[],
  rails: MixRails,
  podsOn: (slot: Slot) => Iterable<Pod> = ({ pods }) => pods,
): MixFault[] =>
  mixFaults(
    slots.map((slot) => asMixed(slot, rails.subnets, podsOn(slot))),
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
