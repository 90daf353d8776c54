import type { PlanNode } from '../domain/plan.js'
import type { Finding } from '../domain/snapshot.js'
import { MEBIBYTE } from '../domain/units.js'
import { requestedOn } from './figures.js'

/**
 * New nodes that a plan fills closer than their memory is known: should the truth be at the low end of the estimate, the
 * last pod does not fit. `doubtMib` is how much less than promised a node may have.
 */
export const memoryDoubts = (nodes: readonly PlanNode[], doubtMib: (node: PlanNode) => number): Finding[] =>
  nodes.flatMap((node) => {
    const doubt = node.action === 'new' ? doubtMib(node) : 0
    const free = (node.allocatable.memory - requestedOn(node).memory) / MEBIBYTE
    return doubt <= 0 || free >= doubt
      ? []
      : [
          {
            code: 'memory-estimate-tight',
            subject: node.name,
            detail: `${Math.floor(free)} MiB of ${node.instanceType ?? 'the type'} stay free, and its memory is only known to ${Math.ceil(doubt)} MiB`,
          },
        ]
  })
