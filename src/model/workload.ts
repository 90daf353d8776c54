import type { Pod, Workload } from '../domain/pod.js'
import type { AutoscalerObject, ControllerObject, Labels, OwnerReference, PodObject } from '../domain/snapshot.js'
import { controllerOf, isMirror } from './pod.js'

/** Top-level owners of pods. */
export type WorkloadIndex = {
  /** Key of the workload that owns the pod: `namespace/Kind/name`. */
  readonly keyOf: (pod: PodObject) => string
  /** Workloads that have pods, by key; their pods by id. */
  readonly workloads: (pods: readonly Pod[], autoscalers: readonly AutoscalerObject[]) => readonly Workload[]
}

/** Kinds that stand between a pod and what people deploy. A Pod owns pods where a driver starts executors. */
const STEPS = new Set(['ReplicaSet', 'Job', 'ReplicationController', 'Pod'])

/** Owners hardly nest deeper; a ring of owners must not hold up the run. */
const LONGEST_CHAIN = 8

const isDefined = <T>(value: T | undefined): value is T => value !== undefined

/** Makers of ReplicaSets, and the label that holds the hash with which they end the ReplicaSet's name. */
const REPLICA_SET_MAKERS = [
  { kind: 'Deployment', hashLabel: 'pod-template-hash' },
  { kind: 'Rollout', hashLabel: 'rollouts-pod-template-hash' },
] as const

/** Maker of a ReplicaSet that the input does not hold, told by the hash in its name. */
function makerOfMissing(replicaSet: string, podLabels: Labels): { kind: string; name: string } | undefined {
  const made = REPLICA_SET_MAKERS.map(({ kind, hashLabel }) => {
    const ending = `-${podLabels[hashLabel] ?? ''}`
    const fits = ending !== '-' && replicaSet.endsWith(ending) && replicaSet.length > ending.length
    return fits ? { kind, name: replicaSet.slice(0, -ending.length) } : undefined
  })
  return made.find(isDefined)
}

/** One static pod runs on many nodes, each time with the node's name at the end. */
function staticPodName({ metadata, nodeName }: PodObject): string {
  const node = nodeName || metadata.owners.find(({ kind }) => kind === 'Node')?.name || ''
  const ending = `-${node}`
  return node !== '' && metadata.name.endsWith(ending) ? metadata.name.slice(0, -ending.length) : metadata.name
}

const keyText = (namespace: string, kind: string, name: string): string => `${namespace}/${kind}/${name}`

/** Names hold no slash; kinds neither. */
function partsOf(key: string): Pick<Workload, 'namespace' | 'kind' | 'name'> {
  const [namespace = '', kind = '', name = ''] = key.split('/')
  return { namespace, kind, name }
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** `podObjects` are needed for pods that are owned by pods, e.g. Spark executors. */
export function workloadIndex(
  controllers: readonly ControllerObject[],
  podObjects: readonly PodObject[],
): WorkloadIndex {
  const known = new Map(
    controllers.map((one) => [keyText(one.metadata.namespace, one.kind, one.metadata.name), one] as const),
  )
  const pods = new Map(podObjects.map((pod) => [keyText(pod.metadata.namespace, 'Pod', pod.metadata.name), pod]))

  /** Next owner above, undefined at the top. */
  const above = (namespace: string, owner: Pick<OwnerReference, 'kind' | 'name'>, podLabels: Labels) => {
    if (!STEPS.has(owner.kind)) return undefined
    const key = keyText(namespace, owner.kind, owner.name)
    if (owner.kind === 'Pod') {
      const pod = pods.get(key)
      return pod && controllerOf(pod)
    }
    const controller = known.get(key)
    if (controller !== undefined) return controller.metadata.owners.find((one) => one.controller)
    if (owner.kind === 'ReplicaSet') return makerOfMissing(owner.name, podLabels)
    // A CronJob's Jobs end in the minute they were due; only the CronJob itself proves that it is no name by chance.
    const cronJob = owner.name.replace(/-\d+$/, '')
    return owner.kind === 'Job' && known.has(keyText(namespace, 'CronJob', cronJob))
      ? { kind: 'CronJob', name: cronJob }
      : undefined
  }

  const keyOf = (pod: PodObject): string => {
    const { namespace, name, labels } = pod.metadata
    if (isMirror(pod)) return keyText(namespace, 'StaticPod', staticPodName(pod))
    let top: Pick<OwnerReference, 'kind' | 'name'> = controllerOf(pod) ?? { kind: 'Pod', name }
    for (let step = 0; step < LONGEST_CHAIN; step++) {
      const next = above(namespace, top, labels)
      if (next === undefined) break
      top = next
    }
    return keyText(namespace, top.kind, top.name)
  }

  const workloads = (all: readonly Pod[], autoscalers: readonly AutoscalerObject[]): readonly Workload[] => {
    const groups = new Map<string, Pod[]>()
    for (const pod of all) {
      const group = groups.get(pod.workload)
      if (group === undefined) groups.set(pod.workload, [pod])
      else group.push(pod)
    }
    const fewest = new Map<string, number>()
    const most = new Map<string, number>()
    for (const { metadata, targetKind, targetName, minReplicas, maxReplicas } of autoscalers) {
      const key = keyText(metadata.namespace, targetKind, targetName)
      // KEDA makes an autoscaler of each ScaledObject, which never goes below one replica: both are here.
      fewest.set(key, Math.min(minReplicas, fewest.get(key) ?? minReplicas))
      most.set(key, Math.max(maxReplicas, most.get(key) ?? maxReplicas))
    }
    const bounds = (key: string): Pick<Workload, 'minReplicas' | 'maxReplicas'> => {
      const maxReplicas = most.get(key)
      return { minReplicas: fewest.get(key), ...(maxReplicas === undefined ? {} : { maxReplicas }) }
    }
    return [...groups]
      .sort(([a], [b]) => byText(a, b))
      .map(([key, members]) => ({
        key,
        ...partsOf(key),
        replicas: known.get(key)?.replicas,
        ...bounds(key),
        pods: members.sort((a, b) => byText(a.id, b.id)),
      }))
  }

  return { keyOf, workloads }
}
