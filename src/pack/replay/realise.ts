import { Climb } from './climb.js'
import { BRIEF, exchangeNodes, FEW_STEPS, isCheapToRefill, THOROUGH, type Effort } from './exchange-nodes.js'
import { fleetOf, slotsOf, type Alternatives, type Fleet } from './fleet.js'
import { keepToday } from './keep-today.js'
import { Orders } from './orders.js'
import { FleetTrials, MOST_PROOFS, MOST_STEPS } from './fleet-trials.js'
import { cheaperChoices, fewerNodes } from './lower-fleets.js'
import type { FleetSearch } from './fleet-search.js'
import { AS_IT_IS, mendBest, WAYS, type Way } from './mend.js'
import { JUDGES } from './repair.js'
import { startFleets } from './start-fleets.js'

const PASSES = 2
/** Orders that an answer must pass beside the others where nobody acts on it by itself. */
const BRIEF_PROOFS = 40
/** Refills that a tight plan is worth where another start is known and exchanges are cheap. */
const FEW_REFILLS = 60
/** A start that is so much dearer than what is known shows that the other conditions do not help. */
const HOPELESS = 0.1
/** How much dearer than another a start may be in the long search. */
const NEAR = 0.1
/** A run of exchanges that saves so much has not come to its end: there are further ones. */
const FAR = 0.05
const MOST_EXCHANGES = 4
/** Fleets that are handed over: a placement within the guard rails may not exist on the cheapest. */
const ANSWERS = 3

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
  return exchanged(trials, search, starts, {
    ...{ effort: THOROUGH, steps: MOST_STEPS, worthwhile: Infinity, near: NEAR, ways: WAYS },
  })
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
      near: 0,
      ways: AS_IT_IS,
    },
  )
}

type Limits = {
  readonly effort: Effort
  /** What it may take to mend a start beside the first. */
  readonly steps: number
  /** Starts that cost more are no good for exchanges. */
  readonly worthwhile: number
  /** A start that is no more than so much dearer than another may still lead farther, where refills are cheap. */
  readonly near: number
  /** How starts are mended where refills are dear. */
  readonly ways: readonly Way[]
}

/** Of these starts, once nodes were added as it takes, the cheapest are those from which single nodes are exchanged. */
function exchanged(trials: FleetTrials, search: FleetSearch, starts: readonly Fleet[], limits: Limits): Fleet[] {
  const proof = trials.judges.slice(JUDGES.length)
  const tools = { ...search, seeds: JUDGES, proof, effort: limits.effort }
  const mended: Fleet[] = []
  for (const fleet of starts) {
    const isCheap = isCheapToRefill(fleet, search.scheduler)
    const most = Math.min(...mended.map(({ rate }) => rate)) * (1 + (isCheap ? limits.near : 0))
    const steps = mended.length === 0 ? MOST_STEPS : limits.steps
    const ways = isCheap ? AS_IT_IS : limits.ways
    const mendedBy = (those: readonly Way[]): Fleet | undefined =>
      mendBest(those, fleet, trials.judges, search, { steps, rate: most })
    if (fleet.rate >= most) continue
    // Where its own group may have no more nodes, only relief helps.
    const found = mendedBy(ways) ?? (mended.length === 0 ? mendedBy(limits.ways) : undefined)
    if (found !== undefined) mended.push(found)
  }
  const passed = mended.length === 0 ? judged(trials, search.groups) : mended
  const good = cheapestFirst(passed).filter(({ rate }) => rate <= limits.worthwhile)
  trials.passed.push(...mended)
  let from = good
  for (let pass = 0; pass < MOST_EXCHANGES; pass += 1) {
    const found = exchangeNodes(from, tools)
    trials.passed.push(...found)
    const [start, best] = [from[0]?.rate ?? 0, found.at(-1)]
    if (best === undefined || best.rate > start * (1 - FAR)) break
    from = [best]
  }
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
