import { describe, expect, it } from 'vitest'
import type { Analysis } from '../../src/domain/recommendation.js'
import { reportOf } from '../../src/report/files.js'
import { maxPodsText } from '../../src/report/max-pods.js'
import { ANALYSIS, node, pod, resources } from './fixture.js'

describe('reportOf', () => {
  it('writes the files of the formats asked for, and no other', () => {
    expect([...reportOf(ANALYSIS, ['md']).files.keys()]).toEqual(['report.md'])
    expect([...reportOf(ANALYSIS, ['json']).files.keys()]).toEqual(['report.json', 'plan-nodes.json'])
    expect([...reportOf(ANALYSIS, ['json', 'md', 'csv']).files.keys()]).toEqual([
      'nodes.csv',
      'node-groups.csv',
      'workloads.csv',
      'max-pods.csv',
      'scenarios.csv',
      'frontier.csv',
      'plan-nodes.csv',
      'blockers.csv',
      'placements.csv',
      'report.json',
      'plan-nodes.json',
      'report.md',
    ])
  })

  it('gives the same bytes whatever the order of its input', () => {
    const turned = <Item>(items: readonly Item[]): Item[] => [...items].reverse()
    const other: Analysis = {
      ...ANALYSIS,
      cluster: { ...ANALYSIS.cluster, nodes: turned(ANALYSIS.cluster.nodes), groups: turned(ANALYSIS.cluster.groups) },
      workloads: turned(ANALYSIS.workloads),
      findings: turned(ANALYSIS.findings),
      modelCheck: turned(ANALYSIS.modelCheck),
      nodeUse: new Map(turned([...ANALYSIS.nodeUse])),
      scenarios: ANALYSIS.scenarios.map((scenario) =>
        scenario.outcome.kind === 'planned'
          ? {
              ...scenario,
              outcome: {
                ...scenario.outcome,
                plan: { ...scenario.outcome.plan, nodes: turned(scenario.outcome.plan.nodes) },
              },
            }
          : scenario,
      ),
    }
    expect(reportOf(other, ['md', 'csv', 'json'])).toEqual(reportOf(ANALYSIS, ['csv', 'json', 'md']))
  })

  it('stays linear: 150,000 pods on 5,000 nodes in seconds', () => {
    const nodes = Array.from({ length: 5000 }, (_, n) =>
      node(`node-${n}`, {
        pods: Array.from({ length: 30 }, (_, p) =>
          pod(`ns-${n % 50}`, `web-${n}-${p}`, `node-${n}`, resources(100, 128, 1)),
        ),
      }),
    )
    const sample = ANALYSIS.scenarios[0]
    if (sample?.outcome.kind !== 'planned') throw new Error('the fixture plans its first scenario')
    const template = sample.outcome.plan.nodes[1]
    if (template === undefined) throw new Error('the fixture has nodes')
    const plan = {
      ...sample.outcome.plan,
      nodes: nodes.map((node, index) => ({
        ...template,
        name: node.name,
        pods: nodes[(index + 1) % nodes.length]?.pods ?? [],
      })),
      unplaced: [],
    }
    const large: Analysis = {
      ...ANALYSIS,
      cluster: { ...ANALYSIS.cluster, nodes, pods: nodes.flatMap(({ pods }) => pods) },
      scenarios: [{ ...sample, id: 'recommended', outcome: { ...sample.outcome, plan } }],
    }
    const started = performance.now()
    const { files } = reportOf(large, ['md', 'csv', 'json'])
    expect(files.get('placements.csv')?.match(/\n/g)).toHaveLength(150_001)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('maxPodsText', () => {
  it('aligns columns, or writes the columns of max-pods.csv', () => {
    const [header = '', row = ''] = maxPodsText(ANALYSIS.maxPods, 'table').split('\n')
    expect(header.indexOf('secondary_ip')).toBe(row.indexOf('29 '))
    expect(row).toMatch(/^m5\.large {2,}2 {2,}.* - .* secondary-ip +29 +17 29 +-$/)
    expect(maxPodsText(ANALYSIS.maxPods, 'csv')).toBe(
      reportOf({ ...ANALYSIS, scenarios: [] }, ['csv']).files.get('max-pods.csv'),
    )
    expect(reportOf(ANALYSIS, ['csv']).files.get('max-pods.csv')).toMatch(/,secondary-ip,29,17 29,29\n$/)
    expect(JSON.parse(maxPodsText(ANALYSIS.maxPods, 'json'))).toMatchObject([
      { instanceType: 'm5.large', ipv6: null, observed: [17, 29] },
    ])
  })
})
