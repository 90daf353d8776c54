import { describe, expect, it } from 'vitest'
import type { Blocker, BlockerRule } from '../../src/domain/recommendation.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { blockerWorths, type Answer, type Asking, type HeldNode } from '../../src/recommend/blocker-worth.js'

const blocker = (what: string, rule: BlockerRule = 'disruption-budget'): Blocker => ({
  rule,
  what,
  fix: 'change it',
  workload: undefined,
  pods: [],
  nodes: [],
})
const held = (name: string, rate: number, ...holders: readonly number[]): HeldNode => ({
  name,
  rate: rate as MicroUsdPerHour,
  holders,
})
const NOTHING: Answer = { saving: 0, gone: new Map(), finished: true }
const saves = (gone: Readonly<Record<string, number | undefined>>): Answer => ({
  saving: Object.values(gone).reduce((sum: number, one) => sum + (one ?? 0), 0),
  gone: new Map(Object.entries(gone)),
  finished: true,
})

/** Answers from a list, by the nodes asked about; counts what was asked. */
function asker(answers: Readonly<Record<string, Answer>>, steps = Infinity): Asking & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    without: (nodes) => {
      asked.push(nodes.join(' '))
      return answers[nodes.join(' ')] ?? NOTHING
    },
    stepsLeft: () => (asked.length < steps ? 1000 : 0),
    proof: 'replayed',
  }
}

describe('what blockers cost', () => {
  it('is what their own nodes save', () => {
    const asking = asker({ x: saves({ x: 70 }), 'x y': saves({ x: 70 }) })
    const found = blockerWorths([blocker('a'), blocker('b')], [held('x', 100, 0), held('y', 50, 1)], asking)
    expect(found.alone).toEqual([
      { kind: 'known', rate: 70, proof: 'replayed' },
      { kind: 'known', rate: 0, proof: 'none' },
    ])
    expect(found.sets).toEqual([])
    expect(found.all).toEqual({ kind: 'known', rate: 70, proof: 'replayed' })
    expect(asking.asked).toEqual(['x y', 'x', 'y'])
  })

  it('is nothing alone and something together where they hold a node together', () => {
    const asking = asker({ x: saves({ x: 100 }) })
    const found = blockerWorths([blocker('a'), blocker('b')], [held('x', 100, 0, 1)], asking)
    expect(found.alone.map((worth) => worth.kind === 'known' && worth.rate)).toEqual([0, 0])
    expect(found.sets).toEqual([
      { members: [0, 1], nodes: ['x'], worth: { kind: 'known', rate: 100, proof: 'replayed' } },
    ])
    expect(asking.asked).toEqual(['x'])
  })

  it('counts for a set what its members free by themselves, and never less than they save', () => {
    const asking = asker({ x: saves({ x: 100 }) })
    const { sets, all } = blockerWorths([blocker('a'), blocker('b')], [held('x', 100, 0), held('y', 9, 0, 1)], asking)
    expect(sets).toEqual([
      { members: [0, 1], nodes: ['x', 'y'], worth: { kind: 'known', rate: 100, proof: 'replayed' } },
    ])
    expect(all).toEqual({ kind: 'known', rate: 100, proof: 'replayed' })
  })

  it('comes from the plan without any rule where the steps are used up, and is said not to be tried elsewhere', () => {
    const asking = asker({ 'x y z': saves({ x: 60, z: undefined }) }, 1)
    const { alone } = blockerWorths(
      [blocker('a'), blocker('b'), blocker('c')],
      [held('x', 100, 0), held('y', 50, 1), held('z', 50, 2)],
      asking,
    )
    const untried = { kind: 'unknown', why: 'not tried: the search had used up its steps' }
    expect(alone).toEqual([{ kind: 'known', rate: 60, proof: 'joint' }, untried, untried])
  })

  it('asks about the dearest nodes first', () => {
    const asking = asker({})
    blockerWorths([blocker('a'), blocker('b')], [held('x', 10, 0), held('y', 50, 1)], asking)
    expect(asking.asked).toEqual(['x y', 'y', 'x'])
  })

  it('is not known of a search that was broken off, a pod of unknown size, or a volume on the disk of its node', () => {
    const broken = asker({ x: { ...NOTHING, finished: false } })
    expect(blockerWorths([blocker('a')], [held('x', 10, 0)], broken).alone).toEqual([
      { kind: 'unknown', why: 'the search was broken off' },
    ])
    const sizeless = asker({})
    const found = blockerWorths([blocker('a', 'unreadable-requests')], [held('x', 10, 0)], sizeless)
    expect(found.alone[0]?.kind).toBe('unknown')
    expect(sizeless.asked).toEqual([])
    const local = blockerWorths([blocker('a', 'local-data')], [held('x', 10, 0)], asker({}))
    expect(local.alone[0]).toMatchObject({ kind: 'unknown', why: expect.stringContaining('volume') })
  })
})
