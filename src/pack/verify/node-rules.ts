import type { HostPort } from '../../domain/pod.js'
import {
  matchesNodeTerms,
  portsConflict,
  toleratesCordon,
  unmetNodeSelector,
  unmetVolumeZones,
  untoleratedTaints,
  valueOf,
} from '../../domain/requirement.js'
import type { Expression, Labels, NodeSelectorTerm } from '../../domain/snapshot.js'
import type { Fault, Host, Rule, Tenant, World } from './world.js'

/**
 * Rules that look at one node: plugins NodeUnschedulable, TaintToleration, NodeAffinity, VolumeBinding, VolumeZone,
 * NodePorts, and of VolumeRestrictions what concerns disks mounted without a claim.
 */
export function nodeFaults({ hosts, isJudged }: World): Fault[] {
  const faults: Fault[] = []
  for (const host of hosts) {
    const ports = portsOf(host)
    const disks = disksOf(host)
    for (const tenant of host.tenants) {
      if (!isJudged(tenant)) continue
      const report: Report = (rule, about, detail) => {
        faults.push({ pod: tenant.pod.id, node: host.name, rule, about, detail })
      }
      checkNode(tenant, host, report)
      checkVolumes(tenant, host, report)
      checkPorts(tenant, ports, report)
      for (const disk of tenant.pod.volumes.inTreeVolumes)
        if ((disks.get(disk) ?? 0) > 1)
          report('VolumeRestrictions', disk, `disk ${disk} is mounted by ${disks.get(disk)} pods on the node`)
    }
  }
  return faults
}

type Report = (rule: Rule, about: string, detail: string) => void

function checkNode({ pod, as }: Tenant, host: Host, report: Report): void {
  const { nodeSelector, requiredNodeTerms, tolerations } = pod.spec
  if (as === 'comes' && host.closed !== undefined)
    report('ClosedNode', host.closed, `the plan puts it on a node that takes no new pods (${host.closed})`)
  if (as === 'comes' && pod.unreadable !== undefined)
    report('NodeResourcesFit', 'size', `its requests cannot be read (${pod.unreadable}): it may not be moved`)
  if (host.unschedulable && !toleratesCordon(tolerations)) report('NodeUnschedulable', 'cordon', 'the node is cordoned')
  for (const { key, value, effect } of untoleratedTaints(host.taints, tolerations)) {
    const taint = `${key}=${value}:${effect}`
    report('TaintToleration', taint, `it does not tolerate taint ${taint}`)
  }
  for (const key of unmetNodeSelector(nodeSelector, host.labels))
    report(
      'NodeAffinity',
      key,
      `it selects nodes with ${key}=${nodeSelector[key]}, this one has ${shown(host.labels, key)}`,
    )
  if (requiredNodeTerms !== undefined && !matchesNodeTerms(requiredNodeTerms, host))
    report('NodeAffinity', 'terms', `the node meets none of its required terms: ${termsText(requiredNodeTerms)}`)
}

function checkVolumes({ pod }: Tenant, host: Host, report: Report): void {
  const { nodeTerms, zoneLabels, problems } = pod.volumes
  for (const terms of nodeTerms) {
    if (matchesNodeTerms(terms, host)) continue
    const text = termsText(terms)
    report('VolumeBinding', text, `a volume of it can only be used on nodes with ${text}`)
  }
  for (const { key, values } of unmetVolumeZones(zoneLabels, host.labels))
    report(
      'VolumeZone',
      key,
      `a volume of it is in ${key}=${values.join(' or ')}, the node in ${shown(host.labels, key)}`,
    )
  for (const problem of problems) report('VolumeBinding', problem, problem)
}

/** Takers of each port number: few pods have host ports. */
type PortTakers = ReadonlyMap<number, readonly { readonly port: HostPort; readonly tenant: Tenant }[]>

function portsOf({ tenants }: Host): PortTakers {
  const takers = new Map<number, { port: HostPort; tenant: Tenant }[]>()
  for (const tenant of tenants)
    for (const port of tenant.pod.hostPorts) {
      const same = takers.get(port.port)
      if (same === undefined) takers.set(port.port, [{ port, tenant }])
      else same.push({ port, tenant })
    }
  return takers
}

function checkPorts(tenant: Tenant, takers: PortTakers, report: Report): void {
  for (const wanted of tenant.pod.hostPorts) {
    const [taker] = (takers.get(wanted.port) ?? [])
      .filter(({ port, tenant: other }) => other !== tenant && portsConflict(port, wanted))
      .map(({ tenant: { pod } }) => pod.id)
      .sort()
    if (taker === undefined) continue
    const text = `${wanted.port}/${wanted.protocol || 'TCP'}`
    report('NodePorts', `${text} ${wanted.ip}`, `host port ${text} is also taken by ${taker}`)
  }
}

function disksOf({ tenants }: Host): ReadonlyMap<string, number> {
  const users = new Map<string, number>()
  for (const { pod } of tenants)
    for (const disk of new Set(pod.volumes.inTreeVolumes)) users.set(disk, (users.get(disk) ?? 0) + 1)
  return users
}

const shown = (labels: Labels, key: string): string => valueOf(labels, key) ?? 'no such label'

const expressionText = ({ key, operator, values }: Expression): string =>
  values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`

const termsText = (terms: readonly NodeSelectorTerm[]): string =>
  terms
    .map(({ matchExpressions, matchFields }) => [...matchExpressions, ...matchFields].map(expressionText).join(' and '))
    .map((text) => text || 'a term without expressions')
    .join(', or ') || 'an empty list of terms'
