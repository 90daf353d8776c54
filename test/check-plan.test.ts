import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkPlan } from '../src/check-plan.js'
import { readSnapshot } from '../src/collect/snapshot-file.js'
import type { Cluster } from '../src/domain/cluster.js'
import type { Pod } from '../src/domain/pod.js'
import { untoleratedTaints } from '../src/domain/requirement.js'
import { FailureError } from '../src/failure.js'
import { buildCluster } from '../src/model/build-cluster.js'
import type { FoundFault } from '../src/report/plan-check.js'

const REPORT = fileURLToPath(new URL('../reports/sample', import.meta.url))
const SNAPSHOT = fileURLToPath(new URL('../data/sample-cluster.json.gz', import.meta.url))
const SILENT = { show: () => undefined, clear: () => undefined }
const ZONE = 'topology.kubernetes.io/zone'
const NEW_NODE = 'new-general-001'

type PlanNode = {
  metadata: { name: string; labels: Record<string, string> }
  spec: { providerID?: string; taints?: { key: string; value?: string; effect: string }[]; unschedulable?: boolean }
  status: { allocatable: Record<string, string> }
}
/** The files of a report, to be changed: placements by pod, in the order of the file. */
type Files = { nodes: PlanNode[]; rows: (readonly [pod: string, node: string])[] }

/** The cluster as it stands, as a plan, and a new node as those of the group `general` are. */
function planOf({ nodes, pods }: Cluster): Files {
  const { items } = JSON.parse(gunzipSync(readFileSync(SNAPSHOT)).toString('utf8')) as {
    items: (PlanNode & { kind: string })[]
  }
  const live = items.filter(({ kind }) => kind === 'Node')
  const model = structuredClone(
    live.find(({ metadata }) => metadata.labels['eks.amazonaws.com/nodegroup'] === 'general')!,
  )
  delete model.spec.providerID
  model.metadata.name = NEW_NODE
  model.metadata.labels['kubernetes.io/hostname'] = NEW_NODE
  expect(live).toHaveLength(nodes.length)
  const placed = pods.filter(({ role }) => role === 'ordinary')
  return { nodes: [...live, model], rows: placed.map(({ id, nodeName }) => [id, nodeName] as const) }
}

let folder: string
let cluster: Cluster
let original: Files
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-check-'))
  cluster = buildCluster(await readSnapshot([SNAPSHOT], () => undefined), { name: undefined, region: undefined })
  original = planOf(cluster)
})
afterAll(() => rmSync(folder, { recursive: true }))

const csvOf = (rows: Files['rows']): string =>
  ['namespace,pod,node', ...rows.map(([pod, node]) => `${pod.replace('/', ',')},${node}`), ''].join('\n')

/** A report folder of its own, with these two files. */
function written(nodes: string, placements: string): string {
  const made = mkdtempSync(join(folder, 'report-'))
  writeFileSync(join(made, 'plan-nodes.json'), nodes)
  writeFileSync(join(made, 'placements.csv'), placements)
  return made
}

async function check(path: string): Promise<{ found: FoundFault[]; failure: FailureError | undefined }> {
  const { text, failure } = await checkPlan(path, [SNAPSHOT], 'json', SILENT)
  return { ...(JSON.parse(text) as { found: FoundFault[] }), failure }
}

/** What is found once the files have been changed. */
async function tampered(change: (files: Files) => void): Promise<FoundFault[]> {
  const files = structuredClone(original)
  change(files)
  const { found, failure } = await check(
    written(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: files.nodes }), csvOf(files.rows)),
  )
  expect(failure?.failure).toMatchObject({
    kind: 'bad-input',
    problem: expect.stringContaining('breaks the scheduler'),
  })
  return found
}

const isLive = ({ metadata }: PlanNode): boolean => cluster.nodes.some(({ name }) => name === metadata.name)
const podOf = (id: string): Pod => cluster.pods.find((pod) => pod.id === id)!
const move = ({ rows }: Files, pod: string, node: string): void => {
  rows[rows.findIndex(([id]) => id === pod)] = [pod, node]
}
/** The first placed pod of which this holds. */
const placed = ({ rows, nodes }: Files, wanted: (pod: Pod, node: PlanNode) => boolean): Pod => {
  const row = rows.find(([id, name]) => {
    const node = nodes.find(({ metadata }) => metadata.name === name)
    return node !== undefined && wanted(podOf(id), node)
  })
  return podOf(row![0])
}
const rulesFor = (found: readonly FoundFault[], pod: string): string[] => [
  ...new Set(found.filter((fault) => fault.pod === pod).map(({ rule }) => rule)),
]

/** The plan as it is in the files, or with another text of placements. */
const untouched = (placements = csvOf(original.rows)): string =>
  written(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: original.nodes }), placements)

test('the plan of the sample report is clean', async () => {
  const { found, failure } = await check(REPORT)
  expect({ found, failure }).toEqual({ found: [], failure: undefined })
  const { text } = await checkPlan(REPORT, [SNAPSHOT], 'table', SILENT)
  expect(text).toMatch(/^\d+ pods on \d+ nodes: 0 violations\n$/)
  expect((await checkPlan(REPORT, [SNAPSHOT], 'csv', SILENT)).text).toBe('pod,node,rule,inherited,detail\n')
})

test('the cluster as it stands is a clean plan, and so it is with an empty node more', async () => {
  const { text, failure } = await checkPlan(untouched(), [SNAPSHOT], 'table', SILENT)
  expect(failure).toBeUndefined()
  expect(text).toBe(`${original.rows.length} pods on ${original.nodes.length} nodes: 0 violations\n`)
})

test('columns in another order and quoted fields are the same plan', async () => {
  const rows = original.rows.map(([pod, node]) => `"${node}",x,"${pod.split('/')[1]}",${pod.split('/')[0]}\r\n`)
  const path = untouched(`node,why,pod,namespace\r\n${rows.join('')}`)
  expect((await check(path)).found).toEqual([])
})

describe('a plan that somebody changed', () => {
  test('a pod on a node without room', async () => {
    const small = original.nodes.find(({ status }) => Number(status.allocatable['pods']) < 20)!.metadata.name
    const pod = original.rows.map(([id]) => podOf(id)).sort((a, b) => b.needed.cpu - a.needed.cpu)[0]!
    const found = await tampered((files) => move(files, pod.id, small))
    expect(found).toContainEqual(
      expect.objectContaining({
        node: small,
        rule: 'NodeResourcesFit',
        detail: expect.stringMatching(/asked for, .* allocatable, .* too much/),
      }),
    )
  })

  test('a node that is gone, with its pods still on it', async () => {
    const name = original.rows[0]![1]
    const found = await tampered(({ nodes }) => {
      nodes.splice(
        nodes.findIndex(({ metadata }) => metadata.name === name),
        1,
      )
    })
    const homeless = original.rows.filter(([, node]) => node === name).map(([id]) => id)
    expect(found.filter(({ rule }) => rule === 'UnknownNode').map(({ pod }) => pod)).toEqual(homeless)
    expect(found).toContainEqual(
      expect.objectContaining({ pod: homeless[0], detail: expect.stringContaining('(line 2 of') }),
    )
  })

  test('a pod that is not listed, one that is listed twice, one on two nodes', async () => {
    const [first, second, third] = original.rows
    const found = await tampered(({ rows }) => rows.splice(0, 2, second!, second!, [third![0], first![1]]))
    expect(rulesFor(found, first![0])).toEqual(['MissingPod'])
    expect(rulesFor(found, second![0])).toContain('PlacedTwice')
    expect(rulesFor(found, third![0])).toContain('PlacedTwice')
  })

  test('a running pod without a node, and the same one listed so twice', async () => {
    const running = original.rows.find(([id]) => podOf(id).nodeName !== '')![0]
    const found = await tampered((files) => {
      move(files, running, '')
      files.rows.push([running, ''])
    })
    expect(rulesFor(found, running)).toEqual(['PlacedTwice', 'RunningPodLeftOver'])
  })

  test('pods that do not exist, or that come with their node', async () => {
    const daemon = cluster.pods.find(({ role }) => role === 'daemon')!
    const node = original.rows[0]![1]
    const found = await tampered(({ rows }) => rows.push(['shop/none', node], [daemon.id, node]))
    expect(found.map(({ pod, rule }) => `${pod} ${rule}`).sort()).toEqual([
      `${daemon.id} NeedsNoPlace`,
      'shop/none MissingPod',
    ])
  })

  test('a pod on a node whose taint it does not tolerate', async () => {
    const tainted = original.nodes.find(({ spec }) => spec.taints !== undefined)!
    const taints = tainted.spec.taints!.map(({ value = '', ...taint }) => ({ ...taint, value }))
    const pod = placed(original, ({ spec }) => untoleratedTaints(taints, spec.tolerations).length > 0)
    const found = await tampered((files) => move(files, pod.id, tainted.metadata.name))
    expect(rulesFor(found, pod.id)).toContain('TaintToleration')
  })

  test('a pod away from the zone of its volume', async () => {
    const zoneOf = ({ metadata }: PlanNode): string => metadata.labels[ZONE] ?? ''
    const pod = placed(original, ({ volumes }) => volumes.nodeTerms.length > 0)
    const home = original.rows.find(([id]) => id === pod.id)![1]
    const zone = zoneOf(original.nodes.find(({ metadata }) => metadata.name === home)!)
    const elsewhere = original.nodes.find((node) => zoneOf(node) !== zone)!.metadata.name
    const found = await tampered((files) => move(files, pod.id, elsewhere))
    expect(rulesFor(found, pod.id)).toContain('VolumeBinding')
  })

  test('two pods that keep apart, on one node', async () => {
    const apart = original.rows
      .map(([id]) => podOf(id))
      .filter(({ spec }) => spec.podAntiAffinity.some(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname'))
    const [a] = apart
    const b = apart.find((pod) => pod !== a && pod.workload === a!.workload)!
    const node = original.rows.find(([id]) => id === a!.id)![1]
    const found = await tampered((files) => move(files, b.id, node))
    expect(rulesFor(found, a!.id)).toContain('InterPodAffinity')
    expect(rulesFor(found, b.id)).toContain('InterPodAffinity')
  })

  test.each<[what: string, change: (node: PlanNode) => void, detail: string]>([
    [
      'label',
      ({ metadata }) => (metadata.labels['team'] = 'mine'),
      'label team is mine in the plan and absent in the cluster',
    ],
    [
      'taint',
      ({ spec }) => (spec.taints = [{ key: 'mine', effect: 'NoSchedule' }]),
      'its taints are mine=:NoSchedule in the plan and none',
    ],
    ['cordon', ({ spec }) => (spec.unschedulable = true), 'it is cordoned in the plan and not so in the cluster'],
    ['more CPU', ({ status }) => (status.allocatable['cpu'] = '999'), 'more allocatable cpu than it has'],
    ['less memory', ({ status }) => (status.allocatable['memory'] = '40Gi'), 'less allocatable memory than it has'],
    [
      'another machine',
      ({ spec }) => (spec.providerID = 'aws:///us-east-1a/i-0123456789abcdef0'),
      'its providerID is aws:///us-east-1a/i-0123456789abcdef0',
    ],
    [
      'another name',
      ({ metadata }) => (metadata.name = 'impostor'),
      'the plan keeps a node that the cluster does not have',
    ],
  ])('a kept node with %s', async (_, change, detail) => {
    let name = ''
    const found = await tampered(({ nodes }) => {
      // The largest one, so that "less memory" is less and nothing else about it is out of place.
      const memory = ({ status }: PlanNode): number => Number.parseInt(status.allocatable['memory'] ?? '0', 10)
      const kept = nodes.filter((node) => isLive(node) && node.spec.taints === undefined)
      const node = kept.sort((a, b) => memory(b) - memory(a))[0]!
      if (detail.startsWith('less')) node.status.allocatable['memory'] = '1Gi'
      else change(node)
      name = node.metadata.name
    })
    expect(found.filter(({ node }) => node === name)).toContainEqual(
      expect.objectContaining({ rule: 'UnknownNode', detail: expect.stringContaining(detail) }),
    )
  })

  test('a new node that no group makes, and one without the taints of its group', async () => {
    const isNew = (node: PlanNode): boolean => !isLive(node)
    const [first] = original.nodes.filter(isNew)
    expect(first?.metadata.name).toBe(NEW_NODE)
    const found = await tampered(({ nodes }) => {
      const node = nodes.find(isNew)!
      node.metadata.labels = { 'kubernetes.io/hostname': node.metadata.name }
      nodes.push({ ...structuredClone(first!), metadata: { ...first!.metadata, name: 'extra' } })
      nodes.at(-1)!.spec.taints = [{ key: 'mine', effect: 'NoSchedule' }]
    })
    const details = found.filter(({ rule }) => rule === 'UnknownNode').map(({ node, detail }) => `${node}: ${detail}`)
    expect(details).toContainEqual(`${first!.metadata.name}: no node group of the cluster makes nodes with such labels`)
    expect(details).toContainEqual(expect.stringMatching(/^extra: its taints are mine=:NoSchedule, those of its group/))
  })
})

test('a table has a line for each violation and ends with the totals', async () => {
  const files = structuredClone(original)
  const [gone] = files.rows.splice(0, 1)
  const path = written(JSON.stringify({ kind: 'List', items: files.nodes }), csvOf(files.rows))
  const { text } = await checkPlan(path, [SNAPSHOT], 'table', SILENT)
  expect(text.split('\n')).toEqual([
    expect.stringMatching(/^POD +NODE +RULE +DETAIL$/),
    expect.stringMatching(new RegExp(`^${gone![0]} +- +MissingPod +the plan neither places it`)),
    `${files.rows.length} pods on ${files.nodes.length} nodes: 1 violation`,
    '',
  ])
})

describe('input that cannot be read', () => {
  const refused = async (path: string): Promise<string> => {
    const error: unknown = await checkPlan(path, [SNAPSHOT], 'table', SILENT).catch((caught: unknown) => caught)
    if (!(error instanceof FailureError)) throw new Error(`no failure: ${String(error)}`)
    expect(error.failure.kind).toBe('bad-input')
    return error.message.replaceAll(folder, '')
  }
  const nodes = (): string => JSON.stringify({ items: original.nodes })
  const placements = (): string => csvOf(original.rows)

  test('a folder that is none, is empty, or lacks one of the files', async () => {
    expect(await refused(join(folder, 'absent'))).toMatch(/is no folder of a report: it has no plan-nodes\.json/)
    const half = join(folder, 'half')
    mkdirSync(half)
    cpSync(join(REPORT, 'plan-nodes.json'), join(half, 'plan-nodes.json'))
    expect(await refused(half)).toMatch(/it has no placements\.csv/)
  })

  test.each<[what: string, nodes: (text: string) => string, placements: (text: string) => string, message: RegExp]>([
    ['JSON that was cut off', (text) => text.slice(0, 5000), (text) => text, /plan-nodes\.json: is cut off or no JSON/],
    ['JSON that is no list', () => '{}', (text) => text, /is no v1 List of Node objects/],
    ['a list of other things', () => '{"items":[{"kind":"Pod"}]}', (text) => text, /item 1 is no Node with a name/],
    ['a list of nothing', () => '{"items":[]}', (text) => text, /lists no nodes: the report holds no plan/],
    ['an amount that is none', (text) => text.replace('7910m', 'plenty'), (text) => text, /cpu "plenty" is no amount/],
    ['CSV that was cut off', (text) => text, (text) => text.slice(0, 500), /line \d+: the text ends too early/],
    [
      'CSV that was cut off in quotes',
      (text) => text,
      () => 'namespace,pod,node\n"a',
      /line 2: the text ends too early/,
    ],
    ['CSV without a column', (text) => text, (text) => text.replace('node', 'host'), /has no column node/],
    ['CSV with a short line', (text) => text, (text) => `${text}a,b\n`, /has 2 fields, the header has 3/],
    ['CSV with a line without a pod', (text) => text, (text) => `${text},,\n`, /names no pod/],
    ['CSV with a stray quote', (text) => text, (text) => `${text}a,b"c,d\n`, /a quote stands in the middle/],
    ['an empty CSV', (text) => text, () => '', /placements\.csv: is empty/],
    [
      'the plan of another cluster',
      (text) => text,
      () => 'namespace,pod,node\na,b,c\n',
      /is the plan of another cluster, or of another time: the snapshot has 0 of its 1 pods/,
    ],
  ])('%s', async (_, changeNodes, changePlacements, message) => {
    expect(await refused(written(changeNodes(nodes()), changePlacements(placements())))).toMatch(message)
  })
})
