import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { fleetOf, nearest, SLACKS, slotsOf, withChoice, type Alternatives, type Choice, type Fleet } from './fleet.js'
import { Orders } from './orders.js'
import { repair, JUDGES, type Shop } from './repair.js'
import { exchangeNodes } from './exchange-nodes.js'
import type { ReplayScheduler } from './replay.js'

/** An order of the pods that did not work out, and the pods left over. */
type Failure = { readonly seed: number; readonly left: readonly Pod[] }

/** The search for whole fleets tries as many of the orders as it can afford; every answer is judged by all of them. */
const FEWEST_SEEDS = 3
/** Orders that no step of the search has seen until a fleet is judged: as many as they may cost steps, within limits. */
const MOST_PROOF_STEPS = 8_000_000
const MOST_PROOFS = 40
/** Pods × nodes that the search may ask the replay for. */
const MOST_STEPS = 300_000_000
const MOST_FILLS = 500
/** Refills that one run of the search is good for; what they leave of the budget goes into trying more orders. */
const FILLS_WANTED = 60
const PASSES = 2
/** Fleets that are handed over: a placement within the guard rails may not exist on the cheapest. */
const ANSWERS = 3
const STARTS = 3
/** What a pod left over makes a fleet dearer when starts are compared, as a share of its cost. */
const PENALTY = 0.03
const MOST_CLIMBS = 40
const MOST_GROUPS = 3
const MOST_CHOICES = 8

/**
 * The cheapest nodes that the default scheduler fills without leaving a pod over, in whatever order the pods come. A
 * tight plan does not have that property: the scheduler spreads small pods over all nodes alike, so that a big pod finds
 * a hole only where the same share of a node is room enough, on large nodes or on emptier ones. The search therefore
 * compares whole fleets, of few sizes and several slacks, by replaying them, then lowers the cost of one group after the
 * other as long as every order still works out. `hasPlaces`: do the pods have a place there that also keeps to what the
 * scheduler does not know, such as fitness for spot? Returns the cheapest first; all of them passed.
 */
export function realise(
  scheduler: ReplayScheduler,
  groups: readonly Alternatives[],
  shop: Shop,
  hasPlaces: (fleet: Fleet) => boolean,
): Fleet[] {
  return new Search(scheduler, groups, shop, hasPlaces).run()
}

class Search {
  readonly #scheduler: ReplayScheduler
  readonly #groups: readonly Alternatives[]
  readonly #shop: Shop
  readonly #hasPlaces: (fleet: Fleet) => boolean
  readonly #end: number
  readonly #seeds: readonly number[]
  readonly #orders: Orders
  readonly #judges: readonly number[]
  readonly #groupOf: (pod: Pod) => string | undefined
  #fills = 0
  readonly #passed: Fleet[] = []

  constructor(
    scheduler: ReplayScheduler,
    groups: readonly Alternatives[],
    shop: Shop,
    hasPlaces: (fleet: Fleet) => boolean,
  ) {
    this.#scheduler = scheduler
    this.#groups = groups
    this.#shop = shop
    this.#hasPlaces = hasPlaces
    this.#end = scheduler.steps + MOST_STEPS
    const today = groups.flatMap(({ choices }) => choices[0]?.slots ?? [])
    const cost = Math.max(1, scheduler.cost(today))
    const affordable = Math.floor(MOST_STEPS / (FILLS_WANTED * cost))
    const proofs = Math.min(MOST_PROOFS, Math.floor(MOST_PROOF_STEPS / cost))
    this.#judges = [...JUDGES, ...Array.from({ length: proofs }, (_, index) => JUDGES.length + index + 1)]
    this.#seeds = JUDGES.slice(0, Math.max(FEWEST_SEEDS, affordable))
    this.#orders = new Orders(scheduler, this.#seeds)
    const groupOfNode = new Map(
      groups.flatMap(({ group, choices }) => (choices[0]?.slots ?? []).map(({ site }) => [site.name, group] as const)),
    )
    this.#groupOf = (pod) => groupOfNode.get(pod.nodeName)
  }

  run(): Fleet[] {
    const begun = this.#starts()
    for (const start of begun) {
      let best = this.#climb(start)
      if (best === undefined) continue
      for (let pass = 0; pass < PASSES; pass += 1) best = this.#fewerNodes(this.#cheaperChoices(best))
    }
    const cheapest = [...this.#passed].sort((a, b) => a.rate - b.rate)[0]
    const mended = (cheapest === undefined ? [this.#tight(), ...begun.slice(0, 1)] : [cheapest])
      .flatMap((fleet) => this.#mended(fleet) ?? [])
      .sort((a, b) => a.rate - b.rate)[0]
    if (mended !== undefined)
      this.#passed.push(
        mended,
        ...exchangeNodes(mended, {
          scheduler: this.#scheduler,
          groups: this.#groups,
          hasPlaces: this.#hasPlaces,
          seeds: JUDGES,
          proof: this.#judges.slice(JUDGES.length),
        }),
      )
    return this.#judged()
  }

  /** The plan as it is packed, whatever the scheduler makes of it. */
  #tight(): Fleet {
    return fleetOf(new Map(this.#groups.map(({ group, choices }) => [group, choices[1] ?? choices[0]!])))
  }

  /** Fleets whose groups all have nodes of about one size; the cheapest ones, pods left over counted in. */
  #starts(): Fleet[] {
    const sizes = [...new Set(this.#groups.flatMap(({ choices }) => choices.map(({ cores }) => cores)))].filter(
      (cores) => cores > 0,
    )
    const fleets = new Map<string, Fleet>()
    for (const fleet of [
      fleetOf(new Map(this.#groups.map(({ group, choices }) => [group, choices[0]!]))),
      ...sizes.flatMap((cores) => SLACKS.map((slack) => this.#ofSize(cores, slack))),
    ])
      fleets.set(`${fleet.rate} ${slotsOf(fleet).length}`, fleet)
    const [seed = 1] = this.#seeds
    const scored: { readonly fleet: Fleet; readonly score: number }[] = []
    for (const fleet of [...fleets.values()].sort((a, b) => a.rate - b.rate)) {
      // Dearer ones could not come first any more.
      if (scored.some(({ score }) => score <= fleet.rate) || this.#isSpent()) break
      scored.push({ fleet, score: fleet.rate * (1 + PENALTY * this.#left(fleet, seed).length) })
    }
    return scored
      .sort((a, b) => a.score - b.score)
      .slice(0, STARTS)
      .map(({ fleet }) => fleet)
  }

  /** Gives the groups of the pods left over roomier nodes, or more of them, until every order works out. */
  #climb(from: Fleet): Fleet | undefined {
    let fleet = from
    for (let step = 0; step < MOST_CLIMBS; step += 1) {
      const failed = this.#firstFailure(fleet)
      if (failed === undefined) {
        if (this.#isSpent()) return undefined
        // Without places for all pods it is still a start for the search, and no answer.
        return this.#hasPlaces(fleet) ? this.#keep(fleet) : fleet
      }
      const better = this.#roomier(fleet, failed)
      if (better === undefined) return undefined
      fleet = better
    }
    return undefined
  }

  #firstFailure(fleet: Fleet): Failure | undefined {
    for (const seed of this.#seeds) {
      const left = this.#left(fleet, seed)
      if (left.length > 0) return { seed, left }
    }
    return undefined
  }

  /** The change that leaves fewer pods over in the order that failed, at the least cost for each of them. */
  #roomier(fleet: Fleet, { seed, left }: Failure): Fleet | undefined {
    let best: { readonly fleet: Fleet; readonly score: number } | undefined
    for (const change of [...this.#otherChoices(fleet, left), ...this.#oneMore(fleet, left)]) {
      if (this.#isSpent()) break
      const saved = left.length - this.#left(change, seed, left.length).length
      const score = (change.rate - fleet.rate) / saved
      if (saved > 0 && (best === undefined || score < best.score)) best = { fleet: change, score }
    }
    return best?.fleet
  }

  /** Dearer nodes for a group that has pods left over: a few, from the next best to the dearest. */
  #otherChoices(fleet: Fleet, left: readonly Pod[]): Fleet[] {
    return [...new Set(left.flatMap((pod) => this.#groupOf(pod) ?? []))].slice(0, MOST_GROUPS).flatMap((name) => {
      const now = fleet.chosen.get(name)?.rate ?? Infinity
      const dearer = (this.#groups.find(({ group }) => group === name)?.choices ?? [])
        .filter(({ rate }) => rate > now)
        .sort((a, b) => a.rate - b.rate)
      return dearer
        .filter(({ rate }, rank) => rate > (dearer[rank - 1]?.rate ?? now))
        .slice(0, MOST_CHOICES)
        .map((choice) => fleetOf(withChoice(fleet.chosen, name, choice), fleet.added))
    })
  }

  /** One more node, of every size that holds a pod left over. */
  #oneMore(fleet: Fleet, left: readonly Pod[]): Fleet[] {
    const sizes = new Set(left.slice(0, MOST_GROUPS).flatMap((pod) => sizesOf(this.#shop.machinesFor(pod))))
    return [...sizes].map((option) => fleetOf(fleet.chosen, [...fleet.added, this.#shop.nextSlot(option)]))
  }

  #ofSize(cores: number, slack: number): Fleet {
    return fleetOf(
      new Map(
        this.#groups.map(({ group, choices }) => {
          const today = choices[0]!
          const roomy = choices.filter((choice) => choice.cores > 0 && choice.slack === slack)
          const size = nearest(
            [...new Set(roomy.map((choice) => choice.cores))].sort((a, b) => a - b),
            cores,
          )
          const choice = roomy.find((one) => one.cores === size)
          return [group, choice === undefined || choice.rate > today.rate ? today : choice]
        }),
      ),
    )
  }

  /** Group by group, dearest first, the cheapest choice with which every order still works out. */
  #cheaperChoices(from: Fleet): Fleet {
    let best = from
    for (const { group, choices } of this.#byRate(from)) {
      const now = best.chosen.get(group)
      const cheaper = choices.filter(({ rate }) => rate < (now?.rate ?? 0)).sort((a, b) => a.rate - b.rate)
      best = this.#lowest(best, cheaper, (choice) => fleetOf(withChoice(best.chosen, group, choice), best.added))
    }
    return best
  }

  /** Group by group, as many nodes less as every order allows. */
  #fewerNodes(from: Fleet): Fleet {
    let best = from
    for (const { group, mayGo } of this.#byRate(from)) {
      const now = best.chosen.get(group)!
      const removable = now.slots.filter(mayGo)
      const fewer = removable.map((_, kept) => {
        const stay = new Set(removable.slice(0, kept))
        const slots = now.slots.filter((slot) => !mayGo(slot) || stay.has(slot))
        return { ...now, slots, rate: slots.reduce((total, { rate }) => total + (rate ?? 0), 0) }
      })
      best = this.#lowest(best, fewer, (choice) => fleetOf(withChoice(best.chosen, group, choice), best.added))
    }
    // Nodes that a repair added may have become needless.
    for (const slot of best.added) {
      const without = fleetOf(
        best.chosen,
        best.added.filter((other) => other !== slot),
      )
      if (this.#works(without)) best = this.#keep(without)
    }
    return best
  }

  /** Dear choices work, cheap ones mostly do not: halving finds about where that changes. */
  #lowest(best: Fleet, choices: readonly Choice[], make: (choice: Choice) => Fleet): Fleet {
    let found = best
    let low = 0
    let high = choices.length
    while (low < high && !this.#isSpent()) {
      const middle = (low + high) >> 1
      const fleet = make(choices[middle]!)
      if (fleet.rate < found.rate && this.#works(fleet)) {
        found = this.#keep(fleet)
        high = middle
      } else low = middle + 1
    }
    return found
  }

  #byRate(fleet: Fleet): Alternatives[] {
    return [...this.#groups].sort(
      (a, b) => (fleet.chosen.get(b.group)?.rate ?? 0) - (fleet.chosen.get(a.group)?.rate ?? 0),
    )
  }

  #keep(fleet: Fleet): Fleet {
    this.#passed.push(fleet)
    return fleet
  }

  /** The fleet with the nodes that it takes to pass in every order by which answers are judged. */
  #mended(fleet: Fleet): Fleet | undefined {
    const { added } = repair(this.#scheduler, slotsOf(fleet), this.#shop, this.#judges, MOST_STEPS)
    if (added === undefined) return undefined
    const mended = fleetOf(fleet.chosen, [...fleet.added, ...added])
    return this.#hasPlaces(mended) ? mended : undefined
  }

  /** Those that pass in every order by which answers are judged, the cheapest first. */
  #judged(): Fleet[] {
    const judged: Fleet[] = []
    for (const fleet of [...this.#passed].sort((a, b) => a.rate - b.rate)) {
      const failed = this.#judges.some((seed) => this.#scheduler.leftOver(slotsOf(fleet), seed, 0).length > 0)
      if (!failed) judged.push(fleet)
      if (judged.length === ANSWERS) break
    }
    return judged
  }

  #works(fleet: Fleet): boolean {
    if (this.#isSpent()) return false
    this.#fills += 1
    return this.#orders.allWork(slotsOf(fleet)) && this.#hasPlaces(fleet)
  }

  #left(fleet: Fleet, seed: number, most?: number): readonly Pod[] {
    this.#fills += 1
    return this.#scheduler.leftOver(slotsOf(fleet), seed, most)
  }

  #isSpent(): boolean {
    return this.#fills >= MOST_FILLS || this.#scheduler.steps >= this.#end
  }
}

/** The cheapest machine of each size. */
function sizesOf(machines: readonly NodeOption[]): NodeOption[] {
  const sizes = new Map<number, NodeOption>()
  for (const option of machines) {
    const known = sizes.get(option.capacity.cpu)
    if (known === undefined || option.price.rate < known.price.rate) sizes.set(option.capacity.cpu, option)
  }
  return [...sizes.values()]
}
