import type {
  Container,
  ContainerPort,
  ContainerStatus,
  PodAffinityTerm,
  PodObject,
  PodPreferences,
  PodSpec,
  PodVolume,
  Toleration,
  TopologySpreadConstraint,
} from '../domain/snapshot.js'
import {
  EMPTY,
  integer,
  list,
  object,
  optionalText,
  quantityMap,
  readMeta,
  readNodeTerm,
  readNodeTerms,
  readSelector,
  scalarText,
  text,
  textMap,
  texts,
  type Json,
} from './fields.js'

const readPodTerm = (value: unknown): PodAffinityTerm => {
  const term = object(value)
  return {
    labelSelector: readSelector(term['labelSelector']),
    namespaces: texts(term['namespaces']),
    namespaceSelector: readSelector(term['namespaceSelector']),
    topologyKey: text(term['topologyKey']),
    matchLabelKeys: texts(term['matchLabelKeys']),
    mismatchLabelKeys: texts(term['mismatchLabelKeys']),
  }
}

/** Empty where the pod has none, as most have: such a spec stays as small as it was. */
export function readPreferences(affinity: Json): { readonly preferences?: PodPreferences } {
  const terms = <Term>(kind: string, field: string, read: (value: unknown) => Term) =>
    list(object(affinity[kind])['preferredDuringSchedulingIgnoredDuringExecution']).map((entry) => {
      const preferred = object(entry)
      return { weight: integer(preferred['weight']) ?? 0, term: read(preferred[field]) }
    })
  const preferences: PodPreferences = {
    nodes: terms('nodeAffinity', 'preference', readNodeTerm),
    near: terms('podAffinity', 'podAffinityTerm', readPodTerm),
    apart: terms('podAntiAffinity', 'podAffinityTerm', readPodTerm),
  }
  return Object.values(preferences).some((each) => each.length > 0) ? { preferences } : {}
}

const readSpread = (value: unknown): TopologySpreadConstraint => {
  const constraint = object(value)
  return {
    maxSkew: integer(constraint['maxSkew']) ?? 1,
    topologyKey: text(constraint['topologyKey']),
    whenUnsatisfiable: text(constraint['whenUnsatisfiable']),
    labelSelector: readSelector(constraint['labelSelector']),
    minDomains: integer(constraint['minDomains']),
    nodeAffinityPolicy: text(constraint['nodeAffinityPolicy']),
    nodeTaintsPolicy: text(constraint['nodeTaintsPolicy']),
    matchLabelKeys: texts(constraint['matchLabelKeys']),
  }
}

const readToleration = (value: unknown): Toleration => {
  const toleration = object(value)
  return {
    key: text(toleration['key']),
    operator: text(toleration['operator']),
    value: scalarText(toleration['value']),
    effect: text(toleration['effect']),
  }
}

function readContainer(value: unknown, hostNetwork: boolean): Container {
  const container = object(value)
  const resources = object(container['resources'])
  const ports: ContainerPort[] = []
  for (const entry of list(container['ports'])) {
    const port = object(entry)
    // Live pods have it set already; templates of hostNetwork pods leave it to the API server's default.
    const hostPort = integer(port['hostPort']) ?? (hostNetwork ? integer(port['containerPort']) : undefined) ?? 0
    if (hostPort > 0) ports.push({ hostPort, protocol: text(port['protocol']) || 'TCP', hostIP: text(port['hostIP']) })
  }
  return {
    name: text(container['name']),
    requests: quantityMap(resources['requests']),
    limits: quantityMap(resources['limits']),
    ports,
    restartPolicy: text(container['restartPolicy']),
  }
}

export function readPodSpec(value: unknown): PodSpec {
  const spec = object(value)
  const hostNetwork = spec['hostNetwork'] === true
  const affinity = object(spec['affinity'])
  const nodeAffinity = object(affinity['nodeAffinity'])
  const podAffinity = object(affinity['podAffinity'])
  const podAntiAffinity = object(affinity['podAntiAffinity'])
  const required = nodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']
  const preferred = [nodeAffinity, podAffinity, podAntiAffinity].map(
    (group) => list(group['preferredDuringSchedulingIgnoredDuringExecution']).length,
  )
  const requiredTerms = (group: Json): PodAffinityTerm[] =>
    list(group['requiredDuringSchedulingIgnoredDuringExecution']).map(readPodTerm)
  return {
    containers: list(spec['containers']).map((container) => readContainer(container, hostNetwork)),
    initContainers: list(spec['initContainers']).map((container) => readContainer(container, hostNetwork)),
    overhead: quantityMap(spec['overhead']),
    podRequests: quantityMap(object(spec['resources'])['requests']),
    nodeSelector: textMap(spec['nodeSelector']),
    requiredNodeTerms:
      typeof required === 'object' && required !== null
        ? readNodeTerms(object(required)['nodeSelectorTerms'])
        : undefined,
    preferredTerms: preferred.reduce((sum, count) => sum + count, 0),
    ...readPreferences(affinity),
    podAffinity: requiredTerms(podAffinity),
    podAntiAffinity: requiredTerms(podAntiAffinity),
    topologySpread: list(spec['topologySpreadConstraints']).map(readSpread),
    tolerations: list(spec['tolerations']).map(readToleration),
    hostNetwork,
    schedulerName: text(spec['schedulerName']),
    priorityClassName: text(spec['priorityClassName']),
    priority: integer(spec['priority']),
    terminationGracePeriodSeconds: integer(spec['terminationGracePeriodSeconds']),
    schedulingGates: list(spec['schedulingGates']).map((gate) => text(object(gate)['name'])),
    resourceClaims: list(spec['resourceClaims']).map((claim) => text(object(claim)['name'])),
    restartPolicy: text(spec['restartPolicy']),
    runtimeClassName: text(spec['runtimeClassName']),
  }
}

/** Only volumes that bind a pod to a place or hold data; configuration and tokens are of no interest. */
export function readPodVolumes(value: unknown): readonly PodVolume[] {
  const volumes: PodVolume[] = []
  for (const entry of list(value)) {
    const volume = object(entry)
    const name = text(volume['name'])
    if ('persistentVolumeClaim' in volume) {
      const claim = object(volume['persistentVolumeClaim'])
      volumes.push({ kind: 'claim', claim: text(claim['claimName']), readOnly: claim['readOnly'] === true })
    } else if ('ephemeral' in volume) volumes.push({ kind: 'ephemeral', name })
    else if ('emptyDir' in volume)
      volumes.push({ kind: 'emptyDir', name, memory: text(object(volume['emptyDir'])['medium']) === 'Memory' })
    else if ('hostPath' in volume)
      volumes.push({ kind: 'hostPath', name, path: text(object(volume['hostPath'])['path']) })
    else if ('awsElasticBlockStore' in volume) {
      const disk = object(volume['awsElasticBlockStore'])
      volumes.push({
        kind: 'awsElasticBlockStore',
        volumeId: text(disk['volumeID']),
        readOnly: disk['readOnly'] === true,
      })
    }
  }
  return volumes
}

/** Statuses that say no more than the spec are left out: only a resize under way makes them differ. */
function readContainerStatuses(status: Json, spec: PodSpec): readonly ContainerStatus[] {
  const asked = new Map([...spec.containers, ...spec.initContainers].map(({ name, requests }) => [name, requests]))
  const same = (name: string, actual: unknown): boolean => {
    const wanted = asked.get(name) ?? {}
    const map = quantityMap(actual)
    const names = Object.keys(map)
    return names.length === Object.keys(wanted).length && names.every((resource) => map[resource] === wanted[resource])
  }
  const statuses: ContainerStatus[] = []
  for (const field of ['containerStatuses', 'initContainerStatuses'])
    for (const entry of list(status[field])) {
      const container = object(entry)
      const resources = object(container['resources'])['requests']
      const allocated = container['allocatedResources']
      const name = text(container['name'])
      if (resources === undefined && allocated === undefined) continue
      if (same(name, resources ?? allocated) && same(name, allocated ?? resources)) continue
      statuses.push({
        name,
        requests: resources === undefined ? undefined : quantityMap(resources),
        allocated: allocated === undefined ? undefined : quantityMap(allocated),
      })
    }
  return statuses
}

export function readPod(item: Json): PodObject {
  const rawSpec = object(item['spec'])
  const spec = readPodSpec(rawSpec)
  const status = object(item['status'])
  const condition = (type: string): Json => {
    for (const entry of list(status['conditions'])) if (object(entry)['type'] === type) return object(entry)
    return EMPTY
  }
  const scheduled = condition('PodScheduled')
  const podResources = object(status['resources'])['requests'] ?? status['allocatedResources']
  return {
    metadata: readMeta(item['metadata']),
    spec,
    volumes: readPodVolumes(rawSpec['volumes']),
    nodeName: text(rawSpec['nodeName']),
    status: {
      phase: text(status['phase']),
      nominatedNodeName: text(status['nominatedNodeName']),
      startTime: optionalText(status['startTime']),
      ready: condition('Ready')['status'] === 'True',
      resizePending: text(condition('PodResizePending')['reason']),
      unschedulable: scheduled['status'] === 'False' ? text(scheduled['message']) : '',
      containers: readContainerStatuses(status, spec),
      podAllocated: podResources === undefined ? undefined : quantityMap(podResources),
    },
  }
}
