import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { purchase } from '../../src/pack/replay/purchase.js'
import { Purchases } from '../../src/pack/replay/purchases.js'
import { nodesToAdd, repair, SEEDS, worstOver } from '../../src/pack/replay/repair.js'
import { room } from '../../src/pack/shapes.js'
import { makeOption } from './make-problem.js'
import { schedulerFor, shopOf } from './make-repair.js'
import { makePod, resources } from './make.js'

const pod = (name: string, cpu: number, memory = 0): Pod => makePod(name, { needed: resources(cpu, memory) })
const pods = (count: number, cpu: number, name = 'p'): Pod[] =>
  Array.from({ length: count }, (_, index) => pod(`${name}-${index}`, cpu))
const nodes = (count: number, option: NodeOption): Slot[] =>
  Array.from({ length: count }, (_, index) => newSlot(option, `n${index}`))

const typesOf = (slots: readonly Slot[] | undefined): string[] | undefined =>
  slots?.map(({ origin }) => (origin.kind === 'new' ? origin.option.instanceType : ''))

const SMALL = makeOption('small', 1000, 10)
const MIDDLE = makeOption('middle', 4000, 45)
const LARGE = makeOption('large', 16_000, 200)
const PLENTY = 1e6

describe('a repair', () => {
  it('adds nothing where every order works out', () => {
    const all = pods(4, 500)
    expect(repair(schedulerFor(all), nodes(2, SMALL), shopOf([SMALL]), SEEDS, PLENTY)).toEqual({
      unplaced: [],
      added: [],
    })
  })

  it('adds nodes until no pod is left over in any order', () => {
    const all = [...pods(8, 250, 'small'), pod('big', 1000)]
    const slots = nodes(3, SMALL)
    const scheduler = schedulerFor(all)
    const { unplaced, added } = repair(scheduler, slots, shopOf([SMALL]), SEEDS, PLENTY)
    expect(unplaced.map(({ name }) => name)).toEqual(['big'])
    expect(added?.length).toBeGreaterThan(0)
    expect(worstOver(scheduler, [...slots, ...(added ?? [])], SEEDS)).toEqual([])
  })

  it('buys the node that costs the least for each pod that it gets placed', () => {
    const bought = (cpu: number): string[] | undefined =>
      typesOf(repair(schedulerFor([pod('p', cpu)]), [], shopOf([LARGE, SMALL, MIDDLE]), SEEDS, PLENTY).added)
    expect(bought(250)).toEqual(['small'])
    expect(bought(1001)).toEqual(['middle'])
    expect(bought(4001)).toEqual(['large'])
    // Four small nodes for 40 do as well as one for 45.
    const four = repair(schedulerFor(pods(4, 1000)), [], shopOf([LARGE, SMALL, MIDDLE]), SEEDS, PLENTY).added
    expect(typesOf(four)).toEqual(['small', 'small', 'small', 'small'])
    // A big pod that comes late finds a hole only where there is room for the others beside it.
    const late = [...pods(8, 250, 'small'), { ...pod('big', 1000), priority: -1 }]
    const roomy = repair(schedulerFor(late), nodes(2, SMALL), shopOf([LARGE, SMALL, MIDDLE]), SEEDS, PLENTY).added
    expect(typesOf(roomy)).toEqual(['middle'])
  })

  it('buys room to spare for pods that are left over, and leaves out again what turns out to be needless', () => {
    const added = (count: number, steps: number) =>
      repair(schedulerFor(pods(count, 250)), [], shopOf([SMALL]), SEEDS, steps).added
    expect(added(2, PLENTY)).toHaveLength(1)
    expect(added(4, PLENTY)).toHaveLength(1)
    expect(added(8, PLENTY)).toHaveLength(2)
  })

  it('gives up where no machine takes the pod', () => {
    const { unplaced, added } = repair(schedulerFor(pods(1, 2000)), nodes(1, SMALL), shopOf([SMALL]), SEEDS, PLENTY)
    expect(unplaced).toHaveLength(1)
    expect(added).toBeUndefined()
  })

  it('buys nodes in bulk where more steps would be needed than allowed, and none where no number of them helps', () => {
    // Each small pod takes a node of its own as long as there are such, and the big one comes last.
    const all = [...pods(6, 250, 'small'), { ...pod('big', 1000), priority: -1 }]
    const scheduler = schedulerFor(all)
    const enough = repair(scheduler, nodes(3, SMALL), shopOf([SMALL]), SEEDS, PLENTY)
    expect(enough.added).toHaveLength(4)
    const slots = nodes(3, SMALL)
    expect(nodesToAdd(scheduler, slots, shopOf([SMALL]), SEEDS, { steps: 0 })).toBeUndefined()
    const bulk = repair(scheduler, slots, shopOf([SMALL]), SEEDS, 0)
    expect(bulk.unplaced).toEqual(enough.unplaced)
    expect(bulk.added!.length).toBeGreaterThanOrEqual(4)
    expect(worstOver(scheduler, [...slots, ...bulk.added!], SEEDS)).toEqual([])
    const more = [...pods(100, 250, 'small'), { ...pod('big', 1000), priority: -1 }]
    expect(repair(schedulerFor(more), nodes(25, SMALL), shopOf([SMALL]), SEEDS, PLENTY).added?.length).toBeLessThan(100)
    // A hundred nodes, which the small ones do not take all of: that many are not bought without trying.
    expect(repair(schedulerFor(more), nodes(5, SMALL), shopOf([SMALL]), SEEDS, 50_000).added).toBeUndefined()
    // A machine that is said to take the pod, and does not.
    const tied = { ...pod('tied', 1), spec: { ...pod('tied', 1).spec, nodeSelector: { disk: 'ssd' } } }
    expect(repair(schedulerFor([tied]), [], shopOf([SMALL]), SEEDS, PLENTY).added).toBeUndefined()
  })

  describe('that can afford few refills', () => {
    /** Nodes that the small pods fill to three quarters, each of them, before the big one comes. */
    const all = [...pods(24, 250, 'small'), { ...pod('big', 1000), priority: -1 }]
    const slots = nodes(8, SMALL)

    it('buys a machine of which the pod takes no more than what is left free of each, at once', () => {
      const scheduler = schedulerFor(all)
      expect(scheduler.load(slots)).toBeCloseTo(7 / 8)
      const { unplaced, added } = repair(scheduler, slots, shopOf([SMALL, MIDDLE, LARGE]), SEEDS, 0)
      expect(unplaced.map(({ name }) => name)).toEqual(['big'])
      expect(worstOver(scheduler, [...slots, ...added!], SEEDS)).toEqual([])
      // The large one gives way to a cheaper one with which every order still works out.
      expect(typesOf(added)).toEqual(['middle'])
      const other = schedulerFor(all)
      const bought = purchase(other, slots, shopOf([SMALL, MIDDLE, LARGE]), SEEDS, { steps: 0, insists: true })
      expect(typesOf(bought?.added)).toEqual(['large'])
      // Every order on the plan's nodes and with the node, and a few without it again.
      expect(other.steps / other.cost(slots)).toBeLessThan(3 * SEEDS.length)
    })

    it('buys it where the scheduler puts the pod as well if the limits of its own group allow none', () => {
      const other = { ...makeOption('other', 16_000, 300), group: 'other' }
      const own = shopOf([SMALL, MIDDLE, LARGE])
      const isOther = ({ origin }: Slot): boolean => origin.kind === 'new' && origin.option.group === 'other'
      const allows = (some: readonly Slot[]): boolean => some.every((slot) => slots.includes(slot) || isOther(slot))
      const limited = { ...own, allows }
      expect(repair(schedulerFor(all), slots, limited, SEEDS, 0).added).toBeUndefined()
      const { added } = repair(schedulerFor(all), slots, { ...limited, elsewhere: () => [other] }, SEEDS, 0)
      expect(typesOf(added)).toEqual(['other'])
    })

    it('buys for a pod that asks for devices a machine of which it takes at most a half, one each', () => {
      const gpu = { 'nvidia.com/gpu': 1 }
      const trained = ['a', 'b'].map((name) => makePod(name, { needed: resources(1000, 0, { extended: gpu }) }))
      const withDevice = (option: NodeOption): NodeOption => ({
        ...option,
        allocatable: { ...option.allocatable, extended: gpu },
      })
      const shop = shopOf([withDevice(makeOption('gpu-small', 2000, 300)), withDevice(makeOption('gpu', 16_000, 900))])
      const bought = new Purchases(schedulerFor(trained), shop, PLENTY).roomFor(trained, 1, [], 0.1)
      expect(typesOf(bought)).toEqual(['gpu-small', 'gpu-small'])
    })

    it('buys one machine for pods that ask for nothing but a place', () => {
      const all = pods(3, 0)
      expect(typesOf(new Purchases(schedulerFor(all), shopOf([SMALL]), PLENTY).roomFor(all, 1, [], 0.1))).toEqual([
        'small',
      ])
    })
  })
})

it('what is left over in the worst order is what counts', () => {
  const all = [...pods(4, 1000, 'small'), pod('big', 4000)]
  const scheduler = schedulerFor(all)
  const slots = nodes(2, MIDDLE)
  const seeds = Array.from({ length: 12 }, (_, seed) => seed)
  const counts = seeds.map((seed) => scheduler.leftOver(slots, seed).length)
  expect(new Set(counts).size).toBe(2)
  expect(worstOver(scheduler, slots, seeds)).toHaveLength(1)
  expect(
    worstOver(
      scheduler,
      slots,
      seeds.filter((seed) => counts[seed] === 0),
    ),
  ).toEqual([])
  expect(worstOver(scheduler, slots, [])).toEqual([])
})

it('ends with nodes that every order fills, or with none, whatever the pods', () => {
  let repaired = 0
  const sizes = fc.array(fc.constantFrom(100, 250, 500, 1000, 3000), { maxLength: 25, size: 'max' })
  fc.assert(
    fc.property(sizes, fc.nat({ max: 4 }), fc.subarray([SMALL, MIDDLE, LARGE]), (cpus, count, options) => {
      const all = cpus.map((cpu, index) => pod(`p${index}`, cpu))
      const slots = nodes(count, SMALL)
      const scheduler = schedulerFor(all)
      const { unplaced, added } = repair(scheduler, slots, shopOf(options), SEEDS, PLENTY)
      expect(unplaced).toEqual(worstOver(scheduler, slots, SEEDS))
      if (added === undefined) {
        const most = Math.max(0, ...options.map((option) => room(option).cpu))
        expect(unplaced.some(({ needed }) => needed.cpu > most)).toBe(true)
        return
      }
      expect(worstOver(scheduler, [...slots, ...added], SEEDS)).toEqual([])
      expect(new Set(added.map(({ site }) => site.name)).size).toBe(added.length)
      if (added.length > 0) repaired += 1
    }),
    { numRuns: 100 },
  )
  expect(repaired).toBeGreaterThan(10)
})
