import { requestsOn, type Pod } from '../domain/pod.js'
import { acceptsPods, type Draft, type Slot } from './draft.js'
import { largestFirst } from './order.js'
import { ReplayScores } from './replay/replay-scores.js'
import type { Random } from './replay/replay-queue.js'

/** Of equal nodes. */
const first: Random = () => 0

/**
 * Puts pods on nodes as the default scheduler would, each where most is left of the node, the largest first, within the
 * guard rails. First fit would fill the first nodes to the brim and break rules that ask for an even spread. Returns the
 * pods that no node takes.
 */
export function spreadOver(draft: Draft, slots: readonly Slot[], pods: readonly Pod[]): readonly Pod[] {
  const open = slots.filter(acceptsPods)
  const reference = open[0]?.site.allocatable
  if (pods.length === 0 || reference === undefined) return pods
  const scores = new ReplayScores()
  const scored = new Map(pods.map((pod) => [pod, scores.scoredOf(pod)]))
  open.forEach((slot, row) => {
    scores.open(slot.site)
    for (const pod of slot.residents) scores.hold(row, pod, pod.held)
    for (const pod of slot.pods) scores.hold(row, pod, requestsOn(pod, slot.site.name))
  })
  const rows = Int32Array.from(open.keys())
  let left: readonly Pod[] = largestFirst(pods, reference)
  for (;;) {
    const next = left.filter((pod) => {
      const asked = scored.get(pod)!
      const row = scores.best(asked, rows, (candidate) => draft.takes(open[candidate]!, pod), first)
      if (row === undefined) return true
      draft.put(pod, open[row]!)
      scores.add(row, asked, requestsOn(pod, open[row]!.site.name))
      return false
    })
    // A pod that waits for another one is tried again after the others.
    if (next.length === 0 || next.length === left.length) return next
    left = next
  }
}
