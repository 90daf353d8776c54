import { pathToFileURL } from 'node:url'
import type { Cluster } from '../src/domain/cluster.js'
import type { Plan, PlanNode } from '../src/domain/plan.js'
import type { Pod } from '../src/domain/pod.js'
import { shortfalls, sum } from '../src/domain/resources.js'
import { podSlots } from '../src/domain/units.js'
import { verifyPlan } from '../src/pack/verify.js'
import { keptNode, makeCluster, makeNode, makePlan, newNode } from '../test/pack/make-plan.js'
import { makePod, makeSite, resources } from '../test/pack/make.js'
import { podSpec } from '../test/helpers/objects.js'

/**
 * How long a plan of 150,000 pods on 5,000 nodes takes to check, with 10 % of the pods under spread or anti-affinity.
 * The baseline adds up requests node by node, as objects, and compares them with what is allocatable: what a check of
 * nothing but resources would cost on the same machine.
 */
export type VerifyBench = {
  readonly pods: number
  readonly nodes: number
  readonly violations: number
  readonly inherited: number
  readonly seconds: number
  readonly baselineSeconds: number
  readonly ratio: number
  readonly microsecondsPerPod: number
  readonly peakRssMiB: number
}

/** A multiple of the zones, so that a workload that starts over at the first node is still spread. */
const NODES = 5_001
const PODS_PER_NODE = 30
const DAEMONS = 4
const ZONES = ['a', 'b', 'c']
const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'
const LIMIT_SECONDS = 10

const ruleOf = (workload: number): object => {
  const labelSelector = { matchLabels: { app: `app-${workload}` } }
  switch (workload % 20) {
    case 0:
      return {
        topologySpreadConstraints: [
          { labelSelector, topologyKey: ZONE, maxSkew: 1, matchLabelKeys: ['pod-template-hash'] },
          { labelSelector, topologyKey: HOST, maxSkew: 1 },
        ],
      }
    case 10: {
      const terms = [{ labelSelector, topologyKey: HOST, namespaceSelector: workload % 40 === 10 ? {} : undefined }]
      return { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } }
    }
    default:
      return workload % 4 === 1 ? { nodeSelector: { pool: 'main' } } : {}
  }
}

/** Workloads of 1 to 99 replicas; every third is a StatefulSet, whose pods each have a label of their own and a volume. */
function* pods(count: number): Generator<Pod> {
  const needed = resources(100, 256)
  for (let workload = 0, made = 0; made < count; workload += 1) {
    const namespace = `team-${workload % 200}`
    const example = makePod('', { namespace, needed })
    const spec = podSpec(ruleOf(workload))
    const replicas = Math.min(1 + ((workload * 37) % 99), count - made)
    for (let replica = 0; replica < replicas; replica += 1, made += 1) {
      const name = `app-${workload}-${replica}`
      const stateful = workload % 3 === 0
      yield {
        ...example,
        id: `${namespace}/${name}`,
        name,
        spec,
        labels: {
          app: `app-${workload}`,
          'pod-template-hash': `${workload}`,
          ...(stateful ? { 'statefulset.kubernetes.io/pod-name': name } : {}),
        },
        volumes: stateful
          ? {
              ...example.volumes,
              attachments: [{ driver: 'ebs', handle: name }],
              sharedClaims: [`${namespace}/${name}`],
            }
          : example.volumes,
      }
    }
  }
}

const siteOf = (index: number) => ({
  ...makeSite(`node-${index}`, { [ZONE]: ZONES[index % 3] ?? '', pool: 'main', 'kubernetes.io/arch': 'amd64' }),
  allocatable: resources(PODS_PER_NODE * 100 + 200, PODS_PER_NODE * 256 + 512, { pods: podSlots(58) }),
  attachLimits: { ebs: 26 },
})

/** Replicas go to one node after the other, so that they are spread; every second node is a new one. */
function makeInput(): { plan: Plan; cluster: Cluster; mustPlace: readonly Pod[] } {
  const daemons = Array.from({ length: DAEMONS }, (_, index) =>
    makePod(`agent-${index}`, { namespace: 'kube-system', role: 'daemon', needed: resources(50, 128) }),
  )
  const placed: Pod[][] = Array.from({ length: NODES }, () => [])
  const mustPlace: Pod[] = []
  let at = 0
  for (const pod of pods(NODES * PODS_PER_NODE)) {
    const index = at++ % NODES
    const running: Pod = { ...pod, nodeName: `node-${index}` }
    placed[index]?.push(running)
    mustPlace.push(running)
  }
  const live = placed.map((here, index) => {
    // A taint that came later: what runs there stays, and is checked once more against today.
    const taints = index % 100 === 0 ? [{ key: 'late', value: '', effect: 'NoSchedule' }] : []
    const agents = daemons.map((daemon): Pod => ({ ...daemon, id: `${daemon.id}-${index}`, nodeName: `node-${index}` }))
    return makeNode({ ...siteOf(index), taints }, [], { pods: [...here, ...agents] })
  })
  const nodes = live.map((node, index): PlanNode => {
    const here = placed[index] ?? []
    return index % 2 === 0
      ? keptNode(node, { pods: here, residentPods: node.pods.slice(here.length) })
      : newNode(
          { ...siteOf(index), name: `new-${index}`, labels: { ...siteOf(index).labels, [HOST]: `new-${index}` } },
          { pods: here, residentPods: daemons },
        )
  })
  return { plan: makePlan(nodes), cluster: makeCluster(live), mustPlace }
}

/** Requests of each node added up, and nothing else. */
const overCommitted = ({ nodes }: Plan): number =>
  nodes.filter(({ allocatable, pods: placed, residentPods }) => {
    const used = sum([...placed, ...residentPods].map(({ needed }) => needed))
    return shortfalls(allocatable, used).length > 0
  }).length

function timed<Value>(run: () => Value): { readonly value: Value; readonly seconds: number } {
  const start = process.hrtime.bigint()
  const value = run()
  return { value, seconds: Number(process.hrtime.bigint() - start) / 1e9 }
}

export function benchVerify(): VerifyBench {
  const input = makeInput()
  const baseline = timed(() => overCommitted(input.plan))
  const { value: found, seconds } = timed(() => verifyPlan(input))
  const wrong = found.filter(({ inherited }) => !inherited)
  if (baseline.value > 0 || wrong.length > 0)
    throw new Error(`the plan of the benchmark should be sound: ${JSON.stringify(wrong.slice(0, 3))}`)
  const count = input.mustPlace.length
  return {
    pods: count,
    nodes: input.plan.nodes.length,
    violations: wrong.length,
    inherited: found.length,
    seconds,
    baselineSeconds: baseline.seconds,
    ratio: seconds / baseline.seconds,
    microsecondsPerPod: (seconds * 1e6) / count,
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = benchVerify()
  console.log(
    [
      `verify: ${result.pods} pods on ${result.nodes} nodes in ${result.seconds.toFixed(2)} s`,
      `(${result.microsecondsPerPod.toFixed(1)} µs per pod, limit ${LIMIT_SECONDS} s),`,
      `${result.ratio.toFixed(1)} × a check of resources alone (${result.baselineSeconds.toFixed(2)} s);`,
      `${result.inherited} inherited violations, ${result.violations} others; peak RSS ${result.peakRssMiB} MiB`,
    ].join(' '),
  )
  if (result.seconds > LIMIT_SECONDS) process.exitCode = 1
}
