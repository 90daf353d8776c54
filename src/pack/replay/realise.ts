import type { Slot } from '../draft.js'
import { Climb } from './climb.js'
import { BRIEF, exchangeNodes, FEW_STEPS, THOROUGH, type Effort } from './exchange-nodes.js'
import { fleetOf, slotsOf, type Alternatives, type Fleet } from './fleet.js'
import { FleetTrials, MOST_STEPS } from './fleet-trials.js'
import { cheaperChoices, fewerNodes } from './lower-fleets.js'
import { JUDGES, nodesToAdd, type Shop } from './repair.js'
import type { ReplayScheduler } from './replay.js'
import { startFleets } from './start-fleets.js'

const PASSES = 2
/** Refills that a tight plan is worth where another start is known and exchanges are cheap. */
const FEW_REFILLS = 60
/** A start that is so much dearer than what is known shows that the other conditions do not help. */
const HOPELESS = 0.1
/** Fleets that are handed over: a placement within the guard rails may not exist on the cheapest. */
const ANSWERS = 3

/**
 * The cheapest nodes that the default scheduler fills without leaving a pod over, in whatever order the pods come. A
 * tight plan does not have that property: the scheduler spreads small pods over all nodes alike, so that a big pod finds
 * a hole only where the same share of a node is room enough, on large nodes or on emptier ones. The search therefore
 * compares whole fleets, of few sizes and several slacks, by replaying them, then lowers the cost of one group after the
 * other as long as every order still works out. `hasPlaces`: do the pods have a place there that also keeps to what the
 * scheduler does not know, such as fitness for spot? `added`: nodes with which the tight plan passed. Returns the cheapest
 * first; all of them passed.
 */
export function realise(
  scheduler: ReplayScheduler,
  groups: readonly Alternatives[],
  shop: Shop,
  hasPlaces: (fleet: Fleet) => boolean,
  added: readonly Slot[] | undefined,
): Fleet[] {
  const trials = new FleetTrials(scheduler, groups, hasPlaces)
  const begun = startFleets(trials, groups)
  const climb = new Climb(trials, groups, shop)
  for (const start of begun) {
    let best = climb.from(start)
    if (best === undefined) continue
    for (let pass = 0; pass < PASSES; pass += 1) best = fewerNodes(trials, groups, cheaperChoices(trials, groups, best))
  }
  const [cheapest] = cheapestFirst(trials.passed)
  const packed = added === undefined ? [] : [fleetOf(tight(groups), added)]
  const rough = [...packed, ...(cheapest === undefined ? begun.slice(0, 1) : [cheapest])]
  return exchanged(rough.length === 0 ? [fleetOf(tight(groups))] : cheapestFirst(rough), trials, groups, shop, THOROUGH)
}

/**
 * The same from fleets that are known already, more briefly: for a scheduler that works under other conditions. The tight
 * plan is tried besides, only briefly where single exchanges get far by themselves.
 */
export function refit(
  scheduler: ReplayScheduler,
  groups: readonly Alternatives[],
  shop: Shop,
  hasPlaces: (fleet: Fleet) => boolean,
  known: readonly Fleet[],
): Fleet[] {
  const packed = fleetOf(tight(groups))
  const cost = scheduler.cost(slotsOf(packed))
  const steps = known.length > 0 && cost <= FEW_STEPS ? FEW_REFILLS * cost : MOST_STEPS
  const starts = [...known.slice(0, 1), packed]
  const worthwhile = (known[0]?.rate ?? Infinity) * (1 + HOPELESS)
  return exchanged(starts, new FleetTrials(scheduler, groups, hasPlaces), groups, shop, BRIEF, steps, worthwhile)
}

/** From that one of these fleets that is the cheapest once nodes were added as it takes, single nodes are exchanged. */
function exchanged(
  rough: readonly Fleet[],
  trials: FleetTrials,
  groups: readonly Alternatives[],
  shop: Shop,
  effort: Effort,
  mostSteps = MOST_STEPS,
  worthwhile = Infinity,
): Fleet[] {
  let mended: Fleet | undefined
  for (const fleet of rough) {
    const most = mended?.rate ?? Infinity
    if (fleet.rate < most)
      mended = mend(fleet, trials, shop, mended === undefined ? MOST_STEPS : mostSteps, most - fleet.rate) ?? mended
  }
  if (mended !== undefined && mended.rate > worthwhile) trials.passed.push(mended)
  else if (mended !== undefined) {
    const { scheduler, hasPlaces } = trials
    const proof = trials.judges.slice(JUDGES.length)
    const tools = { scheduler, groups, hasPlaces, seeds: JUDGES, proof, effort }
    trials.passed.push(mended, ...exchangeNodes(mended, tools))
  }
  return judged(trials)
}

const cheapestFirst = (fleets: readonly Fleet[]): Fleet[] => [...fleets].sort((a, b) => a.rate - b.rate)

/** The plan as it is packed, whatever the scheduler makes of it. */
const tight = (groups: readonly Alternatives[]): Fleet['chosen'] =>
  new Map(groups.map(({ group, choices }) => [group, choices[1] ?? choices[0]!]))

/** The fleet with the nodes that it takes to pass in every order by which answers are judged. */
function mend(
  fleet: Fleet,
  { scheduler, judges, hasPlaces }: FleetTrials,
  shop: Shop,
  mostSteps: number,
  mostCost: number,
): Fleet | undefined {
  const added = nodesToAdd(scheduler, slotsOf(fleet), shop, judges, mostSteps, mostCost)
  if (added === undefined) return undefined
  const mended = fleetOf(fleet.chosen, [...fleet.added, ...added])
  return mended.rate < fleet.rate + mostCost && hasPlaces(mended) ? mended : undefined
}

/** Those that pass in every order by which answers are judged, the cheapest first. */
function judged({ scheduler, judges, passed }: FleetTrials): Fleet[] {
  const good: Fleet[] = []
  for (const fleet of cheapestFirst(passed)) {
    const failed = judges.some((seed) => scheduler.leftOver(slotsOf(fleet), seed, 0).length > 0)
    if (!failed) good.push(fleet)
    if (good.length === ANSWERS) break
  }
  return good
}
