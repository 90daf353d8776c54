import type { DaemonSet } from '../domain/cluster.js'
import type {
  ControllerObject,
  Finding,
  LimitRangeObject,
  NodeSelectorTerm,
  ObjectMeta,
  PodObject,
  PodSpec,
  RuntimeClassObject,
  Toleration,
} from '../domain/snapshot.js'
import { admitted } from './limit-ranges.js'
import { buildPod, controllerOf, type PodContext } from './pod.js'

/** Conditions of a node that a DaemonSet's pods put up with (pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations). */
const CONDITIONS: readonly (readonly [condition: string, effect: string])[] = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
]
const NETWORK = ['network-unavailable', 'NoSchedule'] as const

/** Tolerations that the DaemonSet controller adds to pods; templates do not have them. */
const controllerTolerations = (hostNetwork: boolean): Toleration[] =>
  (hostNetwork ? [...CONDITIONS, NETWORK] : CONDITIONS).map(([condition, effect]) => ({
    key: `node.kubernetes.io/${condition}`,
    operator: 'Exists',
    value: '',
    effect,
  }))

/** The controller pins every pod to its node by this field; the rule that is left says where the next one may go. */
function withoutPin(terms: readonly NodeSelectorTerm[] | undefined): readonly NodeSelectorTerm[] | undefined {
  const unpinned = terms?.map(({ matchExpressions, matchFields }) => ({
    matchExpressions,
    matchFields: matchFields.filter(({ key }) => key !== 'metadata.name'),
  }))
  const anywhere = unpinned?.some((term) => term.matchExpressions.length + term.matchFields.length === 0)
  return anywhere ? undefined : unpinned
}

/**
 * What the next pod will be: rules of the template; containers and overhead of the newest live pod, as webhooks may have
 * added to them what no template shows.
 */
function nextSpec(
  template: PodSpec | undefined,
  newest: PodObject | undefined,
  namespace: string,
  { runtimeClasses, limitRanges }: DaemonSetContext,
): PodSpec | undefined {
  if (template === undefined)
    return newest && { ...newest.spec, requiredNodeTerms: withoutPin(newest.spec.requiredNodeTerms) }
  const tolerations = [...template.tolerations, ...controllerTolerations(template.hostNetwork)]
  if (newest !== undefined) {
    const { containers, initContainers, overhead, podRequests } = newest.spec
    return { ...template, tolerations, containers, initContainers, overhead, podRequests }
  }
  const runtimeClass = runtimeClasses.find(({ metadata }) => metadata.name === template.runtimeClassName)
  const overhead = runtimeClass?.overhead ?? template.overhead
  return admitted({ ...template, tolerations, overhead }, namespace, limitRanges)
}

export type DaemonSetContext = PodContext & {
  readonly runtimeClasses: readonly RuntimeClassObject[]
  readonly limitRanges: readonly LimitRangeObject[]
}

/** The DaemonSet itself, or the name that its pods give it where the input does not hold it. */
type DaemonSetSource = Pick<ControllerObject, 'metadata' | 'podLabels' | 'template' | 'templateVolumes'>

/** Or why its pod is not known: new nodes are then counted without it. */
export type DaemonSetResult =
  { readonly kind: 'known'; readonly daemonSet: DaemonSet } | { readonly kind: 'unknown'; readonly finding: Finding }

/**
 * The pod that a DaemonSet would put on a node that matches its rules. `newest` is its youngest live pod; without one
 * the template counts, read as the API server would default it: limits stand in for missing requests, the namespace's
 * LimitRanges for both, and the RuntimeClass's overhead is added.
 */
export function daemonSetPod(
  source: DaemonSetSource,
  newest: PodObject | undefined,
  context: DaemonSetContext,
): DaemonSetResult {
  const { namespace, name, uid } = source.metadata
  const id = `${namespace}/${name}`
  const spec = nextSpec(source.template, newest, namespace, context)
  const unknown = (detail: string): DaemonSetResult => ({
    kind: 'unknown',
    finding: { code: 'daemon-set-unknown', subject: id, detail },
  })
  if (spec === undefined) return unknown('it has no pod template and no live pod: new nodes are counted without it')
  const object: PodObject = {
    metadata: {
      ...source.metadata,
      labels: source.podLabels,
      annotations: {},
      owners: [{ kind: 'DaemonSet', name, uid, controller: true }],
      deletedAt: undefined,
    },
    spec,
    // Its own claims are made together with each pod: there is nothing to look up yet.
    volumes: source.templateVolumes.filter((volume) => volume.kind !== 'ephemeral'),
    nodeName: '',
    status: {
      phase: 'Pending',
      nominatedNodeName: '',
      startTime: undefined,
      ready: false,
      resizePending: '',
      unschedulable: '',
      containers: [],
      podAllocated: undefined,
    },
  }
  return { kind: 'known', daemonSet: { id, pod: buildPod(object, context) } }
}

const isNewer = (a: ObjectMeta, b: ObjectMeta): boolean => {
  const [bornA, bornB] = [a.createdAt ?? '', b.createdAt ?? '']
  return bornA === bornB ? a.name < b.name : bornA > bornB
}

/** Youngest live pod of every DaemonSet, by the DaemonSet's `namespace/name`. */
function newestPods(pods: readonly PodObject[]): Map<string, PodObject> {
  const newest = new Map<string, PodObject>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    if (owner?.kind !== 'DaemonSet') continue
    const id = `${pod.metadata.namespace}/${owner.name}`
    const known = newest.get(id)
    if (known === undefined || isNewer(pod.metadata, known.metadata)) newest.set(id, pod)
  }
  return newest
}

/** A DaemonSet of which only pods are known; a finding says so. */
const sourceOf = (pod: PodObject): DaemonSetSource => ({
  metadata: {
    ...pod.metadata,
    name: controllerOf(pod)?.name ?? pod.metadata.name,
    uid: controllerOf(pod)?.uid ?? pod.metadata.uid,
  },
  podLabels: pod.metadata.labels,
  template: undefined,
  templateVolumes: [],
})

/**
 * All DaemonSets, by id: those of the input, and those that only their pods tell of, whose rules are read from the
 * youngest pod.
 */
export function daemonSets(
  controllers: readonly ControllerObject[],
  pods: readonly PodObject[],
  context: DaemonSetContext,
): { readonly daemonSets: readonly DaemonSet[]; readonly findings: readonly Finding[] } {
  const newest = newestPods(pods)
  const findings: Finding[] = []
  const found = new Map<string, DaemonSet>()
  const keep = (result: DaemonSetResult): void => {
    if (result.kind === 'unknown') findings.push(result.finding)
    else found.set(result.daemonSet.id, result.daemonSet)
  }
  const declared = new Set<string>()
  for (const controller of controllers) {
    if (controller.kind !== 'DaemonSet') continue
    const id = `${controller.metadata.namespace}/${controller.metadata.name}`
    declared.add(id)
    keep(daemonSetPod(controller, newest.get(id), context))
  }
  for (const [id, pod] of newest) {
    if (declared.has(id)) continue
    keep(daemonSetPod(sourceOf(pod), pod, context))
    const detail = 'the input has its pods but not the DaemonSet: its rules are read from its youngest pod'
    findings.push({ code: 'daemon-set-inferred', subject: id, detail })
  }
  const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return {
    daemonSets: [...found.values()].sort((a, b) => byId(a.id, b.id)),
    findings: findings.sort((a, b) => byId(a.subject, b.subject)),
  }
}
