import type { NodeOwner, OperatingSystem } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { KubeletSettings } from '../../domain/snapshot.js'
import { MEBIBYTE } from '../../domain/units.js'
import {
  DEFAULT_THRESHOLDS,
  EKS_RESERVED_DISK,
  allocatableOf,
  eksReservedCpu,
  eksReservedMemoryMib,
  evictionBytes,
  type NodeFigures,
  type Withheld,
} from './allocatable.js'
import { evictionThreshold, reservedSettings } from './kubelet-settings.js'
import { liveNodes, type Sample } from './live-node.js'
import { maxPodsIn, recommendedCap, secondaryIp } from './max-pods.js'

/** What a node withholds from pods: rules of its image, settings of its class, corrected by what live nodes show. */
export type ReservationRules = {
  readonly owner: NodeOwner
  readonly os: OperatingSystem
  readonly kubelet?: KubeletSettings | undefined
}

export type PodNumbers = { readonly maxPods: number; readonly reservedFor: number | undefined }

/** Allocatable CPU, memory and disk of a node with this capacity; `hugepages` in bytes. */
export type Subtraction = (
  type: InstanceType,
  capacity: NodeFigures,
  pods: PodNumbers,
  hugepages: number,
) => NodeFigures

export type Reservations = {
  readonly subtract: Subtraction
  readonly basis: string
  readonly failures: readonly string[]
}

/** Images and owners that follow EKS's reservation rule. */
function followsEks({ owner, os }: ReservationRules): boolean {
  switch (owner) {
    case 'kops':
    case 'fargate':
    case 'hybrid':
    case 'other-cloud':
      return false
    case 'karpenter':
      return true
    case 'eks-managed-node-group':
    case 'eks-auto-mode':
    case 'eksctl':
    case 'spot-ocean':
    case 'cast-ai':
    case 'self-managed':
      return (
        os === 'al2' ||
        os === 'al2023' ||
        os === 'bottlerocket' ||
        os === 'auto-mode' ||
        (os === 'ubuntu' && owner !== 'self-managed')
      )
    default:
      return owner satisfies never
  }
}

/** A threshold that cannot be read counts as the kubelet's default. */
const readable = (threshold: string, otherwise: string): string =>
  evictionBytes(1, threshold) === undefined ? otherwise : threshold

/** What the rules and the settings withhold from a node of a type. */
export function ruledWithheld(
  rules: ReservationRules,
  type: InstanceType,
  pods: PodNumbers,
): { readonly withheld: Withheld; readonly failures: readonly string[] } {
  const eks = followsEks(rules)
  const kube = reservedSettings(rules.kubelet?.kubeReserved ?? {}, type, pods.maxPods)
  const system = reservedSettings(rules.kubelet?.systemReserved ?? {}, type, pods.maxPods)
  const ruledMemory = !eks || pods.reservedFor === undefined ? 0 : eksReservedMemoryMib(pods.reservedFor) * MEBIBYTE
  return {
    withheld: {
      reservedCpu: (kube.reserved.cpu ?? (eks ? eksReservedCpu(type.vcpus, rules.os) : 0)) + (system.reserved.cpu ?? 0),
      reservedMemory: (kube.reserved.memory ?? ruledMemory) + (system.reserved.memory ?? 0),
      reservedDisk:
        (kube.reserved.ephemeralStorage ?? (eks ? EKS_RESERVED_DISK : 0)) + (system.reserved.ephemeralStorage ?? 0),
      memoryThreshold: readable(
        evictionThreshold(rules.kubelet, 'memory.available'),
        DEFAULT_THRESHOLDS.memoryThreshold,
      ),
      diskThreshold: readable(evictionThreshold(rules.kubelet, 'nodefs.available'), DEFAULT_THRESHOLDS.diskThreshold),
    },
    failures: [...kube.failures, ...system.failures],
  }
}

const byRules =
  (rules: ReservationRules): Subtraction =>
  (type, capacity, pods, hugepages) =>
    allocatableOf(capacity, ruledWithheld(rules, type, pods).withheld, hugepages)

export const hugepagesOf = (extended: Readonly<Record<string, number>>): number =>
  Object.entries(extended).reduce((sum, [name, bytes]) => (name.startsWith('hugepages-') ? sum + bytes : sum), 0)

/** A live node as the rules see it: what it withholds of a resource, and its size. */
type Seen = {
  readonly type: InstanceType
  readonly size: number
  readonly withheld: number
  readonly ruled: number
  readonly pods: number
}
type Amount = (type: InstanceType, size: number, ruled: number, pods: number) => number

const constantOf = (values: readonly number[]): number | undefined =>
  values.every((value) => value === values[0]) ? values[0] : undefined

/** The first rule that gives what every live node withholds; else the largest share and the largest amount seen. */
function learnedAmount(seen: readonly Seen[], candidates: readonly Amount[]): Amount {
  const fitting = candidates.find((amount) =>
    seen.every(({ type, size, withheld, ruled, pods }) => amount(type, size, ruled, pods) === withheld),
  )
  if (fitting !== undefined) return fitting
  const constant = constantOf(seen.map(({ withheld }) => withheld))
  const types = new Set(seen.map(({ type }) => type.name)).size
  if (constant !== undefined && (types > 1 || constant === 0)) return () => constant
  const extra = constantOf(seen.map(({ withheld, ruled }) => withheld - ruled))
  if (extra !== undefined) return (_type, _size, ruled) => Math.max(ruled + extra, constant ?? 0, 0)
  const share = Math.max(...seen.map(({ withheld, size }) => (size > 0 ? withheld / size : 0)))
  const most = Math.max(...seen.map(({ withheld }) => withheld))
  return (_type, size) => Math.max(most, Math.ceil(share * size))
}

/** Memory rules that images follow beside the one their owner should: kubelet's threshold included. */
function memoryCandidates(threshold: (size: number) => number): readonly Amount[] {
  const forPods =
    (n: (type: InstanceType, pods: number) => number): Amount =>
    (type, size, _ruled, pods) =>
      eksReservedMemoryMib(n(type, pods)) * MEBIBYTE + threshold(size)
  return [
    (_type, _size, ruled) => ruled,
    forPods((type) => secondaryIp(type)),
    forPods((_type, pods) => pods),
    forPods((type) => Math.min(secondaryIp(type), recommendedCap(type))),
    forPods((type) => maxPodsIn(type, 'prefix-delegation') ?? 0),
    forPods((type) => maxPodsIn(type, 'custom-networking') ?? 0),
    (_type, size) => threshold(size),
  ]
}

/**
 * The reservation of a group: the rules where they give what all its live nodes show, else what those nodes teach, each
 * resource for itself. `podsOf` are the pod numbers that the group's rule gives a type.
 */
export function reservations(
  rules: ReservationRules,
  samples: readonly Sample[],
  podsOf: (type: InstanceType) => PodNumbers,
): Reservations {
  const failures = [...new Set(samples.flatMap(({ type }) => ruledWithheld(rules, type, podsOf(type)).failures))].sort()
  const ruled = byRules(rules)
  if (samples.length === 0) return { subtract: ruled, basis: 'reservations by the rules of the image', failures }
  const figures = samples.map(({ node, type }) => {
    const hugepages = hugepagesOf(node.capacity.extended)
    const pods = { ...podsOf(type) }
    return { node, type, hugepages, pods, predicted: ruled(type, node.capacity, pods, hugepages) }
  })
  const right = (name: keyof NodeFigures): boolean =>
    figures.every(({ node, predicted }) => predicted[name] === node.allocatable[name])
  const proof = liveNodes(samples.length)
  if (right('cpu') && right('memory') && right('ephemeralStorage')) {
    return { subtract: ruled, basis: `reservations by the rules of the image, as ${proof} show`, failures }
  }
  const seen = (name: keyof NodeFigures): readonly Seen[] =>
    figures.map(({ node, type, hugepages, predicted }) => {
      const pages = name === 'memory' ? hugepages : 0
      return {
        type,
        size: node.capacity[name],
        withheld: node.capacity[name] - pages - node.allocatable[name],
        ruled: node.capacity[name] - pages - predicted[name],
        pods: node.capacity.pods,
      }
    })
  const threshold = (size: number): number => evictionBytes(size, DEFAULT_THRESHOLDS.memoryThreshold) ?? 0
  const tenth = (size: number): number => evictionBytes(size, DEFAULT_THRESHOLDS.diskThreshold) ?? 0
  const asRuled: Amount = (_type, _size, amount) => amount
  const cpu = learnedAmount(seen('cpu'), [asRuled, () => 0, (type) => eksReservedCpu(type.vcpus, rules.os)])
  const memory = learnedAmount(seen('memory'), memoryCandidates(threshold))
  const disk = learnedAmount(seen('ephemeralStorage'), [
    asRuled,
    (_type, size) => tenth(size),
    (_type, size) => tenth(size) + EKS_RESERVED_DISK,
    () => 0,
  ])
  const learned = (['cpu', 'memory', 'ephemeralStorage'] as const).filter((name) => !right(name))
  return {
    failures,
    basis: `reservations learned from ${proof} (${learned.join(', ')} differ from the rules of the image)`,
    subtract: (type, capacity, pods, hugepages) => {
      const byRule = ruled(type, capacity, pods, hugepages)
      const less = (name: keyof NodeFigures, amount: Amount): number => {
        const pages = name === 'memory' ? hugepages : 0
        const size = capacity[name]
        return Math.max(0, size - pages - amount(type, size, size - pages - byRule[name], pods.maxPods))
      }
      return { cpu: less('cpu', cpu), memory: less('memory', memory), ephemeralStorage: less('ephemeralStorage', disk) }
    },
  }
}
