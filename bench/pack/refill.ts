import { mayUse, type Problem } from './problem.js'
import { random, shuffle } from './random.js'

/**
 * What is left over, by class, when a default kube-scheduler fills empty nodes (types of bins) with all items in a random
 * order: each goes to the node with the best NodeResourcesFit (LeastAllocated) + NodeResourcesBalancedAllocation score, the
 * first resource taken for cpu and the second for memory. As in kubernetes/kubernetes `pkg/scheduler/schedule_one.go`, the
 * search ends when enough feasible nodes are found and goes on from there for the next pod; nodes come in a random order.
 * Other scores, priorities and preemption are left out.
 */
export function refill(problem: Problem, nodes: readonly number[], seed: number): Map<number, number> {
  const next = random(seed)
  const order = Int32Array.from(nodes.keys())
  shuffle(order, next)
  const fleet = new Nodes(
    problem,
    Array.from(order, (index) => nodes[index] ?? -1),
  )
  const queue = Int32Array.from(problem.items.flatMap(({ count }, item) => Array.from({ length: count }, () => item)))
  shuffle(queue, next)
  const left = new Map<number, number>()
  for (const item of queue) if (!fleet.place(item)) left.set(item, (left.get(item) ?? 0) + 1)
  return left
}

class Nodes {
  readonly #problem: Problem
  readonly #types: readonly number[]
  readonly #width: number
  readonly #capacity: Float64Array
  readonly #free: Float64Array
  /** Of classes that are limited per bin: how many each node holds. */
  readonly #held = new Map<number, Uint16Array>()
  /** Per class, for every node the next one that has not refused it: free room only shrinks, so nobody is asked twice. */
  readonly #willing: (Int32Array | undefined)[] = []
  readonly #enough: number
  #start = 0

  constructor(problem: Problem, types: readonly number[]) {
    this.#problem = problem
    this.#types = types
    this.#width = problem.types[0]?.capacity.length ?? 0
    this.#capacity = Float64Array.from(types.flatMap((type) => problem.types[type]?.capacity ?? []))
    this.#free = this.#capacity.slice()
    this.#enough = nodesToFind(types.length)
  }

  place(item: number): boolean {
    const { size = [], maxPerBin = Infinity } = this.#problem.items[item] ?? {}
    const many = this.#types.length
    const willing = this.#willingOf(item)
    const held = maxPerBin === Infinity ? undefined : (this.#held.get(item) ?? new Uint16Array(many))
    if (held !== undefined) this.#held.set(item, held)
    let best = -1
    let bestScore = -Infinity
    let found = 0
    let last = this.#start
    // Twice around the row at most: from the start to the end, and from there to the start again.
    for (const [from, to] of [
      [this.#start, many],
      [0, this.#start],
    ] as const) {
      for (
        let node = following(willing, from);
        node < to && found < this.#enough;
        node = following(willing, node + 1)
      ) {
        last = node
        if (!this.#fits(node, size) || (held?.[node] ?? 0) >= maxPerBin) {
          willing[node] = node + 1
          continue
        }
        found += 1
        const score = this.#score(node, size)
        if (score <= bestScore) continue
        bestScore = score
        best = node
      }
    }
    this.#start = last + 1 < many ? last + 1 : 0
    if (best < 0) return false
    for (let resource = 0; resource < this.#width; resource += 1)
      this.#free[best * this.#width + resource] =
        (this.#free[best * this.#width + resource] ?? 0) - (size[resource] ?? 0)
    if (held !== undefined) held[best] = (held[best] ?? 0) + 1
    return true
  }

  #willingOf(item: number): Int32Array {
    const known = this.#willing[item]
    if (known !== undefined) return known
    // One past the end stands for nobody.
    const willing = Int32Array.from({ length: this.#types.length + 1 }, (_, node) => node)
    this.#types.forEach((type, node) => {
      if (!mayUse(this.#problem, type, item)) willing[node] = node + 1
    })
    this.#willing[item] = willing
    return willing
  }

  #fits(node: number, size: readonly number[]): boolean {
    const base = node * this.#width
    for (let resource = 0; resource < this.#width; resource += 1)
      if ((size[resource] ?? 0) > (this.#free[base + resource] ?? 0)) return false
    return true
  }

  /** Least allocated: the mean free share. Balance: 1 less the standard deviation, with two shares half their distance. */
  #score(node: number, size: readonly number[]): number {
    const base = node * this.#width
    const cpu = ((this.#free[base] ?? 0) - (size[0] ?? 0)) / Math.max(1, this.#capacity[base] ?? 1)
    if (this.#width < 2) return cpu
    const memory = ((this.#free[base + 1] ?? 0) - (size[1] ?? 0)) / Math.max(1, this.#capacity[base + 1] ?? 1)
    return (cpu + memory) / 2 + 1 - Math.abs(cpu - memory) / 2
  }
}

/** `numFeasibleNodesToFind` in `schedule_one.go`, with the adaptive percentage: 50 % less 1 for every 125 nodes. */
function nodesToFind(nodes: number): number {
  if (nodes < 100) return nodes
  const percent = Math.max(5, 50 - Math.floor(nodes / 125))
  return Math.max(100, Math.floor((nodes * percent) / 100))
}

/** The first node from `node` on that has not refused; the way there is shortened for the next one who asks. */
function following(willing: Int32Array, node: number): number {
  let at = node
  for (;;) {
    const next = willing[at] ?? at
    if (next === at) return at
    const beyond = willing[next] ?? next
    willing[at] = beyond
    at = beyond
  }
}
