import type { Slot } from '../draft.js'
import { byText } from '../order.js'
import { inOrder, kindOf } from './node-kind.js'

/** kube-scheduler looks at every node where there are no more (schedule_one.go: numFeasibleNodesToFind). */
const FEW_NODES = 100
/** Per cent of the nodes that are enough to choose among: so many, less one for every 125 nodes, and at least the least. */
const MOST_PER_CENT = 50
const LEAST_PER_CENT = 5
const NODES_PER_CENT = 125

/** Of so many nodes, how many that take a pod the scheduler looks for before it chooses. */
export function nodesToFind(nodes: number): number {
  if (nodes <= FEW_NODES) return nodes
  const percentage = Math.max(LEAST_PER_CENT, MOST_PER_CENT - Math.floor(nodes / NODES_PER_CENT))
  return Math.max(FEW_NODES, Math.floor((nodes * percentage) / 100))
}

export const looksAtAll = (nodes: number): boolean => nodesToFind(nodes) === nodes

/** The order in which the scheduler looks at these nodes. */
export const inRound = (slots: readonly Slot[]): Slot[] => (looksAtAll(slots.length) ? inOrder(slots) : inTurns(slots))

/**
 * Where the scheduler stands in its round over the nodes of a large cluster: for each pod it looks at them in turn until
 * enough take it, and begins with the next one at the node after those (schedule_one.go: nextStartNodeIndex).
 */
export class NodeRound {
  readonly wanted: number
  /** By row. */
  readonly #turns: Int32Array
  readonly #nodes: number
  #next = 0

  /** `rows`: all nodes in the order of the round. */
  constructor(rows: Int32Array) {
    this.wanted = nodesToFind(rows.length)
    this.#nodes = rows.length
    this.#turns = new Int32Array(rows.reduce((most, row) => Math.max(most, row), 0) + 1)
    rows.forEach((row, turn) => (this.#turns[row] = turn))
  }

  /** `turn`: from 0 to below the number of nodes. */
  begin(turn: number): void {
    this.#next = turn
  }

  /** Position of the node that is looked at first, among those that a pod may go to, which are in the order of the round. */
  firstOf(rows: Int32Array): number {
    const turns = this.#turns
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (turns[rows[middle]!]! < this.#next) low = middle + 1
      else high = middle
    }
    return low === rows.length ? 0 : low
  }

  /** The node at which enough were found. Where the round was not enough, the next pod begins where this one did. */
  stopAt(row: number): void {
    this.#next = (this.#turns[row]! + 1) % this.#nodes
  }
}

/** What is mixed up depends on kinds of nodes and their number alone, so that fleets that are much alike are mixed alike. */
const SPREAD = 2_654_435_761

/**
 * The order of the round: one node from each zone in turn (backend/cache/node_tree.go), those of a zone as they came. Nobody
 * knows how new nodes will come: they are mixed.
 */
export function inTurns(slots: readonly Slot[]): Slot[] {
  const copies = new Map<string, number>()
  const zones = new Map<string, { readonly slot: Slot; readonly rank: number; readonly kind: string }[]>()
  for (const slot of slots) {
    const kind = kindOf(slot)
    const copy = copies.get(kind) ?? 0
    copies.set(kind, copy + 1)
    const zone = slot.site.labels['topology.kubernetes.io/zone'] ?? ''
    const here = zones.get(zone) ?? []
    zones.set(zone, here)
    here.push({ slot, kind, rank: mixed(hashOf(kind) + copy) })
  }
  const lists = [...zones]
    .sort(([a], [b]) => byText(a, b))
    .map(([, list]) => list.sort((a, b) => a.rank - b.rank || byText(a.kind, b.kind)))
  const longest = lists.reduce((most, { length }) => Math.max(most, length), 0)
  return Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list[turn]?.slot ?? [])).flat()
}

const hashes = new Map<string, number>()

function hashOf(kind: string): number {
  const known = hashes.get(kind)
  if (known !== undefined) return known
  let hash = 0
  for (let at = 0; at < kind.length; at += 1) hash = Math.imul(hash ^ kind.charCodeAt(at), SPREAD) >>> 0
  hashes.set(kind, hash)
  return hash
}

/** Whole numbers up to 2³², neighbours far apart. */
function mixed(number: number): number {
  let bits = Math.imul(number, SPREAD)
  bits = Math.imul(bits ^ (bits >>> 15), SPREAD)
  return (bits ^ (bits >>> 13)) >>> 0
}
