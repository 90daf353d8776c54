import type { Pod } from '../../domain/pod.js'
import type { Draft, Slot } from '../draft.js'
import { byCpuThenMemory, Claims, type Claim, type ClaimTools } from './claims.js'

/** multinodeconsolidation.go: at most so many nodes go at once. */
const MOST_AT_ONCE = 100
const MOST_ROUNDS = 5

/** New nodes, and pods for which none could be bought. */
export type Provisioned = { readonly bought: readonly Slot[]; readonly left: readonly Pod[] }

/**
 * Buys the nodes that Karpenter would buy and then consolidate for pods of one group that have no place, beside nodes that
 * stay (`fixed`, on the board with what they run). A pod goes to the first of these that takes it, else to the open claim with
 * the fewest pods of which any machine still holds everything, else to a new claim, which becomes the cheapest machine that
 * holds it once all is placed. Then nodes go, many at once and one by one, whose pods fit elsewhere and on at most one new,
 * cheaper node. As in kubernetes-sigs/karpenter `pkg/controllers/provisioning/scheduling/*.go` and
 * `pkg/controllers/disruption/*.go`. Leaves the draft filled.
 */
export function provision(homeless: readonly Pod[], fixed: readonly Slot[], tools: ClaimTools): Provisioned {
  const claims = new Claims(tools)
  const open: Claim[] = []
  let left: readonly Pod[] = byCpuThenMemory(homeless)
  // A pod may have to wait for another one to be there.
  for (let before = -1; before !== left.length;) {
    before = left.length
    left = left.filter((pod) => !place(pod, claims, fixed, open))
  }
  for (const claim of open) claims.settle(claim)
  return { bought: consolidated(tools.draft, claims, fixed, open), left }
}

function place(pod: Pod, claims: Claims, nodes: readonly Slot[], open: Claim[]): boolean {
  if (claims.onNode(pod, nodes)) return true
  const byPods = [...open].sort((a, b) => a.pods.length - b.pods.length)
  if (byPods.some((claim) => claims.onClaim(pod, claim))) return true
  const made = claims.open(pod, open)
  if (made !== undefined) open.push(made)
  return made !== undefined
}

/** The group's new nodes after consolidation. */
function consolidated(draft: Draft, claims: Claims, fixed: readonly Slot[], open: readonly Claim[]): Slot[] {
  let nodes = open.map(({ slot }) => slot)
  /** Takes the nodes out if their pods find a place for less. */
  const retire = (going: readonly Slot[]): boolean => {
    const mark = draft.mark()
    const saved = going.reduce((total, { rate }) => total + (rate ?? 0), 0)
    const pods = byCpuThenMemory(going.flatMap((slot) => [...slot.pods]))
    for (const slot of going) {
      for (const pod of [...slot.pods]) draft.take(pod)
      draft.close(slot)
    }
    const stay = nodes.filter((slot) => !going.includes(slot))
    const bought: Claim[] = []
    const isPlaced = pods.every((pod) => {
      if (claims.onNode(pod, [...fixed, ...stay])) return true
      if (bought.length === 0) {
        const made = claims.open(pod, [])
        if (made !== undefined) bought.push(made)
        return made !== undefined
      }
      return claims.onClaim(pod, bought[0]!)
    })
    for (const claim of bought) claims.settle(claim)
    if (isPlaced && (bought[0]?.slot.rate ?? 0) < saved) {
      nodes = [...stay, ...bought.map(({ slot }) => slot)]
      return true
    }
    draft.rollback(mark)
    return false
  }
  const fewestPodsFirst = (): Slot[] => [...nodes].sort((a, b) => a.pods.size - b.pods.size)
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let hasChanged = false
    for (let many = Math.min(nodes.length, MOST_AT_ONCE); many >= 2; many >>= 1)
      if (retire(fewestPodsFirst().slice(0, many))) hasChanged = true
    for (const slot of fewestPodsFirst()) if (nodes.includes(slot) && retire([slot])) hasChanged = true
    if (!hasChanged) break
  }
  return nodes
}
