import type { NodeObject, Taint } from '../domain/snapshot.js'

/** Taints that say how a node is right now, by the reason for which nothing new may be put on it; most telling first. */
const CLOSING: readonly (readonly [key: RegExp, reason: string])[] = [
  [/^karpenter\.sh\/(disrupted|disruption)$/, 'being disrupted'],
  [/^ToBeDeletedByClusterAutoscaler$/, 'being removed by the Cluster Autoscaler'],
  [/^aws-node-termination-handler\//, 'being interrupted'],
  [/^node\.kubernetes\.io\/out-of-service$/, 'out of service'],
  [/^node\.cloudprovider\.kubernetes\.io\/shutdown$/, 'shut down'],
  [/^node\.kubernetes\.io\/unreachable$/, 'unreachable'],
  [/^node\.cloudprovider\.kubernetes\.io\/uninitialized$/, 'starting'],
  [/^karpenter\.sh\/unregistered$/, 'starting'],
  [/\/agent-not-ready$/, 'starting'],
  [/^node\.kubernetes\.io\/not-ready$/, 'not ready'],
]

const OTHER_TRANSIENT: readonly RegExp[] = [
  /^node\.kubernetes\.io\/(unschedulable|memory-pressure|disk-pressure|pid-pressure|network-unavailable)$/,
  /^DeletionCandidateOfClusterAutoscaler$/,
  /^(startup|status|ignore)-taint\.cluster-autoscaler\.kubernetes\.io\//,
]

/**
 * Taints of start-up and of conditions: they come and go with the state of one node, so that neither its group's name
 * nor a new node of the group has them.
 */
export const isTransientTaint = (taint: Taint): boolean =>
  CLOSING.some(([key]) => key.test(taint.key)) || OTHER_TRANSIENT.some((key) => key.test(taint.key))

/** Why no new pod may be put on a node; undefined where nothing speaks against it. */
export function closedReason({ metadata, spec, status }: NodeObject): string | undefined {
  if (metadata.deletedAt !== undefined) return 'being deleted'
  const hard = spec.taints.filter(({ effect }) => effect !== 'PreferNoSchedule')
  const byTaint = CLOSING.find(([key]) => hard.some((taint) => key.test(taint.key)))?.[1]
  if (byTaint !== undefined && byTaint !== 'not ready' && byTaint !== 'starting') return byTaint
  if (status.ready === 'Unknown') return 'unreachable'
  if (status.ready === 'False') return 'not ready'
  if (byTaint !== undefined) return byTaint
  const cordoned = spec.unschedulable || hard.some(({ key }) => key === 'node.kubernetes.io/unschedulable')
  return cordoned ? 'cordoned' : undefined
}
