import { countsFor, type GroupLimit } from '../domain/group-limit.js'
import type { Architecture, CapacityType } from '../domain/offering.js'
import type { NodeOption } from '../domain/plan.js'
import type { Resources } from '../domain/resources.js'
import { createInterner } from './board/interner.js'
import { byText } from './order.js'
import { holds } from './shapes.js'

/** A machine on offer, as far as it decides whether another one beats it. */
export type Bid = {
  readonly id: string
  readonly instanceType: string
  readonly zone: string
  readonly capacityType: CapacityType
  readonly architecture: Architecture
  readonly rate: number
  /** What its own pods leave of it. */
  readonly free: Resources
  readonly attachLimits: Readonly<Record<string, number>>
  /** What rules on all nodes together hold against it, each the same for all bids of a capacity type. */
  readonly burden: readonly number[]
  /** Its labels as far as a rule can tell them apart; those that follow from zone and capacity type may be left out. */
  readonly seen: string
}

/** The CPU of a machine on spot counts against the share of spot, and its capacity against the limits of its group. */
export const burdenOf = (
  { capacity, allocatable, capacityType }: Pick<NodeOption, 'capacity' | 'allocatable' | 'capacityType'>,
  limit: GroupLimit | undefined,
): number[] => [
  ...(capacityType === 'spot' ? [allocatable.cpu] : []),
  ...[...(limit?.keys() ?? [])].map((resource) => countsFor(resource, capacity)),
]

/**
 * Leaves out instance types that others beat wherever they are on offer at a capacity type: same zone and architecture,
 * the same labels as far as a rule can tell, room for at least as much of everything, no greater burden and no higher price.
 * Neither the best plan nor the lower bound changes. Types in use stay, so that today's nodes can be recognised among the options.
 */
export function withoutDominated<Machine extends Bid>(bids: readonly Machine[], inUse: ReadonlySet<string>): Machine[] {
  const unbeaten = new Map<string, Machine[]>()
  const looks = createInterner()
  const ordered = [...bids].sort((a, b) => a.rate - b.rate || byText(a.id, b.id))
  // A type stays in all of its zones or in none: fleets are looked for by type.
  const needed = new Set<string>()
  for (const bid of ordered) {
    const kind = `${bid.zone} ${bid.capacityType} ${bid.architecture} ${looks.idOf(bid.seen)}`
    const rivals = unbeaten.get(kind) ?? []
    if (rivals.length === 0) unbeaten.set(kind, rivals)
    if (rivals.some((rival) => beats(rival, bid))) continue
    rivals.push(bid)
    needed.add(sortOf(bid))
  }
  return ordered
    .filter((bid) => needed.has(sortOf(bid)) || inUse.has(bid.instanceType))
    .sort((a, b) => byText(a.id, b.id))
}

const sortOf = ({ instanceType, capacityType }: Bid): string => `${instanceType} ${capacityType}`

/** Both cost what they cost: the rival comes first in the order of prices. */
function beats(rival: Bid, bid: Bid): boolean {
  if (!holds(rival.free, bid.free)) return false
  if (rival.burden.some((amount, at) => amount > bid.burden[at]!)) return false
  for (const driver in rival.attachLimits)
    if (rival.attachLimits[driver]! < (bid.attachLimits[driver] ?? Infinity)) return false
  return true
}
