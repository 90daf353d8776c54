import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import { machinesByPlace } from './exchange.js'
import { Orders } from './orders.js'
import type { ReplayScheduler } from './replay.js'
import type { Shop } from './shop.js'

/** So many nodes of one kind may take the place of others, as long as they cost less. */
const COPIES: readonly number[] = [1, 2, 3, 5, 8, 13, 21, 34, 55]
/** More than so many only where as many go. */
const MOST_COPIES = 3

export type Purchase = {
  readonly added: readonly Slot[]
  /** Pods that were left over on the way: what they may use may be bought. */
  readonly left: Iterable<Pod>
  /** Orders that must work out, the likeliest to fail first. */
  readonly seeds: readonly number[]
}

/**
 * The nodes added to `slots`, replaced by what costs the least of the machines of their group and capacity type so that every
 * order still works out: all nodes of one kind at once, as many of them are often bought where one in another zone does,
 * and each by itself; the dearest first, as these have the most to save. Dear machines mostly do where cheap ones do, so the
 * cost is halved in on at first; what was passed over by that is tried with the steps that remain, cheapest first.
 */
export function cheaper(
  scheduler: Pick<ReplayScheduler, 'leftOver' | 'steps'>,
  slots: readonly Slot[],
  { added, left, seeds }: Purchase,
  shop: Shop,
  end: number,
): readonly Slot[] {
  const orders = new Orders(scheduler, seeds)
  const spares = new Spares(shop)
  const places = [...new Set([...left].map((pod) => shop.machinesFor(pod)))].flatMap((list) => machinesByPlace(list))
  let kept = added
  for (const { search, bundlesOf } of PASSES)
    for (const bundle of dearestFirst(bundlesOf(kept))) {
      const others = kept.filter((other) => !bundle.includes(other))
      const trial: Trial = (offer) => {
        if (scheduler.steps >= end) return undefined
        const nodes = [...others, ...spares.of(offer, others)]
        const all = [...slots, ...nodes]
        return shop.allows(all) && orders.allWork(all) ? nodes : undefined
      }
      kept = search(offersFor(bundle, places), trial) ?? kept
    }
  return kept
}

/** Nodes of one kind that go together. */
type Bundle = readonly Slot[]

/** Those of which there are several. */
function ofOneKind(slots: readonly Slot[]): Bundle[] {
  const bundles = new Map<NodeOption, Slot[]>()
  for (const slot of slots)
    if (slot.origin.kind === 'new') bundles.set(slot.origin.option, [...(bundles.get(slot.origin.option) ?? []), slot])
  return [...bundles.values()].filter(({ length }) => length > 1)
}

const eachAlone = (slots: readonly Slot[]): Bundle[] => slots.map((slot) => [slot])

const PASSES: readonly {
  readonly search: (offers: readonly Offer[], trial: Trial) => readonly Slot[] | undefined
  readonly bundlesOf: (slots: readonly Slot[]) => Bundle[]
}[] = [
  { search: halving, bundlesOf: ofOneKind },
  { search: halving, bundlesOf: eachAlone },
  { search: rising, bundlesOf: eachAlone },
  { search: rising, bundlesOf: ofOneKind },
  { search: rising, bundlesOf: eachAlone },
]

const dearestFirst = (bundles: readonly Bundle[]): Bundle[] =>
  [...bundles].sort((a, b) => costOf(b) - costOf(a) || byText(nameOf(a), nameOf(b)))

const costOf = (bundle: Bundle): number =>
  bundle.reduce((sum, { origin }) => sum + (origin.kind === 'new' ? origin.option.price.rate : 0), 0)

const nameOf = ([first]: Bundle): string => first?.site.name ?? ''

/** What could take the place of nodes; without an option, nothing does. */
type Offer = { readonly option?: NodeOption; readonly copies: number; readonly rate: number }
/** The nodes added with the offer taken, where every order works out on them. */
type Trial = (offer: Offer) => readonly Slot[] | undefined

/** Of the offers, cheapest first: the first one, else the cheapest if all that are dearer than one that works do as well. */
function halving([first, ...offers]: readonly Offer[], trial: Trial): readonly Slot[] | undefined {
  let found = first && trial(first)
  let low = 0
  let high = found === undefined ? offers.length : 0
  while (low < high) {
    const middle = (low + high) >> 1
    const nodes = trial(offers[middle]!)
    if (nodes === undefined) low = middle + 1
    else [found, high] = [nodes, middle]
  }
  return found
}

/** The first that works. */
function rising(offers: readonly Offer[], trial: Trial): readonly Slot[] | undefined {
  for (const offer of offers) {
    const nodes = trial(offer)
    if (nodes !== undefined) return nodes
  }
  return undefined
}

/** What costs less than these nodes, cheapest first. */
function offersFor(bundle: Bundle, places: readonly (readonly NodeOption[])[]): Offer[] {
  const [first] = bundle
  if (first?.origin.kind !== 'new') return []
  const { group, capacityType } = first.origin.option
  const cost = costOf(bundle)
  const counts = COPIES.filter((copies) => copies <= Math.max(MOST_COPIES, bundle.length))
  const options = [...new Set(places.flat())].filter((one) => one.group === group && one.capacityType === capacityType)
  const offers = options.flatMap((option) =>
    counts.map((copies): Offer => ({ option, copies, rate: copies * option.price.rate })),
  )
  return [{ copies: 0, rate: 0 }, ...offers.filter(({ rate }) => rate < cost)].sort(
    (a, b) => a.rate - b.rate || a.copies - b.copies || byText(a.option?.id ?? '', b.option?.id ?? ''),
  )
}

/** Nodes made for one trial serve the next as well. */
class Spares {
  readonly #shop: Shop
  readonly #made = new Map<NodeOption, Slot[]>()

  constructor(shop: Shop) {
    this.#shop = shop
  }

  of({ option, copies }: Offer, inUse: readonly Slot[]): Slot[] {
    if (option === undefined) return []
    const made = this.#made.get(option) ?? []
    this.#made.set(option, made)
    const free = made.filter((slot) => !inUse.includes(slot)).slice(0, copies)
    while (free.length < copies) {
      const slot = this.#shop.nextSlot(option)
      made.push(slot)
      free.push(slot)
    }
    return free
  }
}
