import type { HostPort, Pod, PodRole } from '../domain/pod.js'
import type { OwnerReference, PodObject, PodSpec, PriorityClassObject } from '../domain/snapshot.js'
import { heldResources, isSidecar, neededResources, type Requested } from './requests.js'
import { volumeRules, type StorageIndex } from './volumes.js'

/** What a pod is read against. */
export type PodContext = {
  /** The 34 of Kubernetes 1.34; undefined counts as the newest. */
  readonly clusterMinor: number | undefined
  readonly storage: StorageIndex
  /** Key of the workload that owns the pod (`WorkloadIndex.keyOf`). */
  readonly workloadOf: (pod: PodObject) => string
  readonly nodeIsFargate: (nodeName: string) => boolean
  /** See `podPriorities`. */
  readonly priorityOf: (spec: PodSpec) => number
}

const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** The owner that makes the pod again; others merely have it collected with them. */
export const controllerOf = ({ metadata }: PodObject): OwnerReference | undefined =>
  metadata.owners.find((owner) => owner.controller)

/** The API server's image of a static pod, which a kubelet runs from a file of its node. */
export const isMirror = (pod: PodObject): boolean =>
  MIRROR_ANNOTATION in pod.metadata.annotations || controllerOf(pod)?.kind === 'Node'

function roleOf(pod: PodObject, { nodeIsFargate }: PodContext): PodRole {
  if (isMirror(pod)) return 'static'
  if (controllerOf(pod)?.kind === 'DaemonSet') return 'daemon'
  const fargate =
    pod.spec.schedulerName === 'fargate-scheduler' ||
    'eks.amazonaws.com/fargate-profile' in pod.metadata.labels ||
    (pod.nodeName !== '' && nodeIsFargate(pod.nodeName))
  return fargate ? 'fargate' : 'ordinary'
}

/** Priorities of the classes that every cluster has (pkg/apis/scheduling/types.go). */
const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/** Priority of pods: the API server writes it into live ones; templates name a class, or leave it to the default. */
export function podPriorities(classes: readonly PriorityClassObject[]): (spec: PodSpec) => number {
  const values = new Map(Object.entries(SYSTEM_PRIORITIES))
  for (const { metadata, value } of classes) values.set(metadata.name, value)
  const fallback = classes.find((one) => one.globalDefault)?.value ?? 0
  return (spec) => spec.priority ?? values.get(spec.priorityClassName) ?? fallback
}

const ANY_IP = '0.0.0.0'

/**
 * Ports of the node that the pod takes: those of app containers and side-cars, as init containers are gone when
 * another pod might want them (kube-scheduler plugin NodePorts).
 */
export function hostPortsOf(spec: PodSpec, clusterMinor: number | undefined): readonly HostPort[] {
  const running = [...spec.containers, ...spec.initContainers.filter((one) => isSidecar(one, clusterMinor))]
  const ports = new Map<string, HostPort>()
  for (const { hostPort, protocol, hostIP } of running.flatMap((container) => container.ports)) {
    const port: HostPort = { port: hostPort, protocol: protocol || 'TCP', ip: hostIP || ANY_IP }
    if (hostPort > 0) ports.set(`${port.protocol} ${port.ip} ${port.port}`, port)
  }
  return [...ports.values()]
}

export const knownPart = (requested: Requested): Pod['needed'] =>
  requested.kind === 'ok' ? requested.resources : requested.atLeast

/** A pod of the snapshot as the rooms behind know it. Where a request cannot be read, the sizes are those of the rest. */
export function buildPod(object: PodObject, context: PodContext): Pod {
  const { metadata, spec, status } = object
  const needed = neededResources(spec, context.clusterMinor)
  const held = heldResources(object, context.clusterMinor)
  const flaw = needed.kind === 'unreadable' ? needed : held.kind === 'unreadable' ? held : undefined
  return {
    id: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels,
    annotations: metadata.annotations,
    owner: controllerOf(object),
    workload: context.workloadOf(object),
    role: roleOf(object, context),
    nodeName: object.nodeName,
    phase: status.phase,
    ready: status.ready,
    terminating: metadata.deletedAt !== undefined,
    createdAt: metadata.createdAt,
    startedAt: status.startTime,
    priority: context.priorityOf(spec),
    spec,
    held: knownPart(held),
    needed: knownPart(needed),
    hostPorts: hostPortsOf(spec, context.clusterMinor),
    volumes: volumeRules(object, context.storage),
    unreadable: flaw?.why,
  }
}
