import * as z from 'zod'
import type { AwsSnapshot } from '../domain/aws-snapshot.js'
import type { Finding, ObjectMeta, PodObject, Snapshot } from '../domain/snapshot.js'
import { FailureError } from '../failure.js'
import { isAwsSnapshot, readAwsSnapshot } from './aws/schema.js'
import { readMeta, text, type Json } from './fields.js'
import { readItems } from './json-items.js'
import * as addons from './read-addons.js'
import * as kinds from './read-kinds.js'
import * as limits from './read-limits.js'
import { readPod } from './read-pod.js'
import { SharedPods } from './shared-parts.js'

/** What every Kubernetes object must have before any other field of it is looked at. */
const identitySchema = z.looseObject({
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
})

type Named = { readonly metadata: ObjectMeta }

/** Kinds that the model reads, in the words of kubectl, with the reader of each. */
const READERS = {
  Node: kinds.readNode,
  Pod: readPod,
  Deployment: kinds.readController,
  StatefulSet: kinds.readController,
  ReplicaSet: kinds.readController,
  DaemonSet: kinds.readController,
  Job: kinds.readController,
  CronJob: kinds.readController,
  ReplicationController: kinds.readController,
  PodDisruptionBudget: kinds.readDisruptionBudget,
  PersistentVolume: kinds.readVolume,
  PersistentVolumeClaim: kinds.readClaim,
  StorageClass: kinds.readStorageClass,
  CSINode: kinds.readCsiNode,
  Namespace: (item: Json) => ({ metadata: readMeta(item['metadata']) }),
  PriorityClass: kinds.readPriorityClass,
  RuntimeClass: kinds.readRuntimeClass,
  HorizontalPodAutoscaler: kinds.readAutoscaler,
  ScaledObject: addons.readScaledObject,
  VerticalPodAutoscaler: addons.readVerticalAutoscaler,
  NodePool: kinds.readNodePool,
  NodeClaim: addons.readNodeClaim,
  EC2NodeClass: kinds.readNodeClass,
  ENIConfig: (item: Json) => ({ metadata: readMeta(item['metadata']) }),
  CNINode: addons.readCniNode,
  PodMetrics: limits.readPodUsage,
  NodeMetrics: limits.readNodeUsage,
  ResourceQuota: limits.readResourceQuota,
  LimitRange: limits.readLimitRange,
} as const
export type Kind = keyof typeof READERS
type ObjectOf<K extends Kind> = ReturnType<(typeof READERS)[K]>

/** Kinds that the README's kubectl command asks for: when one has no object at all, the report says so. */
const EXPECTED: readonly Kind[] = [
  'Node',
  'Pod',
  'DaemonSet',
  'ReplicaSet',
  'Deployment',
  'StatefulSet',
  'Job',
  'PodDisruptionBudget',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'StorageClass',
  'CSINode',
  'Namespace',
  'PriorityClass',
]

/** Objects in the order of their coming, found again by name; several hundred thousand of them must stay small. */
class Gathered {
  readonly values: Named[] = []
  readonly #files: string[] = []
  readonly #places = new Map<string, Map<string, number>>()

  find({
    namespace,
    name,
  }: ObjectMeta): { readonly at: number; readonly value: Named; readonly file: string } | undefined {
    const at = this.#places.get(namespace)?.get(name)
    const value = at === undefined ? undefined : this.values[at]
    return at === undefined || value === undefined ? undefined : { at, value, file: this.#files[at] ?? '' }
  }

  push(value: Named, file: string): void {
    const { namespace, name } = value.metadata
    const places = this.#places.get(namespace) ?? new Map<string, number>()
    this.#places.set(namespace, places)
    places.set(name, this.values.length)
    this.values.push(value)
    this.#files.push(file)
  }
}

/** What a `collect` file says about its own making: the kinds that were asked for, and what could not be read. */
export type CollectNotes = { readonly asked: readonly string[]; readonly findings: readonly Finding[] }

const OWN_API = 'k8s-cost/v1'
const twice = (kind: Kind): string => `${kind.toLowerCase()}-listed-twice`

const notesSchema = z.object({
  asked: z.array(z.string()),
  findings: z.array(z.object({ code: z.string(), subject: z.string(), detail: z.string() })),
})

/** The notes as an object of the list. */
export const notesObject = ({ asked, findings }: CollectNotes): Json => ({
  apiVersion: OWN_API,
  kind: 'CollectNotes',
  metadata: { name: 'collect' },
  asked,
  findings,
})

/**
 * Gathers objects of one cluster, as they come, to a Snapshot. The same object twice counts once; two different objects
 * of one kind and name are a Failure, for the files are then not of one moment.
 */
export class SnapshotBuilder {
  readonly #objects = new Map<Kind, Gathered>()
  readonly #sharedPods = new SharedPods()
  readonly #asked = new Set<string>()
  #findings: Finding[] = []
  #aws: AwsSnapshot | undefined

  /** Objects of kinds that the model does not read are passed over. */
  add(item: Json, file: string): void {
    if (item['kind'] === 'CollectNotes' && item['apiVersion'] === OWN_API) {
      const notes = notesSchema.safeParse(item)
      if (notes.success) return this.note(notes.data)
      const problem = 'the notes of the collect command in it are damaged'
      throw new FailureError({ kind: 'bad-input', file, problem, fix: 'Collect again.' })
    }
    if (isAwsSnapshot(item)) return this.addAws(readAwsSnapshot(item, file), file)
    const identity = identitySchema.safeParse(item)
    if (!identity.success) {
      const where = identity.error.issues[0]?.path.join('.') ?? 'it'
      const detail = `${where} is missing or of the wrong type; the object was left out`
      this.#findings.push({
        code: 'unreadable-object',
        subject: `${text(item['kind']) || 'object'} in ${file}`,
        detail,
      })
      return
    }
    const kind = identity.data.kind
    if (!isKind(kind)) return
    const read = READERS[kind](item) as Named
    const value = kind === 'Pod' ? this.#sharedPods.one(read as PodObject) : read
    this.#keep(kind, value, file)
  }

  #keep(kind: Kind, value: Named, file: string): void {
    const ofKind = this.#objects.get(kind) ?? new Gathered()
    this.#objects.set(kind, ofKind)
    const known = ofKind.find(value.metadata)
    if (known === undefined) return ofKind.push(value, file)
    const { namespace, name } = value.metadata
    const key = namespace === '' ? name : `${namespace}/${name}`
    if (JSON.stringify(known.value) === JSON.stringify(value)) return
    if (!COMES_AND_GOES.has(kind) || known.file !== file || !isSuccessor(known.value, value))
      throw new FailureError({
        kind: 'bad-input',
        file,
        problem: `holds a second, different ${kind} ${key}`,
        fix: 'All --snapshot files must come from one cluster at one time.',
      })
    if ((value.metadata.createdAt ?? '') > (known.value.metadata.createdAt ?? '')) ofKind.values[known.at] = value
    this.#findings.push({
      code: twice(kind),
      subject: key,
      detail: `two ${kind} objects of this name with different uids in one list; the one created last was kept`,
    })
  }

  note({ asked, findings }: CollectNotes): void {
    for (const kind of asked) this.#asked.add(kind)
    this.#findings.push(...findings)
  }

  /** What AWS said; the same answers twice count once. */
  addAws(aws: AwsSnapshot, file: string): void {
    if (this.#aws !== undefined && JSON.stringify(this.#aws) !== JSON.stringify(aws))
      throw new FailureError({
        kind: 'bad-input',
        file,
        problem: `holds a second, different AwsSnapshot`,
        fix: 'All --snapshot files must come from one cluster at one time.',
      })
    this.#aws = aws
  }

  /** Forgets the objects of a kind: its list is read again from the start. */
  drop(kind: Kind): void {
    this.#objects.delete(kind)
    this.#findings = this.#findings.filter(({ code }) => code !== twice(kind))
  }

  #all<K extends Kind>(...wanted: readonly K[]): ObjectOf<K>[] {
    return wanted.flatMap((kind) => (this.#objects.get(kind)?.values ?? []) as ObjectOf<K>[])
  }

  snapshot(): Snapshot {
    const absentKinds = EXPECTED.filter((kind) => !this.#asked.has(kind) && this.#all(kind).length === 0)
    return {
      nodes: this.#all('Node'),
      pods: this.#all('Pod'),
      controllers: this.#all(
        'Deployment',
        'StatefulSet',
        'ReplicaSet',
        'DaemonSet',
        'Job',
        'CronJob',
        'ReplicationController',
      ),
      disruptionBudgets: this.#all('PodDisruptionBudget'),
      volumes: this.#all('PersistentVolume'),
      claims: this.#all('PersistentVolumeClaim'),
      storageClasses: this.#all('StorageClass'),
      csiNodes: this.#all('CSINode'),
      namespaces: this.#all('Namespace'),
      priorityClasses: this.#all('PriorityClass'),
      runtimeClasses: this.#all('RuntimeClass'),
      autoscalers: this.#all('HorizontalPodAutoscaler', 'ScaledObject'),
      verticalAutoscalers: this.#all('VerticalPodAutoscaler'),
      podUsage: this.#all('PodMetrics'),
      nodeUsage: this.#all('NodeMetrics'),
      resourceQuotas: this.#all('ResourceQuota'),
      limitRanges: this.#all('LimitRange'),
      nodePools: this.#all('NodePool'),
      nodeClasses: this.#all('EC2NodeClass'),
      nodeClaims: this.#all('NodeClaim'),
      eniConfigs: this.#all('ENIConfig').map(({ metadata }) => metadata.name),
      cniNodes: this.#all('CNINode'),
      absentKinds,
      findings: this.#findings,
      ...(this.#aws === undefined ? {} : { aws: this.#aws }),
    }
  }
}

/** Kinds whose objects are made anew under names that were used before. */
const COMES_AND_GOES: ReadonlySet<Kind> = new Set<Kind>(['Pod', 'NodeClaim'])

/**
 * A long list is not one moment: a StatefulSet's pod can be deleted and made anew, with another uid, while its pages are
 * read, and then stands in it twice.
 */
const isSuccessor = (a: Named, b: Named): boolean =>
  a.metadata.uid !== '' && b.metadata.uid !== '' && a.metadata.uid !== b.metadata.uid

const isKind = (kind: string): kind is Kind => Object.hasOwn(READERS, kind)

/**
 * Reads one cluster from one or several files (`-` is standard input). The same object twice counts once; two different
 * objects of one kind and name are a Failure, for the files are then not of one moment. Objects of kinds that the model
 * does not read are passed over; an object without a kind or a name is left out and becomes a finding.
 */
export async function readSnapshot(files: readonly string[], onProgress: (objects: number) => void): Promise<Snapshot> {
  const collected = new SnapshotBuilder()
  let objects = 0
  for (const file of files)
    await readItems(file, (item) => {
      collected.add(item, file === '-' ? 'standard input' : file)
      objects += 1
      if (objects % 1000 === 0) onProgress(objects)
    })
  return collected.snapshot()
}
