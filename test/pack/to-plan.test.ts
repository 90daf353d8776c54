import { expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { makeOption, nodeOf, packed } from './make-problem.js'
import { makePod, resources } from './make.js'

const antiAffinity = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
      ],
    },
  },
}

/** A plan that buys one cheaper node in each group for the pod there, none of which may share a node. */
function plannedFor(groups: readonly string[], nameOf = (group: string) => `live-${group}`): Plan {
  const parts = groups.map((group) => {
    const cheap = makeOption('cheap', 4000, 40, { group })
    const dear = makeOption('dear', 4000, 90, { group })
    const pod = makePod(`pod-${group}`, {
      labels: { app: 'web' },
      needed: resources(2000, 2000),
      spec: antiAffinity,
    })
    return { options: [cheap, dear], node: nodeOf(dear, nameOf(group), [pod]) }
  })
  const all = packed({ nodes: parts.map(({ node }) => node), options: parts.flatMap(({ options }) => options) })
  const { plan } = all.planner().plan({ kind: 'cheapest', policy: { kind: 'as-is' } })
  expect(plan.nodes.map(({ action }) => action)).toEqual(groups.map(() => 'new'))
  expect(verifyPlan({ plan, cluster: all.cluster, mustPlace: all.state.mustPlace })).toEqual([])
  return plan
}

it('names new nodes apart where groups differ only in what a Node’s name may not have', () => {
  const { nodes } = plannedFor(['Workers.A', 'workers-a', 'workers_a'])
  expect(nodes.map(({ name }) => name)).toEqual(['new-workers-a-001', 'new-workers-a-001-2', 'new-workers-a-001-3'])
  expect(nodes.map(({ name, labels }) => labels['kubernetes.io/hostname'] === name)).toEqual([true, true, true])
})

it('gives no new node the name that a node of today has, not even one that goes', () => {
  const { nodes } = plannedFor(['a', 'b'], (group) => `new-${group}-001`)
  expect(nodes.map(({ name }) => name)).toEqual(['new-a-001-2', 'new-b-001-2'])
})
