import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlanSurvival, Survival } from '../../src/domain/blast-radius.js'
import type { Node } from '../../src/domain/cluster.js'
import type { Pod } from '../../src/domain/pod.js'
import { podSlots } from '../../src/domain/units.js'
import { survivalTests } from '../../src/pack/loss/survival.js'
import type { PackProblem } from '../../src/pack/problem.js'
import { keptNode, makeCluster, makeNode, makePlan } from './make-plan.js'
import { makePod, makeSite, resources, type PodParts } from './make.js'
import { NaiveBoard } from './naive-board.js'

const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'

/** A node with 1000 millicores in the zone that its name starts with. */
function node(name: string, pods: readonly Pod[] = [], parts: Partial<Node> = {}): Node {
  const zone = name.charAt(0)
  const allocatable = resources(1000, 4096, { pods: podSlots(10) })
  return makeNode(makeSite(name, { [ZONE]: zone }, { allocatable }), pods, { zone, ...parts })
}

const pod = (name: string, cpu: number, parts: PodParts = {}): Pod =>
  makePod(name, { needed: resources(cpu, 10), workload: `default/Deployment/${name.split('-')[0]}`, ...parts })
const some = (count: number, cpu: number, name: string, parts: PodParts = {}): Pod[] =>
  Array.from({ length: count }, (_, index) => pod(`${name}-${index}`, cpu, parts))

const inZone = (key: string, value: string): NonNullable<PodParts['volumes']> => ({
  nodeTerms: [[{ matchExpressions: [{ key, operator: 'In', values: [value] }], matchFields: [] }]],
})

function survivalOf(nodes: readonly Node[], suits: PackProblem['suits'] = () => true): PlanSurvival {
  const cluster = makeCluster(nodes)
  const roles = (one: Node): { pods: Pod[]; residentPods: Pod[] } => ({
    pods: one.pods.filter(({ role }) => role === 'ordinary'),
    residentPods: one.pods.filter(({ role }) => role !== 'ordinary'),
  })
  const plan = makePlan(nodes.map((one) => ({ ...keptNode(one, roles(one)), packed: !one.controlPlane })))
  const [answer] = survivalTests(cluster, suits)([plan])
  if (answer === undefined) throw new Error('one plan, one answer')
  return answer
}

/** `survives`, or the worst loss as `name pods: reasons`. */
const words = (survival: Survival): string =>
  survival.kind === 'fails'
    ? `${survival.failing}/${survival.of} ${survival.worst.name} ${survival.worst.pods}: ${survival.worst.homeless
        .map(({ why, pods }) => `${pods} ${why}`)
        .join(', ')}`
    : survival.kind

const bothOf = (nodes: readonly Node[], suits?: PackProblem['suits']): [string, string] => {
  const { node: one, zone } = survivalOf(nodes, suits)
  return [words(one), words(zone)]
}

describe('the loss of one node, of one zone', () => {
  it('is survived where what is left has room', () => {
    expect(bothOf([node('a1', some(2, 200, 'x')), node('b1', some(2, 200, 'y'))])).toEqual(['survives', 'survives'])
    const { node: one, zone } = survivalOf([node('a1', some(2, 200, 'x')), node('b1', some(1, 200, 'y')), node('b2')])
    expect(one).toEqual({ kind: 'survives', tried: 3, heaviest: { name: 'a1', zone: 'a', pods: 2, homeless: [] } })
    expect(zone).toEqual({ kind: 'survives', tried: 2, heaviest: { name: 'a', zone: 'a', pods: 2, homeless: [] } })
  })

  it('is not where it has none, and the worst is named', () => {
    const nodes = [node('a1', some(3, 300, 'x')), node('b1', some(2, 300, 'y')), node('c1', some(1, 900, 'z'))]
    // 400, 100 and 700 are free beside what is lost.
    expect(bothOf(nodes)).toEqual(['3/3 a1 3: 2 room', '3/3 a 3: 2 room'])
  })

  it('counts what comes with a node neither as lost nor as gone', () => {
    const agent = (name: string): Pod => pod(name, 500, { role: 'daemon' })
    expect(bothOf([node('a1', [agent('d-1'), pod('x', 300)]), node('b1', [agent('d-2')])])).toEqual([
      'survives',
      'survives',
    ])
    expect(bothOf([node('a1', [agent('d-1'), pod('x', 501)]), node('b1', [agent('d-2')])])[0]).toBe('1/2 a1 1: 1 room')
  })

  it('takes the last zone or node with it', () => {
    expect(bothOf([node('a1', some(1, 10, 'x')), node('a2')])).toEqual(['survives', '1/1 a 1: 1 room'])
    expect(bothOf([node('a1', some(1, 10, 'x'))])).toEqual(['1/1 a1 1: 1 room', '1/1 a 1: 1 room'])
    expect(bothOf([node('a1')])).toEqual(['survives', 'survives'])
  })

  it('leaves pods behind that a volume ties to the zone or to the node', () => {
    const zonal = pod('db-0', 100, { volumes: inZone(ZONE, 'a') })
    expect(bothOf([node('a1', [zonal, pod('x', 100)]), node('b1')])).toEqual([
      '1/2 a1 2: 1 zone-volume',
      '1/2 a 2: 1 zone-volume',
    ])
    expect(bothOf([node('a1', [zonal]), node('a2'), node('b1')])).toEqual(['survives', '1/2 a 1: 1 zone-volume'])
    const local = pod('disk-0', 100, { volumes: inZone(HOST, 'a1') })
    expect(bothOf([node('a1', [local]), node('a2'), node('b1')])).toEqual([
      '1/3 a1 1: 1 node-volume',
      '1/2 a 1: 1 node-volume',
    ])
  })

  it('keeps to node selectors and taints, and puts nothing on closed or control-plane nodes', () => {
    const picky = pod('x', 100, { spec: { nodeSelector: { [ZONE]: 'a' } } })
    expect(bothOf([node('a1', [picky]), node('b1')])[0]).toBe('1/2 a1 1: 1 node-rules')
    const taints = [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' as const }]
    const plain = pod('x', 100)
    expect(bothOf([node('a1', [plain]), node('b1', [], { taints })])[0]).toBe('1/2 a1 1: 1 node-rules')
    expect(bothOf([node('a1', [plain]), node('b1', [], { closed: 'not ready' })])[0]).toBe('1/2 a1 1: 1 room')
    expect(bothOf([node('a1', [plain]), node('b1', [], { controlPlane: true })])[0]).toBe('1/1 a1 1: 1 room')
  })

  it('keeps to rules between pods, the domains that are lost being gone', () => {
    const required = [{ topologyKey: HOST, labelSelector: { matchLabels: { app: 'x' } } }]
    const apart = {
      labels: { app: 'x' },
      spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } },
    }
    const [one, two] = some(2, 100, 'x', apart)
    expect(bothOf([node('a1', [one!]), node('b1', [two!])])[0]).toBe('2/2 a1 1: 1 pod-rules')
    expect(bothOf([node('a1', [one!]), node('b1', [two!]), node('c1')])).toEqual(['survives', 'survives'])

    const constraint = {
      maxSkew: 1,
      topologyKey: ZONE,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'x' } },
    }
    const spread = (more: object): PodParts => ({
      labels: { app: 'x' },
      spec: { topologySpreadConstraints: [{ ...constraint, ...more }] },
    })
    const over = (more: object): Node[] =>
      some(3, 100, 'x', spread(more)).map((each, index) => node(`${'abc'[index]}1`, [each]))
    expect(bothOf(over({}))).toEqual(['survives', 'survives'])
    expect(bothOf(over({ minDomains: 3 }))).toEqual(['3/3 a1 1: 1 pod-rules', '3/3 a 1: 1 pod-rules'])
  })

  it('finds host ports and volume slots taken', () => {
    const hostPorts = [{ port: 80, protocol: 'TCP', ip: '0.0.0.0' }]
    const [one, two] = some(2, 100, 'x', { hostPorts })
    expect(bothOf([node('a1', [one!]), node('b1', [two!])])[0]).toBe('2/2 a1 1: 1 taken')
    const disk = (handle: string): PodParts => ({ volumes: { attachments: [{ driver: 'ebs', handle }] } })
    const slots = { attachLimits: { ebs: 1 } }
    expect(bothOf([node('a1', [pod('x', 1, disk('v'))], slots), node('b1', [pod('y', 1, disk('w'))], slots)])[0]).toBe(
      '2/2 a1 1: 1 taken',
    )
  })

  it('puts no pod on a processor that its workload does not run on', () => {
    const nodes = [node('a1', [pod('x', 100)]), node('b1', [], { architecture: 'arm64' })]
    expect(bothOf(nodes, (_, { architecture }) => architecture !== 'arm64')[0]).toBe('1/2 a1 1: 1 node-rules')
    expect(bothOf(nodes)[0]).toBe('survives')
  })

  it('finds a place for pods that the first order leaves over', () => {
    // The largest first onto the fuller node would be 300 and 300 apart, and room for one of the others only.
    const lost = [...some(2, 300, 'big'), ...some(2, 250, 'small')]
    const filled = (name: string, cpu: number): Node => node(name, some(1, cpu, name))
    // So many nodes that not every placement is tried.
    const full = Array.from({ length: 15 }, (_, index) => filled(`d${index}`, 1000))
    const nodes = [node('a1', lost), filled('b1', 500), filled('c1', 400), ...full]
    expect(bothOf(nodes)[0]).toBe('15/18 d0 1: 1 room')
  })

  it('finds the only placement there is, where the case is small', () => {
    // 300 + 200 and 400 + 200 it must be; the largest first, or those first that come first by name, leave one over.
    const lost = [pod('w', 200), pod('x', 200), pod('y', 300), pod('z', 400)]
    const nodes = [node('a1', lost), node('b1', some(1, 500, 'b')), node('c1', some(1, 400, 'c'))]
    expect(bothOf(nodes)).toEqual(['survives', 'survives'])
  })

  it('lets a pod take its own claims with it', () => {
    const claims = [{ sharedClaims: ['default/data'] }, { exclusiveClaims: ['default/data'] }]
    for (const volumes of claims)
      expect(bothOf([node('a1', [pod('db-0', 100, { volumes })]), node('b1')])).toEqual(['survives', 'survives'])
  })

  it('is not judged for zones where a node is in none that is known, nor where there are no nodes', () => {
    const [one, zone] = bothOf([node('a1', some(1, 10, 'x')), node('b1', some(1, 10, 'y'), { zone: undefined })])
    expect([one, zone]).toEqual(['survives', 'not-known'])
    expect(bothOf([])).toEqual(['not-known', 'not-known'])
  })

  it('is not tried for clusters that are too large', () => {
    const nodes = Array.from({ length: 8_000 }, (_, index) => node(`a${index}`, [pod(`x-${index}`, 1)]))
    expect(bothOf(nodes)).toEqual(['too-large', 'too-large'])
  })
})

/** Tiny clusters: sizes in tenths of a node, some pods tied to a zone, some that keep apart, some with a port. */
const anyNodes = fc.array(
  fc.record({
    zone: fc.constantFrom('a', 'b'),
    pods: fc.array(
      fc.record({
        tenths: fc.integer({ min: 1, max: 6 }),
        rule: fc.constantFrom('', '', '', 'zone', 'apart', 'port', 'near'),
      }),
      { maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
)
type Sketch = typeof anyNodes extends fc.Arbitrary<infer Value> ? Value : never

function partsOf(rule: string, zone: string): PodParts {
  const term = { topologyKey: HOST, labelSelector: { matchLabels: { app: 'apart' } } }
  const near = { topologyKey: ZONE, labelSelector: { matchLabels: { app: 'near' } } }
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  switch (rule) {
    case 'zone':
      return { volumes: inZone(ZONE, zone) }
    case 'apart':
      return { labels: { app: 'apart' }, spec: { affinity: { podAntiAffinity: { [required]: [term] } } } }
    case 'near':
      return { labels: { app: 'near' }, spec: { affinity: { podAffinity: { [required]: [near] } } } }
    case 'port':
      return { hostPorts: [{ port: 80, protocol: 'TCP', ip: '0.0.0.0' }] }
    default:
      return {}
  }
}

const nodesOf = (sketch: Sketch): Node[] =>
  sketch.map(({ zone, pods }, at) =>
    node(
      `${zone}${at}`,
      pods.map(({ tenths, rule }, index) => pod(`p${at}-${index}`, tenths * 100, partsOf(rule, zone))),
    ),
  )

/** Every order of the pods and every node for each. */
function hasPlaces(board: NaiveBoard, waiting: readonly Pod[]): boolean {
  return (
    waiting.length === 0 ||
    waiting.some((each) =>
      board.sites.some((site, at) => {
        if (site === undefined || board.refusing(each, at).length > 0) return false
        site.pods.push({ pod: each, as: 'needed' })
        const works = hasPlaces(
          board,
          waiting.filter((other) => other !== each),
        )
        site.pods.pop()
        return works
      }),
    )
  )
}

function bruteForce(nodes: readonly Node[], isLost: (node: Node) => boolean): boolean {
  const board = new NaiveBoard([])
  for (const one of nodes)
    if (!isLost(one)) board.sites.push({ site: one, pods: one.pods.map((each) => ({ pod: each, as: 'held' })) })
  return hasPlaces(
    board,
    nodes.filter(isLost).flatMap(({ pods }) => pods),
  )
}

describe('on any tiny cluster', () => {
  it('the answer is that of every placement in every order', () => {
    const answers = new Set<string>()
    fc.assert(
      fc.property(anyNodes, (sketch) => {
        const nodes = nodesOf(sketch)
        const { node: one, zone } = survivalOf(nodes)
        const zones = [...new Set(nodes.map((each) => each.zone))]
        const nodeWorks = nodes.every((lost) => bruteForce(nodes, (each) => each === lost))
        const zoneWorks = zones.every((lost) => bruteForce(nodes, (each) => each.zone === lost))
        answers.add(`${nodeWorks} ${zoneWorks}`)
        expect([one.kind, zone.kind]).toEqual([nodeWorks, zoneWorks].map((works) => (works ? 'survives' : 'fails')))
      }),
      { numRuns: 400 },
    )
    expect([...answers]).toEqual(expect.arrayContaining(['true true', 'true false', 'false false']))
  })

  it('one more empty node never costs the survival, and the order of the nodes does not matter', () => {
    const isFine = ({ kind }: Survival): boolean => kind === 'survives'
    fc.assert(
      fc.property(anyNodes, fc.constantFrom('a9', 'b9', 'A9'), (sketch, name) => {
        const nodes = nodesOf(sketch)
        const before = survivalOf(nodes)
        const zone = name.toLowerCase().charAt(0)
        const after = survivalOf([...nodes, node(name, [], { zone, labels: { [HOST]: name, [ZONE]: zone } })])
        if (isFine(before.node)) expect(after.node.kind).toBe('survives')
        if (isFine(before.zone)) expect(after.zone.kind).toBe('survives')
        expect(survivalOf([...nodes].reverse())).toEqual(before)
      }),
      { numRuns: 300 },
    )
  })
})
