import { describe, expect, it } from 'vitest'
import type { Node } from '../../src/domain/cluster.js'
import type { Pod } from '../../src/domain/pod.js'
import type { Resources } from '../../src/domain/resources.js'
import { podSlots } from '../../src/domain/units.js'
import { createBoard } from '../../src/pack/board/board.js'
import { groupBins, type GroupBins } from '../../src/pack/bins/group-bins.js'
import { nodeLimits } from '../../src/pack/draft.js'
import { Machines } from '../../src/pack/machines.js'
import { Rivals } from '../../src/pack/bins/rivals.js'
import type { ProblemFacts } from '../../src/pack/state.js'
import { volumeCounts } from '../../src/pack/board/volume-counts.js'
import { HOST, known, makeOption, nodeOf, onlyGroup, packed, ZONE, type ClusterParts } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const MIB = 2 ** 20
const DEDICATED = { key: 'dedicated', value: 'x', effect: 'NoSchedule' }

const pod = (name: string, cpu: number, memory = 0, parts: PodParts = {}): Pod =>
  makePod(name, { needed: resources(cpu, memory), ...parts })
const pods = (count: number, name: string, cpu: number, memory = 0): Pod[] =>
  Array.from({ length: count }, (_, index) => pod(`${name}${index}`, cpu, memory))
const size = (cpu: number, memory: number, slots: number, extended = {}): Resources =>
  resources(cpu, memory, { pods: podSlots(slots), extended })

const small = makeOption('small', 2000, 20, { memoryMib: 4000, slots: 10 })
const large = makeOption('large', 4000, 35, { memoryMib: 8000, slots: 20 })

/** The bins of the only group; with `repack`, nothing may be bought. */
function binsOf(parts: ClusterParts, repack = false): GroupBins {
  const all = packed(parts)
  const { problem, context } = all.state
  const board = createBoard(context)
  const machines = new Machines(problem, (one) => board.classKey(one))
  const group = onlyGroup(all)
  const { options, that } = machines.on(group, undefined)
  return groupBins({
    group,
    options: repack ? [] : options,
    machinesFor: repack ? () => [] : that,
    suits: problem.suits,
    interests: problem.interests,
    rails: nodeLimits(problem),
    rivals: new Rivals(problem, board, []),
    volumesOf: volumeCounts(problem),
    mayKeep: () => true,
    podKind: (one) => machines.kindOf(one),
    placementKey: (one) => board.placementKey(one),
  })
}

/** Machines, or nodes of today. */
const nameOf = ({ machines, nodes }: GroupBins, type: number): string =>
  [...machines[type]!, ...nodes[type]!.map(({ node }) => node.name)].join(' ')

/** In the units of the input: one line per bin type, then one per class with the names of its bin types. */
const shown = (bins: GroupBins) => ({
  types: bins.problem.types.map(({ cost, capacity, limit }, index) => [nameOf(bins, index), cost, capacity, limit]),
  classes: bins.problem.classes.map(({ size: each, count, types }, index) => ({
    pods: bins.pods[index]!.map(({ name }) => name).join(' '),
    size: each,
    count,
    may: types?.map((type) => nameOf(bins, type)),
  })),
})
/** Names of the bin types that the class of this pod may use. */
const homesOf = (bins: GroupBins, name: string): readonly string[] | undefined =>
  shown(bins).classes.find((one) => one.pods.split(' ').includes(name))?.may

describe('classes', () => {
  it('are of pods with one size, in the largest units that all sizes are whole numbers of', () => {
    const bins = binsOf({
      nodes: [nodeOf(large, 'n0', [...pods(3, 'a', 500, 1000), pod('b', 1000, 2000)])],
      options: [large, small],
    })
    expect(bins.problem.resources).toEqual(['cpu', 'memory', 'pods'])
    expect(shown(bins)).toEqual({
      types: [
        ['small/a/on-demand', 20, [4, 4, 10], undefined],
        ['large/a/on-demand', 35, [8, 8, 20], undefined],
      ],
      classes: [
        { pods: 'a0 a1 a2', size: [1, 1, 1], count: 3, may: ['small/a/on-demand', 'large/a/on-demand'] },
        { pods: 'b', size: [2, 2, 1], count: 1, may: ['small/a/on-demand', 'large/a/on-demand'] },
      ],
    })
    expect(bins.paid).toBe(0)
  })

  it('round the room of machines down to whole units, and take a resource that nobody asks for as it is', () => {
    const odd = makeOption('odd', 1999, 20, { memoryMib: 4000, slots: 10 })
    const { problem } = binsOf({ nodes: [nodeOf(odd, 'n0', [pod('a', 1000)])], options: [odd] })
    expect(problem.types.map(({ capacity }) => capacity)).toEqual([[1, 4000 * MIB, 10]])
  })

  it('take a pod for as little as it holds or asks for, resource by resource', () => {
    const moving = makePod('a', { needed: resources(1000, 100), held: resources(400, 300) })
    const { problem } = binsOf({ nodes: [nodeOf(small, 'n0', [moving, pod('b', 1, 1)])], options: [small] })
    expect(problem.classes.map((one) => one.size)).toEqual([
      [400, 100, 1],
      [1, 1, 1],
    ])
  })

  it('count devices, by name', () => {
    const gpu = { 'nvidia.com/gpu': 1 }
    const withGpus = {
      ...makeOption('gpu', 4000, 90),
      allocatable: size(4000, 8000, 20, { 'nvidia.com/gpu': 4, 'a/b': 3 }),
    }
    const needed = resources(10, 10, { extended: gpu })
    const node = nodeOf(withGpus, 'n0', [makePod('a', { needed }), pod('b', 10, 10)])
    const bins = binsOf({ nodes: [node], options: [withGpus, small] })
    expect(bins.problem.resources).toEqual(['cpu', 'memory', 'pods', 'nvidia.com/gpu'])
    expect(bins.problem.types.map(({ capacity }) => capacity[3])).toEqual([0, 4])
    expect(homesOf(bins, 'a')).toEqual(['gpu/a/on-demand'])
    expect(homesOf(bins, 'b')).toEqual(['small/a/on-demand', 'gpu/a/on-demand'])
  })

  it('of one size are apart where rules send them to different machines', () => {
    const b = makeOption('small', 2000, 20, { memoryMib: 4000, slots: 10, zone: 'b' })
    const bound = pod('bound', 100, 100, { spec: { nodeSelector: { [ZONE]: 'b' } } })
    const bins = binsOf({ nodes: [nodeOf(b, 'n0', [pod('free', 100, 100), bound])], options: [small, b] })
    expect(homesOf(bins, 'free')).toEqual(['small/a/on-demand', 'small/b/on-demand'])
    expect(homesOf(bins, 'bound')).toEqual(['small/b/on-demand'])
  })

  it('may be on machines that ask for a host name, whatever it is', () => {
    const expression = { key: HOST, operator: 'Exists' }
    const terms = { nodeSelectorTerms: [{ matchExpressions: [expression] }] }
    const spec = { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } }
    const bins = binsOf({ nodes: [nodeOf(large, 'n0', [pod('a', 100, 100, { spec })])], options: [large, small] })
    expect(homesOf(bins, 'a')).toEqual(['small/a/on-demand', 'large/a/on-demand'])
  })
})

describe('bin types', () => {
  const inB = makeOption('small', 2000, 20, { memoryMib: 4000, slots: 10, zone: 'b' })

  it('are one where machines differ in nothing but their zone, and two where one is dearer', () => {
    const node = nodeOf(large, 'n0', [pod('a', 500, 500)])
    const equal = binsOf({ nodes: [node], options: [large, small, inB] })
    expect(equal.machines).toEqual([['small/a/on-demand', 'small/b/on-demand'], ['large/a/on-demand']])
    const dearer = binsOf({ nodes: [node], options: [large, small, { ...inB, price: known(21) }] })
    expect(dearer.machines).toEqual([['small/a/on-demand'], ['small/b/on-demand'], ['large/a/on-demand']])
  })

  it('that nobody may use are left out', () => {
    const tiny = makeOption('tiny', 100, 1)
    const bins = binsOf({ nodes: [nodeOf(large, 'n0', [pod('a', 500, 500)])], options: [large, tiny] })
    expect(bins.machines).toEqual([['large/a/on-demand']])
  })

  it('leave out what DaemonSets take', () => {
    const agent = makePod('agent', { role: 'daemon', needed: resources(500, 1000) })
    const busy = makeOption('busy', 2000, 20, { memoryMib: 4000, slots: 10, overheadPods: [agent] })
    const node = nodeOf(busy, 'n0', [pod('a', 500, 500), { ...agent, id: 'default/agent-0' }])
    expect(shown(binsOf({ nodes: [node], options: [busy] })).types).toEqual([
      ['busy/a/on-demand', 20, [3, 6, 9], undefined],
    ])
  })

  it('are limited to the nodes of today where nothing is bought; kinds that are alike share the limit', () => {
    const nodes = [
      nodeOf(small, 'n0', [pod('a', 500, 500)]),
      nodeOf(small, 'n1', [pod('b', 500, 500)]),
      nodeOf(large, 'n2', [pod('c', 500, 500)]),
    ]
    const parts = { nodes, options: [small, large, inB] }
    expect(shown(binsOf(parts, true)).types).toEqual([
      ['n0 n1', 20, [4, 8, 10], 2],
      ['n2', 35, [8, 16, 20], 1],
    ])
    const more = { ...parts, nodes: [...nodes, nodeOf(inB, 'n3', [pod('d', 500, 500)])] }
    expect(shown(binsOf(more, true)).types).toEqual([
      ['n0 n1 n3', 20, [4, 8, 10], 3],
      ['n2', 35, [8, 16, 20], 1],
    ])
  })

  it('are limited for machines that are no longer on offer, and not for those that are', () => {
    const nodes = [nodeOf(small, 'n0', [pod('a', 500, 500)]), nodeOf(large, 'n1', [pod('b', 500, 500)])]
    const facts: Partial<ProblemFacts> = { priceOf: () => known(38) }
    expect(shown(binsOf({ nodes, options: [large], facts })).types).toEqual([
      ['large/a/on-demand', 35, [8, 16, 20], undefined],
      ['n0', 38, [4, 8, 10], 1],
    ])
  })

  it('are apart for a live node that is cheaper or roomier than its like on offer', () => {
    const cheap = binsOf({
      nodes: [nodeOf(small, 'n0', [pod('a', 1000, 1000)])],
      options: [small],
      facts: { priceOf: () => known(15) },
    })
    expect(shown(cheap).types).toEqual([
      ['small/a/on-demand', 20, [2, 4, 10], undefined],
      ['n0', 15, [2, 4, 10], 1],
    ])
    const roomy = nodeOf(small, 'n0', [pod('a', 1000, 1000)], { allocatable: size(3000, 2000, 12) })
    expect(shown(binsOf({ nodes: [roomy], options: [small] })).types).toEqual([
      ['small/a/on-demand', 20, [2, 4, 10], undefined],
      ['n0', 20, [3, 2, 12], 1],
    ])
  })

  it('have room for all that an over-committed node holds today', () => {
    const full = nodeOf(small, 'n0', pods(3, 'a', 1000, 1000))
    expect(shown(binsOf({ nodes: [full], options: [small] }, true)).types).toEqual([['n0', 20, [3, 4, 10], 1]])
  })
})

describe('nodes that stay', () => {
  const stays: Partial<ProblemFacts> = { removable: ({ name }) => name !== 'held' }

  it('are paid for, and are bins for nothing', () => {
    const nodes = [nodeOf(small, 'held', [pod('a', 500, 1000)]), nodeOf(small, 'free', [pod('b', 500, 1000)])]
    const bins = binsOf({ nodes, options: [small], facts: stays })
    expect(bins.paid).toBe(20)
    expect(shown(bins)).toEqual({
      types: [
        ['small/a/on-demand', 20, [4, 4, 10], undefined],
        ['held', 0, [4, 4, 10], 1],
      ],
      classes: [{ pods: 'a b', size: [1, 1, 1], count: 2, may: ['small/a/on-demand', 'held'] }],
    })
  })

  it('take part in repacking under the same terms', () => {
    const nodes = [nodeOf(small, 'held', [pod('a', 500)]), nodeOf(large, 'free', [pod('b', 500)])]
    const bins = binsOf({ nodes, options: [small, large], facts: stays }, true)
    expect(bins.machines).toEqual([[], []])
    expect(homesOf(bins, 'b')).toEqual(['free', 'held'])
    expect(homesOf(bins, 'a')).toEqual(['free', 'held'])
  })

  it('are each a bin with what it may carry, those that are alike together', () => {
    const nodes = [
      nodeOf(small, 'n0', pods(5, 'a', 500, 1000)),
      nodeOf(large, 'n1', [pod('b', 500, 1000)]),
      nodeOf(small, 'n2', [pod('c', 500, 1000)], { allocatable: size(700, 900, 1) }),
      nodeOf(large, 'n3', [pod('d', 500, 1000)]),
    ]
    const bins = binsOf({ nodes, options: [small, large], facts: { removable: () => false } })
    expect(bins.paid).toBe(110)
    // 2.5 cores and 5 GB, as much as it holds; 4 cores and 8 GB; 0.7 cores and the 1 GB that it holds.
    expect(shown(bins).types.slice(2)).toEqual([
      ['n0', 0, [5, 5, 10], 1],
      ['n1 n3', 0, [8, 8, 20], 2],
      ['n2', 0, [1, 1, 1], 1],
    ])
  })

  it('are held by a pinned pod, whose room is taken once and which is no item', () => {
    const held = makePod('pinned', { needed: resources(1500, 1000), held: resources(500, 2000) })
    const node = nodeOf(small, 'n0', [held, pod('a', 500, 1000)])
    const [pinned] = node.pods
    const bins = binsOf({ nodes: [node], options: [large], facts: { pinned: new Map([[pinned!, '']]), ...priced(20) } })
    expect(bins.paid).toBe(20)
    expect(shown(bins)).toEqual({
      types: [
        ['large/a/on-demand', 35, [8, 8, 20], undefined],
        ['n0', 0, [3, 2, 9], 1],
      ],
      classes: [{ pods: 'a', size: [1, 1, 1], count: 1, may: ['large/a/on-demand', 'n0'] }],
    })
  })

  it('without a price are paid for with nothing', () => {
    const nodes = [nodeOf(small, 'odd', [pod('a', 500, 1000)], { instanceType: 'unheard-of' })]
    const bins = binsOf({ nodes, options: [small] })
    expect(bins.paid).toBe(0)
    expect(shown(bins).types).toEqual([
      ['small/a/on-demand', 20, [4, 4, 10], undefined],
      ['odd', 0, [4, 4, 10], 1],
    ])
  })

  const priced = (rate: number): Partial<ProblemFacts> => ({ priceOf: () => known(rate) })
})

describe('a live node unlike what its template makes', () => {
  const ssd = (node: Node): Node => ({ ...node, labels: { ...node.labels, disk: 'ssd' } })
  const wants = pod('wants', 100, 100, { spec: { nodeSelector: { disk: 'ssd' } } })
  const at = nodeOf(large, 'n1', [wants])

  it('is open to pods that its own labels let in', () => {
    expect(homesOf(binsOf({ nodes: [nodeOf(small, 'n0'), at], options: [small, large] }), 'wants')).toEqual(['n1'])
    expect(homesOf(binsOf({ nodes: [ssd(nodeOf(small, 'n0')), at], options: [small, large] }), 'wants')).toEqual([
      'n0',
      'n1',
    ])
    // Another one like it, without the label, is not.
    const three = [nodeOf(small, 'm0'), ssd(nodeOf(small, 'n0')), at]
    expect(homesOf(binsOf({ nodes: three, options: [small, large] }), 'wants')).toEqual(['n0', 'n1'])
  })

  it('is open to pods that do not tolerate the taint of new ones', () => {
    const tainted = { ...small, taints: [DEDICATED] }
    const others = { ...large, taints: [DEDICATED] }
    const plain = nodeOf(others, 'n1', [pod('a', 100, 100)])
    expect(homesOf(binsOf({ nodes: [nodeOf(tainted, 'n0'), plain], options: [tainted, others] }), 'a')).toEqual(['n1'])
    const open = nodeOf(tainted, 'n0', [], { taints: [] })
    expect(homesOf(binsOf({ nodes: [open, plain], options: [tainted, others] }), 'a')).toEqual(['n0', 'n1'])
  })

  it('is open to no other pods than its own while it is closed', () => {
    const closed = { closed: 'cordoned', unschedulable: true }
    const own = pod('own', 100, 100, { spec: { nodeSelector: { disk: 'ssd' } } })
    const bins = binsOf({ nodes: [ssd(nodeOf(small, 'n0', [own], closed)), at], options: [small, large] })
    expect(homesOf(bins, 'own')).toEqual(['n0'])
    expect(homesOf(bins, 'wants')).toEqual(['n1'])
    // It may stay for these.
    expect(shown(binsOf({ nodes: [ssd(nodeOf(small, 'n0', [own], closed))], options: [small] }, true)).types).toEqual([
      ['n0', 20, [20, 40, 10], 1],
    ])
  })

  it('is taken to be welcome to a pod that names a host', () => {
    const named = pod('named', 100, 100, { spec: { nodeSelector: { [HOST]: 'n0' } } })
    const alike = [nodeOf(small, 'm0'), nodeOf(small, 'n0')]
    const bins = binsOf({ nodes: [...alike, nodeOf(large, 'n1', [named])], options: [small, large] })
    expect(homesOf(bins, 'named')).toEqual(['m0 n0', 'n1'])
  })

  it('takes no pod that is unfit for such a machine, but keeps the one that it has', () => {
    const spot = makeOption('spot', 2000, 5, { capacityType: 'spot' })
    const nodes = [
      ssd(nodeOf(spot, 'n0', [pod('brave', 100, 100, { workload: 'brave' })])),
      nodeOf(large, 'n1', [pod('shy', 100, 100, { workload: 'shy', spec: { nodeSelector: { disk: 'ssd' } } })]),
    ]
    const bins = binsOf({ nodes, options: [spot, large], facts: { spotFit: () => false } })
    expect(homesOf(bins, 'brave')).toEqual(['spot/a/spot', 'large/a/on-demand', 'n1'])
    expect(homesOf(bins, 'shy')).toEqual(['n1'])
  })
})

describe('rules that hold on every single node', () => {
  const required = (topologyKey: string, app: string) => ({
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } } }],
      },
    },
  })
  const web = (name: string, parts: PodParts = {}): Pod =>
    pod(name, 500, 500, { labels: { app: 'web' }, spec: required(HOST, 'web'), ...parts })
  const on = (count: number, make: (index: number) => Pod): Node[] =>
    Array.from({ length: count }, (_, index) => nodeOf(large, `n${index}`, [make(index)]))
  const rulesIn = ({ problem, pods: classes }: GroupBins) =>
    problem.classes.map(({ conflict, maxPerBin }, c) => [
      classes[c]!.map(({ name }) => name).join(' '),
      conflict === undefined ? undefined : 'one of all',
      maxPerBin,
    ])

  it('keep pods apart that are told to keep away from their own kind', () => {
    const bins = binsOf({
      nodes: [...on(3, (at) => web(`w${at}`)), nodeOf(large, 'n3', [pod('a', 500, 500)])],
      options: [large],
    })
    expect(rulesIn(bins)).toEqual([
      ['a', undefined, undefined],
      ['w0 w1 w2', 'one of all', undefined],
    ])
  })

  it('count for pods of several sizes together', () => {
    const { problem } = binsOf({
      nodes: on(2, (at) => web(`w${at}`, { needed: resources(500 + 500 * at, 500) })),
      options: [large],
    })
    expect(problem.classes.map(({ conflict }) => conflict)).toEqual([0, 0])
  })

  it('say nothing of pods that only others keep away from', () => {
    const spec = required(HOST, 'other')
    expect(rulesIn(binsOf({ nodes: on(2, (at) => web(`w${at}`, { spec })), options: [large] }))).toEqual([
      ['w0 w1', undefined, undefined],
    ])
  })

  it('are none for pods that break them today, and for a topology that a machine lacks', () => {
    const together = [nodeOf(large, 'n0', [web('w0'), web('w1')]), nodeOf(large, 'n1', [web('w2')])]
    expect(rulesIn(binsOf({ nodes: together, options: [large] }))).toEqual([['w0 w1 w2', undefined, undefined]])
    const rack = on(2, (at) => web(`w${at}`, { spec: required('rack', 'web') }))
    expect(rulesIn(binsOf({ nodes: rack, options: [large] }))).toEqual([['w0 w1', undefined, undefined]])
  })

  it('keep one host port for one pod, and are none where pods cannot meet anyway', () => {
    const hostPorts = [{ port: 80, protocol: 'TCP', ip: '' }]
    expect(rulesIn(binsOf({ nodes: on(2, (at) => pod(`p${at}`, 500, 500, { hostPorts })), options: [large] }))).toEqual(
      [['p0 p1', 'one of all', undefined]],
    )
    const inB = { ...large, id: 'b', zone: 'b', labels: { ...large.labels, [ZONE]: 'b' } }
    const bound = (name: string, zone: string) =>
      pod(name, 500, 500, { hostPorts, spec: { nodeSelector: { [ZONE]: zone } } })
    const apart = [nodeOf(large, 'n0', [bound('p0', 'a')]), nodeOf(inB, 'n1', [bound('p1', 'b')])]
    expect(rulesIn(binsOf({ nodes: apart, options: [large, inB] })).map(([, ...rules]) => rules)).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  it('spread pods over nodes where there are more nodes for sure than pods', () => {
    const spec = (maxSkew: number) => ({
      topologySpreadConstraints: [
        {
          maxSkew,
          topologyKey: HOST,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    })
    const held: Partial<ProblemFacts> = { removable: () => false }
    const rules = (maxSkew: number, facts: Partial<ProblemFacts>, nodes = 4) =>
      rulesIn(binsOf({ nodes: on(nodes, (at) => web(`w${at}`, { spec: spec(maxSkew) })), options: [large], facts }))
    // 5 domains, 5 pods: at most one each, as one domain is empty where another one has two.
    expect(rules(1, held, 5)).toEqual([['w0 w1 w2 w3 w4', 'one of all', undefined]])
    expect(rules(2, held, 5)).toEqual([['w0 w1 w2 w3 w4', undefined, 2]])
    expect(rules(1, {})).toEqual([['w0 w1 w2 w3', undefined, undefined]])
    // Two workloads may count the same pods and bear different skews.
    const mixed = on(5, (at) => web(`w${at}`, { spec: spec(at < 2 ? 1 : 2) }))
    expect(rulesIn(binsOf({ nodes: mixed, options: [large], facts: held }))).toEqual([
      ['w0 w1', 'one of all', undefined],
      ['w2 w3 w4', undefined, 2],
    ])
  })

  it('close a node that stays to pods that something on it keeps away', () => {
    const first = web('w0')
    const nodes = [nodeOf(large, 'n0', [first]), nodeOf(large, 'n1', [web('w1'), pod('a', 500, 500)])]
    const [pinned] = nodes[0]!.pods
    const bins = binsOf({ nodes, options: [large], facts: { pinned: new Map([[pinned!, '']]) } })
    expect(homesOf(bins, 'w1')).toEqual(['large/a/on-demand'])
    expect(homesOf(bins, 'a')).toEqual(['large/a/on-demand', 'n0'])
  })

  it('count volumes where a node could have too many, those of one pod alone', () => {
    const few = { ...large, attachLimits: { ebs: 2 } }
    const disk = (name: string, handle = name) =>
      pod(name, 100, 100, { volumes: { attachments: [{ driver: 'ebs', handle }] } })
    const nodes = [
      nodeOf(
        few,
        'n0',
        ['a', 'b', 'c'].map((name) => disk(name)),
      ),
      nodeOf(few, 'n1', [disk('d', 'e'), disk('e', 'e')]),
    ]
    const { problem, pods: classes } = binsOf({ nodes, options: [few] })
    expect(problem.resources).toEqual(['cpu', 'memory', 'pods', 'volumes of ebs'])
    // What is attached today may stay.
    expect(problem.types.map(({ capacity }) => capacity[3])).toEqual([2, 3])
    expect(problem.classes.map((one, c) => [classes[c]!.length, one.size[3]])).toEqual([
      [3, 1],
      [2, 0],
    ])
    const many = { ...large, attachLimits: { ebs: 50 } }
    expect(binsOf({ nodes: [nodeOf(many, 'n0', [disk('a')])], options: [many] }).problem.resources).toHaveLength(3)
  })

  it('leave room within the guard rails, but for a pod that is too large for them', () => {
    const limits = { headroom: 0.5, maxNodeShare: undefined, minNodes: undefined }
    const nodes = [nodeOf(large, 'n0', [pod('a', 1000, 1000), pod('b', 3000, 1000)])]
    expect(shown(binsOf({ nodes, options: [small, large], facts: { limits } }))).toEqual({
      types: [
        ['small/a/on-demand', 20, [1, 2, 10], undefined],
        ['large/a/on-demand', 35, [2, 4, 20], undefined],
        ['n0', 35, [4, 4, 20], 1],
        ['large/a/on-demand', 35, [4, 8, 20], undefined],
      ],
      classes: [
        { pods: 'a', size: [1, 1, 1], count: 1, may: ['small/a/on-demand', 'large/a/on-demand', 'n0'] },
        { pods: 'b', size: [3, 1, 1], count: 1, may: ['n0', 'large/a/on-demand'] },
      ],
    })
  })
})

it('is the same whatever the order of nodes, pods and machines', () => {
  const nodes = [
    nodeOf(large, 'n0', [...pods(3, 'a', 500, 1000), pod('b', 1000, 2000)]),
    nodeOf(small, 'n1', [pod('c', 700, 100)]),
    nodeOf(small, 'held', [pod('d', 500, 1000)]),
  ]
  const facts: Partial<ProblemFacts> = { removable: ({ name }) => name !== 'held' }
  const turned = nodes.toReversed().map((node) => ({ ...node, pods: node.pods.toReversed() }))
  expect(shown(binsOf({ nodes: turned, options: [small, large], facts }))).toEqual(
    shown(binsOf({ nodes, options: [large, small], facts })),
  )
})
