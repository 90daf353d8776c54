import type { Cluster, NodeGroup } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { MaxPods } from '../../domain/recommendation.js'
import type { Snapshot } from '../../domain/snapshot.js'
import { modelCheck, type ModelChecks } from './check.js'
import { detectCni, inForceMaxPods, type CniDetection, type CniOverride } from './cni.js'
import type { TypeLookup } from './live-node.js'
import { maxPodsTable } from './max-pods.js'
import { capacityModel, type CapacityContext, type CapacityModel } from './predict.js'

/** The capacity model of a whole cluster: one CNI, one model per node group. */
export type ClusterCapacity = {
  readonly cni: CniDetection
  readonly modelFor: (group: NodeGroup) => CapacityModel
  readonly checks: ModelChecks
  readonly maxPodsOf: (type: InstanceType) => MaxPods
}

export function capacityOf(
  cluster: Cluster,
  snapshot: Pick<Snapshot, 'controllers' | 'eniConfigs' | 'nodeClasses'>,
  lookup: TypeLookup,
  override: CniOverride | undefined,
): ClusterCapacity {
  const { controllers, eniConfigs, nodeClasses } = snapshot
  const cni = detectCni({ controllers, eniConfigs, nodes: cluster.nodes, lookup, override })
  const contexts = new Map(
    cluster.groups.map((group): [string, CapacityContext] => [
      group.name,
      {
        owner: group.owner,
        os: group.template.os,
        nodes: group.nodes,
        clusterNodes: cluster.nodes,
        lookup,
        cni,
        kubelet: group.template.kubelet,
        nodeClass: nodeClasses.find(({ metadata }) => metadata.name === group.template.nodePool?.nodeClass.name),
      },
    ]),
  )
  const models = new Map([...contexts].map(([name, context]) => [name, capacityModel(context)]))
  const observed = new Map<string, Set<number>>()
  for (const { instanceType, allocatable } of cluster.nodes)
    if (instanceType !== undefined)
      observed.set(instanceType, (observed.get(instanceType) ?? new Set()).add(allocatable.pods))
  return {
    cni,
    modelFor(group) {
      const model = models.get(group.name)
      if (model === undefined) throw new Error(`group ${group.name} is not of this cluster`)
      return model
    },
    checks: modelCheck([...contexts.values()]),
    maxPodsOf(type) {
      const maxPods = inForceMaxPods(type, cni)
      return maxPodsTable(type, {
        inForce: maxPods === undefined ? undefined : { mode: cni.mode, maxPods },
        observed: [...(observed.get(type.name) ?? [])].sort((a, b) => a - b),
      })
    },
  }
}
