import type { MixedNode } from '../../domain/node-mix.js'
import type { NodeOption } from '../../domain/plan.js'
import type { Slot } from '../draft.js'
import { byText } from '../order.js'

/** A node that a group could have beside its own: of today's, or one to be bought. */
export type Offer = {
  readonly key: string
  readonly node: MixedNode
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
    const { id, instanceType, zone, capacityType, allocatable, price, counted } = option
    return {
      key: id,
      node: { isNew: true, instanceType, zone, capacityType, cpu: allocatable.cpu },
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

/** A node as the rails see it. */
export function asMixed({ origin, site }: Slot): MixedNode {
  const { instanceType, zone, capacityType } = origin.kind === 'live' ? origin.live.node : origin.option
  return { isNew: origin.kind === 'new', instanceType, zone, capacityType, cpu: site.allocatable.cpu }
}
