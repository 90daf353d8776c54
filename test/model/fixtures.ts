import type { Node } from '../../src/domain/cluster.js'
import type { InstanceType } from '../../src/domain/offering.js'
import type { Pod, VolumeRules, Workload } from '../../src/domain/pod.js'
import { NO_RESOURCES, type Resources } from '../../src/domain/resources.js'
import { bytes, GIBIBYTE, milliCpu, podSlots } from '../../src/domain/units.js'
import { groupNames } from '../../src/model/group-name.js'
import { identify } from '../../src/model/identity.js'
import { nodeObject, podSpec, type Api } from '../helpers/objects.js'

export const resources = (cores: number, gib: number, pods = 1): Resources => ({
  ...NO_RESOURCES,
  cpu: milliCpu(cores * 1000),
  memory: bytes(gib * GIBIBYTE),
  pods: podSlots(pods),
})

const NO_VOLUME_RULES: VolumeRules = {
  nodeTerms: [],
  zoneLabels: [],
  attachments: [],
  exclusiveClaims: [],
  sharedClaims: [],
  inTreeVolumes: [],
  localData: [],
  problems: [],
}

export type PodParts = Partial<Omit<Pod, 'volumes' | 'spec' | 'owner'>> & {
  readonly ownerKind?: string | undefined
  readonly spec?: Api
  readonly volumes?: Partial<VolumeRules>
}

/** A running pod of a ReplicaSet, unless its parts say otherwise; `ownerKind: undefined` makes it a bare pod. */
export function pod(parts: PodParts = {}): Pod {
  const { spec, volumes, ownerKind, ...rest } = parts
  const { namespace = 'shop', name = 'web-1' } = parts
  const kind = 'ownerKind' in parts ? ownerKind : 'ReplicaSet'
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    labels: { app: 'web' },
    annotations: {},
    owner: kind === undefined ? undefined : { kind, name: 'web', uid: 'uid-web', controller: true },
    workload: `${namespace}/Deployment/web`,
    role: 'ordinary',
    nodeName: 'node-1',
    phase: 'Running',
    ready: true,
    terminating: false,
    createdAt: '2026-08-20T08:00:00Z',
    startedAt: '2026-08-20T08:00:00Z',
    priority: 0,
    held: resources(1, 1),
    needed: resources(1, 1),
    hostPorts: [],
    unreadable: undefined,
    ...rest,
    spec: podSpec(spec ?? {}),
    volumes: { ...NO_VOLUME_RULES, ...volumes },
  }
}

export const workload = (parts: Partial<Workload> = {}): Workload => ({
  key: 'shop/Deployment/web',
  namespace: 'shop',
  kind: 'Deployment',
  name: 'web',
  replicas: parts.pods?.length ?? 1,
  minReplicas: undefined,
  pods: [pod()],
  ...parts,
})

/** Nodes of a cluster from API-shaped objects, with what the model reads out of them. */
export function nodes(all: readonly Api[], parts: Partial<Node> = {}): Node[] {
  const objects = all.map((one) => nodeObject(one))
  const groups = groupNames(objects)
  return objects.map((one) => ({
    ...identify(one),
    name: one.metadata.name,
    labels: one.metadata.labels,
    annotations: one.metadata.annotations,
    taints: one.spec.taints,
    group: groups.get(one.metadata.name) ?? '',
    providerId: one.spec.providerID,
    osImage: one.status.nodeInfo.osImage,
    kernelVersion: one.status.nodeInfo.kernelVersion,
    kubeletVersion: one.status.nodeInfo.kubeletVersion,
    capacity: resources(4, 16, 58),
    allocatable: resources(4, 16, 58),
    createdAt: one.metadata.createdAt,
    unschedulable: one.spec.unschedulable,
    attachLimits: {},
    pods: [],
    ...parts,
  }))
}

export const instanceType = (parts: Partial<InstanceType> = {}): InstanceType => ({
  name: 'm6i.large',
  family: 'm6i',
  size: 'large',
  generation: 6,
  status: 'current',
  vcpus: 2,
  memoryMib: 8192,
  architectures: ['amd64'],
  usageClasses: ['on-demand', 'spot'],
  hypervisor: 'nitro',
  bareMetal: false,
  burstable: false,
  accelerators: [],
  localStorageGb: 0,
  enis: 3,
  enisAllCards: 3,
  ipv4PerEni: 10,
  ipv6PerEni: 10,
  trunking: true,
  branchEnis: 9,
  maxEfa: 0,
  ebsAttachmentLimit: { kind: 'shared', count: 27 },
  measuredOverheadMib: undefined,
  ...parts,
})
