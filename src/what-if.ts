import type { Cluster, Node, NodeGroup } from './domain/cluster.js'
import type { Goal } from './domain/goal.js'
import type { NodeOption, Plan } from './domain/plan.js'
import type { NodeUse, PodGain } from './domain/recommendation.js'
import type { Finding } from './domain/snapshot.js'
import { bytes, podSlots } from './domain/units.js'
import { PREFIX_NOT_APPLIED } from './model/capacity/cni-findings.js'
import type { CniDetection } from './model/capacity/cni.js'
import type { TypeLookup } from './model/capacity/live-node.js'
import type { ClusterCapacity } from './model/capacity/of-cluster.js'
import { addressesOfNode, type AddressCheck } from './model/capacity/plan-addresses.js'
import type { PackGroup } from './pack/problem.js'
import { isPacked, type PackState } from './pack/state.js'
import type { PlanMaker, WholeLimits } from './plan-maker.js'
import { prefixWhatIf, slotBoundGroups, worthOf, type PrefixAnswer } from './recommend/prefix-what-if.js'
import type { Candidate, ScenarioContext } from './recommend/scenarios.js'

/** Why turning prefix delegation on would not change what nodes may run, or undefined. */
function whyNoPrefixes({ plugin, mode, addressing, overridden, groupsBehind }: CniDetection): string | undefined {
  if (overridden) return `the report is made for another CNI mode already (${mode})`
  if (plugin !== undefined && plugin !== 'aws-node') return `${plugin} gives pods their addresses, not the VPC CNI`
  switch (addressing) {
    case 'secondary-ip':
    case 'custom-networking':
      return undefined
    case 'prefix-delegation':
    case 'custom-networking-prefix':
      return groupsBehind.length > 0 ? undefined : 'prefix delegation is on already'
    case 'ipv6':
      return 'pods have IPv6 addresses, which come from prefixes already'
    case 'auto-mode':
      return 'EKS Auto Mode manages prefixes by itself'
    case 'overlay':
      return 'pods have addresses of an overlay network, not of the VPC'
    case 'fixed':
    case 'unknown':
      return 'which network plugin gives pods their addresses is not known'
    default:
      return addressing satisfies never
  }
}

type Capacities = {
  readonly cluster: Cluster
  readonly asIs: ClusterCapacity
  readonly prefixed: ClusterCapacity
  readonly lookup: TypeLookup
}

/** Groups whose kubelets could be told the number that prefixes allow. */
const couldChange = ({ owner, template, name }: NodeGroup, { cni }: ClusterCapacity): boolean =>
  owner !== 'fargate' &&
  owner !== 'hybrid' &&
  owner !== 'other-cloud' &&
  owner !== 'eks-auto-mode' &&
  template.os !== 'windows' &&
  (cni.groupsBehind.length === 0 || cni.groupsBehind.includes(name))

/** How many more pods the nodes of each group and type could run; types that gain nothing are left out. */
function podGains({ cluster, asIs, prefixed, lookup }: Capacities, bound: ReadonlySet<string>): PodGain[] {
  return cluster.groups
    .filter((group) => couldChange(group, asIs))
    .flatMap((group) => {
      const workers = group.nodes.filter(({ controlPlane }) => !controlPlane)
      const types = [...new Set(workers.flatMap(({ instanceType }) => instanceType ?? []))].sort()
      return types.flatMap((name): PodGain[] => {
        const type = lookup(name)
        if (type === undefined) return []
        const nodes = workers.filter(({ instanceType }) => instanceType === name)
        const podsNow = Math.min(...nodes.map(({ allocatable }) => allocatable.pods))
        const podsThen: number = prefixed.modelFor(group)(type).allocatable.pods
        return podsThen <= podsNow
          ? []
          : [
              {
                group: group.name,
                instanceType: name,
                nodes: nodes.length,
                podsNow,
                podsThen,
                bound: bound.has(group.name),
              },
            ]
      })
    })
}

/** A node as it would come back: more pod slots, less memory where the image reserves some for each slot. */
function relaunched(node: Node, group: NodeGroup, { asIs, prefixed, lookup }: Capacities): Node {
  const type = node.instanceType === undefined ? undefined : lookup(node.instanceType)
  if (type === undefined || node.controlPlane) return node
  const before = asIs.modelFor(group)(type).allocatable
  const after = prefixed.modelFor(group)(type).allocatable
  if (after.pods <= node.allocatable.pods) return node
  const pods = podSlots(after.pods)
  const held = node.pods.reduce((sum, pod) => sum + pod.held.memory, 0)
  const memory = Math.min(
    node.allocatable.memory,
    Math.max(node.allocatable.memory - Math.max(before.memory - after.memory, 0), held),
  )
  return {
    ...node,
    capacity: { ...node.capacity, pods },
    allocatable: { ...node.allocatable, pods, memory: bytes(memory) },
  }
}

/** The cluster with all nodes of these groups replaced by such as know of prefixes; the others stay as they are. */
function withRelaunched(capacities: Capacities, groups: ReadonlySet<string>): Cluster {
  const { cluster } = capacities
  const changed = cluster.groups.map((group) =>
    groups.has(group.name)
      ? { ...group, nodes: group.nodes.map((node) => relaunched(node, group, capacities)) }
      : group,
  )
  const nodes = new Map(changed.flatMap((group) => group.nodes.map((node) => [node.name, node])))
  return { ...cluster, groups: changed, nodes: cluster.nodes.map((node) => nodes.get(node.name) ?? node) }
}

export type PrefixQuestion = {
  readonly cluster: Cluster
  readonly capacity: ClusterCapacity
  readonly lookup: TypeLookup
  readonly state: PackState
  readonly use: ReadonlyMap<string, NodeUse>
  readonly goal: Goal
  readonly planMaker: PlanMaker
  readonly wholeLimits: WholeLimits
  readonly cheapest: Candidate | undefined
  readonly context: ScenarioContext
  readonly addressesIn: (cni: CniDetection) => AddressCheck
  readonly violationsOf: (plan: Plan, cluster: Cluster, mustPlace: PackState['mustPlace']) => readonly string[]
}

/**
 * A machine with the pod slots that prefixes allow. A kubelet that may run more already than AWS recommends with prefixes
 * keeps its number. Machines that were left out because another one beats them stay out: prefixes raise the number of
 * that other one at least as far.
 */
function withSlots(option: NodeOption, group: NodeGroup, { prefixed, lookup }: Capacities): NodeOption {
  const type = lookup(option.instanceType)
  if (type === undefined) return option
  const { capacity, allocatable, attachLimits, basis } = prefixed.modelFor(group)(type)
  return allocatable.pods <= option.allocatable.pods
    ? option
    : { ...option, capacity, allocatable, attachLimits, capacityBasis: basis }
}

/** The same packing problem with prefixes: new nodes of these groups, and those of today once relaunched. */
function planWithPrefixes(of: PrefixQuestion, capacities: Capacities, groups: ReadonlySet<string>): ScenarioContext {
  const cluster = withRelaunched(capacities, groups)
  const nodes = new Map(cluster.nodes.map((node) => [node.name, node]))
  const { problem, mustPlace } = of.state
  const packGroups = problem.groups.map((packGroup): PackGroup => {
    const group = groups.has(packGroup.name) ? cluster.groups.find(({ name }) => name === packGroup.name) : undefined
    return group === undefined
      ? packGroup
      : {
          ...packGroup,
          live: packGroup.live.map((live) => ({ ...live, node: nodes.get(live.node.name) ?? live.node })),
          options: packGroup.options.map((option) => withSlots(option, group, capacities)),
        }
  })
  const addresses = of.addressesIn(capacities.prefixed.cni)
  const { subnets } = problem.limits
  const takenBy = addressesOfNode(capacities.prefixed.cni, capacities.lookup)
  const limits = { ...problem.limits, subnets: subnets && { ...subnets, takenBy } }
  return {
    ...of.context,
    plans: of.planMaker.of({ ...problem, groups: packGroups, limits }, of.state, of.wholeLimits),
    violationsOf: (plan) => of.violationsOf(plan, cluster, mustPlace),
    subnetFaultsOf: addresses.faults,
    remarksOf: addresses.remarks,
  }
}

export type PrefixDelegation = PrefixAnswer & {
  /** Addresses with prefixes. */
  readonly addresses: AddressCheck
  /** What was found about the CNI, with what a setting that was not carried through costs. */
  readonly findings: readonly Finding[]
}

/** The what-if `prefix-delegation`. Only groups that are bound by pod slots are planned anew, if there is any. */
export function prefixDelegation(question: PrefixQuestion): PrefixDelegation {
  const { cluster, capacity, lookup, cheapest, goal } = question
  const prefixed = capacity.withPrefixes()
  const capacities: Capacities = { cluster, asIs: capacity, prefixed, lookup }
  const whyNot = whyNoPrefixes(capacity.cni)
  const bound = slotBoundGroups(cluster.nodes.filter(isPacked), question.use, cheapest)
  const gains = whyNot === undefined ? podGains(capacities, bound) : []
  const answer = prefixWhatIf({
    whyNot: whyNot ?? (gains.length === 0 ? 'no node could run more pods with prefixes' : undefined),
    gains,
    cheapest,
    goal,
    withPrefixes: () =>
      planWithPrefixes(question, capacities, new Set(gains.flatMap((gain) => (gain.bound ? [gain.group] : [])))),
  })
  const worth = worthOf(answer)
  return {
    ...answer,
    addresses: question.addressesIn(prefixed.cni),
    findings: capacity.cni.findings.map((finding) =>
      finding.code === PREFIX_NOT_APPLIED ? { ...finding, detail: `${finding.detail}; ${worth}` } : finding,
    ),
  }
}
