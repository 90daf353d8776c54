import fc from 'fast-check'
import type { Node } from '../../src/domain/cluster.js'
import type { CapacityType, Price } from '../../src/domain/offering.js'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { podSlots } from '../../src/domain/units.js'
import { HOST, known, makeOption, nodeOf, packed, ZONE, type Packed } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

/**
 * Clusters so small that every plan can be tried, with all that a bound could get wrong: nodes of today that are
 * over-committed, closed, held, unlike the machines on offer or no longer on offer, pods that are pinned, are larger or
 * smaller where they run than elsewhere, break rules or guard rails today, and rules of every kind.
 */
export type TinyCluster = typeof tinyCluster extends fc.Arbitrary<infer Value> ? Value : never

const often = <Value>(usual: Value, ...rare: Value[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const DEDICATED = { key: 'dedicated', value: 'x', effect: 'NoSchedule' }
const GPU = 'nvidia.com/gpu'
const CAPACITY_TYPES: readonly CapacityType[] = ['on-demand', 'on-demand', 'spot']

const machine = fc.record({
  group: fc.nat({ max: 1 }),
  /** Of the first one's size and price. */
  twin: often(false, true),
  cpu: fc.integer({ min: 1, max: 6 }),
  memory: fc.integer({ min: 1, max: 6 }),
  slots: fc.integer({ min: 1, max: 5 }),
  gpu: often(0, 1, 2),
  rate: fc.integer({ min: 1, max: 20 }),
  capacityType: fc.constantFrom(...CAPACITY_TYPES),
  zone: fc.constantFrom('a', 'a', 'b'),
  labelled: often(false, true),
  daemon: often(0, 1, 2),
  offered: often(true, false),
})

const UNLIKE = {
  labelled: ({ labels }: Node) => ({ labels: { ...labels, disk: 'ssd' } }),
  open: () => ({ taints: [] }),
  tainted: () => ({ taints: [DEDICATED] }),
}

const liveNode = fc.record({
  machine: fc.nat(),
  /** Other amounts than a machine of its kind is said to have. */
  more: often(0, -1, 1, 2),
  /** Labels or taints of its own. */
  unlike: often<keyof typeof UNLIKE | undefined>(undefined, 'labelled', 'open', 'tainted'),
  closed: often(false, true),
  stays: often(false, true),
  reserved: often(false, true),
  priced: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  discount: often(0, 1),
})

const APP = { labelSelector: { matchLabels: { app: 'x' } } }
const required = <Term>(term: Term) => ({ requiredDuringSchedulingIgnoredDuringExecution: [term] })
const nodeTerm = (term: object) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
})
const onHost = (operator: string, values: readonly string[] = []) =>
  nodeTerm({ matchExpressions: [{ key: HOST, operator, values }] })
const spread = (topologyKey: string, more: object = {}) => ({
  topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', topologyKey, ...APP, ...more }],
})
const TOLERATES = { tolerations: [{ key: 'dedicated', operator: 'Exists' }] }

/** Of both workloads. */
const ALL_APPS = { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] } }
/** A volume of the pod's own. */
const OWN = 'own'

const RULES: readonly Pick<PodParts, 'spec' | 'volumes' | 'hostPorts'>[] = [
  { spec: { nodeSelector: { [ZONE]: 'b' } } },
  { spec: { nodeSelector: { disk: 'ssd' } } },
  { spec: { nodeSelector: { disk: 'ssd' }, ...TOLERATES } },
  { spec: TOLERATES },
  { spec: { nodeSelector: { [HOST]: 'n1' } } },
  { spec: onHost('NotIn', ['n0']) },
  { spec: onHost('Exists') },
  { spec: nodeTerm({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }) },
  { spec: { affinity: { podAntiAffinity: required({ topologyKey: HOST, ...APP }) } } },
  { spec: { affinity: { podAntiAffinity: required({ topologyKey: ZONE, ...APP }) } } },
  { spec: { affinity: { podAffinity: required({ topologyKey: HOST, ...APP }) } } },
  { spec: { affinity: { podAffinity: required({ topologyKey: ZONE, ...APP }) } } },
  { spec: spread(ZONE) },
  { spec: spread(HOST) },
  { spec: spread(ZONE, { minDomains: 2 }) },
  { spec: { affinity: { podAntiAffinity: required({ topologyKey: HOST, ...APP }) } } },
  { spec: { affinity: { podAntiAffinity: required({ topologyKey: HOST, ...ALL_APPS }) } } },
  { spec: { affinity: { podAntiAffinity: required({ topologyKey: 'disk', ...APP }) } } },
  { spec: spread(HOST, { maxSkew: 2 }) },
  { spec: spread(HOST, { nodeTaintsPolicy: 'Honor' }) },
  { spec: spread(HOST, ALL_APPS) },
  { hostPorts: [{ port: 80, protocol: 'TCP', ip: '0.0.0.0' }] },
  { hostPorts: [{ port: 80, protocol: '', ip: '10.0.0.1' }] },
  {
    hostPorts: [
      { port: 80, protocol: 'TCP', ip: '' },
      { port: 81, protocol: 'UDP', ip: '' },
    ],
  },
  { volumes: { attachments: [{ driver: 'ebs', handle: OWN }] } },
  { volumes: { attachments: [{ driver: 'ebs', handle: OWN }] } },
  { volumes: { attachments: ['v1', OWN].map((handle) => ({ driver: 'ebs', handle })) } },
  { volumes: { sharedClaims: ['default/one'] } },
  { volumes: { zoneLabels: [{ key: ZONE, operator: 'In', values: ['a'] }] } },
  { volumes: { attachments: [{ driver: 'ebs', handle: 'v1' }] } },
  {
    volumes: {
      nodeTerms: [[{ matchExpressions: [{ key: HOST, operator: 'In', values: ['n1'] }], matchFields: [] }]],
    },
  },
]

const pod = fc.record({
  /** On which node it runs, counted round and round; the last one waits. */
  at: fc.nat({ max: 11 }),
  cpu: fc.nat({ max: 4 }),
  memory: fc.nat({ max: 4 }),
  gpu: often(0, 1),
  /** What it holds less or more than it asks for. */
  held: often(0, -1, 1, 2),
  rule: fc.option(fc.nat({ max: RULES.length - 1 }), { nil: undefined, freq: 2 }),
  /** The rule of the first pod instead, so that some have one in common. */
  same: fc.boolean(),
  app: fc.constantFrom('x', 'x', 'y'),
  pinned: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
})

export const tinyCluster = fc.record({
  groups: often(1, 2),
  /** A template's taints are those of all its machines. */
  tainted: fc.array(often(false, true), { minLength: 2, maxLength: 2 }),
  machines: fc.array(machine, { minLength: 1, maxLength: 4 }),
  live: fc.array(liveNode, { minLength: 1, maxLength: 4 }),
  pods: fc.array(pod, { minLength: 1, maxLength: 5 }),
  fitForSpot: fc.constantFrom('x', 'y', 'both', 'none'),
  /** A workload whose owner wants it on no spot node, even if it runs on one. */
  refused: often<string | undefined>(undefined, 'x'),
  attachLimit: fc.constantFrom(1, 1, 2, undefined),
  headroom: fc.constant<number>(0),
  maxNodeShare: fc.constant<number | undefined>(undefined),
})

/** The same with guard rails. */
export const railedCluster = fc
  .tuple(tinyCluster, often(0, 0.2, 0.5), often<number | undefined>(undefined, 0.3, 0.6))
  .map(([input, headroom, maxNodeShare]): TinyCluster => ({ ...input, headroom, maxNodeShare }))

/** The same without what ties pods to nodes, so that a plan may do with it what it likes. */
export const withoutTies = (input: TinyCluster): TinyCluster => ({
  ...input,
  live: input.live.map((one) => ({ ...one, ...FREE, more: 0 })),
  pods: input.pods.map((one) => ({ ...one, rule: undefined, pinned: false, gpu: 0, held: 0 })),
  machines: input.machines.map((one) => ({ ...one, twin: false, offered: true, daemon: 0 })),
  tainted: [false, false],
})
const FREE = { unlike: undefined, closed: false, stays: false, reserved: false, priced: true }

/** Pods are put where the input says, whether they fit there or not. `pruned`: without machines that others beat. */
export function clusterOf(input: TinyCluster, pruned = false): Packed {
  const { groups, tainted, machines, live, fitForSpot, refused, attachLimit, headroom, maxNodeShare } = input
  const pods = input.pods.map((each) => (each.same ? { ...each, rule: input.pods[0]!.rule } : each))
  const all = machines.map((each, index): NodeOption & { readonly offered: boolean } => {
    const { zone, offered, labelled } = each
    const one = each.twin ? { ...machines[0]!, zone, offered, labelled } : each
    const agent = makePod('agent', { role: 'daemon', needed: resources(one.daemon, 0), workload: 'agent' })
    const option = makeOption(`t${index}`, one.cpu, one.rate * 1000, {
      memoryMib: one.memory,
      slots: one.slots,
      group: `g${one.group % groups}`,
      zone: one.zone,
      capacityType: one.capacityType,
      overheadPods: one.daemon > 0 ? [agent] : [],
    })
    const extended = one.gpu > 0 ? { [GPU]: one.gpu } : {}
    const allocatable = { ...option.allocatable, extended }
    return {
      ...option,
      allocatable,
      capacity: allocatable,
      attachLimits: attachLimit === undefined ? {} : { ebs: attachLimit },
      labels: { ...option.labels, ...(one.labelled ? { disk: 'ssd' } : {}) },
      taints: tainted[one.group % groups] === true ? [DEDICATED] : [],
      offered: one.offered,
    }
  })
  const prices = new Map<string, Price>()
  const nodes = live.map((one, index) => {
    const option = all[one.machine % all.length]!
    const { allocatable } = option
    const amount = (base: number): number => Math.max(0, base + one.more)
    const own = pods.flatMap((each, at) => (isOn(each.at, live.length, index) ? [podOf(each, at)] : []))
    const agents = option.overheadPods.map((agent) => ({
      ...agent,
      id: `default/agent-${index}`,
      name: `agent-${index}`,
    }))
    const node = nodeOf(option, `n${index}`, [...own, ...agents], {
      allocatable: {
        ...allocatable,
        ...resources(amount(allocatable.cpu), amount(allocatable.memory / 2 ** 20)),
        pods: podSlots(amount(allocatable.pods)),
        extended: allocatable.extended,
        ephemeralStorage: allocatable.ephemeralStorage,
      },
      ...(one.closed ? { closed: 'cordoned', unschedulable: true } : {}),
      ...(one.reserved ? { capacityType: 'reserved' } : {}),
    })
    prices.set(
      node.name,
      one.priced ? known(Math.max(1, option.price.rate - one.discount * 700)) : { kind: 'unknown', why: 'test' },
    )
    return one.unlike ? { ...node, ...UNLIKE[one.unlike](node) } : node
  })
  const pinned = new Map(
    nodes.flatMap((node) =>
      node.pods.filter(({ name }) => pods[Number(name.slice(1))]?.pinned === true).map((one) => [one, 'test'] as const),
    ),
  )
  return packed({
    nodes,
    options: all.filter(({ offered }) => offered).map(({ offered: _, ...option }) => option),
    pruned,
    pending: pods.flatMap((each, at) => (isWaiting(each.at) ? [podOf(each, at)] : [])),
    facts: {
      priceOf: ({ name }) => prices.get(name)!,
      removable: ({ name }) => live[Number(name.slice(1))]?.stays !== true,
      pinned,
      spotFit: (workload) => workload !== refused && (fitForSpot === 'both' || workload === fitForSpot),
      spotRefused: (workload) => workload === refused,
      limits: { headroom, maxNodeShare, minNodes: undefined },
    },
  })
}

/** One in twelve waits. */
const isWaiting = (at: number): boolean => at === 11
const isOn = (at: number, nodes: number, index: number): boolean => !isWaiting(at) && at % nodes === index

function podOf({ cpu, memory, gpu, held, rule, app }: TinyCluster['pods'][number], index: number): Pod {
  const amounts = (more: number) =>
    resources(Math.max(0, cpu + more), Math.max(0, memory + more), gpu > 0 ? { extended: { [GPU]: gpu } } : {})
  return makePod(`p${index}`, {
    labels: { app },
    workload: app,
    needed: amounts(0),
    held: amounts(held),
    ...(rule === undefined ? {} : withOwnVolumes(RULES[rule]!, index)),
  })
}

const withOwnVolumes = ({ volumes, ...rest }: (typeof RULES)[number], index: number): (typeof RULES)[number] => ({
  ...rest,
  ...(volumes === undefined
    ? {}
    : {
        volumes: {
          ...volumes,
          ...(volumes.attachments === undefined
            ? {}
            : {
                attachments: volumes.attachments.map(({ driver, handle }) => ({
                  driver,
                  handle: handle === OWN ? `own-${index}` : handle,
                })),
              }),
        },
      }),
})
