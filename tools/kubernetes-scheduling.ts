/**
 * What the real kube-scheduler makes of a written plan: does it take every pod on the node that the plan names, and where
 * does it leave pods over when it may choose?
 */
import type { ChildProcess } from 'node:child_process'
import { queueOf } from '../src/pack/replay/replay-queue.js'
import type { Pod } from '../src/domain/pod.js'
import { milliUp, parseQuantity } from '../src/domain/quantity.js'
import { each, Loader, pathOf, podsOf, remove, type Item, type Refused } from './kubernetes-objects.js'
import { pause, until, type Json, type Kubernetes } from './kubernetes-server.js'

export type Placed = { readonly namespace: string; readonly pod: string; readonly node: string }

export type Plan = {
  readonly objects: readonly Item[]
  /** Of plan-nodes.json. */
  readonly nodes: readonly Item[]
  /** Of placements.csv. */
  readonly placements: readonly Placed[]
  /** Of report.json, where big pods are to come first: the highest class first. */
  readonly classes: readonly PriorityClass[]
}

/** For pods from so much CPU (cores) or memory (MiB) up. */
export type PriorityClass = { readonly fromCpu: number; readonly fromMemoryMib: number }

/** Pods that found no node, each with what the scheduler said. */
export type Outcome = {
  readonly pods: number
  /** Bound by hand, as they run where nothing new is put. */
  readonly stayed: number
  readonly bound: number
  readonly elsewhere: readonly Refused[]
  readonly pending: readonly Refused[]
  /** Refused when they came, and perhaps taken later; only where pods come one by one. */
  readonly refusedAtFirst: readonly Refused[]
  /** Made room for others. */
  readonly evicted: readonly string[]
  readonly seconds: number
}

const idOf = ({ metadata }: Item): string => `${metadata.namespace ?? ''}/${metadata.name}`
/** Nobody but the scheduler's own retries moves after this long: its longest back-off is 10 s. */
const QUIET_MS = 14_000
const MIB = 2 ** 20
/** More than any priority that a user may give. */
const TOP = 1_000_000_001
const WORKLOADS =
  /^(Namespace|PriorityClass|StorageClass|RuntimeClass|Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|ReplicationController|PersistentVolume|PersistentVolumeClaim|PodDisruptionBudget)$/

type Spec = {
  readonly nodeName?: string
  readonly unschedulable?: boolean
  readonly taints?: readonly { readonly key: string; readonly effect: string }[]
  readonly schedulerName?: string
  readonly containers?: readonly { readonly resources?: { readonly requests?: Readonly<Record<string, string>> } }[]
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms: readonly Json[] }
    }
  }
}
const specOf = ({ spec = {} }: Item): Spec => spec
const labelsOf = ({ metadata }: Item): Readonly<Record<string, string>> => metadata.labels ?? {}

/** One API server with the nodes of a plan and the workloads of a snapshot, on which pods are scheduled again and again. */
export class Rehearsal {
  readonly #server: Kubernetes
  readonly #loader: Loader
  readonly #plan: Plan
  readonly #pods: ReadonlyMap<string, Item>
  #scheduler: ChildProcess | undefined

  constructor(server: Kubernetes, plan: Plan) {
    this.#server = server
    this.#loader = new Loader(server)
    this.#plan = plan
    this.#pods = new Map(plan.objects.flatMap((item) => (item.kind === 'Pod' ? [[idOf(item), item]] : [])))
  }

  get refused(): readonly Refused[] {
    return this.#loader.refused
  }

  /** Nodes, workloads, volumes; then a pod of each DaemonSet wherever its controller wants one, and Fargate's. */
  async prepare(): Promise<Outcome> {
    const { objects, nodes, placements } = this.#plan
    const begun = Date.now()
    await this.#loader.load([...objects.filter(({ kind }) => WORKLOADS.test(kind)), ...nodes, ...this.#csiNodes()])
    const names = new Set(nodes.map(({ metadata }) => metadata.name))
    const placed = new Set(placements.map(({ namespace, pod }) => `${namespace}/${pod}`))
    const others = [...this.#pods.values()].filter(
      (pod) =>
        !placed.has(idOf(pod)) &&
        names.has(specOf(pod).nodeName ?? '') &&
        !/^(Succeeded|Failed)$/.test(String(pod.status?.['phase'])) &&
        pod.metadata.deletionTimestamp === undefined &&
        pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet') !== true,
    )
    await each(others, (pod) => this.#loader.create(pod))
    this.#server.startDaemonSets()
    await this.profile({})
    await this.#settled(0)
    const pods = (await podsOf(this.#server)).filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet'),
    )
    const pending = pods.filter((pod) => specOf(pod).nodeName === undefined)
    return {
      ...{ pods: pods.length + others.length, stayed: others.length, bound: pods.length - pending.length },
      ...{
        elsewhere: [],
        evicted: [],
        refusedAtFirst: [],
        pending: pending.map(whyPending),
        seconds: (Date.now() - begun) / 1000,
      },
    }
  }

  /** From now on the scheduler is one whose default profile lacks these scores; its filters stay. */
  score(without: readonly string[]): Promise<void> {
    return this.profile({ plugins: { score: { disabled: without.map((name) => ({ name })) } } })
  }

  /** From now on the scheduler has this profile (KubeSchedulerProfile). */
  async profile(profile: Json): Promise<void> {
    const former = this.#scheduler
    if (former !== undefined) {
      const ended = new Promise((resolve) => former.once('close', resolve))
      former.kill()
      await ended
    }
    this.#scheduler = this.#server.startScheduler([{ ...profile, schedulerName: 'default-scheduler' }])
  }

  /** What the scheduler says of a pod that no node has room for. */
  async hopeless(): Promise<string> {
    const containers = [{ name: 'c', image: 'example.com/c', resources: { requests: { cpu: '100000' } } }]
    const metadata = { name: 'too-large', namespace: 'default' }
    const pod: Item = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } }
    await this.#loader.create(pod)
    const seen = await this.#decided(pod)
    await remove(this.#server, [pod])
    if (seen === undefined || specOf(seen).nodeName !== undefined) throw new Error('it was bound')
    return whyPending(seen).why
  }

  /**
   * Every pod may go to its planned node alone; all else about it stays as it is. They come in the order of
   * placements.csv, each when the scheduler is done with the one before.
   */
  pinned(): Promise<Outcome> {
    const wanted = this.#wanted()
    return this.#run(
      wanted.map(({ pod }) => pod),
      wanted,
      true,
    )
  }

  /**
   * Pods as they are, in the order that our own replay of the scheduler would take them in with this seed, those of the
   * plan's priority classes first.
   */
  free(seed: number): Promise<Outcome> {
    const wanted = this.#wanted()
    const items = new Map(wanted.map(({ pod }) => [idOf(pod), pod]))
    const queue = queueOf(
      [...items].map(([id, pod]) => ({ id, priority: priorityOf(pod) + this.#raised(pod) }) as Pod),
      seed,
    )
    return this.#run(
      queue.flatMap(({ id }) => items.get(id) ?? []),
      wanted,
      false,
    )
  }

  /** Above all others by so much. */
  #raised(pod: Item): number {
    const { classes } = this.#plan
    const asked = (name: string): number =>
      (specOf(pod).containers ?? []).reduce((sum, { resources }) => sum + quantity(resources?.requests?.[name]), 0)
    const [cpu, mib] = [asked('cpu'), asked('memory') / MIB]
    const rank = classes.findIndex(({ fromCpu, fromMemoryMib }) => cpu >= fromCpu || mib >= fromMemoryMib)
    return rank < 0 ? 0 : TOP - rank
  }

  #wanted(): readonly { readonly pod: Item; readonly node: string; readonly stays: boolean }[] {
    const closed = new Set(this.#plan.nodes.filter(isClosed).map(({ metadata }) => metadata.name))
    return this.#plan.placements.flatMap(({ namespace, pod: name, node }) => {
      const pod = this.#pods.get(`${namespace}/${name}`)
      if (pod === undefined || node === '') return []
      return [{ pod, node, stays: closed.has(node) && specOf(pod).nodeName === node }]
    })
  }

  async #run(
    order: readonly Item[],
    wanted: readonly { readonly pod: Item; readonly node: string; readonly stays: boolean }[],
    isPinned: boolean,
  ): Promise<Outcome> {
    const begun = Date.now()
    const before = new Set((await podsOf(this.#server)).map(idOf))
    const nodeOf = new Map(wanted.map(({ pod, node }) => [idOf(pod), node]))
    const stays = new Set(wanted.flatMap(({ pod, stays }) => (stays ? [idOf(pod)] : [])))
    const refusedBefore = this.#loader.refused.length
    await each(
      order.filter((pod) => stays.has(idOf(pod))),
      (pod) => this.#loader.create(pod),
    )
    const refusedAtFirst: Refused[] = []
    for (const pod of order) {
      if (stays.has(idOf(pod))) continue
      await this.#loader.create(unbound(pod, isPinned ? nodeOf.get(idOf(pod)) : undefined))
      const seen = isPinned ? await this.#decided(pod) : undefined
      if (seen !== undefined && specOf(seen).nodeName === undefined) refusedAtFirst.push(whyPending(seen))
    }
    await this.#settled(before.size + order.length)
    const now = (await podsOf(this.#server)).filter((pod) => !before.has(idOf(pod)) && nodeOf.has(idOf(pod)))
    const seconds = (Date.now() - begun) / 1000
    const there = new Map(now.map((pod) => [idOf(pod), pod]))
    const bound = now.filter((pod) => specOf(pod).nodeName !== undefined)
    const elsewhere = isPinned ? bound.filter((pod) => specOf(pod).nodeName !== nodeOf.get(idOf(pod))) : []
    const refusedNow = new Set(this.#loader.refused.slice(refusedBefore).map(({ what }) => what))
    const outcome: Outcome = {
      ...{ pods: order.length, stayed: stays.size, bound: bound.length - stays.size, refusedAtFirst, seconds },
      elsewhere: elsewhere.map((pod) => ({ what: idOf(pod), why: `on ${specOf(pod).nodeName}` })),
      pending: now.filter((pod) => specOf(pod).nodeName === undefined).map(whyPending),
      evicted: order.map(idOf).filter((id) => !there.has(id) && !refusedNow.has(`Pod ${id}`)),
    }
    await remove(this.#server, now)
    return outcome
  }

  /** As it is once the scheduler has bound or refused it; undefined where the server did not take it. */
  async #decided(pod: Item): Promise<Item | undefined> {
    const path = `${pathOf(pod)}/${pod.metadata.name}`
    let seen: Item | undefined
    await until(`the scheduler said nothing of ${idOf(pod)}`, 60, async () => {
      const { status, body } = await this.#server.call('GET', path, undefined, [404])
      if (status === 404) return true
      seen = body as unknown as Item
      return specOf(seen).nodeName !== undefined || conditionsOf(seen).length > 0
    })
    return seen
  }

  /** Until every pod is bound, or nothing has happened for longer than the scheduler waits. */
  async #settled(least: number): Promise<void> {
    let known = ''
    let since = Date.now()
    for (;;) {
      await pause(500)
      const pods = await podsOf(this.#server)
      const waiting = pods.filter((pod) => specOf(pod).nodeName === undefined)
      const seen = `${pods.length} ${waiting.map(idOf).sort().join(' ')}`
      if (seen !== known) since = Date.now()
      known = seen
      if (least > 0 && pods.length >= least && waiting.length === 0) return
      if (Date.now() - since > (waiting.length === 0 ? QUIET_MS / 3 : QUIET_MS)) return
    }
  }

  /** A kept node has its own; a new one that of a live node of its type, else what most nodes have. */
  #csiNodes(): readonly Item[] {
    const { objects, nodes } = this.#plan
    const known = new Map(objects.flatMap((item) => (item.kind === 'CSINode' ? [[item.metadata.name, item]] : [])))
    const typeOf = (node: Item): string => labelsOf(node)['node.kubernetes.io/instance-type'] ?? ''
    const live = objects.filter(({ kind }) => kind === 'Node')
    const driversOf = (node: Item): unknown => known.get(node.metadata.name)?.spec?.['drivers']
    const texts = live.flatMap((node) =>
      driversOf(node) === undefined ? [] : [JSON.stringify(withoutIds(driversOf(node)))],
    )
    const count = (text: string): number => texts.filter((one) => one === text).length
    const usual = [...new Set(texts)].sort((a, b) => count(b) - count(a) || (a < b ? -1 : 1))[0]
    return nodes.flatMap((node): Item[] => {
      const own = known.get(node.metadata.name)
      if (own !== undefined) return [own]
      if (labelsOf(node)['eks.amazonaws.com/compute-type'] === 'fargate') return []
      const like = live.find((one) => typeOf(one) === typeOf(node) && driversOf(one) !== undefined)
      const drivers = like === undefined ? (usual === undefined ? [] : JSON.parse(usual)) : withoutIds(driversOf(like))
      const spec = { drivers: (drivers as Json[]).map((driver) => ({ ...driver, nodeID: node.metadata.name })) }
      return [{ apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: node.metadata.name }, spec }]
    })
  }
}

const withoutIds = (drivers: unknown): unknown =>
  ((drivers ?? []) as Json[]).map((driver) => ({ ...driver, nodeID: 'none' }))

/** Taints that say that nothing new is put on a node. */
const CLOSING =
  /^(node\.kubernetes\.io\/(unschedulable|unreachable|not-ready)|karpenter\.sh\/disrupted|ToBeDeletedByClusterAutoscaler|node\.cloudprovider\.kubernetes\.io\/shutdown|node\.kubernetes\.io\/out-of-service)$/
const isClosed = (node: Item): boolean => {
  const { unschedulable = false, taints = [] } = specOf(node)
  return unschedulable || taints.some(({ key, effect }) => effect !== 'PreferNoSchedule' && CLOSING.test(key))
}

const quantity = (text: string | undefined): number =>
  text === undefined ? 0 : Number(milliUp(parseQuantity(text)!)) / 1000

const priorityOf = ({ spec }: Item): number => Number(spec?.['priority'] ?? 0)
/** A pod that nothing has bound yet, of the default scheduler. With `node`, each of its terms asks for that one, too. */
function unbound(pod: Item, node: string | undefined): Item {
  const { nodeName: _nodeName, affinity, ...spec } = specOf(pod)
  const { metadata, apiVersion, kind } = pod
  const { deletionTimestamp: _deletionTimestamp, ...kept } = metadata
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const field = { key: 'metadata.name', operator: 'In', values: [node] }
  const terms = (required?.nodeSelectorTerms ?? [{}]).map((term) => ({
    ...term,
    matchFields: [...((term['matchFields'] as Json[] | undefined) ?? []), field],
  }))
  const nodeAffinity = {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
  }
  const given = node === undefined ? affinity : { ...affinity, nodeAffinity }
  return {
    ...{ apiVersion, kind, metadata: kept },
    spec: { ...spec, ...(given === undefined ? {} : { affinity: given }), schedulerName: 'default-scheduler' },
  }
}

const conditionsOf = ({ status }: Item): readonly { readonly type: string; readonly message?: string }[] =>
  (status?.['conditions'] ?? []) as { readonly type: string; readonly message?: string }[]

const whyPending = (pod: Item): Refused => ({
  what: idOf(pod),
  why: conditionsOf(pod).find(({ type }) => type === 'PodScheduled')?.message ?? 'nothing was said',
})
