import type { Node, NodeOwner } from '../../domain/cluster.js'
import type { AddressedNode, SubnetRail } from '../../domain/node-mix.js'
import type { InstanceType } from '../../domain/offering.js'
import type { Plan, PlanNode } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { ZoneAddresses } from '../../domain/recommendation.js'
import { nodeAddresses, type AddressDemand, type NodeAddresses } from './addresses.js'
import type { CniDetection } from './cni.js'
import { POD_ENI } from './devices.js'
import type { TypeLookup } from './live-node.js'
import { addressLimit, branchPods, type CniMode } from './max-pods.js'
import { hasTrunk } from './trunk.js'

/** Free addresses of all subnets that the cluster's nodes use, by zone name, as EC2 counts them now. */
export type FreeAddresses = ReadonlyMap<string, number>

type Demands = { readonly own: number; readonly branch: number }

const asAddressed = ({ name, action, residentPods, pods, ...node }: PlanNode): AddressedNode => ({
  ...node,
  ...(action === 'new' ? {} : { name }),
  pods: [...residentPods, ...pods],
})

/** Pods of a node that need an address: of its interfaces, or of a branch interface. */
function demandsOf(all: readonly Pod[]): Demands {
  const onBranch = ({ needed }: Pod): boolean => (needed.extended[POD_ENI] ?? 0) > 0
  const networked = all.filter(({ spec }) => !spec.hostNetwork)
  const branch = networked.filter(onBranch).length
  return { own: networked.length - branch, branch }
}

const trunkOf = ({ name, labels }: AddressedNode, type: InstanceType, cni: CniDetection): boolean =>
  (name === undefined ? undefined : hasTrunk({ name, labels }, cni.cniNodes)) ?? (cni.podEni && type.trunking)

const NOTHING: NodeAddresses = { enis: 0, podAddresses: 0, prefixes: 0, nodeSubnet: 0, podSubnet: 0 }

/** How the pods of a node get their addresses, whatever number its kubelet was told. */
function modeOf(owner: NodeOwner, { addressing }: CniDetection): CniMode {
  // AWS runs Auto Mode with prefixes of its own; they cannot be switched off.
  if (owner === 'eks-auto-mode') return addressing === 'ipv6' ? 'ipv6' : 'prefix-delegation'
  return addressing
}

/** What a node takes with the pods that it has, and with a pod in every slot. */
function usesOf(node: AddressedNode, type: InstanceType, cni: CniDetection): readonly [NodeAddresses, NodeAddresses] {
  const demands = demandsOf(node.pods)
  if (node.owner === 'hybrid' || node.owner === 'other-cloud') return [NOTHING, NOTHING]
  if (node.owner === 'fargate') {
    const one = { ...NOTHING, enis: 1, nodeSubnet: 1 }
    return [one, one]
  }
  const trunk = trunkOf(node, type, cni)
  const demand: Omit<AddressDemand, 'pods' | 'branchPods'> = {
    type,
    mode: modeOf(node.owner, cni),
    warm: cni.warm,
    maxEni: cni.maxEni,
    trunk,
  }
  const slots = Math.max(node.allocatable.pods, demands.own + demands.branch)
  const mostBranch = trunk ? Math.max(demands.branch, Math.min(branchPods(type) ?? 0, slots - demands.own)) : 0
  return [
    nodeAddresses({ ...demand, pods: demands.own, branchPods: demands.branch }),
    nodeAddresses({ ...demand, pods: Math.max(slots - 2, demands.own), branchPods: mostBranch }),
  ]
}

const taken = ({ nodeSubnet, podSubnet }: NodeAddresses): number => nodeSubnet + podSubnet

/** Addresses that the nodes of a plan take, by zone; nodes without a known zone come last. */
function addressesByZone(
  plan: Plan,
  cni: CniDetection,
  lookup: TypeLookup,
  free: FreeAddresses | undefined,
): readonly ZoneAddresses[] {
  const zones = new Map<string, ZoneAddresses>()
  for (const node of plan.nodes) {
    const key = node.zone ?? ''
    const before = zones.get(key) ?? { ...EMPTY, zone: node.zone, free: free?.get(key) }
    const type = node.instanceType === undefined ? undefined : lookup(node.instanceType)
    const counted = type !== undefined || node.owner === 'fargate' || node.owner === 'hybrid'
    const [now, most] = type === undefined ? withoutType(node) : usesOf(asAddressed(node), type, cni)
    zones.set(key, {
      ...before,
      nodes: before.nodes + 1,
      unknownNodes: before.unknownNodes + (counted ? 0 : 1),
      addresses: before.addresses + taken(now),
      atMost: before.atMost + taken(most),
      prefixes: before.prefixes + now.prefixes,
      prefixesAtMost: before.prefixesAtMost + most.prefixes,
    })
  }
  return [...zones].sort(([a], [b]) => order(a, b)).map(([, zone]) => zone)
}

const EMPTY = { nodes: 0, unknownNodes: 0, addresses: 0, atMost: 0, prefixes: 0, prefixesAtMost: 0 }

/** A Fargate node is one address, whatever its size; of other nodes without a type nothing is known. */
const withoutType = ({ owner }: PlanNode): readonly [NodeAddresses, NodeAddresses] => {
  const one = owner === 'fargate' ? { ...NOTHING, enis: 1, nodeSubnet: 1 } : NOTHING
  return [one, one]
}

const order = (a: string, b: string): number => (a === b ? 0 : a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1)

/**
 * Zones whose subnets have too few free addresses for a plan. They are counted with today's nodes in place, so a plan
 * may take that many more than these do.
 */
function subnetFaults(planned: readonly ZoneAddresses[], today: readonly ZoneAddresses[]): string[] {
  return planned.flatMap(({ zone, addresses, free }) => {
    const more = addresses - (today.find((one) => one.zone === zone)?.addresses ?? 0)
    return free === undefined || more <= free
      ? []
      : [
          `the subnets of ${zone ?? 'no known zone'} have ${free} free addresses, the plan takes ${more} more than today`,
        ]
  })
}

/**
 * Nodes of a plan whose kubelets allow more pods than their interfaces have addresses for, and which the plan fills
 * beyond that and beyond today: the scheduler puts the pods there, and there they wait.
 */
function overfilled(plan: Plan, today: Plan, cni: CniDetection, lookup: TypeLookup): string[] {
  const before = new Map(today.nodes.map((node) => [node.name, demandsOf(asAddressed(node).pods).own]))
  const nodes = plan.nodes.flatMap((node) => {
    const type = node.packed && node.instanceType !== undefined ? lookup(node.instanceType) : undefined
    if (type === undefined || node.labels['kubernetes.io/os'] === 'windows') return []
    const limits = { maxEni: cni.maxEni, reservedEnis: trunkOf(asAddressed(node), type, cni) ? 1 : 0 }
    const limit = addressLimit(type, modeOf(node.owner, cni), limits)
    if (limit === undefined || node.allocatable.pods <= limit) return []
    const { own } = demandsOf(asAddressed(node).pods)
    // The formula counts two pods of the host's network, which need no address.
    const places = Math.max(limit - 2, 0)
    return own > places && own > (before.get(node.name) ?? 0) ? [{ name: node.name, own, places }] : []
  })
  const [first] = nodes
  return first === undefined
    ? []
    : [
        `${nodes.length === 1 ? '1 node carries' : `${nodes.length} nodes carry`} more pods than interfaces have addresses for: ${first.own} on ${first.name}, which has ${first.places}`,
      ]
}

/** The addresses that a node takes of the subnets in its zone, in a CNI mode; 0 where its type is not known. */
export const addressesOfNode =
  (cni: CniDetection, lookup: TypeLookup): SubnetRail['takenBy'] =>
  (node) => {
    const type = node.instanceType === undefined ? undefined : lookup(node.instanceType)
    return type === undefined ? 0 : taken(usesOf(node, type, cni)[0])
  }

/**
 * What plans are made by where the free addresses are known: `packed` are the nodes of today that a plan could change, so
 * that a plan may take what these do, and what is free beside them.
 */
export function subnetRail(
  packed: readonly (AddressedNode & Pick<Node, 'zone'>)[],
  cni: CniDetection,
  lookup: TypeLookup,
  free: FreeAddresses | undefined,
): SubnetRail | undefined {
  if (free === undefined) return undefined
  const takenBy = addressesOfNode(cni, lookup)
  const most = new Map(free)
  for (const node of packed) {
    const { zone } = node
    const room = zone === undefined ? undefined : most.get(zone)
    if (zone !== undefined && room !== undefined) most.set(zone, room + takenBy(node))
  }
  return { most, takenBy }
}

/** The addresses of plans for one cluster, in one CNI mode. */
export type AddressCheck = {
  readonly zones: (plan: Plan) => readonly ZoneAddresses[]
  /** What makes a plan not feasible. */
  readonly faults: (plan: Plan) => readonly string[]
  /** What its reader should know. */
  readonly remarks: (plan: Plan) => readonly string[]
}

/** `today` is the cluster as it stands, in the mode `now`; plans may be for another mode. */
export const addressChecks =
  (today: Plan, now: CniDetection, lookup: TypeLookup, free: FreeAddresses | undefined) =>
  (cni: CniDetection): AddressCheck => {
    const zones = (plan: Plan): readonly ZoneAddresses[] => addressesByZone(plan, cni, lookup, free)
    const takenToday = addressesByZone(today, now, lookup, free)
    return {
      zones,
      faults: (plan) => (free === undefined ? [] : subnetFaults(zones(plan), takenToday)),
      remarks: (plan) => overfilled(plan, today, cni, lookup),
    }
  }
