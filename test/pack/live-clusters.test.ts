/**
 * Every pod that runs somewhere must be judged feasible where it runs: what put it there obeyed the same rules. The pods
 * of which this does not hold are listed, by node and rule, each with what has changed since they came.
 */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readSnapshot } from '../../src/collect/snapshot-file.js'
import { buildCluster } from '../../src/model/build-cluster.js'
import { createBoard } from '../../src/pack/board/board.js'

const SAMPLE = fileURLToPath(new URL('../../data/sample-cluster.json.gz', import.meta.url))
const SHARED = fileURLToPath(new URL('../../../shared/data/clusters/', import.meta.url))
const isPresent = existsSync(SHARED)

const CORDONED = 'NodeUnschedulable, TaintToleration'
const UNREACHABLE = 'TaintToleration'

type Exception = { readonly where: string; readonly rules: string; readonly pods: number; readonly why: string }
const exception = (where: string, rules: string, pods: number, why: string): Exception => ({ where, rules, pods, why })

const EXCEPTIONS: Readonly<Record<string, readonly Exception[]>> = {
  'small.json.gz': [exception('ip-10-32-2-216.ec2.internal', CORDONED, 12, 'it was cordoned after they came')],
  'medium.json.gz': [
    exception(
      '19 Fargate nodes',
      'TaintToleration',
      19,
      "Fargate's own scheduler binds pods in spite of the node's taint",
    ),
    exception('ip-10-0-14-213.us-west-2.compute.internal', CORDONED, 14, 'it was cordoned after they came'),
    exception('ip-10-0-3-168.us-west-2.compute.internal', CORDONED, 7, 'it was cordoned after they came'),
    // A DaemonSet's pods tolerate unreachable:NoExecute, not the NoSchedule twin, and Karpenter's taint not at all.
    exception('ip-10-32-5-194.us-west-2.compute.internal', UNREACHABLE, 12, 'the node was lost after they came'),
    exception(
      'ip-10-64-9-209.us-west-2.compute.internal',
      'TaintToleration',
      10,
      'Karpenter is about to remove the node',
    ),
  ],
  'aws-kubeadm-1.8-m3medium-a.json.gz': [
    exception('ip-10-0-9-206.us-west-2.compute.internal', 'TaintToleration', 4, 'static pods: no scheduler is asked'),
  ],
  'kind-1.36-edge-pods.json.gz': [
    exception('k8rs-control-plane', 'TaintToleration', 4, 'static pods: no scheduler is asked'),
    exception('k8rs-worker', CORDONED, 10, 'it was cordoned after they came'),
    exception('k8rs-worker2', 'TaintToleration', 14, 'merged from several moments: the taint dedicated=gpu came later'),
    exception('k8rs-worker3', UNREACHABLE, 8, 'the node was lost after they came'),
    // broken-resize wants all of the node's memory: its resize is deferred, and the scheduler counts what it wants.
    exception('k8rs-worker3', 'TaintToleration, NodeResourcesFit', 6, 'lost, and over-committed by a deferred resize'),
    exception('k8rs-worker3', 'NodeResourcesFit', 1, 'over-committed by a deferred resize'),
  ],
}

async function infeasible(file: string): Promise<{ readonly asked: number; readonly found: Omit<Exception, 'why'>[] }> {
  const { nodes, pods, namespaces } = buildCluster(await readSnapshot([file], () => undefined), {
    name: undefined,
    region: undefined,
  })
  const board = createBoard({ namespaces, pods })
  const sites = nodes.map((node) => ({ node, index: board.addSite(node) }))
  for (const { node, index } of sites) for (const pod of node.pods) board.place(pod, index, 'held')
  const counts = new Map<string, number>()
  let asked = 0
  for (const { node, index } of sites)
    for (const pod of node.pods) {
      asked += 1
      board.remove(pod, index)
      const refusals = board.refusals(pod, index)
      const rules = [...new Set(refusals.map((each) => (each.kind === 'short' ? 'NodeResourcesFit' : each.filter)))]
      if (board.fits(pod, index) !== (rules.length === 0)) throw new Error(`${pod.id}: fits and refusals disagree`)
      board.place(pod, index, 'held')
      if (rules.length === 0) continue
      const key = JSON.stringify([pod.role === 'fargate' ? '19 Fargate nodes' : node.name, rules.join(', ')])
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  return {
    asked,
    found: [...counts].map(([key, count]) => {
      const [where = '', rules = ''] = JSON.parse(key) as string[]
      return { where, rules, pods: count }
    }),
  }
}

const inOrder = (all: readonly Omit<Exception, 'why'>[]): string[] =>
  all.map(({ where, rules, pods }) => `${pods} on ${where}: ${rules}`).sort()

it('the sample cluster: every running pod may be where it is', async () => {
  const { asked, found } = await infeasible(SAMPLE)
  expect(asked).toBeGreaterThan(400)
  expect(found).toEqual([])
})

const title = isPresent ? 'the shared clusters' : 'the shared clusters (skipped: ../shared is absent)'
describe.skipIf(!isPresent)(title, () => {
  const isCluster = (name: string): boolean => /\.json(\.gz)?$/.test(name) && !/(^|\/)index\.json$|metrics/.test(name)
  const files = isPresent ? readdirSync(SHARED, { recursive: true, encoding: 'utf8' }).filter(isCluster).sort() : []

  it('are there, and every exception is of one of them', () => {
    expect(files.length).toBeGreaterThan(10)
    const names = files.map((file) => file.replace(/.*\//, ''))
    expect(Object.keys(EXCEPTIONS).filter((name) => !names.includes(name))).toEqual([])
  })

  it.each(files)('%s: every running pod may be where it is, but for those that are explained', async (file) => {
    const { found } = await infeasible(`${SHARED}${file}`)
    expect(inOrder(found)).toEqual(inOrder(EXCEPTIONS[file.replace(/.*\//, '')] ?? []))
  })
})
