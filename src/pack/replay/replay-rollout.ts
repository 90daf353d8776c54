import { byText } from '../order.js'
import type { Entry, ReplayBoard } from './replay-board.js'
import type { Random } from './replay-queue.js'

/** A pod that a refill has put somewhere. */
export type Replica = { readonly entry: Entry; readonly row: number }

/**
 * A Deployment's rolling update as it is where its owner says nothing: maxSurge and maxUnavailable are 25 % of the
 * replicas, the first rounded up and the second down (kubernetes/kubernetes `pkg/apis/apps/v1/defaults.go`,
 * `pkg/controller/deployment/util/deployment_util.go`: ResolveFenceposts).
 */
const SHARE = 0.25

/**
 * The pods of each Deployment, whatever the order in which they are given. Those with a claim that is for one node are left out: a
 * second pod waits for the first one's volume, however much room there is.
 */
export function deploymentsOf(entries: readonly Entry[]): Entry[][] {
  const podsOf = new Map<string, Entry[]>()
  for (const entry of entries) {
    const { workload, volumes } = entry.pod
    if (workload.split('/').at(-2) !== 'Deployment') continue
    if (volumes.exclusiveClaims.length + volumes.sharedClaims.length + volumes.inTreeVolumes.length > 0) continue
    const known = podsOf.get(workload)
    if (known === undefined) podsOf.set(workload, [entry])
    else known.push(entry)
  }
  const byName = [...podsOf].sort(([a], [b]) => byText(a, b))
  return byName.map(([, pods]) => pods.sort((a, b) => byText(a.pod.id, b.pod.id)))
}

/**
 * Rolls a Deployment out anew on nodes that are full: new pods come as far as maxSurge lets them, old ones go as far as
 * maxUnavailable lets them, until all are new or nothing changes any more. A pod that has a place is taken to be ready.
 * Returns those that stay pending.
 */
export function rollOut(board: ReplayBoard, replicas: readonly Replica[], random: Random): Entry[] {
  const wanted = replicas.length
  const most = wanted + Math.ceil(wanted * SHARE)
  const fewest = wanted - Math.floor(wanted * SHARE)
  const old = [...replicas]
  const coming = old.map(({ entry }) => entry)
  let pending: Entry[] = []
  let running = 0
  for (;;) {
    const before = running + old.length
    const made = coming.splice(0, most - old.length - running - pending.length)
    const left = [...pending, ...made].filter((entry) => {
      const row = board.best(entry, random)
      if (row !== undefined) board.put(entry, row)
      return row === undefined
    })
    running += pending.length + made.length - left.length
    const hasCome = running + old.length > before
    pending = left
    const gone = old.splice(0, Math.max(0, old.length + running - fewest))
    for (const { entry, row } of gone) board.take(entry, row)
    if (!hasCome && gone.length === 0) return pending
  }
}
