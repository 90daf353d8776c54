import { describe, expect, it } from 'vitest'
import type { FleetSearch } from '../../src/pack/replay/fleet-search.js'
import { fleetOf, slotsOf, type Fleet } from '../../src/pack/replay/fleet.js'
import { AS_IT_IS, mendBest, WAYS, type Way } from '../../src/pack/replay/mend.js'
import { JUDGES } from '../../src/pack/replay/repair.js'
import { makeFleets, type FleetParts } from './make-fleets.js'
import { makeOption } from './make-problem.js'
import { makePod, resources } from './make.js'

const SMALL = makeOption('small', 2000, 30)
const LARGE = makeOption('large', 8000, 80)
const NODES = 40
const BIG = 10
const WIDE = 200
const MOST = { steps: 10_000_000, rate: Infinity }

const BOUND = { nodeSelector: { 'node.kubernetes.io/instance-type': 'small' } }

/** Big pods that each fill a small node, the only ones for them, and small pods that may take their places first. */
const pods = (at: number): FleetParts['nodes'][number]['pods'] =>
  at < BIG
    ? [makePod(`big-${at}`, { needed: resources(2000, 10), spec: BOUND })]
    : Array.from({ length: 4 }, (_, one) => makePod(`small-${at}-${one}`, { needed: resources(500, 10) }))

function crowded() {
  const nodes = Array.from({ length: NODES }, (_, at) => ({ pods: pods(at) }))
  const { groups, scheduler, shop } = makeFleets({ options: [SMALL, LARGE], nodes })
  const today = fleetOf(new Map(groups.map(({ group, choices }) => [group, choices[0]!])))
  const search: FleetSearch = { groups, scheduler, shop, hasPlaces: () => true }
  const mended = (ways: readonly Way[], parts: Partial<FleetSearch> = {}, most = MOST): Fleet | undefined =>
    mendBest(ways, today, JUDGES, { ...search, ...parts }, most)
  const left = (fleet: Fleet): number =>
    JUDGES.reduce((count, seed) => count + scheduler.leftOver(slotsOf(fleet), seed).length, 0)
  const more = (count: number) => Array.from({ length: count }, () => shop.nextSlot(SMALL))
  return { today, mended, left, more }
}

describe('a fleet that does not pass', () => {
  it('is mended until every order passes, in the way that costs the least', () => {
    const { today, mended, left } = crowded()
    expect(left(today)).toBeGreaterThan(0)
    const alone = WAYS.map((way) => mended([way])!)
    for (const fleet of alone) expect(left(fleet)).toBe(0)
    const best = mended(WAYS)!
    expect(best.rate).toBe(Math.min(...alone.map(({ rate }) => rate)))
    expect(best.rate).toBeLessThan(mended(AS_IT_IS)!.rate)
  })

  it('is not mended where that costs as much as what is known', () => {
    const { mended } = crowded()
    const { rate } = mended(AS_IT_IS)!
    expect(mended(AS_IT_IS, {}, { ...MOST, rate })).toBeUndefined()
    expect(mended(AS_IT_IS, {}, { ...MOST, rate: rate + 1 })?.rate).toBe(rate)
  })

  it('is eased where its nodes break a limit, and mended again', () => {
    const { mended, left, more } = crowded()
    const isWide = (fleet: Fleet): boolean => slotsOf(fleet).length >= WIDE
    expect(mended(AS_IT_IS, { hasPlaces: isWide })).toBeUndefined()
    const eased: Fleet[] = []
    const widened = mended(AS_IT_IS, {
      hasPlaces: isWide,
      ease: (fleet) => {
        eased.push(fleet)
        return fleetOf(fleet.chosen, [...fleet.added, ...more(WIDE)])
      },
    })!
    expect(eased.map(isWide)).toEqual([false])
    expect([isWide(widened), left(widened)]).toEqual([true, 0])
  })
})
