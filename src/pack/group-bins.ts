import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { subtract, sum, type Resources } from '../domain/resources.js'
import type { BinProblem, BinType } from './columns/bin-problem.js'
import { leastHeld, mostOf, mostOn } from './demand.js'
import type { LiveNode, Machine, PackGroup, PackProblem } from './problem.js'
import { seenLabels, type Interests } from './interests.js'
import { refusalsOf } from './option-fit.js'
import { byText } from './order.js'
import { room } from './shapes.js'

/**
 * What a group has to buy, as bins and items. What is left out could only make a plan dearer (rules between pods, guard
 * rails, how the room of the nodes that stay is cut up), so that a lower bound for the bins is one for the group.
 */
export type GroupBins = {
  readonly problem: BinProblem
  /** Micro-dollars per hour of the nodes that every plan keeps. */
  readonly paid: number
  /** By bin type: machines that such a bin may be; empty for the room on nodes that stay. */
  readonly machines: readonly (readonly MachineKind[])[]
  /** By item class: the pods. */
  readonly pods: readonly (readonly Pod[])[]
}

/** An instance type in one zone at one capacity type, as `kindOf` names it. */
export type MachineKind = string

export const kindOf = (
  machine: Machine & { readonly instanceType: string | undefined; readonly zone: string | undefined },
): MachineKind => `${machine.instanceType ?? ''}/${machine.zone ?? ''}/${machine.capacityType ?? ''}`

export type Question = {
  readonly group: PackGroup
  /** Machines that may be bought; empty: only today's nodes. */
  readonly options: readonly NodeOption[]
  /** Of those, the ones that could hold the pod. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  readonly suits: PackProblem['suits']
  readonly interests: PackProblem['interests']
  /** Pods of equal numbers are the same to the scheduler and to `suits`. */
  readonly podKind: (pod: Pod) => number
  /** Pods of equal numbers fit statically on the same nodes. */
  readonly placementKey: (pod: Pod) => number
}

export function groupBins(question: Question): GroupBins {
  const { group, options } = question
  const live = [...group.live].sort((a, b) => byText(a.node.name, b.node.name))
  const staying = new Set(
    live.filter(({ mustStay, pinned, price }) => mustStay !== undefined || pinned.size > 0 || price.kind === 'unknown'),
  )
  const kinds = kindsOf(live, options, staying)
  const pods = live
    .flatMap((node) => node.pods.filter((pod) => !node.pinned.has(pod)))
    .sort((a, b) => byText(a.id, b.id))
  const names = resourceNames(pods)
  const typesFor = homes(question, live, kinds, staying.size > 0)

  const classes = new Map<
    string,
    { readonly size: readonly number[]; readonly types: readonly number[]; pods: Pod[] }
  >()
  for (const pod of pods) {
    const least = leastHeld(pod)
    const size = names.map((name) => amountOf(least, name))
    const { id, types } = typesFor(pod)
    const key = `${size.join()} ${id}`
    const known = classes.get(key)
    if (known === undefined) classes.set(key, { size, types, pods: [pod] })
    else known.pods.push(pod)
  }
  const all = [...classes.values()]
  // In the largest unit that all requests are whole numbers of, capacities can be rounded down.
  const units = names.map((_, r) => all.reduce((unit, { size }) => greatestCommonDivisor(unit, size[r]!), 0) || 1)
  const inUnits = (free: Resources): number[] =>
    names.map((name, r) => Math.max(0, Math.floor(amountOf(free, name) / units[r]!)))

  const types: BinType[] = kinds.map(({ kind, rate, free, live: count, onOffer }) => ({
    name: kind,
    cost: rate,
    capacity: inUnits(free),
    ...(onOffer ? {} : { limit: count }),
  }))
  if (staying.size > 0) {
    const left = [...staying].map((live) => subtract(mostOn(live), sum([...live.pinned].map(leastHeld))))
    types.push({ name: 'nodes that stay', cost: 0, capacity: inUnits(sum(left)), limit: 1 })
  }
  const merged = withoutTwins(
    types,
    all.map((one) => one.types),
  )
  return {
    paid: [...staying].reduce((total, { price }) => total + (price.kind === 'known' ? price.rate : 0), 0),
    problem: {
      resources: names,
      types: merged.types,
      classes: all.map(({ size, pods: items }, index) => ({
        size: size.map((value, r) => value / units[r]!),
        count: items.length,
        types: merged.allowed[index]!,
      })),
    },
    machines: merged.members.map((members) => members.flatMap((index) => kinds[index]?.kind ?? [])),
    pods: all.map((one) => one.pods),
  }
}

/** Bin types that a class may use; equal ids, equal lists. */
type TypeList = { readonly id: number; readonly types: readonly number[] }

type Kind = {
  readonly kind: MachineKind
  readonly rate: number
  readonly free: Resources
  /** Live nodes of this kind that may go. */
  readonly live: number
  readonly onOffer: boolean
}

/** The bin types that each pod may use: machines on offer, live nodes like those that take it, and the nodes that stay. */
function homes(
  { options, machinesFor, suits, podKind, placementKey, interests }: Question,
  live: readonly LiveNode[],
  kinds: readonly Kind[],
  someStay: boolean,
): (pod: Pod) => TypeList {
  const indexOf = new Map(kinds.map(({ kind }, index) => [kind, index]))
  const indexOfOption = new Map(options.map((option) => [option, indexOf.get(kindOf(option))!]))
  const homeOf = new Map(live.flatMap(({ node, pods }) => pods.map((pod) => [pod, indexOf.get(kindOf(node))])))
  const looks = looksOf(live, indexOf, interests)
  const lists = new Map<string, TypeList>()
  const known = new Map<string, TypeList>()
  const welcome = new Map<LiveNode['node'], (boolean | undefined)[]>(
    looks.flatMap(({ nodes }) => nodes.map((node) => [node, []] as const)),
  )
  const isWelcome = (node: LiveNode['node'], pod: Pod): boolean =>
    (welcome.get(node)![placementKey(pod)] ??= mightTake(node, pod))

  return (pod) => {
    const own = homeOf.get(pod)
    const key = `${podKind(pod)} ${own}`
    const found = known.get(key)
    if (found !== undefined) return found
    const mayUse = new Uint8Array(kinds.length + 1)
    for (const option of machinesFor(pod)) mayUse[indexOfOption.get(option)!] = 1
    // A live node may have labels or taints of its own, so that it takes what a new one like it would not.
    for (const { index, nodes } of looks)
      if (mayUse[index] === 0 && nodes.some((node) => suits(pod, node) && isWelcome(node, pod))) mayUse[index] = 1
    if (own !== undefined) mayUse[own] = 1
    if (someStay) mayUse[kinds.length] = 1
    const text = String.fromCharCode(...mayUse)
    const shared = lists.get(text) ?? {
      id: lists.size,
      types: [...mayUse.keys()].filter((index) => mayUse[index] === 1),
    }
    lists.set(text, shared)
    known.set(key, shared)
    return shared
  }
}

/** Live nodes by their kind, one of each that rules about single nodes could tell apart by more than its name. */
function looksOf(live: readonly LiveNode[], indexOf: ReadonlyMap<MachineKind, number>, interests: Interests) {
  const ofRules = new Map([...interests].filter(([key]) => key !== HOSTNAME))
  const looks = new Map<number, Map<string, LiveNode['node']>>()
  for (const { node } of live) {
    const index = indexOf.get(kindOf(node))
    if (index === undefined || node.closed !== undefined) continue
    const ofKind = looks.get(index) ?? new Map<string, LiveNode['node']>()
    looks.set(index, ofKind)
    const look = `${seenLabels(node.labels, ofRules)} ${JSON.stringify(node.taints)}`
    if (!ofKind.has(look)) ofKind.set(look, node)
  }
  return [...looks].map(([index, ofKind]) => ({ index, nodes: [...ofKind.values()] }))
}

/** Do the node's labels and taints speak for it? A pod bound to some host by name is taken to be welcome on any. */
function mightTake({ labels, taints }: LiveNode['node'], pod: Pod): boolean {
  const { nodeSelector, requiredNodeTerms } = pod.spec
  const terms = [...(requiredNodeTerms ?? []), ...pod.volumes.nodeTerms.flat()]
  const namesHost =
    Object.hasOwn(nodeSelector, HOSTNAME) ||
    terms.some(
      ({ matchExpressions, matchFields }) =>
        matchFields.length > 0 || matchExpressions.some(({ key }) => key === HOSTNAME),
    )
  return namesHost || refusalsOf(pod, { labels, taints }).length === 0
}

const HOSTNAME = 'kubernetes.io/hostname'

/** Machines on offer and live nodes that may go; a live node with more room than is foretold makes all of its kind roomier. */
function kindsOf(live: readonly LiveNode[], options: readonly NodeOption[], staying: ReadonlySet<LiveNode>): Kind[] {
  const kinds = new Map<MachineKind, Kind>(
    options.map((option) => {
      const kind = kindOf(option)
      return [kind, { kind, rate: option.price.rate, free: room(option), live: 0, onOffer: true }]
    }),
  )
  for (const one of live) {
    if (one.price.kind === 'unknown' || staying.has(one)) continue
    const kind = kindOf(one.node)
    const known = kinds.get(kind)
    const free = mostOn(one)
    kinds.set(kind, {
      kind,
      rate: Math.min(one.price.rate, known?.rate ?? Infinity),
      free: known === undefined ? free : mostOf(known.free, free),
      live: (known?.live ?? 0) + 1,
      onOffer: known?.onOffer ?? false,
    })
  }
  return [...kinds.values()]
}

/** Types that differ in nothing but their name become one: zones, mostly. */
function withoutTwins(types: readonly BinType[], allowed: readonly (readonly number[])[]) {
  const classesOf: number[][] = types.map(() => [])
  allowed.forEach((list, c) => list.forEach((t) => classesOf[t]!.push(c)))
  const merged = new Map<string, number[]>()
  types.forEach(({ cost, capacity, limit }, t) => {
    // What nobody may use is left out.
    if (classesOf[t]!.length === 0) return
    const key = `${cost} ${capacity.join()} ${limit === undefined} ${classesOf[t]!.join()}`
    merged.set(key, [...(merged.get(key) ?? []), t])
  })
  const members = [...merged.values()]
  const newIndex = new Map(members.flatMap((group, index) => group.map((t) => [t, index] as const)))
  return {
    members,
    types: members.map((group): BinType => {
      const first = types[group[0]!]!
      if (first.limit === undefined) return first
      return { ...first, limit: group.reduce((total, t) => total + (types[t]!.limit ?? 0), 0) }
    }),
    allowed: allowed.map((list) => [...new Set(list.flatMap((t) => newIndex.get(t) ?? []))].sort((a, b) => a - b)),
  }
}

const resourceNames = (pods: readonly Pod[]): string[] => [
  'cpu',
  'memory',
  'pods',
  ...[...new Set(pods.flatMap(({ needed }) => Object.keys(needed.extended)))].sort(),
]

const amountOf = (resources: Resources, name: string): number =>
  name === 'cpu' || name === 'memory' || name === 'pods' ? resources[name] : (resources.extended[name] ?? 0)

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))
