import type { Pod } from '../../domain/pod.js'
import type { VolumeCounts } from '../bins/bin-room.js'
import type { PackProblem } from '../problem.js'

const NONE: Readonly<Record<string, number>> = {}

/** Volumes that no other pod of the problem uses, by pod and driver: only those count for each pod by itself. */
export function volumeCounts({ groups, pending }: PackProblem): VolumeCounts {
  const users = new Map<string, number>()
  const nameOf = (driver: string, handle: string): string => JSON.stringify([driver, handle])
  const namesOf = ({ volumes }: Pod): Set<string> =>
    new Set(volumes.attachments.map(({ driver, handle }) => nameOf(driver, handle)))
  const count = (pods: readonly Pod[]): void => {
    for (const pod of pods)
      if (pod.volumes.attachments.length > 0)
        for (const name of namesOf(pod)) users.set(name, (users.get(name) ?? 0) + 1)
  }
  count(pending)
  for (const { live } of groups)
    for (const { pods, residents } of live) {
      count(pods)
      count(residents)
    }
  const known = new Map<Pod, Readonly<Record<string, number>>>()
  return (pod) => {
    if (pod.volumes.attachments.length === 0) return NONE
    const found = known.get(pod)
    if (found !== undefined) return found
    const counts: Record<string, number> = {}
    for (const name of namesOf(pod)) {
      if (users.get(name) !== 1) continue
      const [driver] = JSON.parse(name) as [string, string]
      counts[driver] = (counts[driver] ?? 0) + 1
    }
    known.set(pod, counts)
    return counts
  }
}
