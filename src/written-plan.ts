import type { ReportFolder } from './collect/report-folder.js'
import type { Cluster, Node, NodeGroup } from './domain/cluster.js'
import type { Plan, PlanNode } from './domain/plan.js'
import type { Pod } from './domain/pod.js'
import { matchesNodeRules, matchesNodeTerms, untoleratedTaints, valueOf } from './domain/requirement.js'
import { sum } from './domain/resources.js'
import type { NodeObject, Taint } from './domain/snapshot.js'
import { FailureError } from './failure.js'
import { identify } from './model/identity.js'
import { needsNoPlace } from './model/movability.js'
import { resourcesOf } from './model/requests.js'
import { isPacked } from './pack/state.js'

/** Something that is wrong with the files themselves, before any rule of the scheduler is asked. */
export type Oddity = {
  /** `namespace/name`, or empty for a node. */
  readonly pod: string
  readonly node: string
  readonly rule: 'MissingPod' | 'PlacedTwice' | 'UnknownNode' | 'NeedsNoPlace' | 'RunningPodLeftOver'
  readonly detail: string
}

export type WrittenPlan = {
  readonly plan: Plan
  /** Pods that the placements must list, once each. */
  readonly mustPlace: readonly Pod[]
  readonly oddities: readonly Oddity[]
}

/** Volumes that a new node of this group and type may attach, by CSI driver. */
export type AttachLimitsOf = (group: NodeGroup, instanceType: string) => Readonly<Record<string, number>>

const NO_PRICE: PlanNode['price'] = { kind: 'unknown', why: 'a written plan is checked without prices' }

/** Why a pod is not among the placements, or undefined where it must be. */
const comesByItself = (pod: Pod): string | undefined =>
  pod.role === 'ordinary' ? needsNoPlace(pod) : `it is a ${pod.role} pod`

/**
 * The plan of a report's files, joined with the cluster of a snapshot: what the files do not say (which pods come with a
 * node, what they ask for) is taken from there. A node of the plan is kept where the cluster has one of its name, or
 * where it names an instance; all others are new, and run the DaemonSets that match them and their group's static pods.
 */
export function writtenPlan(report: ReportFolder, cluster: Cluster, attachLimitsOf: AttachLimitsOf): WrittenPlan {
  const pods = new Map(cluster.pods.map((pod) => [pod.id, pod]))
  const live = new Map(cluster.nodes.map((node) => [node.name, node]))
  refuseOtherCluster(report, pods, live)

  const oddities: Oddity[] = []
  const placed = placedPods(report, pods, oddities)
  const nodes = report.nodes.map((object) => {
    const here = placed.onNode.get(object.metadata.name) ?? []
    const today = live.get(object.metadata.name)
    // Of two nodes with one name, which is said elsewhere, the first has the pods.
    placed.onNode.delete(object.metadata.name)
    return today === undefined && object.spec.providerID === ''
      ? newNode(report, object, here, cluster, attachLimitsOf, oddities)
      : keptNode(report, object, here, today)
  })
  return {
    plan: {
      nodes,
      unplaced: placed.left.map((pod) => ({ pod, running: pod.nodeName !== '', reason: 'listed without a node' })),
      cost: { rate: 0 as Plan['cost']['rate'], unpriced: nodes.length },
    },
    mustPlace: cluster.pods.filter((pod) => comesByItself(pod) === undefined),
    oddities,
  }
}

/** A plan of another cluster would give thousands of violations that all say the same. */
function refuseOtherCluster(
  { folder, nodes, placements }: ReportFolder,
  pods: ReadonlyMap<string, Pod>,
  live: ReadonlyMap<string, Node>,
): void {
  const known = placements.filter(({ pod }) => pods.has(pod)).length
  if (placements.length === 0 ? nodes.some(({ metadata }) => live.has(metadata.name)) : known * 2 >= placements.length)
    return
  throw new FailureError({
    kind: 'bad-input',
    file: folder,
    problem: `is the plan of another cluster, or of another time: the snapshot has ${known} of its ${placements.length} pods`,
    fix: 'Pass the snapshot that the report was made from.',
  })
}

type Placed = { readonly onNode: Map<string, readonly Pod[]>; readonly left: readonly Pod[] }

function placedPods({ nodes, placements }: ReportFolder, pods: ReadonlyMap<string, Pod>, oddities: Oddity[]): Placed {
  const names = new Set(nodes.map(({ metadata }) => metadata.name))
  const onNode = new Map<string, Pod[]>()
  const left = new Map<string, Pod>()
  for (const { pod: id, node, line } of placements) {
    const pod = pods.get(id)
    const note = (rule: Oddity['rule'], detail: string): void => {
      oddities.push({ pod: id, node, rule, detail: `${detail} (line ${line} of placements.csv)` })
    }
    const reason = pod && comesByItself(pod)
    if (pod === undefined) note('MissingPod', 'the snapshot has no such pod')
    else if (reason !== undefined) note('NeedsNoPlace', `${reason} and needs no place in a plan`)
    else if (node === '') {
      if (left.has(id)) note('PlacedTwice', 'it is listed twice, both times without a node')
      else if (pod.nodeName !== '')
        note('RunningPodLeftOver', `it runs on ${pod.nodeName}, the plan has no node for it`)
      left.set(id, pod)
    } else if (!names.has(node)) note('UnknownNode', `the plan has no node ${node}`)
    else {
      const here = onNode.get(node)
      if (here === undefined) onNode.set(node, [pod])
      else here.push(pod)
    }
  }
  return { onNode, left: [...left.values()] }
}

/** What the file says of a node, kept or new. */
function written({ folder }: ReportFolder, { metadata, spec, status }: NodeObject) {
  const capacity = resourcesOf(status.capacity)
  const allocatable = resourcesOf(status.allocatable)
  const [flaw] = [...capacity.flaws, ...allocatable.flaws]
  if (flaw !== undefined)
    throw new FailureError({
      kind: 'bad-input',
      file: `${folder}/plan-nodes.json`,
      problem: `node ${metadata.name}: ${flaw.replace(/^node: /, '')}`,
      fix: 'Write the report again with k8s-cost analyze.',
    })
  return {
    name: metadata.name,
    labels: metadata.labels,
    taints: spec.taints,
    unschedulable: spec.unschedulable,
    providerId: spec.providerID,
    capacity: capacity.resources,
    allocatable: allocatable.resources,
    price: NO_PRICE,
  }
}

const identityOf = (object: NodeObject) => {
  const { owner, instanceType, zone, capacityType, architecture } = identify(object)
  return { owner, instanceType, zone, capacityType, architecture }
}

function keptNode(report: ReportFolder, object: NodeObject, pods: readonly Pod[], today: Node | undefined): PlanNode {
  const residentPods = (today?.pods ?? []).filter((pod) => comesByItself(pod) !== undefined)
  return {
    ...written(report, object),
    ...identityOf(object),
    action: 'keep',
    group: today?.group ?? '',
    attachLimits: today?.attachLimits ?? {},
    packed: today !== undefined && isPacked(today),
    residentPods,
    resident: sum(residentPods.map(({ held }) => held)),
    pods,
  }
}

function newNode(
  report: ReportFolder,
  object: NodeObject,
  pods: readonly Pod[],
  cluster: Cluster,
  attachLimitsOf: AttachLimitsOf,
  oddities: Oddity[],
): PlanNode {
  const node = written(report, object)
  const identity = identityOf(object)
  const group = groupOf(object, cluster.groups)
  const odd = (detail: string): void => {
    oddities.push({ pod: '', node: node.name, rule: 'UnknownNode', detail })
  }
  if (group === undefined) odd('no node group of the cluster makes nodes with such labels')
  else if (taintText(group.template.taints) !== taintText(node.taints))
    odd(
      `its taints are ${taintText(node.taints)}, those of its group ${group.name} are ${taintText(group.template.taints)}`,
    )
  const daemons = cluster.daemonSets
    .map(({ pod }) => pod)
    .filter(
      ({ spec, volumes }) =>
        matchesNodeRules(spec.nodeSelector, spec.requiredNodeTerms, node) &&
        untoleratedTaints(node.taints, spec.tolerations).length === 0 &&
        // Pods that wait for a volume take up nothing.
        volumes.problems.length === 0 &&
        volumes.nodeTerms.every((terms) => matchesNodeTerms(terms, node)),
    )
  const residentPods = [...daemons, ...(group?.template.staticPods ?? [])]
  return {
    ...node,
    ...identity,
    action: 'new',
    group: group?.name ?? '',
    attachLimits: (group && identity.instanceType && attachLimitsOf(group, identity.instanceType)) || {},
    packed: true,
    residentPods,
    resident: sum(residentPods.map((pod) => pod.needed)),
    pods,
  }
}

const taintText = (taints: readonly Taint[]): string =>
  taints
    .map(({ key, value, effect }) => `${key}=${value}:${effect}`)
    .sort()
    .join(', ') || 'none'

/** The group of whose own labels the node has all; of several the one with the most, then the one with its taints. */
function groupOf({ metadata, spec }: NodeObject, groups: readonly NodeGroup[]): NodeGroup | undefined {
  const ranked = groups
    .filter(({ template }) =>
      Object.entries(template.labels).every(([key, value]) => valueOf(metadata.labels, key) === value),
    )
    .map((group) => ({
      group,
      labels: Object.keys(group.template.labels).length,
      taints: taintText(group.template.taints) === taintText(spec.taints) ? 1 : 0,
    }))
    .sort((a, b) => b.labels - a.labels || b.taints - a.taints || (a.group.name < b.group.name ? -1 : 1))
  return ranked[0]?.group
}
