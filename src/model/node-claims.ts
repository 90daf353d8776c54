import type { Node, NodeClaimFacts } from '../domain/cluster.js'
import { valueOf } from '../domain/requirement.js'
import type { Finding, NodeClaimObject, NodeObject, NodePoolObject, Snapshot } from '../domain/snapshot.js'
import { parseGoDuration } from './pod-annotations.js'

/**
 * Labels that tell what a node is. Karpenter puts those of the NodeClaim on the node when it registers; a node that is
 * just joining has none of them yet, and people can take them away.
 */
const IDENTITY = [
  'node.kubernetes.io/instance-type',
  'karpenter.sh/capacity-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'karpenter.sh/nodepool',
  'eks.amazonaws.com/compute-type',
]
const HOLD = 'karpenter.sh/do-not-disrupt'
const DAY_MS = 24 * 3600 * 1000

const missingOf = ({ metadata }: NodeObject, claim: NodeClaimObject): readonly string[] =>
  IDENTITY.filter((key) => !valueOf(metadata.labels, key) && valueOf(claim.metadata.labels, key))

function labelledByClaim(node: NodeObject, claim: NodeClaimObject): NodeObject {
  const missing = missingOf(node, claim)
  if (missing.length === 0) return node
  const labels = Object.fromEntries(missing.map((key) => [key, claim.metadata.labels[key] ?? '']))
  return { ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...labels } } }
}

/**
 * What the claim says of its node's future. Karpenter expires nodes by the age of the claim (kubernetes-sigs/karpenter
 * pkg/controllers/nodeclaim/expiration); until v1 the time stood in the NodePool.
 */
function factsOf(claim: NodeClaimObject, nodePools: readonly NodePoolObject[]): NodeClaimFacts {
  const nodePool = valueOf(claim.metadata.labels, 'karpenter.sh/nodepool')
  const pool = nodePools.find(({ metadata }) => metadata.name === nodePool)
  const after = claim.expireAfter || (pool?.expireAfter ?? '')
  const lifeMs = parseGoDuration(after)
  const born = Date.parse(claim.metadata.createdAt ?? '')
  const ends = lifeMs === undefined || Number.isNaN(born) ? undefined : new Date(born + lifeMs)
  return {
    name: claim.metadata.name,
    nodePool,
    hold: valueOf(claim.metadata.annotations, HOLD) === 'true' ? HOLD : undefined,
    expiresAt:
      ends === undefined || Number.isNaN(ends.getTime()) ? undefined : ends.toISOString().replace('.000Z', 'Z'),
    deleted: claim.metadata.deletedAt !== undefined,
  }
}

function disagreement({ metadata }: NodeObject, claim: NodeClaimObject): string | undefined {
  const key = IDENTITY.find((one) => {
    const [ours, theirs] = [valueOf(metadata.labels, one), valueOf(claim.metadata.labels, one)]
    return ours && theirs && ours !== theirs
  })
  if (key === undefined) return undefined
  return `its label ${key} is ${metadata.labels[key] ?? ''}, NodeClaim ${claim.metadata.name} has ${claim.metadata.labels[key] ?? ''}: the node's own label is followed`
}

function findingsOf(node: NodeObject, claim: NodeClaimObject): readonly Finding[] {
  const say = (code: string, detail: string): Finding => ({ code, subject: node.metadata.name, detail })
  const missing = missingOf(node, claim)
  const differs = disagreement(node, claim)
  const read = `the node has no label ${missing.join(', ')}: read from NodeClaim ${claim.metadata.name}`
  const drift =
    'Karpenter has found that it no longer fits its NodePool or node class (NodeClaim condition Drifted): it is replaced whatever the plan says'
  return [
    ...(missing.length > 0 ? [say('labels-from-claim', read)] : []),
    ...(differs === undefined ? [] : [say('claim-disagrees', differs)]),
    ...(claim.drifted ? [say('node-drifted', drift)] : []),
  ]
}

function withoutNode({ metadata, providerID }: NodeClaimObject): Finding {
  const facts = IDENTITY.slice(0, 3).flatMap((key) => valueOf(metadata.labels, key) || [])
  const instance = `${providerID.split('/').at(-1) ?? ''}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`
  const why = metadata.deletedAt === undefined ? 'it is starting, or could not join' : 'it is being deleted'
  return {
    code: 'instance-without-node',
    subject: metadata.name,
    detail: `NodeClaim with instance ${instance}, but without a node: ${why}; it is paid for and in no figure here`,
  }
}

export type ClaimedNode = {
  readonly object: NodeObject
  /** With the labels that only its claim has: to tell what it is, not to match rules against. */
  readonly labelled: NodeObject
  readonly claim: NodeClaimFacts | undefined
}

/**
 * Nodes with their NodeClaims, joined by the node's name or by the instance, in the order of the nodes. Findings name
 * instances that cost money and are no node, nodes that are replaced anyhow, and labels that do not agree.
 */
export function claimedNodes({ nodes, nodeClaims, nodePools }: Pick<Snapshot, 'nodes' | 'nodeClaims' | 'nodePools'>): {
  readonly nodes: readonly ClaimedNode[]
  readonly findings: readonly Finding[]
} {
  const byNode = new Map(nodeClaims.map((claim) => [claim.nodeName, claim]))
  const byInstance = new Map(nodeClaims.map((claim) => [claim.providerID, claim]))
  const findings: Finding[] = []
  const found = new Set<NodeClaimObject>()
  const claimed = nodes.map((object): ClaimedNode => {
    const { providerID } = object.spec
    const claim = byNode.get(object.metadata.name) ?? (providerID === '' ? undefined : byInstance.get(providerID))
    if (claim === undefined) return { object, labelled: object, claim }
    found.add(claim)
    findings.push(...findingsOf(object, claim))
    return { object, labelled: labelledByClaim(object, claim), claim: factsOf(claim, nodePools) }
  })
  const lonely = nodeClaims.filter((claim) => claim.providerID !== '' && !found.has(claim))
  return { nodes: claimed, findings: [...lonely.map(withoutNode), ...findings] }
}

/** Nodes that Karpenter replaces within a day of `now` because they are old: before the report of the next night. */
export const expiryFindings = (nodes: readonly Pick<Node, 'name' | 'claim'>[], now: string): readonly Finding[] =>
  nodes.flatMap(({ name, claim }) =>
    claim?.expiresAt !== undefined && Date.parse(claim.expiresAt) <= Date.parse(now) + DAY_MS
      ? [
          {
            code: 'node-expires',
            subject: name,
            detail: `its NodeClaim expires at ${claim.expiresAt}: Karpenter replaces it then by a node of its own choice, whatever the plan says`,
          },
        ]
      : [],
  )
