import { describe, expect, it } from 'vitest'
import { createBoard } from '../../src/pack/board/board.js'
import { Draft, liveSlot, newSlot, type Slot } from '../../src/pack/draft.js'
import { fitIn } from '../../src/pack/fit-in.js'
import { capture, clear, type Layout } from '../../src/pack/layout.js'
import { HOST, makeOption, nodeOf, onlyGroup, packed } from './make-problem.js'
import { makePod, resources } from './make.js'

const small = makeOption('small', 2000, 20)
const away = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: HOST, labelSelector: { matchLabels: { app: 'x' } } },
      ],
    },
  },
}
const pod = (name: string, cpu: number, rival = false) =>
  makePod(name, { needed: resources(cpu, 10), ...(rival ? { labels: { app: 'x' }, spec: away } : {}) })

/** A layout of nodes n0 and n1 in which the first node gets everything, and both nodes closed again. */
function drained(first: readonly ReturnType<typeof pod>[], second: readonly ReturnType<typeof pod>[]) {
  const all = packed({ nodes: [nodeOf(small, 'n0', first), nodeOf(small, 'n1', second)], options: [small] })
  const { problem, context } = all.state
  const draft = new Draft(createBoard(context), problem)
  const slots = onlyGroup(all).live.map(liveSlot)
  for (const slot of slots) draft.open(slot)
  for (const slot of slots)
    if (slot.origin.kind === 'live') for (const one of slot.origin.live.pods) draft.put(one, slot)
  const pods = slots.flatMap((slot) => [...slot.pods])
  const layout: Layout = { ...capture(draft, slots, 'test'), nodes: [{ slot: slots[0]!, pods }] }
  clear(draft, slots)
  return { draft, layout, slots }
}
const shown = (layout: Layout | undefined) =>
  layout?.nodes.map(({ slot, pods }) => [slot.site.name, pods.map(({ name }) => name).join(' ')])

describe('a layout that is put on the board', () => {
  it('is the same where nothing stands in its way', () => {
    const { draft, layout } = drained([pod('a', 500)], [pod('b', 500)])
    expect(fitIn(draft, layout, () => undefined)).toBe(layout)
    expect(shown(capture(draft, [layout.nodes[0]!.slot], 'test'))).toEqual([['n0', 'a b']])
  })

  it('gets one more node for the pods that a rule refuses', () => {
    const { draft, layout } = drained([pod('a', 500, true)], [pod('b', 500, true), pod('c', 500)])
    const bought = newSlot(small, 'more')
    const open = (): Slot => {
      draft.open(bought)
      return bought
    }
    const fitted = fitIn(draft, layout, open)
    expect(shown(fitted)).toEqual([
      ['n0', 'a c'],
      ['more', 'b'],
    ])
    expect(fitted).toMatchObject({ rate: 40, moves: 2, method: 'test' })
  })

  it('is none where a pod has no place at all', () => {
    const { draft, layout } = drained([pod('a', 500, true)], [pod('b', 500, true)])
    expect(fitIn(draft, layout, () => undefined)).toBeUndefined()
  })
})
