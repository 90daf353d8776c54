import type { Cluster, Node, NodeGroup } from '../domain/cluster.js'
import type { Pod } from '../domain/pod.js'
import type { Finding, KubeletSettings, NodeObject, Snapshot } from '../domain/snapshot.js'
import type { InstanceFacts } from './capacity-label.js'
import { daemonSets } from './daemon-set.js'
import { clusterName, groupNames } from './group-name.js'
import { identify } from './identity.js'
import { claimedNodes } from './node-claims.js'
import { buildPod, podPriorities, type PodContext } from './pod.js'
import { parseProviderId } from './provider-id.js'
import { resourcesOf } from './requests.js'
import { poolLimits } from './pool-limits.js'
import { nodeTemplate } from './template.js'
import { verticalFindings } from './vertical-autoscalers.js'
import { storageIndex } from './volumes.js'
import { workloadIndex } from './workload.js'

export type ClusterOptions = { readonly name: string | undefined; readonly region: string | undefined }

const TERMINAL_PHASES = new Set(['Succeeded', 'Failed'])

const byName = <Value extends { readonly name: string }>(a: Value, b: Value): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

/**
 * Joins what was observed to a cluster: nodes with their pods and owners, groups with their templates, workloads. What
 * does not join (a pod on a node that is not in the list, an unreadable quantity) becomes a finding.
 */
export function buildCluster(snapshot: Snapshot, options: ClusterOptions): Cluster {
  const findings: Finding[] = [...snapshot.findings, ...absentKinds(snapshot)]
  const nodeNames = new Set(snapshot.nodes.map(({ metadata }) => metadata.name))
  const clusterMinor = newestMinor(snapshot.nodes)
  const running = snapshot.pods.filter(({ status }) => !TERMINAL_PHASES.has(status.phase))

  const workloads = workloadIndex(snapshot.controllers, running)
  const fargate = new Set(
    snapshot.nodes.filter((node) => identify(node).owner === 'fargate').map(({ metadata }) => metadata.name),
  )
  const context: PodContext = {
    clusterMinor,
    storage: storageIndex(snapshot),
    workloadOf: workloads.keyOf,
    nodeIsFargate: (name) => fargate.has(name),
    priorityOf: podPriorities(snapshot.priorityClasses),
  }
  const pods = running.map((object) => knownNode(buildPod(object, context), nodeNames, findings))
  const onNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    if (pod.unreadable !== undefined)
      findings.push({
        code: 'unreadable-quantity',
        subject: pod.id,
        detail: `${pod.unreadable}; the pod stays where it is`,
      })
    if (pod.nodeName === '') continue
    const here = onNode.get(pod.nodeName)
    if (here === undefined) onNode.set(pod.nodeName, [pod])
    else here.push(pod)
  }

  const onEachNode = daemonSets(snapshot.controllers, running, {
    ...context,
    runtimeClasses: snapshot.runtimeClasses,
    limitRanges: snapshot.limitRanges,
  })
  findings.push(...onEachNode.findings)
  const nodes = buildNodes(snapshot, onNode, findings)
  const owners = workloads.workloads(pods, snapshot.autoscalers)
  findings.push(...verticalFindings(snapshot.verticalAutoscalers, owners))
  return {
    name: options.name ?? clusterName(snapshot.nodes) ?? nameByCniNodes(snapshot) ?? 'cluster',
    region: options.region ?? mostCommon(nodes.map(({ region }) => region)),
    version: clusterMinor === undefined ? undefined : `1.${clusterMinor}`,
    nodes,
    groups: buildGroups(nodes, snapshot, findings),
    pods: pods.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    workloads: owners,
    daemonSets: onEachNode.daemonSets,
    disruptionBudgets: snapshot.disruptionBudgets,
    namespaces: snapshot.namespaces,
    findings,
  }
}

/** The VPC resource controller writes it on what it makes, for nodes that have no label with it. */
const nameByCniNodes = ({ cniNodes }: Snapshot): string | undefined =>
  mostCommon(cniNodes.map(({ clusterName: name }) => name || undefined))

const absentKinds = (snapshot: Snapshot): Finding[] =>
  snapshot.absentKinds.map((kind) => ({
    code: 'kind-absent',
    subject: kind,
    detail: 'the input holds none: either the cluster has none, or it was not asked for',
  }))

/** Lists of nodes and pods are not one moment; a pod whose node is not in the list is treated as not bound. */
function knownNode(pod: Pod, nodeNames: ReadonlySet<string>, findings: Finding[]): Pod {
  if (pod.nodeName === '' || nodeNames.has(pod.nodeName)) return pod
  findings.push({ code: 'unknown-node', subject: pod.id, detail: `its node ${pod.nodeName} is not in the input` })
  return { ...pod, nodeName: '', unknownNode: pod.nodeName }
}

/** By id, and by name for nodes that name no instance. */
function instancesByNode({ aws }: Snapshot): ReadonlyMap<string, InstanceFacts> {
  if (aws?.instances.kind !== 'read') return new Map()
  return new Map(
    aws.instances.value.flatMap(({ lifecycle, capacityReservationId, ...rest }) =>
      [rest.id, ...(rest.nodeName === undefined ? [] : [rest.nodeName])].map((key) => [
        key,
        { lifecycle, capacityReservationId, ...rest },
      ]),
    ),
  )
}

function buildNodes(snapshot: Snapshot, onNode: ReadonlyMap<string, readonly Pod[]>, findings: Finding[]): Node[] {
  const claimed = claimedNodes(snapshot)
  findings.push(...claimed.findings)
  const groups = groupNames(claimed.nodes.map(({ labelled }) => labelled))
  const instances = instancesByNode(snapshot)
  const attachLimits = new Map(
    snapshot.csiNodes.map(({ metadata, drivers }) => [
      metadata.name,
      Object.fromEntries(
        drivers.flatMap(({ name, allocatableCount }) =>
          allocatableCount === undefined ? [] : [[name, allocatableCount]],
        ),
      ) as Record<string, number>,
    ]),
  )
  return claimed.nodes
    .map(({ object, labelled, claim }): Node => {
      const { name } = object.metadata
      const facts = identify(labelled, instances.get(parseProviderId(object.spec.providerID).instanceId ?? name))
      const capacity = resourcesOf(object.status.capacity)
      const allocatable = resourcesOf(object.status.allocatable)
      for (const flaw of new Set([...capacity.flaws, ...allocatable.flaws]))
        findings.push({ code: 'unreadable-capacity', subject: name, detail: flaw })
      return {
        ...facts,
        closed: facts.closed ?? (claim?.deleted === true ? 'being deleted' : undefined),
        name,
        labels: object.metadata.labels,
        annotations: object.metadata.annotations,
        taints: object.spec.taints,
        unschedulable: object.spec.unschedulable,
        group: groups.get(name) ?? 'self-managed',
        providerId: object.spec.providerID,
        osImage: object.status.nodeInfo.osImage,
        kernelVersion: object.status.nodeInfo.kernelVersion,
        kubeletVersion: object.status.nodeInfo.kubeletVersion,
        capacity: capacity.resources,
        allocatable: allocatable.resources,
        createdAt: object.metadata.createdAt,
        attachLimits: attachLimits.get(name) ?? {},
        pods: [...(onNode.get(name) ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1)),
        ...(claim === undefined ? {} : { claim }),
      }
    })
    .sort(byName)
}

function buildGroups(nodes: readonly Node[], snapshot: Snapshot, findings: Finding[]): NodeGroup[] {
  const byGroup = new Map<string, Node[]>()
  for (const node of nodes) byGroup.set(node.group, [...(byGroup.get(node.group) ?? []), node])
  const pools = new Map(snapshot.nodePools.map((pool) => [pool.metadata.name, pool]))
  const classes = new Map(snapshot.nodeClasses.map((nodeClass) => [nodeClass.metadata.name, nodeClass]))
  return [...byGroup]
    .map(([name, members]): NodeGroup => {
      const [first] = members
      const owner = first?.owner ?? 'self-managed'
      const nodePool = pools.get(first?.labels['karpenter.sh/nodepool'] ?? first?.claim?.nodePool ?? '')
      const kubelet: KubeletSettings | undefined =
        nodePool === undefined ? undefined : (classes.get(nodePool.nodeClass.name)?.kubelet ?? nodePool.kubelet)
      const template = nodeTemplate(members, { kubelet, nodePool })
      const limits = nodePool === undefined ? undefined : poolLimits(nodePool, members)
      findings.push(...(limits?.findings ?? []))
      return {
        ...{ name, owner, nodes: members, template },
        ...(limits === undefined || limits.limit.size === 0 ? {} : { limit: limits.limit }),
      }
    })
    .sort(byName)
}

/** Minor version of the newest kubelet: the control plane, whose features count, is at least that new. */
export function newestMinor(nodes: readonly NodeObject[]): number | undefined {
  const minors = nodes.flatMap(({ status }) => {
    const match = /^v?1\.(\d+)/.exec(status.nodeInfo.kubeletVersion)
    return match === null ? [] : [Number(match[1])]
  })
  return minors.length === 0 ? undefined : Math.max(...minors)
}

/** The value that most of them have, the first by name among equals. */
export function mostCommon(values: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string, number>()
  for (const value of values) if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))[0]?.[0]
}
