import fc from 'fast-check'
import { expect, it } from 'vitest'
import { homes, placesOf } from '../../src/pack/bins/bin-places.js'
import type { Question } from '../../src/pack/bins/bin-question.js'
import { Rivals } from '../../src/pack/bins/rivals.js'
import { createBoard } from '../../src/pack/board/board.js'
import { volumeCounts } from '../../src/pack/board/volume-counts.js'
import { nodeLimits } from '../../src/pack/draft.js'
import { Machines } from '../../src/pack/machines.js'
import { refusalsOf } from '../../src/pack/option-fit.js'
import type { Pod } from '../../src/domain/pod.js'
import { world } from './arbitrary.js'
import { HOST, onlyGroup, packed, partsOfWorld } from './make-problem.js'

/** Such pods are taken to be welcome on any host. */
const namesHost = ({ spec, volumes }: Pod): boolean =>
  HOST in spec.nodeSelector ||
  [...(spec.requiredNodeTerms ?? []), ...volumes.nodeTerms.flat()].some(
    ({ matchFields, matchExpressions }) => matchFields.length > 0 || matchExpressions.some(({ key }) => key === HOST),
  )

it('pods may use the places that take them when each pod and each node is asked by itself', () => {
  let welcome = 0
  let refused = 0
  let repelled = 0
  fc.assert(
    fc.property(world, fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), (input, isTied) => {
      const parts = partsOfWorld(input, [10, 20, 30])
      const tied = parts.nodes.flatMap(({ pods }) => pods).filter((_, index) => isTied[index % isTied.length])
      const all = packed({ ...parts, facts: { pinned: new Map(tied.map((pod) => [pod, 'tied'])) } })
      const { problem, context } = all.state
      const board = createBoard(context)
      const machines = new Machines(problem, (one) => board.classKey(one))
      const group = onlyGroup(all)
      const { options, that } = machines.on(group, undefined)
      const rivals = new Rivals(problem, board, [])
      const question: Question = {
        ...{ group, options, machinesFor: that, rivals, mayKeep: () => true },
        ...{ suits: problem.suits, interests: problem.interests, rails: nodeLimits(problem) },
        volumesOf: volumeCounts(problem),
        podKind: (one) => machines.kindOf(one),
        placementKey: (one) => board.placementKey(one),
      }
      const places = placesOf(question)
      const homesOf = homes(question, places)
      for (const pod of group.live.flatMap(({ pods }) => pods)) {
        const expected = places.flatMap(({ option, nodes }, index) => {
          const isOffered = option !== undefined && that(pod).includes(option)
          const isTaken = nodes.some(
            (live) =>
              live.pods.includes(pod) ||
              (live.node.closed === undefined &&
                problem.suits(pod, live.node) &&
                (namesHost(pod) || refusalsOf(pod, live.node).length === 0) &&
                !rivals.repelled(pod, live)),
          )
          return isOffered || isTaken ? [index] : []
        })
        expect(homesOf(pod).places).toEqual(expected)
        if (group.live.some((live) => rivals.repelled(pod, live))) repelled += 1
        if (expected.length > 1) welcome += 1
        if (expected.length < places.length) refused += 1
      }
    }),
    { numRuns: 300 },
  )
  expect(welcome).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(100)
  expect(repelled).toBeGreaterThan(30)
})
