import type { CniNodeObject, ControllerObject, Finding } from '../../domain/snapshot.js'
import type { InstanceType } from '../../domain/offering.js'
import type { WarmPool } from './addresses.js'
import { behindPrefixes, cniFindings } from './cni-findings.js'
import { cniNodeEvidence, cniNodesOf, customNodes, type CniNodes } from './cni-nodes.js'
import { constantPods, explained } from './cni-numbers.js'
import { cniSettings, type CniSettings } from './cni-settings.js'
import { liveNodes, samplesOf, type LiveNode, type Sample, type TypeLookup } from './live-node.js'
import { KUBELET_MAX_PODS, canUsePrefixes, maxPodsIn, type CniMode } from './max-pods.js'
import { hasTrunk, trunkEvidence, trunkFindings } from './trunk.js'

/** The user's word on the mode (`--cni`). */
export type CniOverride = 'secondary-ip' | 'prefix' | 'ipv6' | 'overlay'

export type CniDetection = {
  /** `aws-node`, or the name of another network plugin; undefined where none is seen. */
  readonly plugin: string | undefined
  /** What the pod numbers of the cluster follow. */
  readonly mode: CniMode
  /** How pods get their addresses; differs from `mode` where kubelets were told another number. */
  readonly addressing: CniMode
  /** The constant number of pods, where `mode` is `fixed`. */
  readonly fixedMaxPods: number | undefined
  readonly maxEni: number | undefined
  /** Security groups for pods are on: by the settings, or by labels or CNINodes of live nodes. */
  readonly podEni: boolean
  readonly cniNodes: CniNodes
  readonly warm: WarmPool
  /** Node groups with kubelets that were not told the number that the settings allow. */
  readonly groupsBehind: readonly string[]
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
  readonly cniNodes: readonly CniNodeObject[]
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

/**
 * Where no network plugin's DaemonSet was read, CNINodes can still tell of custom networking; whether prefixes are used
 * with it, only pod numbers can.
 */
function withCniNodes(settings: CniSettings, samples: readonly Sample[], cniNodes: CniNodes): CniSettings {
  const nodes = samples.map(({ node }) => node)
  if (settings.mode !== 'unknown' || customNodes(nodes, cniNodes).length === 0) return settings
  const following = (mode: CniMode): number => explained(samples, mode, settings.maxEni).length
  const prefixes = following('custom-networking-prefix') > following('custom-networking')
  return { ...settings, mode: prefixes ? 'custom-networking-prefix' : 'custom-networking' }
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
  const otherPlugin = settings.beside.length > 0 || (settings.plugin !== 'aws-node' && settings.plugin !== undefined)
  if (constant === KUBELET_MAX_PODS && (otherPlugin || (settings.plugin === undefined && !ofEks))) {
    return { mode: 'overlay', lines: [`${line}, the kubelet's default`] }
  }
  const formula = ENI_MODES.find((mode) => explained(samples, mode, settings.maxEni).length === samples.length)
  if (formula !== undefined) return { mode: formula, lines: [`${total}: all show the ${formula} number of their type`] }
  return constant === undefined
    ? { mode: settings.mode, lines: [`${total}: no formula gives their pod numbers`] }
    : { mode: 'fixed', fixedMaxPods: constant, lines: [line] }
}

const OVERRIDES: Readonly<Record<CniOverride, CniMode>> = {
  'secondary-ip': 'secondary-ip',
  prefix: 'prefix-delegation',
  ipv6: 'ipv6',
  overlay: 'overlay',
}

/** The mode that a choice means for this cluster: custom networking stays on where it is. */
function modeOf(detected: CniDetection, override: CniOverride): CniMode {
  const wanted = OVERRIDES[override]
  if (detected.addressing !== 'custom-networking' && detected.addressing !== 'custom-networking-prefix') return wanted
  if (wanted === 'prefix-delegation') return 'custom-networking-prefix'
  return wanted === 'secondary-ip' ? 'custom-networking' : wanted
}

/** Pod numbers of live nodes do not bind such a detection; their memory still does. */
const inMode = (detected: CniDetection, mode: CniMode): CniDetection => ({
  ...detected,
  mode,
  addressing: mode,
  fixedMaxPods: undefined,
  overridden: true,
  detected: detected.detected ?? detected,
  evidence: [...detected.evidence, `set to ${mode}; detected was ${detected.mode}`],
})

/** The same cluster in the mode of `--cni`; live nodes bind where it is the detected one. */
export function withCni(detected: CniDetection, override: CniOverride): CniDetection {
  const mode = modeOf(detected, override)
  return mode === detected.mode
    ? { ...detected, evidence: [...detected.evidence, `--cni ${override} agrees`] }
    : inMode(detected, mode)
}

/** The same cluster with prefix delegation on and every kubelet told so, for the what-if. */
export const withPrefixes = (detected: CniDetection): CniDetection => inMode(detected, modeOf(detected, 'prefix'))

/** The CNI mode in force, what shows it, and what contradicts it. */
export function detectCni(from: CniEvidence): CniDetection {
  const cniNodes = cniNodesOf(from.cniNodes)
  const samples = samplesOf(from.nodes, from.lookup).filter(({ node }) => node.os !== 'windows')
  const auto = samples.filter(({ node }) => node.owner === 'eks-auto-mode')
  const others = samples.filter(({ node }) => node.owner !== 'eks-auto-mode')
  const settings = withCniNodes(cniSettings(from.controllers, from.nodes), others, cniNodes)
  const nodes = samples.map(({ node }) => node)
  const onlyAuto = settings.plugin === undefined && auto.length > 0 && others.length === 0
  const verdict: Verdict = onlyAuto
    ? { mode: 'auto-mode', lines: [`${liveNodes(auto.length)} of EKS Auto Mode, and no network plugin's DaemonSet`] }
    : weigh(settings, others)
  const addressing = addressingOf(settings, verdict.mode)
  const detected: CniDetection = {
    plugin: settings.plugin,
    mode: verdict.mode,
    addressing,
    fixedMaxPods: verdict.fixedMaxPods,
    maxEni: settings.maxEni,
    podEni: settings.podEni || nodes.some((node) => hasTrunk(node, cniNodes) === true),
    cniNodes,
    warm: settings.warm,
    groupsBehind: [...new Set(behindPrefixes(settings, others).map(({ node }) => node.group))].sort(),
    overridden: false,
    evidence: [...settings.evidence, ...trunkEvidence(nodes), ...cniNodeEvidence(nodes, cniNodes), ...verdict.lines],
    findings: [
      ...cniFindings({ ...from, settings, mode: verdict.mode, samples: others, cniNodes }),
      ...trunkFindings(others, {
        podEni: settings.plugin === 'aws-node' ? settings.podEni : undefined,
        mode: addressing,
        maxEni: settings.maxEni,
        cniNodes,
      }),
    ],
  }
  return from.override === undefined ? detected : withCni(detected, from.override)
}

/** How pods get their addresses: as the settings say, unless the nodes show that another plugin has taken over. */
function addressingOf(settings: CniSettings, shown: CniMode): CniMode {
  if (settings.mode === 'unknown') return shown
  const takenOver = settings.mode === 'overlay' ? ENI_MODES.includes(shown) : shown === 'overlay'
  return takenOver ? shown : settings.mode
}

/** The number in force for a type, for the table; undefined where the mode is not known. */
export const inForceMaxPods = (type: InstanceType, cni: CniDetection): number | undefined =>
  maxPodsIn(type, cni.mode, { maxEni: cni.maxEni }, cni.fixedMaxPods)
