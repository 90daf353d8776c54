import type { PodObject } from '../domain/snapshot.js'

const NONE: readonly never[] = []

/** Whether two plain JSON values would be written the same, the order of fields included. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let at = 0; at < a.length; at += 1) if (!sameJson(a[at], b[at])) return false
    return true
  }
  if (Array.isArray(b)) return false
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  if (keys.length !== others.length) return false
  for (let at = 0; at < keys.length; at += 1) {
    const key = keys[at] ?? ''
    if (key !== others[at]) return false
    if (!sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false
  }
  return true
}

/** Makes equal parts of many objects one object: a workload's thousand pods share their spec and labels. */
class Shared {
  readonly #known = new Map<string, unknown>()

  /** `near` is a shared value that this one is likely to equal: comparing is cheaper than writing out to look it up. */
  one<Value>(value: Value, near?: Value): Value {
    if (value === undefined) return value
    if (Array.isArray(value) && value.length === 0) return NONE as Value
    if (near !== undefined && sameJson(value, near)) return near
    const key = typeof value === 'string' ? value : JSON.stringify(value)
    const known = this.#known.get(key)
    if (known !== undefined) return known as Value
    this.#known.set(key, value)
    return value
  }
}

/** Pods with equal parts made one. The last pod of the same owner is what the next one is likely to be like. */
export class SharedPods {
  readonly #shared = new Shared()
  readonly #last = new Map<string, PodObject>()

  /** Times too: the pods of a workload start together. */
  one({ metadata, spec, volumes, nodeName, status }: PodObject): PodObject {
    const shared = this.#shared
    const owner = metadata.owners[0]?.uid ?? ''
    const near = this.#last.get(owner)
    const pod: PodObject = {
      metadata: {
        ...metadata,
        namespace: shared.one(metadata.namespace),
        labels: shared.one(metadata.labels, near?.metadata.labels),
        annotations: shared.one(metadata.annotations, near?.metadata.annotations),
        owners: shared.one(metadata.owners, near?.metadata.owners),
        createdAt: shared.one(metadata.createdAt),
      },
      spec: shared.one(spec, near?.spec),
      volumes: shared.one(volumes, near?.volumes),
      nodeName: shared.one(nodeName),
      status: {
        ...status,
        phase: shared.one(status.phase),
        startTime: shared.one(status.startTime),
        containers: shared.one(status.containers, near?.status.containers),
      },
    }
    if (owner !== '') this.#last.set(owner, pod)
    return pod
  }
}
