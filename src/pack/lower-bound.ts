import type { Goal } from '../domain/goal.js'
import type { LowerBound } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { subtract, sum, type Resources } from '../domain/resources.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import type { Bound } from './columns/bin-problem.js'
import { leastHeld, mostOn } from './bins/demand.js'
import { allowedOptions } from './goal.js'
import { staysAnyway, type Machine, type PackGroup, type PackProblem } from './problem.js'
import { room } from './shapes.js'

/** A machine that a plan may pay for: what it has room for, and its price in micro-dollars per hour. */
type Bin = { readonly free: Resources; readonly rate: number; readonly machine: Machine }

/** Rounds of a search that halves an interval: the bound is valid after any number, only its strength changes. */
const HALVINGS = 60

const BY_RESOURCES = 'requests ÷ best price per core, GiB, pod slot and device of the machines on offer, group by group'
const BY_FILLINGS =
  'prices per pod at which no node can be filled with more than its own price is worth (column generation), group by group; guard rails of a node, volumes to attach, host ports and pods that keep away from their own kind count'

/**
 * A cost per hour that no plan for the goal can go below. Pods stay in their group, so groups add up. In each group the
 * nodes that must stay are paid for and their free room is used; what the remaining pods request must then be bought,
 * today's machines included: in sum at no less than the best price per core, GiB, pod slot or device, and as whole pods
 * on whole machines at no less than `packed` has proven, which knows what a single node can hold. Rules that look further
 * are left out: they could only make a plan dearer.
 */
export function lowerBound(
  problem: PackProblem,
  goal: Goal,
  packed?: (group: PackGroup) => { readonly paid: number; readonly plan: Pick<Bound, 'lowerBound'> } | undefined,
): LowerBound {
  let micro = 0
  let byFillings = false
  for (const group of problem.groups) {
    const byResources = groupBound(group, problem, goal)
    const { paid, plan } = packed?.(group) ?? { paid: 0, plan: { lowerBound: 0 } }
    if (paid + plan.lowerBound > byResources) byFillings = true
    micro += Math.max(byResources, paid + plan.lowerBound)
  }
  return {
    // Rounded against us: a bound that is a fraction of a micro-dollar too high would be no bound.
    rate: Math.floor(micro * (1 - 1e-9)) as MicroUsdPerHour,
    basis: byFillings ? BY_FILLINGS : BY_RESOURCES,
  }
}

/** By problem; goals that let a group buy the same share one bound. */
const known = new WeakMap<PackProblem, Map<string, number>>()

function groupBound(group: PackGroup, problem: PackProblem, goal: Goal): number {
  const ofProblem = known.get(problem) ?? new Map<string, number>()
  known.set(problem, ofProblem)
  const key = `${goal.kind === 'repack' ? goal.kind : goal.policy.kind} ${group.name}`
  const bound = ofProblem.get(key) ?? boundOf(group, problem, goal)
  ofProblem.set(key, bound)
  return bound
}

function boundOf(group: PackGroup, problem: PackProblem, goal: Goal): number {
  const stay = group.live.filter(staysAnyway)
  const paid = stay.reduce((total, { price }) => total + (price.kind === 'known' ? price.rate : 0), 0)
  const bins: Bin[] = group.live.flatMap((live) =>
    live.price.kind === 'known' && !stay.includes(live)
      ? [{ free: mostOn(live), rate: live.price.rate, machine: live.node }]
      : [],
  )
  if (goal.kind !== 'repack')
    for (const option of allowedOptions(group, goal.policy))
      bins.push({ free: room(option), rate: option.price.rate, machine: option })

  const absorbed = sum(stay.map((live) => positive(mostOn(live))))
  const onSpot = new Set(group.live.filter(({ node }) => node.capacityType === 'spot').flatMap(({ pods }) => pods))
  const all = group.live.flatMap(({ pods }) => pods)
  const spotFit = (pod: Pod): boolean =>
    onSpot.has(pod) || problem.suits(pod, { capacityType: 'spot', architecture: undefined })
  const everywhere = all.filter(spotFit)
  const onDemandOnly = all.filter((pod) => !spotFit(pod))
  const notSpot = bins.filter(({ machine }) => machine.capacityType !== 'spot')
  return (
    paid +
    Math.max(
      twoResourceBound(bins, positive(subtract(sum(all.map(leastHeld)), absorbed))),
      ...resourceNames(bins).map((name) => {
        const wanted = (pods: readonly Pod[]): number =>
          pods.reduce((total, pod) => total + amount(leastHeld(pod), name), 0)
        const anyBin = unitPrice(bins, name)
        const onDemand = unitPrice(notSpot, name)
        // What the staying nodes absorb is taken from the dearer demand first: the bound stays on the safe side.
        const taken = amount(absorbed, name)
        const dear = Math.max(0, wanted(onDemandOnly) - taken)
        const cheap = Math.max(0, wanted(everywhere) - Math.max(0, taken - wanted(onDemandOnly)))
        return priced(dear, onDemand) + priced(cheap, anyBin)
      }),
    )
  )
}

const positive = (resources: Resources): Resources => {
  const clamp = <Unit extends number>(value: Unit): Unit => (value < 0 ? (0 as Unit) : value)
  return {
    cpu: clamp(resources.cpu),
    memory: clamp(resources.memory),
    ephemeralStorage: clamp(resources.ephemeralStorage),
    pods: clamp(resources.pods),
    extended: Object.fromEntries(Object.entries(resources.extended).map(([name, value]) => [name, clamp(value)])),
  }
}

const resourceNames = (bins: readonly Bin[]): string[] => ['cpu', 'memory', 'pods', ...extendedOf(bins)]

function extendedOf(bins: readonly Bin[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { free } of bins) for (const name in free.extended) names.add(name)
  return names
}

const amount = (resources: Resources, name: string): number =>
  name === 'cpu' || name === 'memory' || name === 'pods' ? resources[name] : (resources.extended[name] ?? 0)

/** Best price per unit of one resource; undefined where no machine has some of it. */
function unitPrice(bins: readonly Bin[], name: string): number | undefined {
  let best: number | undefined
  for (const { free, rate } of bins) {
    const has = amount(free, name)
    if (has > 0 && (best === undefined || rate / has < best)) best = rate / has
  }
  return best
}

/** Demand that no machine can serve adds nothing: such pods have no plan, and the bound is about the others. */
const priced = (units: number, price: number | undefined): number => (price === undefined ? 0 : units * price)

/**
 * The best pair of prices, per millicore and per byte, at which no machine on offer sells: whatever the pair, requests ×
 * prices is a bound (weak duality of the fractional covering problem). For a given price of CPU the best price of memory
 * follows, and the bound is concave in the price of CPU, so that halving the interval finds the top.
 */
function twoResourceBound(bins: readonly Bin[], demand: Resources): number {
  const cpuCeiling = unitPrice(bins, 'cpu')
  if (cpuCeiling === undefined) return 0
  const steepest = undominated(bins)
  const value = (cpuPrice: number): number => {
    let memoryPrice = Infinity
    for (const { cpu, memory } of steepest) {
      const left = 1 - cpu * cpuPrice
      if (left < 0) return 0
      if (memory > 0) memoryPrice = Math.min(memoryPrice, left / memory)
    }
    return demand.cpu * cpuPrice + (Number.isFinite(memoryPrice) ? demand.memory * memoryPrice : 0)
  }
  let low = 0
  let high = cpuCeiling
  for (let round = 0; round < HALVINGS; round += 1) {
    const a = low + (high - low) / 3
    const b = high - (high - low) / 3
    if (value(a) < value(b)) low = a
    else high = b
  }
  return Math.max(value(low), value(high))
}

type PerMicroUsd = { readonly cpu: number; readonly memory: number }

/** What a micro-dollar buys of CPU and memory; machines that sell no more of either than another one are left out. */
function undominated(bins: readonly Bin[]): PerMicroUsd[] {
  const all = bins
    .map(({ free, rate }) => ({ cpu: Math.max(0, free.cpu) / rate, memory: Math.max(0, free.memory) / rate }))
    .sort((a, b) => b.cpu - a.cpu || b.memory - a.memory)
  let best = -1
  return all.filter(({ memory }) => {
    if (memory <= best) return false
    best = memory
    return true
  })
}
