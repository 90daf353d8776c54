import type { Plan } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { replicasOf } from '../../domain/workload-replicas.js'
import { acceptsPods, type Draft, type Slot } from '../draft.js'
import { misplaced } from '../layout.js'
import { byText } from '../order.js'

export type PartTools = {
  readonly plan: Plan
  readonly today: Plan
  /** With the plan on it; afterwards with what is returned. */
  readonly draft: Draft
  /** Its nodes by group. */
  readonly slotsOf: ReadonlyMap<string, readonly Slot[]>
  /** Nobody prefers anything of the pod's place, nor does it. */
  readonly isIndifferent: (pod: Pod) => boolean
  /** Steps, pods looked at, after which the plan is left as it is by then. */
  readonly budget: number
}

/**
 * The plan with fewer workloads that lose all their replicas with one node. Where packing put all replicas of a workload,
 * two or more that run on several nodes today, onto one, one of them goes to another node of its group, or changes places
 * with a pod there, if all rules allow it. Only pods that the plan moves anyway are touched, so that never more are moved,
 * and only indifferent ones. The scheduler would spread them by itself: the plan should not look worse than what comes of
 * it.
 */
export const partReplicas = (tools: PartTools): Plan => new Parter(tools).run()

class Parter {
  readonly #tools: PartTools
  readonly #replicas: ReadonlyMap<string, number>
  /** Pods with rules about other pods: the only ones that may be wrong where they are because another left. */
  readonly #ruled: readonly Pod[]
  readonly #wrongBefore: ReadonlySet<Pod>
  #steps = 0

  constructor(tools: PartTools) {
    const { plan, draft } = tools
    const pods = plan.nodes.flatMap((node) => (node.packed ? node.pods : []))
    this.#tools = tools
    this.#replicas = replicasOf(pods)
    this.#ruled = pods.filter((pod) => draft.board.hasTopologyRules(draft.board.classKey(pod)))
    this.#wrongBefore = new Set(misplaced(draft, this.#ruled))
  }

  run(): Plan {
    const { plan, today, draft, slotsOf, isIndifferent } = this.#tools
    const groupOf = new Map([...slotsOf].flatMap(([group, slots]) => slots.map((slot) => [slot, group] as const)))
    const crowdedToday = this.#crowded(today)
    const changed = new Map<string, Slot>()
    for (const [workload, pods] of this.#crowded(plan)) {
      if (crowdedToday.has(workload)) continue
      for (const pod of pods) {
        const from = draft.places.get(pod)
        if (from === undefined || pod.nodeName === from.site.name || !isIndifferent(pod)) continue
        // An exchange may have parted them already.
        if (!this.#crowds(from, pod)) break
        const to = (slotsOf.get(groupOf.get(from) ?? '') ?? []).find((slot) => this.#moves(pod, from, slot))
        if (to === undefined) continue
        changed.set(from.site.name, from).set(to.site.name, to)
        break
      }
    }
    if (changed.size === 0) return plan
    const nodes = plan.nodes.map((node) => {
      const slot = changed.get(node.name)
      return slot === undefined ? node : { ...node, pods: [...slot.pods].sort((a, b) => byText(a.id, b.id)) }
    })
    return { ...plan, nodes }
  }

  /** Moves the pod, by itself or for one that goes the other way, if that is allowed. */
  #moves(pod: Pod, from: Slot, to: Slot): boolean {
    if (to === from || !acceptsPods(to) || this.#isSpent) return false
    const { draft, isIndifferent } = this.#tools
    const mark = draft.mark()
    draft.take(pod)
    this.#steps += 1
    if (draft.takes(to, pod)) {
      draft.put(pod, to)
      if (this.#isSound()) return true
    } else
      for (const other of [...to.pods].sort((a, b) => byText(a.id, b.id))) {
        if (other.nodeName === to.site.name || !isIndifferent(other) || this.#isSpent) continue
        const before = draft.mark()
        if (this.#exchanges(pod, from, other, to)) return true
        draft.rollback(before)
      }
    draft.rollback(mark)
    return false
  }

  #exchanges(pod: Pod, from: Slot, other: Pod, to: Slot): boolean {
    const { draft } = this.#tools
    this.#steps += 1
    draft.take(other)
    if (!draft.takes(to, pod)) return false
    draft.put(pod, to)
    if (!draft.takes(from, other)) return false
    draft.put(other, from)
    return !this.#crowds(from, other) && this.#isSound()
  }

  /** Are all replicas of the pod's workload on this node? */
  #crowds(slot: Slot, { workload }: Pod): boolean {
    let here = 0
    for (const pod of slot.pods) if (pod.workload === workload) here += 1
    return here === this.#replicas.get(workload)
  }

  /** Workloads of two or more replicas that are all on one node, in the order of their names, with their pods. */
  #crowded({ nodes }: Plan): ReadonlyMap<string, readonly Pod[]> {
    const found = new Map<string, readonly Pod[]>()
    for (const { pods } of nodes) {
      const here = new Map<string, Pod[]>()
      for (const pod of pods) here.set(pod.workload, [...(here.get(pod.workload) ?? []), pod])
      for (const [workload, own] of here)
        if (own.length === this.#replicas.get(workload))
          found.set(
            workload,
            [...own].sort((a, b) => byText(a.id, b.id)),
          )
    }
    return new Map([...found].sort(([a], [b]) => byText(a, b)))
  }

  /** Does every pod obey the rules about other pods that it obeyed before? */
  #isSound(): boolean {
    this.#steps += this.#ruled.length
    return misplaced(this.#tools.draft, this.#ruled).every((pod) => this.#wrongBefore.has(pod))
  }

  get #isSpent(): boolean {
    return this.#steps >= this.#tools.budget
  }
}
