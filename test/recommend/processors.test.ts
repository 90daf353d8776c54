import { expect, it } from 'vitest'
import type { Architecture } from '../../src/domain/offering.js'
import type { Plan } from '../../src/domain/plan.js'
import { processorFindings, processorNotes } from '../../src/recommend/processors.js'
import { ANALYSIS, RECOMMENDED_PLAN } from '../report/fixture.js'

const { cluster } = ANALYSIS

it('names the nodes of a processor that their group has none of, and counts the workloads that move to it', () => {
  expect(processorNotes(RECOMMENDED_PLAN, cluster)).toEqual([
    'processors that node groups have none of today: 1 node of arm64 in web, to which 2 workloads move',
  ])
  const [finding, ...others] = processorFindings(RECOMMENDED_PLAN, cluster)
  expect(finding).toMatchObject({ code: 'other-processor', subject: 'web' })
  expect(finding?.detail).toContain('buys 1 node of arm64')
  expect(finding?.detail).toContain('2 workloads move to it (shop/Deployment/')
  expect(others).toEqual([])
})

it('says nothing of kept nodes, of processors that the group has, and where one is not known', () => {
  const withNew = (architecture: Architecture | undefined): Plan => ({
    ...RECOMMENDED_PLAN,
    nodes: RECOMMENDED_PLAN.nodes.map((node) => (node.action === 'new' ? { ...node, architecture } : node)),
  })
  expect(processorNotes(withNew('amd64'), cluster)).toEqual([])
  expect(processorNotes(withNew(undefined), cluster)).toEqual([])
  const unknown = {
    ...cluster,
    groups: cluster.groups.map((group) => ({
      ...group,
      nodes: group.nodes.map((node) => ({ ...node, architecture: undefined })),
    })),
  }
  expect(processorNotes(RECOMMENDED_PLAN, unknown)).toEqual([])
  expect(processorFindings(undefined, cluster)).toEqual([])
})
