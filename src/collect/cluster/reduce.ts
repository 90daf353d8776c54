import { keptAnnotations, list, object, type Json } from '../fields.js'
import { CLUSTER_TAG } from '../read-addons.js'
import { QUOTA_NAMES } from '../read-limits.js'
import { CNI_VARIABLES } from '../read-kinds.js'
import type { Kind } from '../snapshot-file.js'

/**
 * Cuts raw API objects down to what the readers of `read-kinds.ts` and `read-pod.ts` look at, in the API's own shape.
 * Both the live run and the `collect` file go through here, so neither can know more than the other; what is not named
 * here (environment variables, commands, secrets, other annotations) is never kept.
 */
type Shape = 'all' | readonly [Shape] | { readonly [key: string]: Shape } | ((value: unknown) => unknown)

function cut(shape: Shape, value: unknown): unknown {
  if (shape === 'all' || value === null) return value
  if (typeof shape === 'function') return shape(value)
  if (isListShape(shape)) return Array.isArray(value) ? value.map((each) => cut(shape[0], each)) : undefined
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const result: Record<string, unknown> = {}
  for (const key in shape) {
    const given = (value as Json)[key]
    if (given === undefined) continue
    const kept = cut(shape[key] ?? 'all', given)
    if (kept !== undefined) result[key] = kept
  }
  return result
}

const isListShape = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape)

/** Entries of a list that say something, each cut down. */
const only =
  (wanted: (entry: Json) => boolean, shape: Shape) =>
  (value: unknown): unknown =>
    list(value).flatMap((entry) => (wanted(object(entry)) ? [cut(shape, entry)] : []))

const META = {
  name: 'all',
  namespace: 'all',
  uid: 'all',
  generation: 'all',
  labels: 'all',
  annotations: (value: unknown) => keptAnnotations(value),
  ownerReferences: [{ apiVersion: 'all', kind: 'all', name: 'all', uid: 'all', controller: 'all' }],
  creationTimestamp: 'all',
  deletionTimestamp: 'all',
} as const

const CONTAINER = {
  name: 'all',
  resources: { requests: 'all', limits: 'all' },
  ports: [{ hostPort: 'all', containerPort: 'all', protocol: 'all', hostIP: 'all' }],
  restartPolicy: 'all',
} as const

const VOLUME_SOURCES = {
  persistentVolumeClaim: { claimName: 'all', readOnly: 'all' },
  ephemeral: {},
  emptyDir: { medium: 'all', sizeLimit: 'all' },
  hostPath: { path: 'all' },
  awsElasticBlockStore: { volumeID: 'all', readOnly: 'all' },
} as const

/** What decides where a pod may run. Volumes that neither bind it to a place nor hold data are left out. */
const POD_SPEC = {
  containers: [CONTAINER],
  initContainers: [CONTAINER],
  overhead: 'all',
  resources: { requests: 'all', limits: 'all' },
  nodeSelector: 'all',
  affinity: 'all',
  topologySpreadConstraints: 'all',
  tolerations: 'all',
  hostNetwork: 'all',
  schedulerName: 'all',
  priorityClassName: 'all',
  priority: 'all',
  terminationGracePeriodSeconds: 'all',
  schedulingGates: [{ name: 'all' }],
  resourceClaims: [{ name: 'all' }],
  restartPolicy: 'all',
  runtimeClassName: 'all',
  nodeName: 'all',
  volumes: only((volume) => Object.keys(VOLUME_SOURCES).some((source) => source in volume), {
    name: 'all',
    ...VOLUME_SOURCES,
  }),
} as const

const CONTAINER_STATUSES = [{ name: 'all', resources: { requests: 'all' }, allocatedResources: 'all' }] as const

const POD = {
  metadata: META,
  spec: POD_SPEC,
  status: {
    phase: 'all',
    nominatedNodeName: 'all',
    startTime: 'all',
    conditions: only(({ type }) => type === 'Ready' || type === 'PodScheduled' || type === 'PodResizePending', {
      type: 'all',
      status: 'all',
      reason: 'all',
      message: 'all',
    }),
    containerStatuses: CONTAINER_STATUSES,
    initContainerStatuses: CONTAINER_STATUSES,
    resources: { requests: 'all' },
    allocatedResources: 'all',
  },
} as const

const NODE = {
  metadata: META,
  spec: { providerID: 'all', unschedulable: 'all', taints: [{ key: 'all', value: 'all', effect: 'all' }] },
  status: {
    capacity: 'all',
    allocatable: 'all',
    conditions: only(({ type }) => type === 'Ready', { type: 'all', status: 'all' }),
    addresses: only(({ type }) => type === 'InternalIP', { type: 'all', address: 'all' }),
    nodeInfo: {
      architecture: 'all',
      operatingSystem: 'all',
      osImage: 'all',
      kernelVersion: 'all',
      kubeletVersion: 'all',
    },
  },
} as const

const TEMPLATE = { metadata: { labels: 'all' }, spec: {} } as const

const CONTROLLER = {
  metadata: META,
  spec: {
    replicas: 'all',
    parallelism: 'all',
    backoffLimit: 'all',
    minReadySeconds: 'all',
    strategy: { rollingUpdate: { maxUnavailable: 'all' } },
    template: TEMPLATE,
  },
  status: { startTime: 'all', completionTime: 'all' },
} as const

/** Of all environments, only the network settings of the VPC CNI: they decide how many pods a node holds. */
const CNI_CONTAINER = {
  ...CONTAINER,
  env: only(({ name }) => typeof name === 'string' && CNI_VARIABLES.has(name), { name: 'all', value: 'all' }),
} as const

const daemonSet = (isCni: boolean): Shape => ({
  ...CONTROLLER,
  spec: {
    ...CONTROLLER.spec,
    template: {
      ...TEMPLATE,
      spec: {
        ...POD_SPEC,
        containers: isCni
          ? (value: unknown) =>
              list(value).map((entry) => cut(object(entry)['name'] === 'aws-node' ? CNI_CONTAINER : CONTAINER, entry))
          : [CONTAINER],
      },
    },
  },
})
const DAEMON_SET = daemonSet(false)
const CNI_DAEMON_SET = daemonSet(true)

/** Of a quota only what bounds requests: the rest counts objects, and names the classes of volumes. */
const REQUEST_QUOTA = Object.fromEntries(QUOTA_NAMES.map((name) => [name, 'all' as const]))

const NAME_ONLY = { metadata: META } as const

const SHAPES: Readonly<Record<Kind, Shape>> = {
  Node: NODE,
  Pod: POD,
  Deployment: CONTROLLER,
  StatefulSet: CONTROLLER,
  ReplicaSet: CONTROLLER,
  DaemonSet: DAEMON_SET,
  Job: CONTROLLER,
  ReplicationController: CONTROLLER,
  CronJob: {
    metadata: META,
    spec: { jobTemplate: { spec: { parallelism: 'all', backoffLimit: 'all', template: TEMPLATE } } },
    status: {},
  },
  PodDisruptionBudget: {
    metadata: META,
    spec: { selector: 'all', minAvailable: 'all', maxUnavailable: 'all', unhealthyPodEvictionPolicy: 'all' },
    status: { observedGeneration: 'all', disruptionsAllowed: 'all', desiredHealthy: 'all', expectedPods: 'all' },
  },
  PersistentVolume: {
    metadata: META,
    spec: {
      accessModes: 'all',
      capacity: { storage: 'all' },
      storageClassName: 'all',
      nodeAffinity: 'all',
      csi: { driver: 'all', volumeHandle: 'all' },
      awsElasticBlockStore: { volumeID: 'all' },
      local: {},
      hostPath: {},
    },
  },
  PersistentVolumeClaim: {
    metadata: META,
    spec: { volumeName: 'all', accessModes: 'all', storageClassName: 'all' },
    status: { phase: 'all' },
  },
  StorageClass: {
    metadata: META,
    provisioner: 'all',
    volumeBindingMode: 'all',
    allowedTopologies: 'all',
  },
  CSINode: { metadata: META, spec: { drivers: [{ name: 'all', allocatable: { count: 'all' } }] } },
  Namespace: NAME_ONLY,
  PriorityClass: { metadata: META, value: 'all', globalDefault: 'all' },
  RuntimeClass: { metadata: META, overhead: { podFixed: 'all' } },
  ResourceQuota: {
    metadata: META,
    spec: { hard: REQUEST_QUOTA, scopes: 'all', scopeSelector: {} },
    status: { used: REQUEST_QUOTA },
  },
  LimitRange: {
    metadata: META,
    spec: {
      limits: only(({ type }) => type === 'Container', {
        type: 'all',
        default: 'all',
        defaultRequest: 'all',
        min: 'all',
        max: 'all',
      }),
    },
  },
  HorizontalPodAutoscaler: {
    metadata: META,
    spec: { scaleTargetRef: { kind: 'all', name: 'all' }, minReplicas: 'all', maxReplicas: 'all' },
  },
  // Not its triggers: they name queues, addresses and sometimes credentials.
  ScaledObject: {
    metadata: META,
    spec: {
      scaleTargetRef: { kind: 'all', name: 'all' },
      idleReplicaCount: 'all',
      minReplicaCount: 'all',
      maxReplicaCount: 'all',
    },
  },
  VerticalPodAutoscaler: {
    metadata: META,
    spec: { targetRef: { kind: 'all', name: 'all' }, updatePolicy: { updateMode: 'all' } },
    status: { recommendation: { containerRecommendations: [{ containerName: 'all', target: 'all' }] } },
  },
  NodePool: {
    metadata: META,
    spec: {
      limits: 'all',
      replicas: 'all',
      weight: 'all',
      disruption: { expireAfter: 'all' },
      template: {
        metadata: { labels: 'all' },
        spec: { requirements: 'all', taints: 'all', startupTaints: 'all', nodeClassRef: 'all', kubelet: 'all' },
      },
    },
  },
  // Not its user data: it may hold a credential.
  EC2NodeClass: {
    metadata: META,
    spec: {
      amiFamily: 'all',
      amiSelectorTerms: [{ alias: 'all' }],
      instanceStorePolicy: 'all',
      blockDeviceMappings: [{ deviceName: 'all', rootVolume: 'all', ebs: { volumeSize: 'all', volumeType: 'all' } }],
      kubelet: 'all',
    },
  },
  NodeClaim: {
    metadata: META,
    spec: { expireAfter: 'all' },
    status: {
      nodeName: 'all',
      providerID: 'all',
      conditions: only(({ type }) => type === 'Drifted', { type: 'all', status: 'all' }),
    },
  },
  ENIConfig: NAME_ONLY,
  // Of the tags, which are their owner's, only the one that names the cluster.
  CNINode: {
    metadata: META,
    spec: { features: [{ name: 'all', value: 'all' }], tags: { [CLUSTER_TAG]: 'all' } },
  },
  PodMetrics: {
    metadata: { name: 'all', namespace: 'all' },
    containers: [{ name: 'all', usage: { cpu: 'all', memory: 'all' } }],
  },
  NodeMetrics: { metadata: { name: 'all' }, usage: { cpu: 'all', memory: 'all' } },
}

/** An object of a list, cut down, with the kind that lists leave out of their items. */
export function reduceObject(kind: Kind, apiVersion: string, item: Json): Json {
  const { name, namespace } = object(item['metadata'])
  const isCni = kind === 'DaemonSet' && name === 'aws-node' && namespace === 'kube-system'
  const shape = isCni ? CNI_DAEMON_SET : SHAPES[kind]
  return { apiVersion, kind, ...object(cut(shape, item)) }
}
