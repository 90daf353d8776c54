import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** What these tests read of a Kubernetes object, straight from the file and not through the program. */
export type ListedObject = {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[]
  }
  readonly spec?: {
    readonly nodeName?: string
    readonly priority?: number
    readonly schedulingGates?: readonly unknown[]
  }
  readonly status?: { readonly phase?: string }
}

export function readObjects(file: string): ListedObject[] {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return (JSON.parse(text) as { items: ListedObject[] }).items
}

const livePods = (objects: readonly ListedObject[]): ListedObject[] =>
  objects.filter(({ kind, status }) => kind === 'Pod' && !/^(Succeeded|Failed)$/.test(status?.phase ?? ''))

/** Pods that are bound to a node and not finished, by node: DaemonSet and static pods included. */
export function podCounts(objects: readonly ListedObject[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { spec } of livePods(objects))
    if (spec?.nodeName !== undefined) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1)
  return counts
}

/** The pods that placements.csv must have by the contract; `nodeName` is empty unless that node is in the list. */
export function podsThatNeedAPlace(objects: readonly ListedObject[]): Map<string, { readonly nodeName: string }> {
  const nodes = new Map(objects.flatMap((object) => (object.kind === 'Node' ? [[object.metadata.name, object]] : [])))
  const isFargate = (node: ListedObject | undefined): boolean =>
    node?.metadata.labels?.['eks.amazonaws.com/compute-type'] === 'fargate'
  const pods = livePods(objects).filter(({ metadata, spec }) => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind
    const isStatic = owner === 'Node' || metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
    return !(
      owner === 'DaemonSet' ||
      isStatic ||
      isFargate(nodes.get(spec?.nodeName ?? '')) ||
      metadata.labels?.['eks.amazonaws.com/fargate-profile'] !== undefined ||
      metadata.deletionTimestamp !== undefined ||
      (spec?.schedulingGates ?? []).length > 0 ||
      (spec?.priority ?? 0) < -10
    )
  })
  return new Map(
    pods.map(({ metadata, spec }) => [
      `${metadata.namespace ?? 'default'}/${metadata.name}`,
      { nodeName: nodes.has(spec?.nodeName ?? '') ? (spec?.nodeName ?? '') : '' },
    ]),
  )
}
