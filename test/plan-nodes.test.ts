/**
 * plan-nodes.json must be enough for an API server and its scheduler: every label, taint and amount that the real node
 * would have. Checked on the sample report, which has kept and new nodes of managed groups and of a Karpenter pool; and
 * its placements can be bound in the order of their file.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { attachLimits } from '../src/check-plan.js'
import { readReportFolder } from '../src/collect/report-folder.js'
import { readSnapshot } from '../src/collect/snapshot-file.js'
import type { Cluster, Node, NodeGroup } from '../src/domain/cluster.js'
import type { Labels, Snapshot } from '../src/domain/snapshot.js'
import { buildCluster } from '../src/model/build-cluster.js'
import { createBoard } from '../src/pack/board/board.js'
import { writtenPlan } from '../src/written-plan.js'

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

type Taint = { readonly key: string; readonly value?: string; readonly effect: string }
type NodeJson = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Labels }
  readonly spec: { readonly providerID?: string; readonly unschedulable?: boolean; readonly taints?: readonly Taint[] }
  readonly status: {
    readonly capacity: Labels
    readonly allocatable: Labels
    readonly conditions: readonly { readonly type: string; readonly status: string }[]
    readonly nodeInfo: { readonly architecture: string; readonly operatingSystem: string }
  }
}

let snapshot: Snapshot
let cluster: Cluster
let kept: (readonly [json: NodeJson, live: Node])[]
let made: (readonly [json: NodeJson, group: NodeGroup, row: Labels])[]

beforeAll(async () => {
  snapshot = await readSnapshot([pathOf('data/sample-cluster.json.gz')], () => undefined)
  cluster = buildCluster(snapshot, { name: undefined, region: undefined })
  const { items } = JSON.parse(readFileSync(pathOf('reports/sample/plan-nodes.json'), 'utf8')) as { items: NodeJson[] }
  const [header = [], ...lines] = readFileSync(pathOf('reports/sample/plan-nodes.csv'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  const rows = lines.map((line) => Object.fromEntries(header.map((name, column) => [name, line[column] ?? ''])))
  expect(items.map(({ metadata }) => metadata.name)).toEqual(rows.map(({ node }) => node))
  const liveOf = ({ metadata }: NodeJson) => cluster.nodes.find(({ name }) => name === metadata.name)
  kept = items.flatMap((json) => {
    const live = liveOf(json)
    return live === undefined ? [] : [[json, live] as const]
  })
  made = items.flatMap((json, index) => {
    const row = rows[index] ?? {}
    const group = cluster.groups.find(({ name }) => name === row['node_group'])
    return liveOf(json) !== undefined || group === undefined ? [] : [[json, group, row] as const]
  })
  expect(kept.length + made.length).toBe(items.length)
})

test('there are kept and new nodes, of managed groups and of a Karpenter pool', () => {
  const owners = new Set([...made.map(([, { owner }]) => owner), ...kept.map(([, { owner }]) => owner)])
  expect([...owners].sort()).toEqual(['eks-managed-node-group', 'karpenter'])
  expect([kept.length > 0, made.length > 0]).toEqual([true, true])
})

describe('every node', () => {
  test('is a ready v1 Node that says what it is', () => {
    for (const [{ apiVersion, kind, metadata, status }] of [...kept, ...made]) {
      expect({ apiVersion, kind }).toEqual({ apiVersion: 'v1', kind: 'Node' })
      expect(metadata.labels).toMatchObject({
        'kubernetes.io/hostname': metadata.name,
        'kubernetes.io/arch': status.nodeInfo.architecture,
        'kubernetes.io/os': status.nodeInfo.operatingSystem,
        'topology.kubernetes.io/region': 'us-east-1',
        'topology.ebs.csi.aws.com/zone': metadata.labels['topology.kubernetes.io/zone'],
      })
      expect(metadata.labels['topology.kubernetes.io/zone']).toMatch(/^us-east-1[abc]$/)
      expect(status.conditions).toEqual([{ type: 'Ready', status: 'True' }])
    }
  })

  test('has capacity and allocatable of all that pods ask for', () => {
    for (const [{ status }] of [...kept, ...made])
      for (const amounts of [status.capacity, status.allocatable])
        for (const resource of ['cpu', 'memory', 'ephemeral-storage', 'pods'])
          expect(amounts[resource]).toMatch(/^[1-9]\d*(m|Ki)?$/)
  })
})

test('kept nodes are as they are: labels, taints, cordon, providerID', () => {
  for (const [{ metadata, spec }, live] of kept) {
    expect(metadata.labels).toEqual(live.labels)
    expect(spec.providerID).toBe(live.providerId)
    expect(spec.unschedulable ?? false).toBe(live.unschedulable)
    expect((spec.taints ?? []).map(({ value = '', ...rest }) => ({ value, ...rest }))).toEqual(live.taints)
  }
})

describe('new nodes', () => {
  const CAPACITY: Labels = { 'on-demand': 'ON_DEMAND', spot: 'SPOT' }

  test('name no instance, and have type, zone, architecture and capacity type of their row', () => {
    for (const [{ metadata, spec }, { owner }, row] of made) {
      expect([spec.providerID, spec.unschedulable]).toEqual([undefined, undefined])
      const capacityType = row['capacity_type'] ?? ''
      expect(metadata.labels).toMatchObject({
        'node.kubernetes.io/instance-type': row['instance_type'],
        'topology.kubernetes.io/zone': row['zone'],
        'kubernetes.io/arch': row['arch'],
        ...(owner === 'karpenter'
          ? { 'karpenter.sh/capacity-type': capacityType }
          : { 'eks.amazonaws.com/capacityType': CAPACITY[capacityType] }),
      })
    }
  })

  test('have every label that all live nodes of their group have, with the same value where these agree', () => {
    for (const [{ metadata }, { nodes }] of made) {
      const [first, ...others] = nodes
      for (const [key, value] of Object.entries(first?.labels ?? {})) {
        if (!others.every(({ labels }) => Object.hasOwn(labels, key))) continue
        // What follows from the machine may differ: its type, zone, capacity type and hardware.
        expect(Object.keys(metadata.labels), metadata.name).toContain(key)
        const isOfMachine = /instance-|hostname|zone|arch$|capacity-?type$/i.test(key)
        if (!isOfMachine && others.every(({ labels }) => labels[key] === value))
          expect(metadata.labels[key], `${metadata.name} ${key}`).toBe(value)
      }
    }
  })

  test('have the taints of their group, and no others', () => {
    for (const [{ spec }, { template }] of made)
      expect((spec.taints ?? []).map(({ value = '', ...rest }) => ({ value, ...rest }))).toEqual(template.taints)
  })
})

test('the pods can be bound one after the other in the order of placements.csv, on nodes with their DaemonSets', async () => {
  const report = await readReportFolder(pathOf('reports/sample'))
  const { plan } = writtenPlan(report, cluster, await attachLimits(cluster, snapshot))
  const residents = plan.nodes.flatMap(({ residentPods }) => residentPods)
  const board = createBoard({ namespaces: cluster.namespaces, pods: [...cluster.pods, ...residents] })
  const sites = new Map(
    plan.nodes.map((node) => {
      const site = board.addSite({ ...node, attachLimits: node.attachLimits ?? {} })
      for (const pod of node.residentPods) board.place(pod, site, 'needed')
      return [node.name, site] as const
    }),
  )
  const pods = new Map(cluster.pods.map((pod) => [pod.id, pod]))
  for (const { pod: id, node } of report.placements) {
    if (node === '') continue
    const [pod, site] = [pods.get(id)!, sites.get(node)!]
    expect(board.refusals(pod, site), id).toEqual([])
    board.place(pod, site, 'needed')
  }
})
