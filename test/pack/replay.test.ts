import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Node } from '../../src/domain/cluster.js'
import type { Pod } from '../../src/domain/pod.js'
import { podSlots } from '../../src/domain/units.js'
import { acceptsPods, liveSlot, newSlot, type Slot } from '../../src/pack/draft.js'
import { ReplayScheduler } from '../../src/pack/replay/replay.js'
import { inOrder } from '../../src/pack/replay/node-kind.js'
import { ReplayBoard } from '../../src/pack/replay/replay-board.js'
import { generator, queueOf, type Random } from '../../src/pack/replay/replay-queue.js'
import { scoredRequests } from '../../src/pack/replay/replay-requests.js'
import { ReplayScores } from '../../src/pack/replay/replay-scores.js'
import { NaiveBoard } from './naive-board.js'
import { naivePoints } from './naive-scores.js'
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

const first = (): number => 0

describe('the scores', () => {
  const chosen = (
    nodes: readonly (readonly [cpu: number, memory: number])[],
    next: Pod,
    taken: readonly (readonly [number, Pod])[] = [],
    random: Random = first,
  ) => {
    const scores = new ReplayScores()
    for (const [cpu, memory] of nodes) scores.open(roomy(cpu, memory))
    for (const [row, one] of taken) scores.add(row, scores.scoredOf(one), one.held)
    return scores.best(scores.scoredOf(next), Int32Array.from(nodes.keys()), undefined, random)
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

  const container = (requests: Readonly<Record<string, string>>, more: object = {}) => ({
    name: 'c',
    resources: { requests },
    ...more,
  })

  it('count each container without a request as 100 millicores and 200 MiB, and a request of 0 as none', () => {
    const MIB = 1024 * 1024
    for (const [spec, cpu, mebibytes] of [
      [{ containers: [container({}), container({ cpu: '50m' })] }, 150, 400],
      [{ containers: [container({ cpu: '0', memory: '10Mi' })] }, 0, 10],
      [{ containers: [container({})], resources: { requests: { cpu: '20m' } } }, 20, 200],
      [{ containers: [container({})], overhead: { cpu: '5m' } }, 105, 200],
      [{ containers: [container({}), { name: 'd', resources: { limits: { cpu: '70m' } } }] }, 170, 400],
      // The larger phase counts: an init container by itself, or what runs beside its side-cars.
      [{ containers: [container({})], initContainers: [container({ cpu: '300m' })] }, 300, 200],
      [{ containers: [container({})], initContainers: [container({}, { restartPolicy: 'Always' })] }, 200, 400],
    ] as const) {
      // What the spec leaves open counts by the containers, all else as the pod's own sum says.
      const asks = resources('resources' in spec ? 20 : 0, 10)
      const found = scoredRequests(makePod('p', { spec, needed: asks }))
      expect(found, JSON.stringify(spec)).toEqual({ cpu, memory: mebibytes * MIB })
    }
    expect(scoredRequests(pod('p', 7, 9))).toEqual({ cpu: 7, memory: 9 * MIB })
  })

  it('count in whole points, and draw among nodes that have equally many', () => {
    const nodes = [
      [1000, 1000],
      [1000, 1000],
      [1000, 1000],
    ] as const
    // 899 and 896 of 1000 are left: both are 89 points. 889 are 88.
    const taken = [
      [0, pod('a', 1, 1)],
      [1, pod('b', 4, 4)],
      [2, pod('c', 11, 11)],
    ] as const
    const next = pod('next', 100, 100)
    const drawn = new Set(SEEDS.map((seed) => chosen(nodes, next, taken, generator(seed))))
    expect(drawn).toEqual(new Set([0, 1]))
  })

  it('do not look at the balance for a pod that asks for nothing', () => {
    const nodes = [
      [1000, 1000],
      [1000, 1000],
    ] as const
    const taken = [
      [0, pod('lean', 600, 0)],
      [1, pod('even', 310, 310)],
    ] as const
    // 70 against 69 points; 70 + 70 against 68 + 100 for one that asks for something.
    expect(chosen(nodes, pod('nothing', 0, 0), taken)).toBe(0)
    expect(chosen(nodes, pod('something', 10, 10), taken)).toBe(1)
  })

  it('spread the pods of a controller over hosts and zones before they look at what is left', () => {
    const owner = { kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }
    const replica = (name: string): Pod => pod(name, 100, 100, { owner })
    const scores = new ReplayScores()
    // Node 0 is the largest by far; 0 and 1 are in one zone.
    for (const [size, zone] of [
      [10_000, 'a'],
      [1000, 'a'],
      [500, 'b'],
    ] as const)
      scores.open({ ...roomy(size, size), labels: { 'topology.kubernetes.io/zone': zone } })
    const rows = Int32Array.from([0, 1, 2])
    const put = (name: string, one = scores.scoredOf(replica(name))): number | undefined => {
      const row = scores.best(one, rows, undefined, first)
      if (row !== undefined) scores.add(row, one, replica(name).needed)
      return row
    }
    scores.keep()
    // 100·(10 + 6 − 10)/10 = 60 points for its own node against 80 in its zone and 100 in the other, twice.
    expect([put('1'), put('2'), put('3')]).toEqual([0, 2, 1])
    scores.reset()
    expect([put('1'), put('2'), put('3')]).toEqual([0, 2, 1])
    const lonely = scores.scoredOf(pod('lonely', 100, 100))
    expect(scores.best(lonely, rows, undefined, first)).toBe(0)
    expect(lonely.spread).toBeUndefined()
    const constrained = { topologySpreadConstraints: [{ topologyKey: HOST, maxSkew: 1 }] }
    expect(
      scores.scoredOf({ ...replica('own'), spec: makePod('own', { spec: constrained }).spec }).spread,
    ).toBeUndefined()
    expect(scores.scoredOf(pod('job', 1, 1, { owner: { ...owner, kind: 'Job' } })).spread).toBeUndefined()
  })

  it('ask the next best where a node does not take the pod', () => {
    const scores = new ReplayScores()
    for (const size of [1000, 3000, 2000, 3000]) scores.open(roomy(size, size))
    const rows = Int32Array.from([0, 1, 2, 3])
    const asked: number[] = []
    const next = scores.scoredOf(pod('next', 500, 500))
    const takes = (row: number): boolean => {
      asked.push(row)
      return row === 0
    }
    expect(scores.best(next, rows, takes, first)).toBe(0)
    expect(asked).toEqual([1, 3, 2, 0])
    expect(scores.best(next, rows, undefined, first)).toBe(1)
    expect(scores.best(next, rows, () => false, first)).toBeUndefined()
    expect(scores.best(next, Int32Array.from([2]), undefined, first)).toBe(2)
  })

  it('hold for more nodes than fit the first table', () => {
    const scores = new ReplayScores()
    const big = pod('big', 600, 600)
    for (let row = 0; row < 200; row += 1) {
      scores.open(roomy(1000, 1000))
      if (row !== 150) scores.add(row, scores.scoredOf(big), big.held)
    }
    const rows = Int32Array.from(Array.from({ length: 200 }).keys())
    expect(scores.best(scores.scoredOf(pod('next', 500, 500)), rows, undefined, first)).toBe(150)
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
    const all = schedulerFor(pods).leftOver(slots, 1)
    expect(all).toHaveLength(15)
    for (const most of [0, 3, 14]) {
      const some = scheduler.leftOver(slots, 1, most)
      expect(some).toHaveLength(most + 1)
      expect(all).toEqual(expect.arrayContaining([...some]))
    }
    expect(scheduler.leftOver(slots, 1, 15)).toEqual(all)
  })

  it('is not run again where it has been seen, as far as it went', () => {
    const pods = Array.from({ length: 20 }, (_, index) => pod(`p${index}`, 1000, 1000))
    const scheduler = schedulerFor(pods)
    const slots = empty([5000, 5000])
    const some = scheduler.leftOver(slots, 1, 3)
    expect(scheduler.leftOver(slots, 1, 2)).toBe(some)
    const all = scheduler.leftOver(slots, 1)
    expect(scheduler.leftOver([...slots], 1, 0)).toBe(all)
    expect(scheduler.leftOver(slots, 2)).not.toBe(all)
    expect(scheduler.leftOver(empty([5000, 5000], [5000, 5000]), 1)).toHaveLength(10)
    scheduler.prioritise(({ name }) => (name === 'p0' ? 1 : 0))
    expect(scheduler.leftOver(slots, 1)).not.toBe(all)
    expect(scheduler.steps).toBe(20 * 7 + 20)
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

  it('every pod goes to a node that the rules allow and that scores best, and to none only where all refuse', () => {
    let drawn = 0
    fc.assert(
      fc.property(input, ([one, seed]) => {
        const { cluster, state } = packed(partsOfWorld(one, [1]))
        const slots = inOrder(state.problem.groups.flatMap(({ live }) => live.map(liveSlot)))
        const board = new ReplayBoard(state.context)
        board.stand(slots, () => [])
        const naive = new NaiveBoard(namespaces)
        for (const { site } of slots) naive.sites.push({ site, pods: [] })
        const firstRow = state.context.fixed?.length ?? 0
        const random = generator(seed)
        for (const next of queueOf(cluster.pods, seed)) {
          const fitting = [...slots.keys()].filter((index) => naive.refusing(next, index).length === 0)
          const points = naivePoints(naive, next, fitting)
          const most = Math.max(...points.values())
          const best = fitting.filter((index) => points.get(index) === most)
          if (best.length > 1) drawn += 1
          const entry = board.entryOf(next)
          const row = board.best(entry, random)
          if (row === undefined) expect(best).toEqual([])
          else {
            expect(best).toContain(row - firstRow)
            board.put(entry, row)
            naive.sites[row - firstRow]!.pods.push({ pod: next, as: 'needed' })
          }
        }
      }),
      { numRuns: 150 },
    )
    expect(drawn).toBeGreaterThan(50)
  })
})
