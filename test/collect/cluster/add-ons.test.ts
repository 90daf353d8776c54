/** Kinds of add-ons, in shapes recorded from their controllers: kept as far as they are used, and read live where served. */
import { afterEach, describe, expect, test } from 'vitest'
import { Connection } from '../../../src/collect/cluster/connection.js'
import { openKubeConfig } from '../../../src/collect/cluster/kube-config.js'
import { checkCluster } from '../../../src/collect/cluster/check.js'
import { SURROUNDINGS } from '../../../src/collect/cluster/patience.js'
import { readCluster } from '../../../src/collect/cluster/read-cluster.js'
import { redactor } from '../../../src/collect/cluster/redact.js'
import { reduceObject } from '../../../src/collect/cluster/reduce.js'
import { object, type Json } from '../../../src/collect/fields.js'
import { SnapshotBuilder, type Kind } from '../../../src/collect/snapshot-file.js'
import { answer, startApiServer, status, type ApiServer, type Raw } from './api-server.js'

const NODE_NAME = 'ip-10-0-3-17.eu-west-1.compute.internal'

const CNI_NODE: Json = {
  apiVersion: 'vpcresources.k8s.aws/v1alpha1',
  kind: 'CNINode',
  metadata: {
    name: NODE_NAME,
    uid: '2b7c3a0e-45b2-4b44-93b5-3f7f0d5c2f10',
    creationTimestamp: '2026-08-01T10:00:00Z',
    finalizers: ['networking.k8s.aws/resource-cleanup'],
    generation: 3,
    labels: { 'kubernetes.io/os': 'linux' },
    managedFields: [{ manager: 'controller' }],
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: NODE_NAME, uid: 'u1', controller: true }],
  },
  spec: {
    features: [{ name: 'SecurityGroupsForPods' }, { name: 'CustomNetworking', value: 'pods-eu-west-1a' }],
    tags: {
      'cluster.k8s.amazonaws.com/name': 'orchard-prod',
      'node.k8s.amazonaws.com/instance_id': 'i-0bfbb45b5e9a8db55',
      'cost-center': 'hunter2',
    },
    managedBy: 'vpc-resource-controller',
  },
  status: { trunkInterface: { id: 'eni-0a', branches: [{ id: 'eni-0b', vlanID: 1, securityGroups: ['sg-hunter2'] }] } },
}

const NODE_CLAIM: Json = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodeClaim',
  metadata: {
    name: 'general-7xk2p',
    uid: 'claim-1',
    creationTimestamp: '2026-08-01T09:58:30Z',
    annotations: { 'karpenter.sh/nodepool-hash': '123', 'vault.example/token': 'hunter2' },
    labels: {
      'karpenter.sh/nodepool': 'general',
      'karpenter.sh/capacity-type': 'spot',
      'node.kubernetes.io/instance-type': 'm6i.large',
      'topology.kubernetes.io/zone': 'eu-west-1a',
    },
    ownerReferences: [{ apiVersion: 'karpenter.sh/v1', kind: 'NodePool', name: 'general', uid: 'pool-1' }],
  },
  spec: {
    expireAfter: '720h',
    nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
    requirements: [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] }],
    resources: { requests: { cpu: '1510m', pods: '9' } },
  },
  status: {
    allocatable: { cpu: '1930m' },
    capacity: { cpu: '2' },
    conditions: [
      { type: 'Launched', status: 'True', reason: 'Launched', lastTransitionTime: '2026-08-01T09:58:35Z' },
      { type: 'Drifted', status: 'True', reason: 'NodePoolDrifted', message: 'hunter2' },
    ],
    imageID: 'ami-0a1b2c',
    nodeName: NODE_NAME,
    providerID: 'aws:///eu-west-1a/i-0bfbb45b5e9a8db55',
  },
}

/** Before v1 a claim had no expiry and named its class by apiVersion. */
const BETA_CLAIM: Json = {
  apiVersion: 'karpenter.sh/v1beta1',
  kind: 'NodeClaim',
  metadata: { name: 'batch-q9wls', creationTimestamp: '2026-08-01T09:58:30Z', labels: {} },
  spec: {
    kubelet: { maxPods: 58 },
    nodeClassRef: { apiVersion: 'karpenter.k8s.aws/v1beta1', kind: 'EC2NodeClass', name: 'default' },
    requirements: [],
  },
  status: { conditions: [{ type: 'Launched', status: 'False', reason: 'InsufficientCapacity' }] },
}

const BETA_POOL: Json = {
  apiVersion: 'karpenter.sh/v1beta1',
  kind: 'NodePool',
  metadata: { name: 'batch' },
  spec: {
    disruption: { consolidationPolicy: 'WhenUnderutilized', expireAfter: '336h', budgets: [{ nodes: '10%' }] },
    template: {
      spec: { nodeClassRef: { apiVersion: 'karpenter.k8s.aws/v1beta1', name: 'default' }, requirements: [] },
    },
  },
}

const SCALED_OBJECT: Json = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: {
    name: 'orders-worker',
    namespace: 'shop',
    uid: 'so-1',
    labels: { 'scaledobject.keda.sh/name': 'orders-worker' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"connection":"hunter2"}' },
  },
  spec: {
    cooldownPeriod: 300,
    idleReplicaCount: 0,
    minReplicaCount: 2,
    maxReplicaCount: 40,
    scaleTargetRef: { name: 'orders-worker' },
    triggers: [{ type: 'rabbitmq', metadata: { host: 'amqp://user:hunter2@rabbit/', queueName: 'orders' } }],
  },
  status: { hpaName: 'keda-hpa-orders-worker', scaleTargetKind: 'apps/v1.Deployment' },
}

const VERTICAL: Json = {
  apiVersion: 'autoscaling.k8s.io/v1',
  kind: 'VerticalPodAutoscaler',
  metadata: { name: 'cart', namespace: 'shop', uid: 'vpa-1' },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
    updatePolicy: { updateMode: 'Recreate', minReplicas: 2 },
    resourcePolicy: { containerPolicies: [{ containerName: '*', minAllowed: { cpu: '50m' } }] },
  },
  status: {
    conditions: [{ type: 'RecommendationProvided', status: 'True' }],
    recommendation: {
      containerRecommendations: [
        {
          containerName: 'cart',
          lowerBound: { cpu: '100m', memory: '262144k' },
          target: { cpu: '163m', memory: '262144k' },
          uncappedTarget: { cpu: '163m', memory: '262144k' },
          upperBound: { cpu: '1', memory: '1Gi' },
        },
      ],
    },
  },
}

/** As the metrics server answers: nanocores, and labels of the pod. */
const POD_METRICS: Json = {
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'PodMetrics',
  metadata: {
    name: 'cart-6d5f-x2x9k',
    namespace: 'shop',
    creationTimestamp: '2026-08-20T09:30:00Z',
    labels: { app: 'hunter2' },
  },
  timestamp: '2026-08-20T09:29:52Z',
  window: '16.587s',
  containers: [
    { name: 'cart', usage: { cpu: '9022867n', memory: '35403Ki' } },
    { name: 'log', usage: { cpu: '0', memory: '8Mi' } },
  ],
}

const ALL = [CNI_NODE, NODE_CLAIM, BETA_CLAIM, BETA_POOL, SCALED_OBJECT, VERTICAL, POD_METRICS]
const reduced = (item: Json): Json => reduceObject(item['kind'] as Kind, String(item['apiVersion']), item)
const read = (items: readonly Json[]) => {
  const builder = new SnapshotBuilder()
  for (const item of items) builder.add(item, 'test')
  return builder.snapshot()
}
const withoutMeta = <Value extends { readonly metadata: unknown }>({ metadata: _, ...rest }: Value) => rest

describe('what is read', () => {
  test('of a CNINode: the features of its node and the name of the cluster', () => {
    const [cniNode, ...others] = read([CNI_NODE]).cniNodes
    expect(others).toEqual([])
    expect(cniNode?.metadata.name).toBe(NODE_NAME)
    expect(cniNode && withoutMeta(cniNode)).toEqual({
      features: [
        { name: 'SecurityGroupsForPods', value: '' },
        { name: 'CustomNetworking', value: 'pods-eu-west-1a' },
      ],
      clusterName: 'orchard-prod',
    })
    const bare = { ...CNI_NODE, spec: {} }
    expect(read([bare]).cniNodes.map(withoutMeta)).toEqual([{ features: [], clusterName: '' }])
  })

  test('of a NodeClaim, v1 and v1beta1: its node, its instance and its future', () => {
    expect(read([NODE_CLAIM, BETA_CLAIM]).nodeClaims.map(withoutMeta)).toEqual([
      {
        nodeName: NODE_NAME,
        providerID: 'aws:///eu-west-1a/i-0bfbb45b5e9a8db55',
        expireAfter: '720h',
        drifted: true,
      },
      { nodeName: '', providerID: '', expireAfter: '', drifted: false },
    ])
    expect(read([BETA_POOL]).nodePools.map(({ expireAfter }) => expireAfter)).toEqual(['336h'])
  })

  test('of a ScaledObject: bounds, as KEDA takes them where they are absent', () => {
    expect(read([SCALED_OBJECT]).autoscalers.map(withoutMeta)).toEqual([
      { targetKind: 'Deployment', targetName: 'orders-worker', minReplicas: 0, maxReplicas: 40 },
    ])
    const bare = { ...SCALED_OBJECT, spec: { scaleTargetRef: { kind: 'StatefulSet', name: 'db' } } }
    expect(read([bare]).autoscalers.map(withoutMeta)).toEqual([
      { targetKind: 'StatefulSet', targetName: 'db', minReplicas: 0, maxReplicas: 100 },
    ])
  })

  test('of a VerticalPodAutoscaler: its mode and what it recommends', () => {
    expect(read([VERTICAL]).verticalAutoscalers.map(withoutMeta)).toEqual([
      {
        targetKind: 'Deployment',
        targetName: 'cart',
        updateMode: 'Recreate',
        targets: [{ container: 'cart', requests: { cpu: '163m', memory: '262144k' } }],
      },
    ])
    const bare = { ...VERTICAL, spec: { targetRef: { kind: 'Deployment', name: 'cart' } }, status: {} }
    expect(read([bare]).verticalAutoscalers.map(withoutMeta)).toEqual([
      { targetKind: 'Deployment', targetName: 'cart', updateMode: 'Auto', targets: [] },
    ])
  })

  test('of PodMetrics: what each container used', () => {
    expect(read([POD_METRICS]).podUsage.map(({ metadata, containers }) => [metadata.name, containers])).toEqual([
      [
        'cart-6d5f-x2x9k',
        [
          { name: 'cart', usage: { cpu: '9022867n', memory: '35403Ki' } },
          { name: 'log', usage: { cpu: '0', memory: '8Mi' } },
        ],
      ],
    ])
    expect(read([{ ...POD_METRICS, containers: [{ name: 'cart' }] }]).podUsage[0]?.containers).toEqual([
      { name: 'cart', usage: {} },
    ])
  })

  test('fields of the wrong type are absent', () => {
    const odd = ALL.map(({ apiVersion, kind }) => ({ apiVersion, kind, metadata: { name: 'x' }, spec: 7, status: [] }))
    expect(() => odd.map((item) => read([item]))).not.toThrow()
    expect(odd.map((item) => read([reduced(item)]))).toEqual(odd.map((item) => read([item])))
  })
})

describe('what is kept', () => {
  test.each(ALL.map((item) => [`${String(item['apiVersion'])} ${String(item['kind'])}`, item] as const))(
    'of a %s is what is read of it, and nothing else',
    (_, item) => {
      expect(read([reduced(item)])).toEqual(read([item]))
      expect(reduced(reduced(item))).toEqual(reduced(item))
      expect(JSON.stringify(reduced(item))).not.toMatch(/hunter2|managedFields|sg-|amqp|instance_id/)
    },
  )

  test('has other names where it is redacted, and the same ones as its node, its ENIConfig and its workload', () => {
    const redact = redactor('key')
    const named = (kind: string, name: string, more: Json = {}): Json => redact({ kind, metadata: { name }, ...more })
    const nameOf = (item: Json): unknown => object(item['metadata'])['name']
    const items = ALL.map((item) => redact(reduced(item)))
    const { cniNodes, nodeClaims, verticalAutoscalers, autoscalers } = read(items)
    const node = nameOf(named('Node', NODE_NAME))
    expect(cniNodes[0]?.metadata.name).toBe(node)
    expect(nodeClaims[0]?.nodeName).toBe(node)
    expect(nodeClaims[0]?.providerID).toMatch(/^aws:\/\/\/eu-west-1a\/i-[0-9a-f]{17}$/)
    expect(nodeClaims[0]).toMatchObject({ expireAfter: '720h', drifted: true })
    expect(cniNodes[0]?.features).toEqual([
      { name: 'SecurityGroupsForPods', value: '' },
      { name: 'CustomNetworking', value: nameOf(named('ENIConfig', 'pods-eu-west-1a')) },
    ])
    expect(autoscalers[0]?.targetName).toBe(nameOf(named('Deployment', 'orders-worker')))
    const pod = redact({ metadata: { name: 'cart-1' }, spec: { containers: [{ name: 'cart' }] } })
    const [container] = object(pod['spec'])['containers'] as readonly Json[]
    expect(verticalAutoscalers[0]?.targets[0]?.container).toBe(container?.['name'])
    expect(JSON.stringify(items)).not.toMatch(/orchard|orders|"cart|pods-eu|0bfbb45b|7xk2p/)
  })
})

describe('a live cluster', () => {
  let server: ApiServer | undefined
  afterEach(async () => {
    await server?.close()
    server = undefined
  })

  const NODE: Raw = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE_NAME } }

  const DENIED = [
    '/cninodes',
    '/nodeclaims',
    '/scaledobjects',
    '/verticalpodautoscalers',
    '/apis/metrics.k8s.io/v1beta1/pods',
  ]

  async function collect(objects: readonly Json[], denied: readonly string[] = []) {
    server = await startApiServer([NODE, ...(objects as unknown as readonly Raw[])], { secure: false })
    server.fault = ({ path }, response) =>
      denied.some((ending) => path.endsWith(ending)) &&
      answer(response, 403, status(403, 'forbidden: User "reader" cannot list'))
    const access = await openKubeConfig({ kubeconfig: server.kubeconfig, context: undefined }, {})
    const builder = new SnapshotBuilder()
    const notes = await readCluster(new Connection(access, 'k8s-cost/test'), {
      add: (kind, items) => {
        for (const item of items) builder.add(reduceObject(kind, String(item['apiVersion']), item), 'cluster')
      },
      drop: (kind) => builder.drop(kind),
    })
    return { snapshot: builder.snapshot(), notes }
  }

  const SERVED = [CNI_NODE, BETA_CLAIM, BETA_POOL, SCALED_OBJECT, VERTICAL, POD_METRICS]

  test('gives what a file gives, of whichever version it serves', async () => {
    const { snapshot, notes } = await collect(SERVED)
    const file = read(SERVED)
    const parts = ['cniNodes', 'nodeClaims', 'nodePools', 'autoscalers', 'verticalAutoscalers', 'podUsage'] as const
    for (const part of parts) {
      expect(snapshot[part], part).toEqual(file[part])
      expect(file[part].length, part).toBe(1)
    }
    expect(notes.findings).toEqual([])
  })

  test('without the add-ons lacks nothing, whether it says 404 or 403 of them', async () => {
    expect((await collect([])).notes.findings).toEqual([])
    await server?.close()
    expect((await collect([], DENIED)).notes.findings).toEqual([])
  })

  test('whose metrics server is down says so, and everything else is read', async () => {
    const around = { ...SURROUNDINGS, sleep: () => Promise.resolve() }
    const down = '/apis/metrics.k8s.io/v1beta1/pods'
    server = await startApiServer([NODE, ...([CNI_NODE, POD_METRICS] as unknown as readonly Raw[])], { secure: false })
    server.fault = ({ path }, response) =>
      path === down && answer(response, 503, status(503, 'the server is currently unable to handle the request'))
    const access = await openKubeConfig({ kubeconfig: server.kubeconfig, context: undefined }, {})
    const connection = () => new Connection(access, 'k8s-cost/test')
    const kinds: string[] = []
    const sink = { add: (kind: Kind, items: Iterable<Json>) => void ([...items].length > 0 && kinds.push(kind)) }
    const { findings } = await readCluster(connection(), { ...sink, drop: () => undefined }, { around })
    expect(kinds).toEqual(['Node', 'CNINode'])
    expect(findings).toEqual([
      {
        code: 'unread-kind',
        subject: 'pods.metrics.k8s.io',
        detail:
          'pods.metrics.k8s.io: the server answered 503, 5 times in a row; so it is unknown where pods use more than they request',
      },
    ])
    const checks = await checkCluster(connection(), { around })
    const states = Object.fromEntries(checks.map(({ source, state, remedy }) => [source, `${state} ${remedy}`]))
    expect(states).toMatchObject({
      'pods.metrics.k8s.io': 'fails the server answered 503, 5 times in a row',
      'cninodes.vpcresources.k8s.aws': 'works ',
      'nodeclaims.karpenter.sh': 'absent not installed; nothing is missing',
    })
  })

  test('that refuses them is a gap with the rules to add', async () => {
    const { snapshot, notes } = await collect([CNI_NODE, NODE_CLAIM, SCALED_OBJECT, VERTICAL, POD_METRICS], DENIED)
    expect(snapshot.cniNodes).toEqual([])
    expect(notes.findings.map(({ code, subject }) => `${code} ${subject}`).sort()).toEqual([
      'denied-kind cninodes',
      'denied-kind nodeclaims',
      'denied-kind pods.metrics.k8s.io',
      'denied-kind scaledobjects',
      'denied-kind verticalpodautoscalers',
    ])
    for (const rule of [
      '{apiGroups: ["vpcresources.k8s.aws"], resources: [cninodes], verbs: [get, list]}',
      '{apiGroups: ["karpenter.sh"], resources: [nodeclaims], verbs: [get, list]}',
      '{apiGroups: ["keda.sh"], resources: [scaledobjects], verbs: [get, list]}',
      '{apiGroups: ["metrics.k8s.io"], resources: [pods], verbs: [get, list]}',
      '{apiGroups: ["autoscaling.k8s.io"], resources: [verticalpodautoscalers], verbs: [get, list]}',
    ])
      expect(notes.findings[0]?.detail).toContain(rule)
  })
})
