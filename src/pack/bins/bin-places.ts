import { countsFor } from '../../domain/group-limit.js'
import { carries } from '../../domain/headroom.js'
import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { sum, type Resources } from '../../domain/resources.js'
import { valueOf, VOLUME_ZONE_LABELS } from '../../domain/requirement.js'
import { roomsOfLive, roomsOfOption, type Rooms } from './bin-room.js'
import { kindOf, type Question, type Surcharge } from './bin-question.js'
import { seenLabels } from '../interests.js'
import { refusalsOf } from '../option-fit.js'
import { staysAnyway, type LiveNode } from '../problem.js'

/** What a bin may be, before equal ones are made one: a machine on offer, a node of today that may go, or one that stays. */
export type Place = {
  readonly name: string
  /** Micro-dollars per hour that the plan pays more for it. */
  readonly rate: number
  /** What a surcharge looks at; absent for a node that stays. */
  readonly charged?: Parameters<Surcharge>[0]
  readonly rooms: Rooms
  readonly option: NodeOption | undefined
  /** Nodes of today that it may be; none for a machine to be bought. */
  readonly nodes: readonly LiveNode[]
}

const HOSTNAME = 'kubernetes.io/hostname'

/** What a surcharge looks at. `own`: what the machine's own pods take. */
export const chargedFor = (
  machine: NodeOption | LiveNode['node'],
  own: Resources,
  { limit, wholeHeadroom }: Pick<Question, 'limit' | 'wholeHeadroom'>,
): Parameters<Surcharge>[0] => ({
  spot: machine.capacityType === 'spot',
  cpu: machine.allocatable.cpu,
  counted: [...(limit?.keys() ?? [])].map((resource) => countsFor(resource, machine.capacity)),
  ...(wholeHeadroom === undefined ? {} : { carries: carries(machine.allocatable, own, wholeHeadroom) }),
})

/** Machines on offer, then the nodes of today that may go, those that are alike together, then each that stays. */
export function placesOf(question: Question): Place[] {
  const { options, group, interests, rails, volumesOf, mayKeep } = question
  const places = options.map((option): Place => ({
    name: kindOf(option),
    rate: option.price.rate,
    charged: chargedFor(option, option.overhead, question),
    rooms: roomsOfOption(option, rails),
    option,
    nodes: [],
  }))
  const alike = new Map<string, { -readonly [Key in keyof Place]: Place[Key] }>()
  const staying: Place[] = []
  for (const live of group.live) {
    const rooms = roomsOfLive(live, rails, volumesOf)
    const { node, price } = live
    if (staysAnyway(live)) {
      staying.push({ name: node.name, rate: 0, rooms, option: undefined, nodes: [live] })
      continue
    }
    if (price.kind === 'unknown' || !mayKeep(live)) continue
    const kind = kindOf(node)
    const look = [seenLabels(node.labels, withoutHost(interests)), node.taints, node.closed !== undefined]
    const { rate } = price
    const own = sum(live.residents.map(({ held }) => held))
    const charged = chargedFor(node, own, question)
    const key = JSON.stringify([kind, rate, charged, rooms, look])
    const known = alike.get(key)
    if (known !== undefined) known.nodes = [...known.nodes, live]
    else alike.set(key, { name: kind, rate, charged, rooms, option: undefined, nodes: [live] })
  }
  return [...places, ...alike.values(), ...staying]
}

const withoutHost = (interests: Question['interests']): Question['interests'] =>
  new Map([...interests].filter(([key]) => key !== HOSTNAME))

/** Indexes of the places that a class of pods may use; equal ids, equal lists. */
export type PlaceList = { readonly id: number; readonly places: readonly number[] }

/** The places that each pod may use: machines on offer, live nodes that take it, and the node that it is on. */
export function homes(question: Question, places: readonly Place[]): (pod: Pod) => PlaceList {
  const { machinesFor, podKind } = question
  const indexOfOption = new Map(places.flatMap(({ option }, index) => (option === undefined ? [] : [[option, index]])))
  const homeOf = new Map<Pod, number>()
  places.forEach(({ nodes }, index) => {
    for (const { pods } of nodes) for (const pod of pods) homeOf.set(pod, index)
  })
  const { isWelcome, answerKey } = welcome(question, places)
  const lists = new Map<string, PlaceList>()
  const known = new Map<string, PlaceList>()
  const bases = new Map<string, { readonly mayUse: Uint8Array; readonly list: PlaceList }>()
  const machineLists = new Map<readonly NodeOption[], number>()

  const baseOf = (pod: Pod) => {
    const machines = machinesFor(pod)
    const machineList = machineLists.get(machines) ?? machineLists.size
    machineLists.set(machines, machineList)
    const key = `${machineList} ${answerKey(pod)}`
    const found = bases.get(key)
    if (found !== undefined) return found
    const mayUse = new Uint8Array(places.length)
    for (const option of machines) mayUse[indexOfOption.get(option)!] = 1
    // A live node may have labels or taints of its own, so that it takes what a new one like it would not.
    places.forEach((place, index) => {
      if (isWelcome(place, pod)) mayUse[index] = 1
    })
    const made = { mayUse, list: listOf(mayUse) }
    bases.set(key, made)
    return made
  }
  const listOf = (mayUse: Uint8Array): PlaceList => {
    const text = mayUse.join('')
    const shared = lists.get(text) ?? {
      id: lists.size,
      places: [...mayUse.keys()].filter((index) => mayUse[index] === 1),
    }
    lists.set(text, shared)
    return shared
  }
  const withOwn = (mayUse: Uint8Array, own: number): PlaceList => {
    const all = mayUse.slice()
    all[own] = 1
    return listOf(all)
  }
  return (pod) => {
    const own = homeOf.get(pod)
    const key = `${podKind(pod)} ${own ?? ''}`
    const found = known.get(key)
    if (found !== undefined) return found
    const { mayUse, list } = baseOf(pod)
    const made = own === undefined || mayUse[own] === 1 ? list : withOwn(mayUse, own)
    known.set(key, made)
    return made
  }
}

/** Nodes of a place that rules about labels, taints, spot and architecture do not tell apart. */
type Alike = { readonly node: LiveNode['node']; readonly answers: (boolean | undefined)[]; readonly nodes: LiveNode[] }

/** Whether pods may come to live nodes, as far as these and what stays on them decide. */
type Welcome = {
  /** May the pod come to one of the nodes of the place? */
  readonly isWelcome: (place: Place, pod: Pod) => boolean
  /** Pods of equal keys are welcome at the same places. */
  readonly answerKey: (pod: Pod) => string
}

function welcome({ suits, placementKey, podKind, interests, rivals }: Question, places: readonly Place[]): Welcome {
  const seen = withoutHost(interests)
  const answersOf = new Map<string, (boolean | undefined)[]>()
  const machines = new Map<string, LiveNode['node']>()
  const alikeAt = new Map(places.map((place) => [place, sorted(place.nodes)]))

  function sorted(nodes: readonly LiveNode[]): Alike[] {
    const alike = new Map<string, Alike>()
    for (const live of nodes) {
      const { node } = live
      if (node.closed !== undefined) continue
      const machine = `${node.capacityType ?? ''} ${node.architecture ?? ''}`
      machines.set(machine, machines.get(machine) ?? node)
      // Volumes look at zones, by labels that no pod's rules need name.
      const zones = VOLUME_ZONE_LABELS.map((key) => valueOf(node.labels, key) ?? null)
      const look = JSON.stringify([kindOf(node), zones, seenLabels(node.labels, seen), node.taints])
      const answers = answersOf.get(look) ?? []
      answersOf.set(look, answers)
      const known = alike.get(`${machine} ${look}`)
      if (known === undefined) alike.set(`${machine} ${look}`, { node, answers, nodes: [live] })
      else known.nodes.push(live)
    }
    return [...alike.values()]
  }

  return {
    isWelcome: (place, pod) =>
      (alikeAt.get(place) ?? []).some(
        ({ node, answers, nodes }) =>
          suits(pod, node) &&
          (answers[placementKey(pod)] ??= mightTake(node, pod)) &&
          nodes.some((live) => !rivals.repelled(pod, live)),
      ),
    // Thousands of workloads differ in nothing that a node looks at: each asks for every node that stays.
    answerKey: (pod) =>
      rivals.mayBeRepelled(pod)
        ? `${podKind(pod)}`
        : `like ${placementKey(pod)} ${[...machines.values()].map((node) => Number(suits(pod, node))).join('')}`,
  }
}

/** Do the node's labels and taints speak for it? A pod bound to some host by name is taken to be welcome on any. */
function mightTake(node: LiveNode['node'], pod: Pod): boolean {
  const { nodeSelector, requiredNodeTerms } = pod.spec
  const terms = [...(requiredNodeTerms ?? []), ...pod.volumes.nodeTerms.flat()]
  const namesHost =
    Object.hasOwn(nodeSelector, HOSTNAME) ||
    terms.some(
      ({ matchExpressions, matchFields }) =>
        matchFields.length > 0 || matchExpressions.some(({ key }) => key === HOSTNAME),
    )
  return namesHost || refusalsOf(pod, node).length === 0
}
