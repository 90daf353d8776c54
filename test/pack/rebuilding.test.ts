import { expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { Rebuilding, type RebuildingTools } from '../../src/pack/rebuilding.js'

const AS_IS = { kind: 'as-is' } as const
const SIZE = 4000

it('asks for nothing that takes long where the cluster is too large for the search', () => {
  const asked = (): never => {
    throw new Error('asked')
  }
  const tools = {
    problem: { groups: [{ live: Array.from({ length: SIZE }) }] },
    running: Array.from({ length: SIZE }, () => ({}) as Pod),
    solver: new Proxy({}, { get: asked }),
    ...{ groupOf: new Map(), schedulerFor: asked, shopFor: asked, added: asked },
  } as unknown as RebuildingTools
  const rebuilding = new Rebuilding(tools)
  expect(rebuilding.cheapest(AS_IS, asked)).toBeUndefined()
  const small = { ...tools, running: tools.running.slice(0, 10) }
  expect(() => new Rebuilding(small).cheapest(AS_IS, asked)).toThrow('asked')
})
