import type { ControllerObject, Labels } from '../../domain/snapshot.js'
import type { WarmPool } from './addresses.js'
import type { CniMode } from './max-pods.js'

/**
 * What the DaemonSets of a cluster say about pod addresses. Defaults are those of aws-node's manifest
 * (aws/amazon-vpc-cni-k8s README.md).
 */
export type CniSettings = {
  /** Which network plugin runs: `aws-node`, or the name of another plugin's DaemonSet; undefined where none is seen. */
  readonly plugin: string | undefined
  /** Plugins whose DaemonSets run beside aws-node: for network policy, chained to it, or left over from a change. */
  readonly beside: readonly string[]
  readonly mode: CniMode
  readonly maxEni: number | undefined
  /** Security groups for pods: a trunk interface takes one slot. */
  readonly podEni: boolean
  readonly warm: WarmPool
  /** The settings that decide, as written. */
  readonly evidence: readonly string[]
}

const OTHER_PLUGINS: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /^cilium$/, name: 'Cilium' },
  { pattern: /^(calico-node|canal)$/, name: 'Calico' },
  { pattern: /^kube-flannel/, name: 'Flannel' },
  { pattern: /^weave-net$/, name: 'Weave Net' },
  { pattern: /^antrea-agent$/, name: 'Antrea' },
  { pattern: /^kube-router$/, name: 'kube-router' },
  { pattern: /^(ovnkube-node|sdn)$/, name: 'OpenShift SDN' },
]

const isOn = (settings: Labels, name: string): boolean => (settings[name] ?? '').toLowerCase() === 'true'

/** A whole number of a setting; undefined where absent or no number. */
function count(settings: Labels, name: string): number | undefined {
  const text = settings[name]
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined
}

const positive = (value: number | undefined): number | undefined =>
  value !== undefined && value > 0 ? value : undefined

export const warmPool = (settings: Labels): WarmPool => ({
  enis: count(settings, 'WARM_ENI_TARGET') ?? 1,
  prefixes: count(settings, 'WARM_PREFIX_TARGET') ?? 1,
  ips: positive(count(settings, 'WARM_IP_TARGET')),
  minimumIps: positive(count(settings, 'MINIMUM_IP_TARGET')),
})

function awsNodeMode(settings: Labels): CniMode {
  if (isOn(settings, 'ENABLE_IPv6')) return 'ipv6'
  const custom = isOn(settings, 'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG')
  if (isOn(settings, 'ENABLE_PREFIX_DELEGATION')) return custom ? 'custom-networking-prefix' : 'prefix-delegation'
  return custom ? 'custom-networking' : 'secondary-ip'
}

const DECISIVE = [
  'ENABLE_IPv6',
  'ENABLE_PREFIX_DELEGATION',
  'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
  'MAX_ENI',
  'ENABLE_POD_ENI',
]

/** A DaemonSet that selects nodes by labels which no node has runs nowhere: so aws-node is put to rest beside Cilium. */
const runsNowhere = ({ template }: ControllerObject, nodes: readonly { readonly labels: Labels }[]): boolean => {
  const wanted = Object.entries(template?.nodeSelector ?? {})
  return (
    wanted.length > 0 &&
    nodes.length > 0 &&
    !nodes.some(({ labels }) => wanted.every(([key, value]) => labels[key] === value))
  )
}

/** Reads the network plugin from the DaemonSets; `unknown` where none of them is one. */
export function cniSettings(
  controllers: readonly ControllerObject[],
  nodes: readonly { readonly labels: Labels }[] = [],
): CniSettings {
  const daemonSets = controllers.filter(({ kind }) => kind === 'DaemonSet')
  const installed = daemonSets.find(
    ({ metadata }) => metadata.name === 'aws-node' && metadata.namespace === 'kube-system',
  )
  const others = OTHER_PLUGINS.flatMap(({ pattern, name }) => {
    const found = daemonSets.find(({ metadata }) => pattern.test(metadata.name))
    return found === undefined ? [] : [{ name, where: `${found.metadata.namespace}/${found.metadata.name}` }]
  })
  const resting = installed !== undefined && runsNowhere(installed, nodes)
  const awsNode = resting ? undefined : installed
  if (awsNode !== undefined) {
    const settings = awsNode.cniSettings
    const written = DECISIVE.filter((name) => settings[name] !== undefined).map((name) => `${name}=${settings[name]}`)
    return {
      plugin: 'aws-node',
      beside: others.map(({ name }) => name),
      mode: awsNodeMode(settings),
      maxEni: positive(count(settings, 'MAX_ENI')),
      podEni: isOn(settings, 'ENABLE_POD_ENI'),
      warm: warmPool(settings),
      evidence: [
        `DaemonSet kube-system/aws-node: ${written.length === 0 ? 'no deciding variable is set' : written.join(', ')}`,
        ...others.map(({ name, where }) => `DaemonSet ${where} (${name}) beside it`),
      ],
    }
  }
  const none = { beside: [], maxEni: undefined, podEni: false, warm: warmPool({}) }
  const [other] = others
  if (other !== undefined) {
    const rest = resting ? 'aws-node selects no node' : 'no aws-node'
    const evidence = [`DaemonSet ${other.where} (${other.name}), and ${rest}`]
    return { ...none, plugin: other.name, mode: 'overlay', evidence }
  }
  const why =
    daemonSets.length === 0 ? 'the input holds no DaemonSet' : 'no DaemonSet is a network plugin that is known'
  return { ...none, plugin: undefined, mode: 'unknown', evidence: [why] }
}
