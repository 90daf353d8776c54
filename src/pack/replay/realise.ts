import { Climb } from './climb.js'
import { BRIEF, exchangeNodes, FEW_STEPS, isCheapToRefill, THOROUGH, type Effort } from './exchange-nodes.js'
import { fleetOf, slotsOf, type Alternatives, type Fleet } from './fleet.js'
import { keepToday } from './keep-today.js'
import { Orders } from './orders.js'
import { FleetTrials, MOST_PROOFS, MOST_STEPS } from './fleet-trials.js'
import { cheaperChoices, fewerNodes } from './lower-fleets.js'
import type { Most } from './purchase.js'
import { withRelief } from './relief.js'
import { JUDGES, nodesToAdd } from './repair.js'
import type { ReplayScheduler } from './replay.js'
import type { Shop } from './shop.js'
import { startFleets } from './start-fleets.js'

const PASSES = 2
/** Orders that an answer must pass beside the others where nobody acts on it by itself. */
const BRIEF_PROOFS = 40
/** Refills that a tight plan is worth where another start is known and exchanges are cheap. */
const FEW_REFILLS = 60
/** A start that is so much dearer than what is known shows that the other conditions do not help. */
const HOPELESS = 0.1
/** A start that is no more than so much dearer than another may still lead farther. */
const NEAR = 0.1
/** Fleets that are handed over: a placement within the guard rails may not exist on the cheapest. */
const ANSWERS = 3
/** Times that a fleet is mended, and eased between. */
const MOST_EASES = 4
/** Nodes that are bought to mend a fleet are made cheaper in the end: so much dearer may still come to less. */
const HOPE = 1.1
/**
 * How a fleet is mended where exchanges of single nodes do not get far: with relief for such a share of its CPU, and by the
 * orders from such a part of them on first. What it comes to differs by as much as a tenth.
 */
const WAYS: readonly Way[] = [
  { relief: 0.1, from: 0 },
  { relief: 0, from: 0 },
  { relief: 0.05, from: 0 },
  { relief: 0.2, from: 0 },
  { relief: 0.1, from: 1 / 2 },
  { relief: 0, from: 1 / 2 },
]
const AS_IT_IS: readonly Way[] = [{ relief: 0, from: 0 }]
type Way = { readonly relief: number; readonly from: number }

export type FleetSearch = {
  readonly scheduler: ReplayScheduler
  readonly groups: readonly Alternatives[]
  readonly shop: Shop
  /** Do the pods have a place there that also keeps to what the scheduler does not know, such as fitness for spot? */
  readonly hasPlaces: (fleet: Fleet) => boolean
  /** Exchanges nodes so that limits over all of them hold that the scheduler does not know; absent: there are none. */
  readonly ease?: (fleet: Fleet) => Fleet
}

/**
 * The cheapest nodes that the default scheduler fills without leaving a pod over, in whatever order the pods come. A
 * tight plan does not have that property: the scheduler spreads small pods over all nodes alike, so that a big pod finds
 * a hole only where the same share of a node is room enough, on large nodes or on emptier ones. The search therefore
 * compares whole fleets, of few sizes and several slacks, by replaying them, then lowers the cost of one group after the
 * other as long as every order still works out. `known`: other fleets to begin with, so that nothing dearer comes out than
 * what it takes to fill them. Returns the cheapest first; all of them passed.
 */
export function realise(search: FleetSearch, known: readonly Fleet[]): Fleet[] {
  const { scheduler, groups, shop, hasPlaces } = search
  const trials = new FleetTrials(scheduler, groups, hasPlaces, MOST_PROOFS)
  const begun = startFleets(trials, groups)
  const climb = new Climb(trials, groups, shop)
  for (const start of begun) {
    let best = climb.from(start)
    if (best === undefined) continue
    for (let pass = 0; pass < PASSES; pass += 1) best = fewerNodes(trials, groups, cheaperChoices(trials, groups, best))
  }
  const [cheapest] = cheapestFirst(trials.passed)
  const rough = [...known, ...(cheapest === undefined ? begun.slice(0, 1) : [cheapest])]
  const starts = rough.length === 0 ? [fleetOf(tight(groups))] : differing(cheapestFirst(rough))
  return exchanged(trials, search, starts, { effort: THOROUGH, steps: MOST_STEPS, worthwhile: Infinity })
}

/**
 * The same from fleets that are known already, more briefly: for a scheduler that works under other conditions. The tight
 * plan is tried besides, only briefly where single exchanges get far by themselves.
 */
export function refit(search: FleetSearch, known: readonly Fleet[]): Fleet[] {
  const { scheduler, groups, hasPlaces } = search
  const packed = fleetOf(tight(groups))
  const cost = scheduler.cost(slotsOf(packed))
  return exchanged(
    new FleetTrials(scheduler, groups, hasPlaces, BRIEF_PROOFS),
    search,
    [...known.slice(0, 1), packed],
    {
      effort: BRIEF,
      steps: known.length > 0 && cost <= FEW_STEPS ? FEW_REFILLS * cost : MOST_STEPS,
      worthwhile: (known[0]?.rate ?? Infinity) * (1 + HOPELESS),
    },
  )
}

type Limits = {
  readonly effort: Effort
  /** What it may take to mend a start beside the first. */
  readonly steps: number
  /** Starts that cost more are no good for exchanges. */
  readonly worthwhile: number
}

/** Of these starts, once nodes were added as it takes, the cheapest are those from which single nodes are exchanged. */
function exchanged(trials: FleetTrials, search: FleetSearch, starts: readonly Fleet[], limits: Limits): Fleet[] {
  const proof = trials.judges.slice(JUDGES.length)
  const tools = { ...search, seeds: JUDGES, proof, effort: limits.effort }
  const mended: Fleet[] = []
  for (const fleet of starts) {
    const near = limits.effort.runs > 1 && isCheapToRefill(fleet, search.scheduler) ? NEAR : 0
    const most = Math.min(...mended.map(({ rate }) => rate)) * (1 + near)
    const steps = mended.length === 0 ? MOST_STEPS : limits.steps
    const ways = limits.effort.runs > 1 && !isCheapToRefill(fleet, search.scheduler) ? WAYS : AS_IT_IS
    const found = fleet.rate < most ? mendBest(ways, fleet, trials, search, { steps, rate: most }) : undefined
    if (found !== undefined) mended.push(found)
  }
  const good = cheapestFirst(mended).filter(({ rate }) => rate <= limits.worthwhile)
  trials.passed.push(...mended, ...exchangeNodes(good, tools))
  return judged(trials, search.groups)
}

/** Several plans come to the same nodes. */
const differing = (fleets: readonly Fleet[]): Fleet[] => [
  ...new Map(fleets.map((fleet) => [`${fleet.rate} ${slotsOf(fleet).length}`, fleet])).values(),
]

const cheapestFirst = (fleets: readonly Fleet[]): Fleet[] => [...fleets].sort((a, b) => a.rate - b.rate)

/** The plan as it is packed, whatever the scheduler makes of it. */
const tight = (groups: readonly Alternatives[]): Fleet['chosen'] =>
  new Map(groups.map(({ group, choices }) => [group, choices[1] ?? choices[0]!]))

type MostMended = { readonly steps: number; readonly rate: number }

/** The cheapest that one of these ways comes to. */
function mendBest(
  ways: readonly Way[],
  fleet: Fleet,
  trials: FleetTrials,
  search: FleetSearch,
  most: MostMended,
): Fleet | undefined {
  const { judges } = trials
  let best: Fleet | undefined
  for (const { relief, from } of ways) {
    const start = relief === 0 ? fleet : withRelief(fleet, search.groups, relief, search.shop)
    const first = Math.floor(from * judges.length)
    const orders = [...judges.slice(first), ...judges.slice(0, first)]
    best = mend(start, orders, search, { ...most, rate: best?.rate ?? most.rate }) ?? best
  }
  return best
}

/**
 * The fleet with the nodes that it takes to pass in every order by which answers are judged. What was added may have to be
 * eased, and what was eased may need more. Undefined where it would cost as much as `rate` or more.
 */
function mend(
  fleet: Fleet,
  orders: readonly number[],
  { scheduler, shop, hasPlaces, ease }: FleetSearch,
  { steps, rate }: MostMended,
): Fleet | undefined {
  let next = fleet
  for (let attempt = 0; attempt < MOST_EASES; attempt += 1) {
    const most: Most = { steps, cost: rate * HOPE - next.rate }
    const added = nodesToAdd(scheduler, slotsOf(next), shop, orders, most)
    if (added === undefined) return undefined
    const mended = fleetOf(next.chosen, [...next.added, ...added], next.places)
    if (mended.rate >= rate) return undefined
    if (hasPlaces(mended)) return mended
    next = ease?.(mended) ?? mended
    if (next === mended) return undefined
  }
  return undefined
}

/** Those that pass in every order by which answers are judged, the cheapest first, with today's nodes where these do as well. */
function judged({ scheduler, judges, passed, hasPlaces }: FleetTrials, groups: readonly Alternatives[]): Fleet[] {
  const orders = new Orders(scheduler, judges)
  const passes = (fleet: Fleet): boolean => orders.allWork(slotsOf(fleet))
  const good: Fleet[] = []
  for (const fleet of cheapestFirst(passed)) {
    if (passes(fleet)) good.push(keepToday(fleet, groups, (next) => passes(next) && hasPlaces(next)))
    if (good.length === ANSWERS) break
  }
  return cheapestFirst(good)
}
