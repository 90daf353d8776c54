import type { Slot } from '../draft.js'
import { drawExchange } from './exchange.js'
import { choiceOf, fleetOf, groupNodes, slotsOf, withChoice, type Alternatives, type Fleet } from './fleet.js'
import { Orders } from './orders.js'
import { generator, type Random } from './replay-queue.js'
import type { ReplayScheduler } from './replay.js'

export const THOROUGH: Effort = { steps: 600_000_000, draws: 800, runs: 2, sharing: 3 }
export const BRIEF: Effort = { steps: 100_000_000, draws: 300, runs: 1, sharing: 1 }
/** How much dearer than the best fleet the search may go on from, at first; it falls to nothing. */
const SLACK = 0.002
/** At first each change must save such a part of the cost; half as much once so many in a row have failed. */
const LONGEST = 0.02
/** Where a refill costs fewer pods × nodes, there is time for whole runs: what is drawn makes a difference of per cents. */
export const FEW_STEPS = 100_000
const SHORTEST = 0.0005
const MOST_FAILURES = 20
/** In one of so many draws the nodes that come are for any group, not for that of the nodes that go. */
const ELSEWHERE = 3
/** Orders that a fleet must pass to be gone on from: those that failed last. */
const WALKING = 4
/** The part of the search after which only cheaper fleets are gone on from. */
const PATIENCE = 0.8
/** A fleet is proved in all orders at once where it costs less than this part of the best; others wait for the end. */
const WORTH_A_PROOF = 0.98
const MOST_LATE_PROOFS = 8

/**
 * Pods × nodes that one run may ask the replay for, changes that it may draw, runs where a refill is cheap, and runs that share
 * the steps where it is dear.
 */
export type Effort = {
  readonly steps: number
  readonly draws: number
  readonly runs: number
  readonly sharing: number
}

export type ExchangeTools = {
  readonly scheduler: ReplayScheduler
  readonly groups: readonly Alternatives[]
  /** Do the pods have a place on the fleet, by what the scheduler does not know as well? */
  readonly hasPlaces: (fleet: Fleet) => boolean
  /** Orders that the search begins with, and those that an answer must pass beside them. */
  readonly seeds: readonly number[]
  readonly proof: readonly number[]
  readonly effort: Effort
}

/**
 * Makes a fleet cheaper by exchanging single nodes, or a few at once, for others: what is drawn at random is kept where
 * the scheduler still fills all nodes in every order. A search that only ever goes down ends where no single change
 * helps, so it may go on from a slightly dearer fleet, less so the longer it lasts (threshold accepting, Dueck and
 * Scheuer 1990). Runs begin from one start after the other. Returns the fleets that became the best on the way, the cheapest
 * last.
 */
export function exchangeNodes(starts: readonly Fleet[], tools: ExchangeTools): Fleet[] {
  const [first] = starts
  if (first === undefined) return []
  const { steps, runs, sharing } = tools.effort
  const isCheap = isCheapToRefill(first, tools.scheduler)
  const each = isCheap ? tools : { ...tools, effort: { ...tools.effort, steps: steps / sharing } }
  const found = Array.from({ length: isCheap ? runs : sharing }, (_, run) =>
    exchange(starts[run % starts.length]!, each, generator(run + 1)),
  )
    .flat()
    .sort((a, b) => b.rate - a.rate)
  return found.filter(({ rate }, at) => rate !== found[at + 1]?.rate)
}

export const isCheapToRefill = (fleet: Fleet, scheduler: ReplayScheduler): boolean =>
  scheduler.cost(slotsOf(fleet)) <= FEW_STEPS

function exchange(from: Fleet, tools: ExchangeTools, random: Random): Fleet[] {
  const { scheduler, groups, hasPlaces, seeds, proof, effort } = tools
  const start = scheduler.steps
  const orders = new Orders(scheduler, seeds)
  const found: Fleet[] = []
  let current = fleetOf(new Map(groups.map((one) => [one.group, choiceOf(groupNodes(one, from))])), [], from.places)
  let best = current
  let stride = LONGEST
  let failures = 0
  /** Cheaper than the best one, but too little to be proved at once. */
  const nearly: Fleet[] = []
  const unfit = (nodes: readonly Slot[]): number | undefined =>
    [...seeds, ...proof].find((seed) => !orders.works(nodes, seed))
  for (let draw = 0; draw < effort.draws; draw += 1) {
    const spent = Math.max(draw / effort.draws, (scheduler.steps - start) / effort.steps)
    if (spent >= 1) break
    const limit = stride > 0 ? current.rate * (1 - stride) : best.rate * (1 + SLACK * Math.max(0, 1 - spent / PATIENCE))
    const one = drawGroup(current, groups, random(Math.floor(current.rate)))
    if (one === undefined) continue
    const other = random(ELSEWHERE) === 0 ? groups[random(groups.length)]! : one
    const chosen = drawChange(current.chosen, one, other, limit - current.rate, random)
    if (chosen === undefined) continue
    const fleet = fleetOf(chosen, [], from.places)
    if (fleet.rate >= limit) continue
    const nodes = slotsOf(fleet)
    if (!orders.likeliestWork(nodes, WALKING) || (stride > 0 && !hasPlaces(fleet))) {
      failures += 1
      if (failures < MOST_FAILURES) continue
      failures = 0
      stride = stride > SHORTEST ? stride / 2 : 0
      continue
    }
    failures = 0
    if (fleet.rate < best.rate * WORTH_A_PROOF) {
      if (!hasPlaces(fleet)) {
        if (!hasPlaces(current)) current = best
        continue
      }
      const failed = unfit(nodes)
      if (failed !== undefined) {
        // What is cheap only in the orders that were asked is no way to go on.
        orders.add(failed)
        if (!orders.works(slotsOf(current), failed)) current = best
        continue
      }
      best = fleet
      found.push(fleet)
    } else if (fleet.rate < best.rate) nearly.push(fleet)
    current = fleet
  }
  const cheaper = nearly.filter(({ rate }) => rate < best.rate).sort((a, b) => a.rate - b.rate)
  const last = cheaper
    .slice(0, MOST_LATE_PROOFS)
    .find((fleet) => hasPlaces(fleet) && unfit(slotsOf(fleet)) === undefined)
  return last === undefined ? found : [...found, last]
}

/**
 * The groups' nodes once some of `from` have gone and others have come to `to`: the scheduler fills all nodes alike, so that
 * room is best bought where it is cheap. Undefined where nothing may go, or the pods of `from` ask for what is gone.
 */
function drawChange(
  chosen: Fleet['chosen'],
  from: Alternatives,
  to: Alternatives,
  allowance: number,
  random: Random,
): Fleet['chosen'] | undefined {
  const slotsOf = ({ group }: Alternatives): readonly Slot[] => chosen.get(group)?.slots ?? []
  const there = slotsOf(to)
  const drawn = drawExchange(
    { exchange: from, slots: slotsOf(from) },
    { exchange: to, slots: there },
    allowance,
    random,
  )
  if (drawn === undefined) return undefined
  const { stay, bought } = drawn
  const own = from === to ? [...stay, ...bought] : stay
  if (!from.mayHold(own)) return undefined
  const without = withChoice(chosen, from.group, choiceOf(own))
  return from === to ? without : withChoice(without, to.group, choiceOf([...there, ...bought]))
}

/** Dear groups are drawn more often. */
function drawGroup(fleet: Fleet, groups: readonly Alternatives[], drawn: number): Alternatives | undefined {
  let left = drawn
  return groups.find(({ group }) => (left -= fleet.chosen.get(group)?.rate ?? 0) < 0)
}
