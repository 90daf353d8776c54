import { expect, it } from 'vitest'
import { liveSlot, newSlot, type Slot } from '../../src/pack/draft.js'
import { choiceOf, fleetOf, slotsOf, type Fleet } from '../../src/pack/replay/fleet.js'
import { keepToday } from '../../src/pack/replay/keep-today.js'
import { makeFleets } from './make-fleets.js'
import { Stock } from '../../src/pack/stock.js'
import { known, liveOf, makeOption, nodeOf } from './make-problem.js'
import { makePod, resources } from './make.js'

const [big, small] = [
  makeOption('big', 8000, 8, { memoryMib: 1000 }),
  makeOption('small', 2000, 2, { memoryMib: 1000 }),
]
const pod = (name: string) => makePod(name, { needed: resources(500, 10) })

const { groups } = makeFleets({
  options: [big, small],
  nodes: [{ pods: [pod('a')] }, { pods: [pod('b')] }, { pods: [pod('c')], option: small }],
})
const [group] = groups
const today = group!.choices[0]!.slots

const bought = (option: typeof big, name: string): Slot => newSlot(option, name)
const fleetWith = (slots: readonly Slot[], added: readonly Slot[] = []): Fleet =>
  fleetOf(new Map([[group!.group, choiceOf(slots)]]), added)
const names = (fleet: Fleet): string[] => slotsOf(fleet).map(({ site }) => site.name)

it('nodes of today stay where their like would be bought, wherever it comes from', () => {
  const [one, two, three] = today
  const fleet = fleetWith([one!, bought(big, 'x')], [bought(big, 'y'), bought(small, 'z')])
  const kept = keepToday(fleet, groups, () => true)
  // There are two big nodes today and one small one.
  expect(names(kept)).toEqual([one, two].map((slot) => slot!.site.name).concat('y', three!.site.name))
  expect(kept.rate).toBe(fleet.rate)
})

it('but not where the fleet would not be sound, or they cost more', () => {
  const fleet = fleetWith([bought(big, 'x'), bought(small, 'y')])
  expect(keepToday(fleet, groups, () => false)).toBe(fleet)
  const noBig = (next: Fleet): boolean => names(next).includes('x')
  expect(names(keepToday(fleet, groups, noBig))).toEqual(['x', today[2]!.site.name])
  const cheap = { ...bought(big, 'x'), rate: 1 }
  expect(names(keepToday(fleetWith([cheap]), groups, () => true))).toEqual(['x'])
})

it('pods have their places on the nodes that stay', () => {
  const x = bought(small, 'x')
  const one = pod('a')
  const fleet = fleetOf(new Map([[group!.group, choiceOf([x])]]), [], new Map([[one, x]]))
  expect(keepToday(fleet, groups, () => true).places?.get(one)).toBe(today[2])
})

it('a node that no label says to be on-demand is the like of one that is bought so, and of none on spot', () => {
  const unlabelled = liveSlot(liveOf(nodeOf(big, 'n0', [], { capacityType: undefined }), known(8)))
  const stock = new Stock('test')
  expect(stock.free(big, [unlabelled], new Set())).toBe(unlabelled)
  expect(stock.free({ ...big, capacityType: 'spot' }, [unlabelled], new Set()).origin.kind).toBe('new')
})
