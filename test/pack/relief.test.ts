import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import { fleetOf, slotsOf } from '../../src/pack/replay/fleet.js'
import { withRelief } from '../../src/pack/replay/relief.js'
import { makeFleets, type FleetParts } from './make-fleets.js'
import { makeOption } from './make-problem.js'
import { makePod, resources } from './make.js'

const DEAR = makeOption('dear', 4000, 100)
const CHEAP = makeOption('cheap', 4000, 50, { group: 'cheap' })
const ON_SPOT = makeOption('cheap', 4000, 10, { group: 'cheap', capacityType: 'spot' })

const on = (option: NodeOption, count: number): FleetParts['nodes'] =>
  Array.from({ length: count }, (_, at) => ({
    option,
    pods: [makePod(`${option.id}-${at}`, { needed: resources(500, 10) })],
  }))

/** What is bought for a fleet of today's nodes, by option. */
function relief(share: number, options: readonly NodeOption[], nodes: FleetParts['nodes']): Record<string, number> {
  const { groups, shop } = makeFleets({ options, nodes })
  const fleet = fleetOf(new Map(groups.map(({ group, choices }) => [group, choices[0]!])))
  const relieved = withRelief(fleet, groups, share, shop)
  expect(slotsOf(relieved).slice(0, nodes.length)).toEqual(slotsOf(fleet))
  const bought = slotsOf(relieved).slice(nodes.length)
  expect(relieved.rate).toBe(fleet.rate + bought.reduce((sum, { rate }) => sum + (rate ?? 0), 0))
  const counts: Record<string, number> = {}
  for (const { origin } of bought)
    if (origin.kind === 'new') counts[origin.option.id] = (counts[origin.option.id] ?? 0) + 1
  return counts
}

describe('relief', () => {
  it('is bought in the group where a core costs the least', () => {
    expect(relief(0.5, [DEAR, CHEAP], [...on(DEAR, 6), ...on(CHEAP, 2)])).toEqual({ [CHEAP.id]: 4 })
    expect(relief(0, [DEAR, CHEAP], on(DEAR, 8))).toEqual({})
  })

  it('puts no more of the CPU on spot than today', () => {
    expect(relief(0.5, [DEAR, CHEAP, ON_SPOT], [...on(DEAR, 6), ...on(CHEAP, 2)])).toEqual({ [CHEAP.id]: 4 })
    expect(relief(0.5, [DEAR, CHEAP, ON_SPOT], [...on(DEAR, 4), ...on(CHEAP, 2), ...on(ON_SPOT, 2)])).toEqual({
      [CHEAP.id]: 3,
      [ON_SPOT.id]: 1,
    })
  })

  it('is of each architecture, and neither a node with GPUs nor a large part of the fleet', () => {
    const arm = makeOption('arm', 4000, 60, { group: 'arm', architecture: 'arm64' })
    const gpu = makeOption('gpu', 4000, 1, {
      allocatable: resources(4000, 8000, { extended: { 'nvidia.com/gpu': 1 } }),
    })
    const huge = makeOption('huge', 64_000, 200)
    const nodes = [...on(DEAR, 6), ...on(arm, 2)]
    expect(relief(0.5, [DEAR, gpu, huge, arm], nodes)).toEqual({ [DEAR.id]: 3, [arm.id]: 1 })
  })

  it('leaves what may not be on spot to no other machine, and never goes beyond the limit by a part of a node', () => {
    const onlySpot = [...on(DEAR, 6), ...on(ON_SPOT, 2)]
    const withoutOther = { ...DEAR, allocatable: resources(64_000, 8000) }
    expect(relief(0.5, [withoutOther, ON_SPOT], onlySpot)).toEqual({ [ON_SPOT.id]: 1 })
    // A quarter of the CPU is on spot: of 1.2 nodes more, 0.3 may be.
    expect(relief(0.15, [DEAR, ON_SPOT], onlySpot)).toEqual({ [DEAR.id]: 2 })
  })

  it('is bought neither behind taints nor on nodes that have no CPU to give', () => {
    const tainted = { ...CHEAP, taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] }
    const full = makeOption('full', 0, 1, { group: 'cheap' })
    expect(relief(0.5, [DEAR, tainted, full], on(DEAR, 8))).toEqual({ [DEAR.id]: 4 })
  })
})
