/** What `spec.providerID` says about a node. `unknown`: not registered by a cloud provider yet, or not readable. */
export type ProviderIdentity = {
  readonly kind: 'ec2' | 'fargate' | 'hybrid' | 'other' | 'unknown'
  /** EC2 instance id, or the name of a hybrid node. */
  readonly instanceId: string | undefined
  readonly zone: string | undefined
}

const UNKNOWN: ProviderIdentity = { kind: 'unknown', instanceId: undefined, zone: undefined }
/** Ids have had 8 and 17 hex digits; their length is no rule. */
const EC2_ID = /^i-[^/]+$/

/**
 * Reads `aws:///zone/id`, `aws:////id` and a bare instance id as EC2, `aws:///zone/…/fargate-…` as Fargate
 * (kubernetes/cloud-provider-aws pkg/providers/v1/instances.go and variant/fargate), and `eks-hybrid:///region/cluster/name`
 * as a hybrid node (aws/eks-hybrid internal/kubelet/config.go). Every other scheme is another cloud's.
 */
export function parseProviderId(providerId: string): ProviderIdentity {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(providerId)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    return EC2_ID.test(providerId) ? { kind: 'ec2', instanceId: providerId, zone: undefined } : UNKNOWN
  }
  const tokens = providerId.slice(`${scheme}://`.length).replace(/\/+$/, '').split('/')
  const last = tokens.at(-1) ?? ''
  if (scheme === 'eks-hybrid') return { kind: 'hybrid', instanceId: last || undefined, zone: undefined }
  if (scheme !== 'aws') return { kind: 'other', instanceId: undefined, zone: undefined }
  const zone = tokens.length > 2 ? tokens[1] || undefined : undefined
  if (EC2_ID.test(last)) return { kind: 'ec2', instanceId: last, zone }
  if (last.startsWith('fargate-')) return { kind: 'fargate', instanceId: undefined, zone }
  return UNKNOWN
}

/** Cluster that a hybrid node's providerID names. */
export const hybridCluster = (providerId: string): string | undefined =>
  /^eks-hybrid:\/\/\/[^/]+\/([^/]+)\/[^/]+$/.exec(providerId)?.[1]

/**
 * Region of an AWS zone. A Local or Wavelength zone continues its region's name (`us-west-2-lax-1a`), so cutting off the
 * last letter would be wrong there.
 */
export const regionOfZone = (zone: string): string | undefined =>
  /^([a-z]{2,4}(?:-[a-z]+){1,2}-\d+)(?:[a-z]|-[a-z0-9-]+)$/.exec(zone)?.[1]
