import type { NodeOption } from '../domain/plan.js'
import { requestsOn, type Pod } from '../domain/pod.js'
import { shortfalls, sum, type Resources } from '../domain/resources.js'
import type { Board, Site } from './board/board.js'
import { leastHeld } from './bins/demand.js'
import type { LiveNode, Machine, PackProblem } from './problem.js'
import { hostLabels } from './host-labels.js'
import { spreadLimits, type SpreadLimits } from './spread-limits.js'

/** A node that a draft may use: one of today's, or one to be bought. Off the board until it is opened. */
export type Slot = {
  readonly site: Site
  readonly origin:
    { readonly kind: 'live'; readonly live: LiveNode } | { readonly kind: 'new'; readonly option: NodeOption }
  /** Pods that come with the node. */
  readonly residents: readonly Pod[]
  /** Hourly price in micro-dollars, or what it counts for when plans are compared; undefined where unknown. */
  readonly rate: number | undefined
  /** Position on the board, or undefined while the slot is closed. */
  index: number | undefined
  /** Pods that the draft has put here. */
  readonly pods: Set<Pod>
}

export const liveSlot = (live: LiveNode): Slot => ({
  site: {
    name: live.node.name,
    labels: live.node.labels,
    taints: live.node.taints,
    unschedulable: live.node.unschedulable,
    allocatable: live.node.allocatable,
    attachLimits: live.node.attachLimits,
  },
  origin: { kind: 'live', live },
  residents: live.residents,
  rate: live.price.kind === 'known' ? live.price.rate : undefined,
  index: undefined,
  pods: new Set(),
})

/** A node to be bought, with the DaemonSet and static pods that it would run. */
export const newSlot = (option: NodeOption, name: string): Slot => ({
  site: {
    name,
    labels: hostLabels(option, name),
    taints: option.taints,
    unschedulable: false,
    allocatable: option.allocatable,
    attachLimits: option.attachLimits,
  },
  origin: { kind: 'new', option },
  residents: option.overheadPods,
  rate: option.counted ?? option.price.rate,
  index: undefined,
  pods: new Set(),
})

/** Equal for nodes to be bought that are alike but for their names: layouts give one name to several kinds of nodes. */
export const identityOf = ({ origin, site }: Slot): string => (origin.kind === 'new' ? origin.option.id : site.name)

/** Cordoned, lost or disrupted nodes may keep what they run, but no plan puts anything on them. */
export const acceptsPods = (slot: Slot): boolean =>
  slot.origin.kind === 'new' || slot.origin.live.node.closed === undefined

export const machineOf = (slot: Slot): Machine =>
  slot.origin.kind === 'live' ? slot.origin.live.node : slot.origin.option

export const zoneOf = ({ origin }: Slot): string | undefined =>
  origin.kind === 'live' ? origin.live.node.zone : origin.option.zone

/** Absolute form of the guard rails that a single node must obey. */
export type NodeLimits = { readonly headroom: number; readonly cpu: number; readonly memory: number }

export function nodeLimits(problem: PackProblem): NodeLimits {
  const { headroom, maxNodeShare: share, isShareOfPlan = false } = problem.limits
  // One node may carry it all.
  if (share === undefined || share >= 1) return { headroom, cpu: Infinity, memory: Infinity }
  const most = isShareOfPlan ? mostOfPlan(problem, share) : (of: Amount) => share * of(problem.total)
  // The share may be what the fullest node carries: multiplied out again, it must not come to a little less than that.
  const whole = (of: Amount): number => Math.ceil(most(of) * (1 - ROUNDING))
  return { headroom, cpu: whole(({ cpu }) => cpu), memory: whole(({ memory }) => memory) }
}

const ROUNDING = 1e-12

type Amount = (resources: Resources) => number

/**
 * What one node may carry whatever the plan: none has fewer than 1 ÷ share nodes, so that all of them carry at least the pods
 * and so many times the smallest overhead of a node.
 */
function mostOfPlan({ groups }: PackProblem, share: number): (of: Amount) => number {
  const pods = sum(groups.flatMap(({ live }) => live.flatMap((each) => each.pods.map(leastHeld))))
  const overheads = groups.flatMap(({ live, options }) => [
    ...live.map(({ residents }) => sum(residents.map(({ held }) => held))),
    ...options.map(({ overhead }) => overhead),
  ])
  return (of) => {
    const least = overheads.reduce((smallest, overhead) => Math.min(smallest, of(overhead)), Infinity)
    return share * of(pods) + (Number.isFinite(least) ? least : 0)
  }
}

/**
 * A packing being tried out on the board: every step can be taken back, so that one board serves all attempts.
 */
export class Draft {
  readonly board: Board
  readonly #limits: NodeLimits
  readonly #spread: SpreadLimits | undefined
  readonly #suits: PackProblem['suits']
  /** Where each pod is now. Entries stay when a pod is taken off: a map that shrinks and grows is slow. */
  readonly places = new Map<Pod, Slot | undefined>()
  #undo: (() => void)[] = []

  constructor(board: Board, problem: PackProblem) {
    this.board = board
    this.#limits = nodeLimits(problem)
    this.#spread = spreadLimits(problem)
    this.#suits = problem.suits
  }

  /** Do guard rails look at more than the node, so that one that is refused now may be open to the next pod like it? */
  get looksAround(): boolean {
    return this.#spread !== undefined
  }

  /** Puts an empty node on the board, with the pods that come with it. */
  open(slot: Slot): void {
    this.#open(slot)
    this.#undo.push(() => this.#close(slot))
  }

  /** Takes an empty node off the board. */
  close(slot: Slot): void {
    this.#close(slot)
    this.#undo.push(() => this.#open(slot))
  }

  put(pod: Pod, slot: Slot): void {
    this.#put(pod, slot)
    this.#undo.push(() => this.#take(pod, slot))
  }

  take(pod: Pod): Slot {
    const slot = this.places.get(pod)
    if (slot === undefined) throw new Error(`${pod.id} has no place in this draft`)
    this.#take(pod, slot)
    this.#undo.push(() => this.#put(pod, slot))
    return slot
  }

  /** A point to come back to. */
  mark(): number {
    return this.#undo.length
  }

  rollback(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.()
  }

  /** May the pod go there now, by the scheduler's rules, its workload's fitness and the user's guard rails? */
  takes(slot: Slot, pod: Pod): boolean {
    const index = slot.index
    if (index === undefined || !this.board.fits(pod, index)) return false
    if (pod.nodeName === slot.site.name) {
      // What runs there today may stay, whatever is thought of its fitness. It may hold more there than it asks for.
      const more = shortfalls(pod.needed, pod.held)
      if (more.length > 0 && shortfalls(this.board.free(index), pod.held).length > 0) return false
    } else if (!this.#suits(pod, machineOf(slot))) return false
    return this.#withinLimits(slot, pod, index) && this.#spread?.against(pod, slot) === undefined
  }

  /** The guard rail that keeps the pod out of an open node, by its option; undefined: none does. */
  guardRail(slot: Slot, pod: Pod): string | undefined {
    const { index } = slot
    if (index === undefined || this.#withinLimits(slot, pod, index)) return this.#spread?.against(pod, slot)
    const { cpu, memory } = requestsOn(pod, slot.site.name)
    const free = this.board.free(index)
    const all = slot.site.allocatable
    const isShareKept =
      all.cpu - free.cpu + cpu <= this.#limits.cpu && all.memory - free.memory + memory <= this.#limits.memory
    return isShareKept ? '--headroom' : '--max-node-share'
  }

  /**
   * Does the node, as it is filled now, carry more than a guard rail of the user allows? Headroom is none of a single node: all
   * together keep it free.
   */
  breaksLimits(slot: Slot): boolean {
    if (slot.index === undefined || slot.pods.size <= 1) return false
    const free = this.board.free(slot.index)
    const all = slot.site.allocatable
    return all.cpu - free.cpu > this.#limits.cpu || all.memory - free.memory > this.#limits.memory
  }

  #withinLimits(slot: Slot, pod: Pod, index: number): boolean {
    // A pod that breaks a guard rail all by itself gets a node of its own.
    if (slot.pods.size === 0) return true
    const need = requestsOn(pod, slot.site.name)
    return this.#isWithin(slot, need, index)
  }

  #isWithin(slot: Slot, more: Resources, index: number): boolean {
    const { headroom, cpu, memory } = this.#limits
    if (headroom === 0 && cpu === Infinity) return true
    const free = this.board.free(index)
    const all = slot.site.allocatable
    return (
      all.cpu - free.cpu + more.cpu <= Math.min(cpu, all.cpu * (1 - headroom)) &&
      all.memory - free.memory + more.memory <= Math.min(memory, all.memory * (1 - headroom))
    )
  }

  #open(slot: Slot): void {
    const index = this.board.addSite(slot.site)
    slot.index = index
    for (const pod of slot.residents) this.board.place(pod, index, 'held')
    this.#spread?.residents(slot, 1)
  }

  #close(slot: Slot): void {
    const index = this.#indexOf(slot)
    for (const pod of slot.residents) this.board.remove(pod, index)
    this.board.removeSite(index)
    this.#spread?.residents(slot, -1)
    slot.index = undefined
  }

  #put(pod: Pod, slot: Slot): void {
    this.board.place(pod, this.#indexOf(slot), pod.nodeName === slot.site.name ? 'held' : 'needed')
    this.#spread?.change(pod, slot, 1)
    slot.pods.add(pod)
    this.places.set(pod, slot)
  }

  #take(pod: Pod, slot: Slot): void {
    this.board.remove(pod, this.#indexOf(slot))
    this.#spread?.change(pod, slot, -1)
    slot.pods.delete(pod)
    this.places.set(pod, undefined)
  }

  #indexOf(slot: Slot): number {
    if (slot.index === undefined) throw new Error(`node ${slot.site.name} is not on the board`)
    return slot.index
  }
}
