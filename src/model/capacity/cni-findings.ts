import type { Finding } from '../../domain/snapshot.js'
import { customNodes, eniConfigNames, strayCniNodes, type CniNodes } from './cni-nodes.js'
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

/**
 * Custom networking by the settings, by ENIConfigs and by CNINodes. Where they differ the settings decide how new nodes
 * are modelled: aws-node reads them when its node starts.
 */
function customNetworking({ settings, eniConfigs, cniNodes, samples }: CniFacts): readonly Finding[] {
  const custom = settings.mode === 'custom-networking' || settings.mode === 'custom-networking-prefix'
  const nodes = samples.map(({ node }) => node)
  const onNodes = customNodes(nodes, cniNodes)
  const named = eniConfigNames(onNodes)
  const say = (code: string, detail: string): Finding => finding(code, 'kube-system/aws-node', detail)
  if (!custom) {
    const left = `custom networking is off, but the CNINodes of ${liveNodes(onNodes.length)} name it${named.length === 0 ? '' : ` (ENIConfig ${named.join(', ')})`}: these keep it until they are replaced; new nodes are modelled without it`
    const unused = `ENIConfig objects exist (${[...eniConfigs].sort().join(', ')}), but custom networking is off`
    return [
      ...(eniConfigs.length > 0 ? [say('cni-eniconfig-unused', unused)] : []),
      ...(onNodes.length > 0 && settings.plugin === 'aws-node' ? [say('cni-custom-left', left)] : []),
    ]
  }
  // Of an ENIConfig called "default" the CNI writes nothing.
  const trunks = nodes.filter(({ name }) => cniNodes.get(name)?.trunk === true)
  const without = eniConfigs.includes('default') ? [] : trunks.filter(({ name }) => !cniNodes.get(name)?.custom)
  const known = new Set(eniConfigs)
  const missing = named.filter((name) => !known.has(name))
  const found = named.length > 0 ? ` (CNINodes name ${named.join(', ')})` : ''
  return [
    ...(eniConfigs.length === 0
      ? [
          say(
            'cni-no-eniconfig',
            `custom networking is on, but the input holds no ENIConfig${found}: pod subnets are not known`,
          ),
        ]
      : missing.length > 0
        ? [
            say(
              'cni-eniconfig-missing',
              `the CNINodes of live nodes name ENIConfig ${missing.join(', ')}, which the input does not hold: pods there get no address until it exists`,
            ),
          ]
        : []),
    ...(without.length > 0
      ? [
          say(
            'cni-custom-not-in-force',
            `custom networking is on, but the CNINodes of ${liveNodes(without.length)} of ${trunks.length} with a trunk interface do not name an ENIConfig: pods with security groups of their own take addresses of the node's subnet there; the setting is followed`,
          ),
        ]
      : []),
  ]
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
  readonly cniNodes: CniNodes
}

export const cniFindings = (facts: CniFacts): readonly Finding[] => [
  ...ofSettings(facts),
  ...strayCniNodes(facts.nodes, facts.cniNodes),
  ...unusable(facts.nodes, facts.lookup),
]

const ofSettings = ({ settings, mode, samples, ...facts }: CniFacts): readonly Finding[] => [
  ...prefixNotApplied(settings, samples),
  ...(mode === 'overlay' ? [] : aboveAddresses(settings, samples)),
  ...customNetworking({ settings, mode, samples, ...facts }),
  ...mixed(settings, mode),
]
