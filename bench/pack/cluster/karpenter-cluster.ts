import type { CapacityPolicy } from '../../../src/domain/goal.js'
import type { Pod } from '../../../src/domain/pod.js'
import { createBoard, type BoardContext } from '../../../src/pack/board/board.js'
import { Draft, liveSlot, type Slot } from '../../../src/pack/draft.js'
import { Machines } from '../../../src/pack/machines.js'
import type { PackGroup, PackProblem } from '../../../src/pack/problem.js'
import { spotWish } from '../../../src/pack/spot/spot.js'
import { Stock } from '../../../src/pack/stock.js'
import { byCpuThenMemory, Claims, type Claim } from './karpenter-claims.js'

/** `multinodeconsolidation.go`: at most so many nodes go at once. */
const MOST_AT_ONCE = 100
const MOST_ROUNDS = 5

export type KarpenterPlan = { readonly slots: readonly Slot[]; readonly left: readonly Pod[]; readonly rate: number }

/**
 * A cluster packed as Karpenter provisions and then consolidates it, by the rules, the guard rails and the machines that
 * our plans have, group by group: nodes that every plan keeps are there with their pods; all others are provisioned
 * anew. A pod goes to the first node that takes it, else to the open claim with the fewest pods of which any machine
 * still holds everything, else to a new claim, which becomes the cheapest machine that holds it once all is placed. Then
 * nodes go, many at once and one by one, whose pods fit elsewhere and on at most one new, cheaper node. As in
 * kubernetes-sigs/karpenter `pkg/controllers/provisioning/scheduling/*.go` and `pkg/controllers/disruption/*.go`.
 */
export function karpenterCluster(problem: PackProblem, context: BoardContext, policy: CapacityPolicy): KarpenterPlan {
  const draft = new Draft(createBoard(context), problem)
  const machines = new Machines(problem, (pod) => draft.board.classKey(pod))
  const { wants } = spotWish(policy, problem)
  const stock = new Stock('karpenter')
  const work = problem.groups.map((group) => ({ group, ...openLive(group, draft) }))
  const slots: Slot[] = []
  const left: Pod[] = []
  for (const { group, fixed, homeless } of work) {
    const claims = new Claims(draft, machines.on(group, policy), stock, wants)
    const open: Claim[] = []
    const waiting = byCpuThenMemory(homeless)
    let unplaced = waiting
    // A pod may have to wait for another one to be there.
    for (let before = -1; before !== unplaced.length;) {
      before = unplaced.length
      unplaced = unplaced.filter((pod) => !place(pod, claims, fixed, open))
    }
    for (const claim of open) claims.settle(claim)
    left.push(...unplaced)
    slots.push(...fixed, ...consolidated(draft, claims, fixed, open))
  }
  return { slots, left, rate: slots.reduce((total, { rate }) => total + (rate ?? 0), 0) }
}

/** Puts the nodes that stay on the board; pods of the others have no place yet. */
function openLive(group: PackGroup, draft: Draft): { readonly fixed: Slot[]; readonly homeless: Pod[] } {
  const fixed: Slot[] = []
  const homeless: Pod[] = []
  for (const live of group.live) {
    if (live.mustStay === undefined && live.pinned.size === 0) {
      homeless.push(...live.pods)
      continue
    }
    const slot = liveSlot(live)
    draft.open(slot)
    for (const pod of live.pods) draft.put(pod, slot)
    fixed.push(slot)
  }
  return { fixed, homeless }
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
