import type { PriceBook } from '../domain/catalog.js'
import type { Node } from '../domain/cluster.js'
import type { Price } from '../domain/offering.js'
import type { Pod } from '../domain/pod.js'

/** Size that Fargate bills for a pod: vCPUs and GB. */
export type FargateSize = { readonly vcpu: number; readonly memoryGb: number }

const ZONE_ID = 'topology.k8s.aws/zone-id'
const unknown = (why: string): Price => ({ kind: 'unknown', why })

/**
 * What a live node costs per hour by its type, zone and capacity type. Where nothing says how a node is paid for, the
 * on-demand price is taken and its source says so. What is not Linux on EC2 or Fargate has no price here.
 */
export function nodePrice(node: Node, book: PriceBook, fargateSize: (pod: Pod) => FargateSize | undefined): Price {
  if (node.owner === 'other-cloud') return unknown('not an AWS node')
  if (node.owner === 'hybrid') return unknown('runs outside AWS')
  if (node.owner === 'fargate') return fargatePrice(node, book, fargateSize)
  if (node.instanceType === undefined) return unknown('the node does not name its instance type')
  if (node.os === 'windows') return unknown('Windows prices are not in the price catalog')
  const zone = node.zone
  switch (node.capacityType) {
    case 'spot':
      return book.spot(node.instanceType, zone, node.labels[ZONE_ID])
    case 'capacity-block':
      return unknown('paid in advance as a capacity block')
    case 'on-demand':
    case 'reserved':
    case undefined: {
      const price = book.onDemand(node.instanceType, zone)
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
