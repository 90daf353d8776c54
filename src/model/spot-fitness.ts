import type { Node } from '../domain/cluster.js'
import type { Pod, Workload } from '../domain/pod.js'
import type { SpotFitness } from '../domain/recommendation.js'
import { valueOf } from '../domain/requirement.js'
import type { ControllerObject, Labels, Taint } from '../domain/snapshot.js'
import { boundOf, budgetsOf, desiredHealthy, type BudgetIndex } from './budgets.js'
import { podWishes, scratchAtRisk } from './pod-annotations.js'
import { spotConstraint, toleratedByName } from './spot-constraint.js'
import { configuredFitness, type SpotWords } from './spot-words.js'

export type SpotContext = {
  /** The node of a pod, by name. */
  readonly nodes: ReadonlyMap<string, Pick<Node, 'capacityType'>>
  readonly budgets: BudgetIndex
  /** `spotOnlyTaints` of all nodes. */
  readonly spotTaints: readonly Taint[]
  readonly now: string | undefined
  /** The workload's own controller; undefined where the input does not hold it. */
  readonly controller: ControllerObject | undefined
  /** Jobs that show how long a run takes: a CronJob's, or the Job itself. */
  readonly runs: readonly ControllerObject[]
  readonly namespaceAnnotations: Labels
  /** The user's `--spot-eligible` and `--spot-ineligible`. */
  readonly words?: SpotWords | undefined
}

/** A rule's word on a workload; undefined: it has none, ask the next. */
type Rule = (workload: Workload, context: SpotContext) => SpotFitness | undefined

const yes = (reason: string): SpotFitness => ({ eligible: true, reason })
const no = (reason: string): SpotFitness => ({ eligible: false, reason })

const LONGEST_RUN_MINUTES = 30
const LONGEST_GRACE_SECONDS = 120
const LONGEST_START_SECONDS = 300
const DEFAULT_GRACE_SECONDS = 30

/** Components without which the cluster, or all traffic into it, stops. */
const COMPONENTS: readonly (readonly [name: RegExp, what: string])[] = [
  [/(^|-)(cluster-autoscaler|karpenter|keda-operator)(-|$)/, 'autoscaler'],
  [/(^|-)(coredns|kube-dns|nodelocaldns|node-local-dns)(-|$)/, 'cluster DNS'],
  [/(^|-)csi(-|$)/, 'storage driver'],
  [/(^|-)(aws-node|calico|cilium|tigera-operator|multus|antrea)(-|$)/, 'network plugin'],
  [
    /(^|-)(ingress-nginx|nginx-ingress|ingress-controller|ingress-controllers|ingressgateway|traefik|aws-load-balancer-controller|contour|envoy-gateway)(-|$)/,
    'ingress controller',
  ],
]

/** Kinds whose pods a controller replaces one for one: judged as a Deployment is. */
const REPLICATED = ['Deployment', 'ReplicaSet', 'ReplicationController', 'Rollout', 'DeploymentConfig', 'CloneSet']

/** No plan moves these: DaemonSets and static pods come with a node of any kind. */
const unmoved: Rule = ({ kind, pods }) => {
  if (kind === 'DaemonSet') return yes('follows its node')
  if (pods.length === 0) return undefined
  if (pods.every(({ role }) => role === 'daemon' || role === 'static')) return yes('follows its node')
  return pods.some(({ role }) => role === 'fargate') ? no('runs on Fargate') : undefined
}

/** The scheduler obeys node rules whatever an annotation says, so these come first. */
const constraint: Rule = ({ pods }) => {
  const found = pods.map(({ spec }) => spotConstraint(spec)).find((one) => one !== undefined)
  if (found === undefined) return undefined
  return found.spot ? yes(`explicitly on spot by ${found.rule}`) : no(`explicitly on-demand by ${found.rule}`)
}

/** Of those who have a say, whoever says no is heard first. */
const override: Rule = (workload, { controller, namespaceAnnotations, words: said }) => {
  const { pods } = workload
  const configured = configuredFitness(workload, said)
  if (configured?.eligible === false) return configured
  const own = [controller?.metadata.annotations ?? {}, ...pods.map(({ annotations }) => annotations)]
  const words = own.map((annotations) => valueOf(annotations, 'k8s-cost/spot'))
  if (words.includes('false')) return { ...no('annotation k8s-cost/spot=false'), refused: true }
  if (configured !== undefined) return configured
  if (words.includes('true')) return yes('annotation k8s-cost/spot=true')
  const ready = [...own, namespaceAnnotations].some((one) => valueOf(one, 'spot.kubecost.com/spot-ready') === 'true')
  return ready ? yes('annotation spot.kubecost.com/spot-ready=true') : undefined
}

const onSpotToday: Rule = ({ pods }, { nodes }) => {
  const bound = pods.filter(({ nodeName }) => nodeName !== '')
  const all = bound.length > 0 && bound.every(({ nodeName }) => nodes.get(nodeName)?.capacityType === 'spot')
  return all ? yes('runs on spot today') : undefined
}

const tolerated: Rule = ({ pods }, { spotTaints }) => {
  const taint = pods.map(({ spec }) => toleratedByName(spec, spotTaints)).find((one) => one !== undefined)
  if (taint === undefined) return undefined
  return yes(`tolerates the taint ${taint.key}${taint.value === '' ? '' : `=${taint.value}`} of spot nodes`)
}

const component: Rule = ({ namespace, name, pods }) => {
  if (namespace === 'kube-system') return no('kube-system')
  const priority = pods.map(({ spec }) => spec.priorityClassName).find((one) => one.startsWith('system-'))
  if (priority !== undefined) return no(`priority class ${priority}`)
  const names = [name, ...pods.map(({ labels }) => valueOf(labels, 'app.kubernetes.io/name') ?? '')]
  const what = COMPONENTS.find(([pattern]) => names.some((one) => pattern.test(one)))?.[1]
  return what === undefined ? undefined : no(`cluster component: ${what}`)
}

const diskOf = ({ volumes }: Pod): string | undefined =>
  volumes.sharedClaims[0] ?? volumes.exclusiveClaims[0] ?? volumes.inTreeVolumes[0]

const stateful: Rule = ({ kind, pods }) => {
  if (pods.some(({ owner }) => owner === undefined)) return no('pod without a controller')
  const disk = pods.map(diskOf).find((one) => one !== undefined)
  if (kind === 'StatefulSet') return no(disk === undefined ? 'StatefulSet' : 'StatefulSet with zonal volumes')
  return disk === undefined ? undefined : no(`ReadWriteOnce volume ${disk}`)
}

const held: Rule = ({ pods }, { now }) => {
  const wishes = pods.map((pod) => podWishes(pod, now))
  const hold = wishes.map(({ karpenter }) => karpenter?.annotation).find((one) => one !== undefined)
  if (hold !== undefined) return no(`annotation ${hold}`)
  const bound = wishes.some(({ safeToEvict }) => safeToEvict === 'no' || safeToEvict === 'on completion')
  return bound ? no('marked as not safe to evict') : undefined
}

/** Minutes of the middle one of the runs that have ended. */
function typicalRun(runs: readonly ControllerObject[]): number | undefined {
  const minutes = runs
    .map(({ startTime, completionTime }) => (Date.parse(completionTime ?? '') - Date.parse(startTime ?? '')) / 60_000)
    .filter((one) => !Number.isNaN(one))
    .sort((a, b) => a - b)
  return minutes[Math.floor(minutes.length / 2)]
}

/** The API server fills in `backoffLimit` (6), so an absent one is not known. */
const job: Rule = ({ kind }, { controller, runs }) => {
  if (kind !== 'Job' && kind !== 'CronJob') return undefined
  const retries = controller?.backoffLimit
  if (retries === undefined) return no(`${kind} whose retries are not known`)
  if (retries === 0) return no(`${kind} without retries (backoffLimit 0)`)
  const typical = typicalRun(runs)
  if (typical === undefined) return no(`${kind} whose run time is not known`)
  const text = `${kind} that runs for ${Math.max(1, Math.round(typical))} min`
  return typical < LONGEST_RUN_MINUTES ? yes(`${text} and is retried`) : no(text)
}

const fewest = ({ replicas, minReplicas, pods }: Workload): number =>
  minReplicas ?? replicas ?? pods.filter(({ terminating }) => !terminating).length

/** What makes a replicated workload a `maybe`: not eligible without somebody's word. */
const replicated: Rule = (workload, { budgets, controller, now }) => {
  const { kind, pods } = workload
  if (!REPLICATED.includes(kind)) return no(`kind ${kind} is not judged`)
  const count = fewest(workload)
  const scaled = workload.minReplicas !== undefined
  if (count < 2 && scaled) return no(`its autoscaler may leave ${count === 1 ? 'a single replica' : 'no replica'}`)
  if (count < 2) return no(count === 1 ? 'single replica' : 'no replica')
  for (const pod of pods) {
    const covering = budgetsOf(budgets, pod)
    for (const budget of covering) {
      const needed = desiredHealthy(budget, count)
      if (needed === undefined) return no(`PDB ${budget.metadata.name} is not clear (${boundOf(budget)})`)
      if (needed * 2 > count) return no(`PDB needs ${needed} of ${count}`)
    }
    const grace = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    if (grace > LONGEST_GRACE_SECONDS)
      return no(`takes up to ${grace} s to stop; spot gives ${LONGEST_GRACE_SECONDS} s`)
    const [scratch] = scratchAtRisk(pod, podWishes(pod, now))
    if (scratch !== undefined) return no(`would lose ${scratch}`)
  }
  const start = controller?.minReadySeconds ?? 0
  if (start >= LONGEST_START_SECONDS) return no(`takes ${start} s to become available`)
  return yes(`${kind} with ${scaled ? `at least ${count} replicas (its autoscaler's minimum)` : `${count} replicas`}`)
}

const RULES: readonly Rule[] = [
  unmoved,
  constraint,
  override,
  onSpotToday,
  tolerated,
  component,
  stateful,
  held,
  job,
  replicated,
]

/**
 * Is a workload fit for spot nodes? The policy of k8s-cost, first rule that has a word wins: what its owners say (node
 * rules, configuration, annotations, where it runs today, which taints it tolerates), then what speaks against it, then what a Job or a
 * replicated workload needs to get through an interruption. A `maybe` is not eligible; the reason says what is missing.
 */
export function spotFitness(workload: Workload, context: SpotContext): SpotFitness {
  for (const rule of RULES) {
    const word = rule(workload, context)
    if (word !== undefined) return word
  }
  return no('not judged')
}
