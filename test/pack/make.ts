import type { Pod, VolumeRules } from '../../src/domain/pod.js'
import { NO_RESOURCES, type Resources } from '../../src/domain/resources.js'
import type { Labels, NamespaceObject } from '../../src/domain/snapshot.js'
import { bytes, mebibytes, milliCpu, podSlots } from '../../src/domain/units.js'
import type { Site } from '../../src/pack/board/board.js'
import { namespaceObject, podSpec, type Api } from '../helpers/objects.js'

export const resources = (cpu: number, memoryMib: number, rest: Partial<Resources> = {}): Resources => ({
  ...NO_RESOURCES,
  cpu: milliCpu(cpu),
  memory: mebibytes(memoryMib),
  pods: podSlots(1),
  ...rest,
})

const NO_VOLUMES: VolumeRules = {
  nodeTerms: [],
  zoneLabels: [],
  attachments: [],
  exclusiveClaims: [],
  sharedClaims: [],
  inTreeVolumes: [],
  localData: [],
  problems: [],
}

export type PodParts = Partial<Omit<Pod, 'spec' | 'volumes'>> & {
  /** In the API's shape. */
  readonly spec?: Api
  readonly volumes?: Partial<VolumeRules>
}

/** A pod for the board: what is left out asks for nothing but a pod slot. */
export const makePod = (name: string, parts: PodParts = {}): Pod => {
  const namespace = parts.namespace ?? 'default'
  const needed = parts.needed ?? resources(0, 0)
  return {
    id: `${namespace}/${name}`,
    name,
    labels: {},
    annotations: {},
    owner: undefined,
    workload: `${namespace}/Pod/${name}`,
    role: 'ordinary',
    nodeName: '',
    phase: 'Pending',
    ready: false,
    terminating: false,
    createdAt: undefined,
    startedAt: undefined,
    priority: 0,
    held: needed,
    hostPorts: [],
    unreadable: undefined,
    ...parts,
    namespace,
    needed,
    spec: podSpec(parts.spec),
    volumes: { ...NO_VOLUMES, ...parts.volumes },
  }
}

export const makeSite = (name: string, labels: Labels = {}, parts: Partial<Site> = {}): Site => ({
  name,
  labels: { 'kubernetes.io/hostname': name, ...labels },
  taints: [],
  unschedulable: false,
  allocatable: resources(4000, 16384, { pods: podSlots(110), ephemeralStorage: bytes(1e11) }),
  attachLimits: {},
  ...parts,
})

export const makeNamespace = (name: string, labels: Labels = {}): NamespaceObject =>
  namespaceObject({ metadata: { name, labels } })
