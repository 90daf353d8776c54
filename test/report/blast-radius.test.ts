import { describe, expect, it } from 'vitest'
import type { BlastRadius, Loss, PlanSurvival, Survival } from '../../src/domain/blast-radius.js'
import type { Analysis } from '../../src/domain/recommendation.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'
import { parseRows } from './parse-csv.js'

/** The analysis with these answers for its recommended plan. */
const analysisWith = (survival: PlanSurvival | undefined, blast?: BlastRadius): Analysis => ({
  ...ANALYSIS,
  scenarios: ANALYSIS.scenarios.map((scenario) =>
    scenario.id === 'recommended' && scenario.outcome.kind === 'planned'
      ? {
          ...scenario,
          outcome: { ...scenario.outcome, ...(survival && { survival }), ...(blast && { blast }) },
        }
      : scenario,
  ),
})
const rowOf = (analysis: Analysis): Readonly<Record<string, string>> =>
  parseRows(reportOf(analysis, ['csv']).files.get('scenarios.csv') ?? '').find(
    ({ scenario }) => scenario === 'recommended',
  ) ?? {}

const loss = (name: string, pods: number, homeless: Loss['homeless'] = []): Loss => ({
  name,
  zone: 'us-east-1a',
  pods,
  homeless,
})
const fails = (worst: Loss, counts: Partial<Survival & { kind: 'fails' }> = {}): Survival => ({
  kind: 'fails',
  tried: 9,
  failing: 2,
  of: 9,
  worst,
  ...counts,
})
const words = (node: Survival): string | undefined => rowOf(analysisWith({ node, zone: node }))['node_loss']

describe('what one lost node or zone does', () => {
  it('is in scenarios.csv as shares with the workloads, and as verdicts', () => {
    const node: Survival = { kind: 'survives', tried: 4, heaviest: loss('node-a', 7) }
    const zone = fails(loss('us-east-1a', 9, [{ why: 'room', pods: 2 }]))
    const blast: BlastRadius = {
      largestZoneShare: 0.6,
      onNode: { workload: 'shop/Deployment/api', on: 'node-a', replicas: 2, of: 3 },
      inZone: undefined,
    }
    expect(rowOf(analysisWith({ node, zone }, blast))).toMatchObject({
      survives_node_loss: 'true',
      survives_zone_loss: 'false',
      largest_zone_share: '0.6000',
      largest_node_replica_share: '0.666667',
      largest_node_replica_workload: 'shop/Deployment/api',
      largest_zone_replica_share: '',
      largest_zone_replica_workload: '',
    })
  })

  it('is said in words with numbers', () => {
    expect(words({ kind: 'survives', tried: 4, heaviest: loss('node-a', 7) })).toBe(
      'the pods of any one of 4 nodes find another place, at most 7 of them (node-a)',
    )
    expect(words({ kind: 'survives', tried: 1, heaviest: undefined })).toBe(
      'nothing that would need another place runs on a node',
    )
    const tied = loss('node-a', 5, [
      { why: 'zone-volume', pods: 1 },
      { why: 'node-volume', pods: 2 },
    ])
    expect(words(fails(tied))).toBe(
      '2 of 9 nodes would leave pods without a place; the worst is node-a with 3 of its 5 pods: 1 tied to zone us-east-1a by its volume, 2 tied to the node by their volumes',
    )
    const others = loss('node-a', 9, [
      { why: 'node-rules', pods: 3 },
      { why: 'room', pods: 1 },
      { why: 'pod-rules', pods: 1 },
      { why: 'taken', pods: 1 },
    ])
    expect(words(fails(others, { tried: 8 }))).toBe(
      'at least 2 of 9 nodes would leave pods without a place; the worst is node-a with 6 of its 9 pods: 3 that may run on no node that is left (selector, affinity or taints), 1 without room, 1 kept out by spread or affinity rules, 1 whose host port or volume slots are taken',
    )
    expect(words(fails(loss('node-a', 1, [{ why: 'room', pods: 1 }]), { of: 1, tried: 1, failing: 1 }))).toBe(
      'there is only one node, node-a: its 1 pod would have no place',
    )
  })

  it('is empty where it was not tried or is not known, with the reason', () => {
    const tooLarge = rowOf(analysisWith({ node: { kind: 'too-large' }, zone: { kind: 'too-large' } }))
    expect(tooLarge).toMatchObject({
      survives_node_loss: '',
      survives_zone_loss: '',
      node_loss: 'not tried: too large',
    })
    expect(tooLarge['notes']).toContain('too large to try whether it survives the loss of any one node')
    const unknown = rowOf(
      analysisWith({
        node: { kind: 'survives', tried: 1, heaviest: undefined },
        zone: { kind: 'not-known', why: 'the zone of 2 nodes is not known' },
      }),
    )
    expect(unknown).toMatchObject({
      survives_zone_loss: '',
      zone_loss: 'not known: the zone of 2 nodes is not known',
      notes: rowOf(ANALYSIS)['notes'] ?? '',
    })
  })

  it('is a section of report.md, plans that come to the same on one line', () => {
    const current = ANALYSIS.scenarios.find(({ id }) => id === 'current')?.outcome
    if (current?.kind !== 'planned' || current.survival === undefined) throw new Error('the fixture has it')
    const text = reportOf(analysisWith(current.survival, current.blast), ['md']).files.get('report.md') ?? ''
    const section = text.split('## What one lost node or zone does')[1]?.split('\n## ')[0] ?? ''
    expect(section).toMatch(/\| current +\| yes +\| +53\.1 % \| +66\.7 % \| no +\| +60\.0 % \| +100\.0 % \|/)
    expect(section).toContain(
      '- current, recommended: One node: the pods of any one of 3 nodes find another place, at most 2 of them (node-a). One zone: there is only one zone, us-east-1a: its 4 pods would have no place.',
    )
  })

  it('is in report.json by the names of the columns', () => {
    const text = reportOf(ANALYSIS, ['json']).files.get('report.json') ?? ''
    const { scenarios } = JSON.parse(text) as { scenarios: Record<string, unknown>[] }
    expect(scenarios[0]).toMatchObject({
      survivesNodeLoss: true,
      survivesZoneLoss: false,
      largestZoneShare: 0.6,
      largestNodeReplicaShare: 0.666667,
      largestNodeReplicaWorkload: 'shop/Deployment/api',
      largestZoneReplicaShare: 1,
    })
    expect(scenarios[1]).toMatchObject({ survivesNodeLoss: null, nodeLoss: null })
  })
})
