import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { sum, type Resources } from '../../domain/resources.js'
import { kindOf, type MachineKind } from '../bins/bin-question.js'
import { acceptsPods, type Slot } from '../draft.js'
import type { Exchange } from './exchange.js'
import type { Layout } from '../layout.js'
import type { Market } from '../machines.js'
import { byText } from '../order.js'
import { room } from '../shapes.js'
import type { Stock } from '../stock.js'

/** Nodes that a group could have instead of today's. */
export type Choice = {
  /** Cores of its nodes and the share of them kept free, or 0 and 0 where it is no such fleet. */
  readonly cores: number
  readonly slack: number
  readonly slots: readonly Slot[]
  /** Micro-dollars per hour of the nodes with a price. */
  readonly rate: number
}

/** What a group could have; the first choice is what it has. */
export type Alternatives = Exchange & { readonly choices: readonly Choice[] }

/** A choice for every group, and nodes added by a repair. */
export type Fleet = {
  readonly chosen: ReadonlyMap<string, Choice>
  readonly added: readonly Slot[]
  readonly rate: number
  /** Where pods are in the plan that it comes from; absent: it comes from none. */
  readonly places?: Placement
}

export type Placement = ReadonlyMap<Pod, Slot>

export const fleetOf = (chosen: Fleet['chosen'], added: readonly Slot[] = [], places?: Placement): Fleet => {
  let rate = 0
  for (const choice of chosen.values()) rate += choice.rate
  for (const slot of added) rate += slot.rate ?? 0
  return { chosen, added, rate, ...(places === undefined ? {} : { places }) }
}

/** The nodes of a plan, by group, and these besides. */
export function fleetOfPlan(layouts: ReadonlyMap<string, Pick<Layout, 'nodes'>>, added: readonly Slot[]): Fleet {
  const chosen = [...layouts].map(([group, { nodes }]) => [group, choiceOf(nodes.map(({ slot }) => slot))] as const)
  return fleetOf(new Map(chosen), added, placementOf(layouts.values()))
}

export const placementOf = (layouts: Iterable<Pick<Layout, 'nodes'>>): Placement =>
  new Map(
    [...layouts].flatMap(({ nodes }) => nodes.flatMap(({ slot, pods }) => pods.map((pod) => [pod, slot] as const))),
  )

export const slotsOf = ({ chosen, added }: Fleet): Slot[] => [
  ...[...chosen.values()].flatMap(({ slots }) => slots),
  ...added,
]

/** The group's nodes, those that a repair added among them. */
export function groupNodes({ group, choices }: Alternatives, { chosen, added }: Fleet): Slot[] {
  const isOwn = ({ origin }: Slot): boolean => origin.kind === 'new' && origin.option.group === group
  return [...((chosen.get(group) ?? choices[0])?.slots ?? []), ...added.filter(isOwn)]
}

export const withChoice = (chosen: Fleet['chosen'], group: string, choice: Choice): Fleet['chosen'] =>
  new Map(chosen).set(group, choice)

/** The groups on which the fleet spends most first. */
export const byRate = (groups: readonly Alternatives[], { chosen }: Fleet): Alternatives[] =>
  [...groups].sort((a, b) => (chosen.get(b.group)?.rate ?? 0) - (chosen.get(a.group)?.rate ?? 0))

/** Pods of a group that may move, as far as they want one capacity type. */
export type Pool = { readonly spot: boolean; readonly pods: readonly Pod[] }

/** Shares of CPU and memory that a fleet keeps free, from tight to roomy. */
export const SLACKS: readonly number[] = [0.03, 0.1, 0.2, 0.35]
const MILLI = 1000

export const choiceOf = (slots: readonly Slot[], cores = 0, slack = 0): Choice => ({
  cores,
  slack,
  slots,
  rate: slots.reduce((total, { rate }) => total + (rate ?? 0), 0),
})

/** Share of a pool's pods that a type must be able to hold; the odd ones find a place on what stays, or get a node added. */
const MOST_PODS = 0.9

/** Machines of the pool's capacity type whose instance type could hold (nearly) all of its pods. */
function typesForMost({ pods, spot }: Pool, market: Market): NodeOption[] {
  const isWanted = (option: NodeOption): boolean => (option.capacityType === 'spot') === spot
  const lists = new Map<readonly NodeOption[], number>()
  for (const pod of pods) lists.set(market.that(pod), (lists.get(market.that(pod)) ?? 0) + 1)
  const held = new Map<string, number>()
  for (const [list, count] of lists)
    for (const type of new Set(list.filter(isWanted).map(({ instanceType }) => instanceType)))
      held.set(type, (held.get(type) ?? 0) + count)
  const enough = MOST_PODS * Math.max(0, ...held.values())
  const isEnough = (type: string): boolean => (held.get(type) ?? 0) >= Math.max(enough, pods.length / 2)
  return market.options.filter((option) => isWanted(option) && isEnough(option.instanceType))
}

/** The zones that pods are bound to: volumes and selectors leave them no other. */
function zoneDemand(pods: readonly Pod[], market: Market): Map<string, Resources> {
  const bound = new Map<string, Pod[]>()
  const zoneOf = new Map<readonly NodeOption[], string | undefined>()
  for (const pod of pods) {
    const list = market.that(pod)
    if (!zoneOf.has(list)) {
      const zones = new Set(list.map(({ zone }) => zone))
      zoneOf.set(list, zones.size === 1 ? list[0]?.zone : undefined)
    }
    const zone = zoneOf.get(list)
    if (zone !== undefined) bound.set(zone, [...(bound.get(zone) ?? []), pod])
  }
  const byZone = [...bound].sort(([a], [b]) => byText(a, b))
  return new Map(byZone.map(([zone, some]) => [zone, sum(some.map(({ needed }) => needed))]))
}

const nodesFor = (demand: Resources, option: NodeOption, slack: number): number => {
  const free = room(option)
  const parts = (wanted: number, has: number): number => (wanted <= 0 ? 0 : has <= 0 ? Infinity : wanted / has)
  return Math.ceil(
    Math.max(
      parts(demand.cpu, free.cpu * (1 - slack)),
      parts(demand.memory, free.memory * (1 - slack)),
      parts(demand.pods, free.pods),
      ...Object.entries(demand.extended).map(([name, amount]) => parts(amount, free.extended[name] ?? 0)),
    ) - 1e-9,
  )
}

/**
 * Fleets of one instance type per size for a pool: of each number of cores the type whose nodes cost the least for all of
 * the pool's requests, spread over the zones that its pods are bound to, and otherwise evenly.
 */
function fleetsOf({ demand, bound, byType }: Demand, slack: number): Map<number, Map<NodeOption, number>> {
  const best = new Map<number, { readonly counts: Map<NodeOption, number>; readonly rate: number }>()
  for (const [, options] of byType) {
    const [first] = options
    if (first === undefined) continue
    const counts = spread(options, demand, bound, slack)
    if (counts === undefined) continue
    let rate = 0
    for (const [option, count] of counts) rate += option.price.rate * count
    const cores = Math.round(first.capacity.cpu / MILLI)
    const known = best.get(cores)
    if (known === undefined || rate < known.rate) best.set(cores, { counts, rate })
  }
  return new Map([...best].sort(([a], [b]) => a - b).map(([cores, { counts }]) => [cores, counts]))
}

/** What a pool asks for, in all and of each zone that it is bound to, and the machines that could be its nodes, by type. */
type Demand = {
  readonly demand: Resources
  readonly bound: ReadonlyMap<string, Resources>
  readonly byType: readonly (readonly [type: string, options: readonly NodeOption[]])[]
}

function demandOf(pool: Pool, market: Market): Demand {
  // A pod that no machine holds stays where it runs: nodes bought for it would be for nothing, and without end.
  const pods = pool.pods.filter((pod) => market.that(pod).length > 0)
  const demand = sum(pods.map(({ needed }) => needed))
  const bound = zoneDemand(pods, market)
  const byType = new Map<string, NodeOption[]>()
  for (const option of typesForMost(pool, market))
    byType.set(option.instanceType, [...(byType.get(option.instanceType) ?? []), option])
  return { demand, bound, byType: [...byType].sort(([a], [b]) => byText(a, b)) }
}

/** How many nodes of a type in each zone; undefined where a zone that is needed does not offer it. */
function spread(
  options: readonly NodeOption[],
  demand: Resources,
  bound: ReadonlyMap<string, Resources>,
  slack: number,
): Map<NodeOption, number> | undefined {
  const [first] = options
  if (first === undefined) return undefined
  const counts = new Map<NodeOption, number>()
  for (const [zone, part] of bound) {
    const option = options.find((one) => one.zone === zone)
    if (option === undefined) return undefined
    counts.set(option, nodesFor(part, option, slack))
  }
  let total = [...counts.values()].reduce((all, count) => all + count, 0)
  const wanted = nodesFor(demand, first, slack)
  if (!Number.isFinite(wanted) || !Number.isFinite(total)) return undefined
  const order = [...options].sort((a, b) => a.price.rate - b.price.rate || byText(a.id, b.id))
  for (; total < wanted; total += 1) {
    const emptiest = order.reduce((a, b) => ((counts.get(b) ?? 0) < (counts.get(a) ?? 0) ? b : a))
    counts.set(emptiest, (counts.get(emptiest) ?? 0) + 1)
  }
  return counts
}

/**
 * What a group could have instead: for each size of node and each slack the cheapest fleet of one type per capacity type,
 * beside the nodes that stay. Today's nodes of such a type are used before any is bought.
 */
export function fleetChoices(
  live: { readonly fixed: readonly Slot[]; readonly reusable: readonly Slot[] },
  pools: readonly Pool[],
  market: Market,
  stock: Stock,
): Choice[] {
  const choices: Choice[] = []
  const demands = pools.map((pool) => demandOf(pool, market))
  for (const slack of SLACKS) {
    const fleets = demands.map((demand) => fleetsOf(demand, slack))
    if (fleets.some((fleet) => fleet.size === 0)) continue
    for (const cores of new Set(fleets.flatMap((fleet) => [...fleet.keys()]))) {
      const lend = lender(live.reusable, stock)
      const bought = fleets.flatMap((fleet) =>
        [...(fleet.get(nearest([...fleet.keys()], cores)) ?? [])].flatMap(([option, count]) =>
          Array.from({ length: count }, () => lend(option)),
        ),
      )
      choices.push(choiceOf([...live.fixed, ...bought], cores, slack))
    }
  }
  return choices
}

/** The largest size that is not above the wanted one; else the smallest. */
export const nearest = (sizes: readonly number[], wanted: number): number =>
  sizes.reduce((best, size) => (size <= wanted && (best > wanted || size > best) ? size : best), sizes[0] ?? wanted)

function lender(reusable: readonly Slot[], stock: Stock): (option: NodeOption) => Slot {
  const spares = new Map<MachineKind, Slot[]>()
  for (const slot of reusable) {
    if (slot.origin.kind !== 'live' || !acceptsPods(slot)) continue
    const key = kindOf(slot.origin.live.node)
    spares.set(key, [...(spares.get(key) ?? []), slot])
  }
  const lend = stock.lender()
  return (option) => spares.get(kindOf(option))?.shift() ?? lend(option)
}
