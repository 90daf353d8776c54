import type { NodeOwner, OperatingSystem } from '../../../src/domain/cluster.js'
import type { Resources } from '../../../src/domain/resources.js'
import type { CniNodeObject, ControllerObject } from '../../../src/domain/snapshot.js'
import { bytes, milliCpu, podSlots } from '../../../src/domain/units.js'
import { allocatableOf, eksReservedCpu, eksReservedMemoryMib } from '../../../src/model/capacity/allocatable.js'
import { detectCni, type CniDetection, type CniOverride } from '../../../src/model/capacity/cni.js'
import type { LiveNode } from '../../../src/model/capacity/live-node.js'
import type { CapacityContext } from '../../../src/model/capacity/predict.js'
import { controllerObject } from '../../helpers/objects.js'
import { lookup, typeNamed } from './types.js'

export type LiveSketch = {
  readonly name: string
  readonly type: string
  readonly owner?: NodeOwner
  readonly os?: OperatingSystem
  readonly group?: string
  readonly overheadMib?: number
  readonly pods: number
  /** N of the memory reservation; 'none' reserves nothing at all. Default: the type's addresses. */
  readonly n?: number | 'none'
  readonly extended?: Readonly<Record<string, number>>
  readonly attach?: number
  readonly diskKib?: number
}

export const resourcesOf = (cpu: number, memory: number, disk: number, pods: number, extended = {}): Resources => ({
  cpu: milliCpu(cpu),
  memory: bytes(memory),
  ephemeralStorage: bytes(disk),
  pods: podSlots(pods),
  extended,
})

/** A live node as an EKS image would register it. */
export function liveNode(sketch: LiveSketch): LiveNode {
  const type = typeNamed(sketch.type)
  const os = sketch.os ?? 'al2023'
  const memory = (type.memoryMib - (sketch.overheadMib ?? 500)) * 1024 * 1024
  const disk = (sketch.diskKib ?? 20_893_676) * 1024
  const reserves = sketch.n !== 'none'
  const n = sketch.n === undefined || sketch.n === 'none' ? type.enis * (type.ipv4PerEni - 1) + 2 : sketch.n
  const left = allocatableOf(
    { cpu: type.vcpus * 1000, memory, ephemeralStorage: disk },
    {
      reservedCpu: reserves ? eksReservedCpu(type.vcpus, os) : 0,
      reservedMemory: reserves ? eksReservedMemoryMib(n) * 1024 * 1024 : 0,
      reservedDisk: reserves ? 1024 ** 3 : 0,
      memoryThreshold: '100Mi',
      diskThreshold: '10%',
    },
  )
  return {
    name: sketch.name,
    owner: sketch.owner ?? 'karpenter',
    group: sketch.group ?? 'default',
    instanceType: type.name,
    os,
    osImage: os,
    capacity: resourcesOf(type.vcpus * 1000, memory, disk, sketch.pods, sketch.extended ?? {}),
    allocatable: resourcesOf(left.cpu, left.memory, left.ephemeralStorage, sketch.pods, sketch.extended ?? {}),
    attachLimits: sketch.attach === undefined ? {} : { 'ebs.csi.aws.com': sketch.attach },
    closed: undefined,
    labels: {},
  }
}

/** DaemonSet kube-system/aws-node with these variables. */
export const awsNode = (settings: Readonly<Record<string, string>> = {}): ControllerObject => ({
  ...controllerObject({ kind: 'DaemonSet', metadata: { name: 'aws-node', namespace: 'kube-system' } }),
  cniSettings: settings,
})

export const daemonSet = (namespace: string, name: string): ControllerObject =>
  controllerObject({ kind: 'DaemonSet', metadata: { name, namespace } })

export const detect = (
  nodes: readonly LiveNode[],
  controllers: readonly ControllerObject[] = [awsNode()],
  override?: CniOverride,
  eniConfigs: readonly string[] = [],
  cniNodes: readonly CniNodeObject[] = [],
): CniDetection => detectCni({ controllers, eniConfigs, cniNodes, nodes, lookup, override })

export const context = (nodes: readonly LiveNode[], more: Partial<CapacityContext> = {}): CapacityContext => ({
  owner: nodes[0]?.owner ?? 'karpenter',
  os: nodes[0]?.os ?? 'al2023',
  nodes,
  clusterNodes: nodes,
  lookup,
  cni: detect(nodes),
  ...more,
})
