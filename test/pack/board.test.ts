import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import type { Labels } from '../../src/domain/snapshot.js'
import { bytes, podSlots } from '../../src/domain/units.js'
import { createBoard, type Board, type Site } from '../../src/pack/board/board.js'
import type { Api } from '../helpers/objects.js'
import { makeNamespace, makePod, makeSite, resources, type PodParts } from './make.js'

const required = (terms: readonly Api[]): Api => ({ requiredDuringSchedulingIgnoredDuringExecution: terms })
const affinity = (...terms: Api[]): Api => ({ affinity: { podAffinity: required(terms) } })
const antiAffinity = (...terms: Api[]): Api => ({ affinity: { podAntiAffinity: required(terms) } })
const term = (labels: Labels, topologyKey: string, rest: Api = {}): Api => ({
  labelSelector: { matchLabels: labels },
  topologyKey,
  ...rest,
})
const spread = (rest: Api = {}): Api => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', labelSelector: { matchLabels: { app: 'x' } }, ...rest },
  ],
})
const HOST = 'kubernetes.io/hostname'

/** A board with these sites; each pod is on the site it is listed under, and the rest wait. */
function boardOf(
  sites: readonly Site[],
  placed: Readonly<Record<string, readonly Pod[]>>,
  waiting: readonly Pod[],
): { board: Board; fitting: (pod: Pod) => string[] } {
  const namespaces = [makeNamespace('default', { team: 'a' }), makeNamespace('shop', { team: 'b' })]
  const board = createBoard({ namespaces, pods: [...Object.values(placed).flat(), ...waiting] })
  const index = new Map(sites.map((site) => [site.name, board.addSite(site)]))
  for (const [name, pods] of Object.entries(placed)) {
    for (const pod of pods) board.place(pod, index.get(name)!, 'held')
  }
  const fitting = (pod: Pod): string[] =>
    sites.map(({ name }) => name).filter((name) => board.fits(pod, index.get(name)!))
  return { board, fitting }
}

/** `count` pods with these parts, so that every one has a name of its own. */
let made = 0
const copies = (count: number, parts: PodParts): Pod[] =>
  Array.from({ length: count }, () => makePod(`c${made++}`, parts))
const zones = (...names: string[]): Site[] => names.map((zone) => makeSite(`in-${zone}`, { zone }))
const x = { labels: { app: 'x' } }

describe('topology spread', () => {
  const spreads = (counts: Readonly<Record<string, number>>, constraint: Api, parts: PodParts = x): string[] => {
    const pod = makePod('p', { ...parts, spec: spread(constraint) })
    const placed = Object.fromEntries(Object.entries(counts).map(([zone, count]) => [`in-${zone}`, copies(count, x)]))
    return boardOf(zones(...Object.keys(counts)), placed, [pod]).fitting(pod)
  }
  it.each([
    ['one above the least', { a: 3, b: 3, c: 2 }, {}, x, ['in-c']],
    ['a domain too few: the least is 0', { a: 1, b: 0 }, { minDomains: 3 }, x, ['in-b']],
    ['no room until a third domain exists', { a: 2, b: 2 }, { minDomains: 3 }, x, []],
    ['enough domains', { a: 2, b: 2 }, { minDomains: 2 }, x, ['in-a', 'in-b']],
    ['not its own kind', { a: 3, b: 2 }, {}, {}, ['in-a', 'in-b']],
    ['a null selector counts nothing', { a: 3, b: 0 }, { labelSelector: null }, x, ['in-a', 'in-b']],
    ['an empty selector counts nothing but the pod itself', { a: 3, b: 0 }, { labelSelector: {} }, x, ['in-a', 'in-b']],
    ['another namespace', { a: 3, b: 0 }, {}, { ...x, namespace: 'shop' }, ['in-a', 'in-b']],
    ['ScheduleAnyway', { a: 3, b: 0 }, { whenUnsatisfiable: 'ScheduleAnyway' }, x, ['in-a', 'in-b']],
    ['a greater skew', { a: 3, b: 1 }, { maxSkew: 3 }, x, ['in-a', 'in-b']],
    ['the first pod', { a: 0, b: 0 }, {}, x, ['in-a', 'in-b']],
  ])('%s', (_, counts, constraint, parts, fitting) => {
    expect(spreads(counts as Record<string, number>, constraint, parts)).toEqual(fitting)
  })

  it('says the counts', () => {
    const pod = makePod('p', { ...x, spec: spread({ minDomains: 3 }) })
    const { board } = boardOf(zones('a', 'b'), { 'in-a': copies(2, x), 'in-b': copies(2, x) }, [pod])
    const detail =
      'zone a would have 3 pods with app=x in namespace default, the least is 0 (only 2 of 3 domains exist), the skew may be 1'
    expect(board.refusals(pod, 0)).toEqual([{ kind: 'rule', filter: 'PodTopologySpread', detail }])
  })

  it('does not count terminating pods', () => {
    const pod = makePod('p', { ...x, spec: spread() })
    const dying = copies(2, { ...x, terminating: true })
    expect(boardOf(zones('a', 'b'), { 'in-a': dying }, [pod]).fitting(pod)).toEqual(['in-a', 'in-b'])
  })

  it('counts a domain that only tainted nodes have, unless taints are honoured', () => {
    const sites = [
      ...zones('a', 'b'),
      makeSite('in-c', { zone: 'c' }, { taints: [{ key: 't', value: '', effect: 'NoSchedule' }] }),
    ]
    const placed = { 'in-a': copies(1, x), 'in-b': copies(1, x) }
    const [ignoring, honouring] = [
      makePod('p', { ...x, spec: spread() }),
      makePod('q', { ...x, spec: spread({ nodeTaintsPolicy: 'Honor' }) }),
    ]
    expect(boardOf(sites, placed, [ignoring]).fitting(ignoring)).toEqual([])
    expect(boardOf(sites, placed, [honouring]).fitting(honouring)).toEqual(['in-a', 'in-b'])
  })

  it('leaves out nodes that the pod may not use, unless told to ignore that', () => {
    const sites = [makeSite('in-a', { zone: 'a', pool: 'p' }), makeSite('in-b', { zone: 'b' })]
    const placed = { 'in-a': copies(1, x) }
    const pod = (policy: Api): Pod => makePod('p', { ...x, spec: { ...spread(policy), nodeSelector: { pool: 'p' } } })
    const [honouring, ignoring] = [pod({}), pod({ nodeAffinityPolicy: 'Ignore' })]
    expect(boardOf(sites, placed, [honouring]).fitting(honouring)).toEqual(['in-a'])
    expect(boardOf(sites, placed, [ignoring]).fitting(ignoring)).toEqual([])
  })

  it('asks for all topology keys, and counts only nodes that have them', () => {
    const sites = [
      makeSite('n1', { zone: 'a' }),
      makeSite('n2', { zone: 'b' }),
      { ...makeSite('n3'), labels: { zone: 'c' } },
    ]
    const pod = makePod('p', {
      ...x,
      spec: {
        topologySpreadConstraints: [
          { topologyKey: 'zone', labelSelector: { matchLabels: x.labels } },
          { topologyKey: HOST },
        ],
      },
    })
    const { board, fitting } = boardOf(sites, { n1: copies(1, x), n2: copies(1, x) }, [pod])
    expect(fitting(pod)).toEqual(['n1', 'n2'])
    expect(board.refusals(pod, 2)).toEqual([
      {
        kind: 'rule',
        filter: 'PodTopologySpread',
        detail: `the node has no label ${HOST}, over which the pod is spread`,
      },
    ])
  })

  it('spreads each value of a match label key by itself', () => {
    const revision = (rev: string): PodParts => ({
      labels: { app: 'x', rev },
      spec: spread({ matchLabelKeys: ['rev'] }),
    })
    const [old, young] = [makePod('old', revision('1')), makePod('young', revision('2'))]
    const { fitting } = boardOf(zones('a', 'b'), { 'in-a': copies(1, revision('1')) }, [old, young])
    expect(fitting(old)).toEqual(['in-b'])
    expect(fitting(young)).toEqual(['in-a', 'in-b'])
  })

  it('knows a domain as soon as it has a node, and forgets it with the last', () => {
    const pod = makePod('p', { ...x, spec: spread() })
    const { board, fitting } = boardOf(zones('a'), { 'in-a': copies(1, x) }, [pod])
    expect(fitting(pod)).toEqual(['in-a'])
    const added = board.addSite(makeSite('in-b', { zone: 'b' }))
    expect(fitting(pod)).toEqual([])
    expect(board.fits(pod, added)).toBe(true)
    board.removeSite(added)
    expect(fitting(pod)).toEqual(['in-a'])
  })
})

describe('inter-pod affinity', () => {
  it('keeps pods away from a host, but not from a node without the label', () => {
    const pod = makePod('p', { spec: antiAffinity(term(x.labels, HOST)) })
    const sites = [makeSite('n1'), { ...makeSite('n2'), labels: {} }]
    const { board, fitting } = boardOf(sites, { n1: copies(2, x), n2: copies(1, x) }, [pod])
    expect(fitting(pod)).toEqual(['n2'])
    const detail = `${HOST} n1 has 2 pods to keep away from: app=x in namespace default`
    expect(board.refusals(pod, 0)).toEqual([{ kind: 'rule', filter: 'InterPodAffinity', detail }])
  })

  it('binds pods without a rule to the rules of those who are there', () => {
    const y = makePod('y', { spec: antiAffinity(term(x.labels, 'zone')) })
    const [pod, other] = [makePod('p', x), makePod('q', { labels: { app: 'z' } })]
    const sites = [
      makeSite('n1', { zone: 'a' }),
      makeSite('n2', { zone: 'a' }),
      makeSite('n3', { zone: 'b' }),
      makeSite('n4'),
    ]
    const { board, fitting } = boardOf(sites, { n1: [y] }, [pod, other])
    expect(fitting(pod)).toEqual(['n3', 'n4'])
    expect(fitting(other)).toHaveLength(4)
    expect(board.refusals(pod, 1)).toEqual([
      {
        kind: 'rule',
        filter: 'InterPodAffinity',
        detail: 'zone a has 1 pod with anti-affinity to app=x in namespace default',
      },
    ])
    expect(board.hasTopologyRules(board.classKey(pod))).toBe(true)
    expect(board.hasTopologyRules(board.classKey(other))).toBe(false)
  })

  it('wants one pod that meets all terms together', () => {
    const both = term({ tier: 'db' }, 'zone')
    const incoming = (labels: Labels): Pod => makePod('p', { labels, spec: affinity(term(x.labels, 'zone'), both) })
    const [plain, founder] = [incoming({}), incoming({ app: 'x', tier: 'db' })]
    const apart = { 'in-a': [...copies(1, x), ...copies(1, { labels: { tier: 'db' } })] }
    expect(boardOf(zones('a', 'b'), apart, [plain]).fitting(plain)).toEqual([])
    expect(boardOf(zones('a', 'b'), apart, [founder]).fitting(founder)).toEqual(['in-a', 'in-b'])
    const one = { 'in-b': copies(1, { labels: { app: 'x', tier: 'db' } }) }
    expect(boardOf(zones('a', 'b'), one, [plain]).fitting(plain)).toEqual(['in-b'])
    expect(boardOf(zones('a', 'b'), one, [founder]).fitting(founder)).toEqual(['in-b'])
  })

  it('asks even the first of its kind for the topology keys', () => {
    const pod = makePod('p', { ...x, spec: affinity(term(x.labels, 'zone')) })
    expect(boardOf([makeSite('n1'), ...zones('a')], {}, [pod]).fitting(pod)).toEqual(['in-a'])
  })

  it('counts terminating pods', () => {
    const pod = makePod('p', { spec: affinity(term(x.labels, 'zone')) })
    const dying = copies(1, { ...x, terminating: true })
    expect(boardOf(zones('a', 'b'), { 'in-a': dying }, [pod]).fitting(pod)).toEqual(['in-a'])
  })

  const inShop = { ...x, namespace: 'shop' }
  it.each([
    ['its own namespace by default', {}, ['in-a', 'in-b']],
    ['listed namespaces', { namespaces: ['shop'] }, ['in-b']],
    ['listed ones do not add to its own', { namespaces: ['elsewhere'] }, ['in-a', 'in-b']],
    ['namespaces by label', { namespaceSelector: { matchLabels: { team: 'b' } } }, ['in-b']],
    ['namespaces by name', { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }, ['in-b']],
    ['both kinds together', { namespaces: ['shop'], namespaceSelector: { matchLabels: { team: 'a' } } }, ['in-b']],
    ['every namespace', { namespaceSelector: {} }, ['in-b']],
    ['no selector, no pod', { namespaceSelector: {}, labelSelector: null }, ['in-a', 'in-b']],
    ['match label keys', { namespaceSelector: {}, matchLabelKeys: ['rev', 'none'] }, ['in-a', 'in-b']],
    ['mismatch label keys', { namespaceSelector: {}, mismatchLabelKeys: ['rev', 'none'] }, ['in-b']],
  ])('looks at %s', (_, rest, fitting) => {
    const pod = makePod('p', { labels: { rev: '1' }, spec: antiAffinity(term(x.labels, 'zone', rest)) })
    expect(boardOf(zones('a', 'b'), { 'in-a': copies(1, inShop) }, [pod]).fitting(pod)).toEqual(fitting)
  })

  it('places no pod whose selector nobody can read', () => {
    const broken = {
      labelSelector: { matchExpressions: [{ key: 'app', operator: 'Near', values: ['x'] }] },
      topologyKey: 'zone',
    }
    const pod = makePod('p', { spec: antiAffinity(broken) })
    const { board } = boardOf(zones('a'), {}, [pod])
    expect(board.refusals(pod, 0)).toEqual([
      {
        kind: 'rule',
        filter: 'InterPodAffinity',
        detail: "the pod's selector cannot be read: app: operator Near is not known",
      },
    ])
    expect(board.fits(pod, 0)).toBe(false)
  })
})

describe('resources', () => {
  const site = (parts: Partial<Site['allocatable']> = {}): Site =>
    makeSite('n', {}, { allocatable: resources(1930, 1000, { pods: podSlots(10), ...parts }) })
  it('fills a node to the last millicore, and says what is missing', () => {
    const used = makePod('used', { needed: resources(1830, 0) })
    const [fits, over] = [
      makePod('fits', { needed: resources(100, 0) }),
      makePod('over', { needed: resources(101, 2000) }),
    ]
    const { board, fitting } = boardOf([site()], { n: [used] }, [fits, over])
    expect(fitting(fits)).toEqual(['n'])
    expect(board.refusals(over, 0)).toEqual([
      {
        kind: 'short',
        shortfalls: [
          { resource: 'cpu', by: 1 },
          { resource: 'memory', by: 1000 * 1024 * 1024 },
        ],
      },
    ])
  })

  it('never fails what is not asked for, not even on an over-committed node', () => {
    const greedy = makePod('greedy', { needed: resources(0, 1001) })
    const [none, some] = [makePod('none', { needed: resources(1, 0) }), makePod('some', { needed: resources(1, 1) })]
    const { fitting } = boardOf([site()], { n: [greedy] }, [none, some])
    expect([fitting(none), fitting(some)]).toEqual([['n'], []])
  })

  it('counts pod slots, disk and devices', () => {
    const gpu = makePod('gpu', { needed: resources(0, 0, { extended: { 'nvidia.com/gpu': 1 } }) })
    const disk = makePod('disk', { needed: resources(0, 0, { ephemeralStorage: bytes(11) }) })
    const small = site({ pods: podSlots(1), ephemeralStorage: bytes(10) })
    const { board } = boardOf([small], {}, [gpu, disk])
    expect(board.refusals(gpu, 0)).toEqual([{ kind: 'short', shortfalls: [{ resource: 'nvidia.com/gpu', by: 1 }] }])
    expect(board.refusals(disk, 0)).toEqual([{ kind: 'short', shortfalls: [{ resource: 'ephemeral-storage', by: 1 }] }])
    board.place(gpu, 0, 'needed')
    expect(board.refusals(disk, 0)).toContainEqual({
      kind: 'short',
      shortfalls: [
        { resource: 'ephemeral-storage', by: 1 },
        { resource: 'pods', by: 1 },
      ],
    })
    expect(board.free(0)).toEqual(
      resources(1930, 1000, { pods: podSlots(0), ephemeralStorage: bytes(10), extended: { 'nvidia.com/gpu': -1 } }),
    )
  })

  it('counts what a pod holds where it stays, and what it needs where it goes', () => {
    const pod = makePod('p', { held: resources(300, 0), needed: resources(200, 0) })
    const { board } = boardOf([site(), { ...site(), name: 'other' }], { n: [pod] }, [])
    expect(board.free(0).cpu).toBe(1630)
    board.place(pod, 1, 'needed')
    expect(board.free(1).cpu).toBe(1730)
  })
})

describe('volumes', () => {
  const attached = (...handles: string[]): PodParts => ({
    volumes: { attachments: handles.map((handle) => ({ driver: 'ebs.csi.aws.com', handle })) },
  })
  const limited = makeSite('n1', {}, { attachLimits: { 'ebs.csi.aws.com': 2 } })

  it('counts each volume of a node once against the limit of its driver', () => {
    const full = [makePod('e', attached('a', 'b')), makePod('f', attached('a'))]
    const [fresh, same, none] = [makePod('p', attached('c')), makePod('q', attached('b', 'b')), makePod('r')]
    const { board, fitting } = boardOf([limited, makeSite('n2')], { n1: full }, [fresh, same, none])
    expect([fresh, same, none].map(fitting)).toEqual([['n2'], ['n1', 'n2'], ['n1', 'n2']])
    const detail = '2 volumes of ebs.csi.aws.com are attached, 1 more would pass the limit of 2'
    expect(board.refusals(fresh, 0)).toEqual([{ kind: 'rule', filter: 'NodeVolumeLimits', detail }])
  })

  it('gives pods with volumes of their own one class, and others not', () => {
    const pods = [
      makePod('p', attached('a')),
      makePod('q', attached('b')),
      makePod('r', attached('c')),
      makePod('s', attached('c')),
    ]
    const { board } = boardOf([limited], {}, pods)
    const [p, q, r, s] = pods.map((pod) => board.classKey(pod))
    expect(q).toBe(p)
    expect(r).not.toBe(p)
    expect(s).toBe(r)
  })

  it('lets one pod alone use a ReadWriteOncePod claim', () => {
    const [first, second] = ['p', 'q'].map((name) => makePod(name, { volumes: { exclusiveClaims: ['default/only'] } }))
    const { board, fitting } = boardOf([makeSite('n1'), makeSite('n2')], { n1: [first!] }, [second!])
    expect(fitting(second!)).toEqual([])
    expect(board.refusals(second!, 1)).toEqual([
      { kind: 'rule', filter: 'VolumeRestrictions', detail: 'claim default/only is ReadWriteOncePod and in use' },
    ])
    board.remove(first!, 0)
    expect(fitting(second!)).toEqual(['n1', 'n2'])
  })

  it('holds the users of a ReadWriteOnce claim together, and users of an in-tree volume apart', () => {
    const [first, second] = ['p', 'q'].map((name) => makePod(name, { volumes: { sharedClaims: ['default/data'] } }))
    const [writer, other] = ['w', 'o'].map((name) => makePod(name, { volumes: { inTreeVolumes: ['vol-1'] } }))
    const { board, fitting } = boardOf([makeSite('n1'), makeSite('n2')], { n1: [first!, writer!] }, [second!, other!])
    expect([fitting(second!), fitting(other!)]).toEqual([['n1'], ['n2']])
    expect(board.hasTopologyRules(board.classKey(second!))).toBe(true)
    expect(board.hasTopologyRules(board.classKey(other!))).toBe(false)
  })

  it('places no pod with an unusable claim, and says why', () => {
    const pod = makePod('p', { volumes: { problems: ['claim default/gone does not exist'] } })
    const { board } = boardOf([makeSite('n1')], {}, [pod])
    expect(board.refusals(pod, 0)).toEqual([
      { kind: 'rule', filter: 'VolumeBinding', detail: 'claim default/gone does not exist' },
    ])
    expect([board.fits(pod, 0), board.staticallyFits(pod, 0)]).toEqual([false, false])
  })
})

it('answers about the site alone, whatever is on it', () => {
  const pod = makePod('p', { needed: resources(4000, 0), spec: { nodeSelector: { zone: 'a' } } })
  const full = makePod('full', { needed: resources(4000, 0) })
  const { board } = boardOf(
    [...zones('a', 'b'), makeSite('c', { zone: 'a' }, { unschedulable: true })],
    { 'in-a': [full] },
    [pod],
  )
  expect([0, 1, 2].map((site) => board.staticallyFits(pod, site))).toEqual([true, false, false])
  expect([0, 1, 2].map((site) => board.fits(pod, site))).toEqual([false, false, false])
  expect(board.refusals(pod, 2)).toEqual([
    { kind: 'rule', filter: 'NodeUnschedulable', detail: 'the node is cordoned' },
  ])
})

it('says every rule that refuses', () => {
  const pod = makePod('p', {
    needed: resources(5000, 0),
    hostPorts: [{ port: 80, protocol: 'TCP', ip: '0.0.0.0' }],
    spec: {
      nodeSelector: { zone: 'b' },
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    },
    volumes: {
      nodeTerms: [[{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['c'] }], matchFields: [] }]],
      zoneLabels: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['c'] }],
    },
  })
  const site = makeSite(
    'n',
    { zone: 'a', 'topology.kubernetes.io/zone': 'a' },
    { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] },
  )
  const holder = makePod('holder', { hostPorts: [{ port: 80, protocol: 'TCP', ip: '10.0.0.1' }] })
  const { board } = boardOf([site], { n: [holder] }, [pod])
  expect(
    board.refusals(pod, 0).map((each) => (each.kind === 'short' ? each.shortfalls : `${each.filter}: ${each.detail}`)),
  ).toEqual([
    'TaintToleration: taint gpu=yes:NoSchedule is not tolerated',
    'NodeAffinity: node selector wants zone=b, the node has a',
    'NodeAffinity: required node affinity is not met: an empty list',
    'VolumeBinding: a volume is bound elsewhere: zone In [c]',
    'VolumeZone: a volume is in topology.kubernetes.io/zone=c, the node has a',
    'NodePorts: host port 80/TCP is in use on the node',
    [{ resource: 'cpu', by: 1000 }],
  ])
})

it('tells pods with other host ports apart', () => {
  const withPort = (name: string, port: number): Pod =>
    makePod(name, { hostPorts: [{ port, protocol: 'TCP', ip: '0.0.0.0' }] })
  const pods = [withPort('p', 80), withPort('q', 80), withPort('r', 81)]
  const { board } = boardOf(zones('a'), {}, pods)
  const [p, q, r] = pods.map((pod) => board.classKey(pod))
  expect([p === q, p === r]).toEqual([true, false])
})

describe('the life of sites', () => {
  it('uses indexes again and starts them over', () => {
    const pod = makePod('p', { needed: resources(1, 0), spec: { nodeSelector: { zone: 'b' } } })
    const { board } = boardOf(zones('a'), {}, [pod])
    board.place(pod, 0, 'needed')
    expect(() => board.removeSite(0)).toThrow('site in-a still has pods')
    board.remove(pod, 0)
    board.removeSite(0)
    expect(() => board.site(0)).toThrow('there is no site 0')
    expect(board.addSite(zones('b')[0]!)).toBe(0)
    expect(board.site(0).name).toBe('in-b')
    expect(board.free(0)).toEqual(zones('b')[0]!.allocatable)
    expect(board.fits(pod, 0)).toBe(true)
  })

  it('keeps its counts while thousands of nodes come and go', () => {
    const anti = antiAffinity(term(x.labels, HOST), term({ app: 'y' }, 'zone'))
    const spec = { ...spread({ topologyKey: HOST }), ...anti }
    const pods = copies(2, { ...x, spec })
    const y = makePod('y', { labels: { app: 'y' } })
    const { board } = boardOf([makeSite('stays', { zone: 'a' })], { stays: [y, ...copies(1, x)] }, pods)
    for (let round = 0; round < 1000; round++) {
      // A name that returns every time and two that never do; a zone that is always there and one that is never again.
      const names = ['again', `left-${round}`, `right-${round}`]
      const sites = names.map((name) => board.addSite(makeSite(name, { zone: `zone-${round}` })))
      const near = board.addSite(makeSite(`near-${round}`, { zone: 'a' }))
      const fits = (): string => [...sites, near].map((site) => (board.fits(pods[1]!, site) ? 'yes' : 'no')).join(' ')
      if (fits() !== 'yes yes yes no') expect.fail(`round ${round}, empty: ${fits()}`)
      board.place(pods[0]!, sites[round % 3]!, 'needed')
      const expected = [0, 1, 2].map((at) => (at === round % 3 ? 'no' : 'yes')).join(' ')
      if (fits() !== `${expected} no`) expect.fail(`round ${round}: ${fits()}`)
      board.remove(pods[0]!, sites[round % 3]!)
      for (const site of [...sites, near]) board.removeSite(site)
    }
    expect(board.refusals(pods[1]!, 0).map((each) => each.kind === 'rule' && each.detail)).toEqual([
      `${HOST} stays has 1 pod to keep away from: app=x in namespace default`,
      'zone a has 1 pod to keep away from: app=y in namespace default',
    ])
  })

  it('refuses to remove a site with pods, and a pod that is not there', () => {
    const pod = makePod('p')
    const { board } = boardOf(zones('a', 'b'), { 'in-a': [pod] }, [])
    expect(() => board.removeSite(0)).toThrow('site in-a still has pods')
    expect(() => board.remove(pod, 1)).toThrow('pod default/p is not on site in-b')
  })

  it('takes copies of known pods, and no pod with rules that nobody counted from the start', () => {
    const known = makePod('p', { ...x, spec: antiAffinity(term(x.labels, HOST)) })
    const { board } = boardOf(zones('a', 'b'), { 'in-a': [known] }, [])
    const copy = { ...known, id: 'default/copy' }
    expect([board.fits(copy, 0), board.fits(copy, 1)]).toEqual([false, true])
    expect(board.classKey(copy)).toBe(board.classKey(known))
    const strangers: Api[] = [
      antiAffinity(term(x.labels, 'zone')),
      antiAffinity(term({ app: 'y' }, HOST)),
      spread(),
      { nodeSelector: { zone: 'a' } },
    ]
    for (const spec of strangers) {
      expect(() => board.fits(makePod('new', { spec }), 0)).toThrow('came after the board was made')
    }
  })
})
