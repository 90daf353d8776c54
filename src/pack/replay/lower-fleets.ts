import { byRate, fleetOf, withChoice, type Alternatives, type Choice, type Fleet } from './fleet.js'
import type { FleetTrials } from './fleet-trials.js'

/** Group by group, dearest first, the cheapest choice with which every order still works out. */
export function cheaperChoices(trials: FleetTrials, groups: readonly Alternatives[], from: Fleet): Fleet {
  let best = from
  for (const { group, choices } of byRate(groups, from)) {
    const now = best.chosen.get(group)
    const cheaper = choices.filter(({ rate }) => rate < (now?.rate ?? 0)).sort((a, b) => a.rate - b.rate)
    best = lowest(trials, best, cheaper, (choice) => fleetOf(withChoice(best.chosen, group, choice), best.added))
  }
  return best
}

/** Group by group, as many nodes less as every order allows. */
export function fewerNodes(trials: FleetTrials, groups: readonly Alternatives[], from: Fleet): Fleet {
  let best = from
  for (const { group, mayGo } of byRate(groups, from)) {
    const now = best.chosen.get(group)!
    const removable = now.slots.filter(mayGo)
    const fewer = removable.map((_, kept) => {
      const stay = new Set(removable.slice(0, kept))
      const slots = now.slots.filter((slot) => !mayGo(slot) || stay.has(slot))
      return { ...now, slots, rate: slots.reduce((total, { rate }) => total + (rate ?? 0), 0) }
    })
    best = lowest(trials, best, fewer, (choice) => fleetOf(withChoice(best.chosen, group, choice), best.added))
  }
  // Nodes that a repair added may have become needless.
  for (const slot of best.added) {
    const without = fleetOf(
      best.chosen,
      best.added.filter((other) => other !== slot),
    )
    if (trials.works(without)) best = trials.keep(without)
  }
  return best
}

/** Dear choices work, cheap ones mostly do not: halving finds about where that changes. */
function lowest(trials: FleetTrials, best: Fleet, choices: readonly Choice[], make: (choice: Choice) => Fleet): Fleet {
  let found = best
  let low = 0
  let high = choices.length
  while (low < high && !trials.isSpent()) {
    const middle = (low + high) >> 1
    const fleet = make(choices[middle]!)
    if (fleet.rate < found.rate && trials.works(fleet)) {
      found = trials.keep(fleet)
      high = middle
    } else low = middle + 1
  }
  return found
}
