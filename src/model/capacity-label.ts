import type { CapacityType } from '../domain/offering.js'
import { valueOf } from '../domain/requirement.js'
import type { Labels } from '../domain/snapshot.js'
import type { ProviderIdentity } from './provider-id.js'

/** Values by capacity type of the labels whose writers are known. */
export const CAPACITY_LABEL_VALUES: Readonly<Record<string, Readonly<Partial<Record<CapacityType, string>>>>> = {
  'karpenter.sh/capacity-type': {
    'on-demand': 'on-demand',
    spot: 'spot',
    reserved: 'reserved',
    'capacity-block': 'reserved',
  },
  'eks.amazonaws.com/capacityType': { 'on-demand': 'ON_DEMAND', spot: 'SPOT', 'capacity-block': 'CAPACITY_BLOCK' },
  // Written by eksctl's bootstrap script from the instance metadata.
  'node-lifecycle': { 'on-demand': 'on-demand', spot: 'spot' },
  'spotinst.io/node-lifecycle': { 'on-demand': 'od', spot: 'spot' },
  'scheduling.cast.ai/spot': { spot: 'true' },
  // kOps users' role for spot workers (castai/k8s-agent pkg/labels); the key alone says it.
  'node-role.kubernetes.io/spot-worker': { spot: '' },
}

const TYPES: Readonly<Record<string, CapacityType>> = {
  spot: 'spot',
  ec2spot: 'spot',
  ondemand: 'on-demand',
  od: 'on-demand',
  normal: 'on-demand',
  reserved: 'reserved',
  capacityblock: 'capacity-block',
}

/** Label keys whose last part is one of the names that people give to the capacity type, under any prefix. */
const CUSTOM_KEY = /(?:^|\/)(?:node-?lifecycle|lifecycle|capacity-?type)$/i

/**
 * The capacity type that a label says, whoever wrote it: as a node has it or as a pod's selector asks for it. Undefined
 * for every other label, and for `lifecycle` labels that speak of something else.
 */
export function capacityTypeOfLabel(key: string, value: string): CapacityType | undefined {
  if (key === 'scheduling.cast.ai/spot') return value === 'true' ? 'spot' : undefined
  if (key === 'node-role.kubernetes.io/spot-worker') return 'spot'
  return CUSTOM_KEY.test(key) ? TYPES[value.toLowerCase().replaceAll(/[-_]/g, '')] : undefined
}

/** What EC2 says about an instance: DescribeInstances leaves `InstanceLifecycle` out for on-demand ones. */
export type InstanceFacts = {
  readonly lifecycle: string | undefined
  readonly capacityReservationId: string | undefined
  readonly id?: string
  readonly type?: string
  readonly zone?: string
  /** EC2's words: `default`, `dedicated` or `host`; its `PlatformDetails`. */
  readonly tenancy?: string
  readonly platform?: string
}

export type CapacityReading = { readonly capacityType: CapacityType | undefined; readonly evidence: string }

const COMPUTE_TYPE = 'eks.amazonaws.com/compute-type'
const HYBRID_PROVIDER = 'eks.amazonaws.com/hybrid-credential-provider'

export const isFargate = (labels: Labels, provider: ProviderIdentity): boolean =>
  valueOf(labels, COMPUTE_TYPE) === 'fargate' || provider.kind === 'fargate'

export const isHybrid = (labels: Labels, provider: ProviderIdentity): boolean =>
  valueOf(labels, COMPUTE_TYPE) === 'hybrid' || Object.hasOwn(labels, HYBRID_PROVIDER) || provider.kind === 'hybrid'

function fromEc2({ lifecycle, capacityReservationId }: InstanceFacts): CapacityReading {
  const evidence = 'EC2 InstanceLifecycle'
  if (lifecycle === 'spot' || lifecycle === 'capacity-block') return { capacityType: lifecycle, evidence }
  if (lifecycle === 'interruptible-capacity-reservation') return { capacityType: 'reserved', evidence }
  if (lifecycle !== undefined) return { capacityType: undefined, evidence: `${evidence} ${lifecycle} is not known` }
  if (capacityReservationId === undefined) return { capacityType: 'on-demand', evidence }
  return { capacityType: 'reserved', evidence: 'EC2 CapacityReservationId' }
}

/**
 * How a node is paid for, and what says so. EC2's own word wins, then the labels of Karpenter and EKS, then those that
 * people and other provisioners set. Mixed scaling groups and kOps leave no label: undefined.
 */
export function readCapacityType(
  labels: Labels,
  provider: ProviderIdentity,
  instance?: InstanceFacts | undefined,
): CapacityReading {
  const byLabel = [COMPUTE_TYPE, HYBRID_PROVIDER].find((key) => Object.hasOwn(labels, key))
  const evidence = byLabel === undefined ? 'providerID' : `label ${byLabel}`
  if (isFargate(labels, provider)) return { capacityType: 'fargate', evidence }
  if (isHybrid(labels, provider)) return { capacityType: 'hybrid', evidence }
  if (instance !== undefined) return fromEc2(instance)
  const known = Object.keys(CAPACITY_LABEL_VALUES)
  const others = Object.keys(labels)
    .filter((key) => !known.includes(key))
    .sort()
  for (const key of [...known, 'lifecycle', ...others]) {
    const value = valueOf(labels, key)
    const capacityType = value === undefined ? undefined : capacityTypeOfLabel(key, value)
    if (capacityType === undefined) continue
    const block =
      capacityType === 'reserved' && valueOf(labels, 'karpenter.k8s.aws/capacity-reservation-type') === 'capacity-block'
    return { capacityType: block ? 'capacity-block' : capacityType, evidence: `label ${key}` }
  }
  return { capacityType: undefined, evidence: 'no label says it' }
}
