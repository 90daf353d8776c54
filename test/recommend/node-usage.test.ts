import { describe, expect, it } from 'vitest'
import { readNodeUsage } from '../../src/collect/read-limits.js'
import { nodeUsageFindings } from '../../src/recommend/node-usage.js'
import { makeNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'

const sample = (name: string, cpu: string, memory: string) =>
  readNodeUsage({ kind: 'NodeMetrics', metadata: { name }, usage: { cpu, memory } })
/** 4 CPUs and 16 GiB for pods, of which 1 CPU and 4 GiB are requested; 1 GiB is kept for the system. */
const node = (name: string) =>
  makeNode(makeSite(name), [makePod(`pod-${name}`, { needed: resources(1000, 4096) })], {
    capacity: resources(4000, 17 * 1024),
  })

describe('nodes that use more than their pods request', () => {
  it('are one finding, with the worst of them and with all', () => {
    const nodes = ['n0', 'n1', 'n2', 'n3'].map(node)
    const samples = [sample('n0', '500m', '5Gi'), sample('n1', '2', '9Gi'), sample('n2', '1500000000n', '12Gi')]
    expect(nodeUsageFindings(nodes, samples)).toEqual([
      {
        code: 'node-usage-above-requests',
        subject: 'n2',
        detail:
          '2 of 3 nodes used more memory when asked than their pods request and the system is given (the most on n2: 12.0 GiB used, 4.0 GiB requested, 16.0 GiB allocatable); all sampled nodes together used 26.0 GiB of 12.0 GiB requested, and 4.0 CPU of 3.0. Plans are packed by requests: raise those that are too low before nodes get fuller.',
      },
    ])
  })

  it('are not those that use what is requested and what the system is given, nor those without a sample', () => {
    expect(nodeUsageFindings([node('n0')], [sample('n0', '4', '5242Mi')])).toEqual([])
    expect(nodeUsageFindings([node('n0')], [sample('gone', '4', '15Gi')])).toEqual([])
    expect(nodeUsageFindings([node('n0')], [readNodeUsage({ metadata: { name: 'n0' }, usage: 7 })])).toEqual([])
    expect(nodeUsageFindings([node('n0')], [])).toEqual([])
  })
})
