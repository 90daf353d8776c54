import { describe, expect, it } from 'vitest'
import type { MixRails } from '../../../src/domain/node-mix.js'
import { makeOption, nodeOf, NO_LIMITS, packed } from '../make-problem.js'
import { makePod, resources } from '../make.js'

const MIB = 1024
/** A node of four cores costs less than four of one core, and is no cheaper with a small one beside it. */
const OPTIONS = ['a', 'b'].flatMap((zone) => [
  makeOption('x.xlarge', 4000, 400, { zone }),
  makeOption('x.small', 1000, 110, { zone }),
  makeOption('old.xlarge', 4000, 900, { zone }),
])

/** Eight pods of one core each, one to a node of today. */
function rebuilt(rails: MixRails) {
  const old = OPTIONS.find(({ id }) => id.includes('old'))!
  const nodes = Array.from({ length: 8 }, (_, at) =>
    nodeOf(old, `n${at}`, [makePod(`p${at}`, { needed: resources(1000, MIB), nodeName: `n${at}` })]),
  )
  const { planner } = packed({ nodes, options: OPTIONS, facts: { limits: { ...NO_LIMITS, ...rails } } })
  const found = planner().rebuildable({ kind: 'as-is' })?.proven
  const zones = found?.plan.nodes.map(({ zone }) => zone).sort()
  return { rate: found?.plan.cost.rate, zones, unplaced: found?.plan.unplaced.length }
}

describe('a fleet that the scheduler rebuilds', () => {
  it('is searched for without a thought of rails where there are none', () => {
    expect(rebuilt({})).toMatchObject({ rate: 800, unplaced: 0 })
  })

  it('gets its nodes in every zone for nothing where they cost the same there', () => {
    const spread = rebuilt({ minNodesPerZone: 1, zones: ['a', 'b'] })
    expect(spread).toEqual({ rate: 800, zones: ['a', 'b'], unplaced: 0 })
  })

  it('has the sizes that suit the number of nodes asked for, and no empty nodes beside', () => {
    const { rate, zones, unplaced } = rebuilt({ minNodes: 5 })
    // Two large nodes with three small ones beside them come to 1,130, eight small ones to 880.
    expect(rate).toBeLessThanOrEqual(880)
    expect(zones?.length).toBeGreaterThanOrEqual(5)
    expect(unplaced).toBe(0)
  })
})
