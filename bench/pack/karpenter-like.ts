import { Heap } from './heap.js'
import type { ItemClass, PackedBin, Packing, Problem } from './problem.js'
import { Reach, type TypeSet } from './reach.js'

/** A node that is being filled: what it holds, and the instance types that still hold all of it. */
export type Claim = {
  used: Float64Array
  pods: number
  types: TypeSet
  readonly items: [item: number, count: number][]
}

/** Claims are told apart in a heap by `pods × CLAIMS + index`. */
const CLAIMS = 2 ** 24

/**
 * Packs as Karpenter provisions: pods by cpu and then memory, the largest first; each goes to the open claim with the
 * fewest pods of which any instance type still holds everything, else to a new claim; the price is looked at only when
 * all is placed, and picks the cheapest type that holds the claim.
 *
 * Equal pods come one after the other, and a claim that refuses one of them refuses the rest, so the claims are kept in a
 * heap per class and no pod is an object. Order of claims and pods as in kubernetes-sigs/karpenter
 * `pkg/controllers/provisioning/scheduling/{queue,scheduler,nodeclaim}.go`. Topology and requirements are left out.
 */
export function karpenterLike(problem: Problem): Packing {
  const { claims, left } = provision(problem, new Reach(problem))
  return { bins: claims.flatMap((claim) => toBin(problem, claim)), left }
}

/** By cpu, then memory, then all that is left, the largest first; equal ones in the order of the file. */
export const byCpuThenMemory = (items: readonly ItemClass[]): number[] =>
  items
    .map((_, index) => index)
    .sort((a, b) => {
      for (let resource = 0; resource < 2; resource += 1) {
        const difference = (items[b]?.size[resource] ?? 0) - (items[a]?.size[resource] ?? 0)
        if (difference !== 0) return difference
      }
      return a - b
    })

export function provision(problem: Problem, reach: Reach): { claims: Claim[]; left: [number, number][] } {
  const claims: Claim[] = []
  const left: [number, number][] = []
  const width = problem.types[0]?.capacity.length ?? 0
  const queue = byCpuThenMemory(problem.items)
  const smallest = smallestYetToCome(problem, queue, width)
  let open: number[] = []
  queue.forEach((item, position) => {
    const { size, count, maxPerBin = Infinity } = classOf(problem, item)
    const allowed = reach.ofItem(item)
    const least = smallest[position] ?? size
    // A claim that the smallest pod to come does not fit is full for good.
    open = open.filter((index) => {
      const claim = claims[index]
      return claim !== undefined && holds(problem, claim.types, claim.used, least)
    })
    const heap = new Heap(open.map((index) => (claims[index]?.pods ?? 0) * CLAIMS + index))
    const inClass = new Map<number, number>()
    let remaining = count
    while (remaining > 0) {
      const key = heap.pop()
      const index = key === undefined ? claims.length : key % CLAIMS
      const claim = claims[index] ?? { used: new Float64Array(width), pods: 0, types: allowed, items: [] }
      const types = reach.intersection(claim.types, allowed)
      const here = inClass.get(index) ?? 0
      if (here >= maxPerBin || !holds(problem, types, claim.used, size)) {
        if (key !== undefined) continue
        left.push([item, remaining])
        break
      }
      if (key === undefined) {
        claims.push(claim)
        open.push(index)
      }
      add(claim, item, size)
      claim.types = types
      inClass.set(index, here + 1)
      heap.push(claim.pods * CLAIMS + index)
      remaining -= 1
    }
  })
  return { claims, left }
}

export function classOf({ items }: Problem, item: number): ItemClass {
  const found = items[item]
  if (found === undefined) throw new RangeError(`there is no item ${item}`)
  return found
}

function add(claim: Claim, item: number, size: readonly number[]): void {
  for (let resource = 0; resource < size.length; resource += 1)
    claim.used[resource] = (claim.used[resource] ?? 0) + (size[resource] ?? 0)
  claim.pods += 1
  const last = claim.items.at(-1)
  if (last?.[0] === item) last[1] += 1
  else claim.items.push([item, 1])
}

/** Whether any type of the set has room for `size` more. */
export function holds({ types }: Problem, set: TypeSet, used: Float64Array, size: readonly number[]): boolean {
  for (const type of set.frontier) if (fits(types[type]?.capacity ?? [], used, size)) return true
  return false
}

function fits(capacity: readonly number[], used: Float64Array, size: readonly number[]): boolean {
  for (let resource = 0; resource < used.length; resource += 1)
    if ((used[resource] ?? 0) + (size[resource] ?? 0) > (capacity[resource] ?? 0)) return false
  return true
}

/** The cheapest type that has room for what is used. */
export const cheapestFor = ({ types }: Problem, set: TypeSet, used: Float64Array): number | undefined =>
  set.byCost.find((type) => fits(types[type]?.capacity ?? [], used, []))

function toBin(problem: Problem, { types, used, items }: Claim): PackedBin[] {
  const type = cheapestFor(problem, types, used)
  return type === undefined ? [] : [{ type, n: 1, items }]
}

/** For each place in the queue, the least of every resource that any pod from there on asks for. */
function smallestYetToCome({ items }: Problem, queue: readonly number[], width: number): number[][] {
  const smallest: number[][] = []
  let least: number[] = Array.from({ length: width }, () => Infinity)
  for (let position = queue.length - 1; position >= 0; position -= 1) {
    const size = items[queue[position] ?? -1]?.size ?? []
    least = least.map((amount, resource) => Math.min(amount, size[resource] ?? 0))
    smallest[position] = least
  }
  return smallest
}
