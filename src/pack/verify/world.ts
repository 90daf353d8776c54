import type { Cluster, Node } from '../../domain/cluster.js'
import type { FilterName, Plan, PlanNode } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Resources } from '../../domain/resources.js'
import type { Labels, NamespaceObject, Taint } from '../../domain/snapshot.js'

/** What a plan can do wrong: the scheduler's filters, and what a plan promises beyond them. */
export type Rule = FilterName | 'MissingPod' | 'PlacedTwice' | 'UnknownNode' | 'ClosedNode' | 'SharedClaim'

export type Fault = {
  readonly pod: string
  readonly node: string
  readonly rule: Rule
  /** What exactly the rule speaks of (a resource, a port, a term), without counts: equal today and after the plan. */
  readonly about: string
  readonly detail: string
}

/** `resident`: comes with the node. `stays`: runs there today. `comes`: the plan puts it there. */
export type Tenant = { readonly pod: Pod; readonly as: 'resident' | 'stays' | 'comes' }

export type Host = {
  readonly name: string
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  readonly allocatable: Resources
  readonly attachLimits: Readonly<Record<string, number>>
  /** Why nothing may be put there, or undefined. */
  readonly closed: string | undefined
  readonly tenants: readonly Tenant[]
}

/** Nodes with everything on them at one moment, and the pods that the rules are asked about. */
export type World = {
  readonly hosts: readonly Host[]
  readonly namespaces: readonly NamespaceObject[]
  readonly isJudged: (tenant: Tenant) => boolean
}

/** A pod that stays is counted as it is held, one that comes as its spec asks. */
export const demandOf = ({ pod, as }: Tenant): Resources => (as === 'comes' ? pod.needed : pod.held)

/** The state that a plan ends in. Pods are taken from `truth` by their ids, whatever the plan says they are. */
export function plannedWorld(plan: Plan, cluster: Cluster, truth: ReadonlyMap<string, Pod>): World {
  const live = new Map(cluster.nodes.map((node) => [node.name, node]))
  return {
    hosts: plan.nodes.map((node) => plannedHost(node, node.action === 'keep' ? live.get(node.name) : undefined, truth)),
    namespaces: cluster.namespaces,
    isJudged: ({ as }) => as !== 'resident',
  }
}

function plannedHost(node: PlanNode, live: Node | undefined, truth: ReadonlyMap<string, Pod>): Host {
  const kept = node.action === 'keep'
  const known = (pod: Pod): Pod => truth.get(pod.id) ?? pod
  const { name, labels, taints, unschedulable, allocatable } = node
  return {
    name,
    labels,
    taints,
    unschedulable,
    allocatable,
    attachLimits: live?.attachLimits ?? node.attachLimits ?? {},
    closed: live?.closed ?? (node.packed ? undefined : 'no plan fills such nodes'),
    tenants: [
      // What new nodes run are templates: their ids may be those of live pods elsewhere.
      ...node.residentPods.map((pod): Tenant => ({ pod: kept ? known(pod) : pod, as: 'resident' })),
      ...node.pods.map(known).map((pod): Tenant => ({ pod, as: kept && pod.nodeName === name ? 'stays' : 'comes' })),
    ],
  }
}

/** The cluster as it stands. */
export const todaysWorld = ({ nodes, namespaces }: Cluster, judged: ReadonlySet<string>): World => ({
  hosts: nodes.map((node) => ({ ...node, tenants: node.pods.map((pod): Tenant => ({ pod, as: 'stays' })) })),
  namespaces,
  isJudged: ({ pod }) => judged.has(pod.id),
})
