import type { ControllerObject, Finding } from '../../domain/snapshot.js'
import type { InstanceType } from '../../domain/offering.js'
import type { WarmPool } from './addresses.js'
import { cniSettings, type CniSettings } from './cni-settings.js'
import {
  imageFamily,
  liveNodes,
  samplesOf,
  unfitToTeach,
  type LiveNode,
  type Sample,
  type TypeLookup,
} from './live-node.js'
import { KUBELET_MAX_PODS, addressLimit, canUsePrefixes, maxPodsIn, recommendedCap, type CniMode } from './max-pods.js'

/** The user's word on the mode (`--cni`). */
export type CniOverride = 'secondary-ip' | 'prefix' | 'ipv6' | 'overlay'

export type CniDetection = {
  /** What the pod numbers of the cluster follow. */
  readonly mode: CniMode
  /** How pods get their addresses; differs from `mode` where kubelets were told another number. */
  readonly addressing: CniMode
  /** The constant number of pods, where `mode` is `fixed`. */
  readonly fixedMaxPods: number | undefined
  readonly maxEni: number | undefined
  readonly podEni: boolean
  readonly warm: WarmPool
  /** The mode is a user's choice or a what-if, so numbers of live nodes do not bind. */
  readonly overridden: boolean
  /** What was detected, where `overridden`: live nodes are still judged by it. */
  readonly detected?: CniDetection | undefined
  readonly evidence: readonly string[]
  readonly findings: readonly Finding[]
}

export type CniEvidence = {
  readonly controllers: readonly ControllerObject[]
  readonly eniConfigs: readonly string[]
  readonly nodes: readonly LiveNode[]
  readonly lookup: TypeLookup
  readonly override?: CniOverride | undefined
}

const ENI_MODES: readonly CniMode[] = [
  'secondary-ip',
  'prefix-delegation',
  'custom-networking',
  'custom-networking-prefix',
]

/** The numbers that a type can show in a mode: what addresses allow, and that with AWS's cap. */
export function numbersIn(type: InstanceType, mode: CniMode, maxEni: number | undefined): readonly number[] {
  const raw = addressLimit(type, mode, { maxEni })
  const recommended = maxPodsIn(type, mode, { maxEni })
  const numbers = raw === undefined ? [] : [raw, Math.min(raw, recommendedCap(type))]
  return recommended === undefined ? numbers : [...numbers, recommended]
}

/** Samples of which some mode's formula gives the number; a managed group shows the smallest of its types. */
function explained(samples: readonly Sample[], mode: CniMode, maxEni: number | undefined): readonly Sample[] {
  const byGroup = new Map<string, Set<InstanceType>>()
  for (const { node, type } of samples) byGroup.set(node.group, (byGroup.get(node.group) ?? new Set()).add(type))
  return samples.filter(({ node, type }) => {
    const pods: number = node.capacity.pods
    if (numbersIn(type, mode, maxEni).includes(pods)) return true
    if (node.owner !== 'eks-managed-node-group') return false
    const smallest = [...(byGroup.get(node.group) ?? [])].map((one) => Math.min(...numbersIn(one, mode, maxEni)))
    return pods === Math.min(...smallest)
  })
}

/** The number that all samples share, if they do. */
function constantPods(samples: readonly Sample[]): number | undefined {
  const first = samples[0]?.node.capacity.pods
  return samples.every(({ node }) => node.capacity.pods === first) ? first : undefined
}

type Verdict = { readonly mode: CniMode; readonly fixedMaxPods?: number; readonly lines: readonly string[] }

/** Weighs what the settings say against what live nodes show; the nodes win where none of them follows the settings. */
function weigh(settings: CniSettings, samples: readonly Sample[]): Verdict {
  if (samples.length === 0) return { mode: settings.mode, lines: ['no live node to compare with'] }
  const total = liveNodes(samples.length)
  // A type that cannot use prefixes shows the plain number in either mode and decides nothing.
  const decisive = samples.filter(({ type }) => canUsePrefixes(type))
  const following = explained(decisive.length === 0 ? samples : decisive, settings.mode, settings.maxEni).length
  if (settings.mode !== 'unknown' && following > 0) {
    return { mode: settings.mode, lines: [`${following} of ${total} show the ${settings.mode} number of their type`] }
  }
  const constant = constantPods(samples)
  const ofEks = samples.some(({ node }) => node.owner === 'eks-managed-node-group' || node.owner === 'karpenter')
  const types = new Set(samples.map(({ type }) => type.name)).size
  const line = `${total} of ${types} type${types === 1 ? '' : 's'}: all show ${constant} pods`
  // 110 is also what prefixes give most types: outside EKS the kubelet's default is the likelier reason.
  if (constant === KUBELET_MAX_PODS && settings.plugin !== 'aws-node' && (settings.plugin !== undefined || !ofEks)) {
    return { mode: 'overlay', lines: [`${line}, the kubelet's default`] }
  }
  const formula = ENI_MODES.find((mode) => explained(samples, mode, settings.maxEni).length === samples.length)
  if (formula !== undefined) return { mode: formula, lines: [`${total}: all show the ${formula} number of their type`] }
  return constant === undefined
    ? { mode: settings.mode, lines: [`${total}: no formula gives their pod numbers`] }
    : { mode: 'fixed', fixedMaxPods: constant, lines: [line] }
}

const finding = (code: string, subject: string, detail: string): Finding => ({ code, subject, detail })

/** Nodes whose settings promise more pods than their kubelets were told, and how many pods that leaves out. */
function behindSettings(settings: CniSettings, samples: readonly Sample[]): readonly Finding[] {
  if (settings.mode !== 'prefix-delegation' && settings.mode !== 'custom-networking-prefix') return []
  const plain: CniMode = settings.mode === 'prefix-delegation' ? 'secondary-ip' : 'custom-networking'
  const groups = new Map<string, { nodes: number; lost: number; example: string }>()
  for (const { node, type } of samples) {
    const could = maxPodsIn(type, settings.mode, { maxEni: settings.maxEni }) ?? 0
    const shows: number = node.capacity.pods
    if (shows >= could || !numbersIn(type, plain, settings.maxEni).includes(shows)) continue
    const seen = groups.get(node.group) ?? { nodes: 0, lost: 0, example: `${type.name}: ${shows} in place of ${could}` }
    groups.set(node.group, { ...seen, nodes: seen.nodes + 1, lost: seen.lost + could - shows })
  }
  return [...groups].map(([group, { nodes, lost, example }]) =>
    finding(
      'cni-prefix-not-applied',
      group === '' ? 'nodes without a group' : group,
      `prefix delegation is on, but ${liveNodes(nodes)} still show the number without it (${example}): ${lost} pod slots unused; the kubelet's maxPods was not raised`,
    ),
  )
}

/** Nodes whose kubelets were told more pods than addresses allow: the last pods would wait for an address for ever. */
function aboveAddresses(settings: CniSettings, samples: readonly Sample[]): readonly Finding[] {
  if (settings.plugin !== 'aws-node') return []
  return samples.flatMap(({ node, type }) => {
    const limit = node.os === 'windows' ? undefined : addressLimit(type, settings.mode, { maxEni: settings.maxEni })
    return limit === undefined || node.capacity.pods <= limit
      ? []
      : [
          finding(
            'cni-pods-above-addresses',
            node.name,
            `${node.capacity.pods} pods allowed, but ${type.name} has addresses for ${limit} in ${settings.mode} mode`,
          ),
        ]
  })
}

function customNetworkingFindings(settings: CniSettings, eniConfigs: readonly string[]): readonly Finding[] {
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

const nodeFindings = (nodes: readonly LiveNode[], lookup: TypeLookup): readonly Finding[] =>
  nodes.flatMap((node) => {
    const type = node.instanceType === undefined ? undefined : lookup(node.instanceType)
    if (node.owner === 'fargate' || node.owner === 'hybrid' || node.owner === 'other-cloud') return []
    const why = unfitToTeach(node, type)
    if (why === undefined || node.instanceType === undefined) return []
    const detail = `${why}: the node's figures are not used to predict others (image family ${imageFamily(node)})`
    return [finding('node-figures-unusable', node.name, detail)]
  })

const OVERRIDES: Readonly<Record<CniOverride, CniMode>> = {
  'secondary-ip': 'secondary-ip',
  prefix: 'prefix-delegation',
  ipv6: 'ipv6',
  overlay: 'overlay',
}

/**
 * The same cluster in another mode: for `--cni` and for what-ifs. Custom networking stays on where it is. Pod numbers of
 * live nodes do not bind such a detection; their memory still does.
 */
export function withCni(detected: CniDetection, override: CniOverride): CniDetection {
  const custom = detected.addressing === 'custom-networking' || detected.addressing === 'custom-networking-prefix'
  const wanted = OVERRIDES[override]
  const mode: CniMode = !custom
    ? wanted
    : wanted === 'prefix-delegation'
      ? 'custom-networking-prefix'
      : wanted === 'secondary-ip'
        ? 'custom-networking'
        : wanted
  if (mode === detected.mode) return { ...detected, evidence: [...detected.evidence, `--cni ${override} agrees`] }
  return {
    ...detected,
    mode,
    addressing: mode,
    fixedMaxPods: undefined,
    overridden: true,
    detected: detected.detected ?? detected,
    evidence: [...detected.evidence, `set to ${mode}; detected was ${detected.mode}`],
  }
}

/** The CNI mode in force, what shows it, and what contradicts it. */
export function detectCni(from: CniEvidence): CniDetection {
  const settings = cniSettings(from.controllers)
  const samples = samplesOf(from.nodes, from.lookup).filter(({ node }) => node.os !== 'windows')
  const auto = samples.filter(({ node }) => node.owner === 'eks-auto-mode')
  const others = samples.filter(({ node }) => node.owner !== 'eks-auto-mode')
  const onlyAuto = settings.plugin === undefined && auto.length > 0 && others.length === 0
  const verdict: Verdict = onlyAuto
    ? { mode: 'auto-mode', lines: [`${liveNodes(auto.length)} of EKS Auto Mode, and no network plugin's DaemonSet`] }
    : weigh(settings, others)
  const addressing = settings.mode !== 'unknown' ? settings.mode : verdict.mode
  const detected: CniDetection = {
    mode: verdict.mode,
    addressing: addressing === 'overlay' && ENI_MODES.includes(verdict.mode) ? verdict.mode : addressing,
    fixedMaxPods: verdict.fixedMaxPods,
    maxEni: settings.maxEni,
    podEni: settings.podEni,
    warm: settings.warm,
    overridden: false,
    evidence: [...settings.evidence, ...verdict.lines],
    findings: [
      ...behindSettings(settings, others),
      ...aboveAddresses(settings, others),
      ...customNetworkingFindings(settings, from.eniConfigs),
      ...nodeFindings(from.nodes, from.lookup),
    ],
  }
  return from.override === undefined ? detected : withCni(detected, from.override)
}

/** The number in force for a type, for the table; undefined where the mode is not known. */
export const inForceMaxPods = (type: InstanceType, cni: CniDetection): number | undefined =>
  maxPodsIn(type, cni.mode, { maxEni: cni.maxEni }, cni.fixedMaxPods)
