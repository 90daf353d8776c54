import { fleetOf, nearest, SLACKS, slotsOf, type Alternatives, type Fleet } from './fleet.js'
import type { FleetTrials } from './fleet-trials.js'

const STARTS = 3
/** What a pod left over makes a fleet dearer when starts are compared, as a share of its cost. */
const PENALTY = 0.03

/** Fleets whose groups all have nodes of about one size; the cheapest ones, pods left over counted in. */
export function startFleets(trials: FleetTrials, groups: readonly Alternatives[]): Fleet[] {
  const sizes = [...new Set(groups.flatMap(({ choices }) => choices.map(({ cores }) => cores)))].filter(
    (cores) => cores > 0,
  )
  const fleets = new Map<string, Fleet>()
  for (const fleet of [
    fleetOf(new Map(groups.map(({ group, choices }) => [group, choices[0]!]))),
    ...sizes.flatMap((cores) => SLACKS.map((slack) => ofSize(groups, cores, slack))),
  ])
    fleets.set(`${fleet.rate} ${slotsOf(fleet).length}`, fleet)
  const [seed = 1] = trials.seeds
  const scored: { readonly fleet: Fleet; readonly score: number }[] = []
  for (const fleet of [...fleets.values()].sort((a, b) => a.rate - b.rate)) {
    // Dearer ones could not come first any more.
    if (scored.some(({ score }) => score <= fleet.rate) || trials.isSpent()) break
    scored.push({ fleet, score: fleet.rate * (1 + PENALTY * trials.left(fleet, seed).length) })
  }
  return scored
    .sort((a, b) => a.score - b.score)
    .slice(0, STARTS)
    .map(({ fleet }) => fleet)
}

/** The cheapest choices with nodes of about so many cores; today's where they cost less. */
function ofSize(groups: readonly Alternatives[], cores: number, slack: number): Fleet {
  return fleetOf(
    new Map(
      groups.map(({ group, choices }) => {
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
