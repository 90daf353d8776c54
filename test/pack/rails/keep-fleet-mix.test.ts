import { describe, expect, it } from 'vitest'
import type { AddressedNode } from '../../../src/domain/node-mix.js'
import { keepFleetMix } from '../../../src/pack/rails/keep-fleet-mix.js'
import { choiceOf, fleetOf, slotsOf, type Fleet } from '../../../src/pack/replay/fleet.js'
import { makeFleets } from '../make-fleets.js'
import { makeOption } from '../make-problem.js'
import { makePod, resources } from '../make.js'

const ZONES = ['a', 'b', 'c']
const options = ZONES.flatMap((zone, at) => [
  makeOption('large', 4000, 40 + at, { zone, capacityType: 'spot' }),
  makeOption('small', 2000, 15 + at, { zone, capacityType: 'spot' }),
])
const LARGE_A = options[0]!

/** Three large nodes to be bought in zone a, where two large ones of today stand. */
function threeLarge() {
  const pods = [1, 2].map((at) => makePod(`p${at}`, { needed: resources(1000, 10) }))
  const { groups } = makeFleets({ options, nodes: pods.map((pod) => ({ pods: [pod] })) })
  const { group, nodeOf, choices } = groups[0]!
  const slots = new Set(choices[0]!.slots)
  const bought = [1, 2, 3].map(() => {
    const slot = nodeOf(LARGE_A, slots)
    slots.add(slot)
    return slot
  })
  return { groups, fleet: fleetOf(new Map([[group, choiceOf(bought.slice(1))]]), bought.slice(0, 1)) }
}

const kinds = (fleet: Fleet): string[] =>
  slotsOf(fleet).map(({ origin }) =>
    origin.kind === 'new' ? `${origin.option.instanceType} ${origin.option.zone}` : origin.live.node.name,
  )

describe('a fleet that the scheduler fills by itself', () => {
  it('is spread over pools by swapping nodes for others that are as large', () => {
    const { groups, fleet } = threeLarge()
    const spread = keepFleetMix(fleet, groups, { maxSpotPoolShare: 0.4 }, () => true)
    expect(kinds(spread).sort()).toEqual(ZONES.map((zone) => `large ${zone}`))
    expect(spread.rate).toBe(40 + 41 + 42)
  })

  it('gets its nodes in every zone', () => {
    const { groups, fleet } = threeLarge()
    const everywhere = keepFleetMix(fleet, groups, { minNodesPerZone: 1, zones: ZONES }, () => true)
    expect(kinds(everywhere).sort()).toEqual(ZONES.map((zone) => `large ${zone}`))
  })

  it('leaves zones whose subnets have too few addresses for its nodes and their pods', () => {
    const { groups, fleet } = threeLarge()
    const pods = [1, 2, 3, 4].map((at) => makePod(`p${at}`, {}))
    const [full, ...others] = slotsOf(fleet)
    const placed = new Map([[full!, pods], ...others.map((slot) => [slot, [] as typeof pods] as const)])
    const rails = (a: number) => ({
      subnets: { most: new Map([['a', a]]), takenBy: (node: AddressedNode) => 10 + node.pods.length },
    })
    expect(keepFleetMix(fleet, groups, rails(34), () => true, placed)).toBe(fleet)
    const two = keepFleetMix(fleet, groups, rails(33), () => true, placed)
    expect(kinds(two).sort()).toEqual(['large a', 'large a', 'large b'])
    const one = keepFleetMix(fleet, groups, rails(10), () => true, placed)
    expect(kinds(one).sort()).toEqual(['large a', 'large b', 'large b'])
  })

  it('stays as it is where the rails hold, or where no change is sound', () => {
    const { groups, fleet } = threeLarge()
    expect(keepFleetMix(fleet, groups, { minNodesPerZone: 1, zones: ['a'] }, () => true)).toBe(fleet)
    expect(keepFleetMix(fleet, groups, { maxSpotPoolShare: 0.4 }, () => false)).toBe(fleet)
  })

  it('gets a node added where none may be swapped', () => {
    const { groups, fleet } = threeLarge()
    const addsOnly = (next: Fleet): boolean => kinds(next).filter((kind) => kind === 'large a').length === 3
    const more = keepFleetMix(fleet, groups, { minNodesPerZone: 1, zones: ['a', 'b'] }, addsOnly)
    expect(kinds(more).sort()).toEqual(['large a', 'large a', 'large a', 'small b'])
  })
})
