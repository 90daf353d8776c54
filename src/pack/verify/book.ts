import type { Cluster, Node } from '../../domain/cluster.js'
import type { Plan, PlanNode } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import {
  matchesNodeRules,
  matchesNodeTerms,
  unmetVolumeZones,
  untoleratedTaints,
  valueOf,
} from '../../domain/requirement.js'
import { shortfalls } from '../../domain/resources.js'
import type { Labels } from '../../domain/snapshot.js'
import type { Fault, Rule } from './world.js'

type Report = (rule: Rule, node: string, pod: string, detail: string) => void

/** Is the plan about this cluster at all: are its nodes what they are said to be, and is every pod there once? */
export function bookFaults(plan: Plan, cluster: Cluster, mustPlace: readonly Pod[]): Fault[] {
  const faults: Fault[] = []
  const report: Report = (rule, node, pod, detail) => {
    faults.push({ rule, node, pod, detail, about: detail })
  }
  const live = new Map(cluster.nodes.map((node) => [node.name, node]))
  const wanted = new Set(mustPlace.map(({ id }) => id))
  checkNodes(plan.nodes, live, report)
  checkPlaces(plan, wanted, new Set(cluster.pods.map(({ id }) => id)), report)
  for (const node of plan.nodes) {
    if (node.action === 'new') checkDaemonSets(node, cluster, report)
    else checkResidents(node, live.get(node.name), wanted, report)
  }
  return faults
}

function checkNodes(nodes: readonly PlanNode[], live: ReadonlyMap<string, Node>, report: Report): void {
  const seen = new Set<string>()
  for (const node of nodes) {
    if (seen.has(node.name)) report('UnknownNode', node.name, '', 'the plan has two nodes of this name')
    seen.add(node.name)
    const today = live.get(node.name)
    if (node.action === 'new') {
      if (today !== undefined) report('UnknownNode', node.name, '', 'a new node has the name of one that exists')
    } else if (today === undefined) {
      report('UnknownNode', node.name, '', 'the plan keeps a node that the cluster does not have')
    } else {
      for (const difference of differences(node, today)) report('UnknownNode', node.name, '', difference)
    }
  }
}

/** A file of nodes always names the host, though a live node may lack that label. */
const HOST_NAME = 'kubernetes.io/hostname'

function* differences(node: PlanNode, today: Node): Generator<string> {
  if (node.labels !== today.labels) {
    for (const key of new Set([...Object.keys(node.labels), ...Object.keys(today.labels)])) {
      const [planned, real] = [valueOf(node.labels, key), valueOf(today.labels, key)]
      if (planned === real || (key === HOST_NAME && real === undefined && planned === node.name)) continue
      yield `label ${key} is ${planned ?? 'absent'} in the plan and ${real ?? 'absent'} in the cluster`
    }
  }
  const taints = (one: PlanNode | Node): string =>
    one.taints
      .map(({ key, value, effect }) => `${key}=${value}:${effect}`)
      .sort()
      .join(', ') || 'none'
  if (taints(node) !== taints(today))
    yield `its taints are ${taints(node)} in the plan and ${taints(today)} in the cluster`
  if (node.unschedulable !== today.unschedulable)
    yield `it is ${node.unschedulable ? '' : 'not '}cordoned in the plan and ${today.unschedulable ? '' : 'not '}so in the cluster`
  for (const { resource, by } of shortfalls(today.allocatable, node.allocatable))
    yield `the plan gives it ${by} more allocatable ${resource} than it has`
  for (const { resource, by } of shortfalls(node.allocatable, today.allocatable))
    yield `the plan gives it ${by} less allocatable ${resource} than it has`
  if (node.providerId !== today.providerId)
    yield `its providerID is ${node.providerId || 'absent'} in the plan and ${today.providerId || 'absent'} in the cluster`
}

function checkPlaces(plan: Plan, wanted: ReadonlySet<string>, known: ReadonlySet<string>, report: Report): void {
  const places = new Map<string, string>()
  for (const { name, pods } of plan.nodes)
    for (const { id } of pods) {
      const other = places.get(id)
      if (other !== undefined) report('PlacedTwice', name, id, `the plan also places it on ${other}`)
      else if (!wanted.has(id) && !known.has(id)) report('MissingPod', name, id, 'no such pod exists')
      places.set(id, name)
    }
  for (const { name, residentPods, action } of plan.nodes)
    for (const { id } of action === 'keep' ? residentPods : []) {
      const place = places.get(id)
      if (place !== undefined) report('PlacedTwice', name, id, `it comes with this node and is placed on ${place}`)
      else if (wanted.has(id))
        report('MissingPod', name, id, 'it needs a place, but is counted with what the node brings')
    }
  const left = new Set<string>()
  for (const { pod } of plan.unplaced) {
    left.add(pod.id)
    const place = places.get(pod.id)
    if (place !== undefined) report('PlacedTwice', place, pod.id, 'the plan places it, and lists it as left over')
  }
  for (const id of wanted)
    if (!places.has(id) && !left.has(id))
      report('MissingPod', '', id, 'the plan neither places it nor lists it as left over')
}

/** What runs on a kept node and needs no place stays there and takes its room. */
function checkResidents(node: PlanNode, today: Node | undefined, wanted: ReadonlySet<string>, report: Report): void {
  const here = new Set([...node.residentPods, ...node.pods].map(({ id }) => id))
  for (const { id } of today?.pods ?? [])
    if (!wanted.has(id) && !here.has(id))
      report('MissingPod', node.name, id, 'it runs on this node, which the plan keeps')
}

/** A new node runs every DaemonSet whose rules match it. Their pods are known by their workload. */
function checkDaemonSets(node: PlanNode, { daemonSets }: Cluster, report: Report): void {
  const running = new Set(node.residentPods.map(({ workload }) => workload))
  for (const { id, pod } of daemonSets)
    if (!running.has(pod.workload) && runsOn(pod, node))
      report('MissingPod', node.name, id, 'this DaemonSet would run on the node, which the plan has not counted')
}

/** A pod that waits for a volume is made there too, but takes up nothing. */
const runsOn = ({ spec, volumes }: Pod, node: { name: string; labels: Labels } & Pick<PlanNode, 'taints'>): boolean =>
  matchesNodeRules(spec.nodeSelector, spec.requiredNodeTerms, node) &&
  untoleratedTaints(node.taints, spec.tolerations).length === 0 &&
  volumes.problems.length === 0 &&
  volumes.nodeTerms.every((terms) => matchesNodeTerms(terms, node)) &&
  unmetVolumeZones(volumes.zoneLabels, node.labels).length === 0
