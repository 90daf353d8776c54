import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CapacityPolicy } from '../../src/domain/goal.js'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { createBoard } from '../../src/pack/board/board.js'
import { Draft, type Slot } from '../../src/pack/draft.js'
import { Machines } from '../../src/pack/machines.js'
import { provision } from '../../src/pack/provision/provision.js'
import { slotsOf } from '../../src/pack/replay/fleet.js'
import { realise } from '../../src/pack/replay/realise.js'
import { Stock } from '../../src/pack/stock.js'
import { makeFleets } from './make-fleets.js'
import { anyInput, makeOption, nodeOf, onlyGroup, packed, partsOf, ZONE, type ClusterParts } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const pod = (name: string, cpu: number, memory = 10, parts: PodParts = {}): Pod =>
  makePod(name, { needed: resources(cpu, memory), ...parts })

/** What is bought for the pods of an only group when all its nodes go. */
function bought(parts: ClusterParts, policy: CapacityPolicy = { kind: 'as-is' }, wantsSpot = false) {
  const made = packed(parts)
  const { problem, context } = made.state
  const group = onlyGroup(made)
  const draft = new Draft(createBoard(context), problem)
  const stock = new Stock('test')
  const market = new Machines(problem, (one) => draft.board.classKey(one)).on(group, policy)
  const homeless = group.live.flatMap(({ pods }) => [...pods])
  const found = provision(homeless, [], {
    ...{ draft, market, wantsSpot: () => wantsSpot },
    nodeOf: (option, inUse) => stock.free(option, [], inUse),
  })
  return { ...found, draft, homeless }
}
const machinesOf = (slots: readonly Slot[]): string[] =>
  slots.flatMap(({ origin }) => (origin.kind === 'new' ? [origin.option.instanceType] : [])).sort()
const on = (pods: readonly Pod[], options: readonly NodeOption[]): ClusterParts => ({
  nodes: [nodeOf(makeOption('old', 64_000, 1, { memoryMib: 64_000 }), 'n0', pods)],
  options,
})

const SMALL = makeOption('small', 2000, 20, { memoryMib: 8000 })
const LARGE = makeOption('large', 8000, 70, { memoryMib: 32_000 })

describe('what is bought as an autoscaler would', () => {
  it('is the cheapest machine that holds what the claim came to hold', () => {
    // Five cores on one claim: a large machine holds it, three small ones would cost less.
    const five = [1, 2, 3, 4, 5].map((at) => pod(`p${at}`, 1000))
    expect(machinesOf(bought(on(five, [SMALL, LARGE])).bought)).toEqual(['large'])
    expect(machinesOf(bought(on(five.slice(0, 2), [SMALL, LARGE])).bought)).toEqual(['small'])
  })

  it('puts a pod where the fewest are', () => {
    const pods = [pod('a', 8000), pod('b', 8000), ...Array.from({ length: 4 }, (_, at) => pod(`c${at}`, 50))]
    const roomy = makeOption('roomy', 8100, 70)
    const { bought: slots } = bought(on(pods, [roomy]))
    expect(slots.map((slot) => slot.pods.size)).toEqual([3, 3])
  })

  it('goes to the zone that a pod is bound to, and otherwise from one to the next', () => {
    const zones = ['a', 'b'].map((zone) => makeOption('small', 2000, 20, { zone }))
    const bound = pod('bound', 1500, 10, { spec: { nodeSelector: { [ZONE]: 'b' } } })
    const { bought: slots } = bought(on([pod('big', 2000), bound, pod('free', 1800)], zones))
    expect(slots.map(({ site }) => site.labels[ZONE] ?? '').sort()).toEqual(['a', 'b', 'b'])
    const home = slots.find((slot) => [...slot.pods].some(({ name }) => name === 'bound'))
    expect(home?.site.labels[ZONE]).toBe('b')
  })

  it('has spot machines for pods that want them', () => {
    const options = [SMALL, makeOption('small', 2000, 5, { memoryMib: 8000, capacityType: 'spot' })]
    const types = (wants: boolean) =>
      bought(on([pod('p', 1000)], options), { kind: 'spot', share: 1 }, wants).bought.map(({ origin }) =>
        origin.kind === 'new' ? origin.option.capacityType : '',
      )
    expect([types(true), types(false)]).toEqual([['spot'], ['on-demand']])
  })

  it('does without nodes whose pods fit elsewhere, and names pods that nothing holds', () => {
    const { left } = bought(on([pod('p', 1000), pod('huge', 9000)], [SMALL, LARGE]))
    expect(left.map(({ name }) => name)).toEqual(['huge'])
  })

  it('places every pod where the rules let it, or names it', () => {
    let placed = 0
    fc.assert(
      fc.property(anyInput, (input) => {
        const parts = partsOf(input)
        const { problem, context } = packed(parts).state
        const draft = new Draft(createBoard(context), problem)
        const machines = new Machines(problem, (one) => draft.board.classKey(one))
        const stock = new Stock('test')
        for (const group of problem.groups) {
          const homeless = group.live.flatMap(({ pods }) => [...pods])
          const found = provision(homeless, [], {
            ...{ draft, market: machines.on(group, { kind: 'as-is' }), wantsSpot: () => true },
            nodeOf: (option, inUse) => stock.free(option, [], inUse),
          })
          const there = found.bought.flatMap((slot) => [...slot.pods])
          placed += there.length
          expect([...there, ...found.left].map(({ id }) => id).sort()).toEqual(homeless.map(({ id }) => id).sort())
          for (const slot of found.bought)
            for (const one of [...slot.pods]) {
              const mark = draft.mark()
              draft.take(one)
              // Rules about others may want them there before: only what the node itself says is asked again.
              const isAlone = !draft.board.hasTopologyRules(draft.board.classKey(one))
              if (isAlone) expect(draft.takes(slot, one)).toBe(true)
              draft.rollback(mark)
            }
        }
      }),
      { numRuns: 100 },
    )
    expect(placed).toBeGreaterThan(200)
  })
})

it('is a start of the search for fleets: nothing dearer comes out, where the scheduler fills it', () => {
  const sizes = [1500, 700, 700, 400]
  const nodes = Array.from({ length: 10 }, (_, at) => ({
    pods: sizes.map((cpu, index) => pod(`p${at}-${index}`, cpu)),
  }))
  const { groups, scheduler, shop } = makeFleets({ options: [LARGE, SMALL], nodes })
  const [{ group, choices, nodeOf: lend }] = groups as [(typeof groups)[number]]
  const inUse = new Set<Slot>()
  const six = Array.from({ length: 6 }, () => {
    const slot = lend(LARGE, inUse)
    inUse.add(slot)
    return slot
  })
  const rate = six.reduce((sum, slot) => sum + (slot.rate ?? 0), 0)
  const start = { chosen: new Map([[group, { ...choices[0]!, slots: six, rate }]]), added: [], rate }
  const judged = Array.from({ length: 50 }, (_, at) => at + 1)
  expect(judged.every((seed) => scheduler.leftOver(slotsOf(start), seed).length === 0)).toBe(true)
  // Nothing but today's nodes to begin with, none of which may go: the only way to cheaper ones is the start.
  const bare = groups.map((one) => ({ ...one, choices: one.choices.slice(0, 1), machines: [], mayGo: () => false }))
  const search = { scheduler, groups: bare, shop, hasPlaces: () => true }
  const ratesOf = (fleets: ReturnType<typeof realise>): number[] => fleets.map((fleet) => fleet.rate)
  expect(Math.min(...ratesOf(realise(search, [start])))).toBeLessThanOrEqual(rate)
  expect(Math.min(...ratesOf(realise(search, [])))).toBeGreaterThan(rate)
})
