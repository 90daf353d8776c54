import type { NodeOwner, OperatingSystem } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { Resources } from '../../domain/resources.js'
import type { KubeletSettings, NodeClassObject } from '../../domain/snapshot.js'
import { MEBIBYTE, bytes, milliCpu, podSlots } from '../../domain/units.js'
import type { CniDetection } from './cni.js'
import { attachModel, extendedModel, leastExtended, type DeviceContext } from './devices.js'
import { liveNodes, samplesOf, type LiveNode, type Sample, type TypeLookup } from './live-node.js'
import { maxPodsIn, KUBELET_MAX_PODS } from './max-pods.js'
import { memoryModel, type MemoryStep } from './memory.js'
import { podsRule } from './pods-rule.js'
import { appliedMaxPods, type AppliedMaxPods, type Provisioner } from './provisioner.js'
import { hugepagesOf, reservations } from './reservations.js'
import { predictedStorage } from './storage.js'

/** What is known of a node group whose next nodes are to be predicted. */
export type CapacityContext = {
  readonly owner: NodeOwner
  readonly os: OperatingSystem
  /** Live nodes of the group. */
  readonly nodes: readonly LiveNode[]
  /** Live nodes of the cluster, the group's included: memory is learned from them. */
  readonly clusterNodes: readonly LiveNode[]
  readonly lookup: TypeLookup
  readonly cni: CniDetection
  readonly kubelet?: KubeletSettings | undefined
  readonly nodeClass?: NodeClassObject | undefined
  readonly maxPodsExpression?: string | undefined
  readonly ownImage?: boolean | undefined
  readonly groupTypes?: readonly InstanceType[] | undefined
  readonly reservedEnis?: number | undefined
}

/** What a new node of a type would have in a group. */
export type PredictedCapacity = {
  readonly capacity: Resources
  readonly allocatable: Resources
  /** Volumes that may be attached, by CSI driver. */
  readonly attachLimits: Readonly<Record<string, number>>
  /** How it was predicted, for people. */
  readonly basis: string
  /** Where the memory came from. */
  readonly memoryStep: MemoryStep
  /** MiB of memory held back from the best estimate; 0 where it was seen. */
  readonly heldBackMib: number
  /** How far the memory may be from the best estimate, in MiB; a node packed tighter than this is not certain. */
  readonly uncertaintyMib: number
  /** Settings that failed, and what was used in their place. */
  readonly fallbacks: readonly string[]
}

export type CapacityModel = (type: InstanceType) => PredictedCapacity

const resources = (figures: {
  cpu: number
  memory: number
  ephemeralStorage: number
  pods: number
  extended: Readonly<Record<string, number>>
}): Resources => ({
  cpu: milliCpu(figures.cpu),
  memory: bytes(figures.memory),
  ephemeralStorage: bytes(figures.ephemeralStorage),
  pods: podSlots(figures.pods),
  extended: figures.extended,
})

/** The least of each resource over live nodes: what every one of them has. */
function leastOf(samples: readonly Sample[], part: 'capacity' | 'allocatable'): Resources {
  const least = (name: 'cpu' | 'memory' | 'ephemeralStorage' | 'pods'): number =>
    Math.min(...samples.map(({ node }) => node[part][name]))
  return resources({
    cpu: least('cpu'),
    memory: least('memory'),
    ephemeralStorage: least('ephemeralStorage'),
    pods: least('pods'),
    extended: leastExtended(samples, part),
  })
}

/** Pods after a change of mode: the owner's cap stays, and kubelets that do not follow the CNI are told the new number. */
function changedPods(type: InstanceType, of: Provisioner, usual: AppliedMaxPods, cni: CniDetection): AppliedMaxPods {
  const wanted = maxPodsIn(type, cni.mode, { maxEni: cni.maxEni }, cni.fixedMaxPods)
  const told = (maxPods: number, basis: string): AppliedMaxPods => ({
    ...usual,
    maxPods,
    reservedFor: of.os === 'bottlerocket' ? maxPods : usual.reservedFor,
    basis,
  })
  if (of.owner === 'eks-managed-node-group' && of.ownImage !== true) return appliedMaxPods(type, of)
  if (of.owner === 'eks-auto-mode' || of.owner === 'fargate' || of.os === 'windows') return usual
  if (wanted === undefined) return cni.mode === 'ipv6' ? told(0, 'the type cannot join an IPv6 cluster') : usual
  const maxPods = of.owner === 'kops' ? Math.min(wanted, KUBELET_MAX_PODS) : wanted
  return told(maxPods, `${cni.mode}, kubelet told so`)
}

/** CPU options (threads off, fewer cores) belong to the template: the smallest share of vCPUs that live nodes show. */
const cpuShare = (samples: readonly Sample[]): number =>
  Math.min(1, ...samples.map(({ node, type }) => node.capacity.cpu / (type.vcpus * 1000)))

/**
 * The capacity of nodes that do not exist yet, for one group. A type that the group has is predicted as its weakest live
 * node shows it; any other type by the rules of owner, image and CNI, corrected by what the group's live nodes show. It
 * never gives a type more than a live node of that type in that group has, except for pods after a change of mode.
 */
export function capacityModel(context: CapacityContext): CapacityModel {
  const { owner, os, cni, lookup } = context
  const kubelet = context.kubelet ?? context.nodeClass?.kubelet
  const group = samplesOf(context.nodes, lookup)
  const cluster = samplesOf(context.clusterNodes, lookup)
  const sameImage = group.filter(({ node }) => node.os === os)
  const ours = sameImage.length > 0 ? sameImage : group
  // A group without nodes and settings is taken to be like its owner's other groups.
  const siblings = cluster.filter(({ node }) => node.owner === owner && node.os === os)
  const teachers = group.length > 0 ? ours : kubelet === undefined ? siblings : []
  const provisioner: Provisioner = {
    owner,
    os,
    cni: cni.addressing,
    maxEni: cni.maxEni,
    kubelet,
    maxPodsExpression: context.maxPodsExpression,
    ownImage: context.ownImage,
    groupTypes: context.groupTypes,
    reservedEnis: context.reservedEnis,
  }
  const groupTypes = [...new Set(ours.map(({ type }) => type))]
  const told: Provisioner = groupTypes.length > 1 ? { ...provisioner, groupTypes } : provisioner
  // Another managed group's number follows from that group's types.
  const pods = podsRule(provisioner, owner === 'eks-managed-node-group' ? ours : teachers)
  const withhold = reservations({ owner, os, kubelet }, teachers, pods.of)
  const memory = memoryModel(cluster, { os, osImage: teachers[0]?.node.osImage ?? '' })
  const devices: DeviceContext = { os, group: ours, cluster, podEni: cni.podEni }
  const extendedOf = extendedModel(devices)
  const attachLimitsOf = attachModel(devices)
  const share = cpuShare(ours)
  const byType = new Map<string, readonly Sample[]>()
  for (const sample of group) byType.set(sample.type.name, [...(byType.get(sample.type.name) ?? []), sample])
  // Nodes that contradict their label teach nothing, yet no prediction may exceed them.
  const unfit = context.nodes.filter(({ name }) => !group.some(({ node }) => node.name === name))

  const model = (type: InstanceType): PredictedCapacity => {
    const usual = pods.of(type)
    const number = cni.overridden ? changedPods(type, told, usual, cni) : usual
    const estimate = memory(type)
    const storage = predictedStorage(type, os, context.nodeClass, ours)
    const extended = extendedOf(type)
    const seen = byType.get(type.name)
    const figures = {
      cpu: Math.max(1, Math.floor(type.vcpus * share)) * 1000,
      memory: Math.max(0, estimate.memory - estimate.marginMib * MEBIBYTE),
      ephemeralStorage: storage.bytes,
      pods: number.maxPods,
      extended,
    }
    const left = withhold.subtract(type, figures, number, hugepagesOf(extended))
    const failures = [...(number.fallback === undefined ? [] : [number.fallback]), ...withhold.failures]
    const attachLimits = attachLimitsOf(type, seen ?? [])
    const predicted: PredictedCapacity = {
      capacity: resources(figures),
      allocatable: resources({ ...figures, ...left }),
      attachLimits,
      basis: `${estimate.basis}; pods: ${number.basis}; ${withhold.basis}; ${storage.basis}`,
      memoryStep: estimate.step,
      heldBackMib: estimate.marginMib,
      uncertaintyMib: estimate.uncertaintyMib,
      fallbacks: failures,
    }
    if (seen === undefined) return predicted
    const allocatable = leastOf(seen, 'allocatable')
    const capacity = leastOf(seen, 'capacity')
    const basis = `seen on ${liveNodes(seen.length)} of the group`
    const certain = {
      attachLimits,
      memoryStep: 'seen',
      heldBackMib: 0,
      uncertaintyMib: 0,
      fallbacks: failures,
    } as const
    if (!cni.overridden) return { ...certain, capacity, allocatable, basis }
    const after = withhold.subtract(type, capacity, number, hugepagesOf(capacity.extended))
    return {
      ...certain,
      capacity: { ...capacity, pods: podSlots(number.maxPods) },
      allocatable: resources({
        ...allocatable,
        memory: Math.min(allocatable.memory, after.memory),
        pods: number.maxPods,
      }),
      basis: `${basis}; pods: ${number.basis}`,
    }
  }

  const known = new Map<string, PredictedCapacity>()
  return (type) => {
    const before = known.get(type.name)
    if (before !== undefined) return before
    const found = notAbove(model(type), unfit, type, cni.overridden)
    known.set(type.name, found)
    return found
  }
}

/** Lowers a prediction to nodes whose label names the type although their figures contradict it; zeros say nothing. */
function notAbove(
  predicted: PredictedCapacity,
  nodes: readonly LiveNode[],
  type: InstanceType,
  podsFree: boolean,
): PredictedCapacity {
  const same = nodes.filter((node) => node.instanceType === type.name)
  if (same.length === 0) return predicted
  const lower = (part: 'capacity' | 'allocatable', name: 'cpu' | 'memory' | 'ephemeralStorage' | 'pods'): number => {
    const own: number = predicted[part][name]
    const limits = same.map((node): number => node[part][name]).filter((value) => value > 0)
    return name === 'pods' && podsFree ? own : Math.min(own, ...limits)
  }
  const lowered = (part: 'capacity' | 'allocatable'): Resources =>
    resources({
      cpu: lower(part, 'cpu'),
      memory: lower(part, 'memory'),
      ephemeralStorage: lower(part, 'ephemeralStorage'),
      pods: lower(part, 'pods'),
      extended: predicted[part].extended,
    })
  return { ...predicted, capacity: lowered('capacity'), allocatable: lowered('allocatable') }
}
