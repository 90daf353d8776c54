import fc from 'fast-check'
import { bytes, podSlots } from '../../src/domain/units.js'
import type { Site } from '../../src/pack/board/board.js'
import { makeNamespace, makeSite, resources, type PodParts } from './make.js'

/** Small random clusters in which every rule of the scheduler comes into play. */
export const namespaces = [makeNamespace('default', { team: 'a' }), makeNamespace('other', { team: 'b' })]

const sometimes = <Value>(arbitrary: fc.Arbitrary<Value>, freq = 2) =>
  fc.option(arbitrary, { nil: undefined, freq }) as fc.Arbitrary<Value | undefined>
const some = <Value>(arbitrary: fc.Arbitrary<Value>, maxLength = 2) => fc.array(arbitrary, { maxLength })

const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'tier', 'rev'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.subarray(['x', 'y', '1'], { minLength: 1 }),
  }),
  fc.record({ key: fc.constantFrom('app', 'tier'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
)
const podLabels = fc.record(
  { app: fc.constantFrom('x', 'y', 'z'), tier: fc.constantFrom('db', '1'), rev: fc.constantFrom('1', '2') },
  { requiredKeys: [] },
)
const selector = fc.oneof(
  { weight: 6, arbitrary: fc.record({ matchLabels: fc.record({ app: fc.constantFrom('x', 'y') }) }) },
  { weight: 2, arbitrary: fc.record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.constant({}) },
)
const ownKeys = fc.subarray(['rev', 'absent'])
const topologyKey = fc.constantFrom('zone', 'kubernetes.io/hostname', 'rack')

const affinityTerm = fc.record({
  labelSelector: sometimes(selector, 8),
  topologyKey,
  namespaces: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.subarray(['default', 'other'])),
  namespaceSelector: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    fc.constant({}),
    fc.constant({ matchLabels: { team: 'b' } }),
  ),
  matchLabelKeys: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, ownKeys),
  mismatchLabelKeys: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.constant(['tier'])),
})
const spreadConstraint = fc.record({
  maxSkew: fc.integer({ min: 1, max: 2 }),
  topologyKey,
  whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'DoNotSchedule', 'ScheduleAnyway'),
  labelSelector: sometimes(selector, 8),
  minDomains: sometimes(fc.integer({ min: 1, max: 4 }), 1),
  nodeAffinityPolicy: fc.constantFrom(undefined, 'Honor', 'Ignore'),
  nodeTaintsPolicy: fc.constantFrom(undefined, 'Honor', 'Ignore'),
  matchLabelKeys: ownKeys,
})
const nodeTerm = fc.record({
  matchExpressions: some(
    fc.oneof(
      fc.record({
        key: fc.constantFrom('zone', 'rack'),
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.subarray(['a', 'b'], { minLength: 1 }),
      }),
      fc.record({
        key: fc.constant('cpu'),
        operator: fc.constantFrom('Gt', 'Lt'),
        values: fc.constantFrom(['7'], ['8']),
      }),
    ),
  ),
  matchFields: some(
    fc.record({
      key: fc.constant('metadata.name'),
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.constantFrom(['s0'], ['s1']),
    }),
    1,
  ),
})
const toleration = fc.record({
  key: fc.constantFrom('dedicated', 'node.kubernetes.io/unschedulable'),
  operator: fc.constantFrom('Exists', 'Equal', undefined),
  value: fc.constantFrom('gpu', undefined),
  effect: fc.constantFrom('NoSchedule', undefined),
})
const terms = fc.array(affinityTerm, { minLength: 1, maxLength: 2 })
const requiredTerms = fc.oneof(
  terms.map((all) => ({ podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: all } })),
  terms.map((all) => ({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: all } })),
  fc.constant({}),
)
const rarely = <Value>(arbitrary: fc.Arbitrary<Value[]>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant<Value[]>([]) }, { weight: 1, arbitrary })

const spec = fc
  .record({
    nodeSelector: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, fc.constant({ zone: 'a' })),
    required: sometimes(fc.record({ nodeSelectorTerms: some(nodeTerm) }), 1),
    podAffinity: rarely(some(affinityTerm)),
    podAntiAffinity: rarely(some(affinityTerm)),
    topologySpreadConstraints: rarely(some(spreadConstraint)),
    tolerations: rarely(some(toleration)),
  })
  .map(({ nodeSelector, required, podAffinity, podAntiAffinity, ...rest }) => ({
    ...rest,
    nodeSelector,
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: podAffinity },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: podAntiAffinity },
    },
  }))

const amounts = fc
  .record({
    cpu: fc.constantFrom(0, 0, 1, 2),
    memory: fc.constantFrom(0, 1),
    disk: fc.constantFrom(0, 0, 1),
    gpu: fc.constantFrom(0, 0, 0, 1),
  })
  .map(({ cpu, memory, disk, gpu }) =>
    resources(cpu, memory, { ephemeralStorage: bytes(disk), extended: gpu > 0 ? { 'nvidia.com/gpu': gpu } : {} }),
  )
const handles = fc.constantFrom('v1', 'v2', 'v3')
const volumes = fc.record({
  attachments: rarely(some(fc.record({ driver: fc.constantFrom('ebs', 'efs'), handle: handles }), 3)),
  exclusiveClaims: rarely(fc.subarray(['default/only'])),
  sharedClaims: rarely(fc.subarray(['default/one', 'default/two'])),
  inTreeVolumes: rarely(fc.subarray(['vol-1'])),
  zoneLabels: rarely(fc.constant([{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['a', 'b'] }])),
  nodeTerms: rarely(
    fc.constant([[{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'c'] }], matchFields: [] }]]),
  ),
  problems: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, fc.constant(['a claim is missing'])),
})
const hostPorts = rarely(
  some(
    fc.record({
      port: fc.constantFrom(80, 81),
      protocol: fc.constantFrom('TCP', 'UDP'),
      ip: fc.constantFrom('0.0.0.0', '10.0.0.1', '10.0.0.2'),
    }),
  ),
)
const plainOr = <Plain, Value>(plain: Plain, arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(plain) }, { weight: 2, arbitrary })

const namespace = fc.constantFrom('default', 'default', 'other')
const terminating = fc.constantFrom(false, false, false, true)

const anyPod: fc.Arbitrary<PodParts> = fc.record({
  namespace,
  labels: podLabels,
  spec,
  needed: plainOr(resources(0, 0), amounts),
  held: plainOr(resources(0, 0), amounts),
  volumes: plainOr({}, volumes),
  hostPorts,
  terminating,
})

const taints = rarely(
  some(
    fc.record({
      key: fc.constant('dedicated'),
      value: fc.constantFrom('gpu', 'db'),
      effect: fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule'),
    }),
  ),
)
const siteLabels = fc.record(
  {
    zone: fc.constantFrom('a', 'b', 'c'),
    rack: fc.constantFrom('a', 'b'),
    cpu: fc.constantFrom('7', '8', 'many'),
    'topology.kubernetes.io/zone': fc.constantFrom('a', 'c'),
  },
  { requiredKeys: [] },
)

/** Makes a site of the name it is given. */
type SiteMaker = (name: string) => Site

const anySite: fc.Arbitrary<SiteMaker> = fc
  .record({
    labels: siteLabels,
    named: fc.constantFrom(true, true, true, false),
    taints,
    unschedulable: fc.constantFrom(false, false, false, false, true),
    cpu: fc.integer({ min: 0, max: 4 }),
    slots: fc.integer({ min: 1, max: 6 }),
    gpu: fc.constantFrom(0, 1),
    limit: sometimes(fc.integer({ min: 0, max: 2 }), 1),
  })
  .map(({ labels, named, cpu, slots, gpu, limit, ...rest }) => (name) => ({
    ...makeSite(name),
    ...rest,
    labels: { ...(named ? { 'kubernetes.io/hostname': name } : {}), ...labels },
    allocatable: resources(cpu, 3, {
      pods: podSlots(slots),
      ephemeralStorage: bytes(1),
      extended: { 'nvidia.com/gpu': gpu },
    }),
    attachLimits: limit === undefined ? {} : { ebs: limit },
  }))

const roomySite: fc.Arbitrary<SiteMaker> = fc
  .record({
    labels: fc.record(
      { zone: fc.constantFrom('a', 'a', 'b', 'c'), cpu: fc.constantFrom('7', '8'), rack: fc.constantFrom('a', 'b') },
      { requiredKeys: ['zone', 'cpu'] },
    ),
    taints,
    limit: fc.integer({ min: 0, max: 2 }),
  })
  .map((parts) => (name) => ({
    ...makeSite(name, parts.labels),
    taints: parts.taints,
    attachLimits: { ebs: parts.limit },
  }))

const crowdedSpread = fc.record({
  maxSkew: fc.constantFrom(1, 2),
  topologyKey: fc.constantFrom('zone', 'zone', 'kubernetes.io/hostname'),
  whenUnsatisfiable: fc.constant('DoNotSchedule'),
  labelSelector: fc.constant({ matchLabels: { app: 'x' } }),
  minDomains: sometimes(fc.integer({ min: 2, max: 4 }), 1),
  nodeAffinityPolicy: fc.constantFrom(undefined, 'Ignore'),
  nodeTaintsPolicy: fc.constantFrom(undefined, 'Honor'),
})

const weighed = <Name extends string, Term>(name: Name, term: fc.Arbitrary<Term>) =>
  some(fc.record({ weight: fc.constantFrom(1, 30, 100), term })).map((all) =>
    all.map((each) => ({ weight: each.weight, [name]: each.term })),
  )
const preferences = fc
  .record({
    nodes: weighed('preference', nodeTerm),
    near: weighed('podAffinityTerm', affinityTerm),
    apart: weighed('podAffinityTerm', affinityTerm),
    required: rarely(some(affinityTerm, 1)),
  })
  .map(({ nodes, near, apart, required }) => ({
    nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: nodes },
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: near,
      requiredDuringSchedulingIgnoredDuringExecution: required,
    },
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: apart },
  }))

/** Pods that prefer things of their nodes and of each other. */
export const preferringSpec = fc.record({
  affinity: plainOr({}, preferences),
  topologySpreadConstraints: some(spreadConstraint).map((all) =>
    all.map((each) => ({ ...each, whenUnsatisfiable: 'ScheduleAnyway' })),
  ),
  tolerations: rarely(
    fc
      .constantFrom('PreferNoSchedule', 'NoSchedule', undefined)
      .map((effect) => [{ key: 'dedicated', operator: 'Exists', effect }]),
  ),
  nodeSelector: fc.constantFrom({}, {}, { zone: 'a' }),
})

/** Worlds about everything, and worlds in which one kind of rule meets itself all the time. */
const FOCUSES: readonly { readonly pod: fc.Arbitrary<PodParts>; readonly site: fc.Arbitrary<SiteMaker> }[] = [
  { pod: anyPod, site: anySite },
  {
    pod: fc.record({
      labels: fc.constantFrom({ app: 'x' }, { app: 'x' }, { app: 'y' }),
      terminating,
      spec: fc.record({
        topologySpreadConstraints: fc.array(crowdedSpread, { minLength: 1, maxLength: 2 }),
        nodeSelector: fc.constantFrom({}, {}, { rack: 'a' }),
      }),
    }),
    site: roomySite,
  },
  {
    pod: fc.record({ namespace, labels: podLabels, spec: fc.record({ affinity: requiredTerms }), terminating }),
    site: roomySite,
  },
  {
    pod: fc.record({
      namespace,
      labels: podLabels,
      spec: preferringSpec,
      needed: plainOr(resources(0, 0), amounts),
      terminating,
    }),
    site: fc.oneof(roomySite, anySite),
  },
  { pod: fc.record({ volumes }), site: roomySite },
  {
    pod: fc.record({
      volumes: fc.record({ attachments: some(fc.record({ driver: fc.constant('ebs'), handle: handles }), 3) }),
    }),
    site: roomySite,
  },
  {
    pod: fc.record({
      spec: fc.record({
        affinity: fc.record({
          nodeAffinity: fc.record({
            requiredDuringSchedulingIgnoredDuringExecution: fc.record({
              nodeSelectorTerms: fc.array(nodeTerm, { minLength: 1, maxLength: 2 }),
            }),
          }),
        }),
      }),
    }),
    site: roomySite,
  },
]

const step = fc.record({
  kind: fc.constantFrom('place', 'place', 'place', 'place', 'remove', 'open', 'close'),
  pod: fc.nat(),
  site: fc.nat(),
  as: fc.constantFrom('held' as const, 'needed' as const),
})

export const world = fc.constantFrom(...FOCUSES).chain(({ pod, site }) =>
  fc.record({
    pods: fc.array(pod, { minLength: 2, maxLength: 9 }),
    /** Pods that share a spec are the rule in clusters. */
    twins: some(fc.nat(), 3),
    sites: fc.array(site, { minLength: 1, maxLength: 5 }),
    steps: fc.array(step, { maxLength: 16 }),
  }),
)
export type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never
