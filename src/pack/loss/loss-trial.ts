import type { NoPlace } from '../../domain/blast-radius.js'
import type { Architecture } from '../../domain/offering.js'
import type { Plan, PlanNode, Refusal } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { NodeSelectorTerm } from '../../domain/snapshot.js'
import { shortfalls, type Resources } from '../../domain/resources.js'
import type { Board, Site } from '../board/board.js'
import { createInterner } from '../board/interner.js'
import { byText } from '../order.js'
import { hopelessOf, perKind, rehouse, type Orders, type Ranks, type Rooms } from './rehouse.js'
import { staticRefusals } from '../board/static-fit.js'

/** A node of the plan on the board. */
export type Place = { readonly node: PlanNode; readonly site: Site; index: number; isLost: boolean }

type Facts = {
  readonly attachLimits: (node: PlanNode) => Site['attachLimits']
  /** Nodes that get no new pods: cordoned, lost, being disrupted. */
  readonly isClosed: (node: PlanNode) => boolean
  readonly runsOn: (pod: Pod, architecture: Architecture | undefined) => boolean
  readonly ranks: Ranks
  /** A pod that comes with a node, as it is put on the board. */
  readonly resident: (pod: Pod) => Pod
}

/** Pods that a loss leaves over; `reasons` is empty, and `pods` at least 1, where it cannot be more than were asked about. */
type Left = { readonly pods: number; readonly reasons: readonly NoPlace[] }

const isAboutVolumes = (refusal: Refusal): boolean =>
  refusal.kind === 'rule' && (refusal.filter === 'VolumeBinding' || refusal.filter === 'VolumeZone')

const namesNode = ({ matchExpressions, matchFields }: NodeSelectorTerm): boolean =>
  matchFields.length > 0 || matchExpressions.some(({ key }) => key === 'kubernetes.io/hostname')

/** A plan laid out on a board, from which nodes are taken away and put back. One at a time on each board. */
export class LossTrial {
  /** Nodes with pods first, the fullest before the others; empty ones last, so that one more changes no answer to the worse. */
  readonly places: readonly Place[]
  /** Pods × nodes asked for so far. */
  steps = 0
  readonly #board: Board
  readonly #facts: Facts
  readonly #occupied: number
  /** Places that pods may be put on at all. */
  readonly #welcoming: readonly number[]
  readonly #severalArchitectures: boolean
  readonly #kinds = createInterner()
  readonly #kindOf = new Map<Pod, number>()
  readonly #possible: (Orders | undefined)[] = []
  readonly #rooms: Rooms
  #moved: { readonly pod: Pod; readonly at: number }[] = []

  constructor(board: Board, plan: Plan, facts: Facts) {
    this.#board = board
    this.#facts = facts
    this.#severalArchitectures = new Set(plan.nodes.map(({ architecture }) => architecture)).size > 1
    const made = plan.nodes.map((node): Place => {
      const { name, labels, taints, unschedulable, allocatable } = node
      const site = { name, labels, taints, unschedulable, allocatable, attachLimits: facts.attachLimits(node) }
      const place = { node, site, index: -1, isLost: false }
      this.#open(place)
      return place
    })
    const used = ({ node, index }: Place): number => {
      const free = board.free(index)
      const { cpu, memory } = node.allocatable
      return Math.max(1 - free.cpu / Math.max(1, cpu), 1 - free.memory / Math.max(1, memory))
    }
    this.places = made
      .map((place) => ({ place, key: place.node.pods.length === 0 ? -1 : used(place) }))
      .sort((a, b) => b.key - a.key || byText(a.place.node.name, b.place.node.name))
      .map(({ place }) => place)
    this.#welcoming = [...this.places.keys()].filter((at) => {
      const { node } = this.places[at]!
      return node.packed && !facts.isClosed(node)
    })
    this.#occupied = made.filter(({ node }) => node.pods.length > 0).length
    this.#rooms = {
      sorted: (pods, order) => {
        const ranks = facts.ranks[order]
        return [...pods].sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0))
      },
      candidates: (pod) => this.#orders(pod),
      kindOf: (pod) => this.#kind(pod),
      looksAround: (pod) => board.hasTopologyRules(board.classKey(pod)),
      isThere: (at) => !this.places[at]!.isLost,
      takes: (at, pod) => this.#takes(at, pod),
      put: (pod, at) => this.#put(pod, at),
      placed: () => this.#moved,
      backTo: (count) => this.#backTo(count),
    }
    // While every node is on the board: what a node by itself says does not change.
    for (const { node } of made) for (const pod of node.pods) this.#orders(pod)
  }

  /** Takes everything off the board again. */
  end(): void {
    for (const place of [...this.places].reverse()) this.#close(place)
  }

  /** Pods of these nodes without another place, and why if they are more than `worst`. Leaves all as it was. */
  lose(lost: readonly Place[], worst: number): Left {
    const homeless = lost.flatMap(({ node }) => (node.packed ? [...node.pods] : []))
    if (homeless.length === 0) return { pods: 0, reasons: [] }
    for (const place of lost) place.isLost = true
    const hopeless = hopelessOf(homeless, this.#rooms)
    if (hopeless.size > 0 && homeless.length <= worst) {
      for (const place of lost) place.isLost = false
      return { pods: hopeless.size, reasons: [] }
    }
    for (const place of lost) this.#close(place)
    const left = rehouse(homeless, hopeless, this.places.length, this.#rooms)
    const free: (Resources | undefined)[] = []
    const freeOn = (at: number): Resources => (free[at] ??= this.#board.free(this.places[at]!.index))
    const reasons = left.length > worst ? perKind(this.#rooms, left, (pod) => this.#whyNot(pod, freeOn)) : []
    this.#backTo(0)
    for (const place of [...lost].reverse()) {
      this.#open(place)
      place.isLost = false
    }
    return { pods: left.length, reasons }
  }

  #takes(at: number, pod: Pod): boolean {
    const { isLost, index } = this.places[at]!
    if (isLost) return false
    this.steps += 1
    return this.#board.fits(pod, index)
  }

  #put(pod: Pod, at: number): void {
    this.#board.place(pod, this.places[at]!.index, 'needed')
    this.#moved.push({ pod, at })
  }

  #backTo(count: number): void {
    while (this.#moved.length > count) {
      const last = this.#moved.pop()
      if (last !== undefined) this.#board.remove(last.pod, this.places[last.at]!.index)
    }
  }

  /** Pods of a kind may go to the same nodes: one class for the scheduler and, where it matters, of one workload. */
  #kind(pod: Pod): number {
    if (!this.#severalArchitectures) return this.#board.classKey(pod)
    const known = this.#kindOf.get(pod) ?? this.#kinds.idOf(`${this.#board.classKey(pod)}/${pod.workload}`)
    this.#kindOf.set(pod, known)
    return known
  }

  #orders(pod: Pod): Orders {
    return (this.#possible[this.#kind(pod)] ??= this.#ordersOf(pod))
  }

  /** The fullest node first, and the emptiest; those without pods are last in both. */
  #ordersOf(pod: Pod): Orders {
    const up = this.#welcoming.filter((at) => this.#mayTake(at, pod))
    const isOccupied = (at: number): boolean => at < this.#occupied
    return { up, down: [...up.filter(isOccupied).reverse(), ...up.filter((at) => !isOccupied(at))] }
  }

  /** By the rules that look at the node alone, on a processor of the pod's. */
  #mayTake(at: number, pod: Pod): boolean {
    const { node, index } = this.places[at]!
    return (
      this.#board.staticallyFits(pod, index) &&
      (!this.#severalArchitectures || this.#facts.runsOn(pod, node.architecture))
    )
  }

  #whyNot(pod: Pod, freeOn: (at: number) => Resources): NoPlace {
    const { isThere } = this.#rooms
    const possible = this.#orders(pod).up.filter(isThere)
    if (possible.length === 0) {
      const { nodeTerms, zoneLabels } = pod.volumes
      const isTied =
        nodeTerms.length + zoneLabels.length > 0 &&
        this.#welcoming.some((at) => isThere(at) && staticRefusals(pod, this.places[at]!.site).every(isAboutVolumes))
      if (isTied) return nodeTerms.some((terms) => terms.every(namesNode)) ? 'node-volume' : 'zone-volume'
      // Where nothing at all is left, nobody has room.
      return this.#welcoming.some(isThere) ? 'node-rules' : 'room'
    }
    const [nearest] = possible
      .filter((at) => shortfalls(freeOn(at), pod.needed).length === 0)
      .map((at) => this.#board.refusals(pod, this.places[at]!.index))
      .sort((a, b) => a.length - b.length)
    if (nearest === undefined) return 'room'
    const isBetweenPods = nearest.some(
      (refusal) =>
        refusal.kind === 'rule' && (refusal.filter === 'InterPodAffinity' || refusal.filter === 'PodTopologySpread'),
    )
    return isBetweenPods ? 'pod-rules' : 'taken'
  }

  #open(place: Place): void {
    const { node, site } = place
    place.index = this.#board.addSite(site)
    for (const pod of node.residentPods) this.#board.place(this.#facts.resident(pod), place.index, 'held')
    for (const pod of node.pods) this.#board.place(pod, place.index, pod.nodeName === node.name ? 'held' : 'needed')
  }

  #close({ node, index }: Place): void {
    // Last come, first gone: the board finds those at once.
    for (const pod of [...node.pods].reverse()) this.#board.remove(pod, index)
    for (const pod of [...node.residentPods].reverse()) this.#board.remove(this.#facts.resident(pod), index)
    this.#board.removeSite(index)
  }
}
