import type { NodeOption, Plan } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { shortfalls, sum } from '../../domain/resources.js'
import { GIBIBYTE } from '../../domain/units.js'
import { zoneOf, type Slot } from '../draft.js'
import { byText, dominantShare } from '../order.js'
import { nodesFor, rankShapes, room } from '../shapes.js'
import { Stock } from '../stock.js'
import { both, NOTHING, Trials, type Change, type Found, type Purchase, type TrialTools } from './trials.js'

/** Nodes for which a smaller machine is looked for one by one, the dearest first. */
const MOST_EXCHANGES = 6
/** Refills that it takes to see that a change does not work, on the average. */
const REFILLS_OF_A_FAILURE = 1.5
/** Machine types of which the nodes of a group are made anew. */
const MOST_TYPES = 4

/** A plan without some of the nodes that were asked about. */
export type Release = {
  /** Micro-dollars per hour; 0 where nothing cheaper was found. */
  readonly saving: number
  /** Undefined where nothing cheaper was found. */
  readonly plan: Plan | undefined
  /** What each node that goes saves, less the machine bought instead; undefined where several made way for others together. */
  readonly gone: ReadonlyMap<string, number | undefined>
  /** False: the budget ran out, so that more might be found. */
  readonly finished: boolean
}

/**
 * What a finished plan costs less once some of its nodes may go, because the rules that held them are gone. All other
 * pods stay where the plan has them; those of the nodes that go are put on the rest of their group, or on a cheaper
 * machine bought instead. A change counts only if the default scheduler fills what is left by itself, in the orders that are
 * asked of whatever is tried often, and if the finished plan passes the caller's check.
 */
export class Releases {
  readonly #trials: Trials
  readonly #shop: TrialTools['shop']
  readonly #stock = new Stock('freed')
  readonly #sets = new Map<readonly NodeOption[], ReadonlySet<NodeOption>>()

  constructor(tools: TrialTools) {
    this.#trials = new Trials(tools)
    this.#shop = tools.shop
  }

  /** Work done so far: what budgets count. */
  get steps(): number {
    return this.#trials.steps
  }

  /** Steps of one refill of the plan's nodes. */
  get refillSteps(): number {
    return this.#trials.refillSteps
  }

  get isReplayed(): boolean {
    return this.#trials.isReplayed
  }

  /** Does the default scheduler fill the plan's own nodes? Without that, no change of it counts. */
  fillsAsItIs(): boolean {
    return this.#trials.fillsAsItIs()
  }

  /**
   * The cheapest plan found that does without some or all of these nodes, at the cost of about `budget` steps. `accepts`
   * has the last word on it; `breaches`: nodes that carry more than a guard rail allows.
   */
  without(names: readonly string[], accepts: (plan: Plan, breaches: number) => boolean, budget: number): Release {
    const end = this.#trials.steps + budget
    const isSpent = (): boolean => this.#trials.steps >= end
    const found: Found[] = []
    const works = (change: Change): boolean => {
      const one = this.#trials.tryOut(change)
      if (one !== undefined) found.push(one)
      return one !== undefined
    }
    const freed = leastUsedFirst(names.flatMap((name) => this.#trials.byName.get(name) ?? []))
    const drops = this.#trials.placeable(
      freed.map((slot): Change => ({ gone: [slot], bought: [] })),
      NOTHING,
      isSpent,
    )
    const dropped = this.#mostOf(drops, works, isSpent)
    const rest = dearestFirst(freed.filter((slot) => !dropped.gone.includes(slot)))
    const swaps = this.#trials.placeable(this.#swaps(rest, dropped), dropped, isSpent)
    const swapped = this.#mostOf(swaps, (change) => works(both(dropped, change)), isSpent)
    let change = both(dropped, swapped)
    // Where not even a machine as large works, a smaller one hardly will.
    const isHopeless = freed.length === 1 && swaps.length === 1 && swapped.gone.length === 0
    for (const slot of isHopeless ? [] : rest.slice(0, MOST_EXCHANGES))
      change = this.#exchange(change, slot, freed.length > 1, works, end)
    this.#rebuild(freed, found, works, isSpent)
    return { ...this.#best(found, accepts), finished: !isSpent() && rest.length <= MOST_EXCHANGES }
  }

  /** Of what works, the plan that saves most and passes the check. */
  #best(found: readonly Found[], accepts: (plan: Plan, breaches: number) => boolean): Omit<Release, 'finished'> {
    for (const one of [...found].sort((a, b) => b.saving - a.saving)) {
      if (one.saving <= 0) break
      const plan = this.#trials.toPlan(one)
      const breaches = [...one.layouts.values()].reduce((sum, layout) => sum + layout.breaches, 0)
      if (!accepts(plan, breaches)) continue
      return { saving: one.saving, plan, gone: this.#savedBy(one) }
    }
    return { saving: 0, plan: undefined, gone: new Map() }
  }

  #savedBy({ gone, bought }: Change): ReadonlyMap<string, number | undefined> {
    const instead = new Map(bought.map(({ slot, instead: one }) => [one, slot.rate ?? 0]))
    const rebuilt = new Set(
      bought.flatMap(({ slot: { origin }, instead: one }) =>
        one === 'group' && origin.kind === 'new' ? [origin.option.group] : [],
      ),
    )
    return new Map(
      gone.map((slot) => [
        slot.site.name,
        rebuilt.has(this.#trials.groupOf.get(slot) ?? '') ? undefined : (slot.rate ?? 0) - (instead.get(slot) ?? 0),
      ]),
    )
  }

  /** As many of these changes, from the first on, as work together: all, or by halving. */
  #mostOf(changes: readonly Change[], works: (change: Change) => boolean, isSpent: () => boolean): Change {
    const upTo = (count: number): Change => changes.slice(0, count).reduce(both, NOTHING)
    let low = 0
    let high = changes.length
    let next = high
    while (low < high && !isSpent()) {
      if (works(upTo(next))) low = next
      else high = next - 1
      next = Math.ceil((low + high) / 2)
    }
    return upTo(low)
  }

  /** Each node for the cheapest machine in its zone that is at least as large: what most probably works for all at once. */
  #swaps(slots: readonly Slot[], before: Change): Change[] {
    let all = before
    return slots
      .flatMap((slot) => {
        const zone = zoneOf(slot)
        const machine = this.#cheaperThan(slot).find(
          (option) => option.zone === zone && shortfalls(option.allocatable, slot.site.allocatable).length === 0,
        )
        return machine === undefined ? [] : [{ slot, machine, saved: (slot.rate ?? 0) - machine.price.rate }]
      })
      .sort((a, b) => b.saved - a.saved || byText(a.slot.site.name, b.slot.site.name))
      .map(({ slot, machine }): Change => {
        const change: Change = { gone: [slot], bought: [{ slot: this.#buy(machine, all), instead: slot }] }
        all = both(all, change)
        return change
      })
  }

  /**
   * The cheapest instead of one node: nothing (`orNothing`: if that was not tried yet), or a machine that costs less than
   * it, or than the one that is bought instead of it already.
   */
  #exchange(before: Change, slot: Slot, orNothing: boolean, works: (change: Change) => boolean, end: number): Change {
    let best = before
    const now = before.bought.find(({ instead }) => instead === slot)?.slot ?? slot
    const others: Change = {
      gone: [...before.gone.filter((one) => one !== slot), slot],
      bought: before.bought.filter(({ instead }) => instead !== slot),
    }
    const sizes = new Map<string, NodeOption>()
    for (const option of this.#cheaperThan(slot)) {
      const size = `${option.allocatable.cpu} ${Math.round(option.capacity.memory / GIBIBYTE)}`
      if (option.price.rate < (now.rate ?? 0) && !sizes.has(size)) sizes.set(size, option)
    }
    const choices: Change[] = [
      ...(orNothing ? [others] : []),
      ...[...sizes.values()].map((option) =>
        both(others, { gone: [], bought: [{ slot: this.#buy(option, others), instead: slot }] }),
      ),
    ]
    // One by one, from the cheapest on, is exact; an order that fails is mostly the first to be asked.
    if (choices.length * this.refillSteps * REFILLS_OF_A_FAILURE <= end - this.steps) {
      return choices.find((change) => works(change)) ?? before
    }
    // Dear machines work, cheap ones mostly do not: halving finds about where that changes.
    let low = 0
    let high = choices.length
    while (low < high && this.steps < end) {
      const middle = (low + high) >> 1
      const change = choices[middle]!
      if (works(change)) {
        best = change
        high = middle
      } else low = middle + 1
    }
    return best
  }

  /** All nodes of a group that may go, for as few machines of one type as work. */
  #rebuild(
    freed: readonly Slot[],
    found: readonly Found[],
    works: (change: Change) => boolean,
    isSpent: () => boolean,
  ): void {
    for (const group of new Set(this.#trials.groupOf.values())) {
      const gone = freed.filter((slot) => this.#trials.groupOf.get(slot) === group)
      if (gone.length < 2) continue
      const pods = gone.flatMap((slot) => [...slot.pods])
      const whole = sum(pods.map(({ needed }) => needed))
      const rate = gone.reduce((total, slot) => total + (slot.rate ?? 0), 0)
      const machines = this.#machinesForAll(pods)
      for (const type of rankShapes(machines, whole, MOST_TYPES)) {
        const option = machines.find(({ instanceType }) => instanceType === type)
        const least = option && nodesFor(whole, room(option))
        if (option === undefined || least === undefined || isSpent()) break
        const best = Math.max(
          0,
          ...found.filter((one) => one.gone.every((slot) => gone.includes(slot))).map(({ saving }) => saving),
        )
        let low = Math.max(1, Math.ceil(least))
        let high = Math.ceil((rate - best) / option.price.rate) - 1
        // As many as may be bought come first: fewer cannot work where these do not.
        for (let next = high; low <= high && !isSpent(); next = (low + high) >> 1) {
          if (works({ gone, bought: this.#several(option, next, gone) })) high = next - 1
          else if (next === high) break
          else low = next + 1
        }
      }
    }
  }

  /** So many machines of one type, in the zones of the nodes that go where it is offered there. */
  #several(option: NodeOption, count: number, gone: readonly Slot[]): Purchase[] {
    const [pod] = gone.flatMap((slot) => [...slot.pods]).filter(({ nodeName }) => nodeName !== '')
    const ofType = (pod === undefined ? [] : this.#shop(pod)).filter(
      ({ instanceType, price }) => instanceType === option.instanceType && price.rate === option.price.rate,
    )
    const bought: Purchase[] = []
    for (let at = 0; at < count; at += 1) {
      const slot = gone[at % gone.length]
      const here = ofType.find(({ zone }) => slot !== undefined && zone === zoneOf(slot)) ?? option
      bought.push({ slot: this.#buy(here, { gone, bought }), instead: 'group' })
    }
    return bought
  }

  #buy(option: NodeOption, { bought }: Change): Slot {
    const inUse = new Set(bought.map(({ slot }) => slot))
    for (let position = 0; ; position += 1) {
      const slot = this.#stock.slot(option, position)
      if (!inUse.has(slot)) return slot
    }
  }

  /** Machines that could hold each of the node's pods and cost less than it, cheapest first, its own zone before others. */
  #cheaperThan(slot: Slot): NodeOption[] {
    const here = zoneOf(slot)
    const elsewhere = ({ zone }: NodeOption): number => (zone === here ? 0 : 1)
    return this.#machinesForAll([...slot.pods])
      .filter(({ price }) => price.rate < (slot.rate ?? 0))
      .sort((a, b) => a.price.rate - b.price.rate || elsewhere(a) - elsewhere(b) || byText(a.id, b.id))
  }

  /** Machines that could hold each of these pods with nothing else on them; of pending pods nothing is asked. */
  #machinesForAll(pods: readonly Pod[]): NodeOption[] {
    const lists = new Set(pods.filter(({ nodeName }) => nodeName !== '').map((pod) => this.#shop(pod)))
    const [first = [], ...others] = [...lists].sort((a, b) => a.length - b.length)
    return first.filter((option) => others.every((list) => this.#setOf(list).has(option)))
  }

  /** Pods ask for the same few lists again and again. */
  #setOf(list: readonly NodeOption[]): ReadonlySet<NodeOption> {
    const known = this.#sets.get(list) ?? new Set(list)
    this.#sets.set(list, known)
    return known
  }
}

/** Those that carry least for their price: the first to go. */
const leastUsedFirst = (slots: readonly Slot[]): Slot[] =>
  slots
    .map((slot) => {
      const used = [...slot.pods].reduce((sum, pod) => sum + dominantShare(pod.needed, slot.site.allocatable), 0)
      return { slot, key: used / Math.max(1, slot.rate ?? 1) }
    })
    .sort((a, b) => a.key - b.key || byText(a.slot.site.name, b.slot.site.name))
    .map(({ slot }) => slot)

const dearestFirst = (slots: readonly Slot[]): Slot[] =>
  [...slots].sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || byText(a.site.name, b.site.name))
