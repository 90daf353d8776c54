import { describe, expect, it } from 'vitest'
import { buildCluster } from '../../src/model/build-cluster.js'
import { snapshotOf, type Api } from '../helpers/objects.js'

const POOL = 'karpenter.sh/nodepool'

const node = (name: string): Api => ({
  kind: 'Node',
  metadata: { name, labels: { [POOL]: 'batch', 'karpenter.sh/registered': 'true' } },
  status: { capacity: { cpu: '8', memory: '32Gi', pods: '58' }, allocatable: { cpu: '8', memory: '30Gi', pods: '58' } },
})
const pool = (limits: Api): Api => ({ kind: 'NodePool', metadata: { name: 'batch' }, spec: { limits } })

function built(limits: Api) {
  const { groups, findings } = buildCluster(
    { ...snapshotOf([node('a'), node('b'), pool(limits)]), absentKinds: [] },
    { name: undefined, region: undefined },
  )
  return { limit: groups[0]?.limit === undefined ? undefined : Object.fromEntries(groups[0].limit), findings }
}

describe('the limits of a NodePool', () => {
  it('are those of its nodes together, in millicores, bytes and devices', () => {
    const { limit, findings } = built({ cpu: '1k', memory: '64Gi', nodes: '5', 'nvidia.com/gpu': '8' })
    expect(limit).toEqual({ cpu: 1_000_000, memory: 64 * 2 ** 30, nodes: 5, 'nvidia.com/gpu': 8 })
    expect(findings).toEqual([])
    expect(built({}).limit).toBeUndefined()
  })

  it('are named where its nodes exceed them already', () => {
    expect(built({ cpu: '15500m', memory: '64Gi', nodes: '1' }).findings).toEqual([
      {
        code: 'pool-over-limit',
        subject: 'NodePool batch',
        detail: "its nodes have 16 of cpu, its limit is 15500m: a plan may buy nodes there only with fewer of today's",
      },
      {
        code: 'pool-over-limit',
        subject: 'NodePool batch',
        detail: "its nodes have 2 of nodes, its limit is 1: a plan may buy nodes there only with fewer of today's",
      },
    ])
  })

  it('are left out where they are no amounts, and said to be', () => {
    const { limit, findings } = built({ cpu: 'plenty', memory: '-1Gi', nodes: '3' })
    expect(limit).toEqual({ nodes: 3 })
    expect(findings.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
      'unreadable-quantity: its limit of cpu "plenty" is no amount; it is left out',
      'unreadable-quantity: its limit of memory "-1Gi" is no amount; it is left out',
    ])
  })
})
