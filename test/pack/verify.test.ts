import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Cluster, Node } from '../../src/domain/cluster.js'
import type { PlanNode } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { mebibytes, podSlots } from '../../src/domain/units.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { keptNode, makeCluster, makeNode, makePlan, newNode } from './make-plan.js'
import { makeNamespace, makePod, makeSite, resources, type PodParts } from './make.js'

const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'
const required = (kind: 'podAffinity' | 'podAntiAffinity', ...terms: object[]) => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
})
const term = (app: string, topologyKey: string, more: object = {}) => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
  ...more,
})
const spread = (app: string, topologyKey: string, more: object = {}) => ({
  topologySpreadConstraints: [{ ...term(app, topologyKey), maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...more }],
})
const app = (name: string, parts: PodParts = {}): PodParts => ({ ...parts, labels: { app: name, ...parts.labels } })

/** Everything placed counts as to be placed; the cluster is what the kept nodes say. */
const verify = (nodes: readonly PlanNode[], cluster: Cluster = makeCluster([]), mustPlace = placedOn(nodes)) =>
  verifyPlan({ plan: makePlan(nodes), cluster, mustPlace })
const placedOn = (nodes: readonly PlanNode[]): readonly Pod[] => nodes.flatMap(({ pods }) => pods)

/** Pods that come to one new node each. */
const onNew = (labels: Record<string, string>, ...pods: readonly Pod[]) =>
  newNode(makeSite(`n${labels['n'] ?? '1'}`, labels), { pods })

const rulesOf = (found: ReturnType<typeof verifyPlan>) =>
  [...new Set(found.map(({ pod, rule, inherited }) => `${pod} ${rule}${inherited ? ' inherited' : ''}`))].sort()

/** A live node with pods, and the same pods as they run. */
const live = (site: ReturnType<typeof makeSite>, pods: readonly Pod[], parts: Partial<Node> = {}) => {
  const node = makeNode(site, pods, parts)
  return { node, kept: keptNode(node, { pods: node.pods }), cluster: makeCluster([node]) }
}

describe('a valid plan', () => {
  it('gives nothing, with every rule in use and met', () => {
    const daemon = makePod('agent', { role: 'daemon', hostPorts: [{ port: 9100, protocol: 'TCP', ip: '0.0.0.0' }] })
    const rich = (name: string, zone: string) =>
      makePod(name, {
        ...app('web'),
        spec: {
          ...spread('web', ZONE),
          ...required('podAntiAffinity', term('web', HOST)),
          nodeSelector: { tier: 'gold' },
          tolerations: [{ key: 'only', operator: 'Exists' }],
        },
        needed: resources(4000, 16, { extended: { 'nvidia.com/gpu': 1 } }),
        hostPorts: [{ port: 80, protocol: 'TCP', ip: '0.0.0.0' }],
        volumes: {
          attachments: [{ driver: 'ebs', handle: name }],
          exclusiveClaims: [`default/${name}`],
          sharedClaims: [`default/${name}-data`],
          zoneLabels: [{ key: ZONE, operator: 'In', values: [zone] }],
          nodeTerms: [[{ matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }], matchFields: [] }]],
        },
      })
    const machine = (name: string, zone: string) => ({
      ...makeSite(name, { [ZONE]: zone, tier: 'gold' }),
      taints: [{ key: 'only', value: 'web', effect: 'NoSchedule' }],
      allocatable: resources(4000, 16, { pods: podSlots(2), extended: { 'nvidia.com/gpu': 1 } }),
      attachLimits: { ebs: 1 },
    })
    const friend = makePod('friend', { spec: required('podAffinity', term('web', ZONE)), needed: resources(0, 0) })
    const today = makeNode(machine('kept', 'a'), [rich('a', 'a')])
    const plan = [
      keptNode(today, { pods: today.pods, residentPods: [daemon] }),
      newNode(machine('bought', 'b'), { pods: [rich('b', 'b')], residentPods: [daemon] }),
      newNode(makeSite('plain', { [ZONE]: 'b' }), { pods: [friend] }),
    ]
    expect(verify(plan, makeCluster([today]))).toEqual([])
  })
})

describe('resources of a node', () => {
  const sized = (parts: Parameters<typeof makeSite>[2]) => makeSite('n1', {}, parts)
  it.each([
    ['cpu', resources(3000, 0), '6 asked for, 4 allocatable, 2 too much'],
    ['memory', resources(0, 10240), '20Gi asked for, 16Gi allocatable, 4Gi too much'],
    ['ephemeral-storage', resources(0, 0, { ephemeralStorage: mebibytes(60000) }), 'too much'],
    ['nvidia.com/gpu', resources(0, 0, { extended: { 'nvidia.com/gpu': 1 } }), '2 asked for, 0 allocatable'],
  ])('%s', (resource, needed, text) => {
    const [violation, ...others] = verify([
      onNew({}, makePod('a', { needed }), makePod('b', { needed: { ...needed } })),
    ])
    expect(others).toEqual([])
    expect(violation).toMatchObject({ rule: 'NodeResourcesFit', pod: 'default/a', node: 'n1', inherited: false })
    expect(violation?.detail).toContain(`${resource}: `)
    expect(violation?.detail).toContain(text)
    expect(violation?.detail).toContain('2 of the pods that ask for it came')
  })

  it('counts pod slots, residents included', () => {
    const site = sized({ allocatable: resources(4000, 16, { pods: podSlots(1) }) })
    const found = verify([newNode(site, { pods: [makePod('a')], residentPods: [makePod('agent')] })])
    expect(found.map(({ detail }) => detail)).toEqual([expect.stringContaining('pods: 2 asked for, 1 allocatable')])
  })

  it('takes exactly all that there is', () => {
    expect(verify([onNew({}, makePod('a', { needed: resources(4000, 16384) }))])).toEqual([])
  })

  it('counts what a pod holds where it stays, and what its spec asks where it comes', () => {
    const parts = { held: resources(4000, 0), needed: resources(5000, 0) }
    const { node, kept, cluster } = live(makeSite('n1'), [makePod('a', parts)])
    expect(verify([kept], cluster)).toEqual([])
    const moved = verify([newNode(makeSite('n2'), { pods: node.pods })], cluster)
    expect(rulesOf(moved)).toEqual(['default/a NodeResourcesFit'])
  })

  it('never fails a zero request, and calls what is over-committed without it inherited', () => {
    const big = makePod('big', { held: resources(5000, 0) })
    const { node, cluster } = live(makeSite('n1'), [big])
    const found = verify([keptNode(node, { pods: [...node.pods, makePod('none')] })], cluster)
    expect(rulesOf(found)).toEqual([' NodeResourcesFit inherited'])
    const asking = makePod('asks', { needed: resources(1, 0) })
    const broken = verify([keptNode(node, { pods: [...node.pods, asking] })], cluster)
    expect(rulesOf(broken)).toEqual(['default/asks NodeResourcesFit'])
  })

  it('does not call it inherited when residents alone are too much for a new node', () => {
    const found = verify([newNode(makeSite('n1'), { residentPods: [makePod('agent', { held: resources(5000, 0) })] })])
    expect(rulesOf(found)).toEqual([' NodeResourcesFit'])
  })

  it('takes what a new node runs as it is given, even under the name of a live pod', () => {
    const { node, cluster } = live(makeSite('n1'), [makePod('proxy', { held: resources(4000, 0) })])
    const template = { ...node.pods[0]!, held: resources(100, 0) }
    const asking = makePod('asks', { needed: resources(3900, 0) })
    const bought = newNode(makeSite('n2'), { residentPods: [template], pods: [asking] })
    const known = keptNode(node, { residentPods: node.pods })
    expect(verify([known, bought], cluster)).toEqual([])
  })

  it('lets no pod of unknown size move', () => {
    const pod = makePod('odd', { unreadable: 'cpu: "many"' })
    expect(rulesOf(verify([onNew({}, pod)]))).toEqual(['default/odd NodeResourcesFit'])
    const { kept, cluster } = live(makeSite('n1'), [pod])
    expect(verify([kept], cluster)).toEqual([])
  })
})

describe('rules about the node', () => {
  const site = makeSite('n1', { zone: 'a', cpu: '8', [ZONE]: 'a' })
  const tainted = { ...site, taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] }
  const affinity = (...nodeSelectorTerms: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  })
  const zoneB = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }], matchFields: [] }
  const cases: readonly [string, PodParts, ReturnType<typeof makeSite>, string][] = [
    ['node selector', { spec: { nodeSelector: { zone: 'b' } } }, site, 'NodeAffinity'],
    ['required terms', { spec: affinity(zoneB) }, site, 'NodeAffinity'],
    ['an empty list of terms', { spec: affinity() }, site, 'NodeAffinity'],
    ['a taint', {}, tainted, 'TaintToleration'],
    ['a cordon', {}, { ...site, unschedulable: true }, 'NodeUnschedulable'],
    ['where a volume is', { volumes: { nodeTerms: [[zoneB]] } }, site, 'VolumeBinding'],
    ['a claim that is missing', { volumes: { problems: ['claim default/x does not exist'] } }, site, 'VolumeBinding'],
    [
      'the zone label of a volume',
      { volumes: { zoneLabels: [{ key: ZONE, operator: 'In', values: ['b'] }] } },
      site,
      'VolumeZone',
    ],
  ]
  it.each(cases)('%s: refused where it comes, inherited where it stays', (_, parts, where, rule) => {
    expect(rulesOf(verify([newNode(where, { pods: [makePod('a', parts)] })]))).toEqual([`default/a ${rule}`])
    const { kept, cluster } = live(where, [makePod('a', parts)])
    expect(rulesOf(verify([kept], cluster))).toEqual([`default/a ${rule} inherited`])
  })

  it('calls a rule inherited for the pods that stay, not for one that comes to join them', () => {
    const { node, cluster } = live(tainted, [makePod('old')])
    const found = verify([keptNode(node, { pods: [...node.pods, makePod('late')] })], cluster)
    expect(rulesOf(found)).toEqual(['default/late TaintToleration', 'default/old TaintToleration inherited'])
  })

  it('keeps pods off nodes that are closed today, whatever they tolerate', () => {
    const { node, cluster } = live(makeSite('n1'), [makePod('old')], { closed: 'not ready' })
    const pods = [...node.pods, makePod('late', { spec: { tolerations: [{ operator: 'Exists' }] } })]
    const found = verify([keptNode(node, { pods })], cluster)
    expect(rulesOf(found)).toEqual(['default/late ClosedNode'])
    expect(found[0]?.detail).toContain('not ready')
  })

  it('keeps pods off nodes that no plan fills', () => {
    expect(rulesOf(verify([{ ...onNew({}, makePod('a')), packed: false }]))).toEqual(['default/a ClosedNode'])
  })
})

describe('host ports', () => {
  const port = (number: number, ip = '0.0.0.0', protocol = 'TCP') => ({ port: number, protocol, ip })
  const pod = (name: string, ...hostPorts: ReturnType<typeof port>[]) => makePod(name, { hostPorts })
  it.each([
    [port(80), port(80, '10.0.0.1'), 2],
    [port(80, '10.0.0.1'), port(80, '10.0.0.1'), 2],
    [port(80), port(80, '10.0.0.1', 'UDP'), 0],
    [port(80, '10.0.0.1'), port(80, '10.0.0.2'), 0],
    [port(80), port(81), 0],
  ])('%j beside %j', (a, b, count) => {
    const found = verify([onNew({}, pod('a', a), pod('b', b))])
    expect(found.map(({ rule }) => rule)).toEqual(Array.from({ length: count }, () => 'NodePorts'))
  })
  it('of residents are taken too, and a pod does not conflict with itself', () => {
    const agent = pod('agent', port(9100))
    const found = verify([
      newNode(makeSite('n1'), { pods: [pod('a', port(9100)), pod('b', port(1), port(1))], residentPods: [agent] }),
    ])
    expect(rulesOf(found)).toEqual(['default/a NodePorts'])
    expect(found[0]?.detail).toContain('9100/TCP is also taken by default/agent')
  })
})

describe('volumes that pods share', () => {
  const using = (name: string, volumes: PodParts['volumes'] & object) => makePod(name, { volumes })
  const two = (volumes: PodParts['volumes'] & object) => [using('a', volumes), using('b', volumes)] as const
  const apart = ([a, b]: readonly [Pod, Pod]) => [onNew({ n: '1' }, a), onNew({ n: '2' }, b)]

  it('ReadWriteOncePod: one pod, wherever the other is', () => {
    const both = ['default/a VolumeRestrictions', 'default/b VolumeRestrictions']
    const pods = two({ exclusiveClaims: ['default/only'] })
    expect(rulesOf(verify(apart(pods)))).toEqual(both)
    expect(rulesOf(verify([onNew({}, ...pods)]))).toEqual(both)
  })
  it('ReadWriteOnce: all on one node', () => {
    const pods = two({ sharedClaims: ['default/data'] })
    expect(verify([onNew({}, ...pods)])).toEqual([])
    const found = verify(apart(pods))
    expect(rulesOf(found)).toEqual(['default/a SharedClaim', 'default/b SharedClaim'])
    expect(found[0]?.detail).toContain('2 nodes: n1, n2')
  })
  it('ReadWriteOnce: inherited while it stays as it is', () => {
    const nodes = two({ sharedClaims: ['default/data'] }).map((pod, index) => makeNode(makeSite(`n${index}`), [pod]))
    const found = verify(
      nodes.map((node) => keptNode(node, { pods: node.pods })),
      makeCluster(nodes),
    )
    expect(rulesOf(found)).toEqual(['default/a SharedClaim inherited', 'default/b SharedClaim inherited'])
  })
  it('disks mounted without a claim: one pod of a node', () => {
    const pods = two({ inTreeVolumes: ['vol-1'] })
    expect(verify(apart(pods))).toEqual([])
    expect(rulesOf(verify([onNew({}, ...pods)]))).toEqual([
      'default/a VolumeRestrictions',
      'default/b VolumeRestrictions',
    ])
  })

  const attached = (name: string, ...handles: string[]) =>
    using(name, { attachments: handles.map((handle) => ({ driver: 'ebs', handle })) })
  const limited = { ...makeSite('n1'), attachLimits: { ebs: 2 } }
  it('attachments: each volume once, residents included', () => {
    const fits = newNode(limited, { pods: [attached('a', 'v1'), attached('b', 'v1', 'v2')] })
    expect(verify([fits])).toEqual([])
    const found = verify([{ ...fits, residentPods: [attached('agent', 'v3')] }])
    expect(rulesOf(found)).toEqual(['default/a NodeVolumeLimits'])
    expect(found[0]?.detail).toContain('3 volumes of ebs, at most 2')
  })
  it('attachments: the limit of a kept node is the live one, and what is over it today is inherited', () => {
    const { node, cluster } = live(limited, [attached('a', 'v1', 'v2', 'v3')])
    const kept = { ...keptNode(node, { pods: [...node.pods, attached('b', 'v1')] }), attachLimits: { ebs: 9 } }
    expect(rulesOf(verify([kept], cluster))).toEqual([' NodeVolumeLimits inherited'])
    const more = { ...kept, pods: [...node.pods, attached('c', 'v4')] }
    expect(rulesOf(verify([more], cluster))).toEqual(['default/c NodeVolumeLimits'])
  })
  it('attachments: other drivers have no limit', () => {
    const pod = using('a', { attachments: ['1', '2', '3'].map((handle) => ({ driver: 'efs', handle })) })
    expect(verify([newNode(limited, { pods: [pod] })])).toEqual([])
  })
})

describe('anti-affinity', () => {
  const lonely = (name: string, parts: PodParts = {}) =>
    makePod(name, app('web', { ...parts, spec: required('podAntiAffinity', term('web', HOST)) }))

  it('is broken by two of a kind on one node', () => {
    const found = verify([onNew({}, lonely('a'), lonely('b'))])
    expect(rulesOf(found)).toEqual(['default/a InterPodAffinity', 'default/b InterPodAffinity'])
    expect(found).toHaveLength(2)
    expect(verify([onNew({ n: '1' }, lonely('a')), onNew({ n: '2' }, lonely('b'))])).toEqual([])
  })
  it('speaks for pods that have no rule themselves, from anywhere in the domain, and also from residents', () => {
    const keeper = makePod('keeper', { spec: required('podAntiAffinity', term('web', ZONE)) })
    const web = makePod('web', app('web'))
    const [a, b] = [
      { n: '1', [ZONE]: 'a' },
      { n: '2', [ZONE]: 'a' },
    ]
    expect(rulesOf(verify([onNew(a, keeper), onNew(b, web)]))).toEqual([
      'default/keeper InterPodAffinity',
      'default/web InterPodAffinity',
    ])
    expect(verify([onNew(a, keeper), onNew({ ...b, [ZONE]: 'b' }, web)])).toEqual([])
    const byResident = verify([newNode(makeSite('n1', a), { residentPods: [keeper] }), onNew(b, web)])
    expect(rulesOf(byResident)).toEqual(['default/web InterPodAffinity'])
  })
  it('counts terminating pods, and nothing where the node lacks the key', () => {
    const ending = makePod('ending', app('web', { terminating: true }))
    const found = verify([newNode(makeSite('n1'), { residentPods: [ending], pods: [lonely('a')] })])
    expect(rulesOf(found)).toEqual(['default/a InterPodAffinity'])
    expect(verify([newNode({ ...makeSite('n1'), labels: {} }, { pods: [lonely('a'), lonely('b')] })])).toEqual([])
  })
  it('looks into the namespaces that it names or selects', () => {
    const far = makePod('far', app('web', { namespace: 'other' }))
    const namespaces = [makeNamespace('other', { team: 'b' })]
    const check = (more: object) =>
      verify(
        [onNew({}, far, makePod('near', { spec: required('podAntiAffinity', term('web', HOST, more)) }))],
        makeCluster([], { namespaces }),
      ).length
    expect(check({})).toBe(0)
    expect(check({ namespaces: ['other'] })).toBe(2)
    expect(check({ namespaceSelector: {} })).toBe(2)
    expect(check({ namespaceSelector: { matchLabels: { team: 'b' } } })).toBe(2)
    expect(check({ namespaceSelector: { matchLabels: { team: 'a' } } })).toBe(0)
    expect(check({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } })).toBe(2)
    expect(check({ namespaces: ['third'] })).toBe(0)
  })
  it('narrows its selector by matchLabelKeys and mismatchLabelKeys', () => {
    const of = (name: string, rev: string, more: object) =>
      makePod(name, app('web', { labels: { rev }, spec: required('podAntiAffinity', term('web', HOST, more)) }))
    const count = (more: object) => rulesOf(verify([onNew({}, of('a', '1', more), of('b', '2', more))])).length
    expect(count({})).toBe(2)
    expect(count({ matchLabelKeys: ['rev'] })).toBe(0)
    expect(count({ matchLabelKeys: ['absent'] })).toBe(2)
    expect(count({ mismatchLabelKeys: ['rev'] })).toBe(2)
    expect(count({ mismatchLabelKeys: ['app'] })).toBe(0)
  })
  it('is read anew for each namespace and label value where pods share a spec', () => {
    const pod = makePod('a', app('web', { spec: required('podAntiAffinity', term('web', HOST)) }))
    const elsewhere = (name: string): Pod => ({ ...pod, id: `other/${name}`, name, namespace: 'other' })
    expect(verify([onNew({}, pod, elsewhere('b'))])).toEqual([])
    expect(rulesOf(verify([onNew({}, pod, elsewhere('b'), elsewhere('c'))]))).toEqual([
      'other/b InterPodAffinity',
      'other/c InterPodAffinity',
    ])
    const keyed = makePod('a', { spec: required('podAntiAffinity', term('web', HOST, { matchLabelKeys: ['rev'] })) })
    const of = (name: string, rev: string): Pod => ({
      ...keyed,
      id: `default/${name}`,
      name,
      labels: { app: 'web', rev },
    })
    expect(rulesOf(verify([onNew({}, of('a', '1'), of('b', '2'), of('c', '2'))]))).toEqual([
      'default/b InterPodAffinity',
      'default/c InterPodAffinity',
    ])
  })
  it('is inherited between pods that stay', () => {
    const { node, kept, cluster } = live(makeSite('n1'), [lonely('a'), lonely('b')])
    expect(rulesOf(verify([kept], cluster))).toEqual([
      'default/a InterPodAffinity inherited',
      'default/b InterPodAffinity inherited',
    ])
    const plus = keptNode(node, { pods: [...node.pods, lonely('late')] })
    expect(rulesOf(verify([plus], cluster))).toContain('default/late InterPodAffinity')
  })
  it('that a pod breaks by coming is not inherited by the one that stays', () => {
    const { node, cluster } = live(makeSite('n1'), [lonely('a')])
    const found = verify([keptNode(node, { pods: [...node.pods, lonely('late')] })], cluster)
    expect(rulesOf(found)).toEqual(['default/a InterPodAffinity', 'default/late InterPodAffinity'])
  })
  it('with a selector that nobody can read refuses its own pod only', () => {
    const labelSelector = { matchExpressions: [{ key: 'app', operator: 'Like', values: ['w'] }] }
    const odd = makePod('odd', { spec: required('podAntiAffinity', { labelSelector, topologyKey: HOST }) })
    expect(rulesOf(verify([onNew({}, odd, makePod('web', app('web')))]))).toEqual(['default/odd InterPodAffinity'])
  })
})

describe('affinity', () => {
  const friend = (name: string, ...terms: object[]) => makePod(name, { spec: required('podAffinity', ...terms) })
  const [a1, a2, b] = [
    { n: '1', [ZONE]: 'a' },
    { n: '2', [ZONE]: 'a' },
    { n: '3', [ZONE]: 'b' },
  ]
  const web = makePod('web', app('web'))

  it('wants a matching pod in the domain', () => {
    expect(verify([onNew(a1, web), onNew(a2, friend('f', term('web', ZONE)))])).toEqual([])
    const found = verify([onNew(a1, web), onNew(b, friend('f', term('web', ZONE)))])
    expect(rulesOf(found)).toEqual(['default/f InterPodAffinity'])
  })
  it('wants one pod that matches all terms, with the topology key of each', () => {
    const db = makePod('db', { labels: { tier: 'db' } })
    const tier = { labelSelector: { matchLabels: { tier: 'db' } }, topologyKey: HOST }
    const picky = friend('f', term('web', ZONE), tier)
    expect(rulesOf(verify([onNew(a1, web, db, picky)]))).toEqual(['default/f InterPodAffinity'])
    expect(verify([onNew(a1, makePod('both', app('web', { labels: { tier: 'db' } })), picky)])).toEqual([])
    const keyless = newNode(
      { ...makeSite('n1'), labels: { [HOST]: 'n1' } },
      { pods: [web, friend('f', term('web', ZONE))] },
    )
    expect(rulesOf(verify([keyless]))).toEqual(['default/f InterPodAffinity'])
  })
  it('lets the first of its kind go anywhere, but not a second elsewhere', () => {
    const kin = (name: string) => makePod(name, app('web', { spec: required('podAffinity', term('web', ZONE)) }))
    expect(verify([onNew(a1, kin('one'))])).toEqual([])
    expect(verify([onNew(a1, kin('one')), onNew(a2, kin('two'))])).toEqual([])
    const found = verify([onNew(a1, kin('one')), onNew(b, kin('two'))])
    expect(rulesOf(found)).toEqual(['default/one InterPodAffinity', 'default/two InterPodAffinity'])
    expect(rulesOf(verify([onNew(a1, friend('f', term('web', ZONE)))]))).toEqual(['default/f InterPodAffinity'])
  })
  it('is broken for a pod that stays when its company leaves', () => {
    const nodes = [makeNode(makeSite('x', a1), [web, friend('f', term('web', ZONE))])]
    const [node] = nodes
    const [company, stays] = node!.pods
    const found = verify([keptNode(node!, { pods: [stays!] }), onNew(b, company!)], makeCluster(nodes))
    expect(rulesOf(found)).toEqual(['default/f InterPodAffinity'])
  })
})

describe('topology spread', () => {
  const zones = { a: { n: 'a', [ZONE]: 'a' }, b: { n: 'b', [ZONE]: 'b' }, c: { n: 'c', [ZONE]: 'c' } }
  const pods = (zone: string, count: number, more: object = {}, parts: PodParts = {}) =>
    Array.from({ length: count }, (_, index) =>
      makePod(`${zone}${index}`, app('web', { ...parts, spec: { ...spread('web', ZONE, more), ...parts.spec } })),
    )

  it('compares every domain with the emptiest', () => {
    expect(verify([onNew(zones.a, ...pods('a', 3)), onNew(zones.b, ...pods('b', 2))])).toEqual([])
    const found = verify([onNew(zones.a, ...pods('a', 3)), onNew(zones.b, ...pods('b', 1))])
    expect(rulesOf(found)).toEqual(['default/a0', 'default/a1', 'default/a2'].map((id) => `${id} PodTopologySpread`))
    expect(found[0]?.detail).toContain(`${ZONE}=a has 3, the least is 1: a skew of 2, where 1 is allowed`)
  })
  it('counts an empty domain as zero, on nodes that are not packed too', () => {
    const two = pods('a', 2)
    expect(rulesOf(verify([onNew(zones.a, ...two), onNew(zones.b)]))).toHaveLength(2)
    expect(rulesOf(verify([onNew(zones.a, ...two), { ...onNew(zones.b), packed: false }]))).toHaveLength(2)
    expect(verify([onNew(zones.a, ...two)])).toEqual([])
  })
  it('counts residents, but no terminating pods and no other namespace', () => {
    const other = (parts: PodParts) => makePod('other', app('web', parts))
    const plan = (parts: PodParts) => [
      newNode(makeSite('na', zones.a), { pods: pods('a', 1), residentPods: [other(parts)] }),
      onNew(zones.b),
    ]
    expect(rulesOf(verify(plan({})))).toEqual(['default/a0 PodTopologySpread'])
    expect(verify(plan({ terminating: true }))).toEqual([])
    expect(verify(plan({ namespace: 'other' }))).toEqual([])
  })
  it('starts from zero while there are fewer domains than minDomains', () => {
    const plan = (count: number) => [
      onNew(zones.a, ...pods('a', count, { minDomains: 3 })),
      onNew(zones.b, ...pods('b', 1, { minDomains: 3 })),
    ]
    expect(verify(plan(1))).toEqual([])
    const found = verify(plan(2))
    expect(rulesOf(found)).toEqual(['default/a0 PodTopologySpread', 'default/a1 PodTopologySpread'])
    expect(found[0]?.detail).toContain('2 of at least 3 domains exist')
  })
  it('leaves out nodes that the pod may not use, as its policies say', () => {
    const taints = [{ key: 'dedicated', value: '', effect: 'NoSchedule' }]
    const tainted = newNode({ ...makeSite('nb', zones.b), taints })
    const plan = (more: object, selector: object = {}) => [
      onNew({ ...zones.a, pool: 'x' }, ...pods('a', 2, more, { spec: { nodeSelector: selector } })),
      tainted,
    ]
    expect(rulesOf(verify(plan({})))).toHaveLength(2)
    expect(verify(plan({ nodeTaintsPolicy: 'Honor' }))).toEqual([])
    expect(verify(plan({}, { pool: 'x' }))).toEqual([])
    expect(rulesOf(verify(plan({ nodeAffinityPolicy: 'Ignore' }, { pool: 'x' })))).toHaveLength(2)
  })
  it('counts only nodes that have the keys of all constraints, and refuses one without', () => {
    const both = {
      topologySpreadConstraints: [
        ...spread('web', ZONE).topologySpreadConstraints,
        ...spread('web', 'rack').topologySpreadConstraints,
      ],
    }
    const two = pods('a', 2, {}, { spec: both })
    const [one] = two
    expect(verify([onNew({ ...zones.a, rack: '1' }, ...two), onNew(zones.b)])).toEqual([])
    expect(rulesOf(verify([onNew(zones.a, one!)]))).toEqual(['default/a0 PodTopologySpread'])
  })
  it('judges a pod that its own selector does not match by the others', () => {
    const guest = makePod('guest', { spec: spread('web', ZONE) })
    const plan = (inA: number) => [
      onNew(zones.a, ...Array.from({ length: inA }, (_, i) => makePod(`w${i}`, app('web'))), guest),
      onNew(zones.b),
    ]
    expect(verify(plan(1))).toEqual([])
    expect(rulesOf(verify(plan(2)))).toEqual(['default/guest PodTopologySpread'])
  })
  it('counts by matchLabelKeys', () => {
    const of = (name: string, rev: string, more: object) =>
      makePod(name, app('web', { labels: { rev }, spec: spread('web', ZONE, more) }))
    const count = (more: object) =>
      verify([onNew(zones.a, of('x', '1', more), of('y', '2', more)), onNew(zones.b)]).length
    expect(count({})).toBe(2)
    expect(count({ matchLabelKeys: ['rev'] })).toBe(0)
  })
  it('asks nothing when it is ScheduleAnyway, or selects nothing', () => {
    const loose = [onNew(zones.a, ...pods('a', 5, { whenUnsatisfiable: 'ScheduleAnyway' })), onNew(zones.b)]
    expect(verify(loose)).toEqual([])
    expect(verify([onNew(zones.a, ...pods('a', 5, { labelSelector: null })), onNew(zones.b)])).toEqual([])
  })
  it('is inherited where it is as broken today', () => {
    const nodes = [makeNode(makeSite('x', zones.a), pods('a', 3)), makeNode(makeSite('y', zones.b), pods('b', 1))]
    const kept = nodes.map((node) => keptNode(node, { pods: node.pods }))
    const inherited = ['default/a0', 'default/a1', 'default/a2'].map((id) => `${id} PodTopologySpread inherited`)
    expect(rulesOf(verify(kept, makeCluster(nodes)))).toEqual(inherited)
  })
  it('is the plan’s doing where the plan empties a domain', () => {
    const nodes = [makeNode(makeSite('x', zones.a), pods('a', 2)), makeNode(makeSite('y', zones.b), pods('b', 1))]
    const [x, y] = nodes
    const left = { ...makePod('away', {}), nodeName: 'y' }
    const found = verify([keptNode(x!, { pods: x!.pods }), keptNode(y!, { pods: [left] })], makeCluster(nodes), [left])
    expect(rulesOf(found).filter((text) => text.includes('Spread'))).toEqual([
      'default/a0 PodTopologySpread',
      'default/a1 PodTopologySpread',
    ])
  })
})

describe('the book', () => {
  it('misses pods, unless they are listed as left over', () => {
    const [a, b] = [makePod('a'), makePod('b')]
    expect(rulesOf(verify([onNew({}, a)], undefined, [a, b]))).toEqual(['default/b MissingPod'])
    const unplaced = [{ pod: b, running: false, reason: 'no room' }]
    const input = { cluster: makeCluster([]), mustPlace: [a, b] }
    expect(verifyPlan({ ...input, plan: makePlan([onNew({}, a)], unplaced) })).toEqual([])
    const both = verifyPlan({ ...input, plan: makePlan([onNew({}, a, b)], unplaced) })
    expect(rulesOf(both)).toEqual(['default/b PlacedTwice'])
  })
  it('finds pods that are placed twice', () => {
    const pod = makePod('a')
    expect(rulesOf(verify([onNew({ n: '1' }, pod), onNew({ n: '2' }, pod)]))).toEqual(['default/a PlacedTwice'])
    const { node, cluster } = live(makeSite('n1'), [pod])
    const counted = keptNode(node, { residentPods: node.pods })
    expect(rulesOf(verify([counted, onNew({ n: '2' }, ...node.pods)], cluster))).toEqual(['default/a PlacedTwice'])
    expect(rulesOf(verify([counted], cluster, node.pods))).toEqual(['default/a MissingPod'])
  })
  it('knows only pods of the cluster', () => {
    expect(rulesOf(verify([onNew({}, makePod('ghost'))], undefined, []))).toEqual(['default/ghost MissingPod'])
  })
  it('reads pods from what must be placed, not from the plan', () => {
    const pod = makePod('a', { needed: resources(5000, 0) })
    const found = verify([onNew({}, { ...pod, needed: resources(1, 0) })], undefined, [pod])
    expect(rulesOf(found)).toEqual(['default/a NodeResourcesFit'])
  })
  it('wants kept nodes to be nodes of the cluster, as they are', () => {
    const { node, kept, cluster } = live(makeSite('n1', { zone: 'a' }), [])
    const told = (changed: Partial<PlanNode>) => verify([{ ...kept, ...changed }], cluster).map(({ detail }) => detail)
    expect(told({})).toEqual([])
    expect(told({ name: 'n9' })).toEqual(['the plan keeps a node that the cluster does not have'])
    expect(told({ labels: { ...node.labels, zone: 'b' } })).toEqual([
      'label zone is b in the plan and a in the cluster',
    ])
    expect(told({ labels: { [HOST]: 'n1' } })).toEqual(['label zone is absent in the plan and a in the cluster'])
    expect(told({ taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] })).toEqual([
      'its taints are k=v:NoSchedule in the plan and none in the cluster',
    ])
    expect(told({ unschedulable: true })).toEqual(['it is cordoned in the plan and not so in the cluster'])
    const more = { ...node.allocatable, cpu: resources(4500, 0).cpu }
    expect(told({ allocatable: more })).toEqual(['the plan gives it 500 more allocatable cpu than it has'])
    expect(told({ action: 'new' })).toEqual(['a new node has the name of one that exists'])
    expect(verify([kept, kept], cluster).map(({ rule }) => rule)).toEqual(['UnknownNode'])
  })
  it('allows the host name that a file of nodes adds', () => {
    const { kept, cluster } = live({ ...makeSite('n1'), labels: {} }, [])
    expect(verify([{ ...kept, labels: { [HOST]: 'n1' } }], cluster)).toEqual([])
  })
  it('leaves what comes with a kept node there', () => {
    const { node, kept, cluster } = live(makeSite('n1'), [makePod('agent', { role: 'daemon' })])
    const without = verify([{ ...kept, pods: [] }], cluster, [])
    expect(rulesOf(without)).toEqual(['default/agent MissingPod'])
    expect(verify([keptNode(node, { residentPods: node.pods })], cluster, [])).toEqual([])
    expect(verify([], cluster, [])).toEqual([])
  })
  it('runs on new nodes the DaemonSets that match them', () => {
    const pod = makePod('agent', {
      role: 'daemon',
      workload: 'default/DaemonSet/agent',
      spec: { nodeSelector: { os: 'linux' } },
    })
    const cluster = makeCluster([], { daemonSets: [{ id: 'default/agent', pod }] })
    const [linux, windows] = [makeSite('n1', { os: 'linux' }), makeSite('n2', { os: 'windows' })]
    expect(rulesOf(verify([newNode(linux), newNode(windows)], cluster))).toEqual(['default/agent MissingPod'])
    expect(verify([newNode(linux, { residentPods: [pod] }), newNode(windows)], cluster)).toEqual([])
    const taints = [{ key: 'only', value: '', effect: 'NoExecute' }]
    expect(verify([newNode({ ...linux, taints })], cluster)).toEqual([])
  })
})

it('sorts by node and pod, whatever order the plan is in', () => {
  const nodes = ['2', '10', '1'].map((n) =>
    onNew({ n }, makePod(`b${n}`, { unreadable: 'x' }), makePod(`a${n}`, { unreadable: 'x' })),
  )
  const found = verify(nodes)
  expect(found.map(({ node, pod }) => `${node} ${pod}`)).toEqual([
    'n1 default/a1',
    'n1 default/b1',
    'n10 default/a10',
    'n10 default/b10',
    'n2 default/a2',
    'n2 default/b2',
  ])
  expect(verify(nodes.toReversed())).toEqual(found)
})

it('shares nothing with the search but the domain', () => {
  const room = new URL('../../src/pack/', import.meta.url)
  const files = ['verify.ts', ...readdirSync(new URL('verify/', room)).map((name) => `verify/${name}`)]
  expect(files.length).toBeGreaterThan(5)
  for (const file of files) {
    const imports = [...readFileSync(new URL(file, room), 'utf8').matchAll(/from '(.+)'/g)].map(
      ([, path]) => path ?? '',
    )
    const reached = imports.map((path) => new URL(path, new URL(file, room)).pathname)
    const odd = reached.filter((path) => !/\/src\/domain\/[\w-]+\.js$|\/src\/pack\/verify\/[\w-]+\.js$/.test(path))
    expect({ file, odd }).toEqual({ file, odd: [] })
  }
})
