import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nodeLimits } from '../../src/pack/draft.js'
import { makePod, resources } from './make.js'
import { makeOption, nodeOf, NO_LIMITS, packed } from './make-problem.js'

it('lets a node carry what a share comes to that is worked out from its load', () => {
  const { problem } = packed({
    nodes: [nodeOf(makeOption('m', 4000, 100), 'n', [makePod('p', { nodeName: 'n' })])],
    options: [],
  }).state
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 1, max: 500_000 }), (load, rest) => {
      const total = resources(load + rest, load + rest)
      const limits = { ...NO_LIMITS, maxNodeShare: load / (load + rest) }
      const { cpu, memory } = nodeLimits({ ...problem, total, limits })
      expect(cpu).toBe(load)
      expect(memory / 2 ** 20).toBe(load)
    }),
    { numRuns: 2000 },
  )
})
