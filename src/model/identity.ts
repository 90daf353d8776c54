import type { Node, NodeOwner, OperatingSystem } from '../domain/cluster.js'
import type { Architecture } from '../domain/offering.js'
import { valueOf } from '../domain/requirement.js'
import type { Labels, NodeObject } from '../domain/snapshot.js'
import { isFargate, isHybrid, readCapacityType, type InstanceFacts } from './capacity-label.js'
import { closedReason } from './node-taints.js'
import { parseProviderId, regionOfZone, type ProviderIdentity } from './provider-id.js'

/** What a node is, read from its labels, its providerID, its taints and, where it was asked, from EC2. */
export type NodeFacts = Pick<
  Node,
  | 'owner'
  | 'instanceId'
  | 'instanceType'
  | 'zone'
  | 'region'
  | 'capacityType'
  | 'capacityTypeEvidence'
  | 'architecture'
  | 'os'
  | 'controlPlane'
  | 'closed'
  | 'tenancy'
  | 'platform'
>

/** First of these labels that the node has with a value. */
const firstOf = (labels: Labels, ...keys: readonly string[]): string | undefined =>
  keys.map((key) => valueOf(labels, key)).find((value) => value !== undefined && value !== '')

/** Global id of the node's zone (`use1-az1`): zone names differ between accounts. */
export const zoneIdOf = (labels: Labels): string | undefined => firstOf(labels, 'topology.k8s.aws/zone-id')

const OS_IMAGES: readonly (readonly [image: RegExp, os: OperatingSystem])[] = [
  [/EKS Auto/, 'auto-mode'],
  [/^Amazon Linux 2023/, 'al2023'],
  [/^Amazon Linux 2(?!\d)/, 'al2'],
  [/^Bottlerocket/, 'bottlerocket'],
  [/^Ubuntu/, 'ubuntu'],
  [/^Windows Server/, 'windows'],
  [/^Flatcar/, 'flatcar'],
]

export const operatingSystemOf = (osImage: string, operatingSystem: string): OperatingSystem =>
  OS_IMAGES.find(([image]) => image.test(osImage))?.[1] ?? (operatingSystem === 'windows' ? 'windows' : 'other')

const CONTROL_PLANE_ROLES = ['control-plane', 'master', 'etcd', 'api-server']
const ROLE = 'node-role.kubernetes.io/'

/** kOps' etcd and API server nodes count too; the labels' values do not matter. */
export const isControlPlane = (labels: Labels): boolean =>
  CONTROL_PLANE_ROLES.some((role) => Object.hasOwn(labels, ROLE + role))

/** Roles of a node besides the ones that every cluster has, sorted. */
export const specialRoles = (labels: Labels): string[] =>
  Object.keys(labels)
    .filter((key) => key.startsWith(ROLE))
    .map((key) => key.slice(ROLE.length))
    .filter((role) => !['', 'node', 'worker', 'agent', ...CONTROL_PLANE_ROLES].includes(role))
    .sort()

/** Only AWS's own components write these; Karpenter, kOps, Ocean and CAST AI work on other clouds too. */
const AWS_LABEL =
  /^(eks\.amazonaws\.com|alpha\.eksctl\.io|karpenter\.k8s\.aws|topology\.k8s\.aws)\/|^k8s\.io\/cloud-provider-aws$/

/** Who makes and removes the node; the first signal wins, because Auto Mode and eksctl set their neighbours' labels too. */
export function ownerOf(labels: Labels, provider: ProviderIdentity): NodeOwner {
  const has = (key: string): boolean => Object.hasOwn(labels, key)
  if (isFargate(labels, provider)) return 'fargate'
  if (isHybrid(labels, provider)) return 'hybrid'
  if (provider.kind === 'other' && !Object.keys(labels).some((key) => AWS_LABEL.test(key))) return 'other-cloud'
  if (valueOf(labels, 'eks.amazonaws.com/compute-type') === 'auto') return 'eks-auto-mode'
  if (has('karpenter.sh/nodepool') || has('karpenter.sh/provisioner-name')) return 'karpenter'
  if (has('eks.amazonaws.com/nodegroup')) return 'eks-managed-node-group'
  if (has('alpha.eksctl.io/nodegroup-name')) return 'eksctl'
  if (has('kops.k8s.io/instancegroup')) return 'kops'
  if (has('spotinst.io/node-lifecycle') || has('spotinst.io/ocean-vng-id')) return 'spot-ocean'
  if (valueOf(labels, 'provisioner.cast.ai/managed-by') === 'cast.ai') return 'cast-ai'
  if (Object.keys(labels).some((key) => key.startsWith('scheduling.cast.ai/'))) return 'cast-ai'
  return 'self-managed'
}

const architectureOf = (text: string | undefined): Architecture | undefined =>
  text === 'amd64' || text === 'arm64' ? text : undefined

/** EC2's own word, else the label that Karpenter and EKS Auto Mode set. */
function tenancyOf(labels: Labels, instance: InstanceFacts | undefined): Pick<Node, 'tenancy'> {
  const said =
    instance?.tenancy ?? firstOf(labels, 'karpenter.k8s.aws/instance-tenancy', 'eks.amazonaws.com/instance-tenancy')
  return said === 'dedicated' || said === 'host' ? { tenancy: said } : {}
}

/** `instance`: what EC2 says, only where EC2 was asked about this very instance. */
export function identify(node: NodeObject, instance?: InstanceFacts | undefined): NodeFacts {
  const { labels } = node.metadata
  const { nodeInfo } = node.status
  const provider = parseProviderId(node.spec.providerID)
  const owner = ownerOf(labels, provider)
  const capacity = readCapacityType(labels, provider, instance)
  const zone =
    firstOf(labels, 'topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone') ??
    provider.zone ??
    instance?.zone
  const region = firstOf(labels, 'topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region')
  // Hybrid and Fargate nodes run on no instance type of the account, whatever a label may say.
  const onInstance = owner !== 'fargate' && owner !== 'hybrid'
  return {
    owner,
    instanceId: provider.instanceId ?? instance?.id,
    instanceType: onInstance
      ? (firstOf(labels, 'node.kubernetes.io/instance-type', 'beta.kubernetes.io/instance-type') ?? instance?.type)
      : undefined,
    zone,
    region: region ?? (zone === undefined ? undefined : regionOfZone(zone)),
    capacityType: capacity.capacityType,
    capacityTypeEvidence: capacity.evidence,
    architecture:
      architectureOf(firstOf(labels, 'kubernetes.io/arch', 'beta.kubernetes.io/arch')) ??
      architectureOf(nodeInfo.architecture),
    os: operatingSystemOf(nodeInfo.osImage, valueOf(labels, 'kubernetes.io/os') ?? nodeInfo.operatingSystem),
    controlPlane: isControlPlane(labels),
    closed: closedReason(node),
    ...(onInstance ? tenancyOf(labels, instance) : {}),
    ...(instance?.platform === undefined ? {} : { platform: instance.platform }),
  }
}
