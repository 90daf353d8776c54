import type { NodeOption } from '../domain/plan.js'
import type { Resources } from '../domain/resources.js'
import { subtract } from '../domain/resources.js'
import { byText } from './order.js'

const rooms = new WeakMap<NodeOption, Resources>()

/** What is left for pods on a new node, once its DaemonSets and static pods run. */
export function room(option: NodeOption): Resources {
  const known = rooms.get(option)
  if (known !== undefined) return known
  const free = subtract(option.allocatable, option.overhead)
  rooms.set(option, free)
  return free
}

/** Is there room for the node's own DaemonSets and static pods? */
export const runsItsOwn = ({ allocatable, overhead }: NodeOption): boolean => holds(allocatable, overhead)

/** Nodes of this kind that the demand takes at least, one resource at a time; undefined where it cannot hold any of one. */
export function nodesFor(demand: Resources, free: Resources): number | undefined {
  let nodes = 0
  const count = (wanted: number, has: number): void => {
    if (wanted > 0) nodes = Math.max(nodes, has > 0 ? wanted / has : Infinity)
  }
  count(demand.cpu, free.cpu)
  count(demand.memory, free.memory)
  count(demand.pods, free.pods)
  for (const [name, amount] of Object.entries(demand.extended)) count(amount, free.extended[name] ?? 0)
  return Number.isFinite(nodes) ? nodes : undefined
}

/**
 * Instance types by what the whole demand would cost at least on nodes of that type alone, cheapest first. It decides
 * which types a packing tries as its main shape; a type that is left out may still serve single nodes.
 */
export function rankShapes(options: readonly NodeOption[], demand: Resources, most: number): string[] {
  const costs = new Map<string, number>()
  for (const option of options) {
    const nodes = nodesFor(demand, room(option))
    if (nodes === undefined) continue
    const cost = Math.max(1, Math.ceil(nodes)) * option.price.rate
    const known = costs.get(option.instanceType)
    if (known === undefined || cost < known) costs.set(option.instanceType, cost)
  }
  return [...costs]
    .sort(([a, costA], [b, costB]) => costA - costB || byText(a, b))
    .slice(0, most)
    .map(([type]) => type)
}

export const rateOf = ({ price }: NodeOption): number => price.rate

type Ranking = {
  /** Absent: what they cost. */
  readonly priceOf?: (option: NodeOption) => number
  /** The order of those with equal prices. */
  readonly among?: ((a: NodeOption, b: NodeOption) => number) | undefined
}

/** Cheapest first; equal prices as `among` says, else by name. */
export const cheapestFirst = (
  options: readonly NodeOption[],
  { priceOf = rateOf, among = () => 0 }: Ranking = {},
): NodeOption[] => [...options].sort((a, b) => priceOf(a) - priceOf(b) || among(a, b) || byText(a.id, b.id))

export function holds(free: Resources, need: Resources): boolean {
  if (
    need.cpu > free.cpu ||
    need.memory > free.memory ||
    need.pods > free.pods ||
    need.ephemeralStorage > free.ephemeralStorage
  )
    return false
  for (const name in need.extended) if ((need.extended[name] ?? 0) > (free.extended[name] ?? 0)) return false
  return true
}
