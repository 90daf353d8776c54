import type { InstanceType } from '../../domain/offering.js'
import type { MaxPods } from '../../domain/recommendation.js'

/**
 * How many pods an instance type holds, by the way its pods get their addresses. Pure formulas over the type; what a
 * provisioner makes of them is in `provisioner.ts`. E is the number of interfaces of the default network card, I the
 * IPv4 addresses per interface, of which each interface keeps one for itself.
 * Sources: awslabs/amazon-eks-ami nodeadm/internal/kubelet/eni_max_pods.go; aws/amazon-vpc-cni-k8s
 * scripts/gen_vpc_ip_limits.go and docs/prefix-and-ip-target.md; aws/karpenter-provider-aws
 * pkg/providers/instancetype/types.go.
 */
export type CniMode =
  | 'secondary-ip'
  | 'prefix-delegation'
  | 'custom-networking'
  | 'custom-networking-prefix'
  | 'ipv6'
  | 'overlay'
  | 'fixed'
  | 'auto-mode'
  | 'unknown'

/** What takes interfaces away from pods. */
export type EniLimits = {
  /** `MAX_ENI` of aws-node; 0 or less means none. */
  readonly maxEni?: number | undefined
  /** Karpenter's `RESERVED_ENIS`. */
  readonly reservedEnis?: number | undefined
  /** EFA-only interfaces on the default network card: they carry no address. */
  readonly efaOnlyInterfaces?: number | undefined
}

/** The kubelet's default. */
export const KUBELET_MAX_PODS = 110
/** Two pods with the node's own address are always there: aws-node and kube-proxy. */
const HOST_NETWORK_PODS = 2
/** Addresses in a delegated /28 prefix. */
export const ADDRESSES_PER_PREFIX = 16

/** AWS's limit of pods for the sake of the kubelet and the control plane, whatever the addresses allow. */
export const recommendedCap = (type: InstanceType): number => (type.vcpus < 30 ? 110 : 250)

/** Interfaces left for pods, before custom networking takes the first one. */
export function usableEnis(type: InstanceType, limits: EniLimits = {}): number {
  const maxEni = limits.maxEni ?? 0
  const attachable = maxEni > 0 ? Math.min(type.enis, maxEni) : type.enis
  return Math.max(attachable - (limits.reservedEnis ?? 0) - (limits.efaOnlyInterfaces ?? 0), 0)
}

const podsOn = (enis: number, type: InstanceType, perSlot: number): number =>
  enis <= 0 ? 0 : enis * (type.ipv4PerEni - 1) * perSlot + HOST_NETWORK_PODS

/** Custom networking leaves the first interface to the node: with one interface only the node's own pods remain. */
const podsBesideFirstEni = (enis: number, type: InstanceType, perSlot: number): number =>
  enis <= 0 ? 0 : (enis - 1) * (type.ipv4PerEni - 1) * perSlot + HOST_NETWORK_PODS

export const secondaryIp = (type: InstanceType, limits?: EniLimits): number => podsOn(usableEnis(type, limits), type, 1)

export const customNetworking = (type: InstanceType, limits?: EniLimits): number =>
  podsBesideFirstEni(usableEnis(type, limits), type, 1)

/** EC2 names no hypervisor for bare metal, so `nitro` alone would leave metal out. */
export const canUsePrefixes = (type: InstanceType): boolean => type.hypervisor === 'nitro' || type.bareMetal

/** Addresses alone, before any cap; the secondary value where the type cannot use prefixes. */
export const prefixDelegationRaw = (type: InstanceType, limits?: EniLimits): number =>
  podsOn(usableEnis(type, limits), type, canUsePrefixes(type) ? ADDRESSES_PER_PREFIX : 1)

export const customNetworkingPrefixRaw = (type: InstanceType, limits?: EniLimits): number =>
  podsBesideFirstEni(usableEnis(type, limits), type, canUsePrefixes(type) ? ADDRESSES_PER_PREFIX : 1)

/** With the cap; a type that cannot use prefixes falls back to the plain, uncapped number. */
export const prefixDelegation = (type: InstanceType, limits?: EniLimits): number =>
  canUsePrefixes(type) ? Math.min(prefixDelegationRaw(type, limits), recommendedCap(type)) : secondaryIp(type, limits)

export const customNetworkingPrefix = (type: InstanceType, limits?: EniLimits): number =>
  canUsePrefixes(type)
    ? Math.min(customNetworkingPrefixRaw(type, limits), recommendedCap(type))
    : customNetworking(type, limits)

/** A /80 prefix never runs out, so only the cap counts. Undefined: the type cannot join an IPv6 cluster. */
export const ipv6 = (type: InstanceType): number | undefined =>
  type.ipv6PerEni > 0 && canUsePrefixes(type) ? recommendedCap(type) : undefined

/** Addresses that a Windows node offers as `vpc.amazonaws.com/PrivateIPv4Address`: one interface only. */
export const windowsAddresses = (type: InstanceType, prefixes: boolean): number =>
  (type.ipv4PerEni - 1) * (prefixes ? ADDRESSES_PER_PREFIX : 1)

/** Pods with security groups of their own (`vpc.amazonaws.com/pod-eni`); undefined where not known. */
export const branchPods = (type: InstanceType): number | undefined => (type.trunking ? type.branchEnis : 0)

/** kOps counts the interfaces of all network cards and stops at the kubelet's default. */
export const kopsMaxPods = (type: InstanceType): number =>
  Math.min(KUBELET_MAX_PODS, podsOn(type.enisAllCards, type, 1))

/** EKS Auto Mode publishes 110 as a maximum; below it the addresses of the type count. */
export const autoModeMaxPods = (type: InstanceType): number => Math.min(KUBELET_MAX_PODS, secondaryIp(type))

/** `podsPerCore` of the kubelet lowers a limit, never raises it; absent or 0 means none. */
export const withPodsPerCore = (maxPods: number, type: InstanceType, podsPerCore: number | undefined): number =>
  podsPerCore !== undefined && podsPerCore > 0 ? Math.min(maxPods, podsPerCore * type.vcpus) : maxPods

/**
 * Pods that can get an address at all. A kubelet may be told a higher number; the pods above this one would wait for an
 * address for ever. Undefined: addresses do not bind in this mode, or the mode is not known.
 */
export function addressLimit(type: InstanceType, mode: CniMode, limits: EniLimits = {}): number | undefined {
  switch (mode) {
    case 'secondary-ip':
      return secondaryIp(type, limits)
    case 'custom-networking':
      return customNetworking(type, limits)
    case 'prefix-delegation':
      return prefixDelegationRaw(type, limits)
    case 'custom-networking-prefix':
      return customNetworkingPrefixRaw(type, limits)
    case 'ipv6':
      return ipv6(type) === undefined ? 0 : undefined
    case 'overlay':
    case 'fixed':
    case 'auto-mode':
    case 'unknown':
      return undefined
    default:
      return mode satisfies never
  }
}

/** The recommended number of pods in a mode. `fixed` is the constant in force, if the mode is that. */
export function maxPodsIn(
  type: InstanceType,
  mode: CniMode,
  limits: EniLimits = {},
  fixed?: number,
): number | undefined {
  switch (mode) {
    case 'secondary-ip':
      return secondaryIp(type, limits)
    case 'custom-networking':
      return customNetworking(type, limits)
    case 'prefix-delegation':
      return prefixDelegation(type, limits)
    case 'custom-networking-prefix':
      return customNetworkingPrefix(type, limits)
    case 'ipv6':
      return ipv6(type)
    case 'overlay':
      return KUBELET_MAX_PODS
    case 'auto-mode':
      return autoModeMaxPods(type)
    case 'fixed':
      return fixed
    case 'unknown':
      return undefined
    default:
      return mode satisfies never
  }
}

/** One row of the max-pods table. */
export const maxPodsTable = (
  type: InstanceType,
  live: { readonly inForce?: MaxPods['inForce']; readonly observed?: readonly number[] } = {},
): MaxPods => ({
  type,
  secondaryIp: secondaryIp(type),
  prefixDelegation: prefixDelegation(type),
  ipv6: ipv6(type),
  customNetworking: customNetworking(type),
  customNetworkingPrefix: customNetworkingPrefix(type),
  overlay: KUBELET_MAX_PODS,
  inForce: live.inForce,
  observed: [...new Set(live.observed ?? [])].sort((a, b) => a - b),
})
