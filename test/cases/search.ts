import type { Pod } from '../../src/domain/pod.js'
import { shortfalls } from '../../src/domain/resources.js'
import type { Board, Site } from '../../src/pack/board/board.js'

/** A node that could be bought. */
export type Option = {
  readonly id: string
  readonly instanceType: string
  readonly zone: string
  readonly price: number
  readonly makeSite: (hostname: string) => Site
}

export type Found = { readonly placed: ReadonlyMap<Pod, Site>; readonly bought: readonly Option[] }

export type Problem = {
  readonly board: Board
  /** Indexes of the nodes that exist. */
  readonly nodes: readonly number[]
  /** Cheapest first. */
  readonly options: readonly Option[]
  readonly pending: readonly Pod[]
  readonly daemons: readonly Pod[]
}

/** Steps of one search; small cases are searched to the end long before. */
const BUDGET = 100_000

type Place = { readonly index: number; readonly option: Option | undefined; readonly contents: Map<number, number> }

/** What a search is after: the most pods, or all pods at the least price on few new nodes. */
type Aim = { readonly kind: 'most' } | { readonly kind: 'all'; readonly newNodes: number }

/**
 * Places as many pods as can be placed one after the other; of equally large sets the one with the earliest pods; then
 * on as few new nodes as possible; then as cheaply as possible. Tries every order and every place, but what cannot be
 * told apart (pods of a class, new nodes of an option with like contents) only once.
 */
export function search(problem: Problem): Found {
  const most = explore(
    problem,
    problem.pending.filter((pod) => couldFit(problem, pod)),
    { kind: 'most' },
  )
  if (most === undefined || most.placed.size === 0) return { placed: new Map(), bought: [] }
  const chosen = problem.pending.filter((pod) => most.placed.has(pod))
  for (let newNodes = 0; newNodes < most.bought.length; newNodes++) {
    const better = explore(problem, chosen, { kind: 'all', newNodes })
    if (better !== undefined) return better
  }
  return explore(problem, chosen, { kind: 'all', newNodes: most.bought.length }) ?? most
}

/** Is there any node, were it as empty as it gets, with the room and the labels for the pod? */
function couldFit({ board, nodes, options, daemons }: Problem, pod: Pod): boolean {
  const suits = (index: number): boolean =>
    board.staticallyFits(pod, index) && shortfalls(board.free(index), pod.needed).length === 0
  return (
    nodes.some(suits) ||
    options.some((option) => {
      const opened = open(board, option, daemons, 'probe')
      if (opened === undefined) return false
      const result = suits(opened.index)
      opened.close()
      return result
    })
  )
}

type Opened = { readonly index: number; readonly close: () => void }

/** Opens a node with its DaemonSet pods; undefined where they do not all fit. */
function open(board: Board, option: Option, daemons: readonly Pod[], name: string): Opened | undefined {
  const index = board.addSite(option.makeSite(name))
  const here: Pod[] = []
  const close = (): void => {
    for (const daemon of here.reverse()) board.remove(daemon, index)
    board.removeSite(index)
  }
  for (const daemon of daemons.filter((one) => board.staticallyFits(one, index))) {
    if (!board.fits(daemon, index)) {
      close()
      return undefined
    }
    board.place(daemon, index, 'needed')
    here.push(daemon)
  }
  return { index, close }
}

function explore({ board, nodes, options, daemons }: Problem, pods: readonly Pod[], aim: Aim): Found | undefined {
  const places: Place[] = nodes.map((index) => ({ index, option: undefined, contents: new Map() }))
  /** Waiting pods of each class, in the given order. */
  const waiting = new Map<number, Pod[]>()
  for (const pod of pods) waiting.set(board.classKey(pod), [...(waiting.get(board.classKey(pod)) ?? []), pod])
  const classes = [...waiting.keys()]
  const ordered = classes.some((key) => board.hasTopologyRules(key))
  const placed = new Map<Pod, Place>()
  const seen = new Set<string>()
  const newNodes = aim.kind === 'all' ? aim.newNodes : pods.length
  let best: Found | undefined
  let bestCost = Infinity
  let bestRanks: readonly number[] = []
  let steps = 0
  let left = pods.length

  const bought = (): Option[] => places.flatMap(({ option }) => option ?? [])
  const cost = (): number => bought().reduce((sum, { price }) => sum + price, 0)
  const keep = (): void => {
    const ranks = pods.flatMap((pod, rank) => (placed.has(pod) ? [rank] : []))
    if (aim.kind === 'all' && (left > 0 || cost() >= bestCost)) return
    if (aim.kind === 'most' && best !== undefined && !isBetter(ranks, bestRanks)) return
    bestCost = cost()
    bestRanks = ranks
    best = {
      placed: new Map([...placed].map(([pod, { index }]) => [pod, board.site(index)])),
      bought: bought(),
    }
  }
  const done = (): boolean => {
    if (steps > BUDGET) return true
    if (aim.kind === 'most') return bestRanks.length === pods.length
    return bestCost <= newNodes * (options[0]?.price ?? 0)
  }
  const hopeless = (): boolean =>
    aim.kind === 'most' ? placed.size + left < bestRanks.length : placed.size + left < pods.length || cost() >= bestCost

  const isNewState = (): boolean => {
    const contents = places.map(({ option, contents: pods, index }) => {
      const counts = [...pods].filter(([, count]) => count > 0).sort((a, b) => a[0] - b[0])
      return `${option?.id ?? index} ${counts.join(' ')}`
    })
    const key = [...contents.sort(), ...classes.map((one) => waiting.get(one)!.length)].join('|')
    return !seen.has(key) && seen.add(key) !== undefined
  }

  const put = (pod: Pod, key: number, place: Place): void => {
    board.place(pod, place.index, 'needed')
    place.contents.set(key, (place.contents.get(key) ?? 0) + 1)
    placed.set(pod, place)
    descend()
    placed.delete(pod)
    place.contents.set(key, place.contents.get(key)! - 1)
    board.remove(pod, place.index)
  }

  const tryClass = (key: number): void => {
    const queue = waiting.get(key)!
    const pod = queue.shift()!
    left--
    for (const place of [...places]) if (!done() && board.fits(pod, place.index)) put(pod, key, place)
    for (const option of places.length - nodes.length < newNodes ? options : []) {
      if (done()) break
      const opened = open(board, option, daemons, `new-${places.length}`)
      if (opened === undefined) continue
      if (board.fits(pod, opened.index)) {
        const place: Place = { index: opened.index, option, contents: new Map() }
        places.push(place)
        put(pod, key, place)
        places.pop()
      }
      opened.close()
    }
    // Without topology rules the order does not matter: the class's turn comes once, and it may be passed over.
    if (!ordered && aim.kind === 'most' && !done()) descend()
    queue.unshift(pod)
    left++
  }

  const descend = (): void => {
    steps++
    keep()
    if (done() || hopeless() || !isNewState()) return
    const due = classes.filter((key) => waiting.get(key)!.length > 0)
    for (const key of ordered ? due : due.slice(0, 1)) if (!done()) tryClass(key)
  }

  descend()
  return best
}

/** More pods, or as many with an earlier one at the first difference. */
function isBetter(ranks: readonly number[], than: readonly number[]): boolean {
  if (ranks.length !== than.length) return ranks.length > than.length
  const at = ranks.findIndex((rank, index) => rank !== than[index])
  return at >= 0 && ranks[at]! < than[at]!
}
