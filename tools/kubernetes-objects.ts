/** Brings the objects of a snapshot into an API server, as nearly as it lets a client create them, and takes them out. */
import { LISTED_KINDS, listPath } from '../src/collect/cluster/kinds.js'
import { until, type Json, type Kubernetes } from './kubernetes-server.js'

export type Meta = {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[]
  readonly deletionTimestamp?: string
  readonly finalizers?: readonly string[]
}
export type Item = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Meta
  readonly spec?: Json
  readonly status?: Json
}

/** Those in one line do not refer to each other; each refers to earlier lines at most. */
const ORDER: readonly (readonly string[])[] = [
  ['Namespace', 'PriorityClass', 'StorageClass', 'RuntimeClass'],
  ['Node'],
  ['CSINode', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'ReplicationController', 'PersistentVolumeClaim'],
  ['ReplicaSet', 'Job', 'PersistentVolume'],
  ['Pod'],
  // After the pods: quotas and limits would have a say in them.
  ['PodDisruptionBudget', 'HorizontalPodAutoscaler', 'ResourceQuota', 'LimitRange'],
]
const STANDARD = new Set(ORDER.flat())
const HAS_STATUS = new Set(['Node', 'Pod', 'PersistentVolume', 'PersistentVolumeClaim', 'PodDisruptionBudget', 'Job'])
/** Keeps an object that is being deleted, as whatever is slow to let go of it does. */
const FINALIZER = 'k8s-cost.example/check'
const AT_ONCE = 16

export const resourceOf = (kind: string): string =>
  LISTED_KINDS.find((one) => one.kind === kind)?.resource ?? `${kind.toLowerCase()}s`

export const pathOf = ({ apiVersion, kind, metadata: { namespace } }: Item): string => {
  const resource = resourceOf(kind)
  return listPath(apiVersion, namespace === undefined ? resource : `namespaces/${namespace}/${resource}`)
}

/** Several at once; in order where `atOnce` is 1. */
export async function each<Value>(
  all: readonly Value[],
  work: (one: Value) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  const left = all.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const one of left) await work(one)
    }),
  )
}

export type Refused = { readonly what: string; readonly why: string }

/** Loads objects, one call of `load` after the other; remembers which uid the server gave to which of the snapshot. */
export class Loader {
  readonly #server: Kubernetes
  readonly #uids = new Map<string, string>()
  readonly refused: Refused[] = []
  loaded = 0

  constructor(server: Kubernetes) {
    this.#server = server
  }

  async load(items: readonly Item[]): Promise<void> {
    const custom = items.filter(
      ({ kind, apiVersion }) =>
        !STANDARD.has(kind) && LISTED_KINDS.some((one) => one.kind === kind) && !apiVersion.startsWith('metrics'),
    )
    await defineKinds(this.#server, custom)
    for (const kinds of [...ORDER, custom.map(({ kind }) => kind)])
      await each(
        items.filter(({ kind }) => kinds.includes(kind)),
        (item) => this.create(item),
      )
  }

  async create(item: Item): Promise<void> {
    const { call } = this.#server
    const path = pathOf(item)
    const what = `${item.kind} ${item.metadata.namespace ?? ''}/${item.metadata.name}`
    const { status, body } = await call('POST', path, this.#fresh(item), [400, 403, 404, 409, 422])
    if (status === 409 && (item.kind === 'Namespace' || item.kind === 'PriorityClass')) {
      // The server makes these itself; labels are what rules look at.
      await call('PATCH', `${path}/${item.metadata.name}`, { metadata: { labels: item.metadata.labels ?? {} } })
      return
    }
    if (status >= 400) return void this.refused.push({ what, why: String(body['message']) })
    this.loaded += 1
    const created = body as unknown as Item
    if (item.metadata.uid !== undefined && created.metadata.uid !== undefined)
      this.#uids.set(item.metadata.uid, created.metadata.uid)
    const place = `${path}/${item.metadata.name}`
    if (item.status !== undefined && HAS_STATUS.has(item.kind)) {
      const given: Json = { ...item.status, ...amended(item.kind, item.status, created) }
      const answer = await call('PUT', `${place}/status`, { ...created, status: given } as Json, [400, 403, 409, 422])
      if (answer.status >= 400) this.refused.push({ what: `status of ${what}`, why: String(answer.body['message']) })
    }
    if (item.metadata.deletionTimestamp !== undefined) await call('DELETE', place)
  }

  /** Without what only the server writes. */
  #fresh({ apiVersion, kind, metadata, status: _status, ...rest }: Item): Json {
    const { name, namespace, labels, annotations, ownerReferences, deletionTimestamp } = metadata
    const owners = ownerReferences?.map((owner) => ({ ...owner, uid: this.#uids.get(owner.uid) ?? owner.uid }))
    const fresh: Record<string, unknown> = {
      ...{ apiVersion, kind, ...rest },
      metadata: {
        ...{ name, labels: withoutUids(labels), annotations, ownerReferences: owners },
        ...(namespace === undefined ? {} : { namespace }),
        ...(deletionTimestamp === undefined ? {} : { finalizers: [FINALIZER] }),
      },
    }
    const spec = rest.spec
    if (kind === 'Job' && spec !== undefined && spec['manualSelector'] !== true) {
      // Made from the uid that the server is about to give.
      const template = spec['template'] as { readonly metadata?: Meta }
      fresh['spec'] = {
        ...without(spec, 'selector'),
        template: { ...template, metadata: { ...template.metadata, labels: withoutUids(template.metadata?.labels) } },
      }
    }
    if (kind === 'Pod' && spec !== undefined) fresh['spec'] = unmerged(without(spec, 'ephemeralContainers'))
    if (kind === 'PersistentVolume' && spec?.['claimRef'] !== undefined) {
      const claim = spec['claimRef'] as { readonly uid?: string }
      const uid = claim.uid === undefined ? undefined : this.#uids.get(claim.uid)
      fresh['spec'] = { ...spec, claimRef: { ...without(claim, 'resourceVersion'), uid } }
    }
    return fresh
  }
}

/** What a newer server wants in a status beside what an older one wrote. */
function amended(kind: string, { conditions = [] }: Json, created: Item): Json {
  if (kind === 'Pod') return { qosClass: created.status?.['qosClass'] }
  if (kind !== 'Job') return {}
  const before: Readonly<Record<string, string>> = { Complete: 'SuccessCriteriaMet', Failed: 'FailureTarget' }
  const ended = (conditions as { readonly type: string }[]).flatMap((condition) => {
    const type = before[condition.type]
    return type === undefined ? [condition] : [{ ...condition, type }, condition]
  })
  return { conditions: ended }
}

const without = (from: object, name: string): Json =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== name))

/**
 * The server writes what matchLabelKeys stand for into the selector beside them, and refuses who has done so already
 * (kubernetes/kubernetes pkg/registry/core/pod: applyMatchLabelKeysAndMismatchLabelKeys).
 */
function unmerged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmerged)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, part]) => [key, unmerged(part)] as const)
  const whole = Object.fromEntries(entries) as {
    readonly matchLabelKeys?: readonly string[]
    readonly mismatchLabelKeys?: readonly string[]
    readonly labelSelector?: { readonly matchExpressions?: readonly { readonly key: string }[] }
  }
  const merged = [...(whole.matchLabelKeys ?? []), ...(whole.mismatchLabelKeys ?? [])]
  const { matchExpressions, ...selector } = whole.labelSelector ?? {}
  if (merged.length === 0 || matchExpressions === undefined) return whole
  const left = matchExpressions.filter(({ key }) => !merged.includes(key))
  return { ...whole, labelSelector: { ...selector, ...(left.length === 0 ? {} : { matchExpressions: left }) } }
}

const OF_SERVER = /^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/
const withoutUids = (labels: Meta['labels'] = {}): Json =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !OF_SERVER.test(name)))

/** Kinds of add-ons are known to a server once it has been told of them. */
async function defineKinds({ call }: Kubernetes, items: readonly Item[]): Promise<void> {
  const kinds = new Map(items.map((item) => [item.kind, item]))
  for (const { kind, apiVersion, metadata } of kinds.values()) {
    const [group = '', version = ''] = apiVersion.split('/')
    const plural = resourceOf(kind)
    await call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: {
        name: `${plural}.${group}`,
        annotations: { 'api-approved.kubernetes.io': 'unapproved, for a check' },
      },
      spec: {
        group,
        scope: metadata.namespace === undefined ? 'Cluster' : 'Namespaced',
        names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
        versions: [
          {
            ...{ name: version, served: true, storage: true },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    })
    const served = async (): Promise<boolean> =>
      (await call('GET', listPath(apiVersion, plural), undefined, [404])).status === 200
    await until(`${plural} were not served`, 30, served)
  }
}

/** Everything that k8s-cost reads, as `kubectl get -A -o json` prints it. */
export async function dump({ call }: Kubernetes): Promise<readonly Item[]> {
  const items: Item[] = []
  for (const { kind, resource, groupVersions } of LISTED_KINDS)
    for (const apiVersion of groupVersions) {
      const { status, body } = await call('GET', listPath(apiVersion, resource), undefined, [404, 503])
      if (status !== 200) continue
      items.push(...((body['items'] ?? []) as Item[]).map((item) => ({ ...item, apiVersion, kind })))
      break
    }
  return items
}

export async function podsOf({ call }: Kubernetes): Promise<readonly Item[]> {
  const { body } = await call('GET', '/api/v1/pods')
  return ((body['items'] ?? []) as Item[]).map((pod) => ({ ...pod, apiVersion: 'v1', kind: 'Pod' }))
}

export async function remove({ call }: Kubernetes, items: readonly Item[]): Promise<void> {
  await each(items, async (item) => {
    await call('DELETE', `${pathOf(item)}/${item.metadata.name}?gracePeriodSeconds=0`, undefined, [404])
  })
}
