import * as z from 'zod'
import type { Finding, ObjectMeta, PodObject, Snapshot } from '../domain/snapshot.js'
import { FailureError } from '../failure.js'
import { readMeta, text, type Json } from './fields.js'
import { readItems } from './json-items.js'
import * as kinds from './read-kinds.js'
import { readPod } from './read-pod.js'

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
  NodePool: kinds.readNodePool,
  EC2NodeClass: kinds.readNodeClass,
  ENIConfig: (item: Json) => ({ metadata: readMeta(item['metadata']) }),
} as const
type Kind = keyof typeof READERS
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

/** Makes equal parts of many objects one object: a workload's thousand pods share their spec and labels. */
class Shared {
  readonly #known = new Map<string, unknown>()

  one<Value>(value: Value): Value {
    const key = typeof value === 'string' ? value : JSON.stringify(value)
    const known = this.#known.get(key)
    if (known !== undefined) return known as Value
    this.#known.set(key, value)
    return value
  }
}

const sharePod = (pod: PodObject, shared: Shared): PodObject => ({
  ...pod,
  nodeName: shared.one(pod.nodeName),
  metadata: {
    ...pod.metadata,
    namespace: shared.one(pod.metadata.namespace),
    labels: shared.one(pod.metadata.labels),
    owners: shared.one(pod.metadata.owners),
  },
  spec: shared.one(pod.spec),
  volumes: shared.one(pod.volumes),
})

class Collected {
  readonly #objects = new Map<Kind, Map<string, { value: Named; file: string }>>()
  readonly #shared = new Shared()
  readonly findings: Finding[] = []

  add(item: Json, file: string): void {
    const identity = identitySchema.safeParse(item)
    if (!identity.success) {
      const issue = identity.error.issues[0]
      const detail = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}; the object was left out`
      this.findings.push({ code: 'unreadable-object', subject: `${text(item['kind']) || 'object'} in ${file}`, detail })
      return
    }
    const kind = identity.data.kind
    if (!isKind(kind)) return
    const read = READERS[kind](item) as Named
    const value = kind === 'Pod' ? sharePod(read as PodObject, this.#shared) : read
    this.#keep(kind, value, file)
  }

  #keep(kind: Kind, value: Named, file: string): void {
    const ofKind = this.#objects.get(kind) ?? new Map<string, { value: Named; file: string }>()
    this.#objects.set(kind, ofKind)
    const { namespace, name } = value.metadata
    const key = namespace === '' ? name : `${namespace}/${name}`
    const known = ofKind.get(key)
    if (known === undefined) {
      ofKind.set(key, { value, file })
      return
    }
    if (JSON.stringify(known.value) === JSON.stringify(value)) return
    if (kind !== 'Pod' || known.file !== file || !isSuccessor(known.value, value))
      throw new FailureError({
        kind: 'bad-input',
        file,
        problem: `holds a second, different ${kind} ${key}`,
        fix: 'All --snapshot files must come from one cluster at one time.',
      })
    const newer = (value.metadata.createdAt ?? '') > (known.value.metadata.createdAt ?? '') ? value : known.value
    ofKind.set(key, { value: newer, file })
    this.findings.push({
      code: 'pod-listed-twice',
      subject: key,
      detail: `two pods of this name with different uids in one list; the one created last was kept`,
    })
  }

  all<K extends Kind>(...wanted: readonly K[]): ObjectOf<K>[] {
    return wanted.flatMap((kind) =>
      [...(this.#objects.get(kind)?.values() ?? [])].map(({ value }) => value as ObjectOf<K>),
    )
  }
}

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
  const collected = new Collected()
  let objects = 0
  for (const file of files)
    await readItems(file, (item) => {
      collected.add(item, file === '-' ? 'standard input' : file)
      objects += 1
      if (objects % 1000 === 0) onProgress(objects)
    })
  const absentKinds = EXPECTED.filter((kind) => collected.all(kind).length === 0)
  return {
    nodes: collected.all('Node'),
    pods: collected.all('Pod'),
    controllers: collected.all(
      'Deployment',
      'StatefulSet',
      'ReplicaSet',
      'DaemonSet',
      'Job',
      'CronJob',
      'ReplicationController',
    ),
    disruptionBudgets: collected.all('PodDisruptionBudget'),
    volumes: collected.all('PersistentVolume'),
    claims: collected.all('PersistentVolumeClaim'),
    storageClasses: collected.all('StorageClass'),
    csiNodes: collected.all('CSINode'),
    namespaces: collected.all('Namespace'),
    priorityClasses: collected.all('PriorityClass'),
    runtimeClasses: collected.all('RuntimeClass'),
    autoscalers: collected.all('HorizontalPodAutoscaler'),
    nodePools: collected.all('NodePool'),
    nodeClasses: collected.all('EC2NodeClass'),
    eniConfigs: collected.all('ENIConfig').map(({ metadata }) => metadata.name),
    absentKinds,
    findings: collected.findings,
  }
}
