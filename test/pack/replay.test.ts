import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Node } from '../../src/domain/cluster.js'
import type { Pod } from '../../src/domain/pod.js'
import { podSlots } from '../../src/domain/units.js'
import { acceptsPods, liveSlot, newSlot, type Slot } from '../../src/pack/draft.js'
import { ReplayScheduler } from '../../src/pack/replay.js'
import { inOrder } from '../../src/pack/replay-board.js'
import { queueOf } from '../../src/pack/replay-queue.js'
import { ReplayScores } from '../../src/pack/replay-scores.js'
import { NaiveBoard } from './naive-board.js'
import { namespaces, world } from './arbitrary.js'
import { HOST, known, liveOf, makeOption, nodeOf, packed, partsOfWorld } from './make-problem.js'
import { makePod, makeSite, resources, type PodParts } from './make.js'

const pod = (name: string, cpu: number, memory: number, parts: PodParts = {}): Pod =>
  makePod(name, { needed: resources(cpu, memory), ...parts })
const ids = (pods: readonly Pod[]): string[] => pods.map(({ name }) => name).sort()
const SEEDS = Array.from({ length: 30 }, (_, seed) => seed + 1)

/** Empty nodes to be bought, each of this many millicores and MiB. */
const empty = (...sizes: readonly (readonly [cpu: number, memory: number])[]): Slot[] =>
  sizes.map(([cpu, memoryMib], index) => newSlot(makeOption(`t${index}`, cpu, 1, { memoryMib }), `n${index}`))

const schedulerFor = (pods: readonly Pod[], stays: readonly Pod[] = []): ReplayScheduler =>
  new ReplayScheduler({ namespaces, pods }, pods, (one) => stays.includes(one))

describe('the queue', () => {
  const pods = Array.from({ length: 12 }, (_, index) => pod(`p${index}`, 1, 1, { priority: index % 3 }))

  it('has the same order whatever the order of the input, and another for another seed', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(pods, { minLength: pods.length }), fc.nat(), (shuffled, seed) => {
        expect(queueOf(shuffled, seed)).toEqual(queueOf(pods, seed))
      }),
    )
    const orders = new Set(SEEDS.map((seed) => ids([queueOf(pods, seed)[0]!])[0]))
    expect(orders.size).toBeGreaterThan(2)
  })

  it('holds every pod once, those of higher priority first', () => {
    for (const seed of [0, ...SEEDS]) {
      const queue = queueOf(pods, seed)
      expect(ids(queue)).toEqual(ids(pods))
      const priorities = queue.map(({ priority }) => priority)
      expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
    }
  })
})

/** With pod slots enough. */
const roomy = (cpu: number, memory: number) =>
  makeSite('n', {}, { allocatable: resources(cpu, memory, { pods: podSlots(110) }) })

describe('the scores', () => {
  const chosen = (
    nodes: readonly (readonly [cpu: number, memory: number])[],
    next: Pod,
    taken: readonly (readonly [number, Pod])[] = [],
  ) => {
    const scores = new ReplayScores()
    for (const [cpu, memory] of nodes) scores.open(roomy(cpu, memory))
    for (const [row, one] of taken) scores.add(row, one, one.held)
    return scores.best(next, Int32Array.from(nodes.keys()), () => true)
  }

  it('send a pod to the node of which most is left', () => {
    const half = [pod('half', 500, 500)] as const
    expect(
      chosen(
        [
          [1000, 1000],
          [1000, 1000],
        ],
        pod('next', 100, 100),
        [[0, half[0]]],
      ),
    ).toBe(1)
    expect(
      chosen(
        [
          [1000, 1000],
          [4000, 4000],
        ],
        pod('next', 100, 100),
      ),
    ).toBe(1)
  })

  it('like CPU and memory to be used alike', () => {
    // As much is left of both nodes: 70 and 30 of 1000 are taken, or 50 and 50.
    const next = pod('next', 10, 10)
    const [lean, even] = [pod('lean', 60, 20), pod('even', 40, 40)]
    expect(
      chosen(
        [
          [1000, 1000],
          [1000, 1000],
        ],
        next,
        [
          [0, lean],
          [1, even],
        ],
      ),
    ).toBe(1)
    // 2 − mean(0.7, 0.3) − 0.4 ÷ 2 = 1.3 against 2 − mean(0.55, 0.55) = 1.45.
    expect(
      chosen(
        [
          [100, 100],
          [100, 100],
        ],
        next,
        [
          [0, lean],
          [1, pod('more', 45, 45)],
        ],
      ),
    ).toBe(1)
    // 1.3 against 2 − 0.75 = 1.25: now the lean one is better.
    expect(
      chosen(
        [
          [100, 100],
          [100, 100],
        ],
        next,
        [
          [0, lean],
          [1, pod('much', 65, 65)],
        ],
      ),
    ).toBe(0)
  })

  it('count a pod that asks for nothing as 100 millicores and 200 MiB', () => {
    const nothing = pod('nothing', 0, 0)
    const next = pod('next', 10, 20)
    const nodes = [
      [1000, 2000],
      [1000, 2000],
    ] as const
    expect(
      chosen(nodes, next, [
        [0, nothing],
        [1, pod('more', 101, 202)],
      ]),
    ).toBe(0)
    expect(
      chosen(nodes, next, [
        [0, nothing],
        [1, pod('less', 99, 198)],
      ]),
    ).toBe(1)
  })

  it('give equal nodes to the one that comes first, and ask the next best where that does not take the pod', () => {
    const scores = new ReplayScores()
    for (const size of [1000, 3000, 2000, 3000]) scores.open(makeSite('n', {}, { allocatable: resources(size, size) }))
    const rows = Int32Array.from([0, 1, 2, 3])
    const asked: number[] = []
    const next = pod('next', 500, 500)
    expect(
      scores.best(next, rows, (row) => {
        asked.push(row)
        return row === 0
      }),
    ).toBe(0)
    expect(asked).toEqual([1, 3, 2, 0])
    expect(scores.best(next, rows, () => true)).toBe(1)
    expect(scores.best(next, rows, () => false)).toBeUndefined()
    expect(scores.best(next, Int32Array.from([2]), () => true)).toBe(2)
  })

  it('hold for more nodes than fit the first table', () => {
    const scores = new ReplayScores()
    const big = pod('big', 600, 600)
    for (let row = 0; row < 200; row += 1) {
      scores.open(makeSite('n', {}, { allocatable: resources(1000, 1000) }))
      if (row !== 150) scores.add(row, big, big.held)
    }
    const rows = Int32Array.from(Array.from({ length: 200 }).keys())
    expect(scores.best(pod('next', 500, 500), rows, () => true)).toBe(150)
  })
})

describe('a refill', () => {
  it('leaves a big pod over in some orders, where small ones were spread over all nodes before', () => {
    const small = Array.from({ length: 4 }, (_, index) => pod(`small-${index}`, 1000, 1000))
    const big = pod('big', 4000, 4000)
    const slots = empty([4000, 4000], [4000, 4000])
    const scheduler = schedulerFor([...small, big])
    const lefts = SEEDS.map((seed) => ids(scheduler.leftOver(slots, seed)).join())
    // As soon as two small ones have come, both nodes hold one.
    expect([...new Set(lefts)].sort()).toEqual(['', 'big'])
    const ranked = SEEDS.map((seed) => queueOf([...small, big], seed).indexOf(big))
    expect(lefts).toEqual(ranked.map((rank) => (rank < 2 ? '' : 'big')))
    const first = schedulerFor([...small, { ...big, priority: 1 }])
    expect(SEEDS.filter((seed) => first.leftOver(slots, seed).length > 0)).toEqual([])
  })

  it('sends a pod where CPU and memory stay in balance', () => {
    const first = pod('first', 2000, 8000, { priority: 1 })
    const second = pod('second', 1000, 9000)
    // On the small node the first pod would leave too little memory for the second, which fits no other.
    const slots = empty([10_000, 10_000], [10_000, 30_000])
    const tied = { ...second, spec: { ...second.spec, nodeSelector: { 'node.kubernetes.io/instance-type': 't0' } } }
    expect(schedulerFor([first, tied]).leftOver(slots, 1)).toEqual([])
  })

  it('counts what comes with the nodes', () => {
    const daemon = pod('daemon', 400, 400)
    const slot = newSlot(makeOption('t', 1000, 1, { memoryMib: 1000, overheadPods: [daemon] }), 'n')
    const pods = [pod('a', 600, 600), pod('b', 1, 1)]
    expect(ids(schedulerFor(pods).leftOver([slot], 1)).length).toBe(1)
    expect(schedulerFor(pods.slice(0, 1)).leftOver([slot], 1)).toEqual([])
  })

  it('tries a pod again that waits for another one', () => {
    const term = [{ topologyKey: HOST, labelSelector: { matchLabels: { app: 'base' } } }]
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term } }
    const base = pod('base', 100, 100, { labels: { app: 'base' }, priority: -1 })
    const guest = pod('guest', 100, 100, { spec: { affinity } })
    const scheduler = schedulerFor([base, guest])
    expect(scheduler.leftOver(empty([1000, 1000], [1000, 1000]), 1, 0)).toEqual([])
    expect(ids(schedulerFor([guest]).leftOver(empty([1000, 1000]), 1))).toEqual(['guest'])
  })

  it('breaks off once more pods are certain to be left over than allowed', () => {
    const pods = Array.from({ length: 20 }, (_, index) => pod(`p${index}`, 1000, 1000))
    const scheduler = schedulerFor(pods)
    const slots = empty([5000, 5000])
    const all = scheduler.leftOver(slots, 1)
    expect(all).toHaveLength(15)
    for (const most of [0, 3, 14]) {
      const some = scheduler.leftOver(slots, 1, most)
      expect(some).toHaveLength(most + 1)
      expect(all).toEqual(expect.arrayContaining([...some]))
    }
    expect(scheduler.leftOver(slots, 1, 15)).toEqual(all)
  })

  it('counts pods × nodes, whatever comes of it', () => {
    const scheduler = schedulerFor([pod('a', 1, 1), pod('b', 1, 1), pod('c', 1, 1)])
    const slots = empty([10, 10], [10, 10])
    expect(scheduler.cost(slots)).toBe(6)
    scheduler.leftOver(slots, 1)
    scheduler.leftOver(slots, 2, 0)
    expect(scheduler.steps).toBe(12)
  })
})

describe('live nodes', () => {
  const option = makeOption('t', 1000, 1, { memoryMib: 1000 })
  const slotOf = (node: Node): Slot => liveSlot(liveOf(node, known(1)))

  it('keep their pods while they are closed, and take no other', () => {
    const node = nodeOf(option, 'old', [pod('a', 300, 300)], { closed: 'not ready', unschedulable: true })
    const other = nodeOf(option, 'new', [pod('b', 600, 600), pod('c', 500, 500)])
    const pods = [...node.pods, ...other.pods]
    const scheduler = schedulerFor(pods)
    const slots = [slotOf(node), slotOf(other)]
    expect(slots.map(acceptsPods)).toEqual([false, true])
    for (const seed of SEEDS) expect(ids(scheduler.leftOver(slots, seed))).not.toContain('a')
    // b and c do not go together, and the closed node has no room for either.
    for (const seed of SEEDS) expect(scheduler.leftOver(slots, seed)).toHaveLength(1)
    // Without the closed node its pod needs a place like any other: 300 + 600 fit, 500 is left over, or 300 + 500 fit.
    for (const seed of SEEDS) expect(scheduler.leftOver(slots.slice(1), seed)).toHaveLength(1)
  })

  it('keep pods that nothing which can be bought takes', () => {
    const node = nodeOf(option, 'old', [pod('a', 900, 900, { spec: { nodeSelector: { gone: 'yes' } } })])
    const other = nodeOf(option, 'new', [pod('b', 200, 200)])
    const [a, b] = [...node.pods, ...other.pods]
    const slots = [slotOf(node), slotOf(other)]
    expect(ids(schedulerFor([a!, b!]).leftOver(slots, 1))).toEqual(['a'])
    const scheduler = schedulerFor([a!, b!], [a!])
    expect(scheduler.leftOver(slots, 1)).toEqual([])
    expect(ids(scheduler.leftOver(slots.slice(0, 1), 1))).toEqual(['b'])
    expect(ids(scheduler.leftOver(slots.slice(1), 1))).toEqual(['a'])
  })

  it('hold what stays as it is held, and what comes as it asks', () => {
    const grown = pod('a', 100, 100, { held: resources(900, 900) })
    const closed = nodeOf(option, 'old', [grown], { closed: 'cordoned' })
    const open = nodeOf(option, 'old', [grown])
    const next = pod('b', 200, 200)
    expect(ids(schedulerFor([...closed.pods, next]).leftOver([slotOf(closed)], 1))).toEqual(['b'])
    expect(schedulerFor([...open.pods, next]).leftOver([slotOf(open)], 1)).toEqual([])
  })

  it('fill up by pod slots as well', () => {
    const few = { ...option, allocatable: resources(1000, 1000, { pods: podSlots(2) }) }
    const node = nodeOf(few, 'n', [pod('a', 1, 1), pod('b', 1, 1), pod('c', 1, 1)])
    expect(schedulerFor(node.pods).leftOver([slotOf(node)], 1)).toHaveLength(1)
  })
})

describe('on random clusters', () => {
  const input = fc.tuple(world, fc.integer({ min: 1, max: 5 }))

  it('leaves its board as it was, and does not depend on the order of the pods', () => {
    let left = 0
    fc.assert(
      fc.property(input, ([one, seed]) => {
        const { cluster, state } = packed(partsOfWorld(one, [1]))
        const slots = state.problem.groups.flatMap(({ live }) => live.map(liveSlot))
        const scheduler = new ReplayScheduler(state.context, cluster.pods, () => false)
        const first = scheduler.leftOver(slots, seed)
        scheduler.leftOver(slots, seed + 1)
        scheduler.leftOver(slots.slice(1), seed, 0)
        expect(scheduler.leftOver(slots, seed)).toEqual(first)
        const turned = new ReplayScheduler(
          { ...state.context, pods: state.context.pods.toReversed() },
          cluster.pods.toReversed(),
          () => false,
        )
        expect(turned.leftOver(slots, seed)).toEqual(first)
        left += first.length
      }),
      { numRuns: 100 },
    )
    expect(left).toBeGreaterThan(50)
  })

  it('fills nodes as a scheduler does that asks every node about every pod', () => {
    fc.assert(
      fc.property(input, ([one, seed]) => {
        const { cluster, state } = packed(partsOfWorld(one, [1]))
        const slots = inOrder(state.problem.groups.flatMap(({ live }) => live.map(liveSlot)))
        const scheduler = new ReplayScheduler(state.context, cluster.pods, () => false)
        expect(ids(scheduler.leftOver(slots, seed))).toEqual(ids(naiveRefill(slots, cluster.pods, seed)))
      }),
      { numRuns: 150 },
    )
  })
})

/** By the rules once more, from scratch, with the scores as kube-scheduler's documents give them. */
function naiveRefill(slots: readonly Slot[], pods: readonly Pod[], seed: number): Pod[] {
  const board = new NaiveBoard(namespaces)
  for (const { site } of slots) board.sites.push({ site, pods: [], reserved: [] })
  const stuck = new Set<Pod>()
  slots.forEach((slot, index) => {
    if (acceptsPods(slot) || slot.origin.kind === 'new') return
    for (const one of slot.origin.live.pods) {
      board.sites[index]!.pods.push({ pod: one, as: 'held' })
      stuck.add(one)
    }
  })
  const scoreOf = (one: Pod, index: number): number => {
    const { site, pods: here } = board.sites[index]!
    const wants = ({ needed }: Pod): [number, number] => [needed.cpu || 100, needed.memory || 200 * 1024 * 1024]
    const all = [...here.map((each) => each.pod), one].map(wants)
    const share = (at: 0 | 1, has: number): number => {
      const used = all.reduce((total, each) => total + each[at], 0)
      return Math.min(1, used / Math.max(1, has))
    }
    const shares = [share(0, site.allocatable.cpu), share(1, site.allocatable.memory)]
    const mean = (values: readonly number[]): number =>
      values.reduce((total, value) => total + value, 0) / values.length
    const deviation = Math.sqrt(mean(shares.map((each) => (each - mean(shares)) ** 2)))
    return mean(shares.map((each) => 1 - each)) + (1 - deviation)
  }
  let waiting = queueOf(pods, seed).filter((one) => !stuck.has(one))
  for (;;) {
    const next = waiting.filter((one) => {
      const fitting = slots.map((_, index) => index).filter((index) => board.refusing(one, index).length === 0)
      if (fitting.length === 0) return true
      const scored = fitting.map((index) => ({ index, score: scoreOf(one, index) }))
      const best = scored.reduce((a, b) => (b.score > a.score + 1e-9 ? b : a))
      board.sites[best.index]!.pods.push({ pod: one, as: 'needed' })
      return false
    })
    if (next.length === 0 || next.length === waiting.length) return next
    waiting = next
  }
}
