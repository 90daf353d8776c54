import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { kindOf, type MachineKind } from './bin-question.js'
import type { ColumnPlan } from './column-plans.js'
import type { Draft, Slot } from '../draft.js'
import type { LiveNode } from '../problem.js'

/** Where the nodes of a packing come from; those that are not on the board yet are opened by who asks. */
export type NodeSource = {
  /** One more node of such a machine: of today's the one that is liked best, or one to be bought. */
  readonly next: (option: NodeOption, liking: (slot: Slot) => number) => Slot
  /** The node of today; undefined where it is not to be had. */
  readonly live: (live: LiveNode) => Slot | undefined
}

type Items = readonly (readonly [classIndex: number, count: number])[]
/** A node on the board, and how many pods of each class it should still get. */
type Order = { readonly slot: Slot; readonly wanted: Map<number, number> }

/**
 * Opens the nodes of a packing and puts each pod where the packing has one of its class, as far as the rules between
 * pods and the guard rails, of which the packing does not know all, allow it; returns the nodes that it opened and that
 * are in use. Nodes of today come first, then dear ones, and of machines that are alike the ones in the zone with the
 * fewest nodes, so that the group stays spread. Where there is a choice, pods stay where they are.
 */
export function layOut(
  draft: Draft,
  packing: ColumnPlan,
  homeless: ReadonlySet<Pod>,
  options: readonly NodeOption[],
  source: NodeSource,
): Slot[] {
  const { plan, machines, nodes } = packing
  const optionOf = optionsByKind(options)
  const filler = new ByClass(draft, packing, homeless)
  const opened: Slot[] = []
  const orders: Order[] = []
  const take = (slot: Slot, items: Items): Order => {
    if (slot.index === undefined) {
      draft.open(slot)
      opened.push(slot)
    }
    const order = { slot, wanted: filler.wantedOn(slot, items) }
    orders.push(order)
    return order
  }

  for (const [type, live] of nodes.entries()) {
    const left = new Set(live.flatMap((one) => source.live(one) ?? []))
    for (const { n, items } of plan.bins.filter((bin) => bin.type === type))
      for (let copy = 0; copy < n && left.size > 0; copy += 1) {
        const slot = mostLiked([...left], (one) => filler.atHome(one, items))
        left.delete(slot)
        take(slot, items)
      }
  }
  for (const order of orders) filler.fill(order, true)
  for (const order of orders) filler.fill(order)

  const inZone = new Map<string, number>()
  const nodesIn = ({ zone }: NodeOption): number => inZone.get(zone) ?? 0
  const dearestFirst = plan.bins
    .map((bin) => ({ ...bin, choices: machines[bin.type]!.flatMap((kind) => optionOf.get(kind) ?? []) }))
    .filter(({ choices }) => choices.length > 0)
    .sort((a, b) => b.choices[0]!.price.rate - a.choices[0]!.price.rate || a.type - b.type)
  for (const { n, items, choices } of dearestFirst)
    for (let copy = 0; copy < n; copy += 1) {
      const option = choices.reduce((best, one) => (nodesIn(one) < nodesIn(best) ? one : best))
      const order = take(
        source.next(option, (slot) => filler.atHome(slot, items)),
        items,
      )
      filler.fill(order, true)
      filler.fill(order)
      if (order.slot.pods.size > 0) inZone.set(option.zone, nodesIn(option) + 1)
    }
  // What an uneven spread refused at first may be welcome now that the other nodes are there.
  while (orders.filter((order) => filler.fill(order)).length > 0);
  for (const slot of opened) if (slot.pods.size === 0) draft.close(slot)
  return opened.filter(({ index }) => index !== undefined)
}

/** Plan after plan is laid out with the same list of machines. */
const byKind = new WeakMap<readonly NodeOption[], ReadonlyMap<MachineKind, NodeOption>>()

function optionsByKind(options: readonly NodeOption[]): ReadonlyMap<MachineKind, NodeOption> {
  const known = byKind.get(options) ?? new Map(options.map((option) => [kindOf(option), option]))
  byKind.set(options, known)
  return known
}

function mostLiked(slots: readonly Slot[], liking: (slot: Slot) => number): Slot {
  const scored = slots.map((slot) => ({ slot, score: liking(slot) }))
  return scored.reduce((best, one) => (one.score > best.score ? one : best)).slot
}

/** Pods that wait for a place, by their class in the packing. */
class ByClass {
  readonly #draft: Draft
  readonly #queues: Pod[][]
  readonly #classOf: ReadonlyMap<Pod, number>
  readonly #homes = new Map<string, Map<number, number>>()

  constructor(draft: Draft, { pods }: ColumnPlan, homeless: ReadonlySet<Pod>) {
    this.#draft = draft
    this.#queues = pods.map((all) => all.filter((pod) => homeless.has(pod)))
    this.#classOf = new Map(pods.flatMap((all, c) => all.map((pod) => [pod, c] as const)))
    this.#queues.forEach((queue, c) => {
      for (const { nodeName } of queue) {
        const here = this.#homes.get(nodeName) ?? new Map<number, number>()
        this.#homes.set(nodeName, here)
        here.set(c, (here.get(c) ?? 0) + 1)
      }
    })
  }

  /** How many of the items the node could have without a move. */
  atHome({ site }: Slot, items: Items): number {
    const here = this.#homes.get(site.name)
    if (here === undefined) return 0
    return items.reduce((sum, [c, count]) => sum + Math.min(count, here.get(c) ?? 0), 0)
  }

  /** The items without those that are there already. */
  wantedOn(slot: Slot, items: Items): Map<number, number> {
    const wanted = new Map(items)
    for (const pod of slot.pods) {
      const c = this.#classOf.get(pod)
      const count = c === undefined ? undefined : wanted.get(c)
      if (c !== undefined && count !== undefined) wanted.set(c, count - 1)
    }
    return wanted
  }

  /** Puts pods of the wanted classes on the node; with `home`, only those that run there today. False: none went there. */
  fill({ slot, wanted }: Order, home = false): boolean {
    let some = false
    for (const [c, count] of wanted) {
      let left = count
      const queue = this.#queues[c]!
      if (left <= 0 || queue.length === 0) continue
      // Pods that are alike are all refused alike.
      const refused = new Set<number>()
      const rest = queue.filter((pod) => {
        if (left <= 0 || (home && pod.nodeName !== slot.site.name)) return true
        const key = this.#draft.board.classKey(pod)
        if (refused.has(key)) return true
        if (!this.#draft.takes(slot, pod)) {
          if (pod.volumes.attachments.length === 0) refused.add(key)
          return true
        }
        this.#draft.put(pod, slot)
        left -= 1
        return false
      })
      if (left === count) continue
      some = true
      wanted.set(c, left)
      this.#queues[c] = rest
    }
    return some
  }
}
