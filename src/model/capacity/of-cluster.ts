import type { Cluster, NodeGroup } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import type { MaxPods } from '../../domain/recommendation.js'
import type { Finding, Snapshot } from '../../domain/snapshot.js'
import { modelChecks, type ModelChecks } from './check.js'
import { detectCni, inForceMaxPods, withPrefixes, type CniDetection, type CniOverride } from './cni.js'
import type { TypeLookup } from './live-node.js'
import { maxPodsTable } from './max-pods.js'
import { capacityModel, type CapacityContext, type CapacityModel } from './predict.js'

/** The capacity model of a whole cluster: one CNI, one model per node group. */
export type ClusterCapacity = {
  readonly cni: CniDetection
  readonly modelFor: (group: NodeGroup) => CapacityModel
  readonly checks: () => ModelChecks
  readonly maxPodsOf: (type: InstanceType) => MaxPods
  /** Settings of these groups that failed for these types, with what was used in their place. */
  readonly failedSettings: (types: ReadonlyMap<string, readonly InstanceType[]>) => readonly Finding[]
  /** The same cluster with prefix delegation on and every kubelet told so. */
  readonly withPrefixes: () => ClusterCapacity
}

export function capacityOf(
  cluster: Cluster,
  snapshot: Pick<Snapshot, 'controllers' | 'eniConfigs' | 'cniNodes' | 'nodeClasses'>,
  lookup: TypeLookup,
  override: CniOverride | undefined,
): ClusterCapacity {
  const { controllers, eniConfigs, cniNodes, nodeClasses } = snapshot
  const cni = detectCni({ controllers, eniConfigs, cniNodes, nodes: cluster.nodes, lookup, override })
  return capacityIn(cni, cluster, nodeClasses, lookup)
}

function capacityIn(
  cni: CniDetection,
  cluster: Cluster,
  nodeClasses: Snapshot['nodeClasses'],
  lookup: TypeLookup,
): ClusterCapacity {
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
  return {
    cni,
    modelFor(group) {
      const model = models.get(group.name)
      if (model === undefined) throw new Error(`group ${group.name} is not of this cluster`)
      return model
    },
    checks: () => modelChecks([...contexts.values()]),
    maxPodsOf(type) {
      const maxPods = inForceMaxPods(type, cni)
      return maxPodsTable(type, {
        inForce: maxPods === undefined ? undefined : { mode: cni.mode, maxPods },
        observed: cluster.nodes.flatMap(({ instanceType, allocatable }) =>
          instanceType === type.name ? [allocatable.pods] : [],
        ),
      })
    },
    failedSettings: (types) =>
      [...models].flatMap(([group, model]) => {
        const details = new Set((types.get(group) ?? []).flatMap((type) => model(type).fallbacks))
        return [...details].sort().map((detail) => ({ code: 'kubelet-setting-failed', subject: group, detail }))
      }),
    withPrefixes: () => capacityIn(withPrefixes(cni), cluster, nodeClasses, lookup),
  }
}
