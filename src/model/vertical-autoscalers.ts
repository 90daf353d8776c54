import type { Pod, Workload } from '../domain/pod.js'
import { milliValueOf, parseQuantity, valueOf } from '../domain/quantity.js'
import type { Resources } from '../domain/resources.js'
import type { Finding, VerticalAutoscalerObject } from '../domain/snapshot.js'
import { bytes, GIBIBYTE, milliCpu } from '../domain/units.js'

/** What a recommendation would change for one pod: millicores and bytes. */
type Change = { readonly cpu: number; readonly memory: number }

/** What is recommended less what is requested, over the containers that it is about. */
function changeOf(pod: Pod, { targets }: VerticalAutoscalerObject): Change | undefined {
  let [cpu, memory] = [0, 0]
  let told = false
  for (const { container, requests } of targets) {
    const now = pod.spec.containers.find(({ name }) => name === container)
    if (now === undefined) continue
    const difference = (resource: string, of: (quantity: bigint) => number): number => {
      const wanted = parseQuantity(requests[resource] ?? '')
      if (wanted === undefined) return 0
      told = true
      return of(wanted) - of(parseQuantity(now.requests[resource] ?? '') ?? 0n)
    }
    cpu += difference('cpu', milliValueOf)
    memory += difference('memory', valueOf)
  }
  return told ? { cpu, memory } : undefined
}

/**
 * Requests of all pods of a workload together, as a Vertical Pod Autoscaler of any mode recommends them, by the
 * workload's key; what it says nothing about stays as requested. Of several for one workload, the first by name counts.
 */
export function recommendedRequests(
  autoscalers: readonly VerticalAutoscalerObject[],
  workloads: readonly Workload[],
): ReadonlyMap<string, Pick<Resources, 'cpu' | 'memory'>> {
  const recommended = new Map<string, Pick<Resources, 'cpu' | 'memory'>>()
  if (autoscalers.length === 0) return recommended
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]))
  const ordered = [...autoscalers].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  for (const autoscaler of ordered) {
    const key = targetOf(autoscaler)
    const changes = byKey.get(key)?.pods.map((pod) => ({ pod, change: changeOf(pod, autoscaler) })) ?? []
    if (recommended.has(key) || changes.every(({ change }) => change === undefined)) continue
    const total = (of: (amounts: Change) => number): number =>
      changes.reduce((sum, { pod, change }) => sum + of(pod.held) + (change === undefined ? 0 : of(change)), 0)
    recommended.set(key, { cpu: milliCpu(total(({ cpu }) => cpu)), memory: bytes(total(({ memory }) => memory)) })
  }
  return recommended
}

const targetOf = ({ metadata, targetKind, targetName }: VerticalAutoscalerObject): string =>
  `${metadata.namespace}/${targetKind}/${targetName}`

const signed = (value: number): string => (value > 0 ? `+${value}` : String(value))
const oneDecimal = (value: number): number => Math.round(value * 10) / 10 || 0

function effect({ cpu, memory }: Change, pods: number): string {
  const [cores, gib] = [oneDecimal((cpu * pods) / 1000), oneDecimal((memory * pods) / GIBIBYTE)]
  if (cores === 0 && gib === 0) return 'its recommendation is about what is requested now'
  return `its recommendation is ${signed(cores)} CPU and ${signed(gib)} GiB for its ${pods} pod${pods === 1 ? '' : 's'}`
}

/** Only at their creation, or at any time: by eviction, or in place where the cluster can. */
const meaning = (updateMode: string): string =>
  updateMode === 'Initial'
    ? 'sets the requests of new pods, so pods that a plan moves may come back larger or smaller'
    : 'changes the requests of running pods at any time, and of every pod that a plan moves'

/**
 * Workloads whose requests change by themselves under a plan that is packed for those of today. In mode Off a Vertical
 * Pod Autoscaler only recommends (kubernetes/autoscaler vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1).
 */
export function verticalFindings(
  autoscalers: readonly VerticalAutoscalerObject[],
  workloads: readonly Workload[],
): readonly Finding[] {
  const active = autoscalers.filter(({ updateMode }) => updateMode !== 'Off')
  if (active.length === 0) return []
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]))
  return active.flatMap((autoscaler) => {
    const { metadata, updateMode } = autoscaler
    const workload = byKey.get(targetOf(autoscaler))
    const live = workload?.pods.filter(({ terminating }) => !terminating) ?? []
    const [first] = live
    if (workload === undefined || first === undefined) return []
    const change = changeOf(first, autoscaler)
    const told = change === undefined ? 'it has no recommendation yet' : effect(change, live.length)
    return [
      {
        code: 'vpa-changes-requests',
        subject: workload.key,
        detail: `VerticalPodAutoscaler ${metadata.name} (mode ${updateMode}) ${meaning(updateMode)}; ${told}. Plans are packed for today's requests`,
      },
    ]
  })
}
