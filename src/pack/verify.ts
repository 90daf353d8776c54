import type { Cluster } from '../domain/cluster.js'
import type { Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { bookFaults } from './verify/book.js'
import { capacityFaults } from './verify/capacity.js'
import { claimFaults } from './verify/claims.js'
import { nodeFaults } from './verify/node-rules.js'
import { topologyFaults } from './verify/between-pods.js'
import { plannedWorld, todaysWorld, type Fault, type Rule, type World } from './verify/world.js'

/** A rule that a plan breaks. */
export type Violation = {
  /** `namespace/name` of the pod, or empty for a rule about a whole node or the whole plan. */
  readonly pod: string
  /** Empty for a pod without a node. */
  readonly node: string
  readonly rule: Rule
  /** With numbers, for people. */
  readonly detail: string
  /** Broken in the same way today, for the same pod on the same node: not the plan's doing. */
  readonly inherited: boolean
}

/**
 * Checks a finished plan by itself: this file and its folder share only the domain with the search, so that what one
 * gets wrong the other does not.
 *
 * It judges the state that the plan ends in, whatever order the pods come in: a pod breaks a filter of kube-scheduler
 * 1.36 (`kubernetes/kubernetes pkg/scheduler/framework/plugins`) if that filter would refuse it where it is, with
 * everything else in its place. Beyond the filters: every pod of `mustPlace` has exactly one place or is listed as left
 * over, nothing comes to a closed node, pods that share a ReadWriteOnce claim are together, kept nodes are those of the
 * cluster, new ones run its DaemonSets.
 *
 * `cluster` is the one that the plan was made for: a what-if hands over its altered cluster. Pods are read from
 * `mustPlace`, then from the cluster, by their ids. Sorted by node, pod, rule and detail; empty: nothing is wrong.
 */
export function verifyPlan(input: {
  readonly plan: Plan
  readonly cluster: Cluster
  readonly mustPlace: readonly Pod[]
}): Violation[] {
  const { plan, cluster, mustPlace } = input
  const truth = new Map([...cluster.pods, ...mustPlace].map((pod) => [pod.id, pod]))
  const faults = faultsOf(plannedWorld(plan, cluster, truth))
  const old = brokenToday(faults, cluster, truth)
  const found = [
    ...bookFaults(plan, cluster, mustPlace).map((fault) => violation(fault, false)),
    ...faults.map((fault) => violation(fault, old.has(identity(fault)))),
  ]
  return [...new Map(found.map((one) => [sortKey(one), one]))]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, one]) => one)
}

const faultsOf = (world: World): Fault[] => [
  ...nodeFaults(world),
  ...capacityFaults(world),
  ...claimFaults(world),
  ...topologyFaults(world),
]

/** Of these faults, those that the cluster has today, before any plan. */
function brokenToday(faults: readonly Fault[], cluster: Cluster, truth: ReadonlyMap<string, Pod>): ReadonlySet<string> {
  const suspects = faults.filter(({ pod, node }) => pod === '' || truth.get(pod)?.nodeName === node)
  if (suspects.length === 0) return new Set()
  const today = todaysWorld(cluster, new Set(suspects.map(({ pod }) => pod)))
  return new Set(faultsOf(today).map(identity))
}

const identity = ({ pod, node, rule, about }: Fault): string => JSON.stringify([pod, node, rule, about])

const violation = ({ pod, node, rule, detail }: Fault, inherited: boolean): Violation => ({
  pod,
  node,
  rule,
  detail,
  inherited,
})

const sortKey = ({ node, pod, rule, detail }: Violation): string => JSON.stringify([node, pod, rule, detail])
