import type { NodeOwner } from '../domain/cluster.js'
import { valueOf } from '../domain/requirement.js'
import type { Labels, NodeObject } from '../domain/snapshot.js'
import { identify, specialRoles } from './identity.js'
import { isTransientTaint } from './node-taints.js'
import { hybridCluster } from './provider-id.js'

/** Labels in which a provisioner names the pool, by owner. */
const POOL_LABELS: Readonly<Partial<Record<NodeOwner, readonly string[]>>> = {
  'eks-managed-node-group': ['eks.amazonaws.com/nodegroup'],
  'eks-auto-mode': ['karpenter.sh/nodepool'],
  karpenter: ['karpenter.sh/nodepool', 'karpenter.sh/provisioner-name'],
  eksctl: ['alpha.eksctl.io/nodegroup-name'],
  kops: ['kops.k8s.io/instancegroup'],
  'spot-ocean': ['spotinst.io/ocean-vng-id'],
  'cast-ai': ['scheduling.cast.ai/node-template', 'provisioner.cast.ai/node-configuration-name'],
  'self-managed': ['worker.gardener.cloud/pool'],
  'other-cloud': [
    'cloud.google.com/gke-nodepool',
    'doks.digitalocean.com/node-pool',
    'kubernetes.azure.com/agentpool',
    'agentpool',
    'worker.gardener.cloud/pool',
  ],
}

const poolOf = (owner: NodeOwner, labels: Labels): string | undefined =>
  POOL_LABELS[owner]?.map((key) => valueOf(labels, key)).find((value) => value !== undefined && value !== '')

/** The name before clashes: two owners may still share it. */
function plainName(node: NodeObject): { readonly owner: NodeOwner; readonly base: string; readonly pooled: boolean } {
  const { owner, controlPlane, os } = identify(node)
  const { labels } = node.metadata
  if (controlPlane) return { owner, base: 'control-plane', pooled: true }
  const pool = poolOf(owner, labels)
  if (pool !== undefined) return { owner, base: pool, pooled: true }
  if (owner === 'other-cloud') return { owner, base: 'other', pooled: true }
  if (owner !== 'self-managed') return { owner, base: owner, pooled: true }
  const traits = [...(os === 'windows' ? ['windows'] : []), ...specialRoles(labels)]
  return { owner, base: ['self-managed', ...(traits.length > 0 ? [traits.join(',')] : [])].join(':'), pooled: false }
}

/** `key=value` of the taints that a node keeps, sorted; empty without any. */
const taintText = (node: NodeObject): string =>
  node.spec.taints
    .filter((taint) => !isTransientTaint(taint))
    .map(({ key, value }) => (value === '' ? key : `${key}=${value}`))
    .sort()
    .join(',')

/**
 * Name of the node group of each node, by node name. Pools are called as their provisioner calls them; a name that two
 * owners use is put behind the owner's (`karpenter:default`). Self-managed nodes carry no group's name: they are told
 * apart by role, by Windows and, where nodes of one kind differ in it, by taint.
 */
export function groupNames(nodes: readonly NodeObject[]): ReadonlyMap<string, string> {
  const plain = nodes.map((node) => ({ node, name: node.metadata.name, taints: taintText(node), ...plainName(node) }))
  const ownersOf = new Map<string, Set<NodeOwner>>()
  const taintsOf = new Map<string, Set<string>>()
  for (const { base, owner, pooled, taints } of plain) {
    ownersOf.set(base, (ownersOf.get(base) ?? new Set()).add(owner))
    if (!pooled) taintsOf.set(base, (taintsOf.get(base) ?? new Set()).add(taints))
  }
  return new Map(
    plain.map(({ name, base, owner, pooled, taints }) => {
      const split = !pooled && taints !== '' && (taintsOf.get(base)?.size ?? 0) > 1
      const unique = (ownersOf.get(base)?.size ?? 0) > 1 ? `${owner}:${base}` : base
      return [name, split ? `${unique}:${taints}` : unique]
    }),
  )
}

const CLUSTER_LABELS = ['alpha.eksctl.io/cluster-name', 'eks:cluster-name', 'kops.k8s.io/cluster']

/** The cluster's name where labels (or hybrid nodes' providerIDs) say it; where they disagree, what most nodes say. */
export function clusterName(nodes: readonly NodeObject[]): string | undefined {
  const votes = new Map<string, number>()
  for (const { metadata, spec } of nodes) {
    const name =
      CLUSTER_LABELS.map((key) => valueOf(metadata.labels, key)).find((value) => value !== undefined && value !== '') ??
      hybridCluster(spec.providerID)
    if (name !== undefined) votes.set(name, (votes.get(name) ?? 0) + 1)
  }
  return [...votes].sort(([a, votesA], [b, votesB]) => votesB - votesA || (a < b ? -1 : 1))[0]?.[0]
}
