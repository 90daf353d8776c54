import type { PriceBook } from './domain/catalog.js'
import type { Bill, Cluster } from './domain/cluster.js'
import type { Commitments } from './domain/commitments.js'
import type { Plan } from './domain/plan.js'
import type { Finding, Snapshot } from './domain/snapshot.js'
import type { ClusterCapacity } from './model/capacity/of-cluster.js'
import { needsNoPlace } from './model/movability.js'
import { memoryDoubts } from './recommend/certainty.js'
import { commitmentFindings } from './recommend/commitment-findings.js'
import { growthBeyond, type Growth } from './recommend/growth.js'
import { nodeUsageFindings } from './recommend/node-usage.js'
import { processorFindings } from './recommend/processors.js'
import { quotaGrowth } from './recommend/quota-growth.js'
import { usageFindings } from './recommend/usage.js'

/** What every figure of a report rests on, for people. */
export function assumptions(
  cluster: Cluster,
  capacity: ClusterCapacity,
  book: PriceBook,
  guardRailWords: string,
): string[] {
  return [
    'A month is 730 hours; prices are list prices before tax, discounts, Reserved Instances and Savings Plans.',
    'Pods stay in their node group; new nodes have the labels, taints and kubelet settings of their group.',
    `Max pods: ${capacity.cni.mode} (${capacity.cni.evidence.join('; ')}).`,
    `A node's cost is divided between CPU and memory by ${book.coreAndMemoryRates().basis}.`,
    `Spot: ${book.spotPriceNote}.`,
    `Guard rails: ${guardRailWords}.`,
    'New nodes are of no older generation than their group has today; burstable, flex, bare metal and special-purpose types only where the group has them.',
    'refill_unplaced_pods replays kube-scheduler with all hard filters, the scores of its default profile but that for images, up to ten seeded orders and, after each, rollouts of three Deployments with 25 % surge and 25 % unavailable (the defaults of Kubernetes); preemption and scaling are left out, and a pod that no machine on offer could hold stays where it runs.',
    ...(cluster.region === undefined ? ['The region is not known: nothing can be priced. Pass --region.'] : []),
  ]
}

const finding = (code: string, subject: string, detail: string): Finding => ({ code, subject, detail })

/** Pods that need no place, and nodes of which type or capacity type is not known. */
export function clusterFindings(cluster: Cluster, book: PriceBook): Finding[] {
  return [
    ...cluster.pods.flatMap((pod) => {
      const why = pod.role === 'ordinary' ? needsNoPlace(pod) : undefined
      return why === undefined
        ? []
        : [finding('needs-no-place', pod.id, `${why}: it takes room now and needs no place in a plan`)]
    }),
    ...cluster.nodes.flatMap(({ name, instanceType, owner, capacityType }) => {
      if (owner === 'other-cloud' || owner === 'hybrid' || owner === 'fargate') return []
      if (instanceType === undefined)
        return [finding('unknown-instance-type', name, 'no label names the instance type')]
      if (book.type(instanceType) === undefined)
        return [finding('unknown-instance-type', name, `${instanceType} is not in the catalog`)]
      return capacityType === undefined
        ? [finding('capacity-type-assumed', name, 'no label says how it is paid for: taken as on-demand')]
        : []
    }),
  ]
}

/** What may come beyond the pods of today, by autoscalers and within quotas. */
export function growthOf(
  plan: Plan | undefined,
  { workloads, pods }: Cluster,
  { resourceQuotas }: Pick<Snapshot, 'resourceQuotas'>,
): Growth {
  const [scaled, allowed] = [growthBeyond(plan, workloads), quotaGrowth(plan, pods, resourceQuotas)]
  return { notes: [...scaled.notes, ...allowed.notes], findings: [...scaled.findings, ...allowed.findings] }
}

/** What the recommended plan does not count: growth, what pods use beside what they request, what is committed to. */
export const planFindings = ({
  plan,
  cluster,
  snapshot,
  growth,
  commitments,
}: {
  readonly plan: Plan | undefined
  readonly cluster: Cluster
  readonly snapshot: Snapshot
  readonly growth: Growth
  readonly commitments: Commitments | undefined
}): Finding[] => [
  ...growth.findings,
  ...processorFindings(plan, cluster),
  ...usageFindings(plan, cluster.workloads, snapshot.podUsage),
  ...nodeUsageFindings(cluster.nodes, snapshot.nodeUsage),
  ...commitmentFindings(commitments),
]

/** Nodes of EKS Auto Mode whose price is the instance's alone, because no fee of their type is known. */
export const feeFindings = ({ nodes }: Cluster, bill: Bill): Finding[] =>
  nodes.flatMap(({ name, owner }) => {
    const price = bill.nodes.get(name)
    if (owner !== 'eks-auto-mode' || price?.kind !== 'known') return []
    return price.instanceRate === undefined || price.instanceRate === price.rate
      ? [finding('auto-mode-fee-unknown', name, AUTO_MODE_FEE)]
      : []
  })

const AUTO_MODE_FEE =
  'its price lacks the fee of EKS Auto Mode, which comes on top of every instance: it is not in the price catalog, and AWS gave none'

/** Kubelet settings that failed, and new nodes that are filled closer than their memory is known. */
export function capacityFindings(
  plan: Plan | undefined,
  cluster: Cluster,
  capacity: ClusterCapacity,
  book: PriceBook,
): Finding[] {
  const planned = plan?.nodes ?? []
  const types = new Map(
    cluster.groups.map(({ name }) => [
      name,
      [
        ...new Set(
          [...cluster.nodes, ...planned].flatMap((node) => (node.group === name ? (node.instanceType ?? []) : [])),
        ),
      ]
        .sort()
        .flatMap((type) => book.type(type) ?? []),
    ]),
  )
  const groups = new Map(cluster.groups.map((group) => [group.name, group]))
  return [
    ...capacity.failedSettings(types),
    ...memoryDoubts(planned, (node) => {
      const group = groups.get(node.group)
      const type = node.instanceType === undefined ? undefined : book.type(node.instanceType)
      if (group === undefined || type === undefined) return 0
      const { uncertaintyMib, heldBackMib } = capacity.modelFor(group)(type)
      return uncertaintyMib - heldBackMib
    }),
  ]
}
