import { existsSync, readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { reduceObject } from '../../../src/collect/cluster/reduce.js'
import { readItems } from '../../../src/collect/json-items.js'
import { SnapshotBuilder, type Kind } from '../../../src/collect/snapshot-file.js'
import { LISTED_KINDS } from '../../../src/collect/cluster/kinds.js'
import type { Json } from '../../../src/collect/fields.js'

const KINDS: ReadonlySet<unknown> = new Set(LISTED_KINDS.map(({ kind }) => kind))
const isListed = (kind: unknown): kind is Kind => KINDS.has(kind)

const reduced = (item: Json): Json =>
  isListed(item['kind']) ? reduceObject(item['kind'], String(item['apiVersion']), item) : item

const read = (items: readonly Json[]) => {
  const builder = new SnapshotBuilder()
  for (const item of items) builder.add(item, 'test')
  return builder.snapshot()
}

const meta = (name: string, more: object = {}): Json => ({ name, namespace: 'shop', uid: `uid-${name}`, ...more })

/** A pod with every field that may say something, among many that do not. */
const FULL_POD: Json = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta('cart-1', {
    labels: { app: 'cart' },
    annotations: { 'karpenter.sh/do-not-disrupt': 'true', 'vault.example/token': 's.secret' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart', uid: 'u', controller: true }],
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-01-02T00:00:00Z',
    managedFields: [{ manager: 'kubelet' }],
  }),
  spec: {
    nodeName: 'node-1',
    hostNetwork: true,
    schedulerName: 'other',
    priorityClassName: 'high',
    priority: 1000,
    terminationGracePeriodSeconds: 300,
    restartPolicy: 'Always',
    runtimeClassName: 'kata',
    overhead: { cpu: '250m' },
    resources: { requests: { cpu: '2' }, limits: { memory: '1Gi' } },
    nodeSelector: { pool: 'main' },
    schedulingGates: [{ name: 'wait' }],
    resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu-1' }],
    tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule', tolerationSeconds: 3 }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: {} }],
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'cart' } }, topologyKey: 'host', namespaces: ['shop'] },
        ],
      },
    },
    topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    initContainers: [{ name: 'sidecar', restartPolicy: 'Always', resources: { requests: { cpu: '10m' } } }],
    containers: [
      {
        name: 'cart',
        command: ['sh', '-c', 'curl -u admin:hunter2 http://internal'],
        env: [{ name: 'PASSWORD', value: 'hunter2' }],
        resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2' } },
        ports: [{ containerPort: 8080, hostPort: 80, protocol: 'TCP', hostIP: '10.0.0.1' }, { containerPort: 9090 }],
      },
    ],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'data-1', readOnly: true } },
      { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } },
      { name: 'tmp', emptyDir: { medium: 'Memory' } },
      { name: 'host', hostPath: { path: '/var/log', type: 'Directory' } },
      { name: 'old', awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-1', readOnly: true } },
      { name: 'secret', secret: { secretName: 'database-password' } },
    ],
  },
  status: {
    phase: 'Running',
    nominatedNodeName: 'node-2',
    startTime: '2026-01-01T00:00:00Z',
    conditions: [
      { type: 'Ready', status: 'True', lastTransitionTime: 'x' },
      { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' },
      { type: 'PodResizePending', status: 'True', reason: 'Deferred' },
      { type: 'Initialized', status: 'True' },
    ],
    containerStatuses: [
      { name: 'cart', resources: { requests: { cpu: '500m' } }, allocatedResources: { cpu: '1' }, image: 'cart:1' },
    ],
    resources: { requests: { cpu: '3' } },
  },
}

const CNI: Json = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'aws-node', namespace: 'kube-system', uid: 'cni' },
  spec: {
    template: {
      metadata: { labels: { app: 'aws-node' }, annotations: { 'karpenter.sh/x': 'y' } },
      spec: {
        containers: [
          {
            name: 'aws-node',
            env: [
              { name: 'ENABLE_PREFIX_DELEGATION', value: 'true' },
              { name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2' },
            ],
          },
          { name: 'agent', env: [{ name: 'MAX_ENI', value: 'of another container: hunter2' }] },
        ],
      },
    },
  },
}

const OTHERS: readonly Json[] = [
  {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: 'general', annotations: { 'karpenter.sh/nodepool-hash': '1' } },
    spec: {
      limits: { cpu: '100' },
      replicas: 3,
      template: {
        metadata: { labels: { team: 'a' }, annotations: { secret: 'hunter2' } },
        spec: {
          requirements: [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] }],
          taints: [{ key: 'a', effect: 'NoSchedule' }],
          startupTaints: [{ key: 'b', effect: 'NoSchedule' }],
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
          kubelet: { maxPods: 110, evictionHard: { 'memory.available': '5%' } },
        },
      },
    },
  },
  {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name: 'default' },
    spec: {
      amiFamily: 'AL2023',
      amiSelectorTerms: [{ alias: 'al2023@latest', tags: { a: 'b' } }],
      instanceStorePolicy: 'RAID0',
      userData: 'export PASSWORD=hunter2',
      tags: { owner: 'hunter2' },
      blockDeviceMappings: [{ deviceName: '/dev/xvda', ebs: { volumeSize: '100Gi', kmsKeyID: 'hunter2' } }],
      kubelet: { maxPods: '250', kubeReserved: { cpu: '100m' } },
    },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta('cart', { generation: 2 }),
    spec: {
      selector: { matchLabels: { app: 'cart' } },
      minAvailable: '50%',
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
    status: { observedGeneration: 1, disruptionsAllowed: 1, desiredHealthy: 2, expectedPods: 3, currentHealthy: 3 },
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv-1' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '10Gi' },
      storageClassName: 'gp3',
      csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1', volumeAttributes: { a: 'hunter2' } },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [] }] } },
    },
  },
  { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv-2' }, spec: { local: { path: '/mnt' } } },
  { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv-3' }, spec: { hostPath: { path: '/mnt' } } },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: meta('nightly'),
    spec: {
      jobTemplate: { spec: { parallelism: 2, backoffLimit: 3, template: { metadata: { labels: { a: 'b' } } } } },
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('cart'),
    spec: {
      replicas: 3,
      minReadySeconds: 5,
      strategy: { rollingUpdate: { maxUnavailable: '25%', maxSurge: 1 } },
      template: { metadata: { labels: { app: 'cart' } }, spec: { containers: [{ env: [{ value: 'hunter2' }] }] } },
    },
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'gp3' },
    provisioner: 'ebs.csi.aws.com',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }],
    parameters: { key: 'hunter2' },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta('cart'),
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'cart' }, minReplicas: 2, maxReplicas: 9, metrics: [] },
  },
]

const SYNTHETIC = [FULL_POD, CNI, ...OTHERS]

test('readers find the same in a reduced object as in the whole one', () => {
  for (const item of SYNTHETIC) expect(read([reduced(item)])).toEqual(read([item]))
})

test('what was reduced once is not reduced further', () => {
  for (const item of SYNTHETIC) expect(reduced(reduced(item))).toEqual(reduced(item))
})

test('no environment, command, secret or user data is kept, nor annotations that nobody reads', () => {
  const kept = SYNTHETIC.map((item) => JSON.stringify(reduced(item))).join('\n')
  for (const secret of ['hunter2', 's.secret', 'database-password', 'managedFields', 'AWS_SECRET'])
    expect(kept).not.toContain(secret)
  expect(kept).toContain('ENABLE_PREFIX_DELEGATION')
  expect(kept).toContain('karpenter.sh/do-not-disrupt')
})

test('fields of the wrong type are dropped and harm nobody', () => {
  const odd = {
    kind: 'Pod',
    metadata: { name: 'x', ownerReferences: 'me' },
    spec: { containers: 7, volumes: {} },
    status: [],
  }
  expect(reduced(odd)).toMatchObject({ kind: 'Pod', metadata: { name: 'x' } })
  expect(read([reduced(odd)])).toEqual(read([odd]))
})

const folders = [
  new URL('../../../data/sample-cluster.json.gz', import.meta.url).pathname,
  ...['../../../../shared/data/clusters/', '../../../../shared/data/clusters/real/'].flatMap((path) => {
    const folder = new URL(path, import.meta.url).pathname
    const names = existsSync(folder) ? readdirSync(folder).sort() : []
    return names
      .filter((name) => /\.json(\.gz)?$/.test(name) && !/metrics|index/.test(name))
      .map((name) => folder + name)
  }),
]

describe(`whole clusters${folders.length === 1 ? ' (those of ../shared are skipped: ../shared is absent)' : ''}`, () => {
  test.each(folders.map((path) => [path.split('/').at(-1), path]))('%s', async (_, path = '') => {
    const items: Json[] = []
    await readItems(path, (item) => items.push(item))
    expect(items.length).toBeGreaterThan(0)
    const [whole, cut] = [read(items), read(items.map(reduced))]
    expect(isDeepStrictEqual(cut, whole)).toBe(true)
  })
})
