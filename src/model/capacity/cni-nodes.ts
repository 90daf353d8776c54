import type { CniNodeObject, Finding } from '../../domain/snapshot.js'
import { liveNodes, type LiveNode } from './live-node.js'

/**
 * What CNINode objects say of live nodes. The VPC CNI writes the features of its node there, for the VPC resource
 * controller to act on: `SecurityGroupsForPods` where the node shall have a trunk interface, `CustomNetworking` with the
 * name of its ENIConfig (aws/amazon-vpc-cni-k8s pkg/ipamd; aws/amazon-vpc-resource-controller-k8s apis/vpcresources).
 * Newer versions of the CNI write the second one only beside the first.
 */
export type CniNode = {
  readonly trunk: boolean
  readonly custom: boolean
  /** Empty where custom networking is on without a name. */
  readonly eniConfig: string
}

/** By the node's name. */
export type CniNodes = ReadonlyMap<string, CniNode>

const TRUNK = 'SecurityGroupsForPods'
const CUSTOM = 'CustomNetworking'

export const cniNodesOf = (objects: readonly CniNodeObject[]): CniNodes =>
  new Map(
    objects.map(({ metadata, features }) => {
      const custom = features.find(({ name }) => name === CUSTOM)
      const trunk = features.some(({ name }) => name === TRUNK)
      return [metadata.name, { trunk, custom: custom !== undefined, eniConfig: custom?.value ?? '' }]
    }),
  )

/** Live nodes whose CNINode says that they have custom networking. */
export const customNodes = (nodes: readonly Pick<LiveNode, 'name'>[], cniNodes: CniNodes): readonly CniNode[] =>
  nodes.flatMap(({ name }) => {
    const found = cniNodes.get(name)
    return found?.custom === true ? [found] : []
  })

/** Names of their ENIConfigs, sorted. */
export const eniConfigNames = (nodes: readonly CniNode[]): readonly string[] =>
  [...new Set(nodes.map(({ eniConfig }) => eniConfig))].filter((name) => name !== '').sort()

/** The features of live nodes, a line each; nothing where no CNINode was read. */
export function cniNodeEvidence(nodes: readonly Pick<LiveNode, 'name'>[], cniNodes: CniNodes): readonly string[] {
  const all = nodes.flatMap(({ name }) => cniNodes.get(name) ?? [])
  if (all.length === 0) return []
  const custom = customNodes(nodes, cniNodes)
  const trunks = all.filter(({ trunk }) => trunk).length
  const names = eniConfigNames(custom)
  const of = `of ${liveNodes(nodes.length)}`
  return [
    ...(trunks === 0 ? [] : [`CNINode ${TRUNK}: ${trunks} ${of}`]),
    ...(custom.length === 0
      ? []
      : [`CNINode ${CUSTOM}: ${custom.length} ${of}${names.length === 0 ? '' : ` (ENIConfig ${names.join(', ')})`}`]),
    ...(trunks + custom.length === 0 ? [`CNINode: no feature on ${liveNodes(all.length)}`] : []),
  ]
}

/** CNINodes whose node is not there. */
export const strayCniNodes = (nodes: readonly Pick<LiveNode, 'name'>[], cniNodes: CniNodes): readonly Finding[] => {
  if (nodes.length === 0) return []
  const known = new Set(nodes.map(({ name }) => name))
  return [...cniNodes.keys()]
    .filter((name) => !known.has(name))
    .sort()
    .map((name) => ({
      code: 'cni-node-unknown',
      subject: name,
      detail:
        'a CNINode of this name exists, but no node: it is passed over; interfaces of a node that is gone may still hold addresses',
    }))
}
