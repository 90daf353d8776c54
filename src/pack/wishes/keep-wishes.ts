import type { Plan } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { acceptsPods, type Draft, type Slot } from '../draft.js'
import { misplaced } from '../layout.js'
import { byText } from '../order.js'
import { WishScore } from './wish-score.js'
import type { WishBook } from './wishes.js'

export type WishTools = {
  readonly plan: Plan
  readonly today: Plan
  readonly book: WishBook
  /** With the plan on it. */
  readonly draft: Draft
  /** Its nodes by group. */
  readonly slotsOf: ReadonlyMap<string, readonly Slot[]>
  /** Steps, pods × nodes looked at, after which the plan is left as it is by then. */
  readonly budget: number
}

/**
 * The plan with more of what its pods prefer on the same nodes: pods that it moves anyway go to other nodes of their
 * group, or change places with one another, where all rules allow it. Pods that stay where they run stay there, so that
 * never more are moved. A change counts only if the weights of what holds rise in all, no other pod and no spread
 * constraint loses anything, and the pod itself keeps the weight of what it has today. Greedy, from the pod with the
 * dearest preference given up on; a plan that cannot be bettered is returned itself.
 */
export function keepWishes(tools: WishTools): Plan {
  return new Keeper(tools).run()
}

/** Weights of a pod's own terms that hold, and of those among them that hold today. */
type Own = { readonly all: number; readonly kept: number }
type Seat = { readonly pod: Pod; readonly slot: Slot; readonly group: string }
type Better = { readonly slot: Slot; readonly gain: number }

class Keeper {
  readonly #tools: WishTools
  readonly #score: WishScore
  readonly #heldToday = new Map<string, readonly boolean[]>()
  /** Positions in the plan by name. */
  readonly #hosts: ReadonlyMap<string, number>
  /** Pods with rules about other pods: the only ones that may be wrong where they are because another left. */
  readonly #ruled: readonly Pod[]
  readonly #wrongBefore: ReadonlySet<Pod>
  #steps = 0

  constructor(tools: WishTools) {
    const { plan, today, book, draft } = tools
    this.#tools = tools
    this.#score = new WishScore(plan, book)
    const now = new WishScore(today, book)
    for (const { pods } of today.nodes)
      for (const pod of pods) if (book.of(pod) !== undefined) this.#heldToday.set(pod.id, now.terms(pod))
    this.#hosts = new Map(plan.nodes.map(({ name }, host) => [name, host]))
    this.#ruled = plan.nodes
      .flatMap(({ packed, pods }) => (packed ? pods : []))
      .filter((pod) => draft.board.hasTopologyRules(draft.board.classKey(pod)))
    this.#wrongBefore = new Set(misplaced(draft, this.#ruled))
  }

  run(): Plan {
    const changed = new Set<string>()
    for (let next = this.#better(); next.length > 0; next = this.#better())
      for (const slot of next) changed.add(slot.site.name)
    if (changed.size === 0) return this.#tools.plan
    const slots = new Map([...this.#tools.slotsOf.values()].flat().map((slot) => [slot.site.name, slot]))
    const nodes = this.#tools.plan.nodes.map((node) => {
      const slot = changed.has(node.name) ? slots.get(node.name) : undefined
      return slot === undefined ? node : { ...node, pods: [...slot.pods].sort((a, b) => byText(a.id, b.id)) }
    })
    return { ...this.#tools.plan, nodes }
  }

  /** One pass over all pods; the nodes that it changed. */
  #better(): Slot[] {
    const changed: Slot[] = []
    for (const { pod, group } of this.#candidates()) {
      // An exchange may have moved it since, even home.
      const slot = this.#tools.draft.places.get(pod)
      if (slot === undefined || pod.nodeName === slot.site.name) continue
      if (this.#isSpent) break
      const to = this.#improve({ pod, slot, group })
      if (to !== undefined) changed.push(slot, to)
    }
    return changed
  }

  get #isSpent(): boolean {
    return this.#steps >= this.#tools.budget
  }

  /** Moved pods for which there may be something to gain, the dearest preference given up first. */
  #candidates(): Seat[] {
    const { book, slotsOf } = this.#tools
    const seats: (Seat & { readonly givenUp: number; readonly missing: number })[] = []
    const wanted = new Set(this.#score.unevenMatchers())
    for (const [group, slots] of slotsOf)
      for (const slot of slots)
        for (const pod of slot.pods) {
          const wishes = book.of(pod)
          let [givenUp, missing] = [0, 0]
          if (wishes !== undefined)
            for (const [index, holds] of this.#score.terms(pod).entries()) {
              const wish = wishes.terms[index]!
              if (holds) continue
              missing += wish.weight
              if (this.#heldToday.get(pod.id)?.[index] === true) givenUp += wish.weight
              if (wish.kind !== 'node affinity') wanted.add(wish.matcher.id)
            }
          if (pod.nodeName !== slot.site.name) seats.push({ pod, slot, group, givenUp, missing })
        }
    return seats
      .filter(({ pod, missing }) => missing > 0 || book.selecting(pod).some((matcher) => wanted.has(matcher)))
      .sort((a, b) => b.givenUp - a.givenUp || b.missing - a.missing || byText(a.pod.id, b.pod.id))
  }

  /** Where the pod went, if anywhere. */
  #improve(seat: Seat): Slot | undefined {
    const targets = this.#betterPlaces(seat)
    for (const { slot } of targets) if (this.#tryMove(seat, slot)) return slot
    for (const { slot } of targets)
      for (const other of [...slot.pods].sort((a, b) => byText(a.id, b.id))) {
        if (this.#isSpent) return undefined
        if (other.nodeName !== slot.site.name && this.#trySwap(seat, other, slot)) return slot
      }
    return undefined
  }

  /** Other nodes of its group on which more would hold, the best first; equals to where it runs, then in stable order. */
  #betterPlaces({ pod, slot: from, group }: Seat): Better[] {
    const found: Better[] = []
    for (const slot of this.#tools.slotsOf.get(group) ?? []) {
      if (slot === from || !acceptsPods(slot)) continue
      this.#steps += 1
      const gain = this.#move(pod, slot)
      this.#score.move(pod, this.#hostOf(from))
      if (gain !== undefined && gain > 0) found.push({ slot, gain })
    }
    const isHome = ({ slot }: Better): number => (slot.site.name === pod.nodeName ? 1 : 0)
    return found.sort((a, b) => b.gain - a.gain || isHome(b) - isHome(a))
  }

  #tryMove({ pod }: Seat, to: Slot): boolean {
    const { draft } = this.#tools
    this.#steps += 1
    const mark = draft.mark()
    draft.take(pod)
    if (draft.takes(to, pod)) {
      draft.put(pod, to)
      if (this.#isSound()) {
        this.#score.move(pod, this.#hostOf(to))
        return true
      }
    }
    draft.rollback(mark)
    return false
  }

  #trySwap({ pod, slot: from }: Seat, other: Pod, to: Slot): boolean {
    const { draft } = this.#tools
    this.#steps += 1
    const mark = draft.mark()
    draft.take(pod)
    draft.take(other)
    if (draft.takes(to, pod)) {
      draft.put(pod, to)
      if (draft.takes(from, other)) {
        draft.put(other, from)
        const gain = this.#move(pod, to)
        const back = this.#move(other, from)
        if (gain !== undefined && back !== undefined && gain + back > 0 && this.#isSound()) return true
        this.#score.move(other, this.#hostOf(to))
        this.#score.move(pod, this.#hostOf(from))
      }
    }
    draft.rollback(mark)
    return false
  }

  /** Moves the pod in the score; what is gained in all, or undefined where somebody loses. */
  #move(pod: Pod, to: Slot): number | undefined {
    const before = this.#own(pod)
    const { gained, lost } = this.#score.move(pod, this.#hostOf(to))
    const after = this.#own(pod)
    if (lost > 0 || after.kept < before.kept || after.all < before.all) return undefined
    return after.all - before.all + gained
  }

  #own(pod: Pod): Own {
    const held = this.#heldToday.get(pod.id)
    const wishes = this.#tools.book.of(pod)
    let [all, kept] = [0, 0]
    if (wishes === undefined) return { all, kept }
    for (const [index, holds] of this.#score.terms(pod).entries()) {
      const weight = holds ? wishes.terms[index]!.weight : 0
      all += weight
      if (held?.[index] === true) kept += weight
    }
    return { all, kept }
  }

  /** Does every pod obey the rules about other pods that it obeyed before? */
  #isSound(): boolean {
    this.#steps += this.#ruled.length
    return misplaced(this.#tools.draft, this.#ruled).every((pod) => this.#wrongBefore.has(pod))
  }

  #hostOf({ site }: Slot): number {
    const host = this.#hosts.get(site.name)
    if (host === undefined) throw new Error(`node ${site.name} is not in the plan`)
    return host
  }
}
