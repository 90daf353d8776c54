import { describe, expect, it } from 'vitest'
import type { Pod, Workload } from '../../src/domain/pod.js'
import { indexBudgets } from '../../src/model/budgets.js'
import { spotConstraint, spotOnlyTaints } from '../../src/model/spot-constraint.js'
import { spotFitness, type SpotContext } from '../../src/model/spot-fitness.js'
import { controllerObject, disruptionBudgetObject, podSpec, type Api } from '../helpers/objects.js'
import { pod, workload, type PodParts } from './fixtures.js'

const CONTEXT: SpotContext = {
  nodes: new Map([
    ['node-1', { capacityType: 'on-demand' }],
    ['spot-1', { capacityType: 'spot' }],
  ]),
  budgets: indexBudgets([]),
  spotTaints: [],
  now: '2026-08-20T10:00:00Z',
  controller: undefined,
  runs: [],
  namespaceAnnotations: {},
}

const replicas = (count: number, parts: PodParts = {}): Pod[] =>
  Array.from({ length: count }, (_, index) => pod({ name: `web-${index}`, ...parts }))
const deployment = (count: number, parts: PodParts = {}, more: Partial<Workload> = {}): Workload =>
  workload({ pods: replicas(count, parts), replicas: count, ...more })
const fit = (one: Workload, context: Partial<SpotContext> = {}) => spotFitness(one, { ...CONTEXT, ...context })
const budget = (spec: Api) =>
  indexBudgets([
    disruptionBudgetObject({
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    }),
  ])

describe('constraints of the pods themselves', () => {
  const terms = (...expressions: Api[][]): Api => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: expressions.map((matchExpressions) => ({ matchExpressions })),
        },
      },
    },
  })
  const where = (key: string, operator: string, ...values: string[]): Api => ({ key, operator, values })
  const KARPENTER = 'karpenter.sh/capacity-type'
  it.each([
    [{ nodeSelector: { [KARPENTER]: 'on-demand' } }, false],
    [{ nodeSelector: { [KARPENTER]: 'spot' } }, true],
    [{ nodeSelector: { 'eks.amazonaws.com/capacityType': 'ON_DEMAND' } }, false],
    [{ nodeSelector: { 'node.example.com/lifecycle': 'spot' } }, true],
    [{ nodeSelector: { 'scheduling.cast.ai/spot': 'true' } }, true],
    [{ nodeSelector: { lifecycle: 'production' } }, undefined],
    [{}, undefined],
    [terms([where(KARPENTER, 'In', 'on-demand', 'reserved')]), false],
    [terms([where(KARPENTER, 'In', 'on-demand', 'spot')]), undefined],
    [terms([where(KARPENTER, 'NotIn', 'spot')]), false],
    [terms([where('scheduling.cast.ai/spot', 'DoesNotExist')]), false],
    [terms([where('scheduling.cast.ai/spot', 'Exists')]), true],
    // Terms are alternatives: the second one leaves spot open.
    [terms([where(KARPENTER, 'In', 'on-demand')], [where('team', 'In', 'x')]), undefined],
    [terms([where(KARPENTER, 'In', 'on-demand'), where('team', 'In', 'x')]), false],
  ])('%j', (spec, spot) => {
    expect(spotConstraint(podSpec(spec))?.spot).toBe(spot)
  })

  it('quotes the rule', () => {
    expect(fit(deployment(3, { spec: { nodeSelector: { [KARPENTER]: 'on-demand' } } }))).toEqual({
      eligible: false,
      reason: 'explicitly on-demand by nodeSelector karpenter.sh/capacity-type=on-demand',
    })
    expect(fit(deployment(3, { spec: terms([where(KARPENTER, 'NotIn', 'spot')]) })).reason).toBe(
      'explicitly on-demand by node affinity karpenter.sh/capacity-type NotIn [spot]',
    )
  })
})

describe('taints of spot nodes', () => {
  const taint = (key: string) => ({ key, value: 'spot', effect: 'NoSchedule' })
  it('are those that no other node has, and that stay', () => {
    const found = spotOnlyTaints([
      { capacityType: 'spot', taints: [taint('lifecycle'), taint('team'), taint('node.kubernetes.io/unschedulable')] },
      { capacityType: 'on-demand', taints: [taint('team')] },
    ])
    expect(found).toEqual([taint('lifecycle')])
  })

  it('count when tolerated by name, not by a toleration of everything', () => {
    const tolerating = (toleration: Api): Workload => deployment(1, { spec: { tolerations: [toleration] } })
    const context = { spotTaints: [taint('lifecycle')] }
    expect(fit(tolerating({ key: 'lifecycle', operator: 'Exists' }), context)).toEqual({
      eligible: true,
      reason: 'tolerates the taint lifecycle=spot of spot nodes',
    })
    expect(fit(tolerating({ operator: 'Exists' }), context).eligible).toBe(false)
  })
})

describe('policy', () => {
  const statefulSet = (parts: PodParts = {}): Workload =>
    deployment(3, { ownerKind: 'StatefulSet', ...parts }, { kind: 'StatefulSet' })
  it.each([
    ['replicas', deployment(4), true, 'Deployment with 4 replicas'],
    ['one replica', deployment(1), false, 'single replica'],
    [
      'one by its autoscaler',
      deployment(4, {}, { minReplicas: 1 }),
      false,
      'its autoscaler may leave a single replica',
    ],
    ['none by its autoscaler', deployment(4, {}, { minReplicas: 0 }), false, 'its autoscaler may leave no replica'],
    [
      'two by its autoscaler',
      deployment(4, {}, { minReplicas: 2 }),
      true,
      "Deployment with at least 2 replicas (its autoscaler's minimum)",
    ],
    ['all on spot', deployment(1, { nodeName: 'spot-1' }), true, 'runs on spot today'],
    ['StatefulSet', statefulSet(), false, 'StatefulSet'],
    [
      'StatefulSet with volumes',
      statefulSet({ volumes: { sharedClaims: ['shop/data-web-0'] } }),
      false,
      'StatefulSet with zonal volumes',
    ],
    ['claim', deployment(2, { volumes: { sharedClaims: ['shop/data'] } }), false, 'ReadWriteOnce volume shop/data'],
    ['kube-system', deployment(2, { namespace: 'kube-system' }, { namespace: 'kube-system' }), false, 'kube-system'],
    [
      'priority',
      deployment(2, { spec: { priorityClassName: 'system-cluster-critical' } }),
      false,
      'priority class system-cluster-critical',
    ],
    [
      'ingress',
      deployment(2, {}, { name: 'ingress-nginx-controller' }),
      false,
      'cluster component: ingress controller',
    ],
    ['ebs', deployment(2, {}, { name: 'ebs-csi-controller' }), false, 'cluster component: storage driver'],
    ['bare', deployment(1, { ownerKind: undefined }, { kind: 'Pod' }), false, 'pod without a controller'],
    [
      'held',
      deployment(2, { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } }),
      false,
      'annotation karpenter.sh/do-not-disrupt',
    ],
    [
      'not safe',
      deployment(2, { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } }),
      false,
      'marked as not safe to evict',
    ],
    [
      'slow to stop',
      deployment(2, { spec: { terminationGracePeriodSeconds: 600 } }),
      false,
      'takes up to 600 s to stop; spot gives 120 s',
    ],
    [
      'stops in time',
      deployment(2, { spec: { terminationGracePeriodSeconds: 120 } }),
      true,
      'Deployment with 2 replicas',
    ],
    ['emptyDir', deployment(2, { volumes: { localData: ['emptyDir tmp'] } }), false, 'would lose emptyDir tmp'],
    [
      'emptyDir that may be lost',
      deployment(2, {
        annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'tmp' },
        volumes: { localData: ['emptyDir tmp'] },
      }),
      true,
      'Deployment with 2 replicas',
    ],
    ['unknown kind', deployment(2, {}, { kind: 'Notebook' }), false, 'kind Notebook is not judged'],
    ['DaemonSet', deployment(2, { role: 'daemon' }, { kind: 'DaemonSet' }), true, 'follows its node'],
    ['Fargate', deployment(2, { role: 'fargate' }), false, 'runs on Fargate'],
    ['no pods', workload({ pods: [], replicas: 0 }), false, 'no replica'],
  ] as const)('%s', (_, one, eligible, reason) => {
    expect(fit(one)).toEqual({ eligible, reason })
  })

  it.each([
    [{ minAvailable: 2 }, 4, true],
    [{ minAvailable: 3 }, 4, false],
    [{ minAvailable: '50%' }, 3, false],
    [{ maxUnavailable: 1 }, 2, true],
    [{ maxUnavailable: '50%' }, 4, true],
    [{}, 4, false],
  ])('a budget %o over %i replicas: %s', (spec, count, eligible) => {
    expect(fit(deployment(count), { budgets: budget(spec) }).eligible).toBe(eligible)
  })

  it('says what the budget needs', () => {
    expect(fit(deployment(4), { budgets: budget({ minAvailable: 3 }) }).reason).toBe('PDB needs 3 of 4')
  })

  it('does not count replicas of which only some are on spot', () => {
    const pods = [pod({ name: 'a' }), pod({ name: 'b', nodeName: 'spot-1' })]
    expect(fit(workload({ pods, replicas: 1 })).reason).toBe('single replica')
  })

  it('takes an annotation before its own judgement, but not before the scheduler', () => {
    const annotated = (value: string, parts: PodParts = {}) =>
      deployment(1, { annotations: { 'k8s-cost/spot': value }, ...parts })
    expect(fit(annotated('true'))).toEqual({ eligible: true, reason: 'annotation k8s-cost/spot=true' })
    expect(fit(annotated('false', { nodeName: 'spot-1' })).eligible).toBe(false)
    const pinned = annotated('true', { spec: { nodeSelector: { 'karpenter.sh/capacity-type': 'on-demand' } } })
    expect(fit(pinned).eligible).toBe(false)
    const controller = (annotations: Api) => controllerObject({ kind: 'Deployment', metadata: { annotations } })
    expect(fit(deployment(1), { controller: controller({ 'k8s-cost/spot': 'true' }) }).eligible).toBe(true)
    const KUBECOST = { 'spot.kubecost.com/spot-ready': 'true' }
    expect(fit(deployment(1), { controller: controller(KUBECOST) }).eligible).toBe(true)
    expect(fit(deployment(1), { namespaceAnnotations: KUBECOST }).eligible).toBe(true)
  })

  it('asks for a start below five minutes', () => {
    const controller = controllerObject({ kind: 'Deployment', spec: { minReadySeconds: 300 } })
    expect(fit(deployment(2), { controller }).eligible).toBe(false)
  })

  it.each([
    ['short and retried', 6, [10, 20, 500], true, 'Job that runs for 20 min and is retried'],
    ['long', 6, [45], false, 'Job that runs for 45 min'],
    ['never retried', 0, [5], false, 'Job without retries (backoffLimit 0)'],
    ['no run seen', 6, [], false, 'Job whose run time is not known'],
    ['unknown retries', undefined, [5], false, 'Job whose retries are not known'],
  ])('Job: %s', (_, backoffLimit, minutes, eligible, reason) => {
    const job = (length: number | undefined) =>
      controllerObject({
        kind: 'Job',
        spec: { backoffLimit },
        status: {
          startTime: '2026-08-20T00:00:00Z',
          completionTime:
            length === undefined ? undefined : new Date(Date.UTC(2026, 7, 20) + length * 60_000).toISOString(),
        },
      })
    const one = deployment(1, { ownerKind: 'Job' }, { kind: 'Job' })
    expect(fit(one, { controller: job(undefined), runs: [job(undefined), ...minutes.map(job)] })).toEqual({
      eligible,
      reason,
    })
  })
})
