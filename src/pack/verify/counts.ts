import { valueOf } from '../../domain/requirement.js'
import type { Kind } from './kinds.js'
import type { Host } from './world.js'

/** Pods in each domain (value of a topology key); a domain without any is absent. */
export type Counts = ReadonlyMap<string, number>

export const NO_COUNTS: Counts = new Map()

export type Counter = {
  /** The host's value of a topology key, undefined where it lacks the label. */
  valueAt(key: string, host: number): string | undefined
  /** Pods of these kinds, on hosts that carry the key and for which `where` is set. */
  count(kinds: Iterable<Kind>, key: string, where?: Uint8Array): Counts
}

export function createCounter(hosts: readonly Host[]): Counter {
  const values = new Map<string, readonly (string | undefined)[]>()
  const valuesOf = (key: string): readonly (string | undefined)[] => {
    const known = values.get(key) ?? hosts.map(({ labels }) => valueOf(labels, key))
    values.set(key, known)
    return known
  }
  return {
    valueAt: (key, host) => valuesOf(key)[host],
    count(kinds, key, where) {
      const at = valuesOf(key)
      const counts = new Map<string, number>()
      for (const { onHost } of kinds)
        for (const [host, pods] of onHost) {
          const value = at[host]
          if (value === undefined || (where !== undefined && where[host] === 0)) continue
          counts.set(value, (counts.get(value) ?? 0) + pods)
        }
      return counts
    },
  }
}

/** What `make` answers, asked once per key. */
export function remember<Value>(): (key: string, make: () => Value) => Value {
  const known = new Map<string, Value>()
  return (key, make) => {
    const value = known.get(key)
    if (value !== undefined) return value
    const made = make()
    known.set(key, made)
    return made
  }
}
