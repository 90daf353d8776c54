import type { Finding } from '../../domain/snapshot.js'
import type { CniNodes } from './cni-nodes.js'
import { liveNodes, typeNames, type LiveNode, type Sample } from './live-node.js'
import { addressLimit, type CniMode } from './max-pods.js'

/**
 * Security groups for pods: a trunk interface takes one slot of its node, and the kubelet's number is not lowered for it.
 * The VPC resource controller says on the node whether it is attached. Source: aws/amazon-vpc-resource-controller-k8s
 * pkg/config/type.go.
 */
const TRUNK_LABEL = 'vpc.amazonaws.com/has-trunk-attached'

/**
 * Whether a live node has a trunk interface; undefined where nothing says so. The label tells what is attached, and so
 * wins over the CNINode, which tells what was asked for.
 */
export const hasTrunk = (
  { name, labels }: Pick<LiveNode, 'name' | 'labels'>,
  cniNodes: CniNodes,
): boolean | undefined =>
  labels[TRUNK_LABEL] === 'true' ? true : labels[TRUNK_LABEL] === 'false' ? false : cniNodes.get(name)?.trunk

/** What the labels of live nodes say, in one line; nothing where none has the label. */
export function trunkEvidence(nodes: readonly Pick<LiveNode, 'labels'>[]): readonly string[] {
  const said = nodes.flatMap(({ labels }) => labels[TRUNK_LABEL] ?? [])
  const attached = said.filter((value) => value === 'true').length
  return said.length === 0 ? [] : [`label ${TRUNK_LABEL}: true on ${attached} of ${liveNodes(nodes.length)}`]
}

const byGroup = (samples: readonly Sample[]): readonly (readonly [string, readonly Sample[]])[] => {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) groups.set(sample.node.group, [...(groups.get(sample.node.group) ?? []), sample])
  return [...groups]
}

export type TrunkSettings = {
  /** ENABLE_POD_ENI; undefined where aws-node was not read. */
  readonly podEni: boolean | undefined
  readonly mode: CniMode
  readonly maxEni: number | undefined
  readonly cniNodes: CniNodes
}

/** Labels, CNINodes and settings that do not agree, and pod slots that the trunk interface leaves without an address. */
export function trunkFindings(samples: readonly Sample[], settings: TrunkSettings): readonly Finding[] {
  const { podEni, cniNodes } = settings
  return byGroup(samples).flatMap(([group, all]) => {
    const subject = group === '' ? 'nodes without a group' : group
    const attached = all.filter(({ node }) => hasTrunk(node, cniNodes) === true)
    const without = all.filter(({ node, type }) => hasTrunk(node, cniNodes) === false && type.trunking)
    const wanting = without.filter(({ node }) => podEni ?? cniNodes.get(node.name)?.trunk ?? false)
    const limitOf = ({ type }: Sample): number =>
      addressLimit(type, settings.mode, { maxEni: settings.maxEni, reservedEnis: 1 }) ?? Infinity
    const short = attached.filter((sample) => sample.node.capacity.pods > limitOf(sample))
    const [example] = short
    const lost = short.reduce((sum, sample) => sum + sample.node.capacity.pods - limitOf(sample), 0)
    return [
      ...(wanting.length > 0
        ? [
            {
              code: 'cni-trunk-missing',
              subject,
              detail: `security groups for pods are on, but no trunk interface is attached to ${liveNodes(wanting.length)} (${typeNames(wanting)}): pods with security groups of their own cannot run there`,
            },
          ]
        : []),
      ...(podEni === false && attached.length > 0
        ? [
            {
              code: 'cni-trunk-unused',
              subject,
              detail: `ENABLE_POD_ENI is off, and yet a trunk interface is attached to ${liveNodes(attached.length)}: it takes one interface from the pods of each`,
            },
          ]
        : []),
      ...(example === undefined
        ? []
        : [
            {
              code: 'cni-trunk-takes-addresses',
              subject,
              detail: `the trunk interface leaves ${lost} pod slots of ${liveNodes(short.length)} without an address (${example.type.name}: ${example.node.capacity.pods} pods allowed, ${limitOf(example)} with addresses); only pods with security groups of their own can use these`,
            },
          ]),
    ]
  })
}
