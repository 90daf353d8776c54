import type { Pod } from '../../domain/pod.js'
import type { Resources } from '../../domain/resources.js'
import type { MachineKind, Question, Surcharge } from './bin-question.js'
import { homes, placesOf, type Place, type PlaceList } from './bin-places.js'
import type { Room, VolumeCounts } from './bin-room.js'
import { withoutTwins, type Kind } from './bin-twins.js'
import type { BinClass, BinProblem } from '../columns/bin-problem.js'
import { leastHeld } from './demand.js'
import { staysAnyway, type LiveNode, type PackGroup } from '../problem.js'
import { byText } from '../order.js'
import type { Rivalry } from './rivals.js'

/**
 * What a group has to buy, as bins and items. What is left out could only make a plan dearer, so that a lower bound for
 * the bins is one for the group: rules that look beyond a node (zones, other groups), that pods be near others, volumes
 * that pods share, limits on zones and on shares of a workload.
 */
export type GroupBins = {
  readonly problem: BinProblem
  /** Micro-dollars per hour of the nodes that every plan keeps. */
  readonly paid: number
  /** Nodes that every plan keeps. */
  readonly staying: readonly LiveNode[]
  /** By bin type: machines that such a bin may be; empty where it can only be a node of today. */
  readonly machines: readonly (readonly MachineKind[])[]
  /** By bin type: nodes of today that such a bin may be. */
  readonly nodes: readonly (readonly LiveNode[])[]
  /** By item class: the pods. */
  readonly pods: readonly (readonly Pod[])[]
}

/** Pods that need not be told apart, and the places that they may use. */
type Likes = {
  readonly amounts: readonly number[]
  readonly places: readonly number[]
  readonly rule: Pick<BinClass, 'conflict' | 'maxPerBin'>
  readonly pods: Pod[]
}

/** What a group has to buy before it is known what machines cost: the same at all surcharges. */
export type UnpricedBins = Pick<GroupBins, 'paid' | 'staying' | 'pods'> & {
  readonly resources: readonly string[]
  readonly kinds: readonly Kind[]
  /** Each with the kinds that it may use. */
  readonly classes: readonly (BinClass & Required<Pick<BinClass, 'types'>>)[]
}

/** The group's bins at the prices of the machines, with what they are charged beyond. */
export const groupBins = (question: Question, surcharge?: Surcharge): GroupBins =>
  pricedBins(unpricedBins(question), surcharge)

export function pricedBins({ kinds: unpriced, classes, ...group }: UnpricedBins, surcharge?: Surcharge): GroupBins {
  const { paid, staying, pods, resources } = group
  const kinds = surcharge === undefined ? unpriced : unpriced.map((kind) => withSurcharge(kind, surcharge))
  const { types, members, allowed } = withoutTwins(
    kinds,
    classes.map((each) => each.types),
  )
  const placesOf = members.map((all) => all.map((index) => kinds[index]!.place))
  return {
    paid,
    staying,
    problem: { resources, types, classes: classes.map((each, c) => ({ ...each, types: allowed[c]! })) },
    machines: placesOf.map((all) => distinct(all.flatMap(({ name, option }) => (option === undefined ? [] : name)))),
    nodes: placesOf.map((all) => distinct(all.flatMap(({ nodes }) => nodes))),
    pods,
  }
}

const distinct = <Value>(values: readonly Value[]): Value[] => [...new Set(values)]

function withSurcharge(kind: Kind, surcharge: Surcharge): Kind {
  const { rate, charged } = kind.place
  if (charged === undefined) return kind
  return { ...kind, place: { ...kind.place, rate: Math.floor(rate + surcharge(charged)) } }
}

export function unpricedBins(asked: Question): UnpricedBins {
  const question = { ...asked, group: { ...asked.group, live: inOrder(asked.group.live) } }
  const { live } = question.group
  const staying = live.filter(staysAnyway)
  const paid = staying.reduce((total, { price }) => total + (price.kind === 'known' ? price.rate : 0), 0)
  const items = live
    .flatMap((node) => node.pods.filter((pod) => !node.pinned.has(pod)))
    .sort((a, b) => byText(a.id, b.id))
  if (items.length === 0) return { paid, staying, resources: [], kinds: [], classes: [], pods: [] }
  const places = placesOf(question)
  const names = resourceNames(items, places, question.volumesOf)
  const classes = classesOf(question, asked.group, items, places, names)
  // In the largest unit that all requests are whole numbers of, capacities can be rounded down.
  const units = names.map(
    (_, r) => classes.reduce((unit, { amounts }) => greatestCommonDivisor(unit, amounts[r]!), 0) || 1,
  )
  const sizes = classes.map(({ amounts }) => amounts.map((value, r) => value / units[r]!))
  const total = names.map((_, r) => sizes.reduce((all, size, c) => all + size[r]! * classes[c]!.pods.length, 0))
  const inUnits = (room: Room): number[] =>
    names.map((name, r) => {
      const has = amountIn(room, name)
      return has === undefined ? total[r]! : Math.max(0, Math.floor(has / units[r]!))
    })
  const { list: kinds, allowed } = kindsOf(places, classes, sizes, inUnits)
  return {
    paid,
    staying,
    resources: names,
    kinds,
    classes: classes.map(({ rule, pods }, c) => ({
      ...{ size: sizes[c]!, count: pods.length, types: allowed[c]! },
      ...rule,
    })),
    pods: classes.map(({ pods }) => pods),
  }
}

const inOrder = (live: readonly LiveNode[]): LiveNode[] => [...live].sort((a, b) => byText(a.node.name, b.node.name))

function classesOf(
  question: Question,
  group: PackGroup,
  items: readonly Pod[],
  places: readonly Place[],
  names: readonly string[],
): Likes[] {
  const { volumesOf } = question
  const placesFor = homes(question, places)
  const rulesFor = rulesOf(items, question.rivals.of(group), placesFor)
  const classes = new Map<string, Likes>()
  for (const pod of items) {
    const free = leastHeld(pod)
    const volumes = volumesOf(pod)
    const amounts = names.map((name) => amountIn({ free, volumes }, name) ?? 0)
    const { key: ruleKey, rule } = rulesFor(pod)
    const list = placesFor(pod)
    const key = `${amounts.join()} ${list.id} ${ruleKey}`
    const known = classes.get(key)
    if (known === undefined) classes.set(key, { amounts, places: list.places, rule, pods: [pod] })
    else known.pods.push(pod)
  }
  return [...classes.values()]
}

type Ruled = { readonly key: string; readonly rule: Pick<BinClass, 'conflict' | 'maxPerBin'> }

/**
 * The limits on a bin that rivalries come to. Pods that have no place in common cannot meet: a rule about them is none
 * for the packing, or one for the pods of each list of places by themselves.
 */
function rulesOf(
  items: readonly Pod[],
  rivalries: ReadonlyMap<Pod, Rivalry>,
  placesFor: (pod: Pod) => PlaceList,
): (pod: Pod) => Ruled {
  const lists = new Map<number, Map<PlaceList, number>>()
  for (const pod of items) {
    const id = rivalries.get(pod)?.id
    if (id === undefined) continue
    const ofRule = lists.get(id) ?? new Map<PlaceList, number>()
    lists.set(id, ofRule)
    const list = placesFor(pod)
    ofRule.set(list, (ofRule.get(list) ?? 0) + 1)
  }
  const conflicts = new Map<string, number>()
  const isApart = new Map([...lists].map(([id, ofRule]) => [id, areApart([...ofRule.keys()])]))
  return (pod) => {
    const rivalry = rivalries.get(pod)
    if (rivalry === undefined) return { key: '', rule: {} }
    const { id, most } = rivalry
    const list = placesFor(pod)
    const apart = isApart.get(id) === true
    if (apart && (lists.get(id)?.get(list) ?? 0) <= most) return { key: '', rule: {} }
    if (most > 1) return { key: `${id}`, rule: { maxPerBin: most } }
    const key = apart ? `${id} ${list.id}` : `${id}`
    const conflict = conflicts.get(key) ?? conflicts.size
    conflicts.set(key, conflict)
    return { key, rule: { conflict } }
  }
}

function areApart(lists: readonly PlaceList[]): boolean {
  const seen = new Set<number>()
  return lists.every(({ places }) => {
    const isNew = places.every((place) => !seen.has(place))
    for (const place of places) seen.add(place)
    return isNew
  })
}

/** The places as bins; one with more room for a pod that has it to itself, where a guard rail keeps that pod off the shared one. */
function kindsOf(
  places: readonly Place[],
  classes: readonly Likes[],
  sizes: readonly (readonly number[])[],
  inUnits: (room: Room) => number[],
): { readonly list: readonly Kind[]; readonly allowed: readonly (readonly number[])[] } {
  const list = places.map((place): Kind => ({ place, capacity: inUnits(place.rooms.shared) }))
  const alone = new Map<number, { readonly index: number; readonly capacity: readonly number[] } | undefined>()
  const aloneAt = (index: number) => {
    if (alone.has(index)) return alone.get(index)
    const place = places[index]!
    const capacity = inUnits(place.rooms.alone)
    const isLarger = capacity.some((has, r) => has > list[index]!.capacity[r]!)
    const made = isLarger ? { index: list.push({ place, capacity }) - 1, capacity } : undefined
    alone.set(index, made)
    return made
  }
  const fits = (size: readonly number[], capacity: readonly number[]): boolean =>
    size.every((need, r) => need <= capacity[r]!)
  // Classes share the list of their places wherever that is what they may use.
  const allowed = classes.map(({ places: own }, c) => {
    let changed: number[] | undefined
    for (const [at, index] of own.entries()) {
      if (fits(sizes[c]!, list[index]!.capacity)) continue
      const other = aloneAt(index)
      if (other === undefined || !fits(sizes[c]!, other.capacity)) continue
      changed ??= [...own]
      changed[at] = other.index
    }
    return changed ?? own
  })
  return { list, allowed }
}

const VOLUMES = 'volumes of '

function resourceNames(pods: readonly Pod[], places: readonly Place[], volumesOf: VolumeCounts): string[] {
  const extended = new Set(pods.flatMap(({ needed }) => Object.keys(needed.extended)))
  const drivers = new Set(pods.flatMap((pod) => Object.keys(volumesOf(pod))))
  return [
    ...['cpu', 'memory', 'pods'],
    ...[...extended].sort(),
    ...[...drivers]
      .filter((driver) => mayBind(driver, pods, places, volumesOf))
      .sort()
      .map((driver) => VOLUMES + driver),
  ]
}

/** Could any place be full of the driver's volumes before its CPU, memory or pod slots are used up? */
function mayBind(driver: string, pods: readonly Pod[], places: readonly Place[], volumesOf: VolumeCounts): boolean {
  const users = pods.flatMap((pod) => {
    const count = volumesOf(pod)[driver] ?? 0
    return count > 0 ? [{ count, least: leastHeld(pod) }] : []
  })
  const cheapest = (['cpu', 'memory', 'pods'] as const).map((name) => ({
    name,
    order: users
      .map(({ count, least }) => ({ count, need: least[name] }))
      .sort((a, b) => a.need / a.count - b.need / b.count),
  }))
  const mostIn = ({ free }: Room): number =>
    Math.min(
      ...cheapest.map(({ name, order }) => {
        let left: number = free[name]
        let all = 0
        for (const { count, need } of order) {
          if (need > left) return all + (count * left) / need
          left -= need
          all += count
        }
        return all
      }),
    )
  return places.some(({ rooms }) => mostIn(rooms.shared) > (rooms.shared.volumes[driver] ?? Infinity))
}

/** Undefined: as much as anybody wants. */
const amountIn = ({ free, volumes }: Room, name: string): number | undefined =>
  name.startsWith(VOLUMES) ? volumes[name.slice(VOLUMES.length)] : amountOf(free, name)

const amountOf = (resources: Resources, name: string): number =>
  name === 'cpu' || name === 'memory' || name === 'pods' ? resources[name] : (resources.extended[name] ?? 0)

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))
