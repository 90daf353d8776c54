import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import { podSlots } from '../../src/domain/units.js'
import { ColumnPlans } from '../../src/pack/bins/column-plans.js'
import { Planner } from '../../src/pack/plans.js'
import type { PackProblem } from '../../src/pack/problem.js'
import { anyInput, anyPolicy, packed, partsOf } from './make-problem.js'

/** The first group's machines take so many more pods; the other groups are the same ones. */
const withMoreSlots = (problem: PackProblem, factor: number): PackProblem => ({
  ...problem,
  groups: problem.groups.map((group, at) =>
    at > 0
      ? group
      : {
          ...group,
          options: group.options.map((option) => ({
            ...option,
            allocatable: { ...option.allocatable, pods: podSlots(option.allocatable.pods * factor) },
          })),
        },
  ),
})

it('answers planners that share it as though each were alone, whatever they ask and in whatever order', () => {
  const anyQuestion = fc.record({ changed: fc.boolean(), policy: anyPolicy, frontier: fc.boolean() })
  fc.assert(
    fc.property(anyInput, fc.array(anyQuestion, { minLength: 2, maxLength: 4 }), (input, questions) => {
      const { state } = packed(partsOf(input))
      const changed = withMoreSlots(state.problem, 3)
      const plannerOf = (problem: PackProblem, columns: ColumnPlans): Planner =>
        new Planner(problem, state.context, state.untouched, columns)
      const shared = new ColumnPlans()
      const together = { asIs: plannerOf(state.problem, shared), changed: plannerOf(changed, shared) }
      for (const question of questions) {
        const goal: Goal = { kind: 'cheapest', policy: question.policy }
        const answer = (planner: Planner) =>
          question.frontier
            ? planner.frontier(question.policy)?.map(({ proven, bound }) => [proven.plan.cost, bound])
            : [planner.plan(goal).plan, planner.plan(goal).bound]
        const alone = plannerOf(question.changed ? changed : state.problem, new ColumnPlans())
        expect(answer(question.changed ? together.changed : together.asIs)).toEqual(answer(alone))
      }
    }),
    { numRuns: 40 },
  )
})
