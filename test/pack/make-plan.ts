import type { Cluster, Node } from '../../src/domain/cluster.js'
import type { Plan, PlanNode } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { sum } from '../../src/domain/resources.js'
import { usdPerHour } from '../../src/domain/units.js'
import type { Site } from '../../src/pack/board/board.js'

/** A live node. Its pods are given as they run: their `nodeName` is set here. */
export const makeNode = (site: Site, pods: readonly Pod[] = [], parts: Partial<Node> = {}): Node => ({
  ...site,
  annotations: {},
  owner: 'self-managed',
  group: 'group',
  providerId: '',
  instanceId: undefined,
  instanceType: 'm5.large',
  zone: undefined,
  region: undefined,
  capacityType: 'on-demand',
  capacityTypeEvidence: 'test',
  architecture: 'amd64',
  os: 'al2023',
  osImage: '',
  kernelVersion: '',
  kubeletVersion: 'v1.34.1',
  capacity: site.allocatable,
  controlPlane: false,
  closed: undefined,
  createdAt: undefined,
  pods: pods.map((pod) => ({ ...pod, nodeName: site.name, phase: 'Running', ready: true })),
  ...parts,
})

export const makeCluster = (nodes: readonly Node[], parts: Partial<Cluster> = {}): Cluster => ({
  name: 'test',
  region: 'us-east-1',
  version: '1.34',
  nodes,
  groups: [],
  pods: nodes.flatMap(({ pods }) => pods),
  workloads: [],
  daemonSets: [],
  disruptionBudgets: [],
  namespaces: [],
  findings: [],
  ...parts,
})

const PRICE: PlanNode['price'] = { kind: 'known', rate: usdPerHour(0.1), basis: 'list', source: 'test' }

type Contents = { readonly pods?: readonly Pod[]; readonly residentPods?: readonly Pod[] }

/** The node as it is, with other pods on it. */
export const keptNode = (node: Node, { pods = [], residentPods = [] }: Contents): PlanNode => ({
  ...node,
  action: 'keep',
  price: PRICE,
  packed: true,
  residentPods,
  resident: sum(residentPods.map(({ held }) => held)),
  pods,
})

export const newNode = (site: Site, contents: Contents = {}): PlanNode => ({
  ...keptNode(makeNode(site), contents),
  action: 'new',
})

export const makePlan = (nodes: readonly PlanNode[], unplaced: Plan['unplaced'] = []): Plan => ({
  nodes,
  unplaced,
  cost: { rate: usdPerHour(0.1 * nodes.length), unpriced: 0 },
})
