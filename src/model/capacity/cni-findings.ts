import type { Finding } from '../../domain/snapshot.js'
import { explained, numbersIn } from './cni-numbers.js'
import type { CniSettings } from './cni-settings.js'
import { imageFamily, liveNodes, unfitToTeach, type LiveNode, type Sample, type TypeLookup } from './live-node.js'
import { addressLimit, maxPodsIn, type CniMode } from './max-pods.js'

/** Where settings of the network plugin, kubelets and nodes contradict each other, and how many pod slots that costs. */
const finding = (code: string, subject: string, detail: string): Finding => ({ code, subject, detail })

export const PREFIX_NOT_APPLIED = 'cni-prefix-not-applied'

/** Live nodes whose settings promise prefixes, but whose kubelets were told the number without them. */
export function behindPrefixes(settings: CniSettings, samples: readonly Sample[]): readonly Sample[] {
  if (settings.mode !== 'prefix-delegation' && settings.mode !== 'custom-networking-prefix') return []
  const plain: CniMode = settings.mode === 'prefix-delegation' ? 'secondary-ip' : 'custom-networking'
  return explained(samples, plain, settings.maxEni).filter(
    ({ node, type }) =>
      !numbersIn(type, settings.mode, settings.maxEni).includes(node.capacity.pods) &&
      node.capacity.pods < (maxPodsIn(type, settings.mode, { maxEni: settings.maxEni }) ?? 0),
  )
}

const nameOf = (group: string): string => (group === '' ? 'nodes without a group' : group)

/** Sums up samples by node group: how many nodes, how many pod slots, and the first of them as the example. */
function byGroup(
  samples: readonly Sample[],
  slots: (sample: Sample) => number,
  example: (sample: Sample) => string,
): readonly { readonly group: string; readonly nodes: number; readonly slots: number; readonly example: string }[] {
  const groups = new Map<string, { nodes: number; slots: number; example: string }>()
  for (const sample of samples) {
    const seen = groups.get(sample.node.group) ?? { nodes: 0, slots: 0, example: example(sample) }
    groups.set(sample.node.group, { ...seen, nodes: seen.nodes + 1, slots: seen.slots + slots(sample) })
  }
  return [...groups].map(([group, sums]) => ({ group: nameOf(group), ...sums }))
}

function prefixNotApplied(settings: CniSettings, samples: readonly Sample[]): readonly Finding[] {
  const could = ({ type }: Sample): number => maxPodsIn(type, settings.mode, { maxEni: settings.maxEni }) ?? 0
  return byGroup(
    behindPrefixes(settings, samples),
    (sample) => could(sample) - sample.node.capacity.pods,
    (sample) => `${sample.type.name}: ${sample.node.capacity.pods} in place of ${could(sample)}`,
  ).map(({ group, nodes, slots, example }) =>
    finding(
      PREFIX_NOT_APPLIED,
      group,
      `prefix delegation is on, but ${liveNodes(nodes)} still ${nodes === 1 ? 'shows' : 'show'} the number without it (${example}): ${slots} pod slots unused; the kubelet's maxPods was not raised`,
    ),
  )
}

/** Nodes whose kubelets were told more pods than addresses allow: the last pods would wait for an address for ever. */
function aboveAddresses(settings: CniSettings, samples: readonly Sample[]): readonly Finding[] {
  if (settings.plugin !== 'aws-node') return []
  const limitOf = ({ node, type }: Sample): number =>
    node.os === 'windows' ? Infinity : (addressLimit(type, settings.mode, { maxEni: settings.maxEni }) ?? Infinity)
  return byGroup(
    samples.filter((sample) => sample.node.capacity.pods > limitOf(sample)),
    (sample) => sample.node.capacity.pods - limitOf(sample),
    (sample) =>
      `${sample.node.name}: ${sample.node.capacity.pods} pods allowed, but ${sample.type.name} has addresses for ${limitOf(sample)} in ${settings.mode} mode`,
  ).map(({ group, nodes, slots, example }) =>
    finding(
      'cni-pods-above-addresses',
      group,
      `more pods allowed on ${liveNodes(nodes)} than interfaces have addresses for (${example}): ${slots} pod slots without an address, in which pods would wait for ever`,
    ),
  )
}

function customNetworking(settings: CniSettings, eniConfigs: readonly string[]): readonly Finding[] {
  const custom = settings.mode === 'custom-networking' || settings.mode === 'custom-networking-prefix'
  if (custom && eniConfigs.length === 0) {
    const detail = 'custom networking is on, but the input holds no ENIConfig: pod subnets are not known'
    return [finding('cni-no-eniconfig', 'kube-system/aws-node', detail)]
  }
  if (!custom && eniConfigs.length > 0) {
    const detail = `ENIConfig objects exist (${[...eniConfigs].sort().join(', ')}), but custom networking is off`
    return [finding('cni-eniconfig-unused', 'kube-system/aws-node', detail)]
  }
  return []
}

/** Two plugins at once are chained or half-way through a change; only the live nodes' numbers can tell. */
const mixed = (settings: CniSettings, mode: CniMode): readonly Finding[] =>
  settings.beside.length === 0 || mode === settings.mode
    ? []
    : [
        finding(
          'cni-mixed',
          'kube-system/aws-node',
          `${settings.beside.join(' and ')} runs beside aws-node, whose settings mean ${settings.mode}, while the nodes' pod numbers mean ${mode}: the numbers are followed`,
        ),
      ]

const unusable = (nodes: readonly LiveNode[], lookup: TypeLookup): readonly Finding[] =>
  nodes.flatMap((node) => {
    const type = node.instanceType === undefined ? undefined : lookup(node.instanceType)
    if (node.owner === 'fargate' || node.owner === 'hybrid' || node.owner === 'other-cloud') return []
    const why = unfitToTeach(node, type)
    // That a type is not known is said once, where its price is missed.
    if (why === undefined || type === undefined) return []
    const detail = `${why}: the node's figures are not used to predict others (image family ${imageFamily(node)})`
    return [finding('node-figures-unusable', node.name, detail)]
  })

export type CniFacts = {
  readonly settings: CniSettings
  /** The mode that was found to be in force. */
  readonly mode: CniMode
  /** Live nodes that follow the plugin: neither Windows nor Auto Mode. */
  readonly samples: readonly Sample[]
  readonly nodes: readonly LiveNode[]
  readonly lookup: TypeLookup
  readonly eniConfigs: readonly string[]
}

export const cniFindings = ({ settings, mode, samples, nodes, lookup, eniConfigs }: CniFacts): readonly Finding[] => [
  ...prefixNotApplied(settings, samples),
  ...(mode === 'overlay' ? [] : aboveAddresses(settings, samples)),
  ...customNetworking(settings, eniConfigs),
  ...mixed(settings, mode),
  ...unusable(nodes, lookup),
]
