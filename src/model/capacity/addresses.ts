import { ADDRESSES_PER_PREFIX, canUsePrefixes, usableEnis, type CniMode } from './max-pods.js'
import type { InstanceType } from '../../domain/offering.js'

/**
 * Subnet addresses that one node takes under the VPC CNI, interfaces and warm pools included. Sources:
 * aws/amazon-vpc-cni-k8s pkg/ipamd/ipamd.go, docs/eni-and-ip-target.md, docs/prefix-and-ip-target.md.
 */
export type WarmPool = {
  /** `WARM_ENI_TARGET`, 1 in AWS's manifest. */
  readonly enis: number
  /** `WARM_PREFIX_TARGET`, 1 in AWS's manifest. */
  readonly prefixes: number
  /** `WARM_IP_TARGET` and `MINIMUM_IP_TARGET`: either one overrides the two above. */
  readonly ips: number | undefined
  readonly minimumIps: number | undefined
}

export const DEFAULT_WARM_POOL: WarmPool = { enis: 1, prefixes: 1, ips: undefined, minimumIps: undefined }

export type NodeAddresses = {
  readonly enis: number
  /** Addresses for pods on the interfaces, their own primary addresses left out. */
  readonly podAddresses: number
  /** /28 blocks; 0 unless prefixes are used. Each needs 16 adjoining free addresses of its subnet. */
  readonly prefixes: number
  /** Taken from the node's own subnet. */
  readonly nodeSubnet: number
  /** Taken from the subnet of the ENIConfig; 0 without custom networking. */
  readonly podSubnet: number
}

export type AddressDemand = {
  readonly type: InstanceType
  readonly mode: CniMode
  readonly warm: WarmPool
  readonly maxEni?: number | undefined
  /** The trunk interface of security groups for pods takes one slot and holds no pod address. */
  readonly trunk?: boolean
  /** Pods with an address of their own: no host network, no branch interface. */
  readonly pods: number
  /** Pods on branch interfaces: one address each. */
  readonly branchPods?: number
}

const isCustom = (mode: CniMode): boolean => mode === 'custom-networking' || mode === 'custom-networking-prefix'
const isPrefix = (mode: CniMode): boolean => mode === 'prefix-delegation' || mode === 'custom-networking-prefix'
const hasTarget = (warm: WarmPool): boolean => warm.ips !== undefined || warm.minimumIps !== undefined
const wantedIps = (pods: number, warm: WarmPool): number => Math.max(pods + (warm.ips ?? 0), warm.minimumIps ?? 0)

/** Interfaces and pod addresses of a node in secondary-IP mode; `slots` per interface, at most `enis` interfaces. */
export function secondaryAddresses(
  pods: number,
  slots: number,
  enis: number,
  warm: WarmPool,
): { readonly enis: number; readonly ips: number } {
  if (slots <= 0 || enis <= 0) return { enis: Math.max(enis, 0), ips: 0 }
  if (hasTarget(warm)) {
    const ips = Math.min(wantedIps(pods, warm), enis * slots)
    return { enis: Math.max(1, Math.ceil(ips / slots)), ips }
  }
  const attached = Math.min(enis, Math.max(1, Math.ceil(pods / slots) + warm.enis))
  return { enis: attached, ips: attached * slots }
}

/** Prefixes and interfaces of a node that uses prefixes; a slot holds one prefix. */
export function prefixAddresses(
  pods: number,
  slots: number,
  enis: number,
  warm: WarmPool,
): { readonly enis: number; readonly prefixes: number } {
  if (slots <= 0 || enis <= 0) return { enis: Math.max(enis, 0), prefixes: 0 }
  const wanted = hasTarget(warm)
    ? Math.ceil(wantedIps(pods, warm) / ADDRESSES_PER_PREFIX)
    : Math.ceil(pods / ADDRESSES_PER_PREFIX) + warm.prefixes
  const prefixes = Math.min(wanted, enis * slots)
  return { enis: Math.max(1, Math.ceil(prefixes / slots)), prefixes }
}

/**
 * What a node takes from its subnets, the instance's own address included. Modes whose pods take no address of the VPC
 * (overlay, and IPv6 with its /80 prefix) count the instance alone.
 */
export function nodeAddresses(demand: AddressDemand): NodeAddresses {
  const { type, mode, warm } = demand
  const branch = demand.branchPods ?? 0
  if (mode === 'overlay' || mode === 'ipv6') {
    return { enis: 1, podAddresses: 0, prefixes: 0, nodeSubnet: 1 + branch, podSubnet: 0 }
  }
  const slots = type.ipv4PerEni - 1
  const taken = (isCustom(mode) ? 1 : 0) + (demand.trunk === true ? 1 : 0)
  const enis = Math.max(usableEnis(type, { maxEni: demand.maxEni }) - taken, 0)
  const trunk = demand.trunk === true ? 1 : 0
  const usesPrefixes = isPrefix(mode) && canUsePrefixes(type)
  const use = usesPrefixes
    ? prefixAddresses(demand.pods, slots, enis, warm)
    : secondaryAddresses(demand.pods, slots, enis, warm)
  const prefixes = 'prefixes' in use ? use.prefixes : 0
  const podAddresses = 'ips' in use ? use.ips : use.prefixes * ADDRESSES_PER_PREFIX
  const onInterfaces = podAddresses + use.enis + trunk + branch
  return isCustom(mode)
    ? { enis: use.enis + trunk + 1, podAddresses, prefixes, nodeSubnet: 1, podSubnet: onInterfaces }
    : { enis: use.enis + trunk, podAddresses, prefixes, nodeSubnet: onInterfaces, podSubnet: 0 }
}

/** The most that a node can take: every pod slot in use by a pod with an address of its own. */
export const fullNodeAddresses = (demand: Omit<AddressDemand, 'pods'>, maxPods: number): NodeAddresses =>
  nodeAddresses({ ...demand, pods: Math.max(maxPods - 2, 0) })
