import type { Node, NodeGroup, NodeTemplate } from '../../src/domain/cluster.js'
import type { InstanceType, Price } from '../../src/domain/offering.js'
import type { Plan, PlanNode } from '../../src/domain/plan.js'
import type { Pod, VolumeRules, Workload } from '../../src/domain/pod.js'
import type { Analysis, NodeUse, Scenario } from '../../src/domain/recommendation.js'
import { add, NO_RESOURCES, type Resources } from '../../src/domain/resources.js'
import type { PodSpec } from '../../src/domain/snapshot.js'
import { bytes, mebibytes, milliCpu, podSlots, sumRates, usdPerHour } from '../../src/domain/units.js'

export const resources = (
  cpu: number,
  mib: number,
  pods: number,
  extended: Record<string, number> = {},
): Resources => ({
  cpu: milliCpu(cpu),
  memory: mebibytes(mib),
  ephemeralStorage: bytes(0),
  pods: podSlots(pods),
  extended,
})

export const list = (dollars: number): Price => ({
  kind: 'known',
  rate: usdPerHour(dollars),
  basis: 'list',
  source: 'on-demand list 2026-07-20',
})
const spot = (dollars: number): Price => ({
  kind: 'known',
  rate: usdPerHour(dollars),
  basis: 'estimate',
  source: 'spot estimate 2025-06-28',
})
export const unpriced: Price = { kind: 'unknown', why: 'mock.xlarge is in no price list' }

const SPEC: PodSpec = {
  containers: [],
  initContainers: [],
  overhead: {},
  podRequests: {},
  nodeSelector: {},
  requiredNodeTerms: undefined,
  preferredTerms: 0,
  podAffinity: [],
  podAntiAffinity: [],
  topologySpread: [],
  tolerations: [],
  hostNetwork: false,
  schedulerName: 'default-scheduler',
  priorityClassName: '',
  priority: 0,
  terminationGracePeriodSeconds: 30,
  schedulingGates: [],
  resourceClaims: [],
  restartPolicy: 'Always',
}

const NO_VOLUMES: VolumeRules = {
  nodeTerms: [],
  zoneLabels: [],
  attachments: [],
  exclusiveClaims: [],
  sharedClaims: [],
  inTreeVolumes: [],
  localData: [],
  problems: [],
}

export function pod(
  namespace: string,
  name: string,
  nodeName: string,
  needed: Resources,
  held: Resources = needed,
): Pod {
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    labels: {},
    annotations: {},
    owner: undefined,
    workload: `${namespace}/Deployment/${name}`,
    role: 'ordinary',
    nodeName,
    phase: nodeName === '' ? 'Pending' : 'Running',
    ready: nodeName !== '',
    terminating: false,
    createdAt: undefined,
    startedAt: undefined,
    priority: 0,
    spec: SPEC,
    held,
    needed,
    hostPorts: [],
    volumes: NO_VOLUMES,
    unreadable: undefined,
  }
}

const TEMPLATE: NodeTemplate = {
  labels: {},
  taints: [],
  zones: ['us-east-1a'],
  region: 'us-east-1',
  architectures: ['amd64'],
  os: 'al2023',
  kubelet: undefined,
  nodePool: undefined,
  staticPods: [],
  capacityTypeLabels: {},
  zoneLabels: [],
}

export const node = (name: string, over: Partial<Node>): Node => ({
  name,
  labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' },
  annotations: {},
  taints: [],
  owner: 'eks-managed-node-group',
  group: 'web',
  providerId: `aws:///us-east-1a/i-${name}`,
  instanceId: `i-${name}`,
  instanceType: 'm5.large',
  zone: 'us-east-1a',
  region: 'us-east-1',
  capacityType: 'on-demand',
  capacityTypeEvidence: 'label eks.amazonaws.com/capacityType',
  architecture: 'amd64',
  os: 'al2023',
  osImage: 'Amazon Linux 2023',
  kernelVersion: '6.1',
  kubeletVersion: 'v1.34.3',
  capacity: resources(2000, 7936, 29),
  allocatable: resources(1930, 7168.5, 29),
  controlPlane: false,
  unschedulable: false,
  closed: undefined,
  createdAt: undefined,
  attachLimits: {},
  pods: [],
  ...over,
})

const DAEMON = resources(100, 64, 1)
const web = resources(500, 1024, 1)

export const api = pod('shop', 'api', 'node-a', web)
/** Resized in place: holds more than its spec until it moves. */
export const resizing = pod('shop', 'resizing', 'node-b', web, resources(700, 1024, 1))
export const formula = pod('shop', '=HYPERLINK("http://evil")', 'node-a', web)
export const awkward = pod('a,b|c', 'quote"and\nline', 'node-c', web)
const gpu = pod('shop', 'gpu', '', resources(500, 1024, 1, { 'nvidia.com/gpu': 1 }))
const waiting = pod('shop', 'waiting', '', web)

export const NODES: readonly Node[] = [
  node('node-b', { pods: [resizing] }),
  node('node-a', {
    instanceType: 'm5.2xlarge',
    capacity: resources(8000, 32768, 58),
    allocatable: resources(7910, 31000, 58),
    pods: [api, formula],
  }),
  node('node-c', {
    group: 'odd|`group`',
    owner: 'self-managed',
    instanceType: 'mock.xlarge',
    zone: undefined,
    capacityType: undefined,
    architecture: undefined,
    instanceId: undefined,
    providerId: '',
    taints: [{ key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoSchedule' }],
    pods: [awkward],
  }),
  node('fargate-1', {
    group: 'Fargate',
    owner: 'fargate',
    instanceId: undefined,
    instanceType: undefined,
    capacityType: 'fargate',
    pods: [],
  }),
]

export const PRICES = new Map<string, Price>([
  ['node-a', list(0.384)],
  ['node-b', list(0.096)],
  ['node-c', unpriced],
  ['fargate-1', list(0.0123)],
])

const use = (requested: Resources, podsRunning: number, over: Partial<NodeUse> = {}): NodeUse => ({
  requested,
  podsRunning,
  binding: 'cpu',
  stranded: NO_RESOURCES,
  maxPodsModel: 29,
  maxPodsBinding: false,
  removable: true,
  blockers: [],
  ...over,
})

const NODE_USE = new Map<string, NodeUse>([
  ['node-a', use(resources(1100, 2112, 3), 3, { maxPodsModel: 58 })],
  ['node-b', use(resources(800, 1088, 2), 2)],
  [
    'node-c',
    use(resources(600, 1088, 2), 2, {
      removable: false,
      maxPodsModel: undefined,
      maxPodsBinding: undefined,
      stranded: resources(250, 512.25, 0),
      blockers: ['a,b|c/quote: PDB "strict" allows no disruption, raise it', 'a,b|c/quote: bare pod'],
    }),
  ],
  [
    'fargate-1',
    use(resources(250, 512, 1), 1, {
      binding: undefined,
      maxPodsModel: undefined,
      maxPodsBinding: undefined,
      removable: false,
    }),
  ],
])

export function planNode(of: Node, price: Price, resident: Resources, pods: readonly Pod[]): PlanNode {
  return {
    name: of.name,
    action: 'keep',
    group: of.group,
    owner: of.owner,
    instanceType: of.instanceType,
    zone: of.zone,
    capacityType: of.capacityType,
    architecture: of.architecture,
    labels: of.labels,
    taints: of.taints,
    unschedulable: false,
    providerId: of.providerId,
    capacity: of.capacity,
    allocatable: of.allocatable,
    price,
    packed: of.owner !== 'fargate',
    residentPods: [],
    resident,
    pods,
  }
}

const keep = (name: string, pods: readonly Pod[]): PlanNode => {
  const of = NODES.find((one) => one.name === name) ?? node(name, {})
  return planNode(of, PRICES.get(name) ?? unpriced, name === 'fargate-1' ? resources(250, 512, 1) : DAEMON, pods)
}

const NEW_NODE: PlanNode = {
  ...planNode(node('plan-web-1', {}), spot(0.034567), DAEMON, [formula, api, waiting]),
  action: 'new',
  instanceType: 'c6g.large',
  capacityType: 'spot',
  architecture: 'arm64',
  providerId: '',
  labels: { 'node.kubernetes.io/instance-type': 'c6g.large', 'kubernetes.io/os': 'linux' },
  taints: [{ key: 'team', value: 'shop', effect: 'NoSchedule' }],
}

const planOf = (nodes: readonly PlanNode[], unplaced: Plan['unplaced']): Plan => ({
  nodes,
  unplaced,
  cost: {
    rate: sumRates(nodes.flatMap(({ price }) => (price.kind === 'known' ? [price.rate] : []))),
    unpriced: nodes.filter(({ price }) => price.kind === 'unknown').length,
  },
})

const left = (of: Pod, reason: string): Plan['unplaced'][number] => ({ pod: of, running: false, reason })

export const CURRENT_PLAN = planOf(
  [keep('node-a', [api, formula]), keep('node-b', [resizing]), keep('node-c', [awkward]), keep('fargate-1', [])],
  [left(gpu, 'pending'), left(waiting, 'pending')],
)
export const RECOMMENDED_PLAN = planOf(
  [NEW_NODE, keep('node-b', [resizing]), keep('node-c', [awkward]), keep('fargate-1', [])],
  [left(gpu, 'no node offers nvidia.com/gpu (1 missing)')],
)

const planned = (
  id: Scenario['id'],
  title: string,
  plan: Plan,
  over: Partial<Scenario['outcome'] & { kind: 'planned' }> = {},
): Scenario => ({
  id,
  title,
  notes: [],
  outcome: {
    kind: 'planned',
    plan,
    feasible: true,
    spotShare: 0,
    efficiency: { cpu: 2400 / 11770, memory: 0.5, podSlots: 1 / 3 },
    largestNodeShare: 0.53125,
    lowerBound: { rate: usdPerHour(0.12), basis: 'per resource' },
    moves: 0,
    ...over,
  },
})

const workload = (namespace: string, name: string, pods: readonly Pod[]): Workload => ({
  key: `${namespace}/Deployment/${name}`,
  namespace,
  kind: 'Deployment',
  name,
  replicas: pods.length,
  minReplicas: undefined,
  pods,
})

export const M5_LARGE: InstanceType = {
  name: 'm5.large',
  family: 'm5',
  size: 'large',
  generation: 5,
  status: 'current',
  vcpus: 2,
  memoryMib: 8192,
  architectures: ['amd64'],
  usageClasses: ['on-demand', 'spot'],
  hypervisor: 'nitro',
  bareMetal: false,
  burstable: false,
  accelerators: [],
  localStorageGb: 0,
  enis: 3,
  enisAllCards: 3,
  ipv4PerEni: 10,
  ipv6PerEni: 10,
  trunking: true,
  branchEnis: 9,
  maxEfa: 0,
  ebsAttachmentLimit: { kind: 'shared', count: 28 },
  measuredOverheadMib: undefined,
}

const GROUPS: readonly NodeGroup[] = ['web', 'odd|`group`', 'Fargate'].map((name) => {
  const nodes = NODES.filter(({ group }) => group === name)
  return { name, owner: nodes[0]?.owner ?? 'other-cloud', nodes, template: TEMPLATE }
})

/** 0.4923 USD per hour × 730 hours, in micro-dollars. */
export const MONTHLY_MICRO_USD = 359_379_000

/**
 * A cluster with one of each: a node to remove, one to keep, one without a price, a Fargate node; a pod that moves, one in
 * the middle of a resize, one that fits nowhere; names that CSV and Markdown must not fall for.
 */
export const ANALYSIS: Analysis = {
  generatedAt: '2026-08-01T00:00:00Z',
  cluster: {
    name: 'shop-prod',
    region: 'us-east-1',
    version: '1.34',
    nodes: NODES,
    groups: GROUPS,
    pods: [api, resizing, formula, awkward, gpu, waiting],
    workloads: [],
    daemonSets: [],
    disruptionBudgets: [],
    namespaces: [],
    findings: [],
  },
  bill: {
    nodes: PRICES,
    total: { rate: usdPerHour(0.4923), unpriced: 1 },
    clusterFees: [{ name: 'EKS control plane', price: list(0.1) }],
  },
  priceBasis: {
    source: 'embedded catalog',
    asOf: '2026-07-20',
    pricedNodes: 3,
    pricableNodes: 4,
    unpriced: [{ why: 'mock.xlarge is in no price list', nodes: 1 }],
  },
  nodeUse: NODE_USE,
  scenarios: [
    planned('current', 'as it stands', CURRENT_PLAN, {
      spotPools: { pools: 1, largestShare: 1 },
      blast: {
        largestZoneShare: 0.6,
        onNode: { workload: 'shop/Deployment/api', on: 'node-a', replicas: 2, of: 3 },
        inZone: { workload: 'shop/Deployment/api', on: 'us-east-1a', replicas: 3, of: 3 },
      },
      survival: {
        node: {
          kind: 'survives',
          tried: 3,
          heaviest: { name: 'node-a', zone: 'us-east-1a', pods: 2, homeless: [] },
        },
        zone: {
          kind: 'fails',
          tried: 1,
          failing: 1,
          of: 1,
          worst: { name: 'us-east-1a', zone: 'us-east-1a', pods: 4, homeless: [{ why: 'room', pods: 4 }] },
        },
      },
      preferences: { heldToday: 3, givenUp: 0, givenUpWeight: 0, gained: 0, lost: [] },
    }),
    planned(
      'repack',
      'the same types, fewer of them',
      planOf([...CURRENT_PLAN.nodes, { ...keep('node-b', []), name: 'node-z' }], []),
      {
        feasible: false,
      },
    ),
    {
      id: 'spot-max',
      title: 'spot where fit',
      outcome: { kind: 'not-applicable', why: 'no workload is fit for spot' },
      notes: [],
    },
    {
      ...planned('recommended', 'the choice of the policy', RECOMMENDED_PLAN, { spotShare: 0.4, moves: 2 }),
      notes: ['follows cheapest-on-demand'],
    },
  ],
  follows: 'cheapest-on-demand',
  policy: 'the cheapest plan without new risk',
  workloads: [
    {
      workload: workload('shop', 'api', [api]),
      requested: web,
      monthlyMicroUsd: 100_000_000,
      idleMonthlyMicroUsd: 200_000_000,
      spot: { eligible: true, reason: 'stateless, 3 replicas' },
      blockers: [],
    },
    {
      workload: { ...workload('a,b|c', '@quote', [awkward]), replicas: undefined },
      requested: add(web, web),
      monthlyMicroUsd: 9_379_000,
      idleMonthlyMicroUsd: 49_000_000,
      spot: { eligible: false, reason: 'one replica' },
      blockers: ['one replica', 'no "PDB"'],
    },
  ],
  unallocatedMonthlyMicroUsd: 1_000_000,
  maxPods: [
    {
      type: M5_LARGE,
      secondaryIp: 29,
      prefixDelegation: 110,
      ipv6: undefined,
      customNetworking: 20,
      customNetworkingPrefix: 110,
      overlay: 110,
      inForce: { mode: 'secondary-ip', maxPods: 29 },
      observed: [17, 29],
    },
  ],
  modelCheck: [
    {
      method: 'rules',
      node: 'node-a',
      instanceType: 'm5.2xlarge',
      resource: 'cpu',
      predicted: 7910,
      promised: 7910,
      real: 7910,
    },
    {
      method: 'rules',
      node: 'node-b',
      instanceType: 'm5.large',
      resource: 'cpu',
      predicted: 1900,
      promised: 1900,
      real: 1930,
    },
  ],
  notChecked: [{ node: 'node-c', why: 'mock.xlarge is not in the catalog' }],
  addresses: [
    {
      scenario: 'current',
      zones: [
        {
          zone: 'us-east-1a',
          nodes: 3,
          unknownNodes: 1,
          addresses: 60,
          atMost: 90,
          prefixes: 0,
          prefixesAtMost: 0,
          free: 40,
        },
      ],
    },
    {
      scenario: 'recommended',
      zones: [
        {
          zone: 'us-east-1a',
          nodes: 4,
          unknownNodes: 1,
          addresses: 110,
          atMost: 130,
          prefixes: 0,
          prefixesAtMost: 0,
          free: 40,
        },
      ],
    },
  ],
  prefixes: undefined,
  spotAdvice: new Map([['c6g.large', { band: '<5%', savingsPercent: 60, asOf: '2026-07-01' }]]),
  pending: [gpu, waiting],
  currentCost: { rate: usdPerHour(0.4923), unpriced: 1 },
  sumOfClusterFees: usdPerHour(0.1),
  assumptions: ['Prices are list prices.'],
  findings: [
    { code: 'unknown-type', subject: 'node-c', detail: 'mock.xlarge is not in the catalog' },
    { code: 'absent-kind', subject: 'StorageClass', detail: 'none in the input' },
    { code: 'absent-kind', subject: 'CSINode', detail: 'none in the input' },
  ],
  gaps: ['focus.csv does not exist yet.'],
  timings: undefined,
}
