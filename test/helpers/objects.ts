/**
 * API-shaped objects, as tests and `kubectl get -o json` write them, to the domain's objects: every field that the
 * partial leaves out gets the value that an API server or a reader would give it. Written for tests only: it trusts its
 * input.
 */
import { readCniNode, readNodeClaim, readScaledObject, readVerticalAutoscaler } from '../../src/collect/read-addons.js'
import { readLimitRange, readNodeUsage, readPodUsage, readResourceQuota } from '../../src/collect/read-limits.js'
import { readPreferences } from '../../src/collect/read-pod.js'
import type {
  AutoscalerObject,
  Container,
  ContainerPort,
  ControllerObject,
  CsiNodeObject,
  DisruptionBudgetObject,
  Expression,
  KubeletSettings,
  LabelSelector,
  NamespaceObject,
  NodeClassObject,
  NodeObject,
  NodePoolObject,
  NodeSelectorTerm,
  ObjectMeta,
  PersistentVolumeClaimObject,
  PersistentVolumeObject,
  PodAffinityTerm,
  PodObject,
  PodSpec,
  PodVolume,
  PriorityClassObject,
  QuantityMap,
  RuntimeClassObject,
  Snapshot,
  StorageClassObject,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../../src/domain/snapshot.js'

/** A JSON object in the API's shape; any part of it may be missing. */
export type Api = { readonly [field: string]: unknown }

const has = (value: unknown): boolean => value !== undefined && value !== null
const object = (value: unknown): Api => (typeof value === 'object' && value !== null ? (value as Api) : {})
const list = (value: unknown): readonly Api[] => (Array.isArray(value) ? value.map(object) : [])
const text = (value: unknown, fallback = ''): string => (has(value) ? String(value) : fallback)
const maybeText = (value: unknown): string | undefined => (has(value) ? String(value) : undefined)
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
const maybeNumber = (value: unknown): number | undefined => (has(value) ? Number(value) : undefined)
const dictionary = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(object(value)).map(([key, entry]) => [key, text(entry)]))

const metadata = (value: unknown, namespaced: boolean): ObjectMeta => {
  const meta = object(value)
  const name = text(meta['name'], 'unnamed')
  const namespace = namespaced ? text(meta['namespace'], 'default') : ''
  return {
    name,
    namespace,
    uid: text(meta['uid'], `uid-of-${namespace}/${name}`),
    labels: dictionary(meta['labels']),
    annotations: dictionary(meta['annotations']),
    owners: list(meta['ownerReferences']).map((owner) => ({
      kind: text(owner['kind']),
      name: text(owner['name']),
      uid: text(owner['uid']),
      controller: owner['controller'] === true,
    })),
    createdAt: maybeText(meta['creationTimestamp']),
    deletedAt: maybeText(meta['deletionTimestamp']),
  }
}

const expression = (value: Api): Expression => ({
  key: text(value['key']),
  operator: text(value['operator']),
  values: texts(value['values']),
})

const selectorTerm = (value: Api): NodeSelectorTerm => ({
  matchExpressions: list(value['matchExpressions']).map(expression),
  matchFields: list(value['matchFields']).map(expression),
})

const nodeTerms = (required: unknown): readonly NodeSelectorTerm[] | undefined =>
  has(required) ? list(object(required)['nodeSelectorTerms']).map(selectorTerm) : undefined

export const labelSelector = (value: unknown): LabelSelector | undefined =>
  has(value)
    ? {
        matchLabels: dictionary(object(value)['matchLabels']),
        matchExpressions: list(object(value)['matchExpressions']).map(expression),
      }
    : undefined

const taint = (value: Api): Taint => ({
  key: text(value['key']),
  value: text(value['value']),
  effect: text(value['effect']),
})

const toleration = (value: Api): Toleration => ({ ...taint(value), operator: text(value['operator']) })

const affinityTerm = (value: Api): PodAffinityTerm => ({
  labelSelector: labelSelector(value['labelSelector']),
  namespaces: texts(value['namespaces']),
  namespaceSelector: labelSelector(value['namespaceSelector']),
  topologyKey: text(value['topologyKey']),
  matchLabelKeys: texts(value['matchLabelKeys']),
  mismatchLabelKeys: texts(value['mismatchLabelKeys']),
})

const spreadConstraint = (value: Api): TopologySpreadConstraint => ({
  maxSkew: Number(value['maxSkew'] ?? 1),
  topologyKey: text(value['topologyKey']),
  whenUnsatisfiable: text(value['whenUnsatisfiable'], 'DoNotSchedule'),
  labelSelector: labelSelector(value['labelSelector']),
  minDomains: maybeNumber(value['minDomains']),
  nodeAffinityPolicy: text(value['nodeAffinityPolicy']),
  nodeTaintsPolicy: text(value['nodeTaintsPolicy']),
  matchLabelKeys: texts(value['matchLabelKeys']),
})

const container =
  (hostNetwork: boolean) =>
  (value: Api, index: number): Container => {
    const resources = object(value['resources'])
    const limits = dictionary(resources['limits'])
    const port = (entry: Api): ContainerPort => ({
      hostPort: Number(entry['hostPort'] ?? (hostNetwork ? entry['containerPort'] : undefined) ?? 0),
      protocol: text(entry['protocol'], 'TCP'),
      hostIP: text(entry['hostIP']),
    })
    return {
      name: text(value['name'], `c${index}`),
      requests: dictionary(resources['requests']),
      limits,
      ports: list(value['ports'])
        .map(port)
        .filter((one) => one.hostPort > 0),
      restartPolicy: text(value['restartPolicy']),
    }
  }

/** From a pod's `spec` (or a template's): requests that are missing stay missing, limits stand beside them. */
export function podSpec(value: unknown): PodSpec {
  const spec = object(value)
  const affinity = object(spec['affinity'])
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
  const hostNetwork = spec['hostNetwork'] === true
  const terms = (kind: string): readonly PodAffinityTerm[] => list(object(affinity[kind])[required]).map(affinityTerm)
  const kinds = ['nodeAffinity', 'podAffinity', 'podAntiAffinity']
  return {
    containers: list(spec['containers']).map(container(hostNetwork)),
    initContainers: list(spec['initContainers']).map(container(hostNetwork)),
    overhead: dictionary(spec['overhead']),
    podRequests: dictionary(object(spec['resources'])['requests']),
    nodeSelector: dictionary(spec['nodeSelector']),
    requiredNodeTerms: nodeTerms(object(affinity['nodeAffinity'])[required]),
    preferredTerms: kinds.reduce((count, kind) => count + list(object(affinity[kind])[preferred]).length, 0),
    ...readPreferences(affinity),
    podAffinity: terms('podAffinity'),
    podAntiAffinity: terms('podAntiAffinity'),
    topologySpread: list(spec['topologySpreadConstraints']).map(spreadConstraint),
    tolerations: list(spec['tolerations']).map(toleration),
    hostNetwork,
    schedulerName: text(spec['schedulerName'], 'default-scheduler'),
    ...(has(spec['runtimeClassName']) ? { runtimeClassName: text(spec['runtimeClassName']) } : {}),
    priorityClassName: text(spec['priorityClassName']),
    priority: maybeNumber(spec['priority']),
    terminationGracePeriodSeconds: maybeNumber(spec['terminationGracePeriodSeconds']),
    schedulingGates: list(spec['schedulingGates']).map((gate) => text(gate['name'])),
    resourceClaims: list(spec['resourceClaims']).map((claim) => text(claim['name'])),
    restartPolicy: text(spec['restartPolicy'], 'Always'),
  }
}

/** From a pod's `spec.volumes`; kinds that bind nothing (secrets, config maps, …) are left out. */
export const podVolumes = (value: unknown): readonly PodVolume[] =>
  list(value).flatMap((volume): PodVolume[] => {
    const name = text(volume['name'])
    const claim = object(volume['persistentVolumeClaim'])
    const ebs = object(volume['awsElasticBlockStore'])
    if (has(volume['persistentVolumeClaim']))
      return [{ kind: 'claim', claim: text(claim['claimName']), readOnly: claim['readOnly'] === true }]
    if (has(volume['ephemeral'])) return [{ kind: 'ephemeral', name }]
    if (has(volume['emptyDir']))
      return [{ kind: 'emptyDir', name, memory: object(volume['emptyDir'])['medium'] === 'Memory' }]
    if (has(volume['hostPath'])) return [{ kind: 'hostPath', name, path: text(object(volume['hostPath'])['path']) }]
    if (has(volume['awsElasticBlockStore']))
      return [{ kind: 'awsElasticBlockStore', volumeId: text(ebs['volumeID']), readOnly: ebs['readOnly'] === true }]
    return []
  })

const maybeQuantities = (value: unknown): QuantityMap | undefined => (has(value) ? dictionary(value) : undefined)

/** From a v1 Pod. Without conditions, a bound pod is Running and ready, and an unbound one is Pending. */
export function podObject(value: Api = {}): PodObject {
  const spec = object(value['spec'])
  const status = object(value['status'])
  const conditions = list(status['conditions'])
  const condition = (type: string): Api => conditions.find((one) => one['type'] === type) ?? {}
  const nodeName = text(spec['nodeName'])
  const phase = text(status['phase'], nodeName === '' ? 'Pending' : 'Running')
  const statuses = [...list(status['initContainerStatuses']), ...list(status['containerStatuses'])]
  return {
    metadata: metadata(value['metadata'], true),
    spec: podSpec(spec),
    volumes: podVolumes(spec['volumes']),
    nodeName,
    status: {
      phase,
      nominatedNodeName: text(status['nominatedNodeName']),
      startTime: maybeText(status['startTime']),
      ready: conditions.length === 0 ? phase === 'Running' : condition('Ready')['status'] === 'True',
      resizePending: text(condition('PodResizePending')['reason']),
      unschedulable: condition('PodScheduled')['status'] === 'False' ? text(condition('PodScheduled')['message']) : '',
      containers: statuses
        .filter((one) => has(one['resources']) || has(one['allocatedResources']))
        .map((one) => ({
          name: text(one['name']),
          requests: has(one['resources']) ? dictionary(object(one['resources'])['requests']) : undefined,
          allocated: maybeQuantities(one['allocatedResources']),
        })),
      podAllocated: maybeQuantities(status['allocatedResources']),
    },
  }
}

/** From a v1 Node. Ready unless a condition says otherwise; a capacity that is left out equals the allocatable. */
export function nodeObject(value: Api = {}): NodeObject {
  const spec = object(value['spec'])
  const status = object(value['status'])
  const info = object(status['nodeInfo'])
  const conditions = list(status['conditions'])
  const addresses = list(status['addresses'])
  return {
    metadata: metadata(value['metadata'], false),
    spec: {
      providerID: text(spec['providerID']),
      unschedulable: spec['unschedulable'] === true,
      taints: list(spec['taints']).map(taint),
    },
    status: {
      capacity: dictionary(status['capacity'] ?? status['allocatable']),
      allocatable: dictionary(status['allocatable'] ?? status['capacity']),
      ready: conditions.length === 0 ? 'True' : text(conditions.find((one) => one['type'] === 'Ready')?.['status']),
      internalIP: text(addresses.find((one) => one['type'] === 'InternalIP')?.['address']),
      nodeInfo: {
        architecture: text(info['architecture'], 'amd64'),
        operatingSystem: text(info['operatingSystem'], 'linux'),
        osImage: text(info['osImage'], 'Amazon Linux 2023.8.20250707'),
        kernelVersion: text(info['kernelVersion'], '6.12.37-61.105.amzn2023.x86_64'),
        kubeletVersion: text(info['kubeletVersion'], 'v1.34.1-eks-113cf36'),
      },
    },
  }
}

/** From a Deployment, StatefulSet, ReplicaSet, DaemonSet, Job, CronJob or ReplicationController; `kind` must be there. */
export function controllerObject(value: Api): ControllerObject {
  const kind = text(value['kind'])
  const spec = object(value['spec'])
  const status = object(value['status'])
  const jobSpec = kind === 'CronJob' ? object(object(spec['jobTemplate'])['spec']) : spec
  const template = object(jobSpec['template'])
  const scaled = kind !== 'DaemonSet' && kind !== 'Job' && kind !== 'CronJob'
  const cniContainer = list(object(template['spec'])['containers']).find((one) => one['name'] === 'aws-node')
  return {
    kind,
    metadata: metadata(value['metadata'], true),
    replicas: kind === 'Job' ? Number(spec['parallelism'] ?? 1) : scaled ? Number(spec['replicas'] ?? 1) : undefined,
    podLabels: dictionary(object(template['metadata'])['labels']),
    template: has(template['spec']) ? podSpec(template['spec']) : undefined,
    templateVolumes: podVolumes(object(template['spec'])['volumes']),
    maxUnavailable: text(object(object(spec['strategy'])['rollingUpdate'])['maxUnavailable']),
    minReadySeconds: Number(spec['minReadySeconds'] ?? 0),
    backoffLimit: maybeNumber(jobSpec['backoffLimit']),
    startTime: maybeText(status['startTime']),
    completionTime: maybeText(status['completionTime']),
    cniSettings: Object.fromEntries(
      list(cniContainer?.['env']).map((variable) => [text(variable['name']), text(variable['value'])]),
    ),
  }
}

export function disruptionBudgetObject(value: Api): DisruptionBudgetObject {
  const spec = object(value['spec'])
  const status = object(value['status'])
  return {
    metadata: metadata(value['metadata'], true),
    selector: labelSelector(spec['selector']),
    minAvailable: text(spec['minAvailable']),
    maxUnavailable: text(spec['maxUnavailable']),
    unhealthyPodEvictionPolicy: text(spec['unhealthyPodEvictionPolicy']),
    disruptionsAllowed: maybeNumber(status['disruptionsAllowed']),
    desiredHealthy: maybeNumber(status['desiredHealthy']),
    expectedPods: maybeNumber(status['expectedPods']),
  }
}

export function persistentVolumeObject(value: Api): PersistentVolumeObject {
  const spec = object(value['spec'])
  const csi = object(spec['csi'])
  const ebs = has(spec['awsElasticBlockStore']) ? object(spec['awsElasticBlockStore']) : undefined
  return {
    metadata: metadata(value['metadata'], false),
    requiredNodeTerms: nodeTerms(object(spec['nodeAffinity'])['required']),
    accessModes: texts(spec['accessModes']),
    driver: ebs ? 'ebs.csi.aws.com' : text(csi['driver']),
    handle: ebs ? text(ebs['volumeID']).replace(/^.*\//, '') : text(csi['volumeHandle']),
    local: has(spec['local']) || has(spec['hostPath']),
    capacity: text(object(spec['capacity'])['storage']),
    storageClassName: text(spec['storageClassName']),
  }
}

export function persistentVolumeClaimObject(value: Api): PersistentVolumeClaimObject {
  const spec = object(value['spec'])
  return {
    metadata: metadata(value['metadata'], true),
    phase: text(object(value['status'])['phase'], has(spec['volumeName']) ? 'Bound' : 'Pending'),
    volumeName: text(spec['volumeName']),
    accessModes: texts(spec['accessModes']),
    storageClassName: text(spec['storageClassName']),
  }
}

export const storageClassObject = (value: Api): StorageClassObject => ({
  metadata: metadata(value['metadata'], false),
  provisioner: text(value['provisioner']),
  volumeBindingMode: text(value['volumeBindingMode'], 'Immediate'),
  allowedTopologies: list(value['allowedTopologies']).map((term) => ({
    matchExpressions: list(term['matchLabelExpressions']).map((one) => expression({ ...one, operator: 'In' })),
    matchFields: [],
  })),
})

export const csiNodeObject = (value: Api): CsiNodeObject => ({
  metadata: metadata(value['metadata'], false),
  drivers: list(object(value['spec'])['drivers']).map((driver) => ({
    name: text(driver['name']),
    allocatableCount: maybeNumber(object(driver['allocatable'])['count']),
  })),
})

export const namespaceObject = (value: Api): NamespaceObject => ({ metadata: metadata(value['metadata'], false) })

export const priorityClassObject = (value: Api): PriorityClassObject => ({
  metadata: metadata(value['metadata'], false),
  value: Number(value['value'] ?? 0),
  globalDefault: value['globalDefault'] === true,
})

export const runtimeClassObject = (value: Api): RuntimeClassObject => ({
  metadata: metadata(value['metadata'], false),
  overhead: dictionary(object(value['overhead'])['podFixed']),
})

export function autoscalerObject(value: Api): AutoscalerObject {
  const spec = object(value['spec'])
  const target = object(spec['scaleTargetRef'])
  return {
    metadata: metadata(value['metadata'], true),
    targetKind: text(target['kind']),
    targetName: text(target['name']),
    minReplicas: Number(spec['minReplicas'] ?? 1),
    maxReplicas: Number(spec['maxReplicas'] ?? 1),
  }
}

const kubelet = (value: unknown): KubeletSettings | undefined =>
  has(value)
    ? {
        maxPods: maybeNumber(object(value)['maxPods']),
        podsPerCore: maybeNumber(object(value)['podsPerCore']),
        kubeReserved: dictionary(object(value)['kubeReserved']),
        systemReserved: dictionary(object(value)['systemReserved']),
        evictionHard: dictionary(object(value)['evictionHard']),
      }
    : undefined

export function nodePoolObject(value: Api): NodePoolObject {
  const spec = object(value['spec'])
  const template = object(spec['template'])
  const nodeSpec = object(template['spec'])
  const nodeClass = object(nodeSpec['nodeClassRef'])
  return {
    metadata: metadata(value['metadata'], false),
    requirements: list(nodeSpec['requirements']).map(expression),
    labels: dictionary(object(template['metadata'])['labels']),
    taints: list(nodeSpec['taints']).map(taint),
    startupTaints: list(nodeSpec['startupTaints']).map(taint),
    nodeClass: { group: text(nodeClass['group']), kind: text(nodeClass['kind']), name: text(nodeClass['name']) },
    limits: dictionary(spec['limits']),
    replicas: maybeNumber(spec['replicas']),
    kubelet: kubelet(nodeSpec['kubelet']),
  }
}

export function nodeClassObject(value: Api): NodeClassObject {
  const spec = object(value['spec'])
  const disks = list(spec['blockDeviceMappings'])
  const root = disks.find((disk) => disk['rootVolume'] === true) ?? disks[0] ?? {}
  return {
    metadata: metadata(value['metadata'], false),
    amiFamily: text(spec['amiFamily']),
    amiAlias: text(list(spec['amiSelectorTerms']).find((term) => has(term['alias']))?.['alias']),
    instanceStorePolicy: text(spec['instanceStorePolicy']),
    rootVolumeSize: text(object(root['ebs'])['volumeSize']),
    kubelet: kubelet(spec['kubelet']),
  }
}

const CONTROLLERS = new Set([
  'Deployment',
  'StatefulSet',
  'ReplicaSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'ReplicationController',
])

/** A snapshot from the items of a v1 List. Items of kinds that the model does not read are left out. */
export function snapshotOf(items: readonly Api[], extra: Partial<Snapshot> = {}): Snapshot {
  const ofKind = <T>(kind: string, read: (item: Api) => T): readonly T[] =>
    items.filter((item) => item['kind'] === kind).map(read)
  const kinds = ['Node', 'Pod', 'DaemonSet', 'PersistentVolume', 'PersistentVolumeClaim', 'StorageClass', 'CSINode']
  return {
    nodes: ofKind('Node', nodeObject),
    pods: ofKind('Pod', podObject),
    controllers: items.filter((item) => CONTROLLERS.has(text(item['kind']))).map(controllerObject),
    disruptionBudgets: ofKind('PodDisruptionBudget', disruptionBudgetObject),
    volumes: ofKind('PersistentVolume', persistentVolumeObject),
    claims: ofKind('PersistentVolumeClaim', persistentVolumeClaimObject),
    storageClasses: ofKind('StorageClass', storageClassObject),
    csiNodes: ofKind('CSINode', csiNodeObject),
    namespaces: ofKind('Namespace', namespaceObject),
    priorityClasses: ofKind('PriorityClass', priorityClassObject),
    runtimeClasses: ofKind('RuntimeClass', runtimeClassObject),
    autoscalers: [...ofKind('HorizontalPodAutoscaler', autoscalerObject), ...ofKind('ScaledObject', readScaledObject)],
    verticalAutoscalers: ofKind('VerticalPodAutoscaler', readVerticalAutoscaler),
    podUsage: ofKind('PodMetrics', readPodUsage),
    nodeUsage: ofKind('NodeMetrics', readNodeUsage),
    resourceQuotas: ofKind('ResourceQuota', readResourceQuota),
    limitRanges: ofKind('LimitRange', readLimitRange),
    nodePools: ofKind('NodePool', nodePoolObject),
    nodeClasses: [...ofKind('EC2NodeClass', nodeClassObject), ...ofKind('NodeClass', nodeClassObject)],
    nodeClaims: ofKind('NodeClaim', readNodeClaim),
    eniConfigs: ofKind('ENIConfig', (item) => metadata(item['metadata'], false).name),
    cniNodes: ofKind('CNINode', readCniNode),
    absentKinds: kinds.filter((kind) => !items.some((item) => item['kind'] === kind)),
    findings: [],
    ...extra,
  }
}
