import { describe, expect, it } from 'vitest'
import { readVerticalAutoscaler } from '../../src/collect/read-addons.js'
import { recommendedRequests, verticalFindings } from '../../src/model/vertical-autoscalers.js'
import { pod, resources, workload } from './fixtures.js'

const container = (name: string, requests: object) => ({ name, resources: { requests } })
const SPEC = { containers: [container('web', { cpu: '500m', memory: '1Gi' }), container('log', { cpu: '100m' })] }
const WEB = workload({ pods: [1, 2, 3, 4].map((index) => pod({ name: `web-${index}`, spec: SPEC })) })

const autoscaler = (updateMode: string | undefined, targets: Readonly<Record<string, object>> = {}, name = 'web') =>
  readVerticalAutoscaler({
    metadata: { name: 'web-vpa', namespace: 'shop' },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      ...(updateMode === undefined ? {} : { updatePolicy: { updateMode } }),
    },
    status: {
      recommendation: {
        containerRecommendations: Object.entries(targets).map(([containerName, target]) => ({ containerName, target })),
      },
    },
  })
const details = (...all: ReturnType<typeof autoscaler>[]) =>
  verticalFindings(all, [WEB]).map(({ subject, detail }) => `${subject}: ${detail}`)

describe('a Vertical Pod Autoscaler', () => {
  it('changes what a plan is packed for, by so much for all pods together', () => {
    const targets = { web: { cpu: '250m', memory: '1536Mi' }, log: { cpu: '50m', memory: '128Mi' }, gone: { cpu: '9' } }
    expect(details(autoscaler('Recreate', targets))).toEqual([
      "shop/Deployment/web: VerticalPodAutoscaler web-vpa (mode Recreate) changes the requests of running pods at any time, and of every pod that a plan moves; its recommendation is -1.2 CPU and +2.5 GiB for its 4 pods. Plans are packed for today's requests",
    ])
  })

  it.each([
    [undefined, 'mode Auto) changes the requests of running pods'],
    ['InPlaceOrRecreate', 'mode InPlaceOrRecreate) changes the requests of running pods'],
    ['Initial', 'mode Initial) sets the requests of new pods, so pods that a plan moves may come back'],
  ])('in mode %s', (mode, text) => {
    expect(details(autoscaler(mode))).toEqual([expect.stringContaining(text)])
  })

  it('says when there is nothing to say about amounts', () => {
    expect(details(autoscaler('Auto'))[0]).toContain('it has no recommendation yet')
    const same = { web: { cpu: '500m', memory: '1Gi' } }
    expect(details(autoscaler('Auto', same))[0]).toContain('is about what is requested now')
    expect(details(autoscaler('Auto', { web: { cpu: 'lots' } }))[0]).toContain('it has no recommendation yet')
  })

  it('says nothing where it only recommends, or where its workload has no pods', () => {
    expect(details(autoscaler('Off', { web: { cpu: '9' } }), autoscaler('Auto', {}, 'other'))).toEqual([])
    const leaving = { ...WEB, pods: WEB.pods.map((one) => ({ ...one, terminating: true })) }
    expect(verticalFindings([autoscaler('Auto')], [leaving])).toEqual([])
  })
})

describe('what it recommends', () => {
  const held = resources(0.6, 1)
  const web = workload({ pods: [1, 2].map((index) => pod({ name: `web-${index}`, spec: SPEC, held })) })
  const recommend = (...all: ReturnType<typeof autoscaler>[]) => Object.fromEntries(recommendedRequests(all, [web]))

  it.each(['Off', 'Auto'])('is for all pods together, in mode %s', (mode) => {
    const targets = { web: { cpu: '250m', memory: '512Mi' }, log: { cpu: '50m' } }
    expect(recommend(autoscaler(mode, targets))).toEqual({
      'shop/Deployment/web': { cpu: 600, memory: 1024 ** 3 },
    })
  })

  it('is known only where there is something', () => {
    expect(recommend()).toEqual({})
    expect(recommend(autoscaler('Off'), autoscaler('Off', { web: { cpu: '1' } }, 'other'))).toEqual({})
  })

  it('is that of the first by name, where there are several', () => {
    const [a, b] = [autoscaler('Off', { web: { cpu: '1' } }), autoscaler('Off', { web: { cpu: '2' } })]
    const named = (one: typeof a, name: string) => ({ ...one, metadata: { ...one.metadata, name } })
    const first = { 'shop/Deployment/web': { cpu: 2200, memory: 2 * 1024 ** 3 } }
    expect(recommend(named(a, 'a'), named(b, 'b'))).toEqual(first)
    expect(recommend(named(b, 'b'), named(a, 'a'))).toEqual(first)
  })
})
