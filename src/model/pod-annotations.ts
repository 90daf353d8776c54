import type { Pod } from '../domain/pod.js'
import { valueOf } from '../domain/requirement.js'

const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict'
const SAFE_VOLUMES = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes'

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
}

/** Milliseconds of a Go duration (`1h30m`, `1.5h`); undefined where Go's `time.ParseDuration` would fail, or below 0. */
export function parseGoDuration(text: string): number | undefined {
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g
  const body = text.replace(/^\+/, '')
  if (body === '0') return 0
  if (body === '' || body.replaceAll(part, '') !== '') return undefined
  return [...body.matchAll(part)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0)
}

/** An annotation that keeps a pod where it is; `until` where it ends by itself. */
export type Hold = { readonly annotation: string; readonly until: string | undefined }

/**
 * Karpenter's word on a pod: `"true"`, or a duration counted from its start; values that are neither are ignored.
 * `now` is an ISO time; without it, or without a start, a duration counts as still running.
 */
function karpenterHold(pod: Pod, now: string | undefined): Hold | undefined {
  const value = valueOf(pod.annotations, 'karpenter.sh/do-not-disrupt')
  if (value === 'true') return { annotation: 'karpenter.sh/do-not-disrupt', until: undefined }
  if (valueOf(pod.annotations, 'karpenter.sh/do-not-evict') === 'true')
    return { annotation: 'karpenter.sh/do-not-evict', until: undefined }
  const duration = value === undefined ? undefined : parseGoDuration(value)
  if (duration === undefined) return undefined
  const annotation = `karpenter.sh/do-not-disrupt=${value}`
  const start = Date.parse(pod.startedAt ?? '')
  if (Number.isNaN(start)) return { annotation, until: undefined }
  const end = start + duration
  if (now !== undefined && end <= Date.parse(now)) return undefined
  return { annotation, until: new Date(end).toISOString().replace('.000Z', 'Z') }
}

/** What the annotations of a pod ask of whoever wants to move it. */
export type PodWishes = {
  readonly karpenter: Hold | undefined
  /** The Cluster Autoscaler's `safe-to-evict`. */
  readonly safeToEvict: 'yes' | 'no' | 'on completion' | undefined
  /** Names of local volumes that may be lost. */
  readonly safeVolumes: readonly string[]
}

const SAFE_VALUES: Readonly<Record<string, PodWishes['safeToEvict']>> = {
  true: 'yes',
  false: 'no',
  'on-completion': 'on completion',
}

export function podWishes(pod: Pod, now: string | undefined): PodWishes {
  const safe = valueOf(pod.annotations, SAFE_TO_EVICT)
  const volumes = valueOf(pod.annotations, SAFE_VOLUMES) ?? ''
  return {
    karpenter: karpenterHold(pod, now),
    safeToEvict: safe !== undefined && Object.hasOwn(SAFE_VALUES, safe) ? SAFE_VALUES[safe] : undefined,
    safeVolumes: volumes
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  }
}

/** The annotation's key and value, as a report quotes it. */
export const safeToEvictText = (value: string): string => `${SAFE_TO_EVICT}=${value}`

/**
 * Entries of `VolumeRules.localData` by what they are: `emptyDir NAME` and `hostPath NAME (PATH)` are scratch data of the
 * node, anything else is a volume bound to its node's own disk.
 */
export function localData(pod: Pod): { readonly scratch: readonly string[]; readonly bound: readonly string[] } {
  const isScratch = (entry: string): boolean => /^(emptyDir|hostPath) /.test(entry)
  return {
    scratch: pod.volumes.localData.filter(isScratch),
    bound: pod.volumes.localData.filter((entry) => !isScratch(entry)),
  }
}

/** Local data that nobody has declared expendable: emptyDir on disk and hostPath volumes whose name is not in the list. */
export const scratchAtRisk = (pod: Pod, { safeVolumes }: PodWishes): readonly string[] =>
  localData(pod).scratch.filter((entry) => !safeVolumes.includes(entry.split(' ')[1] ?? ''))
