import { describe, expect, it } from 'vitest'
import { readResourceQuota } from '../../src/collect/read-limits.js'
import { quotaGrowth } from '../../src/recommend/quota-growth.js'
import { makePlan, newNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'

const quota = (namespace: string, hard: object, used: object = {}, spec: object = {}) =>
  readResourceQuota({
    kind: 'ResourceQuota',
    metadata: { name: 'compute', namespace },
    spec: { hard, ...spec },
    status: { hard, used },
  })
const pods = [makePod('a', { namespace: 'shop', needed: resources(1000, 2048) })]
/** One node of 4 CPUs and 16 GiB, of which 3 CPUs and 14 GiB are left. */
const plan = makePlan([newNode(makeSite('n0'), { pods })])
const detailsOf = (...quotas: ReturnType<typeof quota>[]) =>
  quotaGrowth(plan, pods, quotas).findings.map(({ subject, detail }) => [
    subject,
    /request (.*) within/.exec(detail)?.[1],
  ])

describe('what quotas still allow', () => {
  it('is said with the room that the plan leaves', () => {
    const hard = { 'requests.cpu': '10', 'requests.memory': '20Gi' }
    const used = { 'requests.cpu': '1500m', 'requests.memory': '4Gi' }
    expect(quotaGrowth(plan, pods, [quota('shop', hard, used)])).toEqual({
      notes: [
        "Plans hold today's pods: quotas let 1 namespace request 8.5 CPU and 16 GiB more; the recommended plan has room for 3 CPU and 14 GiB on all its nodes together.",
      ],
      findings: [
        {
          code: 'quota-beyond-plan',
          subject: 'shop',
          detail:
            'namespace shop may still request 8.5 CPU and 16 GiB within its quota; the plan has room for 3 CPU and 14 GiB on all its nodes together, so more nodes must come then',
        },
      ],
    })
  })

  it('is no finding where the plan has the room, and nothing at all where nothing is left', () => {
    const fits = quotaGrowth(plan, pods, [quota('shop', { cpu: '4' })])
    expect([fits.notes.length, fits.findings]).toEqual([1, []])
    expect(quotaGrowth(plan, pods, [quota('shop', { cpu: '1' })])).toEqual({ notes: [], findings: [] })
    expect(quotaGrowth(plan, pods, [])).toEqual({ notes: [], findings: [] })
    expect(quotaGrowth(undefined, pods, [quota('shop', { cpu: '99' })])).toEqual({ notes: [], findings: [] })
  })

  it('is what is left of the tightest quota; what the quota does not count itself is taken from the pods', () => {
    expect(detailsOf(quota('shop', { cpu: '9' }), quota('shop', { 'requests.cpu': '7', memory: '64Gi' }))).toEqual([
      ['shop', '6 CPU and 62 GiB'],
    ])
    expect(detailsOf(quota('empty', { memory: '100Gi' }))).toEqual([['empty', '100 GiB']])
  })

  it('is not asked of quotas that count some pods only, nor of those that bound something else', () => {
    expect(detailsOf(quota('shop', { cpu: '99' }, {}, { scopes: ['BestEffort'] }))).toEqual([])
    expect(detailsOf(quota('shop', { pods: '99' }), quota('shop', { cpu: 'damaged' }))).toEqual([])
  })
})
