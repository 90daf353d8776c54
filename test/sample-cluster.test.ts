/**
 * The sample cluster, checked in plain code that shares nothing with the script that made it nor with src/: every
 * running pod may be where it is, and what the demo is meant to show is there.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

type Labels = Record<string, string>
type Expression = { key: string; operator: string; values?: string[] }
type NodeTerm = { matchExpressions?: Expression[]; matchFields?: Expression[] }
type Selector = { matchLabels?: Labels; matchExpressions?: Expression[] }
type Container = {
  name: string
  restartPolicy?: string
  resources: { requests?: Labels; limits?: Labels }
  ports?: { containerPort: number; hostPort?: number; protocol: string }[]
  env?: { name: string; value: string }[]
}
type PodSpec = {
  nodeName?: string
  priority: number
  hostNetwork?: boolean
  containers: Container[]
  initContainers?: Container[]
  nodeSelector?: Labels
  affinity?: {
    nodeAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeTerm[] }
      preferredDuringSchedulingIgnoredDuringExecution?: object[]
    }
    podAntiAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: { labelSelector: Selector; topologyKey: string }[]
      preferredDuringSchedulingIgnoredDuringExecution?: object[]
    }
  }
  tolerations?: { key?: string; operator?: string; value?: string; effect?: string }[]
  topologySpreadConstraints?: {
    maxSkew: number
    topologyKey: string
    whenUnsatisfiable: string
    labelSelector: Selector
  }[]
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[]
}
type Meta = {
  name: string
  uid: string
  namespace?: string
  labels?: Labels
  annotations?: Labels
  ownerReferences?: { kind: string; name: string; uid: string }[]
}
type Item<Kind extends string, Spec, Status> = {
  kind: Kind
  apiVersion: string
  metadata: Meta
  spec: Spec
  status: Status
}
type Pod = Item<'Pod', PodSpec, { phase: string; podIP?: string; conditions: { type: string; message?: string }[] }>
type Node = Item<
  'Node',
  { providerID: string; taints?: { key: string; value: string; effect: string }[] },
  {
    capacity: Labels
    allocatable: Labels
    conditions: { type: string; status: string }[]
    nodeInfo: { kubeletVersion: string; osImage: string }
  }
>
type Controller = Item<
  'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'DaemonSet' | 'Job',
  { replicas?: number; template: { spec: PodSpec } },
  { readyReplicas?: number; desiredNumberScheduled?: number }
>
type Budget = Item<
  'PodDisruptionBudget',
  { selector: Selector; maxUnavailable?: number | string; minAvailable?: number | string },
  { disruptionsAllowed: number; currentHealthy: number; desiredHealthy: number; expectedPods: number }
>
type Volume = Item<
  'PersistentVolume',
  {
    claimRef: { name: string; namespace: string }
    csi: { driver: string; volumeHandle: string }
    nodeAffinity: { required: { nodeSelectorTerms: NodeTerm[] } }
  },
  object
>
type CsiNode = Item<'CSINode', { drivers: { name: string; allocatable: { count: number } }[] }, object>
type Other = Item<'PersistentVolumeClaim' | 'StorageClass' | 'Namespace' | 'PriorityClass', object, object>
type List = { kind: string; apiVersion: string; items: (Pod | Node | Controller | Budget | Volume | CsiNode | Other)[] }

const POOL = 'orchard.example/pool'
const file = new URL('../data/sample-cluster.json.gz', import.meta.url)
const read = (): List => JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as List

function split({ items }: List) {
  const of = <Kind extends string>(...kinds: Kind[]) =>
    items.filter((item): item is Extract<(typeof items)[number], { kind: Kind }> =>
      (kinds as string[]).includes(item.kind),
    )
  const pods = of('Pod')
  return {
    pods,
    nodes: of('Node'),
    running: pods.filter((pod) => pod.spec.nodeName !== undefined && pod.status.phase === 'Running'),
    pending: pods.filter((pod) => pod.status.phase === 'Pending'),
    controllers: of('Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job') as Controller[],
    budgets: of('PodDisruptionBudget'),
    volumes: of('PersistentVolume'),
    csiNodes: of('CSINode'),
  }
}
type Cluster = ReturnType<typeof split>

const labelsOf = (object: { metadata: Meta }): Labels => object.metadata.labels ?? {}
const idOf = ({ metadata }: { metadata: Meta }): string => `${metadata.namespace ?? ''}/${metadata.name}`
const total = (numbers: readonly number[]): number => numbers.reduce((sum, next) => sum + next, 0)

/** Quantity to millicores or bytes. */
function quantity(text: string, resource: string): number {
  const [, digits, unit] = /^(\d+)(m|Ki|Mi|Gi)?$/.exec(text) ?? []
  if (digits === undefined) throw new Error(`not a canonical quantity: ${text}`)
  if (resource === 'cpu') return unit === 'm' ? Number(digits) : 1000 * Number(digits)
  return Number(digits) * { none: 1, m: Number.NaN, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[unit ?? 'none']!
}

/** Sidecars run with the containers; a plain init container runs alone beside the sidecars started before it. */
function request(pod: Pod, resource: 'cpu' | 'memory'): number {
  const of = (container: Container): number => quantity(container.resources.requests?.[resource] ?? '0', resource)
  const inits = pod.spec.initContainers ?? []
  const sidecars = (upTo: number): number =>
    total(inits.filter((each, at) => at < upTo && each.restartPolicy === 'Always').map(of))
  const start = inits.map((each, at) => sidecars(at) + of(each))
  return Math.max(total(pod.spec.containers.map(of)) + sidecars(inits.length), ...start)
}

const matchesExpression = (labels: Labels, { key, operator, values = [] }: Expression): boolean => {
  const value = labels[key]
  if (operator === 'In') return value !== undefined && values.includes(value)
  if (operator === 'DoesNotExist') return value === undefined
  throw new Error(`operator that the sample does not use: ${operator}`)
}
const matchesTerm = (node: Node, { matchExpressions = [], matchFields = [] }: NodeTerm): boolean =>
  matchExpressions.every((each) => matchesExpression(labelsOf(node), each)) &&
  matchFields.every((each) => matchesExpression({ 'metadata.name': node.metadata.name }, each))
const matchesSelector = (labels: Labels, { matchLabels = {}, matchExpressions = [] }: Selector): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every((each) => matchesExpression(labels, each))
const peers = (pod: Pod, others: readonly Pod[], selector: Selector): Pod[] =>
  others.filter(
    (other) => other.metadata.namespace === pod.metadata.namespace && matchesSelector(labelsOf(other), selector),
  )

const wants = (pod: Pod, node: Node): boolean => {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return (
    Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labelsOf(node)[key] === value) &&
    (terms === undefined || terms.some((term) => matchesTerm(node, term)))
  )
}
const tolerates = (pod: Pod, node: Node): boolean =>
  (node.spec.taints ?? []).every(
    (taint) =>
      taint.effect === 'PreferNoSchedule' ||
      (pod.spec.tolerations ?? []).some(
        ({ key, operator, value, effect }) =>
          (key === undefined ? operator === 'Exists' : key === taint.key) &&
          (operator === 'Exists' || (value ?? '') === taint.value) &&
          (effect === undefined || effect === taint.effect),
      ),
  )
const hostPorts = (pod: Pod): string[] =>
  [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always')]
    .flatMap((each) => each.ports ?? [])
    .flatMap(({ hostPort, protocol }) => (hostPort === undefined ? [] : [`${protocol} ${hostPort}`]))
const volumesOf = (pod: Pod, { volumes }: Cluster): Volume[] =>
  (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined
      ? []
      : volumes.filter(
          ({ spec }) => spec.claimRef.namespace === pod.metadata.namespace && spec.claimRef.name === claim.claimName,
        ),
  )

/** Required anti-affinity, both ways; the sample keeps pods apart by host only. */
function keepsApart(pod: Pod, here: readonly Pod[]): boolean {
  const terms = (each: Pod) => each.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const all = [pod, ...here].flatMap(terms)
  if (all.some(({ topologyKey }) => topologyKey !== 'kubernetes.io/hostname'))
    throw new Error('unexpected topology key')
  return (
    terms(pod).every(({ labelSelector }) => peers(pod, here, labelSelector).length === 0) &&
    here.every((other) => terms(other).every(({ labelSelector }) => peers(other, [pod], labelSelector).length === 0))
  )
}
function spreads(pod: Pod, node: Node, others: readonly Pod[], nodes: readonly Node[]): boolean {
  const strict = (pod.spec.topologySpreadConstraints ?? []).filter((each) => each.whenUnsatisfiable === 'DoNotSchedule')
  return strict.every(({ maxSkew, topologyKey, labelSelector }) => {
    const eligible = nodes.filter((each) => wants(pod, each))
    const domain = new Map(eligible.map((each) => [each.metadata.name, labelsOf(each)[topologyKey]]))
    const homes = peers(pod, others, labelSelector).map((other) => domain.get(other.spec.nodeName ?? ''))
    const count = (value: string | undefined): number => homes.filter((home) => home === value).length
    const lowest = Math.min(...[...new Set(domain.values())].map(count))
    return count(labelsOf(node)[topologyKey]) + 1 - lowest <= maxSkew
  })
}

/** Every rule that keeps this pod off this node, given where the other pods run. */
function refusals(pod: Pod, node: Node, cluster: Cluster): string[] {
  const others = cluster.running.filter((other) => other !== pod)
  const here = others.filter((other) => other.spec.nodeName === node.metadata.name)
  const { allocatable } = node.status
  const free = (resource: 'cpu' | 'memory'): number =>
    quantity(allocatable[resource] ?? '', resource) - total(here.map((other) => request(other, resource)))
  const taken = here.flatMap(hostPorts)
  const disks = volumesOf(pod, cluster)
  const attached = new Set(
    [pod, ...here].flatMap((each) => volumesOf(each, cluster)).map(({ spec }) => spec.csi.volumeHandle),
  )
  const limit = cluster.csiNodes.find((each) => each.metadata.name === node.metadata.name)?.spec.drivers[0]?.allocatable
    .count
  return Object.entries({
    selector: wants(pod, node),
    taints: tolerates(pod, node),
    ports: hostPorts(pod).every((port) => !taken.includes(port)),
    pods: here.length + 1 <= Number(allocatable['pods']),
    cpu: request(pod, 'cpu') <= free('cpu'),
    memory: request(pod, 'memory') <= free('memory'),
    attachments: limit !== undefined && attached.size <= limit,
    zone: disks.every(({ spec }) =>
      spec.nodeAffinity.required.nodeSelectorTerms.some((term) => matchesTerm(node, term)),
    ),
    'anti-affinity': keepsApart(pod, here),
    spread: spreads(pod, node, others, cluster.nodes),
  })
    .filter(([, holds]) => !holds)
    .map(([rule]) => rule)
}

/** What is wrong with the places of the running pods: empty in a cluster that could be. */
function misplaced(cluster: Cluster): string[] {
  const nodes = new Map(cluster.nodes.map((node) => [node.metadata.name, node]))
  return cluster.running.flatMap((pod) => {
    const node = nodes.get(pod.spec.nodeName ?? '')
    if (node === undefined) return [`${idOf(pod)}: no node`]
    return refusals(pod, node, cluster).map((rule) => `${idOf(pod)}: ${rule}`)
  })
}

const list = read()
const cluster = split(list)
const group = (name: string): Node[] => cluster.nodes.filter((node) => labelsOf(node)[POOL] === name)
const podsOn = (nodes: readonly Node[]): Pod[] => {
  const names = new Set(nodes.map((node) => node.metadata.name))
  return cluster.running.filter((pod) => names.has(pod.spec.nodeName ?? ''))
}
const share = (nodes: readonly Node[], resource: 'cpu' | 'memory'): number =>
  total(podsOn(nodes).map((pod) => request(pod, resource))) /
  total(nodes.map((node) => quantity(node.status.allocatable[resource] ?? '', resource)))
const ownedBy = (kind: string, name: string): Pod[] =>
  cluster.pods.filter((pod) =>
    pod.metadata.ownerReferences?.some((owner) => owner.kind === kind && owner.name === name),
  )
const typeOf = (node: Node): string => labelsOf(node)['node.kubernetes.io/instance-type'] ?? ''
const named = <Each extends { metadata: Meta }>(objects: readonly Each[], name: string): Each => {
  const found = objects.find((object) => object.metadata.name.startsWith(name))
  if (found === undefined) throw new Error(`the sample has no ${name}`)
  return found
}

function budgetsOver(pod: Pod): number {
  return cluster.budgets.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace && matchesSelector(labelsOf(pod), spec.selector),
  ).length
}

describe('the file', () => {
  it('is what the script makes, byte for byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sample-cluster-'))
    try {
      const out = join(folder, 'again.json.gz')
      const root = new URL('..', import.meta.url)
      execFileSync(process.execPath, ['tools/make-sample-cluster.mjs', '--out', out], { cwd: root, stdio: 'pipe' })
      expect(readFileSync(out).equals(readFileSync(file))).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('is small, and its gzip header names no time, file or system', () => {
    const bytes = readFileSync(file)
    expect(bytes.length).toBeLessThan(80 * 1024)
    expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255])
  })

  it('is one v1 List with the kinds that kubectl was asked for, each object once', () => {
    expect([list.apiVersion, list.kind]).toEqual(['v1', 'List'])
    expect([...new Set(list.items.map(({ kind }) => kind))]).toEqual([
      'Node',
      'Pod',
      'DaemonSet',
      'ReplicaSet',
      'Deployment',
      'StatefulSet',
      'Job',
      'PodDisruptionBudget',
      'PersistentVolume',
      'PersistentVolumeClaim',
      'StorageClass',
      'CSINode',
      'Namespace',
      'PriorityClass',
    ])
    expect(new Set(list.items.map((item) => `${item.kind} ${idOf(item)}`)).size).toBe(list.items.length)
    expect(new Set(list.items.map(({ metadata }) => metadata.uid)).size).toBe(list.items.length)
  })
})

describe('the nodes', () => {
  it('are six groups of 36 nodes over three zones', () => {
    const counts = cluster.nodes.map((node) => `${labelsOf(node)[POOL]} ${typeOf(node)}`)
    expect(
      Object.fromEntries([...new Set(counts)].sort().map((key) => [key, counts.filter((each) => each === key).length])),
    ).toEqual({
      'batch c6i.2xlarge': 2,
      'batch c6i.xlarge': 1,
      'batch m6i.2xlarge': 2,
      'batch m6i.xlarge': 1,
      'edge t3.medium': 6,
      'general m5.2xlarge': 10,
      'memory r5.xlarge': 5,
      'spot-workers m5.xlarge': 3,
      'spot-workers m5a.xlarge': 3,
      'system m5.large': 3,
    })
    for (const name of ['general', 'memory', 'spot-workers', 'edge', 'batch', 'system']) {
      const zones = new Set(group(name).map((node) => labelsOf(node)['topology.kubernetes.io/zone'] ?? ''))
      expect([name, ...[...zones].sort()]).toEqual([name, 'us-east-1a', 'us-east-1b', 'us-east-1c'])
    }
  })

  // MiB: EC2 memory, less what was measured to be lost to firmware and kernel, less 11 a pod + 255 + 100.
  it.each([
    ['m5.large', '1930m', 8192 - 559 - 674, '29', '76224326324'],
    ['m5.xlarge', '3920m', 16384 - 868 - 993, '58', '76224326324'],
    ['m5a.xlarge', '3920m', 16384 - 782 - 993, '58', '76224326324'],
    ['m5.2xlarge', '7910m', 32768 - 1149 - 993, '58', '76224326324'],
    ['r5.xlarge', '3920m', 32768 - 1148 - 993, '58', '76224326324'],
    ['t3.medium', '1930m', 4096 - 253 - 542, '17', '76224326324'],
    ['c6i.xlarge', '3920m', 8192 - 406 - 993, '58', '17933882132'],
    ['c6i.2xlarge', '7910m', 16384 - 673 - 993, '58', '17933882132'],
    ['m6i.xlarge', '3920m', 16384 - 672 - 993, '58', '17933882132'],
    ['m6i.2xlarge', '7910m', 32768 - 1205 - 993, '58', '17933882132'],
  ])('%s has the allocatable of its AMI family', (type, cpu, mib, pods, disk) => {
    const nodes = cluster.nodes.filter((node) => typeOf(node) === type)
    expect(nodes.length).toBeGreaterThan(0)
    for (const node of nodes) {
      expect(node.status.allocatable).toMatchObject({ cpu, memory: `${mib * 1024}Ki`, pods, 'ephemeral-storage': disk })
      expect(node.status.capacity['pods']).toBe(pods)
    }
  })

  it('say who they are: provider id, zone, cluster, owner, capacity type', () => {
    for (const node of cluster.nodes) {
      const labels = labelsOf(node)
      const zone = labels['topology.kubernetes.io/zone']
      expect(node.spec.providerID).toMatch(new RegExp(`^aws:///${zone}/i-0[0-9a-f]{16}$`))
      expect(labels['topology.ebs.csi.aws.com/zone']).toBe(zone)
      expect(node.status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
      expect(node.status.nodeInfo.kubeletVersion).toMatch(/^v1\.34\./)
      const managed = labels[POOL] !== 'batch'
      expect(node.status.nodeInfo.osImage).toMatch(managed ? /^Amazon Linux 2023\./ : /^Bottlerocket OS /)
      expect(labels['eks.amazonaws.com/nodegroup']).toBe(managed ? labels[POOL] : undefined)
      expect(labels['alpha.eksctl.io/cluster-name']).toBe(managed ? 'orchard-prod' : undefined)
      expect(labels['karpenter.sh/nodepool']).toBe(managed ? undefined : 'batch')
    }
    const spot = (node: Node): boolean =>
      labelsOf(node)['eks.amazonaws.com/capacityType'] === 'SPOT' ||
      labelsOf(node)['karpenter.sh/capacity-type'] === 'spot'
    expect(cluster.nodes.filter(spot).map((node) => labelsOf(node)[POOL])).toEqual(
      expect.arrayContaining(['spot-workers', 'batch']),
    )
    expect(group('spot-workers').every(spot)).toBe(true)
    expect(new Set(cluster.nodes.map(({ spec }) => spec.providerID)).size).toBe(36)
  })
})

describe('the running pods', () => {
  it('may all be where they are', () => {
    expect(cluster.running.length).toBeGreaterThan(400)
    expect(misplaced(cluster)).toEqual([])
  })

  it('would not pass these checks in a broken cluster', () => {
    const broken = (change: (cluster: Cluster) => void): string => {
      const copy = split(read())
      change(copy)
      return misplaced(copy).join('\n')
    }
    const sameNode = (pods: readonly Pod[], prefix: string): void => {
      const replicas = pods.filter((pod) => pod.metadata.name.startsWith(prefix))
      for (const pod of replicas) pod.spec.nodeName = replicas[0]!.spec.nodeName!
    }
    expect(broken(({ nodes }) => nodes.forEach((node) => (node.status.allocatable['cpu'] = '500m')))).toContain(': cpu')
    expect(broken(({ nodes }) => nodes.forEach((node) => (node.status.allocatable['memory'] = '1Gi')))).toContain(
      ': memory',
    )
    expect(broken(({ nodes }) => nodes.forEach((node) => (node.status.allocatable['pods'] = '16')))).toContain(
      'edge/market-',
    )
    expect(broken(({ nodes }) => nodes.forEach((node) => delete node.metadata.labels?.[POOL]))).toContain(': selector')
    expect(broken(({ pods }) => pods.forEach((pod) => delete pod.spec.tolerations))).toContain(': taints')
    expect(broken(({ pods }) => sameNode(pods, 'ingress-gateway'))).toContain(': ports')
    expect(broken(({ pods }) => sameNode(pods, 'payments'))).toMatch(/payments.*: anti-affinity/)
    expect(broken(({ pods }) => sameNode(pods, 'storefront-api'))).toMatch(/storefront-api.*: spread/)
    expect(broken(({ pods }) => sameNode(pods, 'order-db'))).toMatch(/order-db.*: zone/)
    expect(
      broken(({ csiNodes }) => csiNodes.forEach(({ spec }) => (spec.drivers[0]!.allocatable.count = 1))),
    ).toContain(': attachments')
  })

  it('of a DaemonSet are on every node that takes them, and on no other', () => {
    const sets = cluster.controllers.filter(({ kind }) => kind === 'DaemonSet')
    expect(sets.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['aws-node', 'kube-proxy', 'ebs-csi-node']),
    )
    for (const set of sets) {
      const pods = ownedBy('DaemonSet', set.metadata.name)
      const selector = Object.entries(set.spec.template.spec.nodeSelector ?? {})
      const expected = cluster.nodes.filter((node) => selector.every(([key, value]) => labelsOf(node)[key] === value))
      expect(pods.map((pod) => pod.spec.nodeName ?? '').sort()).toEqual(
        expected.map((node) => node.metadata.name).sort(),
      )
      expect(set.status.desiredNumberScheduled).toBe(expected.length)
    }
    expect(ownedBy('DaemonSet', 'spot-interruption-handler')).toHaveLength(6)
  })

  it('belong to controllers that are there and that count them', () => {
    const controllers = new Map(cluster.controllers.map((each) => [each.metadata.uid, each]))
    const owners = cluster.pods.map((pod) => controllers.get(pod.metadata.ownerReferences?.[0]?.uid ?? ''))
    expect(owners.filter((owner) => owner === undefined)).toHaveLength(1)
    const replicaSets = cluster.controllers.filter(({ kind }) => kind === 'ReplicaSet')
    const counting = [...replicaSets, ...cluster.controllers.filter(({ kind }) => kind === 'StatefulSet')]
    const pods = (each: Controller): number => owners.filter((owner) => owner === each).length
    expect(counting.map((each) => [idOf(each), pods(each)])).toEqual(
      counting.map((each) => [idOf(each), each.spec.replicas]),
    )
    const deployment = ({ metadata }: Controller) => controllers.get(metadata.ownerReferences?.[0]?.uid ?? '')
    expect(replicaSets.map((each) => [deployment(each)?.kind, deployment(each)?.spec.replicas])).toEqual(
      replicaSets.map((each) => ['Deployment', each.spec.replicas]),
    )
  })

  it('have what the API server fills in, and an address of their own unless they use that of the host', () => {
    const complete = ({ spec }: Pod): boolean =>
      Number.isInteger(spec.priority) &&
      (spec.volumes ?? []).some(({ name }) => name.startsWith('kube-api-access-')) &&
      spec.containers.every(({ resources: { limits = {}, requests = {} } }) =>
        Object.keys(limits).every((resource) => requests[resource] !== undefined),
      )
    expect(cluster.pods.filter((pod) => !complete(pod)).map(idOf)).toEqual([])
    const own = cluster.running.filter(({ spec }) => spec.hostNetwork !== true).map(({ status }) => status.podIP)
    expect(new Set(own).size).toBe(own.length)
    expect(own).not.toContain(undefined)
  })

  it('show every kind of rule that the analysis has to respect', () => {
    const count = (holds: (spec: PodSpec) => unknown): number =>
      cluster.running.filter(({ spec }) => Boolean(holds(spec))).length
    const strict = (spec: PodSpec): boolean =>
      (spec.topologySpreadConstraints ?? []).some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    const apart = (spec: PodSpec) => spec.affinity?.podAntiAffinity
    const nodes = (spec: PodSpec) => spec.affinity?.nodeAffinity
    const noRequest = (pod: Pod): boolean => request(pod, 'cpu') + request(pod, 'memory') === 0
    expect(count(strict)).toBeGreaterThan(25)
    expect(count((spec) => apart(spec)?.requiredDuringSchedulingIgnoredDuringExecution)).toBeGreaterThan(10)
    expect(count((spec) => apart(spec)?.preferredDuringSchedulingIgnoredDuringExecution)).toBeGreaterThan(10)
    expect(count((spec) => nodes(spec)?.preferredDuringSchedulingIgnoredDuringExecution)).toBeGreaterThan(10)
    expect(
      count((spec) => spec.initContainers?.some(({ restartPolicy }) => restartPolicy === 'Always')),
    ).toBeGreaterThan(10)
    expect(
      count((spec) => spec.initContainers?.some(({ restartPolicy }) => restartPolicy === undefined)),
    ).toBeGreaterThan(3)
    expect(cluster.running.filter((pod) => !pod.spec.hostNetwork && hostPorts(pod).length > 0)).toHaveLength(3)
    expect(
      cluster.running
        .filter(noRequest)
        .map(({ metadata }) => metadata.namespace ?? '')
        .sort(),
    ).toEqual(['platform', 'shop', 'shop'])
    expect(new Set(cluster.pods.map(({ status }) => status.phase))).toEqual(
      new Set(['Running', 'Succeeded', 'Failed', 'Pending']),
    )
    expect(cluster.volumes.length).toBeGreaterThan(10)
    const sizes = cluster.running.map((pod) => request(pod, 'cpu'))
    expect([sizes.includes(10), Math.max(...sizes)]).toEqual([true, 3000])
  })
})

describe('the demo', () => {
  it('has 400 to 500 pods on an over-provisioned cluster', () => {
    expect(cluster.pods.length).toBeGreaterThanOrEqual(400)
    expect(cluster.pods.length).toBeLessThanOrEqual(500)
    expect(share(cluster.nodes, 'cpu')).toBeGreaterThan(0.35)
    expect(share(cluster.nodes, 'cpu')).toBeLessThan(0.45)
    expect(share(cluster.nodes, 'memory')).toBeGreaterThan(0.3)
    expect(share(cluster.nodes, 'memory')).toBeLessThan(0.4)
    expect(share(group('general'), 'cpu')).toBeLessThan(0.45)
  })

  it('has an edge group without a free pod slot and with most of its CPU and memory idle', () => {
    for (const node of group('edge')) expect(podsOn([node])).toHaveLength(17)
    expect(share(group('edge'), 'cpu')).toBeLessThan(0.3)
    expect(share(group('edge'), 'memory')).toBeLessThan(0.3)
  })

  it('uses the VPC CNI in secondary IP mode', () => {
    const env = named(ownedBy('DaemonSet', 'aws-node'), 'aws-node').spec.containers[0]?.env ?? []
    expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toMatchObject({
      ENABLE_PREFIX_DELEGATION: 'false',
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'false',
      WARM_ENI_TARGET: '1',
      CLUSTER_NAME: 'orchard-prod',
    })
  })

  it('has a bare pod that alone keeps a large node', () => {
    const pod = named(cluster.running, 'forecast-backfill-debug')
    const node = named(cluster.nodes, pod.spec.nodeName ?? '')
    const others = podsOn([node]).filter((other) => other.metadata.ownerReferences?.[0]?.kind !== 'DaemonSet')
    expect(pod.metadata.ownerReferences).toBeUndefined()
    expect(pod.metadata.annotations?.['karpenter.sh/do-not-disrupt']).toBe('true')
    expect([typeOf(node), others]).toEqual(['m6i.2xlarge', [pod]])
  })

  it('has budgets whose status follows from their pods, and one that allows nothing', () => {
    const whole = (value: number | string, expected: number): number =>
      typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * expected) / 100)
    for (const { metadata, spec, status } of cluster.budgets) {
      const covered = cluster.pods.filter(
        (pod) => pod.metadata.namespace === metadata.namespace && matchesSelector(labelsOf(pod), spec.selector),
      )
      const expected = covered.length
      const healthy = covered.filter(({ status }) => status.phase === 'Running').length
      const desired =
        spec.minAvailable === undefined
          ? expected - whole(spec.maxUnavailable ?? 0, expected)
          : whole(spec.minAvailable, expected)
      expect({ name: metadata.name, ...status }).toMatchObject({
        name: metadata.name,
        expectedPods: expected,
        currentHealthy: healthy,
        desiredHealthy: desired,
        disruptionsAllowed: Math.max(0, healthy - desired),
      })
    }
    const blocking = cluster.budgets.filter(({ status }) => status.disruptionsAllowed === 0)
    expect(blocking.map(({ metadata, spec }) => [metadata.name, spec.maxUnavailable])).toEqual([['fraud-rules', 0]])
    const covering = cluster.running.map((pod) => budgetsOver(pod))
    expect(Math.max(...covering)).toBe(1)
  })

  it('has a pending pod that no node could ever take', () => {
    const pod = named(cluster.pending, 'visual-search-train')
    for (const node of cluster.nodes) expect(refusals(pod, node, cluster)).toContain('selector')
  })

  it('has a pending pod that lacks nothing but a pod slot, and fits once pods that need not be there have moved', () => {
    const pod = named(cluster.pending, 'market-pl')
    expect(cluster.pending).toHaveLength(2)
    expect(cluster.nodes.filter((node) => refusals(pod, node, cluster).length === 0).map(idOf)).toEqual([])
    for (const node of group('edge')) expect(refusals(pod, node, cluster)).toEqual(['pods'])
    const message = pod.status.conditions.find(({ type }) => type === 'PodScheduled')?.message
    expect(message).toContain('6 Too many pods')
    const guest = podsOn(group('edge')).find(
      ({ metadata, spec }) => metadata.namespace === 'edge' && spec.nodeSelector === undefined,
    )!
    const moved = { ...cluster, running: cluster.running.filter((other) => other !== guest) }
    expect(refusals(pod, named(cluster.nodes, guest.spec.nodeName ?? ''), moved)).toEqual([])
  })
})
