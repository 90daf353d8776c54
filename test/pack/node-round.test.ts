import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { inTurns, nodesToFind } from '../../src/pack/replay/node-round.js'
import { ReplayBoard } from '../../src/pack/replay/replay-board.js'
import { generator, shuffled } from '../../src/pack/replay/replay-queue.js'
import { namespaces } from './arbitrary.js'
import { makeOption } from './make-problem.js'
import { makePod, resources } from './make.js'
import { NaiveBoard } from './naive-board.js'
import { naivePoints } from './naive-scores.js'

const ZONE = 'topology.kubernetes.io/zone'
const ZONES = ['a', 'b', 'c']

const slotsOf = (nodes: readonly { readonly cpu: number; readonly zone: string }[]): Slot[] =>
  nodes.map(({ cpu, zone }, index) => {
    const option = makeOption('t', cpu, 1, { zone, memoryMib: 2 * cpu })
    return newSlot({ ...option, labels: { ...option.labels, size: `${cpu}` } }, `n${index}`)
  })
const nodes = (count: number, random = generator(count)) =>
  Array.from({ length: count }, () => ({ cpu: 1000 * (1 + random(3)), zone: ZONES[random(3)]! }))

describe('how many nodes are enough to choose among', () => {
  it.each([
    [1, 1],
    [99, 99],
    [100, 100],
    [101, 100],
    [200, 100],
    [300, 144],
    [1000, 420],
    [5000, 500],
    [5625, 281],
    [20000, 1000],
  ])('of %i nodes %i', (all, some) => {
    expect(nodesToFind(all)).toBe(some)
  })
})

describe('the order of the round', () => {
  it('takes a node from each zone in turn, until a zone has no more', () => {
    const slots = slotsOf([...nodes(30), ...Array.from({ length: 20 }, () => ({ cpu: 500, zone: 'a' }))])
    const order = inTurns(slots).map(({ site }) => site.labels[ZONE]!)
    const fewest = Math.min(...ZONES.map((zone) => order.filter((one) => one === zone).length))
    expect(order.slice(0, 3 * fewest)).toEqual(Array.from({ length: fewest }, () => ZONES).flat())
    expect(order).toHaveLength(slots.length)
  })

  it('does not depend on the order of the nodes, and mixes their sizes', () => {
    const slots = slotsOf(nodes(200))
    const sizes = (some: readonly Slot[]): string[] => inTurns(some).map(({ site }) => site.labels['size']!)
    expect(sizes(shuffled([...slots], 3))).toEqual(sizes(slots))
    const early = sizes(slots).slice(0, 60)
    expect(new Set(early).size).toBe(3)
  })

  it('is much the same without one of the nodes', () => {
    const slots = slotsOf(nodes(200))
    const kinds = (some: readonly Slot[]): string[] =>
      inTurns(some)
        .filter(({ site }) => site.labels[ZONE] === 'a')
        .map(({ site }) => site.labels['size']!)
    const [before, after] = [kinds(slots), kinds(slots.slice(1))]
    const all = new Set(before.keys())
    const kept = [...all].filter((at) => before[at] === after[at] || before[at] === after[at - 1])
    expect(kept.length).toBeGreaterThan(0.9 * before.length)
  })
})

describe('in a large cluster', () => {
  it('every pod goes to the best of the nodes at which the scheduler looks, which go on where the last ones ended', () => {
    const size = fc.constantFrom(101, 130, 260)
    const pod = fc.record({
      cpu: fc.integer({ min: 100, max: 900 }),
      memory: fc.integer({ min: 100, max: 900 }),
      bound: fc.constantFrom(undefined, undefined, '1000', '2000', '9'),
      isAlone: fc.boolean(),
    })
    let narrowed = 0
    let refused = 0
    fc.assert(
      fc.property(size, fc.array(pod, { minLength: 5, maxLength: 25 }), fc.nat(), (count, parts, seed) => {
        const slots = inTurns(slotsOf(nodes(count, generator(seed))))
        const pods = parts.map(({ cpu, memory, bound, isAlone }, index): Pod => {
          const apart = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' }
          return makePod(`p${index}`, {
            labels: { app: 'web' },
            needed: resources(cpu, memory),
            spec: {
              ...(bound === undefined ? {} : { nodeSelector: { size: bound } }),
              ...(isAlone
                ? { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } } }
                : {}),
            },
          })
        })
        const board = new ReplayBoard({ namespaces, pods })
        board.stand(slots, () => [])
        const naive = new NaiveBoard(namespaces)
        for (const { site } of slots) naive.sites.push({ site, pods: [] })
        let next = seed % count
        board.begin(() => next)
        const random = generator(seed)
        for (const one of pods) {
          const window: number[] = []
          let looked = 0
          for (; looked < count && window.length < nodesToFind(count); looked += 1) {
            const index = (next + looked) % count
            if (naive.refusing(one, index).length === 0) window.push(index)
          }
          next = (next + looked) % count
          if (looked < count) narrowed += 1
          const points = naivePoints(naive, one, window)
          const most = Math.max(...points.values())
          const entry = board.entryOf(one)
          const row = board.best(entry, random)
          if (row === undefined) {
            expect(window).toEqual([])
            refused += 1
            continue
          }
          expect(window.filter((index) => points.get(index) === most)).toContain(row)
          board.put(entry, row)
          naive.sites[row]!.pods.push({ pod: one, as: 'needed' })
        }
      }),
      { numRuns: 30 },
    )
    expect(narrowed).toBeGreaterThan(50)
    expect(refused).toBeGreaterThan(10)
  })
})
