import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { liveSlot, type Slot } from '../../src/pack/draft.js'
import { choiceOf, fleetChoices, nearest, SLACKS, type Choice, type Pool } from '../../src/pack/replay/fleet.js'
import { type Market } from '../../src/pack/machines.js'
import { mayHold } from './may-hold.js'
import { cheapestFirst } from '../../src/pack/shapes.js'
import { Stock } from '../../src/pack/stock.js'
import { known, liveOf, makeOption, nodeOf, ZONE } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const pods = (count: number, cpu: number, memoryMib = 0, parts: PodParts = {}): Pod[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `${cpu}-${memoryMib}-${JSON.stringify(parts)}-${index}`
    return makePod(name, { needed: resources(cpu, memoryMib), ...parts })
  })
const inZone = (zone: string): PodParts => ({ spec: { nodeSelector: { [ZONE]: zone } } })

/** Pods with the same rules and size get the same list, as they do from the group's market. */
function marketOf(options: readonly NodeOption[]): Market {
  const sorted = cheapestFirst(options)
  const lists = new Map<string, readonly NodeOption[]>()
  return {
    options: sorted,
    that: (pod) => {
      const key = JSON.stringify([pod.needed, pod.spec.nodeSelector])
      const list = lists.get(key) ?? sorted.filter((option) => mayHold(option, pod, () => true))
      lists.set(key, list)
      return list
    },
  }
}

const machine = (option: NodeOption): string => `${option.instanceType}/${option.zone}/${option.capacityType}`
function counts({ slots }: Choice): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { origin, site } of slots) {
    const key = origin.kind === 'new' ? machine(origin.option) : site.name
    found[key] = (found[key] ?? 0) + 1
  }
  return found
}
const slotOf = (option: NodeOption, name: string, parts: Parameters<typeof nodeOf>[3] = {}): Slot =>
  liveSlot(liveOf(nodeOf(option, name, [], parts), option.price))

function choices(
  options: readonly NodeOption[],
  pools: readonly Pool[],
  live: { fixed?: Slot[]; reusable?: Slot[] } = {},
) {
  const all = fleetChoices(
    { fixed: live.fixed ?? [], reusable: live.reusable ?? [] },
    pools,
    marketOf(options),
    new Stock('fleet'),
  )
  return {
    all,
    of: (cores: number, slack: number): Choice => {
      const found = all.find((choice) => choice.cores === cores && choice.slack === slack)
      if (found === undefined) throw new Error(`no choice of ${cores} cores and slack ${slack}`)
      return found
    },
  }
}
const onDemand = (all: readonly Pod[]): Pool[] => [{ spot: false, pods: all }]
const zones = (type: string, cpu: number, rate: number, names = ['a', 'b', 'c']): NodeOption[] =>
  names.map((zone) => makeOption(type, cpu, rate, { zone }))

describe('fleets of a group', () => {
  it('have as many nodes as the requests take with each slack, and cost what these do', () => {
    // 20 cores on nodes of 4: 5 are full, 6 with 3 or 10 % kept free, 7 with 20 %, 8 with 35 %.
    const { all, of } = choices(zones('m', 4000, 7, ['a']), onDemand(pods(20, 1000)))
    expect(all.map(({ slack, slots, rate }) => [slack, slots.length, rate])).toEqual([
      [0.03, 6, 42],
      [0.1, 6, 42],
      [0.2, 7, 49],
      [0.35, 8, 56],
    ])
    expect(SLACKS).toEqual(all.map(({ slack }) => slack))
    expect(of(4, 0.35).rate).toBe(of(4, 0.35).slots.length * 7)
  })

  it('are made for the resource that is scarcest: memory, pod slots, devices', () => {
    const size = (all: readonly Pod[], option: NodeOption): number =>
      choices([option], onDemand(all)).of(4, 0.2).slots.length
    expect(size(pods(4, 100, 3000), makeOption('m', 4000, 7, { memoryMib: 5000 }))).toBe(3)
    expect(size(pods(30, 1, 1), makeOption('m', 4000, 7, { slots: 10 }))).toBe(3)
    const withGpus = makeOption('m', 4000, 7)
    const gpus = { ...withGpus, allocatable: { ...withGpus.allocatable, extended: { gpu: 2 } } }
    const asking = pods(5, 1, 1).map((pod): Pod => ({ ...pod, needed: { ...pod.needed, extended: { gpu: 1 } } }))
    expect(size(asking, gpus)).toBe(3)
  })

  it('are of one type for each number of cores: the one whose nodes cost the least together', () => {
    const options = [makeOption('dear', 4000, 9), makeOption('cheap', 4000, 7), makeOption('large', 8000, 20)]
    const { all, of } = choices(options, onDemand(pods(20, 1000)))
    expect(counts(of(4, 0.1))).toEqual({ 'cheap/a/on-demand': 6 })
    expect(counts(of(8, 0.1))).toEqual({ 'large/a/on-demand': 3 })
    expect(all).toHaveLength(2 * SLACKS.length)
    // A type with less memory is cheaper by the node, and takes more of them.
    const lean = makeOption('lean', 4000, 6, { memoryMib: 1000 })
    expect(counts(choices([...options, lean], onDemand(pods(20, 1000, 500))).of(4, 0.1))).toEqual({
      'cheap/a/on-demand': 6,
    })
  })

  it('are spread evenly over the zones, beside what pods are bound to', () => {
    const even = choices(zones('m', 4000, 7), onDemand(pods(20, 1000)))
    expect(counts(even.of(4, 0.2))).toEqual({ 'm/a/on-demand': 3, 'm/b/on-demand': 2, 'm/c/on-demand': 2 })
    // 11 of the 20 cores must be in zone b: four nodes there, the other three where there are fewest.
    const bound = choices(zones('m', 4000, 7), onDemand([...pods(11, 1000, 0, inZone('b')), ...pods(9, 1000)]))
    expect(counts(bound.of(4, 0.2))).toEqual({ 'm/b/on-demand': 4, 'm/a/on-demand': 2, 'm/c/on-demand': 1 })
    // Each bound zone is rounded up by itself.
    const three = ['a', 'b', 'c'].flatMap((zone) => pods(1, 1000, 0, inZone(zone)))
    expect(counts(choices(zones('m', 4000, 7), onDemand(three)).of(4, 0.03))).toEqual({
      'm/a/on-demand': 1,
      'm/b/on-demand': 1,
      'm/c/on-demand': 1,
    })
  })

  it('are of no type that a zone with bound pods does not offer', () => {
    const options = [...zones('narrow', 4000, 5, ['a', 'c']), ...zones('wide', 8000, 16)]
    const half = [...pods(2, 1000, 0, inZone('b')), ...pods(20, 1000)]
    expect([...new Set(choices(options, onDemand(half)).all.map(({ cores }) => cores))]).toEqual([8])
  })

  it('are of a type that holds nine tenths of the pods, not of one that is too small for most', () => {
    const options = [makeOption('small', 1000, 1), makeOption('large', 4000, 5)]
    const cores = (all: readonly Pod[]) => [
      ...new Set(choices(options, onDemand(all)).all.map((choice) => choice.cores)),
    ]
    expect(cores([...pods(18, 500), ...pods(2, 2000)])).toEqual([1, 4])
    expect(cores([...pods(17, 500), ...pods(3, 2000)])).toEqual([4])
  })

  it('use nodes of today of the kind before any is bought', () => {
    const options = zones('m', 4000, 7, ['a', 'b'])
    const [a, b] = options
    const other = makeOption('other', 4000, 99)
    const reusable = [
      slotOf(a!, 'first'),
      slotOf(a!, 'second'),
      slotOf(b!, 'unlabelled', { capacityType: undefined }),
      slotOf(b!, 'closed', { closed: 'cordoned' }),
      slotOf(other, 'of-another-type'),
    ]
    const { of } = choices(options, onDemand(pods(20, 1000)), { reusable })
    expect(counts(of(4, 0.2))).toEqual({ first: 1, second: 1, 'm/a/on-demand': 2, unlabelled: 1, 'm/b/on-demand': 2 })
    // Fewer nodes than there are: the first ones are used.
    const few = choices(options, onDemand(pods(2, 1000)), { reusable })
    expect(counts(few.of(4, 0.03))).toEqual({ first: 1 })
  })

  it('come beside the nodes that stay, whose price counts', () => {
    const stays = slotOf(makeOption('other', 4000, 99), 'stays')
    const choice = choices(zones('m', 4000, 7, ['a']), onDemand(pods(2, 1000)), { fixed: [stays] }).of(4, 0.1)
    expect(counts(choice)).toEqual({ stays: 1, 'm/a/on-demand': 1 })
    expect(choice.rate).toBe(106)
  })

  it('have nodes of both capacity types where pods want both', () => {
    const spot = makeOption('s', 8000, 2, { capacityType: 'spot' })
    const pools: Pool[] = [
      { spot: true, pods: pods(10, 1000) },
      { spot: false, pods: pods(6, 1000) },
    ]
    const { all, of } = choices([...zones('m', 4000, 7, ['a']), spot], pools)
    expect(counts(of(4, 0.2))).toEqual({ 's/a/spot': 2, 'm/a/on-demand': 2 })
    expect(new Set(all.map(({ cores }) => cores))).toEqual(new Set([4, 8]))
    expect(choices(zones('m', 4000, 7, ['a']), pools).all).toEqual([])
  })
})

describe('a size that is not there', () => {
  it('is taken from the next one below, or else the smallest', () => {
    expect(nearest([2, 4, 16], 8)).toBe(4)
    expect(nearest([2, 4, 16], 16)).toBe(16)
    expect(nearest([16, 4, 2], 8)).toBe(4)
    expect(nearest([4, 16], 2)).toBe(4)
    expect(nearest([16, 4], 99)).toBe(16)
    expect(nearest([], 8)).toBe(8)
  })
})

it('nodes without a price add nothing to what a choice costs', () => {
  const option = makeOption('m', 4000, 7)
  const unpriced = liveSlot(liveOf(nodeOf(option, 'n'), { kind: 'unknown', why: 'test' }))
  const priced = liveSlot(liveOf(nodeOf(option, 'p'), known(5)))
  expect(choiceOf([unpriced, priced])).toMatchObject({ cores: 0, slack: 0, rate: 5 })
})
