import type { DaemonSet, NodeGroup } from '../domain/cluster.js'
import type { Architecture, CapacityType, InstanceType, Price } from '../domain/offering.js'
import { optionId, type NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { subtract, sum, type Resources } from '../domain/resources.js'
import type { Labels } from '../domain/snapshot.js'
import { seenValues, type Interests } from './interests.js'
import { once } from './once.js'
import { refusalsOf } from './option-fit.js'
import { burdenOf, withoutDominated, type Bid } from './prune.js'
import { holds } from './shapes.js'

/** Everything about machines that other rooms know; handed in, so that the packing asks nobody. */
export type Market = {
  readonly types: readonly InstanceType[]
  readonly typeOf: (name: string) => InstanceType | undefined
  /** The user's --instance-types and --exclude-instance-types. */
  readonly wanted: (typeName: string) => boolean
  /** The user's --arch; undefined: a group keeps its own. */
  readonly architectures: readonly Architecture[] | undefined
  /** What a new node counts for beyond its price when plans are compared, as a share of it. */
  readonly preferExisting?: number
  readonly price: (
    type: string,
    zone: string,
    zoneId: string | undefined,
    capacityType: CapacityType,
    group: NodeGroup,
  ) => Price
  /** Undefined where the zone is not known: the type is then taken to be offered there if it has a price. */
  readonly offered: (type: string, zone: string, zoneId: string | undefined) => boolean | undefined
  readonly predict: (
    group: NodeGroup,
    type: InstanceType,
  ) => {
    readonly capacity: Resources
    readonly allocatable: Resources
    readonly attachLimits: Readonly<Record<string, number>>
    readonly basis: string
  }
  readonly labels: (
    group: NodeGroup,
    type: InstanceType,
    zone: string,
    zoneId: string | undefined,
    capacityType: CapacityType,
  ) => Labels
  /** The labels that zone and capacity type do not change, by key. */
  readonly labelOfType: (group: NodeGroup, type: InstanceType) => (key: string) => string | undefined
  /** A NodePool's requirements. */
  readonly allowed: (group: NodeGroup, labels: () => Labels) => boolean
}

const CAPACITY_TYPES = ['on-demand', 'spot'] as const
const ZONE_ID = 'topology.k8s.aws/zone-id'

/**
 * Machines that new nodes of a group may be: types like those that the group has today (`isLike`), in the group's zones,
 * on demand and as spot, each with a known price, the labels and taints of the group and the DaemonSets that would run
 * there. What another machine beats is left out, as far as the rules of the pods (`interests`) can tell the two apart.
 * Sorted by id.
 */
export function offer(
  group: NodeGroup,
  market: Market,
  daemonSets: readonly DaemonSet[],
  interests: Interests,
): NodeOption[] {
  const { template } = group
  const inUse = group.nodes.flatMap(({ instanceType }) => market.typeOf(instanceType ?? '') ?? [])
  const zoneIds = new Map(group.nodes.map(({ zone, labels }) => [zone ?? '', labels[ZONE_ID]]))
  const overheadOf = overheads(group, daemonSets)
  const isAlike = isLike(inUse)
  const bids: Candidate[] = []
  for (const type of market.types) {
    const [architecture] = type.architectures
    if (architecture === undefined || !market.wanted(type.name)) continue
    if (!hasArchitecture(type, market.architectures ?? template.architectures) || !isAlike(type)) continue
    // The same wherever the type is on offer, and not asked for where it is nowhere.
    const seenOf = once(() => seenValues(market.labelOfType(group, type), interests))
    const predictedOf = once(() => market.predict(group, type))
    const freeWith = once((): ((own: Overhead) => Resources) => leftBy(predictedOf().allocatable))
    for (const zone of template.zones) {
      const zoneId = zoneIds.get(zone)
      if (market.offered(type.name, zone, zoneId) === false) continue
      for (const capacityType of CAPACITY_TYPES) {
        if (!type.usageClasses.includes(capacityType)) continue
        const price = market.price(type.name, zone, zoneId, capacityType, group)
        // A price of zero is no price that anybody pays: such a machine would swallow every pod.
        if (price.kind === 'unknown' || price.rate <= 0) continue
        const labels = (): Labels => market.labels(group, type, zone, zoneId, capacityType)
        if (!market.allowed(group, labels)) continue
        const seen = seenOf()
        const predicted = predictedOf()
        const own = overheadOf(seen, { zone, capacityType, labels })
        // Its own DaemonSets would wait for a place on it for ever.
        if (!holds(predicted.allocatable, own.total)) continue
        bids.push({
          id: optionId({ group: group.name, instanceType: type.name, zone, capacityType }),
          instanceType: type.name,
          zone,
          capacityType,
          architecture,
          rate: price.rate,
          free: freeWith()(own),
          attachLimits: predicted.attachLimits,
          burden: burdenOf({ ...predicted, capacityType }, group.limit),
          seen,
          predicted,
          price,
          labels,
          own,
        })
      }
    }
  }
  const typesInUse = new Set(inUse.map(({ name }) => name))
  const { preferExisting = 0 } = market
  return withoutDominated(bids, typesInUse).map((bid): NodeOption => {
    const labels = once(bid.labels)
    return {
      id: bid.id,
      group: group.name,
      owner: group.owner,
      instanceType: bid.instanceType,
      zone: bid.zone,
      capacityType: bid.capacityType,
      architecture: bid.architecture,
      // Rules are held against the look of a machine; only of the few that a plan tries are the labels wanted.
      get labels() {
        return labels()
      },
      look: bid.seen,
      taints: template.taints,
      capacity: bid.predicted.capacity,
      allocatable: bid.predicted.allocatable,
      attachLimits: bid.attachLimits,
      overheadPods: bid.own.pods,
      overhead: bid.own.total,
      price: bid.price,
      ...(preferExisting > 0 ? { counted: Math.round(bid.rate * (1 + preferExisting)) } : {}),
      capacityBasis: bid.predicted.basis,
    }
  })
}

/** A machine that has a price, before those that others beat are left out. */
type Candidate = Bid & {
  readonly predicted: ReturnType<Market['predict']>
  readonly price: NodeOption['price']
  readonly labels: () => Labels
  readonly own: Overhead
}

/** What a type's own pods leave of it; in most groups they are the same in all zones. */
function leftBy(allocatable: Resources): (own: Overhead) => Resources {
  const known = new Map<Overhead, Resources>()
  return (own) => {
    const free = known.get(own) ?? subtract(allocatable, own.total)
    known.set(own, free)
    return free
  }
}

type Overhead = { readonly pods: readonly Pod[]; readonly total: Resources }

type Machine = { readonly zone: string; readonly capacityType: CapacityType; readonly labels: () => Labels }

/**
 * DaemonSet and static pods of a group's machines: asked once for those that look alike (`seen`) in one zone at one
 * capacity type, of which any is as good. Equal ones are one object.
 */
function overheads(
  { name, template }: NodeGroup,
  daemonSets: readonly DaemonSet[],
): (seen: string, machine: Machine) => Overhead {
  const known = new Map<string, Map<string, Overhead>>()
  const equal = new Map<string, Overhead>()
  const make = ({ zone, labels }: Machine): Overhead => {
    const machine = { group: name, zone, labels: labels(), taints: template.taints }
    const runs = daemonSets.map(({ pod }) => refusalsOf(pod, machine).length === 0)
    const key = runs.map(Number).join('')
    const pods = [...daemonSets.filter((_, at) => runs[at]).map(({ pod }) => pod), ...template.staticPods]
    const made = equal.get(key) ?? { pods, total: sum(pods.map(({ needed }) => needed)) }
    equal.set(key, made)
    return made
  }
  return (seen, machine) => {
    const alike = known.get(seen) ?? new Map<string, Overhead>()
    known.set(seen, alike)
    const place = `${machine.zone} ${machine.capacityType}`
    const found = alike.get(place) ?? make(machine)
    alike.set(place, found)
    return found
  }
}

const hasArchitecture = (type: InstanceType, wanted: readonly Architecture[]): boolean =>
  type.architectures.some((architecture) => wanted.includes(architecture))

/** Families for special purposes, which nobody gets by looking for a cheaper core. */
const SPECIAL_FAMILY = /^(mac|hpc|u-|u7|p|trn|inf|dl|vt|f\d|g\d)/

/**
 * Is a type of the sort that the group runs today? The cheapest core is often an old, a throttled or an odd one, so a
 * plan offers nothing older than the group's oldest generation, burstable or bare metal only where the group has such,
 * the same kind of accelerators, local disks where all of its types have them, and a hypervisor that it knows. Types in
 * use are always offered.
 */
export function isLike(inUse: readonly InstanceType[]): (type: InstanceType) => boolean {
  const names = new Set(inUse.map(({ name }) => name))
  const some = (test: (used: InstanceType) => boolean): boolean => inUse.some(test)
  const oldest = Math.min(...inUse.map(({ generation }) => generation ?? 0))
  const devices = (one: InstanceType): string =>
    one.accelerators
      .map(({ kind, manufacturer }) => `${kind} ${manufacturer}`)
      .sort()
      .join()
  const devicesInUse = new Set(inUse.map(devices))
  const families = new Set(inUse.map(({ family }) => family))
  const throttled = some(isThrottled)
  const bareMetal = some((used) => used.bareMetal)
  const diskless = some((used) => used.localStorageGb === 0)
  const xen = some((used) => used.hypervisor === 'xen')
  return (type) =>
    names.has(type.name) ||
    (inUse.length > 0 &&
      type.status === 'current' &&
      (type.generation ?? 0) >= oldest &&
      (throttled || !isThrottled(type)) &&
      (bareMetal || !type.bareMetal) &&
      devicesInUse.has(devices(type)) &&
      (!SPECIAL_FAMILY.test(type.family) || families.has(type.family)) &&
      (diskless || type.localStorageGb > 0) &&
      (xen || type.hypervisor !== 'xen'))
}

/** Burstable types run on credits, flex types at a share of their cores for part of the time. */
const isThrottled = (type: InstanceType): boolean => type.burstable || type.family.endsWith('-flex')
