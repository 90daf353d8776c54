#!/usr/bin/env node
/**
 * Makes the sample cluster that ships with k8s-cost and that `k8s-cost demo` analyses:
 *
 *     node tools/make-sample-cluster.mjs [--out data/sample-cluster.json.gz]
 *
 * It writes one v1 List, gzip, as `kubectl get nodes,pods,daemonsets,replicasets,deployments,statefulsets,jobs,
 * poddisruptionbudgets,persistentvolumes,persistentvolumeclaims,storageclasses,csinodes,namespaces,priorityclasses
 * -A -o json` prints it, and a table of what each node group holds on standard output. The company is invented:
 * `orchard`, an online shop on EKS 1.34 in us-east-1 that grew for its spring season and never shrank.
 *
 * Nothing here is random and no clock is read: every id, address and time is a hash of SEED and of the name of the
 * thing, so the same script gives the same bytes, and a new workload leaves the ids of the others as they were.
 *
 * What kubectl prints and this leaves out, since nothing reads it and it would not compress: managedFields, resource
 * versions, container and image ids, allocated resources in container statuses.
 *
 * The parts, in order: helpers, node groups, workloads, pods, placement, Kubernetes objects, output. Pods get their
 * nodes from a small imitation of kube-scheduler (all its filters that the pods need, least-allocated scoring), so
 * that every running pod could really be where it is. test/sample-cluster.test.ts checks that without this code.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

const SEED = 'orchard-prod/1'
const NOW = Date.parse('2026-07-20T06:00:00Z')
const REGION = 'us-east-1'
const POOL = 'orchard.example/pool'
const REGISTRY = 'registry.orchard.example'
const ZONES = [
  { name: 'us-east-1a', id: 'use1-az4', subnet: 0 },
  { name: 'us-east-1b', id: 'use1-az6', subnet: 16 },
  { name: 'us-east-1c', id: 'use1-az1', subnet: 32 },
]

// ---------------------------------------------------------------------------------------------------- helpers

const HOUR = 3_600_000
const DAY = 24 * HOUR

const digest = (label) => createHash('sha256').update(`${SEED}/${label}`).digest('hex')
/** A whole number in [0, below), fixed by the label. */
const pick = (label, below) => parseInt(digest(label).slice(0, 12), 16) % below
const iso = (time) => new Date(time).toISOString().replace('.000Z', 'Z')
const seconds = (time) => Math.floor(time / 1000) * 1000

/** Unlike real ones these differ in their first half only: the package should stay small, and noise does not compress. */
function uid(label) {
  const hex = digest(`uid/${label}`)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4e5a-8c1b-0a58a9feac02`
}

/** Letters and digits that Kubernetes takes for generated names (no vowels: no words). */
function suffix(label, length) {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  const hex = digest(`suffix/${label}`)
  return Array.from(
    { length },
    (_, at) => alphabet[parseInt(hex.slice(4 * at, 4 * at + 4), 16) % alphabet.length],
  ).join('')
}

/** Canonical quantity text, as the API server prints it: 1500m, 2; 1536Mi, 2Gi. */
const cpuText = (milli) => (milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`)
const memoryText = (mib) => (mib % 1024 === 0 && mib > 0 ? `${mib / 1024}Gi` : `${mib}Mi`)
const milliOf = (text) =>
  text === undefined ? 0 : text.endsWith('m') ? Number(text.slice(0, -1)) : 1000 * Number(text)
const mibOf = (text) =>
  text === undefined ? 0 : text.endsWith('Gi') ? 1024 * Number(text.slice(0, -2)) : Number(text.slice(0, -2))

/** Leaves out what is undefined, so that optional fields can be written in one expression. */
const clean = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
const sum = (numbers) => numbers.reduce((total, next) => total + next, 0)
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0)

// ------------------------------------------------------------------------------------------------ node groups

/** EC2 memory less what firmware and kernel keep (measured, MiB), and `enis * (addresses - 1) + 2` pods. */
const TYPES = {
  'm5.large': { cpu: 2, mib: 8192, kept: 559, enis: 3, ips: 10 },
  'm5.xlarge': { cpu: 4, mib: 16384, kept: 868, enis: 4, ips: 15 },
  'm5a.xlarge': { cpu: 4, mib: 16384, kept: 782, enis: 4, ips: 15 },
  'm5.2xlarge': { cpu: 8, mib: 32768, kept: 1149, enis: 4, ips: 15 },
  'r5.xlarge': { cpu: 4, mib: 32768, kept: 1148, enis: 4, ips: 15 },
  't3.medium': { cpu: 2, mib: 4096, kept: 253, enis: 3, ips: 6 },
  'c6i.xlarge': { cpu: 4, mib: 8192, kept: 406, enis: 4, ips: 15, network: 1562 },
  'c6i.2xlarge': { cpu: 8, mib: 16384, kept: 673, enis: 4, ips: 15, network: 3125 },
  'm6i.xlarge': { cpu: 4, mib: 16384, kept: 672, enis: 4, ips: 15, network: 1562 },
  'm6i.2xlarge': { cpu: 8, mib: 32768, kept: 1205, enis: 4, ips: 15, network: 3125 },
}

const taint = (key, value, effect) => ({ effect, key, value })
/** `nodes`: one `type zone` (and capacity type for Karpenter) each; `age`: days since the youngest and the oldest came. */
const GROUPS = [
  { name: 'general', nodes: [...'abcabcabca'].map((zone) => ['m5.2xlarge', zone]), age: [24, 27] },
  {
    name: 'memory',
    nodes: [...'abcab'].map((zone) => ['r5.xlarge', zone]),
    taints: [taint('dedicated', 'stateful', 'NoSchedule')],
    age: [24, 27],
  },
  {
    name: 'spot-workers',
    capacityType: 'SPOT',
    nodes: [...'abcabc'].map((zone, at) => [at < 3 ? 'm5.xlarge' : 'm5a.xlarge', zone]),
    taints: [taint('orchard.example/spot', 'true', 'PreferNoSchedule')],
    age: [1, 9],
  },
  {
    name: 'edge',
    nodes: [...'abcabc'].map((zone) => ['t3.medium', zone]),
    taints: [taint(POOL, 'edge', 'NoSchedule')],
    age: [24, 27],
  },
  {
    name: 'batch',
    karpenter: true,
    nodes: [
      ['c6i.xlarge', 'a', 'spot'],
      ['c6i.2xlarge', 'b', 'spot'],
      ['c6i.2xlarge', 'c', 'on-demand'],
      ['m6i.xlarge', 'c', 'spot'],
      ['m6i.2xlarge', 'a', 'on-demand'],
      ['m6i.2xlarge', 'b', 'on-demand'],
    ],
    taints: [taint(POOL, 'batch', 'NoSchedule')],
    age: [2, 6],
  },
  {
    name: 'system',
    nodes: [...'abc'].map((zone) => ['m5.large', zone]),
    taints: [taint('CriticalAddonsOnly', 'true', 'NoSchedule')],
    age: [24, 27],
  },
]

/** CPU that EKS AMIs reserve: 6% of the first core, 1% of the second, 0.5% of two more, 0.25% of the others (millicores). */
const reservedCpu = (cores) => sum(Array.from({ length: cores }, (_, at) => [60, 10, 5, 5][at] ?? 2.5))

function resourcesOf(type, disk) {
  const pods = type.enis * (type.ips - 1) + 2
  const memory = (type.mib - type.kept) * 1024
  const rest = disk * 1024 - 1024 ** 3 - Math.trunc(disk * 1024 * Math.fround(0.1))
  const common = { 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: String(pods) }
  return {
    capacity: { ...common, cpu: String(type.cpu), memory: `${memory}Ki`, 'ephemeral-storage': `${disk}Ki` },
    // kube-reserved is 11 MiB a pod and 255 MiB; 100 MiB more is the eviction threshold.
    allocatable: {
      ...common,
      cpu: `${1000 * type.cpu - reservedCpu(type.cpu)}m`,
      memory: `${memory - (11 * pods + 255 + 100) * 1024}Ki`,
      'ephemeral-storage': String(rest),
    },
  }
}

function managedLabels(group, index) {
  return {
    'alpha.eksctl.io/cluster-name': 'orchard-prod',
    'alpha.eksctl.io/nodegroup-name': group.name,
    'eks.amazonaws.com/capacityType': group.capacityType ?? 'ON_DEMAND',
    'eks.amazonaws.com/nodegroup': group.name,
    'eks.amazonaws.com/nodegroup-image': `ami-0${digest('ami').slice(0, 16)}`,
    'eks.amazonaws.com/sourceLaunchTemplateId': `lt-0${digest(`template/${index}`).slice(0, 16)}`,
    'eks.amazonaws.com/sourceLaunchTemplateVersion': '3',
  }
}

function karpenterLabels(group, typeName, type, capacityType) {
  const [family, size] = typeName.split('.')
  const instance = {
    'capability-flex': 'false',
    category: family[0],
    cpu: String(type.cpu),
    'cpu-manufacturer': 'intel',
    'cpu-sustained-clock-speed-mhz': '3500',
    'ebs-bandwidth': '10000',
    'encryption-in-transit-supported': 'true',
    family,
    generation: family[1],
    hypervisor: 'nitro',
    memory: String(type.mib),
    'network-bandwidth': String(type.network),
    size,
    tenancy: 'default',
  }
  return {
    ...Object.fromEntries(Object.entries(instance).map(([key, value]) => [`karpenter.k8s.aws/instance-${key}`, value])),
    'karpenter.k8s.aws/ec2nodeclass': 'bottlerocket',
    'karpenter.sh/capacity-type': capacityType,
    'karpenter.sh/do-not-sync-taints': 'true',
    'karpenter.sh/initialized': 'true',
    'karpenter.sh/nodepool': group.name,
    'karpenter.sh/registered': 'true',
  }
}

function makeNode(group, groupIndex, at) {
  const [typeName, letter, capacityType] = group.nodes[at]
  const key = `${group.name}/${at}`
  const type = TYPES[typeName]
  const zone = ZONES.find((known) => known.name.endsWith(letter))
  const address = `10.40.${zone.subnet + groupIndex}.${20 + 14 * at + pick(`host/${key}`, 14)}`
  const name = `ip-${address.replaceAll('.', '-')}.ec2.internal`
  const [youngest, oldest] = group.age
  const created = seconds(NOW - youngest * DAY - pick(`age/${key}`, (oldest - youngest) * DAY))
  const instance = `i-0${digest(`instance/${key}`).slice(0, 16)}`
  const resources = resourcesOf(type, group.karpenter ? 20_624_592 : 83_873_772)
  const condition = (kind, status, reason, message, since) => ({
    lastHeartbeatTime: iso(NOW - 95_000),
    lastTransitionTime: iso(since),
    message,
    reason,
    status,
    type: kind,
  })
  const object = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: clean({
      annotations: clean({
        'alpha.kubernetes.io/provided-node-ip': address,
        'csi.volume.kubernetes.io/nodeid': JSON.stringify({ 'ebs.csi.aws.com': instance }),
        'karpenter.k8s.aws/ec2nodeclass-hash-version': group.karpenter && 'v4',
        'karpenter.sh/nodepool-hash-version': group.karpenter && 'v3',
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      }),
      creationTimestamp: iso(created),
      finalizers: group.karpenter && ['karpenter.sh/termination'],
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/instance-type': typeName,
        'beta.kubernetes.io/os': 'linux',
        'failure-domain.beta.kubernetes.io/region': REGION,
        'failure-domain.beta.kubernetes.io/zone': zone.name,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': typeName,
        [POOL]: group.name,
        'topology.ebs.csi.aws.com/zone': zone.name,
        'topology.k8s.aws/zone-id': zone.id,
        'topology.kubernetes.io/region': REGION,
        'topology.kubernetes.io/zone': zone.name,
        ...(group.karpenter ? karpenterLabels(group, typeName, type, capacityType) : managedLabels(group, groupIndex)),
      },
      name,
      ownerReferences: group.karpenter && [
        {
          apiVersion: 'karpenter.sh/v1',
          blockOwnerDeletion: true,
          kind: 'NodeClaim',
          name: `${group.name}-${suffix(`claim/${key}`, 5)}`,
          uid: uid(`claim/${key}`),
        },
      ],
      uid: uid(`node/${key}`),
    }),
    spec: clean({ providerID: `aws:///${zone.name}/${instance}`, taints: group.taints }),
    status: {
      addresses: [
        { address, type: 'InternalIP' },
        { address: name, type: 'InternalDNS' },
        { address: name, type: 'Hostname' },
      ],
      ...resources,
      conditions: [
        condition(
          'MemoryPressure',
          'False',
          'KubeletHasSufficientMemory',
          'kubelet has sufficient memory available',
          created,
        ),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure', created),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available', created),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status', created + 21_000),
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        architecture: 'amd64',
        bootID: uid(`boot/${key}`),
        containerRuntimeVersion: group.karpenter ? 'containerd://2.1.6+bottlerocket' : 'containerd://2.1.5',
        kernelVersion: group.karpenter ? '6.12.66' : '6.12.63-84.121.amzn2023.x86_64',
        kubeProxyVersion: '',
        kubeletVersion: group.karpenter ? 'v1.34.4-eks-f69f56f' : 'v1.34.4-eks-efcacff',
        machineID: uid(`machine/${key}`).replaceAll('-', ''),
        operatingSystem: 'linux',
        osImage: group.karpenter ? 'Bottlerocket OS 1.57.0 (aws-k8s-1.34)' : 'Amazon Linux 2023.10.20260615',
        systemUUID: uid(`system/${key}`),
      },
    },
  }
  return {
    key,
    group,
    object,
    name,
    address,
    zone,
    created,
    labels: object.metadata.labels,
    instance,
    index: at,
    addresses: [],
    pods: [],
  }
}

const nodes = GROUPS.flatMap((group, index) => group.nodes.map((_, at) => makeNode(group, index, at)))

// -------------------------------------------------------------------------------------------------- workloads

const workloads = []
/**
 * Adds a workload. `cpu` in millicores and `mib` are the requests of its main container; 0 leaves a request out.
 * - `pool`: a node group that it is pinned to; `prefers`: one that it tolerates and would rather be on
 * - `spot`: 'only' or 'prefers'; `onDemand`: never on spot
 * - `spread`: strict over zones; `apart`: 'strict' or 'soft' anti-affinity between its own replicas by host
 * - `limitsOnly`: limits without requests; `sidecar`: a native sidecar; `setup`: [cpu, mib] of a plain init container
 * - `waiting`: how many of its replicas are pending
 * - `disk`: GiB of a gp3 volume; `scratch`: 'disk' or 'memory' emptyDir; `hostPort`; `budget`: its PodDisruptionBudget
 */
const add = (kind, namespace, name, replicas, cpu, mib, more = {}) => {
  workloads.push({ kind, namespace, name, replicas, cpu, mib, ...more })
}
const deployment = (...rest) => add('Deployment', ...rest)
const statefulSet = (...rest) => add('StatefulSet', ...rest)
const job = (...rest) => add('Job', ...rest)
const daemonSet = (...rest) => add('DaemonSet', ...rest)

const oneDown = { maxUnavailable: 1 }
const system = { pool: 'system', priorityClass: 'system-cluster-critical' }
const onNode = { priorityClass: 'system-node-critical', account: true }
daemonSet('kube-system', 'aws-node', 0, 25, 0, {
  ...onNode,
  hostNetwork: true,
  hostPort: 61678,
  image: 'eks/amazon-k8s-cni:v1.20.4',
  setup: [25, 0],
  extra: [{ name: 'aws-eks-nodeagent', cpu: 25, mib: 0 }],
  env: {
    ADDITIONAL_ENI_TAGS: '{}',
    AWS_VPC_CNI_NODE_PORT_SUPPORT: 'true',
    AWS_VPC_ENI_MTU: '9001',
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'false',
    AWS_VPC_K8S_CNI_EXTERNALSNAT: 'false',
    CLUSTER_NAME: 'orchard-prod',
    DISABLE_NETWORK_RESOURCE_PROVISIONING: 'false',
    ENABLE_IPv4: 'true',
    ENABLE_IPv6: 'false',
    ENABLE_POD_ENI: 'false',
    ENABLE_PREFIX_DELEGATION: 'false',
    ENABLE_SUBNET_DISCOVERY: 'true',
    NETWORK_POLICY_ENFORCING_MODE: 'standard',
    WARM_ENI_TARGET: '1',
    WARM_PREFIX_TARGET: '1',
  },
})
daemonSet('kube-system', 'kube-proxy', 0, 100, 0, { ...onNode, hostNetwork: true, image: 'eks/kube-proxy:v1.34.1' })
daemonSet('kube-system', 'ebs-csi-node', 0, 10, 40, {
  ...onNode,
  image: 'eks/aws-ebs-csi-driver:v1.54.0',
  extra: ['node-driver-registrar', 'liveness-probe'].map((name) => ({ name, cpu: 10, mib: 40 })),
  host: '/var/lib/kubelet',
})
daemonSet('kube-system', 'spot-interruption-handler', 0, 20, 64, {
  ...onNode,
  selector: { 'eks.amazonaws.com/capacityType': 'SPOT' },
})
daemonSet('observability', 'log-agent', 0, 50, 128, { account: true, host: '/var/log' })
daemonSet('observability', 'node-exporter', 0, 20, 48, {
  account: true,
  hostNetwork: true,
  hostPort: 9100,
  host: '/proc',
})

deployment('kube-system', 'coredns', 2, 100, 70, { ...system, apart: 'soft', spread: 'soft', budget: oneDown })
deployment('kube-system', 'ebs-csi-controller', 2, 10, 40, {
  ...system,
  apart: 'soft',
  extra: ['csi-provisioner', 'csi-attacher', 'csi-resizer'].map((name) => ({ name, cpu: 10, mib: 40 })),
  budget: oneDown,
})
deployment('kube-system', 'karpenter', 2, 500, 1024, { ...system, apart: 'strict', spread: 'strict', budget: oneDown })
deployment('kube-system', 'load-balancer-controller', 2, 100, 200, { ...system, budget: oneDown })
deployment('kube-system', 'metrics-server', 2, 100, 200, { ...system, apart: 'soft', budget: oneDown })
deployment('kube-system', 'cluster-autoscaler', 1, 100, 600, { ...system })

statefulSet('data', 'order-db', 3, 1000, 7168, {
  pool: 'memory',
  disk: 200,
  apart: 'strict',
  spread: 'strict',
  sidecar: true,
  budget: oneDown,
})
statefulSet('data', 'events', 3, 750, 5120, {
  pool: 'memory',
  disk: 150,
  apart: 'strict',
  spread: 'strict',
  budget: oneDown,
})
statefulSet('search', 'search-index', 3, 750, 5120, {
  pool: 'memory',
  disk: 100,
  apart: 'strict',
  spread: 'strict',
  budget: { minAvailable: 2 },
})
statefulSet('shop', 'basket-store', 2, 250, 3072, {
  pool: 'memory',
  disk: 20,
  apart: 'soft',
  budget: { minAvailable: 1 },
})
statefulSet('observability', 'prometheus', 1, 750, 6144, { pool: 'memory', disk: 300, grace: 300 })
statefulSet('observability', 'log-store', 1, 500, 3072, { pool: 'memory', disk: 500, grace: 120 })
statefulSet('observability', 'alertmanager', 2, 50, 128, { disk: 10, apart: 'soft', budget: oneDown })

deployment('shop', 'storefront', 6, 400, 768, { spread: 'strict', sidecar: true, budget: { maxUnavailable: '25%' } })
deployment('shop', 'storefront-api', 5, 300, 1024, { spread: 'strict', budget: { minAvailable: 3 } })
deployment('shop', 'catalog', 4, 300, 1536, { apart: 'strict', budget: { minAvailable: '50%' }, setup: [500, 512] })
deployment('shop', 'cart', 4, 200, 640, { spread: 'soft', budget: oneDown })
deployment('shop', 'pricing', 3, 200, 512, { budget: oneDown })
deployment('shop', 'inventory', 3, 200, 768, { spread: 'soft', budget: oneDown })
deployment('shop', 'promo-engine', 3, 200, 512, { budget: { minAvailable: 1 } })
deployment('shop', 'customer-profile', 3, 200, 512, { apart: 'soft', budget: oneDown })
deployment('shop', 'recommendations', 3, 500, 2048, { apart: 'soft', scratch: 'memory' })
deployment('shop', 'session-cache', 3, 200, 2048, { apart: 'soft', budget: oneDown })
deployment('shop', 'reviews', 2, 150, 384)
deployment('shop', 'wishlist', 2, 100, 256)
deployment('shop', 'cms', 2, 250, 1024, { scratch: 'disk' })
deployment('shop', 'newsletter', 1, 100, 256)
deployment('shop', 'status-page', 2, 0, 0)

deployment('checkout', 'checkout-api', 6, 300, 768, {
  spread: 'revision',
  sidecar: true,
  priorityClass: 'orchard-checkout',
  budget: { minAvailable: 4 },
})
deployment('checkout', 'payments', 4, 300, 1024, {
  apart: 'strict',
  onDemand: true,
  priorityClass: 'orchard-checkout',
  budget: { minAvailable: 3 },
  grace: 90,
})
deployment('checkout', 'order-intake', 4, 200, 512, {
  spread: 'strict',
  priorityClass: 'orchard-checkout',
  budget: oneDown,
})
deployment('checkout', 'fraud-scoring', 3, 600, 2048, { budget: oneDown })
// Nobody may evict this one: the budget was written for a launch and stayed.
deployment('checkout', 'fraud-rules', 1, 250, 512, { budget: { maxUnavailable: 0 } })
deployment('checkout', 'tax', 2, 100, 256, { budget: oneDown })
deployment('checkout', 'shipping-rates', 2, 150, 256)
deployment('checkout', 'invoice-pdf', 2, 250, 1024, { limitsOnly: true })

deployment('search', 'search-api', 4, 500, 2048, { spread: 'strict', budget: { minAvailable: '75%' } })
deployment('search', 'suggest', 3, 200, 1536, { budget: oneDown })
deployment('search', 'query-parser', 2, 200, 512)
deployment('search', 'indexer', 1, 3000, 12288)

deployment('data', 'cdc-connector', 2, 400, 1024, { scratch: 'disk', budget: oneDown })
deployment('data', 'schema-registry', 2, 100, 512)
deployment('data', 'report-builder', 1, 500, 4096)

deployment('platform', 'ingress-gateway', 3, 200, 512, {
  hostPort: 8443,
  spread: 'strict',
  budget: oneDown,
  grace: 120,
})
deployment('platform', 'policy-webhook', 3, 100, 256, { apart: 'strict', budget: { minAvailable: 2 } })
deployment('platform', 'deploy-controller', 1, 250, 1024)
deployment('platform', 'deploy-repo-server', 2, 200, 512, { scratch: 'disk' })
deployment('platform', 'deploy-ui', 1, 50, 128)
deployment('platform', 'secrets-sync', 2, 25, 64)
deployment('platform', 'dns-sync', 1, 25, 64)
deployment('platform', 'cert-issuer', 1, 25, 96)
deployment('platform', 'cert-webhook', 1, 10, 32)
deployment('platform', 'feature-flags', 2, 100, 256, { budget: oneDown })
deployment('platform', 'toolbox', 1, 0, 0)

deployment('observability', 'grafana', 1, 200, 512, { disk: 10 })
deployment('observability', 'telemetry-gateway', 3, 150, 512, { spread: 'soft', budget: oneDown })
deployment('observability', 'kube-state-metrics', 1, 50, 192)
deployment('observability', 'trace-store', 1, 300, 2048)
deployment('observability', 'synthetic-probe', 1, 20, 48)

deployment('shop', 'media-resizer', 4, 800, 1024, { spot: 'only', apart: 'soft', scratch: 'memory' })
deployment('shop', 'image-moderation', 3, 500, 1024, { spot: 'only' })
deployment('shop', 'feed-exporter', 3, 250, 512, { spot: 'prefers', budget: { maxUnavailable: '50%' } })
deployment('shop', 'email-sender', 3, 100, 256, { spot: 'prefers', budget: { maxUnavailable: '50%' } })
deployment('search', 'crawler', 4, 400, 768, { spot: 'only' })
deployment('search', 'link-checker', 2, 50, 128, { spot: 'prefers' })
deployment('data', 'etl-loader', 2, 500, 2048, { spot: 'only' })
deployment('data', 'price-watcher', 2, 200, 384, { spot: 'prefers' })

// One small redirector per market and one relay per carrier and partner: many pods, next to no CPU. All pod slots of
// the group are taken, so the fourth replica of one market waits while three quarters of the CPU are idle.
for (const market of ['at', 'be', 'cz', 'de', 'dk', 'es', 'fr', 'it', 'nl', 'pl', 'pt', 'se']) {
  const busy = ['de', 'fr', 'it'].includes(market)
  const waiting = market === 'pl' ? 1 : 0
  deployment('edge', `market-${market}`, 3 + waiting, busy ? 30 : 15, busy ? 64 : 40, {
    pool: 'edge',
    waiting,
    ...(busy ? { spread: 'soft', budget: oneDown } : {}),
  })
}
for (const carrier of ['courier', 'express', 'locker', 'post']) {
  deployment('edge', `carrier-hook-${carrier}`, 3, 20, 48, { pool: 'edge' })
}
for (const partner of ['affiliate', 'compare', 'social']) {
  deployment('edge', `partner-feed-${partner}`, 3, 25, 64, { prefers: 'edge' })
}
deployment('edge', 'consent', 3, 20, 48, { prefers: 'edge', budget: oneDown })
deployment('edge', 'geo-lookup', 3, 40, 96, { prefers: 'edge', budget: oneDown })
deployment('edge', 'short-links', 3, 20, 40, { prefers: 'edge' })
deployment('edge', 'ab-assign', 3, 15, 32, { prefers: 'edge' })
deployment('edge', 'robots', 3, 10, 32, { prefers: 'edge' })

deployment('ml', 'embedding-worker', 3, 1000, 3072, { pool: 'batch' })
job('ml', 'forecast-train-20260720', 2, 3000, 8192, { pool: 'batch', priorityClass: 'orchard-batch', scratch: 'disk' })
job('ml', 'feature-build-20260720', 3, 1000, 2048, { pool: 'batch', priorityClass: 'orchard-batch' })
job('ml', 'catalog-embed-20260719', 1, 2000, 4096, { pool: 'batch', priorityClass: 'orchard-batch' })
job('ml', 'dataset-export-20260720', 1, 500, 1024, { pool: 'batch', priorityClass: 'orchard-batch' })
// Asks for a node group that was never made.
job('ml', 'visual-search-train', 1, 4000, 16384, { state: 'pending', selector: { [POOL]: 'gpu' } })
job('ml', 'forecast-backfill', 3, 2000, 8192, { pool: 'batch', state: 'done', hoursAgo: 40 })
for (const hoursAgo of [4, 28, 52]) job('data', 'nightly-orders', 1, 500, 1024, { state: 'done', cron: true, hoursAgo })
for (const hoursAgo of [1, 2, 3]) job('shop', 'sitemap', 1, 200, 256, { state: 'done', cron: true, hoursAgo })
job('shop', 'sitemap', 1, 200, 256, { state: 'failed', cron: true, hoursAgo: 9 })
job('platform', 'db-backup-check', 1, 100, 128, { state: 'done', cron: true, hoursAgo: 5 })

// Left over from the backfill: its annotation keeps a large node that nothing else needs.
add('Pod', 'ml', 'forecast-backfill-debug', 1, 500, 2048, {
  pool: 'batch',
  selector: { 'node.kubernetes.io/instance-type': 'm6i.2xlarge' },
  annotations: { 'karpenter.sh/do-not-disrupt': 'true' },
})
const LONELY_NODE = nodes.find(({ key }) => key === 'batch/5')

const PRIORITIES = {
  'orchard-batch': -5,
  'orchard-checkout': 100_000,
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

// ------------------------------------------------------------------------------------------------------- pods

const appLabels = (workload) => ({
  'app.kubernetes.io/name': workload.name,
  'app.kubernetes.io/part-of': workload.namespace,
})
const exists = (key, effect) => clean({ effect, key, operator: 'Exists' })

function container(workload, name, cpu, mib, more = {}) {
  const requests = clean({ cpu: cpu ? cpuText(cpu) : undefined, memory: mib ? memoryText(mib) : undefined })
  const image =
    more.image ??
    workload.image ??
    `${workload.namespace}/${workload.name}:2026.07.${1 + pick(`tag/${workload.namespace}`, 17)}`
  return {
    ...more,
    image: `${REGISTRY}/${image}`,
    imagePullPolicy: 'IfNotPresent',
    name,
    resources: workload.limitsOnly
      ? { limits: requests }
      : clean({
          limits: mib ? { memory: memoryText(2 * mib) } : undefined,
          requests: cpu || mib ? requests : undefined,
        }),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  }
}

function tolerationsOf(workload) {
  if (workload.kind === 'DaemonSet') return [{ operator: 'Exists' }]
  const group = GROUPS.find(({ name }) => name === (workload.pool ?? workload.prefers))
  const pool = (group?.taints ?? []).map(({ key, value, effect }) =>
    key === 'CriticalAddonsOnly' ? exists(key) : { effect, key, operator: 'Equal', value },
  )
  return workload.spot ? [...pool, exists('orchard.example/spot')] : pool
}

function affinityOf(workload) {
  const selector = { matchLabels: { 'app.kubernetes.io/name': workload.name } }
  const apart = { labelSelector: selector, topologyKey: 'kubernetes.io/hostname' }
  const expression = (key, operator, ...values) => ({
    matchExpressions: [clean({ key, operator, values: values.length ? values : undefined })],
  })
  const prefers = (key, value) => [{ preference: expression(key, 'In', value), weight: 100 }]
  const required = workload.onDemand
    ? [expression('eks.amazonaws.com/capacityType', 'In', 'ON_DEMAND')]
    : workload.name === 'karpenter'
      ? [expression('karpenter.sh/nodepool', 'DoesNotExist')]
      : undefined
  const preferred =
    workload.spot === 'prefers'
      ? prefers('eks.amazonaws.com/capacityType', 'SPOT')
      : workload.prefers && prefers(POOL, workload.prefers)
  const affinity = clean({
    nodeAffinity:
      required || preferred
        ? clean({
            requiredDuringSchedulingIgnoredDuringExecution: required && { nodeSelectorTerms: required },
            preferredDuringSchedulingIgnoredDuringExecution: preferred,
          })
        : undefined,
    podAntiAffinity:
      workload.apart === 'strict'
        ? { requiredDuringSchedulingIgnoredDuringExecution: [apart] }
        : workload.apart === 'soft'
          ? { preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: apart, weight: 100 }] }
          : undefined,
  })
  return Object.keys(affinity).length > 0 ? affinity : undefined
}

function spreadOf(workload) {
  if (!workload.spread) return undefined
  return [
    clean({
      labelSelector: { matchLabels: { 'app.kubernetes.io/name': workload.name } },
      matchLabelKeys: workload.spread === 'revision' ? ['pod-template-hash'] : undefined,
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: workload.spread === 'soft' ? 'ScheduleAnyway' : 'DoNotSchedule',
    }),
  ]
}

/** The pod template of a controller: what its manifest says and what the API server fills in there. */
function templateSpec(workload) {
  const env = Object.entries(workload.env ?? {}).map(([name, value]) => ({ name, value }))
  const port = workload.hostPort ?? 8080
  const mounts = ['scratch', 'host', 'disk']
    .filter((name) => workload[name])
    .map((name) => ({ mountPath: `/mnt/${name}`, name: name === 'disk' ? 'data' : name }))
  const main = container(workload, workload.name, workload.cpu, workload.mib, {
    ...(env.length > 0 ? { env } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    ...(workload.kind === 'Job' || workload.kind === 'Pod' || (workload.hostNetwork && !workload.hostPort)
      ? {}
      : { ports: [clean({ containerPort: port, hostPort: workload.hostPort, name: 'http', protocol: 'TCP' })] }),
  })
  const extra = (workload.extra ?? []).map(({ name, cpu, mib }) =>
    container(workload, name, cpu, mib, { image: `eks/${name}:v2.16.0` }),
  )
  const setup = workload.setup ? [container(workload, 'setup', ...workload.setup)] : []
  const sidecar = workload.sidecar
    ? [container(workload, 'mesh-proxy', 50, 64, { image: 'platform/mesh-proxy:1.27.3', restartPolicy: 'Always' })]
    : []
  const volumes = [
    ...(workload.scratch
      ? [{ emptyDir: workload.scratch === 'memory' ? { medium: 'Memory' } : {}, name: 'scratch' }]
      : []),
    ...(workload.host ? [{ hostPath: { path: workload.host, type: '' }, name: 'host' }] : []),
    ...(workload.disk && workload.kind === 'Deployment' ? [claimVolume(workload.name)] : []),
  ]
  const batch = workload.kind === 'Job' || workload.kind === 'Pod'
  const tolerations = tolerationsOf(workload)
  return clean({
    affinity: affinityOf(workload),
    containers: [main, ...extra],
    dnsPolicy: 'ClusterFirst',
    hostNetwork: workload.hostNetwork,
    initContainers: setup.length + sidecar.length > 0 ? [...setup, ...sidecar] : undefined,
    nodeSelector:
      workload.pool || workload.selector || workload.spot === 'only'
        ? {
            ...(workload.pool ? { [POOL]: workload.pool } : {}),
            ...(workload.spot === 'only' ? { 'eks.amazonaws.com/capacityType': 'SPOT' } : {}),
            ...workload.selector,
          }
        : undefined,
    priorityClassName: workload.priorityClass,
    restartPolicy: batch ? 'Never' : 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    serviceAccount: workload.account ? workload.name : undefined,
    serviceAccountName: workload.account ? workload.name : undefined,
    terminationGracePeriodSeconds: workload.grace ?? 30,
    tolerations: tolerations.length > 0 ? tolerations : undefined,
    topologySpreadConstraints: spreadOf(workload),
    volumes: volumes.length > 0 ? volumes : undefined,
  })
}

const claimVolume = (claimName) => ({ name: 'data', persistentVolumeClaim: { claimName } })

/** What admission adds to the template when a pod is made: defaults, priority, service account token, tolerations. */
function podSpec(workload, labels, claim) {
  const template = structuredClone(templateSpec(workload))
  const token = `kube-api-access-${suffix(`token/${workload.key}`, 5)}`
  const mounted = (each) => ({
    ...each,
    resources: clean({ limits: each.resources.limits, requests: each.resources.requests ?? each.resources.limits }),
    volumeMounts: [
      ...(each.volumeMounts ?? []),
      { mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: token, readOnly: true },
    ],
  })
  const volume = {
    name: token,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
        {
          downwardAPI: {
            items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
          },
        },
      ],
    },
  }
  const lost = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
  const pressure = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable']
  const tolerations =
    workload.kind === 'DaemonSet'
      ? [
          ...lost.map((key) => exists(key, 'NoExecute')),
          ...[...pressure, ...(workload.hostNetwork ? ['network-unavailable'] : [])].map((key) =>
            exists(`node.kubernetes.io/${key}`, 'NoSchedule'),
          ),
        ]
      : lost.map((key) => ({ ...exists(key, 'NoExecute'), tolerationSeconds: 300 }))
  // Since 1.34 the API server writes matchLabelKeys into the selector of the pod as well.
  const spread = template.topologySpreadConstraints?.map((constraint) => ({
    ...constraint,
    labelSelector: clean({
      ...constraint.labelSelector,
      matchExpressions: constraint.matchLabelKeys?.map((key) => ({ key, operator: 'In', values: [labels[key]] })),
    }),
  }))
  return clean({
    ...template,
    containers: template.containers.map(mounted),
    enableServiceLinks: true,
    initContainers: template.initContainers?.map(mounted),
    preemptionPolicy: 'PreemptLowerPriority',
    priority: PRIORITIES[workload.priorityClass] ?? 0,
    serviceAccount: workload.account ? workload.name : 'default',
    serviceAccountName: workload.account ? workload.name : 'default',
    tolerations: [...(template.tolerations ?? []), ...tolerations],
    topologySpreadConstraints: spread,
    volumes: [
      ...(template.volumes ?? []),
      ...(claim && workload.kind === 'StatefulSet' ? [claimVolume(claim)] : []),
      volume,
    ],
  })
}

/** Names, labels and the owner that a controller gives to its pod number `at`; `rollout` is when this revision came. */
function makePod(workload, at) {
  const id = `${workload.namespace}/${workload.name}`
  const rollout = workload.rollout
  const labels = { ...appLabels(workload) }
  let name = `${workload.name}-${suffix(`pod/${workload.key}/${at}`, 5)}`
  let owner
  if (workload.kind === 'Deployment') {
    name = `${workload.name}-${workload.hash}-${suffix(`pod/${workload.key}/${at}`, 5)}`
    labels['pod-template-hash'] = workload.hash
    owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: `${workload.name}-${workload.hash}`,
      uid: uid(`ReplicaSet/${id}/${workload.hash}`),
    }
  } else if (workload.kind === 'StatefulSet') {
    name = `${workload.name}-${at}`
    labels['apps.kubernetes.io/pod-index'] = String(at)
    labels['controller-revision-hash'] = `${workload.name}-${workload.hash}`
    labels['statefulset.kubernetes.io/pod-name'] = name
    owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: workload.name, uid: uid(`StatefulSet/${id}`) }
  } else if (workload.kind === 'DaemonSet') {
    labels['controller-revision-hash'] = workload.hash
    labels['pod-template-generation'] = '4'
    owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: workload.name, uid: uid(`DaemonSet/${id}`) }
  } else if (workload.kind === 'Job') {
    name = `${workload.jobName}-${suffix(`pod/${workload.key}/${at}`, 5)}`
    Object.assign(labels, jobLabels(workload))
    owner = { apiVersion: 'batch/v1', kind: 'Job', name: workload.jobName, uid: uid(`Job/${workload.key}`) }
  } else {
    name = workload.name
  }
  const claim = workload.disk ? (workload.kind === 'StatefulSet' ? `data-${name}` : workload.name) : undefined
  const spec = podSpec(workload, labels, claim)
  return { workload, name, namespace: workload.namespace, labels, owner, spec, claim, rollout, ...requestOf(spec) }
}

const jobLabels = (workload) => ({
  'batch.kubernetes.io/controller-uid': uid(`Job/${workload.key}`),
  'batch.kubernetes.io/job-name': workload.jobName,
  'controller-uid': uid(`Job/${workload.key}`),
  'job-name': workload.jobName,
})

/** What the scheduler counts: containers and sidecars together, or the start-up phase where that is larger. */
function requestOf(spec) {
  const total = (resource, read) => {
    const of = (each) => read(each.resources.requests?.[resource])
    let sidecars = 0
    let peak = 0
    for (const each of spec.initContainers ?? []) {
      if (each.restartPolicy === 'Always') sidecars += of(each)
      peak = Math.max(peak, each.restartPolicy === 'Always' ? sidecars : sidecars + of(each))
    }
    return Math.max(sum(spec.containers.map(of)) + sidecars, peak)
  }
  return { cpu: total('cpu', milliOf), mib: total('memory', mibOf) }
}

for (const workload of workloads) {
  const rollout = NOW - 2 * DAY - pick(`rollout/${workload.namespace}`, 18 * DAY)
  const scheduled = NOW - (workload.hoursAgo ?? 5) * HOUR
  workload.key = [workload.namespace, workload.kind, workload.name, workload.cron ? scheduled : ''].join('/')
  workload.hash = suffix(`hash/${workload.key}`, 10)
  workload.rollout = seconds(workload.kind === 'Job' ? scheduled : workload.kind === 'Pod' ? NOW - 41 * HOUR : rollout)
  // A CronJob names its jobs after the minute of their schedule.
  workload.jobName = workload.cron ? `${workload.name}-${scheduled / 60_000}` : workload.name
}

// -------------------------------------------------------------------------------------------------- placement

const placed = []
const used = (target, what) => sum(target.pods.map((pod) => pod[what]))
const matches = (pod, selector) =>
  Object.entries(selector.matchLabels).every(([key, value]) => pod.labels[key] === value) &&
  (selector.matchExpressions ?? []).every(({ key, values }) => values.includes(pod.labels[key]))
const hostPorts = (pod) =>
  pod.spec.containers.flatMap((each) => each.ports ?? []).flatMap((port) => port.hostPort ?? [])
const antiTerms = (pod) => pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
const tolerates = (pod, { key, value, effect }) =>
  pod.spec.tolerations.some(
    (each) =>
      (each.key === undefined || each.key === key) &&
      (each.effect === undefined || each.effect === effect) &&
      (each.operator === 'Exists' || each.value === value),
  )
const matchesTerm = (labels, term) =>
  term.matchExpressions.every(({ key, operator, values }) =>
    operator === 'DoesNotExist' ? labels[key] === undefined : values.includes(labels[key]),
  )

function selects(pod, target) {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const selector = Object.entries(pod.spec.nodeSelector ?? {})
  return (
    selector.every(([key, value]) => target.labels[key] === value) &&
    (terms === undefined || terms.some((term) => matchesTerm(target.labels, term)))
  )
}

const conflictsWithin = (pod, other) =>
  other.namespace === pod.namespace &&
  (antiTerms(pod).some((term) => matches(other, term.labelSelector)) ||
    antiTerms(other).some((term) => matches(pod, term.labelSelector)))

function breaksSpread(pod, target) {
  const strict = (pod.spec.topologySpreadConstraints ?? []).filter((each) => each.whenUnsatisfiable === 'DoNotSchedule')
  return strict.some(({ labelSelector, maxSkew }) => {
    const zones = new Set(nodes.filter((each) => selects(pod, each)).map((each) => each.zone.name))
    const peers = placed.filter((other) => other.namespace === pod.namespace && matches(other, labelSelector))
    const count = (zone) => peers.filter((other) => other.node.zone.name === zone).length
    return count(target.zone.name) + 1 - Math.min(...[...zones].map(count)) > maxSkew
  })
}

/** Why this node cannot take this pod, in the words of kube-scheduler; empty where it can. */
function refusals(pod, target) {
  const blocking = (target.group.taints ?? []).find((each) => each.effect === 'NoSchedule' && !tolerates(pod, each))
  if (blocking) return [`node(s) had untolerated taint {${blocking.key}: ${blocking.value}}`]
  if (!selects(pod, target)) return ["node(s) didn't match Pod's node affinity/selector"]
  const ports = new Set(target.pods.flatMap(hostPorts))
  if (hostPorts(pod).some((port) => ports.has(port)))
    return ["node(s) didn't have free ports for the requested pod ports"]
  const { allocatable } = target.object.status
  const short = [
    target.pods.length + 1 > Number(allocatable.pods) && 'Too many pods',
    used(target, 'cpu') + pod.cpu > milliOf(allocatable.cpu) && 'Insufficient cpu',
    (used(target, 'mib') + pod.mib) * 1024 > parseInt(allocatable.memory, 10) && 'Insufficient memory',
  ].filter(Boolean)
  if (short.length > 0) return short
  if (breaksSpread(pod, target)) return ["node(s) didn't match pod topology spread constraints"]
  if (target.pods.some((other) => conflictsWithin(pod, other))) return ["node(s) didn't match pod anti-affinity rules"]
  return []
}

/** Least-allocated first, replicas of one workload apart, preferences kept, and a little noise, as in real life. */
function score(pod, target) {
  const { allocatable } = target.object.status
  const cpu = (used(target, 'cpu') + pod.cpu) / milliOf(allocatable.cpu)
  const memory = ((used(target, 'mib') + pod.mib) * 1024) / parseInt(allocatable.memory, 10)
  const peers = placed.filter((other) => other.workload === pod.workload)
  const avoided = (target.group.taints ?? []).filter(
    (each) => each.effect === 'PreferNoSchedule' && !tolerates(pod, each),
  )
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return (
    100 * (1 - (cpu + memory) / 2) -
    30 * peers.filter((other) => other.node === target).length -
    8 * peers.filter((other) => other.node.zone === target.zone).length -
    300 * avoided.length +
    sum(preferred.filter(({ preference }) => matchesTerm(target.labels, preference)).map(({ weight }) => weight)) +
    pick(`noise/${pod.workload.key}/${pod.name}/${target.key}`, 24)
  )
}

function bind(pod, target) {
  pod.node = target
  target.pods.push(pod)
  placed.push(pod)
}

function place(pod, candidates) {
  const open = candidates.filter((target) => refusals(pod, target).length === 0)
  const ranked = open.map((target) => ({ target, value: score(pod, target) }))
  const best = ranked.sort((a, b) => b.value - a.value || compare(a.target.name, b.target.name))[0]
  if (best === undefined)
    throw new Error(`No node for ${pod.namespace}/${pod.name}: make it smaller or the group larger.`)
  bind(pod, best.target)
}

/** The scheduler's message for a pod that no node takes. */
function unschedulableMessage(pod) {
  const reasons = nodes.map((target) => refusals(pod, target))
  if (reasons.some((each) => each.length === 0))
    throw new Error(`${pod.name} should be pending, but a node could take it.`)
  const counts = new Map()
  for (const reason of reasons.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compare)
  const helpless = reasons.filter((each) => !/^(Insufficient|Too many)/.test(each[0])).length
  const victims = nodes.length - helpless
  const preemption = [
    victims > 0 && `${victims} No preemption victims found for incoming pod`,
    helpless > 0 && `${helpless} Preemption is not helpful for scheduling`,
  ].filter(Boolean)
  const all = `0/${nodes.length} nodes are available: `
  return `${all}${parts.join(', ')}. no new claims to deallocate, preemption: ${all}${preemption.join(', ')}.`
}

const of = (filter) => workloads.filter(filter)
const replicasOf = (workload) => Array.from({ length: workload.replicas }, (_, at) => makePod(workload, at))

for (const workload of of(({ kind }) => kind === 'DaemonSet')) {
  for (const target of nodes) {
    const pod = makePod(workload, target.key)
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: [target.name] }]
    if (refusals(pod, target).length > 0) continue
    pod.spec.affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } },
    }
    bind(pod, target)
  }
}
for (const workload of of(({ kind }) => kind === 'Pod')) place(makePod(workload, 0), [LONELY_NODE])
// Stateful sets came first; the others came and went in no order that matters.
const others = nodes.filter((target) => target !== LONELY_NODE)
for (const workload of of(({ kind }) => kind === 'StatefulSet'))
  for (const pod of replicasOf(workload)) place(pod, others)
const running = of(({ kind, state }) => kind === 'Deployment' || (kind === 'Job' && state === undefined)).flatMap(
  (workload) => replicasOf(workload).slice(workload.waiting ?? 0),
)
const large = (pod) => (pod.cpu >= 2000 ? 0 : 1)
const order = (pod) => digest(`order/${pod.workload.key}/${pod.name}`)
for (const pod of running.sort((a, b) => large(a) - large(b) || compare(order(a), order(b)))) place(pod, others)

const pending = of(({ state, waiting }) => state === 'pending' || waiting > 0).flatMap((workload) =>
  replicasOf(workload).slice(0, workload.waiting ?? workload.replicas),
)
const finished = of(({ state }) => state === 'done' || state === 'failed').flatMap(replicasOf)
for (const pod of pending) pod.message = unschedulableMessage(pod)
for (const pod of finished) {
  const candidates = others.filter((each) => selects(pod, each) && each.group.name === (pod.workload.pool ?? 'general'))
  pod.node =
    pod.workload.name === 'forecast-backfill' ? LONELY_NODE : candidates[pick(`past/${pod.name}`, candidates.length)]
}

// ----------------------------------------------------------------------------------------- Kubernetes objects

const bornAt = (workload) => seconds(NOW - 120 * DAY - pick(`born/${workload.namespace}`, 280 * DAY))
const meta = (label, fields = {}) => ({ uid: uid(label), ...fields })

function qosClass(spec) {
  const all = [...spec.containers, ...(spec.initContainers ?? [])].map(({ resources }) => resources)
  if (all.every(({ limits, requests }) => limits === undefined && requests === undefined)) return 'BestEffort'
  const equal = all.every(({ limits, requests }) =>
    ['cpu', 'memory'].every((key) => limits?.[key] !== undefined && limits[key] === requests?.[key]),
  )
  return equal ? 'Guaranteed' : 'Burstable'
}

function containerStatus(each, phase, started, plainInit) {
  const done = plainInit || phase === 'Succeeded' || phase === 'Failed'
  const minutes = plainInit ? 0.1 : 11
  const exit = phase === 'Failed' ? { exitCode: 1, reason: 'Error' } : { exitCode: 0, reason: 'Completed' }
  return clean({
    image: each.image,
    imageID: '',
    lastState: {},
    name: each.name,
    ready: plainInit || !done,
    restartCount: 0,
    started: !done,
    state: done
      ? { terminated: { ...exit, finishedAt: iso(started + minutes * 60_000), startedAt: iso(started) } }
      : { running: { startedAt: iso(started) } },
  })
}

/** Pods have addresses from the subnet of their node (25 for each node here), host-network pods that of the node. */
function addressOf(pod) {
  const { address, addresses, group, zone, index } = pod.node
  if (pod.spec.hostNetwork) return address
  addresses.push(pod.name)
  if (addresses.length > 25) throw new Error(`Too many addresses on ${pod.node.name}.`)
  return `10.40.${zone.subnet + GROUPS.length + GROUPS.indexOf(group)}.${3 + 25 * index + addresses.length}`
}

function podObject(pod) {
  const phase = pod.message ? 'Pending' : ({ done: 'Succeeded', failed: 'Failed' }[pod.workload.state] ?? 'Running')
  const created = Math.max(pod.rollout, pod.node ? pod.node.created + 40_000 : 0)
  const started = created + 4000
  const condition = (type, status, more = {}) => ({
    lastProbeTime: null,
    lastTransitionTime: iso(type === 'PodScheduled' ? created : started),
    observedGeneration: 1,
    status,
    type,
    ...more,
  })
  const ready = phase === 'Running'
  const notReady = ready ? {} : { reason: phase === 'Failed' ? 'PodFailed' : 'PodCompleted' }
  const address = pod.node && phase !== 'Pending' ? addressOf(pod) : undefined
  const inits = pod.spec.initContainers?.map((each) =>
    containerStatus(each, phase, started, each.restartPolicy === undefined),
  )
  const status = pod.message
    ? {
        conditions: [condition('PodScheduled', 'False', { message: pod.message, reason: 'Unschedulable' })],
        observedGeneration: 1,
        phase,
        qosClass: qosClass(pod.spec),
      }
    : clean({
        conditions: [
          condition('PodReadyToStartContainers', ready ? 'True' : 'False'),
          condition('Initialized', 'True', ready || phase === 'Failed' ? {} : { reason: 'PodCompleted' }),
          condition('Ready', ready ? 'True' : 'False', notReady),
          condition('ContainersReady', ready ? 'True' : 'False', notReady),
          condition('PodScheduled', 'True'),
        ],
        containerStatuses: pod.spec.containers.map((each) => containerStatus(each, phase, started, false)),
        hostIP: pod.node.address,
        hostIPs: [{ ip: pod.node.address }],
        initContainerStatuses: inits,
        observedGeneration: 1,
        phase,
        podIP: address,
        podIPs: [{ ip: address }],
        qosClass: qosClass(pod.spec),
        startTime: iso(created),
      })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(
      `Pod/${pod.namespace}/${pod.name}`,
      clean({
        annotations: pod.workload.annotations,
        creationTimestamp: iso(created),
        generateName: pod.owner && pod.workload.kind !== 'StatefulSet' ? pod.name.slice(0, -5) : undefined,
        generation: 1,
        labels: pod.labels,
        name: pod.name,
        namespace: pod.namespace,
        ownerReferences: pod.owner && [{ ...pod.owner, blockOwnerDeletion: true, controller: true }],
      }),
    ),
    spec: clean({ ...pod.spec, nodeName: pod.node?.name }),
    status,
  }
}

function replicaStatus({ replicas, waiting = 0 }) {
  const up = replicas - waiting
  return { availableReplicas: up, readyReplicas: up, replicas }
}

function controllerObject(workload) {
  const { kind, namespace, name } = workload
  const selector = { matchLabels: appLabels(workload) }
  const template = { metadata: { creationTimestamp: null, labels: appLabels(workload) }, spec: templateSpec(workload) }
  const metadata = clean({
    ...meta(`${kind}/${namespace}/${name}`),
    annotations: {
      DaemonSet: { 'deprecated.daemonset.template.generation': '4' },
      Deployment: { 'deployment.kubernetes.io/revision': '4' },
    }[kind],
    creationTimestamp: iso(bornAt(workload)),
    generation: 4,
    labels: appLabels(workload),
    name,
    namespace,
  })
  const object = (spec, status) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata,
    spec: { revisionHistoryLimit: 10, selector, template, ...spec },
    status: { observedGeneration: 4, ...status },
  })
  const count = workload.replicas
  if (kind === 'DaemonSet') {
    const running = placed.filter((pod) => pod.workload === workload).length
    return object(
      { updateStrategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '10%' }, type: 'RollingUpdate' } },
      {
        currentNumberScheduled: running,
        desiredNumberScheduled: running,
        numberAvailable: running,
        numberMisscheduled: 0,
        numberReady: running,
        updatedNumberScheduled: running,
      },
    )
  }
  const status = { ...replicaStatus(workload), updatedReplicas: count }
  if (kind === 'StatefulSet') {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { creationTimestamp: null, name: 'data' },
      spec: claimSpec(workload),
      status: { phase: 'Pending' },
    }
    const revision = `${name}-${workload.hash}`
    return object(
      {
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        podManagementPolicy: 'OrderedReady',
        replicas: count,
        serviceName: name,
        updateStrategy: { rollingUpdate: { partition: 0 }, type: 'RollingUpdate' },
        volumeClaimTemplates: [claim],
      },
      { ...status, collisionCount: 0, currentReplicas: count, currentRevision: revision, updateRevision: revision },
    )
  }
  const strategy = workload.disk
    ? { type: 'Recreate' }
    : { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' }, type: 'RollingUpdate' }
  const unavailableReplicas = workload.waiting || undefined
  return object({ progressDeadlineSeconds: 600, replicas: count, strategy }, clean({ ...status, unavailableReplicas }))
}

function replicaSetObject(workload) {
  const { namespace, name, hash, replicas } = workload
  const labels = { ...appLabels(workload), 'pod-template-hash': hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(`ReplicaSet/${namespace}/${name}/${hash}`, {
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(replicas),
        'deployment.kubernetes.io/revision': '4',
      },
      creationTimestamp: iso(workload.rollout),
      generation: 1,
      labels,
      name: `${name}-${hash}`,
      namespace,
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          blockOwnerDeletion: true,
          controller: true,
          kind: 'Deployment',
          name,
          uid: uid(`Deployment/${namespace}/${name}`),
        },
      ],
    }),
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { creationTimestamp: null, labels }, spec: templateSpec(workload) },
    },
    status: { ...replicaStatus(workload), fullyLabeledReplicas: replicas, observedGeneration: 1 },
  }
}

function jobObject(workload) {
  const { namespace, name, replicas, state } = workload
  const ended = workload.rollout + 12 * 60_000
  const condition = (type) => ({ lastProbeTime: iso(ended), lastTransitionTime: iso(ended), status: 'True', type })
  const cron = {
    apiVersion: 'batch/v1',
    blockOwnerDeletion: true,
    controller: true,
    kind: 'CronJob',
    name,
    uid: uid(`CronJob/${namespace}/${name}`),
  }
  const labels = { ...appLabels(workload), ...jobLabels(workload) }
  const status = {
    done: {
      completionTime: iso(ended),
      conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
      ready: 0,
      succeeded: replicas,
    },
    failed: { conditions: [condition('FailureTarget'), condition('Failed')], failed: replicas, ready: 0 },
    pending: { active: replicas, ready: 0 },
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: meta(
      `Job/${workload.key}`,
      clean({
        creationTimestamp: iso(workload.rollout),
        generation: 1,
        labels,
        name: workload.jobName,
        namespace,
        ownerReferences: workload.cron && [cron],
      }),
    ),
    spec: {
      backoffLimit: state === 'failed' ? 0 : 3,
      completionMode: 'NonIndexed',
      completions: replicas,
      manualSelector: false,
      parallelism: replicas,
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid(`Job/${workload.key}`) } },
      suspend: false,
      template: { metadata: { creationTimestamp: null, labels }, spec: templateSpec(workload) },
    },
    status: {
      startTime: iso(workload.rollout),
      terminating: 0,
      uncountedTerminatedPods: {},
      ...(status[state] ?? { active: replicas, ready: replicas }),
    },
  }
}

function budgetObject(workload) {
  const { namespace, name, replicas, budget } = workload
  const whole = (value) => (typeof value === 'string' ? Math.ceil((replicas * parseInt(value, 10)) / 100) : value)
  const desired =
    budget.minAvailable === undefined ? replicas - whole(budget.maxUnavailable) : whole(budget.minAvailable)
  const allowed = Math.max(0, replicas - desired)
  const created = bornAt(workload)
  const disruption = {
    lastTransitionTime: iso(workload.rollout),
    message: '',
    observedGeneration: 1,
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    status: allowed > 0 ? 'True' : 'False',
    type: 'DisruptionAllowed',
  }
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta(`PodDisruptionBudget/${namespace}/${name}`, {
      creationTimestamp: iso(created),
      generation: 1,
      labels: appLabels(workload),
      name,
      namespace,
    }),
    spec: { ...budget, selector: { matchLabels: { 'app.kubernetes.io/name': name } } },
    status: {
      conditions: [disruption],
      currentHealthy: replicas,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      expectedPods: replicas,
      observedGeneration: 1,
    },
  }
}

const claimSpec = (workload) => ({
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: `${workload.disk}Gi` } },
  storageClassName: 'gp3',
  volumeMode: 'Filesystem',
})

const claimUid = (pod) => uid(`PersistentVolumeClaim/${pod.namespace}/${pod.claim}`)

function claimObject(pod) {
  const driver = 'ebs.csi.aws.com'
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta(`PersistentVolumeClaim/${pod.namespace}/${pod.claim}`, {
      annotations: {
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
        'volume.beta.kubernetes.io/storage-provisioner': driver,
        'volume.kubernetes.io/storage-provisioner': driver,
      },
      creationTimestamp: iso(bornAt(pod.workload)),
      finalizers: ['kubernetes.io/pvc-protection'],
      labels: appLabels(pod.workload),
      name: pod.claim,
      namespace: pod.namespace,
    }),
    spec: { ...claimSpec(pod.workload), volumeName: `pvc-${claimUid(pod)}` },
    status: { accessModes: ['ReadWriteOnce'], capacity: { storage: `${pod.workload.disk}Gi` }, phase: 'Bound' },
  }
}

function volumeObject(pod) {
  const created = bornAt(pod.workload) + 20_000
  const zone = { key: 'topology.ebs.csi.aws.com/zone', operator: 'In', values: [pod.node.zone.name] }
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: meta(`PersistentVolume/${claimUid(pod)}`, {
      annotations: { 'pv.kubernetes.io/provisioned-by': 'ebs.csi.aws.com' },
      creationTimestamp: iso(created),
      finalizers: ['kubernetes.io/pv-protection', 'external-attacher/ebs-csi-aws-com'],
      name: `pvc-${claimUid(pod)}`,
    }),
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: `${pod.workload.disk}Gi` },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: pod.claim,
        namespace: pod.namespace,
        uid: claimUid(pod),
      },
      csi: {
        driver: 'ebs.csi.aws.com',
        fsType: 'ext4',
        volumeHandle: `vol-0${digest(`volume/${claimUid(pod)}`).slice(0, 16)}`,
      },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [zone] }] } },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'gp3',
      volumeMode: 'Filesystem',
    },
    status: { lastPhaseTransitionTime: iso(created), phase: 'Bound' },
  }
}

const CLUSTER_BORN = Date.parse('2025-02-11T09:12:40Z')
const clusterScoped = (apiVersion, kind, name, rest, more = {}) => ({
  apiVersion,
  kind,
  metadata: meta(`${kind}/${name}`, { creationTimestamp: iso(CLUSTER_BORN), name, ...more }),
  ...rest,
})

const storageClasses = [
  clusterScoped(
    'storage.k8s.io/v1',
    'StorageClass',
    'gp3',
    {
      allowVolumeExpansion: true,
      parameters: { encrypted: 'true', type: 'gp3' },
      provisioner: 'ebs.csi.aws.com',
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  ),
]

/** 27 volumes on shared types, less the root volume and the second network interface. */
const csiNodeObject = (target) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: meta(`CSINode/${target.name}`, {
    creationTimestamp: iso(target.created),
    name: target.name,
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: target.name, uid: target.object.metadata.uid }],
  }),
  spec: {
    drivers: [
      {
        allocatable: { count: 25 },
        name: 'ebs.csi.aws.com',
        nodeID: target.instance,
        topologyKeys: ['kubernetes.io/os', 'topology.ebs.csi.aws.com/zone', 'topology.kubernetes.io/zone'],
      },
    ],
  },
})

const namespaceNames = [
  'default',
  'kube-node-lease',
  'kube-public',
  ...new Set(workloads.map(({ namespace }) => namespace)),
]
const namespaceObject = (name) =>
  clusterScoped(
    'v1',
    'Namespace',
    name,
    { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
    { labels: { 'kubernetes.io/metadata.name': name } },
  )
const priorityClassObject = ([name, value]) =>
  clusterScoped('scheduling.k8s.io/v1', 'PriorityClass', name, { preemptionPolicy: 'PreemptLowerPriority', value })

// ----------------------------------------------------------------------------------------------------- output

const objectName = ({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`
/** As the API lists objects of one kind: by namespace and name. */
const listed = (objects) => objects.sort((a, b) => compare(objectName(a), objectName(b)))
const controllers = (kind) => listed(of((workload) => workload.kind === kind).map(controllerObject))
const withDisk = placed.filter((pod) => pod.claim !== undefined)

const items = [
  ...listed(nodes.map(({ object }) => object)),
  ...listed([...placed, ...finished, ...pending].map(podObject)),
  ...controllers('DaemonSet'),
  ...listed(of(({ kind }) => kind === 'Deployment').map(replicaSetObject)),
  ...controllers('Deployment'),
  ...controllers('StatefulSet'),
  ...listed(of(({ kind }) => kind === 'Job').map(jobObject)),
  ...listed(of(({ budget }) => budget !== undefined).map(budgetObject)),
  ...listed(withDisk.map(volumeObject)),
  ...listed(withDisk.map(claimObject)),
  ...storageClasses,
  ...listed(nodes.map(csiNodeObject)),
  ...listed(namespaceNames.map(namespaceObject)),
  ...listed(Object.entries(PRIORITIES).map(priorityClassObject)),
]

/** kubectl prints the fields of an object in the order of their names. */
const sorted = (value) =>
  Array.isArray(value)
    ? value.map(sorted)
    : value !== null && typeof value === 'object'
      ? Object.fromEntries(
          Object.keys(value)
            .sort(compare)
            .map((key) => [key, sorted(value[key])]),
        )
      : value

function gzip(text) {
  const bytes = gzipSync(text, { level: 9, memLevel: 9 })
  // Time 0, best compression, system unknown: the header says nothing about where and when this ran.
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]), bytes.subarray(10)])
}

function summary() {
  const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)}%`.padStart(7)
  const row = (name, members) => {
    const total = (read) => sum(members.map(({ object }) => read(object.status.allocatable)))
    const pods = members.flatMap((target) => target.pods)
    return [
      name.padEnd(13),
      String(members.length).padStart(6),
      String(pods.length).padStart(6),
      percent(
        sum(pods.map(({ cpu }) => cpu)),
        total(({ cpu }) => milliOf(cpu)),
      ),
      percent(
        1024 * sum(pods.map(({ mib }) => mib)),
        total(({ memory }) => parseInt(memory, 10)),
      ),
      percent(
        pods.length,
        total((allocatable) => Number(allocatable.pods)),
      ),
    ].join('')
  }
  const groups = GROUPS.map((group) =>
    row(
      group.name,
      nodes.filter((target) => target.group === group),
    ),
  )
  return ['group         nodes  pods    cpu memory  slots', ...groups, row('all', nodes)].join('\n')
}

const { values } = parseArgs({ options: { out: { type: 'string', default: 'data/sample-cluster.json.gz' } } })
const list = sorted({ apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } })
const bytes = gzip(`${JSON.stringify(list)}\n`)
mkdirSync(dirname(values.out), { recursive: true })
writeFileSync(values.out, bytes)
console.log(summary())
console.log(
  `\n${values.out}: ${items.length} objects, ${placed.length} running pods, ${finished.length} finished, ${pending.length} pending; ${bytes.length} bytes`,
)
