import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { subtract, sum, type Resources } from '../../src/domain/resources.js'
import { podSlots } from '../../src/domain/units.js'
import { allowedOptions } from '../../src/pack/goal.js'
import { lowerBound } from '../../src/pack/lower-bound.js'
import type { LiveNode, PackProblem } from '../../src/pack/problem.js'
import type { ProblemFacts } from '../../src/pack/state.js'
import { holds, room } from '../../src/pack/shapes.js'
import { anyPolicy, makeOption, nodeOf, packed } from './make-problem.js'
import { makePod, resources } from './make.js'

const CHEAPEST: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
const REPACK: Goal = { kind: 'repack' }
const MILLION = 1e6

const pod = (name: string, cpu: number, memory: number, more: Partial<Resources> = {}): Pod =>
  makePod(name, { needed: resources(cpu, memory, more) })

/** Whole dollars, of which rounding takes a fraction of a micro-dollar. */
const boundOf = ({ nodes, options, facts }: Parameters<typeof packed>[0], goal: Goal = CHEAPEST): number =>
  lowerBound(packed({ nodes, options, ...(facts && { facts }) }).state.problem, goal).rate / MILLION

describe('the bound', () => {
  const machine = makeOption('m', 2000, MILLION, { memoryMib: 4000 })
  /** What runs today has room for everything, and is dear. */
  const roomy = makeOption('roomy', 100_000, 1000 * MILLION, { slots: 1000 })
  const live = (...pods: Pod[]) => nodeOf(roomy, 'n0', pods)

  it('is requests at the best price of a machine on offer, parts of machines counted', () => {
    const pods = [pod('a', 1000, 10), pod('b', 1500, 10)]
    expect(boundOf({ nodes: [live(...pods)], options: [roomy, machine] })).toBeCloseTo(1.25, 5)
    const cheaper = makeOption('c', 4000, MILLION)
    expect(boundOf({ nodes: [live(...pods)], options: [roomy, machine, cheaper] })).toBeCloseTo(0.625, 5)
    expect(boundOf({ nodes: [live(...pods)], options: [roomy, machine, cheaper] }, REPACK)).toBeCloseTo(25, 5)
  })

  it('takes the resource that costs the most: memory, pod slots, devices', () => {
    const of = (...pods: Pod[]): number => boundOf({ nodes: [live(...pods)], options: [roomy, machine] })
    expect(of(pod('a', 100, 3000))).toBeCloseTo(0.75, 5)
    expect(of(...Array.from({ length: 11 }, (_, index) => pod(`p${index}`, 0, 0)))).toBeCloseTo(0.1, 5)
    const extended = { gpu: 2 }
    const withGpu = {
      ...makeOption('g', 2000, 4 * MILLION),
      allocatable: resources(2000, 4000, { pods: podSlots(9), extended }),
    }
    const node = live(pod('a', 100, 100, { extended: { gpu: 1 } }))
    expect(boundOf({ nodes: [node], options: [roomy, machine, withGpu] })).toBeCloseTo(2, 5)
  })

  it('prices CPU and memory together: lean machines and fat ones are both needed', () => {
    const lean = makeOption('lean', 4000, 4 * MILLION, { memoryMib: 1000 })
    const fat = makeOption('fat', 1000, 4 * MILLION, { memoryMib: 4000 })
    const node = live(pod('a', 4000, 1000), pod('b', 1000, 4000))
    expect(boundOf({ nodes: [node], options: [roomy, lean, fat] })).toBeCloseTo(8, 4)
  })

  it('counts what DaemonSets leave of a machine', () => {
    const agent = makePod('agent', { role: 'daemon', needed: resources(1000, 0) })
    const busy = makeOption('m', 2000, MILLION, { overheadPods: [agent] })
    expect(boundOf({ nodes: [nodeOf(busy, 'n0', [agent, pod('a', 1000, 0)])], options: [busy] })).toBeCloseTo(1, 5)
  })

  it('pays for nodes that stay and uses their room', () => {
    const stays: Partial<ProblemFacts> = { removable: ({ name }) => name !== 'n0' }
    const idle = nodeOf(machine, 'n0')
    const full = { ...live(pod('a', 2000, 0), pod('b', 1000, 0)), name: 'n1' }
    expect(boundOf({ nodes: [idle, full], options: [roomy, machine], facts: stays })).toBeCloseTo(1.5, 5)
    const small = nodeOf(machine, 'n1', [pod('a', 500, 0)])
    expect(boundOf({ nodes: [idle, small], options: [machine], facts: stays })).toBeCloseTo(1, 5)
  })

  it('takes a pod for as little as it holds where it is, or asks for elsewhere', () => {
    const shrunk = makePod('a', { needed: resources(1000, 0), held: resources(400, 0) })
    const grown = makePod('b', { needed: resources(400, 0), held: resources(1000, 0) })
    expect(boundOf({ nodes: [live(shrunk, grown)], options: [roomy, machine] })).toBeCloseTo(0.4, 5)
  })

  it('lets a node that is over-committed today keep what it has', () => {
    const grown = makePod('a', { needed: resources(3000, 0) })
    const node = nodeOf(machine, 'n0', [grown])
    expect(boundOf({ nodes: [node], options: [machine] })).toBeCloseTo(1, 5)
    expect(boundOf({ nodes: [node], options: [machine], facts: { removable: () => false } })).toBeCloseTo(1, 5)
  })

  it('prices pods that may not be interrupted at what others cost', () => {
    const spot = makeOption('m', 2000, 0.2 * MILLION, { capacityType: 'spot' })
    const pods = [pod('a', 1000, 0), makePod('b', { needed: resources(1000, 0), workload: 'fit' })]
    const parts = {
      nodes: [live(...pods)],
      options: [roomy, machine, spot],
      facts: { spotFit: (key: string) => key === 'fit' },
    }
    const spotGoal: Goal = { kind: 'cheapest', policy: { kind: 'spot', share: 1 } }
    expect(boundOf(parts, spotGoal)).toBeCloseTo(0.6, 5)
    expect(boundOf(parts)).toBeCloseTo(1, 5)
    expect(boundOf(parts, { kind: 'cheapest', policy: { kind: 'on-demand' } })).toBeCloseTo(1, 5)
  })

  it('adds up groups, and is nothing where there is nothing to place', () => {
    const other = { ...machine, id: 'other/m/a/on-demand', group: 'other' }
    const nodes = [live(pod('a', 1000, 0)), nodeOf(other, 'n1', [pod('b', 500, 0)])]
    expect(
      boundOf({
        nodes,
        options: [
          roomy,
          machine,
          { ...other, price: { ...other.price, rate: (2 * MILLION) as typeof other.price.rate } },
        ],
      }),
    ).toBeCloseTo(1, 5)
    expect(boundOf({ nodes: [live()], options: [roomy, machine] })).toBe(0)
  })
})

const size = fc.record({ cpu: fc.nat({ max: 4 }), memory: fc.nat({ max: 4 }) })
const anyTiny = fc.record({
  machines: fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 6 }),
      memory: fc.integer({ min: 1, max: 6 }),
      slots: fc.integer({ min: 1, max: 4 }),
      rate: fc.integer({ min: 1, max: 20 }),
      capacityType: fc.constantFrom('on-demand' as const, 'on-demand' as const, 'spot' as const),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  live: fc.array(fc.record({ machine: fc.nat(), stays: fc.constantFrom(false, false, true) }), {
    minLength: 1,
    maxLength: 2,
  }),
  pods: fc.array(fc.record({ at: fc.nat(), needed: size, shrunk: fc.constantFrom(0, 0, 0, 1), fit: fc.boolean() }), {
    maxLength: 4,
  }),
})

/** A group of one or two nodes, which hold what is put there whether it fits or not. */
function tiny({ machines, live, pods }: typeof anyTiny extends fc.Arbitrary<infer Value> ? Value : never): PackProblem {
  const options = machines.map(({ cpu, memory, slots, rate, capacityType }, index) =>
    makeOption(`t${index}`, cpu, rate * MILLION, { memoryMib: memory, slots, capacityType }),
  )
  const made = pods.map(({ needed: { cpu, memory }, shrunk, fit }, index) =>
    makePod(`p${index}`, {
      needed: resources(cpu, memory),
      held: resources(Math.max(0, cpu - shrunk), memory),
      workload: fit ? 'fit' : 'unfit',
    }),
  )
  const nodes = live.map(({ machine }, index) =>
    nodeOf(
      options[machine % options.length]!,
      `n${index}`,
      made.filter((_, at) => pods[at]!.at % live.length === index),
    ),
  )
  return packed({
    nodes,
    options,
    facts: {
      removable: ({ name }) => !live.some(({ stays }, index) => stays && name === `n${index}`),
      spotFit: (workload) => workload === 'fit',
    },
  }).state.problem
}

/** Every way to put the pods on nodes of today and on new ones, without the rules of the scheduler. */
function optimum(problem: PackProblem, goal: Goal): number {
  const [group] = problem.groups
  if (group === undefined) return 0
  const { live } = group
  const options: readonly NodeOption[] = goal.kind === 'repack' ? [] : allowedOptions(group, goal.policy)
  const pods = live.flatMap((one) => one.pods)
  const rateOf = ({ price }: { price: LiveNode['price'] }): number => (price.kind === 'known' ? price.rate : 0)

  const keeping = (node: LiveNode, here: readonly Pod[]): number => {
    if (here.length === 0 && node.mustStay === undefined) return 0
    const isHome = (one: Pod): boolean => one.nodeName === node.node.name
    const demand = sum(here.map((one) => (isHome(one) ? one.held : one.needed)))
    const fits =
      holds(subtract(node.node.allocatable, sum(node.residents.map(({ held }) => held))), demand) &&
      here.every((one) => isHome(one) || problem.suits(one, node.node))
    // What is over-committed today may stay so.
    return fits || here.every(isHome) ? rateOf(node) : Infinity
  }
  const buying = (here: readonly Pod[]): number =>
    Math.min(
      ...options
        .filter(
          (option) =>
            holds(room(option), sum(here.map(({ needed }) => needed))) &&
            here.every((one) => problem.suits(one, option)),
        )
        .map(rateOf),
    )
  const best = (at: number, kept: readonly (readonly Pod[])[], bought: readonly (readonly Pod[])[]): number => {
    const next = pods[at]
    if (next === undefined)
      return (
        live.reduce((total, node, index) => total + keeping(node, kept[index] ?? []), 0) +
        bought.reduce((total, here) => total + buying(here), 0)
      )
    const withPod = (bins: readonly (readonly Pod[])[], index: number) =>
      bins.map((here, one) => (one === index ? [...here, next] : here))
    return Math.min(
      ...kept.map((_, index) => best(at + 1, withPod(kept, index), bought)),
      ...bought.map((_, index) => best(at + 1, kept, withPod(bought, index))),
      best(at + 1, kept, [...bought, [next]]),
    )
  }
  return best(
    0,
    live.map(() => []),
    [],
  )
}

describe('on tiny problems', () => {
  const anyGoal = fc.oneof(
    fc.constant(REPACK),
    anyPolicy.map((policy): Goal => ({ kind: 'cheapest', policy })),
  )

  it('the best of all plans never costs less, and often hardly more', () => {
    let plans = 0
    let close = 0
    fc.assert(
      fc.property(anyTiny, anyGoal, (input, goal) => {
        const problem = tiny(input)
        const best = optimum(problem, goal)
        if (!Number.isFinite(best)) return
        const bound = lowerBound(problem, goal).rate
        expect(bound).toBeLessThanOrEqual(best)
        if (best === 0) return
        plans += 1
        if (bound > 0.6 * best) close += 1
      }),
      { numRuns: 400 },
    )
    expect(plans).toBeGreaterThan(100)
    expect(close).toBeGreaterThan(plans / 5)
  })
})
