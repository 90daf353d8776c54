import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { budgetsOf, budgetVerdict, desiredHealthy, indexBudgets } from '../../src/model/budgets.js'
import { autoscalerVerdict } from '../../src/model/cluster-autoscaler.js'
import { nodeDisruption, podDisruption } from '../../src/model/disruption.js'
import type { DisruptionContext } from '../../src/model/pod-blockers.js'
import { parseGoDuration } from '../../src/model/pod-annotations.js'
import { disruptionBudgetObject, nodePoolObject, type Api } from '../helpers/objects.js'
import { nodes, pod, type PodParts } from './fixtures.js'

const NOW = '2026-08-20T10:00:00Z'
const SAFE = 'cluster-autoscaler.kubernetes.io/safe-to-evict'
const HOLD = 'karpenter.sh/do-not-disrupt'

/** A budget over `app=web` in namespace shop, unless told otherwise. */
const budget = (spec: Api, status: Api = {}, metadata: Api = {}) =>
  disruptionBudgetObject({
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    status,
  })
const NONE = indexBudgets([])

describe("the Cluster Autoscaler's rules", () => {
  const system = (parts: PodParts = {}): Pod => pod({ namespace: 'kube-system', ...parts })
  const allowed = (disruptionsAllowed: number) => budget({}, { disruptionsAllowed }, { namespace: 'kube-system' })
  const YOUNG = '2026-08-20T09:50:00Z'
  const OLD = '2026-08-20T08:00:00Z'
  it.each([
    ['system pod, 10 min', system({ createdAt: YOUNG }), [], 'block'],
    ['system pod, 2 h', system({ createdAt: OLD }), [], 'ok'],
    ['system pod, 2 h, safe-to-evict false', system({ createdAt: OLD, annotations: { [SAFE]: 'false' } }), [], 'ok'],
    ['system pod, 2 h, hostPath', system({ createdAt: OLD, volumes: { localData: ['hostPath logs'] } }), [], 'ok'],
    ['system pod of unknown age', system({ createdAt: undefined }), [], 'block'],
    ['system pod, budget allows 1', system({ createdAt: YOUNG }), [allowed(1)], 'ok'],
    ['system pod, budget allows 0', system({ createdAt: YOUNG }), [allowed(0)], 'block'],
    ['safe, hostPath', pod({ annotations: { [SAFE]: 'true' }, volumes: { localData: ['hostPath logs'] } }), [], 'ok'],
    ['safe, budget allows 0', pod({ annotations: { [SAFE]: 'true' } }), [allowed(0)], 'ok'],
    ['StatefulSet, emptyDir', pod({ ownerKind: 'StatefulSet', volumes: { localData: ['emptyDir tmp'] } }), [], 'block'],
    // Memory-backed ones never get into localData.
    ['StatefulSet, emptyDir in memory', pod({ ownerKind: 'StatefulSet' }), [], 'ok'],
    [
      'emptyDir named in safe-to-evict-local-volumes',
      pod({
        annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'tmp, cache' },
        volumes: { localData: ['emptyDir cache'] },
      }),
      [],
      'ok',
    ],
    ['Rollout', pod({ ownerKind: 'Rollout' }), [], 'block'],
    ['no owner, safe', pod({ ownerKind: undefined, annotations: { [SAFE]: 'true' } }), [], 'ok'],
    ['no owner', pod({ ownerKind: undefined }), [], 'block'],
    ['on completion', pod({ annotations: { [SAFE]: 'on-completion' } }), [], 'block'],
    ['DaemonSet', pod({ role: 'daemon', ownerKind: 'DaemonSet', volumes: { localData: ['hostPath /'] } }), [], 'ok'],
    ['mirror pod', pod({ role: 'static', ownerKind: 'Node' }), [], 'skip'],
    ['failed for good', pod({ phase: 'Failed', ownerKind: undefined, spec: { restartPolicy: 'Never' } }), [], 'ok'],
  ] as const)('%s: %s', (_, one, budgets, kind) => {
    expect(autoscalerVerdict(one, budgets, NOW).kind).toBe(kind)
  })
})

describe('budgets', () => {
  it.each([
    [{ minAvailable: '50%' }, 3, 2],
    [{ maxUnavailable: '30%' }, 3, 2],
    [{ minAvailable: 2 }, 4, 2],
    [{ maxUnavailable: 1 }, 4, 3],
    [{ maxUnavailable: 5 }, 4, 0],
    [{ maxUnavailable: '0%' }, 4, 4],
    [{}, 4, undefined],
    [{ minAvailable: 'half' }, 4, undefined],
  ])('%o of %i pods wants %s', (spec, pods, healthy) => {
    expect(desiredHealthy(budget(spec), pods)).toBe(healthy)
  })

  it('matches selectors within the namespace: null none, empty all', () => {
    const index = indexBudgets([
      budget({ selector: undefined }, {}, { name: 'null' }),
      budget({ selector: {} }, {}, { name: 'all' }),
      budget({}, {}, { name: 'app' }),
      budget({ selector: {} }, {}, { name: 'elsewhere', namespace: 'other' }),
      budget(
        { selector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] } },
        {},
        { name: 'not' },
      ),
    ])
    expect(budgetsOf(index, pod()).map(({ metadata }) => metadata.name)).toEqual(['all', 'app'])
    expect(budgetsOf(index, pod({ labels: {} })).map(({ metadata }) => metadata.name)).toEqual(['all', 'not'])
  })

  it.each([
    ['allows', { maxUnavailable: 1 }, { disruptionsAllowed: 1, expectedPods: 3 }, true, 'allows'],
    ['zero', { maxUnavailable: 0 }, { disruptionsAllowed: 0, expectedPods: 3 }, true, 'forever'],
    ['zero per cent', { maxUnavailable: '0%' }, { disruptionsAllowed: 0 }, true, 'forever'],
    ['all of them', { minAvailable: 3 }, { disruptionsAllowed: 0, expectedPods: 3 }, true, 'forever'],
    ['80% of one', { minAvailable: '80%' }, { disruptionsAllowed: 0, expectedPods: 1 }, true, 'forever'],
    ['one is down', { minAvailable: 2 }, { disruptionsAllowed: 0, expectedPods: 3, desiredHealthy: 2 }, true, 'now'],
    ['no status', { minAvailable: 1 }, {}, true, 'not judged'],
    [
      'not ready, AlwaysAllow',
      { maxUnavailable: 0, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      { disruptionsAllowed: 0 },
      false,
      'allows',
    ],
    [
      'ready, AlwaysAllow',
      { maxUnavailable: 0, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      { disruptionsAllowed: 0 },
      true,
      'forever',
    ],
  ])('%s', (_, spec, status, ready, kind) => {
    expect(budgetVerdict(budget(spec, status), ready, 4).kind).toBe(kind)
  })

  it('counts replicas where the controller has not counted', () => {
    expect(budgetVerdict(budget({ minAvailable: 4 }), true, 4).kind).toBe('forever')
    expect(budgetVerdict(budget({ minAvailable: 4 }), true, undefined).kind).toBe('not judged')
  })
})

describe('Go durations', () => {
  it.each([
    ['30m', 30 * 60_000],
    ['1h30m', 90 * 60_000],
    ['1.5h', 90 * 60_000],
    ['500ms', 500],
    ['0', 0],
    ['30', undefined],
    ['', undefined],
    ['soon', undefined],
    ['-5m', undefined],
    ['30m!', undefined],
  ])('%s', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms)
  })
})

describe('may a pod be moved', () => {
  const on = (owner: DisruptionContext['owner'], more: Partial<DisruptionContext> = {}): DisruptionContext => ({
    owner,
    now: NOW,
    replicas: 3,
    ...more,
  })
  const verdict = (one: Pod, index = NONE, context = on('karpenter')) => podDisruption(one, index, context)

  it('moves a replica of a Deployment', () => {
    expect(verdict(pod())).toEqual({ kind: 'movable' })
    expect(verdict(pod(), NONE, on('eks-managed-node-group'))).toEqual({ kind: 'movable' })
  })

  it('names the annotation, the pod and the fix', () => {
    const job = pod({ namespace: 'batch', name: 'report-runner-x', ownerKind: 'Job', annotations: { [HOLD]: 'true' } })
    expect(verdict(job)).toEqual({
      kind: 'pinned',
      why: 'annotation karpenter.sh/do-not-disrupt on batch/report-runner-x',
      fix: 'remove it once the job has finished',
      blockers: [
        'annotation karpenter.sh/do-not-disrupt on batch/report-runner-x; remove it once the job has finished',
      ],
    })
  })

  it('counts a duration from the start of the pod', () => {
    const held = (value: string): Pod => pod({ annotations: { [HOLD]: value } })
    expect(verdict(held('3h'))).toMatchObject({
      kind: 'pinned',
      why: expect.stringContaining('until 2026-08-20T11:00:00Z'),
    })
    expect(verdict(held('2h'))).toEqual({ kind: 'movable' })
    expect(verdict(held('30m'), NONE, on('karpenter', { now: undefined })).kind).toBe('pinned')
    expect(verdict(held('whenever'))).toEqual({ kind: 'movable' })
    expect(verdict(pod({ startedAt: undefined, annotations: { [HOLD]: '1m' } })).kind).toBe('pinned')
  })

  it.each([
    ['safe-to-evict false', pod({ annotations: { [SAFE]: 'false' } }), 'safe-to-evict=false'],
    ['on-completion', pod({ annotations: { [SAFE]: 'on-completion' } }), 'on-completion'],
    ['bare pod', pod({ ownerKind: undefined }), 'no controller'],
    ['legacy do-not-evict', pod({ annotations: { 'karpenter.sh/do-not-evict': 'true' } }), 'do-not-evict'],
    ['local volume', pod({ volumes: { localData: ['local volume pv-7'] } }), 'pv-7'],
    ['unreadable', pod({ unreadable: 'cpu "many"' }), 'cpu "many"'],
  ])('pins: %s', (_, one, text) => {
    expect(verdict(one)).toMatchObject({ kind: 'pinned', why: expect.stringContaining(text) })
  })

  it('lets a bare pod go that says it is safe', () => {
    expect(verdict(pod({ ownerKind: undefined, annotations: { [SAFE]: 'true' } }))).toEqual({ kind: 'movable' })
  })

  it('tells budgets that never allow from those that do not now', () => {
    const never = indexBudgets([budget({ maxUnavailable: 0 }, { disruptionsAllowed: 0, expectedPods: 3 })])
    expect(verdict(pod(), never)).toMatchObject({
      kind: 'pinned',
      why: 'budget shop/web (maxUnavailable 0) never lets go of shop/web-1',
      fix: 'set maxUnavailable to 1',
    })
    const single = indexBudgets([budget({ minAvailable: 1 }, { disruptionsAllowed: 0, expectedPods: 1 })])
    expect(verdict(pod(), single)).toMatchObject({
      why: 'budget shop/web (minAvailable 1 of 1 pods) never lets go of shop/web-1',
      fix: 'run a second replica, or say maxUnavailable 1 instead',
    })
    const now = indexBudgets([
      budget({ minAvailable: 2 }, { disruptionsAllowed: 0, expectedPods: 3, desiredHealthy: 2 }),
    ])
    expect(verdict(pod(), now)).toMatchObject({
      why: 'budget shop/web does not let go of shop/web-1 now: 2 of 3 must be ready',
      fix: 'wait until its pods are ready',
    })
  })

  it('refuses two budgets on one pod, whatever they allow', () => {
    const two = indexBudgets([
      budget({ maxUnavailable: 1 }, { disruptionsAllowed: 1 }),
      budget({ maxUnavailable: 1 }, { disruptionsAllowed: 1 }, { name: 'web2' }),
    ])
    expect(verdict(pod(), two)).toMatchObject({ kind: 'pinned', fix: 'leave it one budget' })
  })

  it('does not ask budgets about pods that have not started, or that stay while Karpenter drains', () => {
    const never = indexBudgets([budget({ maxUnavailable: 0 }, { disruptionsAllowed: 0, expectedPods: 3 })])
    expect(verdict(pod({ phase: 'Pending' }), never).kind).toBe('movable')
    const stays = pod({ spec: { tolerations: [{ operator: 'Exists' }] } })
    expect(verdict(stays, never).kind).toBe('movable')
    expect(verdict(stays, never, on('eks-managed-node-group')).kind).toBe('pinned')
  })

  it.each([
    ['StatefulSet', pod({ ownerKind: 'StatefulSet' }), on('karpenter'), 'StatefulSet'],
    ['Job', pod({ ownerKind: 'Job' }), on('karpenter', { replicas: 1 }), 'starts again'],
    ['single replica', pod(), on('karpenter', { replicas: 1 }), 'single replica'],
    ['emptyDir', pod({ volumes: { localData: ['emptyDir tmp'] } }), on('eksctl'), 'loses emptyDir tmp'],
    ['unknown controller off Karpenter', pod({ ownerKind: 'Rollout' }), on('eksctl'), 'its owner is a Rollout'],
  ])('with care: %s', (_, one, context, text) => {
    expect(verdict(one, NONE, context)).toMatchObject({ kind: 'care', why: expect.stringContaining(text) })
  })

  it('does not hold other controllers against pods on Karpenter nodes', () => {
    expect(verdict(pod({ ownerKind: 'Rollout' }))).toEqual({ kind: 'movable' })
  })

  it('lists every blocker of a pod', () => {
    const one = pod({ ownerKind: undefined, annotations: { [HOLD]: 'true', [SAFE]: 'false' } })
    const found = verdict(one)
    expect(found.kind === 'pinned' ? found.blockers.length : 0).toBe(3)
  })

  it('lets pods that come with their node hold it on Karpenter nodes only', () => {
    const daemon = pod({ role: 'daemon', ownerKind: 'DaemonSet', annotations: { [HOLD]: 'true', [SAFE]: 'false' } })
    expect(verdict(daemon).kind).toBe('pinned')
    expect(verdict(daemon, NONE, on('eksctl')).kind).toBe('movable')
  })

  it('never pins a pod by a budget that allows one more, alone and without annotations', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (allowed, ready, replicas) => {
          const index = indexBudgets([
            budget({ maxUnavailable: 1 }, { disruptionsAllowed: allowed, expectedPods: replicas }),
          ])
          expect(verdict(pod({ ready }), index, on('karpenter', { replicas })).kind).not.toBe('pinned')
        },
      ),
    )
  })
})

describe('may a node be removed', () => {
  const context = { budgets: NONE, now: NOW, nodePool: undefined, replicasOf: () => 3 }
  const node = (metadata: Api, pods: readonly Pod[] = [], spec: Api = {}) => {
    const [one] = nodes(
      [{ metadata: { name: 'n', ...metadata }, spec: { providerID: 'aws:///us-east-1a/i-1', ...spec } }],
      { pods },
    )
    if (one === undefined) throw new Error('one node was made')
    return one
  }
  const karpenter = { labels: { 'karpenter.sh/nodepool': 'default' } }

  it('removes a node whose pods may move', () => {
    expect(nodeDisruption(node(karpenter, [pod()]), context)).toEqual({ removable: true, blockers: [] })
  })

  it.each([
    [
      'scale-down-disabled',
      { annotations: { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true' } },
      {},
      'scale-down-disabled',
    ],
    ['do-not-disrupt', { ...karpenter, annotations: { [HOLD]: 'true' } }, {}, HOLD],
    ['do-not-consolidate', { annotations: { 'karpenter.sh/do-not-consolidate': 'true' } }, {}, 'do-not-consolidate'],
    ['control plane', { labels: { 'node-role.kubernetes.io/master': '' } }, {}, 'control plane'],
    ['Fargate', { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } }, {}, 'Fargate'],
    ['hybrid', {}, { providerID: 'eks-hybrid:///us-west-2/c/mi-1' }, 'outside AWS'],
  ])('keeps: %s', (_, metadata, spec, text) => {
    const found = nodeDisruption(node(metadata, [], spec), context)
    expect(found.removable).toBe(false)
    expect(found.blockers.join()).toContain(text)
  })

  it('keeps the nodes of a static pool', () => {
    const nodePool = nodePoolObject({ metadata: { name: 'static' }, spec: { replicas: 4 } })
    expect(nodeDisruption(node(karpenter), { ...context, nodePool }).blockers).toEqual([
      'NodePool static keeps 4 nodes; lower its replicas',
    ])
  })

  it('lists the blockers of its pods in the order of their names, but not of those on their way out', () => {
    const bare = (name: string, terminating = false): Pod => pod({ name, ownerKind: undefined, terminating })
    const { blockers } = nodeDisruption(node({}, [bare('b'), bare('a'), bare('c', true)]), context)
    expect(blockers.map((line) => line.split(' ')[0])).toEqual(['shop/a', 'shop/b'])
  })

  it('takes "false" for no annotation at all', () => {
    const metadata = { annotations: { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'false' } }
    expect(nodeDisruption(node(metadata), context).removable).toBe(true)
  })
})
