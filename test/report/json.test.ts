import { describe, expect, it } from 'vitest'
import { NO_RESOURCES } from '../../src/domain/resources.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS, api } from './fixture.js'

const report = (analysis = ANALYSIS): Record<string, unknown> =>
  JSON.parse(reportOf(analysis, ['json']).files.get('report.json') ?? '') as Record<string, unknown>
const part = (name: string): Record<string, unknown> => report()[name] as Record<string, unknown>

describe('report.json', () => {
  it('has the keys of the contract', () => {
    expect(report()).toMatchObject({
      schemaVersion: 1,
      generatedAt: '2026-08-01T00:00:00Z',
      cluster: { name: 'shop-prod', region: 'us-east-1', version: '1.34', nodes: 4, pods: 6 },
      pricing: { source: 'embedded catalog', asOf: '2026-07-20', coverage: 0.75 },
      assumptions: ['Prices are list prices.'],
    })
    for (const name of ['current', 'scenarios', 'recommended', 'workloads', 'maxPods', 'warnings'])
      expect(report()).toHaveProperty(name)
  })

  it('says what the plan does, group by group and node by node', () => {
    const recommended = part('recommended')
    expect(recommended).toMatchObject({ id: 'cheapest-on-demand', nodeCount: 4, monthlySavingUsd: 255.08609 })
    expect((recommended['actions'] as unknown[])[2]).toEqual({
      nodeGroup: 'web',
      keep: 1,
      remove: 1,
      add: 1,
      keepNodes: ['node-b'],
      removeNodes: ['node-a'],
      removeInstanceTypes: [{ instanceType: 'm5.2xlarge', count: 1 }],
      addNodes: ['plan-web-1'],
      addInstanceTypes: [{ instanceType: 'c6g.large', count: 1 }],
    })
    expect(recommended['migration']).toEqual([
      { step: 1, action: 'drain', node: 'node-a', nodeGroup: 'web', podsMoved: 2 },
    ])
    expect(recommended['unplaced']).toEqual([
      { pod: 'shop/gpu', running: false, onUnknownNode: false, reason: 'no node offers nvidia.com/gpu (1 missing)' },
    ])
    expect((recommended['nodes'] as { pods: string[] }[])[3]?.pods).toEqual([
      'shop/=HYPERLINK("http://evil")',
      'shop/api',
      'shop/waiting',
    ])
  })

  it('counts running pods that request nothing, those of DaemonSets aside', () => {
    const idle = { ...api, needed: NO_RESOURCES }
    const pods = [api, idle, { ...idle, role: 'daemon' as const }, { ...idle, phase: 'Pending' }]
    expect(report({ ...ANALYSIS, cluster: { ...ANALYSIS.cluster, pods } })['cluster']).toMatchObject({
      podsWithoutRequests: { ofRunning: 2, cpu: 1, memory: 1 },
    })
  })

  it('counts findings of one code together', () => {
    expect(report()['warnings']).toEqual([
      { code: 'absent-kind', message: 'none in the input', count: 2, subjects: ['CSINode', 'StorageClass'] },
      { code: 'unknown-type', message: 'mock.xlarge is not in the catalog', count: 1, subjects: ['node-c'] },
    ])
  })

  it('sums up the model check', () => {
    expect(report()['modelCheck']).toEqual([
      {
        method: 'rules',
        resource: 'cpu',
        compared: 2,
        equal: 1,
        withinOnePercent: 1,
        medianPct: 0.7772,
        worst: { node: 'node-b', instanceType: 'm5.large', differencePct: -1.5544 },
        overPromised: 0,
      },
    ])
    expect(report()['modelCheckNodesOff']).toEqual([
      {
        method: 'rules',
        node: 'node-b',
        instanceType: 'm5.large',
        resource: 'cpu',
        differencePct: -1.5544,
        predicted: 1.9,
        real: 1.93,
      },
    ])
    expect(report()['modelCheckNotChecked']).toEqual([{ node: 'node-c', why: 'mock.xlarge is not in the catalog' }])
  })

  it('lists subnet addresses by scenario and zone', () => {
    expect((report()['addresses'] as object[])[1]).toEqual({
      scenario: 'recommended',
      zone: 'us-east-1a',
      nodes: 4,
      nodesOfUnknownType: 1,
      addresses: 110,
      addressesAtMost: 130,
      prefixes: 0,
      prefixesAtMost: 0,
      moreThanToday: 50,
      free: 40,
      fits: false,
    })
  })

  it('has timings only where the run was timed', () => {
    expect(report()).not.toHaveProperty('timings')
    const timings = { collectMs: 1.4, modelMs: 2, packMs: 3, reportMs: 4, peakRssMib: 99.6 }
    expect(report({ ...ANALYSIS, timings })['timings']).toEqual({
      collectMs: 1,
      modelMs: 2,
      packMs: 3,
      reportMs: 4,
      peakRssMiB: 100,
    })
  })

  it('keeps what stands today where nothing could be planned', () => {
    const scenarios = ANALYSIS.scenarios.map((scenario) =>
      scenario.id === 'recommended'
        ? { ...scenario, outcome: { kind: 'not-applicable' as const, why: 'none is cheaper' } }
        : scenario,
    )
    const { recommended } = report({ ...ANALYSIS, scenarios, follows: 'current' }) as {
      recommended: Record<string, unknown>
    }
    expect(recommended).toMatchObject({ id: 'current', migration: [], monthlySavingUsd: 0 })
    expect((recommended['nodes'] as { node: string }[]).map(({ node }) => node)).toEqual([
      'fargate-1',
      'node-a',
      'node-b',
      'node-c',
    ])
  })
})

describe('plan-nodes.json', () => {
  const { items, ...list } = JSON.parse(reportOf(ANALYSIS, ['json']).files.get('plan-nodes.json') ?? '') as {
    items: Record<string, unknown>[]
  }

  it('is a v1 List of all nodes of the plan', () => {
    expect(list).toMatchObject({ apiVersion: 'v1', kind: 'List' })
    expect(items.map((item) => (item['metadata'] as { name: string }).name)).toEqual([
      'fargate-1',
      'node-b',
      'node-c',
      'plan-web-1',
    ])
  })

  it('has all that a scheduler reads of a new node', () => {
    expect(items[3]).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'plan-web-1',
        labels: {
          'kubernetes.io/hostname': 'plan-web-1',
          'kubernetes.io/os': 'linux',
          'node.kubernetes.io/instance-type': 'c6g.large',
        },
      },
      spec: { taints: [{ key: 'team', value: 'shop', effect: 'NoSchedule' }] },
      status: {
        capacity: { cpu: '2', memory: '8126464Ki', pods: '29' },
        allocatable: { cpu: '1930m', memory: '7340544Ki', pods: '29' },
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { architecture: 'arm64', operatingSystem: 'linux' },
      },
    })
  })

  it('keeps the identity of live nodes, and does not call a silent one ready', () => {
    expect(items[1]?.['spec']).toEqual({ providerID: 'aws:///us-east-1a/i-node-b' })
    expect(items[2]?.['status']).toMatchObject({ conditions: [{ type: 'Ready', status: 'False' }] })
  })
})
