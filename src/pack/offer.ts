import type { DaemonSet, NodeGroup } from '../domain/cluster.js'
import type { Architecture, CapacityType, InstanceType, Price } from '../domain/offering.js'
import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { subtract, sum, type Resources } from '../domain/resources.js'
import type { Labels } from '../domain/snapshot.js'
import { seenLabels, type Interests } from './interests.js'
import { once } from './once.js'
import { refusalsOf } from './option-fit.js'
import { withoutDominated } from './prune.js'

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
  /** All labels that zone and capacity type do not change, and no value of any other but for such as they do. */
  readonly labelsOfType: (group: NodeGroup, type: InstanceType) => Labels
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
  const bids = market.types
    .filter(
      (type) =>
        market.wanted(type.name) &&
        hasArchitecture(type, market.architectures ?? template.architectures) &&
        isLike(type, inUse),
    )
    .flatMap((type) => {
      const [architecture] = type.architectures
      if (architecture === undefined) return []
      const seen = seenLabels(market.labelsOfType(group, type), interests)
      return template.zones.flatMap((zone) => {
        const zoneId = zoneIds.get(zone)
        if (market.offered(type.name, zone, zoneId) === false) return []
        return CAPACITY_TYPES.flatMap((capacityType) => {
          if (!type.usageClasses.includes(capacityType)) return []
          const price = market.price(type.name, zone, zoneId, capacityType, group)
          // A price of zero is no price that anybody pays: such a machine would swallow every pod.
          if (price.kind === 'unknown' || price.rate <= 0) return []
          const labels = once(() => market.labels(group, type, zone, zoneId, capacityType))
          if (!market.allowed(group, labels)) return []
          const predicted = market.predict(group, type)
          const { pods, total } = overheadOf(`${zone} ${capacityType} ${seen}`, { zone, labels })
          return {
            id: `${group.name}/${type.name}/${zone}/${capacityType}`,
            instanceType: type.name,
            zone,
            capacityType,
            architecture,
            rate: price.rate,
            free: subtract(predicted.allocatable, total),
            attachLimits: predicted.attachLimits,
            seen,
            predicted,
            price,
            labels,
            overheadPods: pods,
            overhead: total,
          }
        })
      })
    })
  const typesInUse = new Set(inUse.map(({ name }) => name))
  const { preferExisting = 0 } = market
  return withoutDominated(bids, typesInUse).map(({ rate, free: __, seen, predicted, labels, ...bid }) => ({
    ...bid,
    ...(preferExisting > 0 ? { counted: Math.round(rate * (1 + preferExisting)) } : {}),
    group: group.name,
    owner: group.owner,
    labels: labels(),
    look: seen,
    taints: template.taints,
    capacity: predicted.capacity,
    allocatable: predicted.allocatable,
    capacityBasis: predicted.basis,
  }))
}

type Overhead = { readonly pods: readonly Pod[]; readonly total: Resources }

/** DaemonSet and static pods of a group's machines; asked once for each `kind`, of which any machine is as good. */
function overheads(
  { name, template }: NodeGroup,
  daemonSets: readonly DaemonSet[],
): (kind: string, machine: { readonly zone: string; readonly labels: () => Labels }) => Overhead {
  const known = new Map<string, Overhead>()
  return (kind, { zone, labels }) => {
    const found = known.get(kind)
    if (found !== undefined) return found
    const machine = { group: name, zone, labels: labels(), taints: template.taints }
    const daemons = daemonSets.map(({ pod }) => pod).filter((pod) => refusalsOf(pod, machine).length === 0)
    const pods = [...daemons, ...template.staticPods]
    const made = { pods, total: sum(pods.map(({ needed }) => needed)) }
    known.set(kind, made)
    return made
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
export function isLike(type: InstanceType, inUse: readonly InstanceType[]): boolean {
  if (inUse.some(({ name }) => name === type.name)) return true
  if (inUse.length === 0 || type.status !== 'current') return false
  const some = (test: (used: InstanceType) => boolean): boolean => inUse.some(test)
  const oldest = Math.min(...inUse.map(({ generation }) => generation ?? 0))
  const devices = (one: InstanceType): string =>
    one.accelerators
      .map(({ kind, manufacturer }) => `${kind} ${manufacturer}`)
      .sort()
      .join()
  return (
    (type.generation ?? 0) >= oldest &&
    (!isThrottled(type) || some(isThrottled)) &&
    (!type.bareMetal || some((used) => used.bareMetal)) &&
    some((used) => devices(used) === devices(type)) &&
    (!SPECIAL_FAMILY.test(type.family) || some(({ family }) => family === type.family)) &&
    (type.localStorageGb > 0 || some((used) => used.localStorageGb === 0)) &&
    (type.hypervisor !== 'xen' || some((used) => used.hypervisor === 'xen'))
  )
}

/** Burstable types run on credits, flex types at a share of their cores for part of the time. */
const isThrottled = (type: InstanceType): boolean => type.burstable || type.family.endsWith('-flex')
