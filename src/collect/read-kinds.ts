import type {
  AutoscalerObject,
  ControllerObject,
  CsiNodeObject,
  DisruptionBudgetObject,
  KubeletSettings,
  Labels,
  NodeClassObject,
  NodeObject,
  NodePoolObject,
  PersistentVolumeClaimObject,
  PersistentVolumeObject,
  PriorityClassObject,
  RuntimeClassObject,
  StorageClassObject,
} from '../domain/snapshot.js'
import {
  integer,
  list,
  object,
  optionalText,
  quantityMap,
  readExpressions,
  readMeta,
  readNodeTerms,
  readSelector,
  readTaints,
  scalarText,
  text,
  textMap,
  texts,
  type Json,
} from './fields.js'
import { readPodSpec, readPodVolumes } from './read-pod.js'

export function readNode(item: Json): NodeObject {
  const spec = object(item['spec'])
  const status = object(item['status'])
  const info = object(status['nodeInfo'])
  const ready = list(status['conditions'])
    .map(object)
    .find((condition) => condition['type'] === 'Ready')
  const internal = list(status['addresses'])
    .map(object)
    .find((address) => address['type'] === 'InternalIP')
  return {
    metadata: readMeta(item['metadata']),
    spec: {
      providerID: text(spec['providerID']),
      unschedulable: spec['unschedulable'] === true,
      taints: readTaints(spec['taints']),
    },
    status: {
      capacity: quantityMap(status['capacity']),
      allocatable: quantityMap(status['allocatable']),
      ready: text(ready?.['status']),
      internalIP: text(internal?.['address']),
      nodeInfo: {
        architecture: text(info['architecture']),
        operatingSystem: text(info['operatingSystem']),
        osImage: text(info['osImage']),
        kernelVersion: text(info['kernelVersion']),
        kubeletVersion: text(info['kubeletVersion']),
      },
    },
  }
}

/** The variables of the VPC CNI that decide how many pods a node holds; nothing else of an environment is ever kept. */
export const CNI_VARIABLES: ReadonlySet<string> = new Set([
  'ENABLE_PREFIX_DELEGATION',
  'ENABLE_IPv4',
  'ENABLE_IPv6',
  'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
  'ENI_CONFIG_LABEL_DEF',
  'ENI_CONFIG_ANNOTATION_DEF',
  'MAX_ENI',
  'ENABLE_POD_ENI',
  'WARM_ENI_TARGET',
  'WARM_PREFIX_TARGET',
  'WARM_IP_TARGET',
  'MINIMUM_IP_TARGET',
  'ENABLE_SUBNET_DISCOVERY',
  'ENABLE_MULTI_NIC',
])

function readCniSettings(kind: string, meta: Json, podSpec: Json): Labels {
  if (kind !== 'DaemonSet' || meta['name'] !== 'aws-node' || meta['namespace'] !== 'kube-system') return {}
  const settings: Record<string, string> = {}
  const container = list(podSpec['containers'])
    .map(object)
    .find(({ name }) => name === 'aws-node')
  for (const entry of list(container?.['env'])) {
    const variable = object(entry)
    const name = text(variable['name'])
    if (CNI_VARIABLES.has(name)) settings[name] = scalarText(variable['value'])
  }
  return settings
}

export function readController(item: Json): ControllerObject {
  const spec = object(item['spec'])
  const status = object(item['status'])
  const kind = text(item['kind'])
  const job = kind === 'CronJob' ? object(object(spec['jobTemplate'])['spec']) : spec
  const template = object(job['template'])
  const podSpec = object(template['spec'])
  return {
    kind,
    metadata: readMeta(item['metadata']),
    replicas: integer(spec['replicas']) ?? integer(job['parallelism']),
    podLabels: textMap(object(template['metadata'])['labels']),
    // Only DaemonSets put pods on nodes that do not exist yet; of the others the live pods tell more.
    template: kind === 'DaemonSet' ? readPodSpec(podSpec) : undefined,
    templateVolumes: kind === 'DaemonSet' ? readPodVolumes(podSpec['volumes']) : [],
    maxUnavailable: scalarText(object(object(spec['strategy'])['rollingUpdate'])['maxUnavailable']),
    minReadySeconds: integer(spec['minReadySeconds']) ?? 0,
    backoffLimit: integer(job['backoffLimit']),
    startTime: optionalText(status['startTime']),
    completionTime: optionalText(status['completionTime']),
    cniSettings: readCniSettings(kind, object(item['metadata']), podSpec),
  }
}

export function readDisruptionBudget(item: Json): DisruptionBudgetObject {
  const spec = object(item['spec'])
  const status = object(item['status'])
  const generation = integer(object(item['metadata'])['generation'])
  const observed = integer(status['observedGeneration'])
  // A status of another generation says nothing about the spec that is in force.
  const current = generation === undefined || observed === undefined || generation === observed
  return {
    metadata: readMeta(item['metadata']),
    selector: readSelector(spec['selector']),
    minAvailable: scalarText(spec['minAvailable']),
    maxUnavailable: scalarText(spec['maxUnavailable']),
    unhealthyPodEvictionPolicy: text(spec['unhealthyPodEvictionPolicy']),
    disruptionsAllowed: current ? integer(status['disruptionsAllowed']) : undefined,
    desiredHealthy: integer(status['desiredHealthy']),
    expectedPods: integer(status['expectedPods']),
  }
}

export function readVolume(item: Json): PersistentVolumeObject {
  const spec = object(item['spec'])
  const csi = object(spec['csi'])
  const inTree = object(spec['awsElasticBlockStore'])
  const required = object(spec['nodeAffinity'])['required']
  // In-tree EBS volumes are served by the CSI driver since 1.23 and count against its limit.
  const driver = 'awsElasticBlockStore' in spec ? 'ebs.csi.aws.com' : text(csi['driver'])
  return {
    metadata: readMeta(item['metadata']),
    requiredNodeTerms: required === undefined ? undefined : readNodeTerms(object(required)['nodeSelectorTerms']),
    accessModes: texts(spec['accessModes']),
    driver,
    handle: text(csi['volumeHandle']) || (text(inTree['volumeID']).split('/').at(-1) ?? ''),
    local: 'local' in spec || 'hostPath' in spec,
    capacity: scalarText(object(spec['capacity'])['storage']),
    storageClassName: text(spec['storageClassName']),
  }
}

export function readClaim(item: Json): PersistentVolumeClaimObject {
  const spec = object(item['spec'])
  return {
    metadata: readMeta(item['metadata']),
    phase: text(object(item['status'])['phase']),
    volumeName: text(spec['volumeName']),
    accessModes: texts(spec['accessModes']),
    storageClassName: text(spec['storageClassName']),
  }
}

export const readStorageClass = (item: Json): StorageClassObject => ({
  metadata: readMeta(item['metadata']),
  provisioner: text(item['provisioner']),
  volumeBindingMode: text(item['volumeBindingMode']) || 'Immediate',
  allowedTopologies: list(item['allowedTopologies']).map((topology) => ({
    // TopologySelectorTerm knows neither operators nor fields: every key must have one of the values.
    matchExpressions: list(object(topology)['matchLabelExpressions']).map((entry) => ({
      key: text(object(entry)['key']),
      operator: 'In',
      values: texts(object(entry)['values']),
    })),
    matchFields: [],
  })),
})

export const readCsiNode = (item: Json): CsiNodeObject => ({
  metadata: readMeta(item['metadata']),
  drivers: list(object(item['spec'])['drivers']).map((entry) => ({
    name: text(object(entry)['name']),
    allocatableCount: integer(object(object(entry)['allocatable'])['count']),
  })),
})

export const readPriorityClass = (item: Json): PriorityClassObject => ({
  metadata: readMeta(item['metadata']),
  value: integer(item['value']) ?? 0,
  globalDefault: item['globalDefault'] === true,
})

export const readRuntimeClass = (item: Json): RuntimeClassObject => ({
  metadata: readMeta(item['metadata']),
  overhead: quantityMap(object(item['overhead'])['podFixed']),
})

export function readAutoscaler(item: Json): AutoscalerObject {
  const spec = object(item['spec'])
  const target = object(spec['scaleTargetRef'])
  return {
    metadata: readMeta(item['metadata']),
    targetKind: text(target['kind']),
    targetName: text(target['name']),
    minReplicas: integer(spec['minReplicas']) ?? 1,
    maxReplicas: integer(spec['maxReplicas']) ?? 1,
  }
}

function readKubelet(value: unknown): KubeletSettings | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const kubelet = object(value)
  const maxPods = text(kubelet['maxPods']).trim()
  const isNumber = /^\d+$/.test(maxPods)
  return {
    maxPods: isNumber ? Number(maxPods) : integer(kubelet['maxPods']),
    // Newer Karpenter takes a CEL expression in the place of the number.
    maxPodsExpression: maxPods === '' || isNumber ? undefined : maxPods,
    podsPerCore: integer(kubelet['podsPerCore']),
    kubeReserved: quantityMap(kubelet['kubeReserved']),
    systemReserved: quantityMap(kubelet['systemReserved']),
    evictionHard: textMap(kubelet['evictionHard']),
  }
}

export function readNodePool(item: Json): NodePoolObject {
  const spec = object(item['spec'])
  const template = object(spec['template'])
  const node = object(template['spec'])
  const nodeClass = object(node['nodeClassRef'])
  const expireAfter = text(object(spec['disruption'])['expireAfter'])
  return {
    metadata: readMeta(item['metadata']),
    requirements: readExpressions(node['requirements']),
    labels: textMap(object(template['metadata'])['labels']),
    taints: readTaints(node['taints']),
    startupTaints: readTaints(node['startupTaints']),
    nodeClass: { group: text(nodeClass['group']), kind: text(nodeClass['kind']), name: text(nodeClass['name']) },
    limits: quantityMap(spec['limits']),
    replicas: integer(spec['replicas']),
    kubelet: readKubelet(node['kubelet']),
    ...(expireAfter === '' ? {} : { expireAfter }),
  }
}

export function readNodeClass(item: Json): NodeClassObject {
  const spec = object(item['spec'])
  const devices = list(spec['blockDeviceMappings']).map(object)
  const root = devices.find((device) => device['rootVolume'] === true) ?? devices[0]
  return {
    metadata: readMeta(item['metadata']),
    amiFamily: text(spec['amiFamily']),
    amiAlias: text(object(list(spec['amiSelectorTerms'])[0])['alias']),
    instanceStorePolicy: text(spec['instanceStorePolicy']),
    rootVolumeSize: scalarText(object(root?.['ebs'])['volumeSize']),
    kubelet: readKubelet(spec['kubelet']),
  }
}
