import { expect, it } from 'vitest'
import { chosenNodeShare } from '../../src/recommend/figures.js'
import { keptNode, makeNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'

it('is the largest share of all requests on one node that a plan could make smaller', () => {
  const pod = (name: string, cpu: number, nodeName: string) => makePod(name, { needed: resources(cpu, 0), nodeName })
  const nodeWith = (name: string, pods: readonly ReturnType<typeof pod>[]) =>
    keptNode(makeNode(makeSite(name, {}, { allocatable: resources(8000, 8000) })), { pods: [...pods] })
  const [a, b, c, d] = [pod('a', 300, 'n0'), pod('b', 300, 'n0'), pod('c', 300, 'n1'), pod('d', 100, 'n1')]
  const nodes = [nodeWith('n0', [a, b]), nodeWith('n1', [c, d])]
  const pinned =
    (...names: readonly string[]) =>
    ({ name }: { readonly name: string }): boolean =>
      names.includes(name)
  expect(chosenNodeShare(nodes, pinned())).toBe(0.6)
  // One of them could go.
  expect(chosenNodeShare(nodes, pinned('a'))).toBe(0.6)
  expect(chosenNodeShare(nodes, pinned('a', 'b'))).toBe(0.4)
  expect(chosenNodeShare([nodeWith('n0', [a]), nodeWith('n1', [d])], pinned())).toBe(0)
})
