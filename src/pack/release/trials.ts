import { gravity } from '../../domain/node-mix.js'
import type { Plan } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Draft, Slot } from '../draft.js'
import { Pool } from '../first-fit.js'
import { capture, type Layout } from '../layout.js'
import type { Limits } from '../problem.js'
import { faultsAmong } from '../rails/offers.js'
import { SEEDS } from '../replay/repair.js'
import type { Shop } from '../replay/shop.js'
import type { ReplayScheduler } from '../replay/replay.js'
import { spreadOver } from '../spread-over.js'

/** What a pod adds to a refill's pods × nodes: rules and queues are looked at once for each. */
const STEPS_PER_POD = 150
/** What the check of a finished plan costs for each pod. */
const STEPS_OF_A_CHECK = 1500
export type TrialTools = {
  /** With the plan on it. */
  readonly draft: Draft
  /** Its nodes by group. */
  readonly slotsOf: ReadonlyMap<string, readonly Slot[]>
  /** Undefined where the cluster is too large for it. */
  readonly scheduler: ReplayScheduler | undefined
  readonly shop: Shop['machinesFor']
  readonly toPlan: (layouts: ReadonlyMap<string, Layout>) => Plan
  readonly limits: Limits
}

/** Nodes that go, and what is bought: instead of one of them, or of all that go in the group. */
export type Change = { readonly gone: readonly Slot[]; readonly bought: readonly Purchase[] }
export type Purchase = { readonly slot: Slot; readonly instead: Slot | 'group' }
/** A change that works. */
export type Found = Change & { readonly saving: number; readonly layouts: ReadonlyMap<string, Layout> }

export const NOTHING: Change = { gone: [], bought: [] }

export const both = (a: Change, b: Change): Change => ({
  gone: [...a.gone, ...b.gone],
  bought: [...a.bought, ...b.bought],
})

export const rateOf = (slots: readonly Slot[]): number => slots.reduce((total, { rate }) => total + (rate ?? 0), 0)
export const boughtIn = ({ bought }: Change): Slot[] => bought.map(({ slot }) => slot)

/**
 * Tries changes of a finished plan: its other pods stay where the plan has them, those of the nodes that go are put on the
 * rest of their group. A change works if all of them have a place and the default scheduler fills the nodes by itself, in
 * the orders that are asked of whatever is tried often. Every trial is taken back.
 */
export class Trials {
  readonly byName: ReadonlyMap<string, Slot>
  readonly groupOf: ReadonlyMap<Slot, string>
  readonly #tools: TrialTools
  readonly #pods: number
  #seeds = SEEDS
  /** Work done so far: what budgets count. */
  steps = 0

  constructor(tools: TrialTools) {
    this.#tools = tools
    const all = [...tools.slotsOf].flatMap(([group, slots]) => slots.map((slot) => ({ group, slot })))
    this.byName = new Map(all.map(({ slot }) => [slot.site.name, slot]))
    this.groupOf = new Map(all.map(({ group, slot }) => [slot, group]))
    this.#pods = all.reduce((total, { slot }) => total + slot.pods.size, 0)
  }

  /** Steps of one refill of the plan's nodes. */
  get refillSteps(): number {
    return this.byName.size * this.#pods + STEPS_PER_POD * this.#pods
  }

  get isReplayed(): boolean {
    return this.#tools.scheduler !== undefined
  }

  /** Does the default scheduler fill the plan's own nodes? */
  fillsAsItIs(): boolean {
    return this.#refills(this.#nodesAfter(NOTHING))
  }

  toPlan({ layouts }: Found): Plan {
    this.steps += STEPS_OF_A_CHECK * this.#pods
    return this.#tools.toPlan(layouts)
  }

  /** Undefined: it does not work. */
  tryOut(change: Change): Found | undefined {
    const { draft } = this.#tools
    const nodes = this.#nodesAfter(change)
    if (this.#isUnwanted(nodes)) return undefined
    const mark = draft.mark()
    try {
      if (!this.#place(change, NOTHING) || !this.#refills(nodes)) return undefined
      const layouts = new Map(
        [...this.#tools.slotsOf.keys()].map((group) => [
          group,
          capture(draft, this.#ofGroup(group, change), 'without a rule'),
        ]),
      )
      return { ...change, saving: rateOf(change.gone) - rateOf(boughtIn(change)), layouts }
    } finally {
      draft.rollback(mark)
    }
  }

  /** Too few nodes, or a worse mix of them than the plan's. */
  #isUnwanted(nodes: readonly Slot[]): boolean {
    const { limits } = this.#tools
    const faults = (some: readonly Slot[]): number => gravity(faultsAmong(some, limits))
    return faults(nodes) > faults(this.#nodesAfter(NOTHING))
  }

  /** Of these changes those after which all pods have a place, one change after another. */
  placeable(changes: readonly Change[], before: Change, isSpent: () => boolean): readonly Change[] {
    if (changes.length < 2) return changes
    const { draft } = this.#tools
    const mark = draft.mark()
    const good: Change[] = []
    let so = NOTHING
    if (this.#place(before, NOTHING)) {
      so = before
      for (const change of changes) {
        if (isSpent()) break
        const point = draft.mark()
        if (this.#place(change, so)) {
          good.push(change)
          so = both(so, change)
        } else draft.rollback(point)
      }
    }
    draft.rollback(mark)
    return good
  }

  #refills(nodes: readonly Slot[]): boolean {
    const { scheduler } = this.#tools
    if (scheduler === undefined) return true
    const failed = this.#seeds.find((seed) => {
      this.steps += scheduler.cost(nodes) + STEPS_PER_POD * this.#pods
      return scheduler.leftOver(nodes, seed, 0).length > 0
    })
    // The order that failed last is the likeliest to fail again: asked first, it saves the others.
    if (failed !== undefined) this.#seeds = [failed, ...this.#seeds.filter((seed) => seed !== failed)]
    return failed === undefined
  }

  /** Carries the change out on the draft after another one. False: a pod has no place. */
  #place(change: Change, before: Change): boolean {
    const { draft } = this.#tools
    const homeless: { readonly pod: Pod; readonly group: string | undefined }[] = []
    for (const slot of change.gone) {
      for (const pod of [...slot.pods]) {
        draft.take(pod)
        // A pending pod may go to any group.
        homeless.push({ pod, group: pod.nodeName === '' ? undefined : this.groupOf.get(slot) })
      }
      draft.close(slot)
    }
    for (const slot of boughtIn(change)) draft.open(slot)
    const whole = both(before, change)
    return [...new Set(homeless.map(({ group }) => group))].every((name) => {
      const nodes = name === undefined ? this.#nodesAfter(whole) : this.#ofGroup(name, whole)
      const pods = homeless.flatMap(({ pod, group }) => (group === name ? [pod] : []))
      // All that stands on the nodes is looked at before the first pod is placed.
      const standing = nodes.reduce((total, slot) => total + slot.pods.size, 0)
      this.steps += nodes.length * (pods.length + 1) + standing
      const left = spreadOver(draft, nodes, pods)
      // Where an even spread leaves no hole for a big pod, a tight one may.
      return left.length === 0 || new Pool(draft, nodes).putAll(left).length === 0
    })
  }

  #ofGroup(name: string, change: Change): Slot[] {
    const isGone = new Set(change.gone)
    return [
      ...(this.#tools.slotsOf.get(name) ?? []).filter((slot) => !isGone.has(slot)),
      ...boughtIn(change).filter(({ origin }) => origin.kind === 'new' && origin.option.group === name),
    ]
  }

  #nodesAfter(change: Change): Slot[] {
    return [...this.#tools.slotsOf.keys()].flatMap((name) => this.#ofGroup(name, change))
  }
}
