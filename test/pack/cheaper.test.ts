import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { cheaper } from '../../src/pack/replay/cheaper.js'
import { purchase } from '../../src/pack/replay/purchase.js'
import { repair, SEEDS, worstOver } from '../../src/pack/replay/repair.js'
import { makeOption, ZONE } from './make-problem.js'
import { schedulerFor, shopOf } from './make-repair.js'
import { makePod, resources, type PodParts } from './make.js'

const PLENTY = 1e6
const SMALL = makeOption('small', 1000, 10)
const MIDDLE = makeOption('middle', 4000, 45)
const LARGE = makeOption('large', 16_000, 200)
const SIZES = [SMALL, MIDDLE, LARGE]
const inB = (option: NodeOption): NodeOption =>
  makeOption(option.instanceType, option.allocatable.cpu, option.price.rate, { zone: 'b' })

const pods = (count: number, cpu: number, parts: PodParts = {}): Pod[] =>
  Array.from({ length: count }, (_, index) =>
    makePod(`${parts.workload ?? 'p'}-${cpu}-${index}`, { needed: resources(cpu, 0), ...parts }),
  )
/** Pods of which no zone has more than one more than another. */
const spread = (count: number, cpu: number): Pod[] => {
  const labels = { app: 'web' }
  const even = {
    topologyKey: ZONE,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: labels },
  }
  return pods(count, cpu, { workload: 'web', labels, priority: -1, spec: { topologySpreadConstraints: [even] } })
}
const nodes = (count: number, option: NodeOption, name = 'n'): Slot[] =>
  Array.from({ length: count }, (_, index) => newSlot(option, `${name}-${option.id}-${index}`))

const typesOf = (slots: readonly Slot[] | undefined): string[] | undefined =>
  slots
    ?.map(({ origin }) => (origin.kind === 'new' ? `${origin.option.instanceType} ${origin.option.zone}` : ''))
    .sort()
const costOf = (slots: readonly Slot[]): number => slots.reduce((total, { rate }) => total + (rate ?? 0), 0)

/** What becomes of these nodes, bought for these pods. */
function after(all: readonly Pod[], added: readonly Slot[], options: readonly NodeOption[], steps = PLENTY) {
  const scheduler = schedulerFor(all)
  const end = scheduler.steps + steps
  return typesOf(cheaper(scheduler, [], { added, left: all, seeds: SEEDS }, shopOf(options), end))
}

describe('nodes that a repair has bought', () => {
  it('are made as small as every order allows', () => {
    expect(after(pods(1, 250), nodes(1, LARGE), SIZES)).toEqual(['small a'])
    expect(after(pods(1, 1500), nodes(1, LARGE), SIZES)).toEqual(['middle a'])
    expect(after(pods(1, 1500), nodes(1, MIDDLE), SIZES)).toEqual(['middle a'])
    expect(after([], nodes(2, LARGE), SIZES)).toEqual([])
  })

  it('become several where these cost less, or fewer', () => {
    expect(after(pods(2, 1000), nodes(1, LARGE), SIZES)).toEqual(['small a', 'small a'])
    expect(after(pods(3, 1000), nodes(12, SMALL), SIZES)).toEqual(['small a', 'small a', 'small a'])
    const dear = makeOption('dear', 1000, 20)
    expect(after(pods(3, 1000), nodes(3, dear), SIZES)).toEqual(['small a', 'small a', 'small a'])
  })

  it('go to the zone where they help', () => {
    const tied = pods(1, 250, { spec: { nodeSelector: { [ZONE]: 'b' } } })
    const bought = [...nodes(3, SMALL), ...nodes(1, inB(LARGE))]
    expect(after(tied, bought, [...SIZES, ...SIZES.map(inB)])).toEqual(['small b'])
  })

  it('stay in their group and of their capacity type', () => {
    const spot = makeOption('spot', 1000, 1, { capacityType: 'spot' })
    const other = makeOption('other', 1000, 1, { group: 'other' })
    const all = [...pods(1, 250), ...pods(1, 100)]
    const machinesFor = ({ needed }: Pod): NodeOption[] => (needed.cpu === 250 ? [spot, ...SIZES] : [other])
    const shop = { ...shopOf([]), machinesFor }
    const purchase = { added: nodes(1, LARGE), left: all, seeds: SEEDS }
    expect(typesOf(cheaper(schedulerFor(all), [], purchase, shop, PLENTY))).toEqual(['small a'])
  })

  it('stay as they are without steps to try others', () => {
    expect(after(pods(1, 250), nodes(1, LARGE), SIZES, 0)).toEqual(['large a'])
  })
})

it('a repair ends with several small nodes where its trials buy a large one', () => {
  // Pods of 4 cores come first and fill all nodes alike. On five or six nodes of one core no hole of half a core is left
  // after them, on seven there is, but one node is tried at a time.
  const all = [...pods(40, 100), ...pods(2, 500, { priority: -1 })]
  const slots = nodes(5, SMALL)
  const scheduler = schedulerFor(all)
  const { unplaced, added } = repair(scheduler, slots, shopOf(SIZES), SEEDS, PLENTY)
  expect(unplaced).toHaveLength(2)
  expect(typesOf(purchase(scheduler, slots, shopOf(SIZES), SEEDS, { steps: PLENTY })?.added)).toEqual(['middle a'])
  expect(typesOf(added)).toEqual(['small a', 'small a'])
})

it('a repair costs no more than the nodes that it bought first, and every order works out on what it ends with', () => {
  let saved = 0
  const sizes = fc.array(fc.constantFrom(100, 250, 500, 1000, 3000), { maxLength: 25, size: 'max' })
  const web = fc.record({ count: fc.nat({ max: 6 }), cpu: fc.constantFrom(100, 400, 900) })
  fc.assert(
    fc.property(sizes, web, fc.nat({ max: 3 }), fc.nat({ max: 2 }), (cpus, { count, cpu }, inZoneA, inZoneB) => {
      const all = [...cpus.flatMap((size, index) => pods(1, size, { workload: `p${index}` })), ...spread(count, cpu)]
      const slots = [...nodes(inZoneA, MIDDLE), ...nodes(inZoneB, inB(SMALL))]
      const scheduler = schedulerFor(all)
      const shop = shopOf([...SIZES, ...SIZES.map(inB)])
      const former = purchase(scheduler, slots, shop, SEEDS, { steps: PLENTY })?.added
      const { added } = repair(scheduler, slots, shop, SEEDS, PLENTY)
      expect(added === undefined).toBe(former === undefined)
      if (added === undefined || former === undefined) return
      expect(worstOver(scheduler, [...slots, ...added], SEEDS)).toEqual([])
      expect(new Set([...slots, ...added].map(({ site }) => site.name)).size).toBe(slots.length + added.length)
      expect(costOf(added)).toBeLessThanOrEqual(costOf(former))
      if (costOf(added) < costOf(former)) saved += 1
    }),
    { numRuns: 100 },
  )
  expect(saved).toBeGreaterThan(10)
})
