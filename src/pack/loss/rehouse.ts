import type { Pod } from '../../domain/pod.js'
import { sum } from '../../domain/resources.js'
import { byText, largestFirst } from '../order.js'

/** Nodes by number, in the two orders that are tried. */
export type Orders = { readonly up: readonly number[]; readonly down: readonly number[] }

/** Nodes that pods may be put on, one after the other, each step taken back at will. */
export type Rooms = {
  /** The pods in the order in which they come. */
  readonly sorted: (pods: readonly Pod[], order: keyof Orders) => readonly Pod[]
  /** Nodes that by themselves may take the pod. */
  readonly candidates: (pod: Pod) => Orders
  /** Pods of one kind may go to the same nodes and are alike for all others. */
  readonly kindOf: (pod: Pod) => number
  /** Does it matter for the pod what other nodes run? */
  readonly looksAround: (pod: Pod) => boolean
  readonly isThere: (at: number) => boolean
  readonly takes: (at: number, pod: Pod) => boolean
  readonly put: (pod: Pod, at: number) => void
  /** Pods put so far. */
  readonly placed: () => readonly { readonly pod: Pod; readonly at: number }[]
  /** Takes pods off again until as many are left. */
  readonly backTo: (count: number) => void
}

/** The place of each pod in the orders in which they are tried. */
export type Ranks = Readonly<Record<keyof Orders, ReadonlyMap<Pod, number>>>

/** The largest first, and those with the most memory first. They depend on the pods alone: whatever node there is more. */
export function ranksOf(pods: readonly Pod[]): Ranks {
  const all = sum(pods.map(({ needed }) => needed))
  const rank = (order: readonly Pod[]): ReadonlyMap<Pod, number> => new Map(order.map((pod, at) => [pod, at]))
  return {
    up: rank(largestFirst(pods, all)),
    down: rank([...pods].sort((a, b) => b.needed.memory - a.needed.memory || byText(a.id, b.id))),
  }
}

/** Pods × nodes up to which every placement is tried before the answer is no, and how often. */
const MOST_TO_THE_END = 60
const MOST_TRIES_TO_THE_END = 2_000

/** Pods without a place while nobody else has come yet: they will not have one later, unless a rule wants company. */
export function hopelessOf(homeless: readonly Pod[], rooms: Rooms): ReadonlySet<Pod> {
  const verdicts = perKind(rooms, homeless, (pod) => {
    const left = rooms.candidates(pod).up.filter(rooms.isThere)
    // Its own claims count against it while it is still on the board.
    const isAlone =
      !rooms.looksAround(pod) && pod.volumes.sharedClaims.length + pod.volumes.exclusiveClaims.length === 0
    return left.length === 0 || (isAlone && !left.some((at) => rooms.takes(at, pod)))
  })
  return new Set(homeless.filter((_, at) => verdicts[at] === true))
}

/**
 * Puts pods on nodes that have others already: first fit, the largest first, then again in another order of pods and
 * nodes, and where the case is small in every order there is. Gives the pods left over; the others are in place.
 */
export function rehouse(
  homeless: readonly Pod[],
  hopeless: ReadonlySet<Pod>,
  nodes: number,
  rooms: Rooms,
): readonly Pod[] {
  const others = homeless.filter((pod) => !hopeless.has(pod))
  const once = attempt(rooms, others, 'up')
  // With one pod that has no place for certain, another order would not change the verdict.
  if (once.left.length === 0 || hopeless.size > 0) return [...hopeless, ...once.left]
  rooms.backTo(0)
  const again = attempt(rooms, others, 'down')
  if (again.left.length === 0) return []
  rooms.backTo(0)
  const isSmall = others.length * nodes <= MOST_TO_THE_END
  if (isSmall && placeAll(rooms, rooms.sorted(others, 'up'), { left: MOST_TRIES_TO_THE_END })) return []
  const better = again.left.length < once.left.length ? again : once
  for (const { pod, at } of better.placed) rooms.put(pod, at)
  return better.left
}

/** The answer for each pod, asked for once for each kind of pod. */
export function perKind<Answer>({ kindOf }: Pick<Rooms, 'kindOf'>, pods: readonly Pod[], ask: (pod: Pod) => Answer) {
  const answers = new Map<number, Answer>()
  return pods.map((pod) => {
    const answer = answers.get(kindOf(pod)) ?? ask(pod)
    answers.set(kindOf(pod), answer)
    return answer
  })
}

type Attempt = { readonly left: readonly Pod[]; readonly placed: ReturnType<Rooms['placed']> }

/** First fit. Pods that wait for another one are tried again after the others. */
function attempt(rooms: Rooms, pods: readonly Pod[], order: keyof Orders): Attempt {
  const starts = new Map<number, number>()
  const finds = (pod: Pod): boolean => {
    const candidates = rooms.candidates(pod)[order]
    // Full nodes stay full: pods that look at the node alone need not ask them again.
    const remembers = !rooms.looksAround(pod)
    let at = remembers ? (starts.get(rooms.kindOf(pod)) ?? 0) : 0
    while (at < candidates.length && !rooms.takes(candidates[at]!, pod)) at += 1
    if (remembers) starts.set(rooms.kindOf(pod), at)
    if (at < candidates.length) rooms.put(pod, candidates[at]!)
    return at < candidates.length
  }
  let left = rooms.sorted(pods, order)
  for (;;) {
    const next = left.filter((pod) => !finds(pod))
    if (next.length === 0 || next.length === left.length) return { left: next, placed: [...rooms.placed()] }
    left = next
  }
}

/** Every placement, the kinds of pods coming in every order; leaves the pods in place where one works out. */
function placeAll(rooms: Rooms, waiting: readonly Pod[], tries: { left: number }): boolean {
  if (waiting.length === 0) return true
  const seen = new Set<number>()
  const mark = rooms.placed().length
  return waiting.some((pod) => {
    if (seen.has(rooms.kindOf(pod))) return false
    seen.add(rooms.kindOf(pod))
    const others = waiting.filter((other) => other !== pod)
    return rooms.candidates(pod).up.some((at) => {
      tries.left -= 1
      if (tries.left < 0 || !rooms.takes(at, pod)) return false
      rooms.put(pod, at)
      if (placeAll(rooms, others, tries)) return true
      rooms.backTo(mark)
      return false
    })
  })
}
