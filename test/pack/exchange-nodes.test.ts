import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { exchangeNodes, THOROUGH } from '../../src/pack/replay/exchange-nodes.js'
import { drawExchange, machinesByPlace, type Side } from '../../src/pack/replay/exchange.js'
import { fleetOf, slotsOf, type Fleet } from '../../src/pack/replay/fleet.js'
import { generator } from '../../src/pack/replay/replay-queue.js'
import { makeFleets, type FleetParts } from './make-fleets.js'
import { makeOption } from './make-problem.js'
import { makePod, resources } from './make.js'

const SEEDS = [1, 2, 3]
const PROOF = [4, 5, 6]
const SMALL = makeOption('small', 2000, 20)
const LARGE = makeOption('large', 8000, 50)

const pods = (prefix: string, count: number, cpu: number): Pod[] =>
  Array.from({ length: count }, (_, index) => makePod(`${prefix}-${index}`, { needed: resources(cpu, 10) }))

function exchange(parts: FleetParts, hasPlaces: (fleet: Fleet) => boolean = () => true) {
  const { groups, scheduler } = makeFleets(parts)
  const from = fleetOf(new Map(groups.map(({ group, choices }) => [group, choices[0]!])))
  const found = exchangeNodes([from], { scheduler, groups, hasPlaces, seeds: SEEDS, proof: PROOF, effort: THOROUGH })
  return { from, found, scheduler, groups }
}

const namesOf = (fleet: Fleet): string[] =>
  slotsOf(fleet)
    .map(({ site }) => site.name)
    .sort()

describe('exchanging nodes', () => {
  const nodes = Array.from({ length: 8 }, (_, at) => ({ pods: pods(`p${at}`, 2, 500) }))

  it('drops what is not needed and takes a large node for small ones where that is cheaper', () => {
    const { found } = exchange({ options: [SMALL, LARGE], nodes })
    // Sixteen half cores: four small nodes for 80, or one large for 50.
    expect(found.at(-1)?.rate).toBe(50)
  })

  it('keeps nodes that must stay, and gives nothing that has no place for the pods', () => {
    const staying = nodes.map((node, at) => ({ ...node, stays: at < 5 }))
    const kept = exchange({ options: [SMALL, LARGE], nodes: staying }).found
    expect(kept.at(-1)?.rate).toBe(100)
    for (const fleet of kept) expect(namesOf(fleet)).toEqual(expect.arrayContaining(['n0', 'n1', 'n2', 'n3', 'n4']))
    const wide = exchange({ options: [SMALL], nodes }, (fleet) => slotsOf(fleet).length >= 6).found
    expect(wide.at(-1)?.rate).toBe(120)
    expect(exchange({ options: [SMALL, LARGE], nodes }, () => false).found).toEqual([])
  })

  it('what comes out leaves nothing over in any order, costs less each time, and is the same again', () => {
    const input = fc.record({
      sizes: fc.array(fc.constantFrom(100, 300, 700, 1500), { minLength: 1, maxLength: 14 }),
      count: fc.integer({ min: 1, max: 4 }),
      stays: fc.boolean(),
    })
    let cheaper = 0
    fc.assert(
      fc.property(input, ({ sizes, count, stays }) => {
        const all = sizes.map((cpu, at) => makePod(`p${at}`, { needed: resources(cpu, 10) }))
        const dealt = Array.from({ length: count }, (_, at) => ({
          pods: all.filter((_pod, index) => index % count === at),
          option: LARGE,
          stays: stays && at === 0,
        }))
        const { found, from, scheduler } = exchange({ options: [SMALL, LARGE], nodes: dealt })
        let last = from.rate
        for (const fleet of found) {
          expect(fleet.rate).toBeLessThan(last)
          last = fleet.rate
          expect(fleet.rate).toBe(slotsOf(fleet).reduce((total, { rate }) => total + (rate ?? 0), 0))
          for (const seed of [...SEEDS, ...PROOF]) expect(scheduler.leftOver(slotsOf(fleet), seed)).toEqual([])
          if (stays) expect(namesOf(fleet)).toContain('n0')
        }
        if (found.length > 0) cheaper += 1
        expect(exchange({ options: [SMALL, LARGE], nodes: dealt }).found.map(namesOf)).toEqual(found.map(namesOf))
      }),
      { numRuns: 25 },
    )
    expect(cheaper).toBeGreaterThan(5)
  })
})

describe('a draw', () => {
  it('takes nodes away and spends no more than they and the allowance cost', () => {
    const nodes = Array.from({ length: 5 }, (_, at) => ({ pods: pods(`p${at}`, 1, 500) }))
    const { groups } = makeFleets({ options: [SMALL, LARGE], nodes })
    const [group] = groups
    const slots = group!.choices[0]!.slots
    const costOf = (some: typeof slots): number => some.reduce((total, { rate }) => total + (rate ?? 0), 0)
    const sizes = new Set<number>()
    const side = { exchange: group!, slots }
    for (let seed = 1; seed <= 60; seed += 1) {
      const { stay, bought } = drawExchange(side, side, 5, generator(seed))!
      const drawn = [...stay, ...bought]
      expect(new Set(drawn).size).toBe(drawn.length)
      expect(slots.some((slot) => !drawn.includes(slot))).toBe(true)
      expect(costOf(drawn)).toBeLessThan(costOf(slots) + 5)
      sizes.add(drawn.length)
    }
    expect(sizes.size).toBeGreaterThan(2)
    const fast = { exchange: { ...group!, mayGo: () => false }, slots }
    expect(drawExchange(fast, side, 5, generator(1))).toBeUndefined()
  })

  it('may buy for another group what its nodes cost, of the same capacity type', () => {
    const inB = makeOption('small', 2000, 10, { group: 'b' })
    const onSpot = makeOption('small', 2000, 5, { group: 'b', capacityType: 'spot' })
    const node = { pods: pods('p', 1, 500) }
    const { groups } = makeFleets({
      options: [SMALL, inB, onSpot],
      nodes: [node, node, { pods: pods('q', 1, 500), option: inB }],
    })
    const sideOf = (name: string): Side => {
      const exchange = groups.find(({ group }) => group === name)!
      return { exchange, slots: exchange.choices[0]!.slots }
    }
    const drawn = Array.from({ length: 60 }, (_, seed) =>
      drawExchange(sideOf('group'), sideOf('b'), 0, generator(seed + 1))!,
    )
    const bought = drawn.flatMap((each) => each.bought)
    expect(new Set(bought.map(({ origin }) => (origin.kind === 'new' ? origin.option : undefined)))).toEqual(
      new Set([inB]),
    )
    for (const each of drawn) {
      const gone = sideOf('group').slots.length - each.stay.length
      expect(gone).toBeGreaterThan(0)
      expect(each.bought.length * 10).toBeLessThanOrEqual(gone * 20)
    }
  })

  it('is from machines that no cheaper one beats', () => {
    const dear = makeOption('dear', 2000, 30)
    const b = makeOption('small', 2000, 25, { zone: 'b' })
    expect(machinesByPlace([dear, LARGE, b, SMALL])).toEqual([[SMALL, LARGE], [b]])
  })
})

describe('what is drawn at random', () => {
  it('may be anything below the limit, also where that is more than 32 bits', () => {
    const limit = 3 * 2 ** 32
    const random = generator(1)
    const thirds = Array.from({ length: 300 }, () => Math.floor((3 * random(limit)) / limit))
    for (const third of [0, 1, 2]) expect(thirds.filter((one) => one === third).length).toBeGreaterThan(60)
    expect(thirds.every((third) => third < 3)).toBe(true)
  })

  it('is the same as ever below that', () => {
    const random = generator(1)
    expect([2 ** 32, 1000, 7, 1, 0].map((limit) => random(limit))).toEqual([1361921809, 966, 0, 0, 0])
  })
})
