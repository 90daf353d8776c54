import type { PriceBook, RunAs } from '../domain/catalog.js'
import type { Node, NodeGroup } from '../domain/cluster.js'
import type { Price } from '../domain/offering.js'
import type { Pod } from '../domain/pod.js'

/** Size that Fargate bills for a pod: vCPUs and GB. */
export type FargateSize = { readonly vcpu: number; readonly memoryGb: number }

const ZONE_ID = 'topology.k8s.aws/zone-id'
const unknown = (why: string): Price => ({ kind: 'unknown', why })

/**
 * What a live node costs per hour by its type, zone and capacity type. Where nothing says how a node is paid for, the
 * on-demand price is taken and its source says so. Windows and hardware of its own have their own prices.
 */
export function nodePrice(node: Node, book: PriceBook, fargateSize: (pod: Pod) => FargateSize | undefined): Price {
  if (node.owner === 'other-cloud') return unknown('not an AWS node')
  if (node.owner === 'hybrid') return unknown('runs outside AWS')
  if (node.owner === 'fargate') return fargatePrice(node, book, fargateSize)
  if (node.instanceType === undefined) return unknown('the node does not name its instance type')
  const { zone, platform } = node
  const runAs = runAsOf(node, 'live')
  if (runAs.windows && platform !== undefined && platform !== 'Windows')
    return unknown(`a Windows node that EC2 bills as ${platform}, whose price is not read`)
  switch (node.capacityType) {
    case 'spot':
      return withoutLicence(book.spot(node.instanceType, zone, node.labels[ZONE_ID], runAs), platform)
    case 'capacity-block':
      return unknown('paid in advance as a capacity block')
    case 'on-demand':
    case 'reserved':
    case undefined: {
      const price = withoutLicence(book.onDemand(node.instanceType, zone, runAs), platform)
      if (price.kind === 'unknown' || node.capacityType !== undefined) return price
      return { ...price, source: `${price.source}, capacity type assumed` }
    }
    case 'fargate':
    case 'hybrid':
      return unknown(`a ${node.capacityType} node that no label confirms`)
    default:
      return node.capacityType satisfies never
  }
}

/** Red Hat's and SUSE's systems and SQL Server are paid for by the hour as well; what that costs is not read. */
const withoutLicence = (price: Price, platform = 'Linux/UNIX'): Price =>
  price.kind === 'unknown' || /^(Linux\/UNIX|Windows)$|BYOL/.test(platform)
    ? price
    : { ...price, source: `${price.source}, without the licence of ${platform}` }

const runAsOf = (
  { os, tenancy, owner }: Pick<Node, 'os' | 'tenancy' | 'owner'>,
  autoMode: NonNullable<RunAs['autoMode']>,
): RunAs => ({
  windows: os === 'windows',
  tenancy: tenancy ?? 'shared',
  ...(owner === 'eks-auto-mode' ? { autoMode } : {}),
})

/** Of each group's new nodes, by its name: on hardware like that of today's, the dearest where they differ. */
export const runAsByGroup = (groups: readonly NodeGroup[]): ReadonlyMap<string, RunAs> =>
  new Map(
    groups.map(({ name, owner, template: { os }, nodes }) => {
      const tenancy = (['host', 'dedicated'] as const).find((kind) => nodes.some((node) => node.tenancy === kind))
      return [name, runAsOf({ os, owner, ...(tenancy === undefined ? {} : { tenancy }) }, 'new')]
    }),
  )

function fargatePrice(node: Node, book: PriceBook, fargateSize: (pod: Pod) => FargateSize | undefined): Price {
  const pod = node.pods.find(({ role }) => role === 'fargate')
  const size = pod === undefined ? undefined : fargateSize(pod)
  if (size === undefined) return unknown('a Fargate node without a pod that says its size')
  return book.fargate(
    size.vcpu,
    size.memoryGb,
    node.architecture ?? 'amd64',
    node.os === 'windows' ? 'windows' : 'linux',
  )
}
