import type { Pod } from '../../src/domain/pod.js'
import type { NamespaceObject } from '../../src/domain/snapshot.js'
import type { Site } from '../../src/pack/board/board.js'
import { daemonSetPod } from '../../src/model/daemon-set.js'
import { buildPod, type PodContext } from '../../src/model/pod.js'
import { resourcesOf } from '../../src/model/requests.js'
import { storageIndex } from '../../src/model/volumes.js'
import {
  controllerObject,
  csiNodeObject,
  namespaceObject,
  nodeObject,
  persistentVolumeClaimObject,
  persistentVolumeObject,
  podObject,
  storageClassObject,
  type Api,
} from '../helpers/objects.js'

export type Offering = {
  readonly name: string
  readonly cpu: string
  readonly memory: string
  readonly pods: string
  readonly arch: string
  readonly zones: readonly string[]
  readonly capacityTypes: readonly string[]
  readonly hourlyUsd: number
  readonly extended?: Readonly<Record<string, string>>
}

export type Expectation = {
  readonly fits?: readonly string[]
  readonly rejects?: Readonly<Record<string, string>>
  readonly scheduled?: number
  readonly minNewNodes?: number
  readonly maxNewNodes?: number
  readonly unschedulable?: readonly string[]
  readonly domainCounts?: Readonly<Record<string, readonly (readonly number[])[]>>
  readonly zones?: readonly string[]
  readonly together?: readonly (readonly string[])[]
  readonly apart?: readonly (readonly string[])[]
  readonly instanceType?: string
}

/** A case as its file has it; objects are in the API's shape. */
export type RawCase = {
  readonly id: string
  readonly type: string
  readonly title: string
  readonly expect: Expectation & Readonly<Record<string, unknown>>
  readonly pod?: Api
  readonly pods?: readonly Api[]
  readonly pending?: readonly Api[]
  readonly nodes?: readonly Api[]
  readonly daemonSets?: readonly Api[]
  readonly namespaces?: readonly Api[]
  readonly persistentVolumes?: readonly Api[]
  readonly persistentVolumeClaims?: readonly Api[]
  readonly storageClasses?: readonly Api[]
  readonly csiNodes?: readonly Api[]
  readonly offerings?: readonly Offering[]
  readonly template?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly taints?: readonly Api[]
    readonly csiAttachLimit?: number
  }
}

/** The objects of a case as the board wants them. */
export type Scene = {
  readonly namespaces: readonly NamespaceObject[]
  readonly sites: readonly Site[]
  /** Pods that are on nodes already; finished ones take up nothing and are left out. */
  readonly bound: readonly Pod[]
  readonly pod: Pod | undefined
  readonly pending: readonly Pod[]
  readonly daemons: readonly Pod[]
  /** CSI drivers of the case's volumes: a template's attach limit holds for each. */
  readonly drivers: readonly string[]
}

export function sceneOf(raw: RawCase): Scene {
  const volumes = (raw.persistentVolumes ?? []).map(persistentVolumeObject)
  const classes = (raw.storageClasses ?? []).map(storageClassObject)
  const claims = (raw.persistentVolumeClaims ?? []).map(persistentVolumeClaimObject)
  const context: PodContext = {
    clusterMinor: undefined,
    storage: storageIndex({ volumes, claims, storageClasses: classes }),
    workloadOf: ({ metadata }) => `${metadata.namespace}/Pod/${metadata.name}`,
    nodeIsFargate: () => false,
    priorityOf: () => 0,
  }
  const csiNodes = (raw.csiNodes ?? []).map(csiNodeObject)
  const limitsOf = (node: string): Record<string, number> =>
    Object.fromEntries(
      csiNodes
        .filter(({ metadata }) => metadata.name === node)
        .flatMap(({ drivers }) => drivers)
        .flatMap(({ name, allocatableCount }) => (allocatableCount === undefined ? [] : [[name, allocatableCount]])),
    )
  const sites = (raw.nodes ?? []).map(nodeObject).map(({ metadata, spec, status }): Site => {
    const { name, labels } = metadata
    const allocatable = resourcesOf(status.allocatable).resources
    return {
      name,
      labels,
      taints: spec.taints,
      unschedulable: spec.unschedulable,
      allocatable,
      attachLimits: limitsOf(name),
    }
  })
  const read = (pods: readonly Api[]): Pod[] =>
    pods
      .map(podObject)
      .filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed')
      .map((pod) => buildPod(pod, context))
  const daemons = (raw.daemonSets ?? []).map((daemonSet) => {
    const result = daemonSetPod(controllerObject({ kind: 'DaemonSet', ...daemonSet }), undefined, {
      ...context,
      runtimeClasses: [],
      limitRanges: [],
    })
    if (result.kind === 'unknown') throw new Error(result.finding.detail)
    return result.daemonSet.pod
  })
  return {
    namespaces: (raw.namespaces ?? []).map(namespaceObject),
    sites,
    bound: read(raw.pods ?? []),
    pod: raw.pod && buildPod(podObject(raw.pod), context),
    pending: read(raw.pending ?? []),
    daemons,
    drivers: [...new Set([...volumes.map((volume) => volume.driver), ...classes.map((one) => one.provisioner)])],
  }
}

/** A node that pods of the case say they are on, and that the case does not show. */
export const unseenSite = (name: string): Site => ({
  name,
  labels: {},
  taints: [],
  unschedulable: true,
  allocatable: resourcesOf({}).resources,
  attachLimits: {},
})
