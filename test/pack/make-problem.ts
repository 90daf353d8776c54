import fc from 'fast-check'
import type { Cluster, DaemonSet, Node, NodeGroup, NodeTemplate } from '../../src/domain/cluster.js'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { sum } from '../../src/domain/resources.js'
import { bytes, podSlots, type MicroUsdPerHour } from '../../src/domain/units.js'
import { createBoard, type Site } from '../../src/pack/board/board.js'
import { ColumnPlans } from '../../src/pack/bins/column-plans.js'
import { Planner } from '../../src/pack/plans.js'
import type { LiveNode, Limits, PackGroup } from '../../src/pack/problem.js'
import { packState, type PackState, type ProblemFacts } from '../../src/pack/state.js'
import { namespaces, type World } from './arbitrary.js'
import { makeCluster, makeNode } from './make-plan.js'
import { makePod, makeSite, resources, type PodParts } from './make.js'
import { remainingOf } from './remaining.js'
import type { LpSolver } from '../../src/pack/columns/lp.js'

export const ZONE = 'topology.kubernetes.io/zone'
export const HOST = 'kubernetes.io/hostname'
export const NO_LIMITS: Limits = { headroom: 0, maxNodeShare: undefined, minNodes: undefined }

export const known = (microUsd: number): NodeOption['price'] => ({
  kind: 'known',
  rate: microUsd as MicroUsdPerHour,
  basis: 'list',
  source: 'test',
})

/** A machine for 110 pods, 2 GiB of memory to a core unless said otherwise, in zone `a` of the group `group`. */
export function makeOption(
  instanceType: string,
  milliCpu: number,
  microUsd: number,
  { memoryMib = milliCpu * 2, slots = 110, ...parts }: OptionParts = {},
): NodeOption {
  const { group = 'group', zone = 'a', capacityType = 'on-demand', overheadPods = [] } = parts
  const size = resources(milliCpu, memoryMib, { pods: podSlots(slots), ephemeralStorage: bytes(1e11) })
  return {
    id: `${group}/${instanceType}/${zone}/${capacityType}`,
    group,
    owner: 'self-managed',
    instanceType,
    zone,
    capacityType,
    architecture: 'amd64',
    labels: { [ZONE]: zone, 'node.kubernetes.io/instance-type': instanceType },
    taints: [],
    capacity: size,
    allocatable: size,
    attachLimits: {},
    price: known(microUsd),
    capacityBasis: 'test',
    ...parts,
    overheadPods,
    overhead: sum(overheadPods.map(({ needed }) => needed)),
  }
}
type OptionParts = Partial<NodeOption> & { readonly memoryMib?: number; readonly slots?: number }

/** A live node of that kind, with these pods running on it. */
export const nodeOf = (
  option: NodeOption,
  name: string,
  pods: readonly Pod[] = [],
  parts: Partial<Node> = {},
): Node => {
  const { group, owner, instanceType, zone, capacityType, architecture, capacity, allocatable, attachLimits } = option
  const site: Site = { ...makeSite(name, option.labels), taints: option.taints, allocatable, attachLimits }
  return makeNode(site, pods, { group, owner, instanceType, zone, capacityType, architecture, capacity, ...parts })
}

export const liveOf = (node: Node, price: LiveNode['price'], parts: Partial<LiveNode> = {}): LiveNode => ({
  node,
  price,
  mustStay: undefined,
  residents: [],
  pods: node.pods,
  pinned: new Set(),
  ...parts,
})

const TEMPLATE: NodeTemplate = {
  labels: {},
  taints: [],
  zones: ['a'],
  region: 'us-east-1',
  architectures: ['amd64'],
  os: 'al2023',
  kubelet: undefined,
  nodePool: undefined,
  staticPods: [],
  capacityTypeLabels: {},
  zoneLabels: [],
}

export const makeGroup = (name: string, nodes: readonly Node[], template: Partial<NodeTemplate> = {}): NodeGroup => ({
  name,
  owner: 'self-managed',
  nodes,
  template: { ...TEMPLATE, ...template },
})

export type ClusterParts = {
  readonly nodes: readonly Node[]
  readonly options: readonly NodeOption[]
  readonly pending?: readonly Pod[]
  readonly daemonSets?: readonly DaemonSet[]
  readonly facts?: Partial<ProblemFacts>
  /** Without the options that others beat, those of today's types, too. */
  readonly pruned?: boolean
}

/** A cluster whose live nodes cost what an option of their group, type, zone and capacity type costs. */
export function packed({ nodes, options, pending = [], daemonSets = [], facts = {}, pruned = false }: ClusterParts) {
  // In the order of their names, as the model gives them.
  const names = [...new Set(nodes.map(({ group }) => group))].sort()
  const cluster: Cluster = makeCluster(nodes, {
    namespaces,
    groups: names.map((name) =>
      makeGroup(
        name,
        nodes.filter(({ group }) => group === name),
      ),
    ),
    pods: [...nodes.flatMap(({ pods }) => pods), ...pending],
    daemonSets,
  })
  const rates = new Map(options.map(({ id, price }) => [id, price]))
  const state: PackState = packState(cluster, {
    priceOf: ({ group, instanceType, zone, capacityType }) =>
      rates.get(`${group}/${instanceType}/${zone}/${capacityType}`) ?? { kind: 'unknown', why: 'test' },
    optionsOf: (name, interests) => {
      const own = options.filter(({ group }) => group === name)
      return pruned ? remainingOf(own, interests, { limit: facts.limits?.groupLimits?.get(name) }) : own
    },
    needsNoPlace: () => undefined,
    pinned: new Map(),
    removable: () => true,
    spotFit: () => true,
    architectures: undefined,
    limits: NO_LIMITS,
    ...facts,
  })
  return {
    cluster,
    state,
    planner: (lp?: LpSolver) => new Planner(state.problem, state.context, state.untouched, new ColumnPlans(lp)),
  }
}
export type Packed = ReturnType<typeof packed>

/** The only group of a cluster. */
export function onlyGroup({ state }: Packed): PackGroup {
  const [group] = state.problem.groups
  if (group === undefined) throw new Error('the cluster has no group')
  return group
}

const KINDS = ['as-is', 'on-demand', 'spot'] as const
export const anyPolicy = fc
  .record({ kind: fc.constantFrom(...KINDS), share: fc.constantFrom(0, 0.3, 0.5, 1) })
  .map(({ kind, share }) => (kind === 'spot' ? { kind, share } : { kind }))

/** A size and price that no other type has to agree with. */
const anyType = fc.record({
  milliCpu: fc.constantFrom(1000, 2000, 4000, 8000),
  gibPerCore: fc.constantFrom(1, 2, 4),
  slots: fc.constantFrom(4, 10, 30),
  rate: fc.integer({ min: 50, max: 150 }),
  spotShare: fc.constantFrom(undefined, 0.3, 0.9),
})

const HOSTS = { topologyKey: HOST, labelSelector: { matchLabels: { app: 'x' } } }
const ZONES = { ...HOSTS, topologyKey: ZONE }
const HARD = { maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }
const RULES: readonly PodParts['spec'][] = [
  {},
  {},
  {},
  { nodeSelector: { [ZONE]: 'b' } },
  { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [HOSTS] } } },
  { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [ZONES] } } },
  { topologySpreadConstraints: [{ ...ZONES, ...HARD }] },
  { topologySpreadConstraints: [{ ...HOSTS, ...HARD, maxSkew: 2 }] },
]
const anyPod = fc.record({
  cpu: fc.constantFrom(0, 100, 250, 500, 1000, 2000),
  memory: fc.constantFrom(0, 128, 512, 1024, 3000),
  rule: fc.nat({ max: RULES.length - 1 }),
  app: fc.constantFrom('x', 'y'),
  held: fc.constantFrom(1, 1, 1, 0.5, 2),
})

/** Groups with a few types in two zones, and pods that first fit has put on as many nodes as it took. */
export const anyInput = fc.record({
  types: fc.array(anyType, { minLength: 1, maxLength: 4 }),
  groups: fc.integer({ min: 1, max: 2 }),
  /** What each node of today is, one after the other. */
  machines: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
  pods: fc.array(anyPod, { minLength: 1, maxLength: 14 }),
  seed: fc.nat({ max: 5 }),
})
export type Input = typeof anyInput extends fc.Arbitrary<infer Value> ? Value : never

/** The machines of an input in every group. With `plain`, pods have no rules. */
export function partsOf({ types, groups, machines, pods, seed }: Input, plain = false): ClusterParts {
  const options = Array.from({ length: groups }, (_, group) =>
    types.flatMap(({ milliCpu, gibPerCore, slots, rate, spotShare }, index) =>
      ['a', 'b'].flatMap((zone) => {
        const price = Math.round((rate * milliCpu) / 10)
        const parts = { memoryMib: milliCpu * gibPerCore, slots, group: `g${group}`, zone }
        const onDemand = makeOption(`t${index}`, milliCpu, price, parts)
        if (spotShare === undefined) return [onDemand]
        const spotPrice = Math.round(price * spotShare)
        return [onDemand, makeOption(`t${index}`, milliCpu, spotPrice, { ...parts, capacityType: 'spot' })]
      }),
    ),
  ).flat()
  const shape = (index: number): NodeOption => options[(machines[index] ?? 0) % options.length]!
  const sites = machines.map((_, index) => nodeOf(shape(index), `n${index}`))
  const made = pods.map(({ cpu, memory, rule, app, held }, index) =>
    makePod(`p${index}`, {
      labels: { app },
      workload: `default/Deployment/${app}`,
      needed: resources(cpu, memory),
      held: resources(Math.floor(cpu * held), Math.floor(memory * held)),
      ...(plain ? {} : { spec: RULES[rule] ?? {} }),
    }),
  )
  const running = settled(sites, made, seed)
  return {
    options,
    nodes: sites.map((node, index) => nodeOf(shape(index), node.name, running[index] ?? [])),
    pending: made.filter((pod) => !running.some((here) => here.includes(pod))),
  }
}

/** Pods on the first node, from a start that moves on, on which each of them and everything before it is allowed. */
function settled(sites: readonly Site[], pods: readonly Pod[], seed: number): Pod[][] {
  const board = createBoard({ namespaces, pods })
  const running = sites.map((site): Pod[] => {
    board.addSite(site)
    return []
  })
  const isSound = (): boolean =>
    running.every((here, at) =>
      here.every((pod) => {
        board.remove(pod, at)
        const fits = board.fits(pod, at)
        board.place(pod, at, 'held')
        return fits
      }),
    )
  pods.forEach((pod, index) => {
    for (let step = 0; step < sites.length; step += 1) {
      const at = (step + index * seed) % sites.length
      if (!board.fits(pod, at)) continue
      board.place(pod, at, 'held')
      running[at]!.push(pod)
      if (isSound()) return
      running[at]!.pop()
      board.remove(pod, at)
    }
  })
  return running
}

/** A world with every rule of the scheduler as a cluster: its sites are the nodes, and the machines on offer as well. */
export function partsOfWorld({ pods, sites }: World, rates: readonly number[]): ClusterParts {
  const live = sites.map((make, index) => make(`s${index}`))
  const options = live.map(({ labels, taints, allocatable, attachLimits }, index) => {
    const { [HOST]: _, ...rest } = labels
    const option = makeOption(`t${index}`, 1, rates[index % rates.length] ?? 1)
    return { ...option, labels: rest, taints, allocatable, capacity: allocatable, attachLimits }
  })
  const made = pods.map((parts, index) => makePod(`p${index}`, parts))
  const running = settled(live, made, 1)
  return {
    options,
    nodes: live.map((site, index) => {
      const closed = site.unschedulable ? 'cordoned' : undefined
      return makeNode(site, running[index] ?? [], { group: 'group', instanceType: `t${index}`, zone: 'a', closed })
    }),
    pending: made.filter((pod) => !running.some((here) => here.includes(pod))),
  }
}
