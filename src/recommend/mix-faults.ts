import { formatAmount } from '../domain/group-limit.js'
import { mixFaults, type MixedNode, type MixFault, type MixRails } from '../domain/node-mix.js'
import type { PlanNode } from '../domain/plan.js'
import { percent } from '../domain/units.js'

/** A plan's node as rules about the mix of nodes see it. */
export const asMixed = ({ action, group, zone, instanceType, capacityType, ...node }: PlanNode): MixedNode => ({
  isNew: action === 'new',
  ...{ group, zone, instanceType, capacityType, capacity: node.capacity },
  cpu: node.allocatable.cpu,
})

/** What the rails over all packed nodes find wrong with a plan, in words. */
export function mixFaultWords(packed: readonly PlanNode[], rails: MixRails): string[] {
  const words = (fault: MixFault): string => {
    switch (fault.kind) {
      case 'count':
        return `${count(fault.nodes)}, fewer than the ${fault.nodes + fault.missing} asked for`
      case 'zone':
        return `zone ${fault.zone} has ${count(fault.nodes)}, fewer than the ${fault.nodes + fault.missing} asked for`
      case 'pool': {
        const { instanceType = 'of an unknown type', zone = 'an unknown zone', share } = fault.pool
        const limit = percent(rails.maxSpotPoolShare ?? 1)
        return `${percent(share)} of the CPU on spot is ${instanceType} in ${zone}, more than ${limit}`
      }
      case 'addresses':
        return `the subnets of ${fault.zone} have ${fault.excess} addresses too few`
      case 'headroom': {
        const part = percent(fault.excess / fault.demand)
        return `its nodes carry ${part} less ${fault.resource} than is requested with the headroom that was asked for`
      }
      case 'limit': {
        const [most, has] = [fault.most, fault.most + fault.excess].map((one) => formatAmount(fault.resource, one))
        return `NodePool ${fault.group} would have ${has} of ${fault.resource}, more than its limit of ${most}`
      }
      default:
        return fault satisfies never
    }
  }
  return mixFaults(packed.map(asMixed), rails).map(words)
}

const count = (nodes: number): string => (nodes === 1 ? '1 node' : `${nodes} nodes`)
