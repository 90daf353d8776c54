import { expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { makeOption, nodeOf, packed, type Packed } from './make-problem.js'
import { makePod, resources } from './make.js'

const OPTION = makeOption('t', 1000, 100, { zone: 'a', capacityType: 'on-demand' })

const pod = (name: string, cpu = 300): Pod => {
  const app = name.replace(/\d+$/, '')
  return makePod(name, { labels: { app }, workload: `default/Deployment/${app}`, needed: resources(cpu, 0) })
}

const clusterOf = (nodes: Readonly<Record<string, readonly Pod[]>>): Packed =>
  packed({ nodes: Object.entries(nodes).map(([name, here]) => nodeOf(OPTION, name, here)), options: [OPTION] })

/** Today without some nodes, their pods where `places` says; then what is made of it. */
function parted(all: Packed, gone: readonly string[], places: Readonly<Record<string, string>>) {
  const { plan } = all.planner().today({ kind: 'repack' })
  const everybody = plan.nodes.flatMap((node) => node.pods)
  const asked: Plan = {
    ...plan,
    nodes: plan.nodes
      .filter(({ name }) => !gone.includes(name))
      .map((node) => ({
        ...node,
        pods: everybody
          .filter((one) => (places[one.name] ?? one.nodeName) === node.name)
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      })),
  }
  const { nodes } = all.planner().keepWishes(asked)
  return Object.fromEntries(nodes.map(({ name, pods }) => [name, pods.map((one) => one.name)]))
}

it('parts replicas that packing put onto one node', () => {
  const all = clusterOf({ a: [pod('x1')], b: [pod('x2')], c: [], d: [] })
  expect(parted(all, ['a', 'b'], { x1: 'c', x2: 'c' })).toEqual({ c: ['x2'], d: ['x1'] })
})

it('lets one change places with a pod that is moved, too, where there is no room', () => {
  const all = clusterOf({ a: [pod('x1', 500), pod('y1', 500)], b: [pod('x2', 500)], c: [], d: [] })
  expect(parted(all, ['a', 'b'], { x1: 'c', x2: 'c', y1: 'd' })).toEqual({ c: ['x2'], d: ['x1', 'y1'] })
  const full = clusterOf({ a: [pod('x1', 500), pod('y1', 900)], b: [pod('x2', 400)], c: [], d: [] })
  expect(parted(full, ['a', 'b'], { x1: 'c', x2: 'c', y1: 'd' })).toEqual({ c: ['x1', 'x2'], d: ['y1'] })
  const tight = clusterOf({ a: [pod('x1', 500)], b: [pod('x2', 500), pod('y1', 600)], c: [], d: [] })
  expect(parted(tight, ['a', 'b'], { x1: 'c', x2: 'c', y1: 'd' })).toEqual({ c: ['x1', 'x2'], d: ['y1'] })
  const other = clusterOf({ a: [pod('x1', 500), pod('z1', 500)], b: [pod('x2', 500), pod('y1', 500)], c: [], d: [] })
  expect(parted(other, ['a', 'b'], { x1: 'c', x2: 'c', y1: 'd', z1: 'd' })).toEqual({
    c: ['x2', 'y1'],
    d: ['x1', 'z1'],
  })
})

it('leaves replicas together that are together today, and moves none that stays', () => {
  const together = clusterOf({ a: [pod('x1'), pod('x2')], c: [], d: [] })
  expect(parted(together, ['a'], { x1: 'c', x2: 'c' })).toEqual({ c: ['x1', 'x2'], d: [] })
  const home = clusterOf({ a: [pod('x1', 500)], c: [pod('x2', 500)], d: [pod('y1', 900)] })
  expect(parted(home, ['a'], { x1: 'c' })).toEqual({ c: ['x1', 'x2'], d: ['y1'] })
})
