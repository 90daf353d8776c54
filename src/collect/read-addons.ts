import type { AutoscalerObject, CniNodeObject, NodeClaimObject, VerticalAutoscalerObject } from '../domain/snapshot.js'
import { integer, list, object, quantityMap, readMeta, scalarText, text, type Json } from './fields.js'

/** Readers of kinds that come with add-ons: the VPC CNI, Karpenter, KEDA, the Vertical Pod Autoscaler. */

/** The tag by which the VPC resource controller names the cluster (aws/amazon-vpc-resource-controller-k8s pkg/config). */
export const CLUSTER_TAG = 'cluster.k8s.amazonaws.com/name'

export function readCniNode(item: Json): CniNodeObject {
  const spec = object(item['spec'])
  return {
    metadata: readMeta(item['metadata']),
    features: list(spec['features']).map((entry) => ({
      name: text(object(entry)['name']),
      value: text(object(entry)['value']),
    })),
    clusterName: text(object(spec['tags'])[CLUSTER_TAG]),
  }
}

export function readNodeClaim(item: Json): NodeClaimObject {
  const status = object(item['status'])
  const drifted = list(status['conditions'])
    .map(object)
    .find(({ type }) => type === 'Drifted')
  return {
    metadata: readMeta(item['metadata']),
    nodeName: text(status['nodeName']),
    providerID: text(status['providerID']),
    expireAfter: scalarText(object(item['spec'])['expireAfter']),
    drifted: drifted?.['status'] === 'True',
  }
}

/** What KEDA takes where a ScaledObject says nothing (kedacore/keda apis/keda/v1alpha1 scaledobject_types.go). */
const KEDA_KIND = 'Deployment'
const KEDA_MOST = 100

/** An idle count lies below the least one: KEDA goes there while nothing is to be done. */
export function readScaledObject(item: Json): AutoscalerObject {
  const spec = object(item['spec'])
  const target = object(spec['scaleTargetRef'])
  const least = integer(spec['minReplicaCount']) ?? 0
  return {
    metadata: readMeta(item['metadata']),
    targetKind: text(target['kind']) || KEDA_KIND,
    targetName: text(target['name']),
    minReplicas: Math.min(least, integer(spec['idleReplicaCount']) ?? least),
    maxReplicas: integer(spec['maxReplicaCount']) ?? KEDA_MOST,
  }
}

/** Without an update policy the mode is Auto (kubernetes/autoscaler vertical-pod-autoscaler pkg/apis/autoscaling.k8s.io/v1). */
export function readVerticalAutoscaler(item: Json): VerticalAutoscalerObject {
  const spec = object(item['spec'])
  const target = object(spec['targetRef'])
  const recommendation = object(object(item['status'])['recommendation'])
  return {
    metadata: readMeta(item['metadata']),
    targetKind: text(target['kind']),
    targetName: text(target['name']),
    updateMode: text(object(spec['updatePolicy'])['updateMode']) || 'Auto',
    targets: list(recommendation['containerRecommendations']).map((entry) => ({
      container: text(object(entry)['containerName']),
      requests: quantityMap(object(entry)['target']),
    })),
  }
}
