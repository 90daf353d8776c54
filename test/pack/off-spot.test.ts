import { expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import type { MicroUsdPerHour } from '../../src/domain/units.js'
import { identityOf, liveSlot, newSlot, type Slot } from '../../src/pack/draft.js'
import type { Layout } from '../../src/pack/layout.js'
import { offSpot } from '../../src/pack/spot/off-spot.js'
import { known, liveOf, makeOption, nodeOf } from './make-problem.js'
import { makePod, resources } from './make.js'

/** As with --prefer-existing 0.5. */
const counted = (option: NodeOption): NodeOption => ({
  ...option,
  counted: (1.5 * option.price.rate) as MicroUsdPerHour,
})
const CHEAP = counted(makeOption('cheap', 4000, 40))
const DEAR = counted(makeOption('dear', 4000, 60, { memoryMib: 64_000 }))
const BOUGHT = counted(makeOption('bought', 4000, 40, { capacityType: 'spot', memoryMib: 64_000 }))
const TODAY = makeOption('today', 4000, 35, { capacityType: 'spot' })

const layoutOf = (nodes: readonly { readonly slot: Slot; readonly memory: number }[]): Layout => ({
  nodes: nodes.map(({ slot, memory }, at) => ({
    slot,
    pods: [makePod(`p${at}`, { needed: resources(2000, memory) })],
  })),
  ...{ rate: 0, moves: 0, spotNodes: nodes.length, breaches: 0, method: 'test' },
})
const MARKET = { options: [CHEAP, DEAR], that: () => [CHEAP, DEAR] }

it('replaces those nodes first that cost least more, all counted as plans are compared', () => {
  const live = liveSlot(liveOf(nodeOf(TODAY, 'n0'), known(35)))
  // 60 for 35, and 90 for 60. What is bought must count on both sides: 60 for 60 would come first.
  const layout = layoutOf([
    { slot: live, memory: 1000 },
    { slot: newSlot(BOUGHT, 'n1'), memory: 32_000 },
  ])
  const [first] = offSpot(layout, MARKET, ({ spotNodes }) => spotNodes < 2)
  expect(first?.nodes.map(({ slot }) => identityOf(slot))).toEqual([CHEAP.id, BOUGHT.id])
  expect(first?.rate).toBe(60 - 35)
})

it('gives one name to nodes of several kinds, which are told apart all the same', () => {
  const live = liveSlot(liveOf(nodeOf(TODAY, 'n0'), known(35)))
  const replaced = [1000, 32_000].map((memory) => {
    const [layout] = offSpot(layoutOf([{ slot: live, memory }]), MARKET, ({ spotNodes }) => spotNodes < 1)
    return layout!.nodes[0]!.slot
  })
  expect(replaced.map(({ site }) => site.name)).toEqual(['n0-off-spot', 'n0-off-spot'])
  expect(replaced.map(identityOf)).toEqual([CHEAP.id, DEAR.id])
  expect(identityOf(newSlot(CHEAP, 'other'))).toBe(CHEAP.id)
})
