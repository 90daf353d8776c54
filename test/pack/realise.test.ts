import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { liveSlot } from '../../src/pack/draft.js'
import { choiceOf, slotsOf, type Choice, type Fleet } from '../../src/pack/replay/fleet.js'
import { realise } from '../../src/pack/replay/realise.js'
import { makeFleets, type FleetParts } from './make-fleets.js'
import { makeOption, nodeOf, packed, ZONE } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

/** Orders of the pods by which an answer is judged. */
const ORDERS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
/** With those that no step of the search has seen. */
const JUDGED = Array.from({ length: 50 }, (_, index) => index + 1)

const pods = (count: number, cpu: number, parts: PodParts = {}): Pod[] =>
  Array.from({ length: count }, (_, index) =>
    makePod(`${cpu}-${JSON.stringify(parts)}-${index}`, { needed: resources(cpu, 10), ...parts }),
  )
const inZone = (zone: string): PodParts => ({ spec: { nodeSelector: { [ZONE]: zone } } })

type Parts = FleetParts & { readonly hasPlaces?: (fleet: Fleet) => boolean }

function search({ hasPlaces = () => true, ...parts }: Parts) {
  const { groups, scheduler, shop } = makeFleets(parts)
  const fleets = realise({ scheduler, groups, shop, hasPlaces }, [])
  const today: Choice | undefined = groups[0]?.choices[0]
  return { fleets, scheduler, today: today?.rate ?? 0 }
}

const shown = ({ chosen, added, rate }: Fleet) => ({
  rate,
  nodes: slotsOf({ chosen, added, rate })
    .map(({ site }) => site.name)
    .sort(),
})
const SMALL = makeOption('small', 2000, 20)
const LARGE = makeOption('large', 8000, 80)

describe('fleets that the default scheduler fills by itself', () => {
  it('are as few nodes as it takes, cheapest first', () => {
    const half = Array.from({ length: 6 }, (_, index) => ({ pods: pods(2, 500, { labels: { at: `${index}` } }) }))
    const { fleets, scheduler, today } = search({ options: [SMALL], nodes: half })
    // Twelve half cores: three nodes of two cores.
    expect(fleets.map(({ rate }) => rate)).toEqual(fleets.map(({ rate }) => rate).toSorted((a, b) => a - b))
    expect(fleets[0]?.rate).toBe(60)
    expect(today).toBe(120)
    for (const fleet of fleets)
      for (const order of ORDERS) expect(scheduler.leftOver(slotsOf(fleet), order)).toEqual([])
  })

  it('leave room for a big pod that comes late', () => {
    const nodes = [{ pods: pods(1, 2000) }, { pods: pods(4, 500) }, { pods: pods(4, 500, { labels: { at: '2' } }) }]
    const { fleets, scheduler, today } = search({ options: [SMALL, LARGE], nodes })
    // Three small nodes hold all of it, but are filled with small pods before the big one comes.
    expect(today).toBe(60)
    const [first] = fleets
    expect(first?.rate).toBe(80)
    expect(slotsOf(first!)).toHaveLength(1)
    for (const order of ORDERS) expect(scheduler.leftOver(slotsOf(first!), order)).toEqual([])
  })

  it('hold on to nodes that stay, whatever they cost', () => {
    const dear = makeOption('dear', 2000, 500)
    const nodes = [{ pods: pods(1, 100), option: dear, stays: true }, { pods: pods(3, 500) }, { pods: pods(1, 600) }]
    const { fleets } = search({ options: [SMALL, dear], nodes })
    // What stays has room for 1900 of the 2100 millicores.
    expect(fleets.map(shown)[0]).toEqual({ rate: 520, nodes: ['n0', 'n1'] })
    for (const fleet of fleets) expect(slotsOf(fleet).map(({ site }) => site.name)).toContain('n0')
  })

  it('have nodes in the zones that pods are bound to', () => {
    const b = makeOption('small', 2000, 30, { zone: 'b' })
    const nodes = [
      { pods: pods(1, 500) },
      { pods: pods(2, 500, { labels: { at: '1' } }) },
      { pods: pods(1, 500, inZone('b')), option: b },
      { pods: pods(1, 400, inZone('b')), option: b },
    ]
    const { fleets } = search({ options: [SMALL, b], nodes })
    expect(fleets[0]?.rate).toBe(50)
    for (const fleet of fleets) expect(slotsOf(fleet).some(({ site }) => site.labels[ZONE] === 'b')).toBe(true)
  })

  it('must have a place for the pods by what the scheduler does not know', () => {
    const half = Array.from({ length: 6 }, (_, index) => ({ pods: pods(2, 500, { labels: { at: `${index}` } }) }))
    const wide = search({ options: [SMALL], nodes: half, hasPlaces: (fleet) => slotsOf(fleet).length >= 4 })
    expect(wide.fleets.filter((fleet) => slotsOf(fleet).length >= 4)[0]?.rate).toBe(80)
  })

  it('are none where the pods go nowhere', () => {
    const { fleets } = search({ options: [SMALL], nodes: [{ pods: pods(2, 1500) }] })
    // One node holds one of the two: another is bought for the second.
    expect(fleets[0]?.rate).toBe(40)
    const stuck = pods(1, 100, { spec: { nodeSelector: { gone: 'yes' } } })
    expect(search({ options: [SMALL], nodes: [{ pods: stuck }] }).fleets).toEqual([])
  })
})

const anyGroup = fc.record({
  sizes: fc.array(fc.constantFrom(100, 250, 500, 1000, 1500), { minLength: 1, maxLength: 16, size: 'max' }),
  rates: fc.tuple(fc.integer({ min: 10, max: 30 }), fc.integer({ min: 30, max: 120 })),
  nodes: fc.integer({ min: 1, max: 4 }),
  bound: fc.boolean(),
  stays: fc.boolean(),
})

describe('on random groups', () => {
  it('every fleet is filled in every order, today is no cheaper, and the search repeats itself', () => {
    let cheaper = 0
    fc.assert(
      fc.property(anyGroup, ({ sizes, rates, nodes: count, bound, stays }) => {
        const options = ['a', 'b'].flatMap((zone) => [
          makeOption('small', 2000, rates[0], { zone, slots: 6 }),
          makeOption('large', 8000, rates[1], { zone, slots: 12 }),
        ])
        const all = sizes.map((cpu, index) =>
          makePod(`p${index}`, { needed: resources(cpu, 10), ...(bound && index % 4 === 0 ? inZone('a') : {}) }),
        )
        // Dealt out in turns, on nodes that are large enough for most of it.
        const nodes = Array.from({ length: count }, (_, at) => ({
          pods: all.filter((_pod, index) => index % count === at),
          option: options[at % 2 === 0 ? 1 : 0]!,
          stays: stays && at === 0,
        }))
        const { fleets, scheduler, today } = search({ options, nodes })
        const fits = JUDGED.every((order) => scheduler.leftOver(slotsOf(todayOf(nodes, options)), order).length === 0)
        for (const fleet of fleets) {
          for (const order of ORDERS) expect(scheduler.leftOver(slotsOf(fleet), order)).toEqual([])
          expect(fleet.rate).toBe(slotsOf(fleet).reduce((total, { rate }) => total + (rate ?? 0), 0))
          if (stays) expect(slotsOf(fleet).map(({ site }) => site.name)).toContain('n0')
        }
        if (fits) expect(fleets[0]?.rate).toBeLessThanOrEqual(today)
        if (fits && fleets[0]!.rate < today) cheaper += 1
        expect(search({ options, nodes }).fleets.map(shown)).toEqual(fleets.map(shown))
      }),
      { numRuns: 40 },
    )
    expect(cheaper).toBeGreaterThan(2)
  })
})

const todayOf = (nodes: Parts['nodes'], options: readonly NodeOption[]): Fleet => {
  const made = nodes.map(({ pods: here, option = options[0]! }, index) => nodeOf(option, `n${index}`, here))
  const { state } = packed({ nodes: made, options })
  const choice = choiceOf(state.problem.groups.flatMap(({ live }) => live.map(liveSlot)))
  return { chosen: new Map([['group', choice]]), added: [], rate: choice.rate }
}
