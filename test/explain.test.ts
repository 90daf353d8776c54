import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explainPod, type ExplainQuestion } from '../src/explain.js'
import { FailureError } from '../src/failure.js'
import { closest } from '../src/likeness.js'

const SILENT = { show: () => undefined, clear: () => undefined }
const SAMPLE = fileURLToPath(new URL('../data/sample-cluster.json.gz', import.meta.url))
const REPORT = fileURLToPath(new URL('../reports/sample', import.meta.url))

const node = (name: string, labels: object, more: { spec?: object; cpu?: string; gpu?: string } = {}) => ({
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  spec: more.spec ?? {},
  status: {
    allocatable: { cpu: more.cpu ?? '4', memory: '8Gi', pods: '10', ...(more.gpu && { 'nvidia.com/gpu': more.gpu }) },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
})
const pod = (name: string, spec: object, more: { metadata?: object; status?: object } = {}) => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: name, labels: { app: name.replace(/-.*/, '') }, ...more.metadata },
  spec,
  status: { phase: 'nodeName' in spec ? 'Running' : 'Pending', ...more.status },
})
const asks = (requests: object) => ({ containers: [{ name: 'main', resources: { requests } }] })
const keepsApart = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'cart' } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
}
const CLUSTER = [
  node('a', { zone: 'x' }),
  node('b', { zone: 'y' }, { spec: { taints: [{ key: 'only', value: 'db', effect: 'NoSchedule' }] } }),
  node('c', { zone: 'x' }, { spec: { unschedulable: true }, gpu: '1' }),
  pod('cart-1', { ...asks({ cpu: '3', memory: '1Gi' }), ...keepsApart, nodeName: 'a' }),
  pod('cart-2', { ...asks({ cpu: '3500m', 'nvidia.com/gpu': '2' }), ...keepsApart, nodeSelector: { zone: 'x' } }),
  pod('gated', { ...asks({}), schedulingGates: [{ name: 'example.com/wait' }] }),
  pod(
    'agent',
    { ...asks({}), nodeName: 'a' },
    {
      metadata: { ownerReferences: [{ kind: 'DaemonSet', name: 'agent', uid: 'd', controller: true }] },
    },
  ),
  pod('done', { ...asks({}), nodeName: 'a' }, { status: { phase: 'Succeeded' } }),
  pod(
    'odd',
    { ...asks({ cpu: 'lots' }), schedulerName: 'mine', resourceClaims: [{ name: 'gpu' }] },
    {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      status: { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] },
    },
  ),
]

let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-explain-'))
  file = join(folder, 'cluster.json')
  writeFileSync(file, JSON.stringify({ kind: 'List', items: CLUSTER }))
})
afterAll(() => rmSync(folder, { recursive: true }))

const ask = (podId: string, more: Partial<ExplainQuestion> = {}): Promise<string> =>
  explainPod({ pod: podId, snapshots: [file], report: undefined, format: 'table', ...more }, SILENT)
type Answer = { node: string; fits: boolean; here: boolean; refusals: { rule: string; detail: string }[] }[]
const answer = async (podId: string, more: Partial<ExplainQuestion> = {}): Promise<Answer> =>
  JSON.parse(await ask(podId, { format: 'json', ...more })) as Answer

describe('on the live nodes', () => {
  test('a pending pod: every rule of each node that refuses it, with numbers', async () => {
    const rules = (await answer('shop/cart-2')).map(({ node: name, fits, refusals }) => ({
      name,
      fits,
      refusals: refusals.map(({ rule, detail }) => `${rule}: ${detail}`),
    }))
    expect(rules).toEqual([
      {
        name: 'a',
        fits: false,
        refusals: [
          'NodeResourcesFit: cpu: asks for 3500m, 1 free of 4, 2500m short; nvidia.com/gpu: asks for 2, 0 free of 0, 2 short',
          expect.stringMatching(/^InterPodAffinity: kubernetes\.io\/hostname a has 1 pod to keep away from/),
          expect.stringMatching(/^InterPodAffinity: kubernetes\.io\/hostname a has 1 pod with anti-affinity to/),
        ],
      },
      {
        name: 'b',
        fits: false,
        refusals: [
          'TaintToleration: taint only=db:NoSchedule is not tolerated',
          'NodeAffinity: node selector wants zone=x, the node has y',
          'NodeResourcesFit: nvidia.com/gpu: asks for 2, 0 free of 0, 2 short',
        ],
      },
      {
        name: 'c',
        fits: false,
        refusals: [
          'NodeUnschedulable: the node is cordoned',
          'NodeResourcesFit: nvidia.com/gpu: asks for 2, 1 free of 1, 1 short',
        ],
      },
    ])
  })

  test('a running pod is taken off its own node first', async () => {
    const [first, ...others] = await answer('shop/cart-1')
    expect(first).toEqual({
      node: 'a',
      fits: true,
      refusals: [],
      here: true,
      free: { cpuCores: 4, memoryMib: 8192, pods: 9 },
    })
    expect(others.map(({ node: name, fits }) => [name, fits])).toEqual([
      ['b', false],
      ['c', false],
    ])
  })

  test('as a table: the pod, then nodes that take it, then the others', async () => {
    expect((await ask('shop/cart-1')).split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'shop/cart-1 is Running on a.',
      'It asks for 3 cpu, 1Gi memory and a pod slot.',
      'It has no controller: deleted, it does not come back.',
      'It is taken off that node (*) before any node is judged.',
      'It fits on 1 of 3 nodes of the cluster.',
      '',
      'NODE FITS CPU_FREE MEMORY_FREE SLOTS_FREE RULE DETAIL',
      'a * yes 4 8192Mi 9',
      'b no 4 8192Mi 10 TaintToleration taint only=db:NoSchedule is not tolerated',
      'c no 4 8192Mi 10 NodeUnschedulable the node is cordoned',
      '',
    ])
  })

  test('a scheduling gate refuses it everywhere', async () => {
    for (const { fits, refusals } of await answer('shop/gated')) {
      expect(fits).toBe(false)
      expect(refusals[0]).toEqual({
        rule: 'SchedulingGates',
        detail: 'held back by scheduling gate example.com/wait until that is removed',
      })
    }
    expect(await ask('shop/gated')).toContain(
      'scheduling gate example.com/wait until that is removed: no node takes it',
    )
  })

  test("a DaemonSet's pod, and one that is odd in every other way", async () => {
    expect(await ask('shop/agent')).toContain('belongs to a DaemonSet, whose controller pins each pod to one node')
    const odd = await ask('shop/odd')
    for (const words of [
      'It is being deleted.',
      'Its scheduler is mine, which may have rules of its own.',
      'Its resource claims (gpu) are not judged here.',
      'A request of it cannot be read (',
      'Its scheduler says: 0/3 nodes are available',
      'It asks for nothing but a pod slot.',
    ])
      expect(odd).toContain(words)
  })
})

describe('on the nodes of a plan', () => {
  const placed = 'ip-'
  test('the pod fits where the plan has it, and every node of the plan is judged', async () => {
    const live = await answer('ml/visual-search-train-jh8b2', { snapshots: [SAMPLE] })
    const planned = await answer('ml/visual-search-train-jh8b2', { snapshots: [SAMPLE], report: REPORT })
    expect(live).toHaveLength(36)
    expect(planned.length).not.toBe(live.length)
    for (const { fits, refusals } of [...live, ...planned]) expect([fits, refusals.length > 0]).toEqual([false, true])
    const running = await answer(await someRunningPod(), { snapshots: [SAMPLE], report: REPORT })
    const here = running.filter((one) => one.here)
    expect(here.map(({ fits, refusals }) => [fits, refusals])).toEqual([[true, []]])
    expect(here[0]!.node.startsWith(placed) || here[0]!.node.startsWith('new-')).toBe(true)
    expect(await ask(await someRunningPod(), { snapshots: [SAMPLE], report: REPORT })).toContain(
      `The plan has it on ${here[0]!.node}.`,
    )
  })

  const someRunningPod = async (): Promise<string> => {
    const error: unknown = await ask('checkout/checkout-api', { snapshots: [SAMPLE] }).catch(
      (caught: unknown) => caught,
    )
    return /checkout\/checkout-api-\S+/.exec(String(error))![0]
  }
})

describe('a pod that is not there', () => {
  test.each([
    ['shop/cart-3', 'want a pod of the snapshot, such as shop/cart-1 or shop/cart-2'],
    ['cart-1', 'want NAMESPACE/POD, such as shop/cart-1'],
    ['shop/done', 'want a pod that has not finished (this one has Succeeded)'],
    ['zzzzzz/qqqq', 'want a pod of the snapshot. See'],
  ])('%s', async (name, message) => {
    const error: unknown = await ask(name).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(FailureError)
    expect((error as FailureError).failure.kind).toBe('bad-option')
    expect((error as FailureError).message).toContain(message)
  })

  test('names are compared by the pairs of letters that they share', () => {
    expect(closest('team/wbe-1', ['team/web-1', 'team/web-2', 'other/db-9', 'x'])).toEqual(['team/web-1', 'team/web-2'])
    expect(closest('', ['a', 'bb'])).toEqual([])
    expect(closest('same', ['same', 'sane'])[0]).toBe('same')
  })
})
