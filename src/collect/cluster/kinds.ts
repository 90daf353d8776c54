import type { Kind } from '../snapshot-file.js'

/** A kind of object that is listed from a live cluster. */
export type ListedKind = {
  readonly kind: Kind
  /** The plural in URLs and in RBAC rules. */
  readonly resource: string
  /** Where it is served, the newest first: `v1` or `group/version`. The first one that the API server knows is read. */
  readonly groupVersions: readonly [string, ...string[]]
  /**
   * `required`: without it there is nothing to say. `standard`: every API server has it. `extension`: comes with an
   * add-on, and where that is not installed nothing is missing.
   */
  readonly need: 'required' | 'standard' | 'extension'
  /** What a report lacks without it, to follow "so". */
  readonly lacking: string
  /** What findings call it, where `resource` alone would be taken for another. */
  readonly label?: string
  readonly fieldSelector?: string
}

/** A rule of a ClusterRole. */
export type AccessRule = {
  readonly apiGroups: readonly [string]
  readonly resources: readonly [string]
  readonly verbs: readonly ['get', 'list']
}

export const groupOf = (groupVersion: string): string =>
  groupVersion.includes('/') ? (groupVersion.split('/')[0] ?? '') : ''

/** What to add to a ClusterRole, so that a kind can be read. */
export const accessRule = ({ groupVersions, resource }: ListedKind): AccessRule => ({
  apiGroups: [groupOf(groupVersions[0])],
  resources: [resource],
  verbs: ['get', 'list'],
})

/** The rule as a line of YAML, for people. */
export const ruleText = ({ apiGroups, resources, verbs }: AccessRule): string =>
  `{apiGroups: ["${apiGroups[0]}"], resources: [${resources[0]}], verbs: [${verbs.join(', ')}]}`

/** `/api/v1/pods`, `/apis/apps/v1/daemonsets`. */
export const listPath = (groupVersion: string, resource: string): string =>
  `/${groupVersion.includes('/') ? 'apis' : 'api'}/${groupVersion}/${resource}`

const OWNERS = 'pods of one workload are not recognised as such where it is their owner'
const FEWEST = 'it is unknown how few and how many replicas a workload may have'
const POOLS = 'new nodes are modelled on live ones only'

/**
 * In the order of reading. Nodes come first and pods right after, so that few pods are on a node that is not in the
 * list; pods are also the longest list, beside which all others are read.
 */
export const LISTED_KINDS: readonly ListedKind[] = [
  { kind: 'Node', resource: 'nodes', groupVersions: ['v1'], need: 'required', lacking: 'nothing can be said' },
  {
    kind: 'Pod',
    resource: 'pods',
    groupVersions: ['v1'],
    need: 'required',
    lacking: 'nothing can be said',
    // Finished pods hold nothing, and may be many times the others.
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
  },
  { kind: 'DaemonSet', resource: 'daemonsets', ...standard('apps/v1', 'overhead of new nodes is guessed from pods') },
  { kind: 'ReplicaSet', resource: 'replicasets', ...standard('apps/v1', OWNERS) },
  { kind: 'Deployment', resource: 'deployments', ...standard('apps/v1', OWNERS) },
  { kind: 'StatefulSet', resource: 'statefulsets', ...standard('apps/v1', OWNERS) },
  { kind: 'Job', resource: 'jobs', ...standard('batch/v1', OWNERS) },
  {
    kind: 'CronJob',
    resource: 'cronjobs',
    groupVersions: ['batch/v1', 'batch/v1beta1'],
    need: 'standard',
    lacking: OWNERS,
  },
  { kind: 'ReplicationController', resource: 'replicationcontrollers', ...standard('v1', OWNERS) },
  {
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    groupVersions: ['policy/v1', 'policy/v1beta1'],
    need: 'standard',
    lacking: 'it is unknown which pods may not be disrupted',
  },
  { kind: 'PersistentVolume', resource: 'persistentvolumes', ...standard('v1', 'zones of volumes are unknown') },
  {
    kind: 'PersistentVolumeClaim',
    resource: 'persistentvolumeclaims',
    ...standard('v1', 'volumes of pods are unknown'),
  },
  {
    kind: 'StorageClass',
    resource: 'storageclasses',
    ...standard('storage.k8s.io/v1', 'zones of new volumes are unknown'),
  },
  { kind: 'CSINode', resource: 'csinodes', ...standard('storage.k8s.io/v1', 'volume limits of nodes are unknown') },
  { kind: 'Namespace', resource: 'namespaces', ...standard('v1', 'namespace selectors of affinity rules are unknown') },
  {
    kind: 'PriorityClass',
    resource: 'priorityclasses',
    ...standard('scheduling.k8s.io/v1', 'priorities that pods do not carry themselves are unknown'),
  },
  {
    kind: 'RuntimeClass',
    resource: 'runtimeclasses',
    ...standard('node.k8s.io/v1', 'overhead of sandboxed DaemonSets on new nodes is unknown'),
  },
  {
    kind: 'ResourceQuota',
    resource: 'resourcequotas',
    ...standard('v1', 'it is unknown how much more a namespace may request'),
  },
  {
    kind: 'LimitRange',
    resource: 'limitranges',
    ...standard('v1', 'what namespaces give to DaemonSets without requests is unknown'),
  },
  {
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    groupVersions: ['autoscaling/v2', 'autoscaling/v1'],
    need: 'standard',
    lacking: FEWEST,
  },
  {
    kind: 'ScaledObject',
    resource: 'scaledobjects',
    groupVersions: ['keda.sh/v1alpha1'],
    need: 'extension',
    lacking: FEWEST,
  },
  {
    kind: 'VerticalPodAutoscaler',
    resource: 'verticalpodautoscalers',
    groupVersions: ['autoscaling.k8s.io/v1', 'autoscaling.k8s.io/v1beta2'],
    need: 'extension',
    lacking: 'it is unknown which requests change by themselves',
  },
  {
    kind: 'NodePool',
    resource: 'nodepools',
    groupVersions: ['karpenter.sh/v1', 'karpenter.sh/v1beta1'],
    need: 'extension',
    lacking: POOLS,
  },
  {
    kind: 'EC2NodeClass',
    resource: 'ec2nodeclasses',
    groupVersions: ['karpenter.k8s.aws/v1', 'karpenter.k8s.aws/v1beta1'],
    need: 'extension',
    lacking: POOLS,
  },
  {
    kind: 'NodeClaim',
    resource: 'nodeclaims',
    groupVersions: ['karpenter.sh/v1', 'karpenter.sh/v1beta1'],
    need: 'extension',
    lacking: 'it is unknown which nodes Karpenter is about to replace, and which instances have no node',
  },
  {
    kind: 'ENIConfig',
    resource: 'eniconfigs',
    groupVersions: ['crd.k8s.amazonaws.com/v1alpha1'],
    need: 'extension',
    lacking: 'it is unknown whether custom networking is set up',
  },
  {
    kind: 'CNINode',
    resource: 'cninodes',
    groupVersions: ['vpcresources.k8s.aws/v1alpha1'],
    need: 'extension',
    lacking: 'trunk interfaces and custom networking of nodes are told by labels and settings only',
  },
  {
    kind: 'PodMetrics',
    resource: 'pods',
    // Of the metrics server, which knows no pages: one answer of half a KB a pod.
    groupVersions: ['metrics.k8s.io/v1beta1'],
    need: 'extension',
    lacking: 'it is unknown where pods use more than they request',
    label: 'pods.metrics.k8s.io',
  },
  {
    kind: 'NodeMetrics',
    resource: 'nodes',
    groupVersions: ['metrics.k8s.io/v1beta1'],
    need: 'extension',
    lacking: 'it is unknown where nodes use more than their pods request',
    label: 'nodes.metrics.k8s.io',
  },
]

function standard(groupVersion: string, lacking: string): Pick<ListedKind, 'groupVersions' | 'need' | 'lacking'> {
  return { groupVersions: [groupVersion], need: 'standard', lacking }
}
