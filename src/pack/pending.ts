import type { Pod } from '../domain/pod.js'
import type { Draft, Slot } from './draft.js'
import { Pool } from './first-fit.js'
import { largestFirst } from './order.js'

export type PendingPlaces = {
  readonly pendingPlaced: ReadonlyMap<Pod, Slot>
  readonly pendingLeft: readonly Pod[]
}

/** Puts pending pods where these nodes of a plan have room. `isBroken`: does a pod on the board break a rule that it keeps today? */
export function placePending(
  draft: Draft,
  pending: readonly Pod[],
  open: readonly Slot[],
  isBroken: () => boolean,
): PendingPlaces {
  const reference = open[0]?.site.allocatable
  if (reference === undefined) return { pendingPlaced: new Map(), pendingLeft: pending }
  const pendingLeft = putAll(new Pool(draft, open), largestFirst(pending, reference), draft, isBroken)
  const left = new Set(pendingLeft)
  const pendingPlaced = new Map<Pod, Slot>()
  for (const pod of pending) {
    const slot = draft.places.get(pod)
    if (slot !== undefined && !left.has(pod)) pendingPlaced.set(pod, slot)
  }
  return { pendingPlaced, pendingLeft }
}

/** One that would make another pod break a rule in the final state is left over, though the scheduler would take it. */
function putAll(pool: Pool, pods: readonly Pod[], draft: Draft, isBroken: () => boolean): readonly Pod[] {
  const mark = draft.mark()
  const left = pool.putAll(pods)
  if (!isBroken()) return left
  const touched = new Set(pods.flatMap((pod) => draft.places.get(pod) ?? []))
  draft.rollback(mark)
  pool.refresh(touched)
  let waiting = pods
  for (;;) {
    const next = waiting.filter((pod) => {
      const before = draft.mark()
      const slot = pool.put(pod)
      if (slot === undefined) return true
      if (!isBroken()) return false
      draft.rollback(before)
      pool.refresh([slot])
      return true
    })
    if (next.length === 0 || next.length === waiting.length) return next
    waiting = next
  }
}
