import type { Pod } from './pod.js'

/** Controllers whose pods end: losing some of them with a node is no outage. */
const ENDING: ReadonlySet<string> = new Set(['Job', 'CronJob'])

/** Pods of each workload that keeps two or more replicas running, by its key (`namespace/Kind/name`). */
export function replicasOf(pods: Iterable<Pod>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { workload, role } of pods)
    if (role === 'ordinary' && !ENDING.has(workload.split('/')[1] ?? ''))
      counts.set(workload, (counts.get(workload) ?? 0) + 1)
  return new Map([...counts].filter(([, count]) => count > 1))
}

/**
 * How many replicas one place may hold by a limit on their share: always one, and as many as it takes where `places` are
 * all there are. Infinite without a limit.
 */
export const mostOf = (share: number | undefined, replicas: number, places: number): number =>
  share === undefined ? Infinity : Math.max(1, Math.floor(share * replicas + 1e-9), Math.ceil(replicas / places))
