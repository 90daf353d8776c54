/** Small API objects as `kubectl get -o json` prints them: one EKS node group of m5.xlarge, one Deployment. */
export type ApiObject = { readonly kind: string; readonly [field: string]: unknown }

type Extra = { readonly metadata?: object; readonly spec?: object; readonly status?: object; readonly labels?: object }

export const nodeObject = (name: string, { metadata, spec, status, labels }: Extra = {}): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    uid: `node-${name}`,
    labels: {
      'eks.amazonaws.com/capacityType': 'ON_DEMAND',
      'eks.amazonaws.com/nodegroup': 'general',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': 'm5.xlarge',
      'topology.kubernetes.io/region': 'us-east-1',
      'topology.kubernetes.io/zone': 'us-east-1a',
      ...labels,
    },
    ...metadata,
  },
  spec: { providerID: `aws:///us-east-1a/i-0${name}`, ...spec },
  status: {
    capacity: { cpu: '4', memory: '15896988Ki', pods: '58' },
    allocatable: { cpu: '3920m', memory: '14880156Ki', pods: '58' },
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: {
      architecture: 'amd64',
      kubeletVersion: 'v1.34.1-eks-113cf36',
      operatingSystem: 'linux',
      osImage: 'Amazon Linux 2023.8.20250707',
    },
    ...status,
  },
})

export const podObject = (name: string, nodeName: string, requests: object = {}, extra: Extra = {}): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    uid: `pod-${name}`,
    labels: { app: 'web', ...extra.labels },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'rs', controller: true }],
    ...extra.metadata,
  },
  spec: {
    ...(nodeName === '' ? {} : { nodeName }),
    containers: [{ name: 'app', resources: { requests: { cpu: '500m', memory: '512Mi', ...requests } } }],
    ...extra.spec,
  },
  status: { phase: nodeName === '' ? 'Pending' : 'Running', ...extra.status },
})

export const DEPLOYMENT: readonly ApiObject[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      uid: 'rs',
      ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'd', controller: true }],
    },
    spec: { replicas: 3 },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', uid: 'd' },
    spec: { replicas: 3 },
  },
]

/** Three nodes with a pod each: over-provisioned, so there is something to recommend. */
export const CLUSTER: readonly ApiObject[] = [
  ...['n1', 'n2', 'n3'].map((name) => nodeObject(name)),
  ...['n1', 'n2', 'n3'].map((name, at) => podObject(`web-${at}`, name)),
  ...DEPLOYMENT,
]

export const listText = (items: readonly ApiObject[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
