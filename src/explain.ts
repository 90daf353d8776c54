import { readReportFolder } from './collect/report-folder.js'
import { readSnapshot } from './collect/snapshot-file.js'
import { attachLimits } from './check-plan.js'
import type { Cluster } from './domain/cluster.js'
import type { Refusal } from './domain/plan.js'
import type { Pod } from './domain/pod.js'
import type { Resources } from './domain/resources.js'
import type { Snapshot } from './domain/snapshot.js'
import { FailureError } from './failure.js'
import { closest } from './likeness.js'
import { buildCluster } from './model/build-cluster.js'
import { fitnessInPlan, fitnessToday, type Verdict } from './pack/fitness.js'
import type { Progress } from './progress.js'
import { amountText, explanationText, type ExplainedNode } from './report/explanation.js'
import { writtenPlan } from './written-plan.js'

export type ExplainQuestion = {
  /** `namespace/name`. */
  readonly pod: string
  readonly snapshots: readonly string[]
  /** Folder of the report whose plan is asked about; undefined: the cluster as it stands. */
  readonly report: string | undefined
  readonly format: 'table' | 'json'
}

/** The answer of `explain`: which nodes take the pod, and every rule by which the others refuse it. */
export async function explainPod(question: ExplainQuestion, progress: Progress): Promise<string> {
  const { snapshots, report, format } = question
  const written = report === undefined ? undefined : await readReportFolder(report)
  const snapshot = await readSnapshot(snapshots, (objects) => progress.show(`read ${objects} objects`))
  const cluster = buildCluster(snapshot, { name: undefined, region: undefined })
  const pod = findPod(question.pod, cluster, snapshot)
  const verdicts =
    written === undefined
      ? fitnessToday(pod, cluster)
      : fitnessInPlan(pod, writtenPlan(written, cluster, await attachLimits(cluster, snapshot)).plan, cluster)
  progress.clear()
  const where = report === undefined ? 'the cluster' : `the plan in ${report}`
  const nodes = verdicts.map((verdict) => explained(verdict, pod))
  const place = verdicts.find(({ here }) => here)?.site.name
  const about = [...aboutPod(pod, place, report !== undefined), ...schedulerSays(pod, snapshot)]
  return explanationText({ about, where, nodes }, format)
}

const gateText = ({ spec }: Pod): string | undefined =>
  spec.schedulingGates.length === 0
    ? undefined
    : `held back by scheduling gate ${spec.schedulingGates.join(', ')} until that is removed`

function explained({ site, here, free, refusals }: Verdict, pod: Pod): ExplainedNode {
  const gate = gateText(pod)
  const told = [
    ...(gate === undefined ? [] : [{ rule: 'SchedulingGates', detail: gate }]),
    ...refusals.map((refusal) => ruleOf(refusal, pod.needed, free, site.allocatable)),
  ]
  return { node: site.name, fits: told.length === 0, here, free, refusals: told }
}

function ruleOf(refusal: Refusal, needed: Resources, free: Resources, all: Resources) {
  if (refusal.kind === 'rule') return { rule: refusal.filter, detail: refusal.detail }
  const detail = refusal.shortfalls.map(({ resource, by }) => {
    const text = (of: Resources): string => amountText(resource, amountOf(of, resource))
    return `${resource}: asks for ${text(needed)}, ${text(free)} free of ${text(all)}, ${amountText(resource, by)} short`
  })
  return { rule: 'NodeResourcesFit', detail: detail.join('; ') }
}

function amountOf(resources: Resources, name: string): number {
  switch (name) {
    case 'cpu':
    case 'memory':
    case 'pods':
      return resources[name]
    case 'ephemeral-storage':
      return resources.ephemeralStorage
    default:
      return resources.extended[name] ?? 0
  }
}

/** What is to be known of the pod before the nodes are read. */
function aboutPod(pod: Pod, place: string | undefined, planned: boolean): string[] {
  const { id, phase, nodeName, needed, role, spec, owner, unreadable } = pod
  const asks = ['cpu', 'memory', 'ephemeral-storage', ...Object.keys(needed.extended)].flatMap((resource) => {
    const amount = amountOf(needed, resource)
    return amount > 0 ? [`${amountText(resource, amount)} ${resource}`] : []
  })
  const gate = gateText(pod)
  const lines = [
    nodeName === '' ? `${id} is ${phase || 'Pending'} on no node.` : `${id} is ${phase} on ${nodeName}.`,
    ...(planned ? [place === undefined ? 'The plan has no node for it.' : `The plan has it on ${place}.`] : []),
    `It asks for ${asks.join(', ') || 'nothing'}${asks.length > 0 ? ' and a pod slot' : ' but a pod slot'}.`,
    ...(role === 'ordinary' ? [] : [ROLES[role]]),
    ...(gate === undefined ? [] : [`It is ${gate}: no node takes it before.`]),
    ...(pod.terminating ? ['It is being deleted.'] : []),
    ...(spec.schedulerName === '' || spec.schedulerName === 'default-scheduler'
      ? []
      : [`Its scheduler is ${spec.schedulerName}, which may have rules of its own.`]),
    ...(spec.resourceClaims.length === 0
      ? []
      : [`Its resource claims (${spec.resourceClaims.join(', ')}) are not judged here.`]),
    ...(unreadable === undefined
      ? []
      : [`A request of it cannot be read (${unreadable}): it is judged by the others.`]),
    ...(owner === undefined && role === 'ordinary' ? ['It has no controller: deleted, it does not come back.'] : []),
    ...(place === undefined ? [] : ['It is taken off that node (*) before any node is judged.']),
  ]
  return lines
}

/** What the cluster's own scheduler has told about a pending pod. */
function schedulerSays(pod: Pod, { pods }: Snapshot): string[] {
  const object = pods.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === pod.id)
  const message = object?.status.unschedulable ?? ''
  return pod.nodeName !== '' || message === '' ? [] : [`Its scheduler says: ${message}`]
}

const ROLES = {
  daemon: 'It belongs to a DaemonSet, whose controller pins each pod to one node by its name.',
  static: 'It is a static pod: the kubelet of its node runs it without asking the scheduler.',
  fargate: 'It runs on Fargate, which makes a node for it alone.',
} as const

function findPod(wanted: string, cluster: Cluster, snapshot: Snapshot): Pod {
  const pod = cluster.pods.find(({ id }) => id === wanted)
  if (pod !== undefined) return pod
  const finished = snapshot.pods.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === wanted)
  if (finished !== undefined)
    throw new FailureError({
      kind: 'bad-option',
      name: 'POD',
      got: wanted,
      want: `a pod that has not finished (this one has ${finished.status.phase})`,
    })
  const near = closest(
    wanted,
    cluster.pods.map(({ id }) => id),
  )
  const form = wanted.includes('/') ? 'a pod of the snapshot' : 'NAMESPACE/POD'
  const like = near.length === 0 ? '' : `, such as ${near.join(' or ')}`
  throw new FailureError({ kind: 'bad-option', name: 'POD', got: wanted, want: `${form}${like}` })
}
