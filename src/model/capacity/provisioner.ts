import type { NodeOwner, OperatingSystem } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { KubeletSettings } from '../../domain/snapshot.js'
import { evaluateExpression, type ExpressionDialect } from './expression.js'
import {
  KUBELET_MAX_PODS,
  addressLimit,
  autoModeMaxPods,
  kopsMaxPods,
  maxPodsIn,
  recommendedCap,
  secondaryIp,
  withPodsPerCore,
  type CniMode,
} from './max-pods.js'

/**
 * The number of pods that whoever makes a node tells its kubelet. It is often not what the CNI could serve: nodeadm and
 * Karpenter know nothing of prefixes, EKS managed groups cap at 110 or 250, kOps stops at 110.
 * Sources: awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go; bottlerocket-os/bottlerocket-core-kit
 * sources/api/pluto; aws/karpenter-provider-aws pkg/providers/instancetype/types.go; kubernetes/kops
 * nodeup/pkg/model/kubelet.go; awsdocs/amazon-eks-user-guide "How maxPods is determined".
 */
export type Provisioner = {
  readonly owner: NodeOwner
  readonly os: OperatingSystem
  /** How pods get their addresses. */
  readonly cni: CniMode
  readonly maxEni?: number | undefined
  readonly kubelet?: KubeletSettings | undefined
  /** nodeadm's `maxPodsExpression`. */
  readonly maxPodsExpression?: string | undefined
  /** A managed group whose launch template names an AMI: EKS computes nothing for it. */
  readonly ownImage?: boolean | undefined
  /** All types of a managed group: the smallest value goes to every node. */
  readonly groupTypes?: readonly InstanceType[] | undefined
  /** Karpenter's `RESERVED_ENIS`. */
  readonly reservedEnis?: number | undefined
  readonly efaOnlyInterfaces?: number | undefined
}

export type AppliedMaxPods = {
  readonly maxPods: number
  /** The N of kube-reserved memory, 11·N + 255 MiB; undefined where the image reserves none. */
  readonly reservedFor: number | undefined
  readonly basis: string
  /** A setting that failed, and what was used in its place. */
  readonly fallback: string | undefined
}

const applied = (
  maxPods: number,
  reservedFor: number | undefined,
  basis: string,
  fallback?: string | undefined,
): AppliedMaxPods => ({ maxPods, reservedFor, basis, fallback })

const isEniMode = (mode: CniMode): boolean =>
  mode !== 'overlay' && mode !== 'unknown' && mode !== 'fixed' && mode !== 'auto-mode'

/** A number of the type, or of the expression where one is given and gives a positive number. */
function byExpression(
  type: InstanceType,
  dialect: ExpressionDialect,
  expression: string | undefined,
  otherwise: number,
): { readonly value: number; readonly used: boolean; readonly fallback: string | undefined } {
  if (expression === undefined || expression === '') return { value: otherwise, used: false, fallback: undefined }
  const result = evaluateExpression(dialect, expression, type, otherwise, dialect === 'nodeadm' ? 1 : 0)
  return result.kind === 'value'
    ? { value: result.value, used: true, fallback: undefined }
    : {
        value: otherwise,
        used: false,
        fallback: `max pods expression failed for ${type.name} (${result.why}); ${otherwise} is used in its place`,
      }
}

/** nodeadm and the old bootstrap script: no cap, no prefixes; memory is reserved for their own number, not the user's. */
function byNodeadm(type: InstanceType, of: Provisioner): AppliedMaxPods {
  const own = byExpression(type, 'nodeadm', of.maxPodsExpression, secondaryIp(type))
  const given = of.kubelet?.maxPods
  const maxPods = withPodsPerCore(given ?? own.value, type, of.kubelet?.podsPerCore)
  const basis =
    given !== undefined ? 'kubelet maxPods' : own.used ? 'nodeadm expression' : 'nodeadm: addresses of the type, no cap'
  return applied(maxPods, own.value, basis, own.fallback)
}

const byBottlerocket = (type: InstanceType, of: Provisioner): AppliedMaxPods => {
  const maxPods = of.kubelet?.maxPods ?? secondaryIp(type)
  return applied(maxPods, maxPods, of.kubelet?.maxPods === undefined ? 'Bottlerocket table' : 'Bottlerocket max-pods')
}

const byDefault = (type: InstanceType, of: Provisioner, basis: string): AppliedMaxPods =>
  applied(withPodsPerCore(of.kubelet?.maxPods ?? KUBELET_MAX_PODS, type, of.kubelet?.podsPerCore), undefined, basis)

/** Nodes that start with their image's own script. */
function byImage(type: InstanceType, of: Provisioner): AppliedMaxPods {
  switch (of.os) {
    case 'al2':
    case 'al2023':
      return byNodeadm(type, of)
    case 'bottlerocket':
      return byBottlerocket(type, of)
    case 'auto-mode':
      return byAutoMode(type)
    case 'windows':
      return byDefault(type, of, 'Windows: kubelet default')
    case 'ubuntu':
      // EKS's Ubuntu images follow the AL2 script; Ubuntu under another installer has the kubelet's default.
      return isEniMode(of.cni) ? byNodeadm(type, of) : byDefault(type, of, 'kubelet default')
    case 'flatcar':
    case 'other':
      return byDefault(type, of, 'kubelet default')
    default:
      return of.os satisfies never
  }
}

function byAutoMode(type: InstanceType): AppliedMaxPods {
  const maxPods = autoModeMaxPods(type)
  return applied(maxPods, maxPods, 'EKS Auto Mode: addresses of the type, at most 110')
}

/** EKS writes the number into the user data of its own images; it overrides maxPods and maxPodsExpression. */
function byManagedGroup(type: InstanceType, of: Provisioner): AppliedMaxPods {
  if (of.os === 'windows') return byDefault(type, of, 'Windows: kubelet default')
  const mode = of.cni === 'ipv6' || !isEniMode(of.cni) ? 'secondary-ip' : of.cni
  const ofType = (one: InstanceType): number =>
    Math.min(
      of.cni === 'ipv6' ? recommendedCap(one) : (maxPodsIn(one, mode, { maxEni: of.maxEni }) ?? secondaryIp(one)),
      recommendedCap(one),
    )
  const others = of.groupTypes ?? []
  const maxPods = Math.min(ofType(type), ...others.map(ofType))
  const smallest = others.length > 1 ? ', smallest of the types of the group' : ''
  // On AL2023 it is not known whether memory is reserved for the capped number; the uncapped one is the safe side.
  const reservedFor = of.os === 'bottlerocket' ? maxPods : secondaryIp(type)
  return applied(maxPods, reservedFor, `EKS managed group: capped at 110 or 250${smallest}`)
}

function byKarpenter(type: InstanceType, of: Provisioner): AppliedMaxPods {
  const { kubelet } = of
  const limits = { reservedEnis: of.reservedEnis, efaOnlyInterfaces: of.efaOnlyInterfaces }
  const base = of.os === 'windows' ? KUBELET_MAX_PODS : secondaryIp(type, limits)
  const own = byExpression(type, 'karpenter', kubelet?.maxPodsExpression, base)
  const given = kubelet?.maxPods ?? own.value
  const maxPods = of.os === 'bottlerocket' ? given : withPodsPerCore(given, type, kubelet?.podsPerCore)
  const basis =
    kubelet?.maxPods !== undefined
      ? 'Karpenter kubelet.maxPods'
      : own.used
        ? 'Karpenter max pods expression'
        : of.os === 'windows'
          ? 'Windows: kubelet default'
          : 'Karpenter: addresses of the type, no cap'
  const reservedFor = of.os === 'bottlerocket' || of.os === 'windows' ? maxPods : secondaryIp(type)
  return applied(maxPods, reservedFor, basis, own.fallback)
}

function byKops(type: InstanceType, of: Provisioner): AppliedMaxPods {
  const given = of.kubelet?.maxPods
  if (given !== undefined) return applied(given, undefined, 'kOps kubelet.maxPods')
  return isEniMode(of.cni)
    ? applied(kopsMaxPods(type), undefined, 'kOps: addresses of all network cards, at most 110')
    : applied(KUBELET_MAX_PODS, undefined, 'kOps: kubelet default')
}

/** What the node's kubelet is told, by owner and image. */
export function appliedMaxPods(type: InstanceType, of: Provisioner): AppliedMaxPods {
  switch (of.owner) {
    case 'eks-managed-node-group':
      return of.ownImage === true ? byImage(type, of) : byManagedGroup(type, of)
    case 'eks-auto-mode':
      return byAutoMode(type)
    case 'karpenter':
      return byKarpenter(type, of)
    case 'kops':
      return byKops(type, of)
    case 'eksctl':
    case 'spot-ocean':
    case 'cast-ai':
    case 'self-managed':
      return byImage(type, of)
    case 'fargate':
      return applied(1, undefined, 'Fargate: one pod per node')
    case 'hybrid':
    case 'other-cloud':
      return applied(KUBELET_MAX_PODS, undefined, 'kubelet default')
    default:
      return of.owner satisfies never
  }
}

/** Pods that a new node can really run: what its kubelet allows, and what its addresses allow. */
export function usableMaxPods(type: InstanceType, of: Provisioner): AppliedMaxPods {
  const told = appliedMaxPods(type, of)
  const limit = addressLimit(type, of.cni, { maxEni: of.maxEni })
  if (limit === undefined || limit >= told.maxPods || of.os === 'windows') return told
  return { ...told, maxPods: limit, basis: `${told.basis}; ${told.maxPods} lowered to the addresses in ${of.cni} mode` }
}
