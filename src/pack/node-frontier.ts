import type { CapacityPolicy } from '../domain/goal.js'
import { fewestBreaches, pickedFirst, type Layout } from './layout.js'
import { mayGo, type GroupState, type LayoutSearch } from './layouts.js'
import type { Assembler, Solution } from './assembly.js'
import { spotShare } from './spot/spot-share.js'
import { tradeOffs } from './trade-offs.js'

/** Packings that one group may be asked for, each at another surcharge per node; large groups get fewer. */
const MOST_ASKS = 6
const FEWEST_ASKS = 2
/** Item classes × bin types of a group × packings. */
const MOST_WORK = 400_000
/** A node less is never worth more than so many nodes cost on the mean, or than all of them. */
const WORTH = 3
/** Points that a reader looks at. */
const MOST_POINTS = 12

/** What a group could look like, from the cheapest to the fewest nodes, and what any number of its nodes costs at least. */
export type GroupFrontier = {
  readonly layouts: readonly Layout[]
  /** Nodes that every plan keeps. */
  readonly staying: number
  /** Micro-dollars per hour; see `atLeast`. */
  readonly bounds: readonly PricedBound[]
}

/** No nodes of the group, with `surcharge` paid on top for each that does not have to stay, cost less than `rate`. */
export type PricedBound = { readonly surcharge: number; readonly rate: number }

/**
 * Packs a group again and again with a surcharge on every node, so that fewer nodes pay: first with as much as a node less
 * can be worth, for the fewest, then with what the step between two known layouts costs per node saved, for what may lie
 * between them (the chord method of parametric optimisation: Eisner and Severance, J. ACM 23, 1976). Undefined where the
 * cluster is too large.
 */
export function groupFrontier(
  state: GroupState,
  policy: CapacityPolicy,
  search: LayoutSearch,
): GroupFrontier | undefined {
  const plain = search.packed(state.group, { kind: 'cheapest', policy })
  if (plain === undefined) return undefined
  const staying = state.slots.filter((slot) => !mayGo(slot)).length
  const bounds: PricedBound[] = [{ surcharge: 0, rate: plain.paid + plain.plan.lowerBound }]
  let layouts = fewestBreaches(search.of(state, { kind: 'cheapest', policy }))
  const { types, classes } = plain.problem
  const asks = Math.floor(MOST_WORK / Math.max(1, types.length * classes.length))
  for (let left = Math.max(FEWEST_ASKS, Math.min(MOST_ASKS, asks)); left > 0; left -= 1) {
    const surcharge = nextSurcharge(layouts, staying, new Set(bounds.map((bound) => bound.surcharge)))
    if (surcharge === undefined) break
    const priced = search.priced(state, policy, () => surcharge)
    if (priced === undefined) return undefined
    bounds.push({ surcharge, rate: priced.packed.paid + priced.packed.plan.lowerBound })
    layouts = fewestBreaches([...layouts, ...priced.layouts])
  }
  return { layouts, staying, bounds }
}

/** Of the chords between neighbours on the convex hull of what is known, the one that spans most nodes. */
function nextSurcharge(layouts: readonly Layout[], staying: number, asked: ReadonlySet<number>): number | undefined {
  const hull = hullOf(layouts)
  const [cheapest] = hull
  if (cheapest === undefined) return undefined
  // With one node beside those that stay nothing is left to save.
  const most = Math.ceil((WORTH * cheapest.rate) / Math.max(WORTH, cheapest.nodes.length)) + 1
  if (!asked.has(most) && cheapest.nodes.length > staying + 1) return most
  const chords = hull.slice(1).flatMap((fewer, at) => {
    const more = hull[at]!
    const saved = more.nodes.length - fewer.nodes.length
    const surcharge = Math.round((fewer.rate - more.rate) / saved)
    return saved < 2 || surcharge < 1 || asked.has(surcharge) ? [] : [{ saved, surcharge }]
  })
  return chords.sort((a, b) => b.saved - a.saved || a.surcharge - b.surcharge)[0]?.surcharge
}

/** From the cheapest layout to the fewest nodes, those that are best at some surcharge. */
function hullOf(layouts: readonly Layout[]): Layout[] {
  const points = tradeOffs([weighed(layouts)]).map(({ picks: [pick] }) => layouts[pick!]!)
  const hull: Layout[] = []
  for (const point of points) {
    while (hull.length > 1 && !isBelow(hull.at(-1)!, hull.at(-2)!, point)) hull.pop()
    hull.push(point)
  }
  return hull
}

/** Does the middle one lie below the line between the others? */
const isBelow = (middle: Layout, more: Layout, fewer: Layout): boolean =>
  (middle.rate - more.rate) * (more.nodes.length - fewer.nodes.length) <
  (fewer.rate - more.rate) * (more.nodes.length - middle.nodes.length)

const hasNoMoreNodes = (one: Layout, other: Layout): boolean => one.nodes.length <= other.nodes.length

const weighed = (layouts: readonly Layout[]) => layouts.map(({ rate, nodes }) => ({ cost: rate, weight: nodes.length }))

/** Plans from the cheapest to the fewest nodes, and the micro-dollars per hour that so many nodes cost at least. */
export type Frontier = { readonly solutions: readonly Solution[]; readonly leastCost: (nodes: number) => number }

/**
 * The best mixes of the groups' layouts, put together; no plan of it has both more nodes and a higher cost than another.
 * `cheapest` is one of them, or better than all that it is dearer than. Undefined where the cluster is too large.
 */
export function nodeFrontier(assembler: Assembler, policy: CapacityPolicy, cheapest: Solution): Frontier | undefined {
  const { groups, search } = assembler
  const frontiers = groups.flatMap((state) => groupFrontier(state, policy, search) ?? [])
  if (frontiers.length < groups.length) return undefined
  const all = tradeOffs(frontiers.map(({ layouts }) => weighed(layouts)))
  const shown = Math.min(MOST_POINTS, all.length)
  const solutions = Array.from({ length: shown }, (_, at): Solution => {
    const { picks } = all[Math.round((at * (all.length - 1)) / Math.max(1, shown - 1))]!
    const picked = new Map(
      groups.map(({ group }, g) => [group.name, pickedFirst(frontiers[g]!.layouts, picks[g]!, hasNoMoreNodes)]),
    )
    return assembler.assemble(({ group }) => picked.get(group.name)!)
  })
  const isAllowed = (solution: Solution): boolean => policy.kind !== 'spot' || spotShare(solution) <= policy.share
  return {
    solutions: bestOf([cheapest, ...solutions.filter(isAllowed)]),
    leastCost: (nodes) => leastCost(frontiers, nodes),
  }
}

/** Those without another one that is as good in cost and in nodes, the cheapest first. */
function bestOf(solutions: readonly Solution[]): Solution[] {
  const sizes = solutions.map(sizeOf)
  const least = Math.min(...sizes.map(({ breaches }) => breaches))
  const kept = sizes.map((size, at) => ({ ...size, at })).filter(({ breaches }) => breaches === least)
  return tradeOffs([kept.map(({ rate, nodes }) => ({ cost: rate, weight: nodes }))]).map(
    ({ picks: [pick] }) => solutions[kept[pick!]!.at]!,
  )
}

/** Nodes, micro-dollars per hour and broken guard rails of all groups together. */
export function sizeOf({ layouts, amiss = 0 }: Solution): { nodes: number; rate: number; breaches: number } {
  const size = { nodes: 0, rate: 0, breaches: amiss }
  for (const { nodes, rate, breaches } of layouts.values()) {
    size.nodes += nodes.length
    size.rate += rate
    size.breaches += breaches
  }
  return size
}

/** Micro-dollars per hour that n nodes of a group cost at least: cost + surcharge × nodes is bounded, for every surcharge. */
export const atLeast = ({ bounds, staying }: Omit<GroupFrontier, 'layouts'>, nodes: number): number =>
  bounds.reduce((most, { rate, surcharge }) => Math.max(most, rate - surcharge * (nodes - staying)), 0)

/**
 * A cost that no plan with at most so many nodes can go below: the cheapest way to share the nodes out among the groups.
 * What a group costs at least falls ever more slowly with each further node, so that giving each node to the group that
 * it saves most is the cheapest way.
 */
export function leastCost(groups: readonly Omit<GroupFrontier, 'layouts'>[], nodes: number): number {
  const spare = nodes - groups.reduce((sum, { staying }) => sum + staying, 0)
  const savings = groups.flatMap((group) => savingsOf(group, spare)).sort((a, b) => b - a)
  const most = groups.reduce((sum, group) => sum + atLeast(group, group.staying), 0)
  return savings.slice(0, Math.max(0, spare)).reduce((rest, saved) => rest - saved, most)
}

/** What each node more saves a group at most, until one saves nothing. */
function savingsOf(group: Omit<GroupFrontier, 'layouts'>, most: number): number[] {
  const savings: number[] = []
  for (let nodes = group.staying; savings.length < most; nodes += 1) {
    const saved = atLeast(group, nodes) - atLeast(group, nodes + 1)
    if (saved <= 0) break
    savings.push(saved)
  }
  return savings
}
