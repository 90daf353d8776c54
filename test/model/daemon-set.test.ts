import { describe, expect, it } from 'vitest'
import { readLimitRange } from '../../src/collect/read-limits.js'
import type { DaemonSet } from '../../src/domain/cluster.js'
import { tolerates } from '../../src/domain/requirement.js'
import { daemonSetPod, daemonSets, type DaemonSetContext } from '../../src/model/daemon-set.js'
import { podPriorities } from '../../src/model/pod.js'
import { storageIndex } from '../../src/model/volumes.js'
import {
  controllerObject,
  persistentVolumeClaimObject,
  podObject,
  runtimeClassObject,
  type Api,
} from '../helpers/objects.js'

const context: DaemonSetContext = {
  clusterMinor: 34,
  storage: storageIndex({ volumes: [], claims: [], storageClasses: [] }),
  workloadOf: ({ metadata }) => `${metadata.namespace}/DaemonSet/${metadata.name}`,
  nodeIsFargate: () => false,
  priorityOf: podPriorities([]),
  runtimeClasses: [
    runtimeClassObject({ metadata: { name: 'kata' }, overhead: { podFixed: { cpu: '250m', memory: '160Mi' } } }),
  ],
  limitRanges: [],
}

const agent = (spec: Api = {}): Api => ({
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'kube-system', uid: 'ds' },
  spec: {
    template: {
      metadata: { labels: { app: 'agent' } },
      spec: { containers: [{ name: 'agent', resources: { limits: { cpu: '100m' } } }], ...spec },
    },
  },
})
const pinnedTo = (node: string, ...more: Api[]): Api => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: more, matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] },
      ],
    },
  },
})
const live = (name: string, createdAt: string, cpu: string, spec: Api = {}) =>
  podObject({
    metadata: {
      name,
      namespace: 'kube-system',
      creationTimestamp: createdAt,
      labels: { app: 'agent' },
      ownerReferences: [{ kind: 'DaemonSet', name: 'agent', uid: 'ds', controller: true }],
    },
    spec: { nodeName: 'n1', affinity: pinnedTo('n1'), containers: [{ resources: { requests: { cpu } } }], ...spec },
  })

const known = (template: Api, newest?: ReturnType<typeof podObject>): DaemonSet => {
  const result = daemonSetPod(controllerObject(template), newest, context)
  return result.kind === 'known' ? result.daemonSet : expect.fail(result.finding.detail)
}
const condition = (name: string, effect = 'NoSchedule') => ({ key: `node.kubernetes.io/${name}`, value: '', effect })

describe('daemonSetPod', () => {
  it('reads the template as the API server would default it', () => {
    const { id, pod } = known(agent())
    expect(id).toBe('kube-system/agent')
    expect(pod).toMatchObject({
      id: 'kube-system/agent',
      workload: 'kube-system/DaemonSet/agent',
      role: 'daemon',
      nodeName: '',
      labels: { app: 'agent' },
      owner: { kind: 'DaemonSet', name: 'agent' },
      needed: { cpu: 100, memory: 0, pods: 1 },
    })
  })

  it("adds the RuntimeClass's overhead, unless live pods show theirs", () => {
    const template = agent({ runtimeClassName: 'kata' })
    expect(known(template).pod.needed).toMatchObject({ cpu: 350, memory: 160 * 2 ** 20 })
    expect(known(template, live('agent-x', '2026-01-01T00:00:00Z', '70m')).pod.needed).toMatchObject({ cpu: 70 })
  })

  it("gets what the namespace's LimitRanges give where it says nothing, unless live pods show theirs", () => {
    const range = (namespace: string, item: Api) =>
      readLimitRange({
        kind: 'LimitRange',
        metadata: { name: 'defaults', namespace },
        spec: {
          limits: [
            { type: 'Pod', max: { cpu: '9' } },
            { type: 'Container', ...item },
          ],
        },
      })
    const needs = (containers: readonly Api[], item: Api, namespace = 'kube-system') => {
      const limitRanges = [range(namespace, item), range('other', { default: { cpu: '8' } })]
      const result = daemonSetPod(controllerObject(agent({ containers })), undefined, { ...context, limitRanges })
      return result.kind === 'known' ? [result.daemonSet.pod.needed.cpu, result.daemonSet.pod.needed.memory] : []
    }
    const defaults = { default: { cpu: '500m', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }
    const MIB = 2 ** 20
    // A default request comes before a default limit, which stands in for it.
    expect(needs([{ name: 'a' }], defaults)).toEqual([100, 1024 * MIB])
    expect(needs([{ name: 'a' }, { name: 'b' }], defaults)).toEqual([200, 2048 * MIB])
    // A limit of its own has become the request before LimitRanges are looked at.
    expect(needs([{ name: 'a', resources: { limits: { cpu: '300m' } } }], defaults)).toEqual([300, 1024 * MIB])
    expect(needs([{ name: 'a', resources: { requests: { cpu: '7m' } } }], defaults)).toEqual([7, 1024 * MIB])
    // The maximum stands in for a default limit; the minimum for a request that nothing else gives.
    expect(needs([{ name: 'a' }], { max: { cpu: '2' }, min: { cpu: '50m', memory: '64Mi' } })).toEqual([2000, 64 * MIB])
    expect(needs([{ name: 'a' }], defaults, 'elsewhere')).toEqual([0, 0])
    const limitRanges = [range('kube-system', defaults)]
    const newest = live('agent-x', '2026-01-01T00:00:00Z', '70m')
    expect(daemonSetPod(controllerObject(agent()), newest, { ...context, limitRanges })).toMatchObject({
      daemonSet: { pod: { needed: { cpu: 70, memory: 0 } } },
    })
  })

  it('tolerates what the DaemonSet controller makes its pods tolerate', () => {
    const { tolerations } = known(agent({ tolerations: [{ key: 'own', operator: 'Exists' }] })).pod.spec
    const passes = (taint: { key: string; value: string; effect: string }): boolean =>
      tolerations.some((toleration) => tolerates(toleration, taint))
    for (const name of ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'])
      expect(passes(condition(name)), name).toBe(true)
    for (const name of ['not-ready', 'unreachable']) expect(passes(condition(name, 'NoExecute')), name).toBe(true)
    expect(passes({ key: 'own', value: 'x', effect: 'NoSchedule' })).toBe(true)
    expect(passes({ key: 'other', value: '', effect: 'NoSchedule' })).toBe(false)
    expect(passes(condition('network-unavailable'))).toBe(false)
    const onHost = known(agent({ hostNetwork: true })).pod.spec.tolerations
    expect(onHost.some((toleration) => tolerates(toleration, condition('network-unavailable')))).toBe(true)
  })

  it('takes containers of a live pod and rules of the template', () => {
    const newest = live('agent-x', '2026-01-01T00:00:00Z', '70m', { nodeSelector: { old: 'rule' } })
    const { pod } = known(agent({ nodeSelector: { 'kubernetes.io/os': 'linux' } }), newest)
    expect(pod.needed.cpu).toBe(70)
    expect(pod.spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' })
    expect(pod.spec.requiredNodeTerms).toBeUndefined()
  })

  it('does not miss claims that are made with each pod', () => {
    const storage = storageIndex({ volumes: [], claims: [], storageClasses: [] })
    const claims = new Map([
      ['other/claim', persistentVolumeClaimObject({ metadata: { name: 'claim', namespace: 'other' } })],
    ])
    const template = agent({
      volumes: [
        { name: 'scratch', ephemeral: {} },
        { name: 'run', hostPath: { path: '/run' } },
      ],
    })
    const result = daemonSetPod(controllerObject(template), undefined, { ...context, storage: { ...storage, claims } })
    expect(result).toMatchObject({
      daemonSet: { pod: { volumes: { problems: [], localData: ['hostPath run (/run)'] } } },
    })
  })

  it('is a finding without template and pods', () => {
    const source = { ...controllerObject(agent()), template: undefined }
    expect(daemonSetPod(source, undefined, context)).toMatchObject({
      kind: 'unknown',
      finding: { code: 'daemon-set-unknown', subject: 'kube-system/agent' },
    })
  })
})

describe('daemonSets', () => {
  it('reads requests from the youngest pod, whatever the order', () => {
    const pods = [
      live('agent-b', '2026-01-02T00:00:00Z', '20m'),
      live('agent-c', '2026-01-03T00:00:00Z', '30m'),
      live('agent-a', '2026-01-01T00:00:00Z', '10m'),
    ]
    for (const order of [pods, [...pods].reverse()]) {
      const { daemonSets: found, findings } = daemonSets([controllerObject(agent())], order, context)
      expect(found.map(({ pod }) => pod.needed.cpu)).toEqual([30])
      expect(findings).toEqual([])
    }
  })

  it('knows DaemonSets that only their pods tell of, and lets go of the pin to a node', () => {
    const linux = { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }
    const affinity = pinnedTo('n1', linux)
    const pods = [live('agent-a', '2026-01-01T00:00:00Z', '10m', { affinity })]
    const { daemonSets: found, findings } = daemonSets([], pods, context)
    expect(found).toMatchObject([
      { id: 'kube-system/agent', pod: { role: 'daemon', nodeName: '', needed: { cpu: 10 } } },
    ])
    expect(found[0]?.pod.spec.requiredNodeTerms).toEqual([{ matchExpressions: [linux], matchFields: [] }])
    expect(findings.map(({ code, subject }) => [code, subject])).toEqual([['daemon-set-inferred', 'kube-system/agent']])
    const free = daemonSets([], [live('agent-a', '2026-01-01T00:00:00Z', '10m')], context)
    expect(free.daemonSets[0]?.pod.spec.requiredNodeTerms).toBeUndefined()
  })

  it('leaves other controllers and their pods alone', () => {
    const deployment = controllerObject({ ...agent(), kind: 'Deployment' })
    const pod = podObject({ metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: 'r', controller: true }] } })
    expect(daemonSets([deployment], [pod], context)).toEqual({ daemonSets: [], findings: [] })
  })
})
