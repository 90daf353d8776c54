import { Fleet } from './fleet.js'
import { byCpuThenMemory, cheapestFor, type Claim, classOf, provision } from './karpenter-like.js'
import type { Packing, Problem } from './problem.js'
import { Reach } from './reach.js'

/** `multinodeconsolidation.go`: at most so many nodes go at once. */
const MOST_AT_ONCE = 100
/** Rounds over the whole fleet. Karpenter gives up after a minute; this is the generous reading. */
const MOST_ROUNDS = 20

/**
 * Karpenter's provisioning and then its consolidation until nothing changes: as many nodes at once as can go (searched by
 * halves, those with the fewest pods first), then one node after the other; their pods move to free room on other nodes
 * and to at most one new node that costs less than those which go. Every node may be disrupted, which no cluster allows.
 * As in kubernetes-sigs/karpenter `pkg/controllers/disruption/{multinode,singlenode}consolidation.go`.
 */
export function karpenterConsolidated(problem: Problem): Packing {
  const reach = new Reach(problem)
  const { claims, left } = provision(problem, reach)
  const fleet = new Fleet(problem, claims)
  const order = byCpuThenMemory(problem.items)
  const ranks = problem.items.map(() => 0)
  order.forEach((item, rank) => (ranks[item] = rank))

  /** Takes the nodes out if their pods find a place for less, else leaves everything as it was. */
  const retire = (indexes: readonly number[]): boolean => {
    const going = new Set(indexes)
    const pods = new Map<number, number>()
    let saved = 0
    for (const index of indexes) {
      saved += fleet.costOf(index)
      for (const [item, count] of fleet.nodes[index]?.items ?? []) pods.set(item, (pods.get(item) ?? 0) + count)
    }
    const queue = [...pods].sort(([a], [b]) => (ranks[a] ?? 0) - (ranks[b] ?? 0))
    const log: [number, number, number][] = []
    let claim: Claim | undefined
    let type: number | undefined
    for (const [item, count] of queue) {
      const rest = fleet.place(item, count, going, reach.ofItem(item), log)
      if (rest === 0) continue
      claim = grown(problem, reach, claim, item, rest)
      type = claim === undefined ? undefined : cheapestFor(problem, claim.types, claim.used)
      if (type === undefined || (problem.types[type]?.cost ?? 0) >= saved) {
        fleet.undo(log)
        return false
      }
    }
    for (const index of indexes) fleet.close(index)
    if (claim !== undefined && type !== undefined) fleet.open(claim, type)
    return true
  }

  const candidates = (): number[] =>
    fleet.nodes
      .flatMap((node, index) => (node === undefined ? [] : [{ index, pods: node.pods }]))
      .sort((a, b) => a.pods - b.pods || a.index - b.index)
      .map(({ index }) => index)

  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let changed = false
    while (retireMany(candidates(), retire)) changed = true
    for (const index of candidates()) if (retire([index])) changed = true
    if (!changed) break
  }
  const bins = fleet.nodes.flatMap((node) =>
    node === undefined ? [] : [{ type: node.type, n: 1, items: [...node.items] }],
  )
  return { bins, left }
}

/** As many of the first nodes as can go together, tried by halves; a single one is left to the other pass. */
function retireMany(order: readonly number[], retire: (indexes: readonly number[]) => boolean): boolean {
  for (let many = Math.min(order.length, MOST_AT_ONCE); many >= 2; many >>= 1)
    if (retire(order.slice(0, many))) return true
  return false
}

/** The claim with so many more of an item in it; undefined when no type of bin could hold that. */
function grown(
  problem: Problem,
  reach: Reach,
  claim: Claim | undefined,
  item: number,
  count: number,
): Claim | undefined {
  const { size, maxPerBin = Infinity } = classOf(problem, item)
  if (count > maxPerBin) return undefined
  const allowed = reach.ofItem(item)
  return {
    used: Float64Array.from(size, (each, resource) => (claim?.used[resource] ?? 0) + each * count),
    pods: (claim?.pods ?? 0) + count,
    types: claim === undefined ? allowed : reach.intersection(claim.types, allowed),
    items: [...(claim?.items ?? []), [item, count]],
  }
}
