import type { Node } from '../domain/cluster.js'
import { formatAmount, limitFaults, type GroupLimit } from '../domain/group-limit.js'
import { milliValueOf, parseQuantity, valueOf } from '../domain/quantity.js'
import type { Finding, NodePoolObject } from '../domain/snapshot.js'

/** What the nodes of a NodePool may have together, and what a reader must know of it: a limit that is no amount, or exceeded. */
export function poolLimits(
  { metadata: { name }, limits }: NodePoolObject,
  nodes: readonly Node[],
): { readonly limit: GroupLimit; readonly findings: readonly Finding[] } {
  const subject = `NodePool ${name}`
  const findings: Finding[] = []
  const limit = new Map<string, number>()
  for (const [resource, text] of Object.entries(limits)) {
    const nano = parseQuantity(text)
    if (nano === undefined || nano < 0n)
      findings.push({
        code: 'unreadable-quantity',
        subject,
        detail: `its limit of ${resource} "${text}" is no amount; it is left out`,
      })
    else limit.set(resource, resource === 'cpu' ? milliValueOf(nano) : valueOf(nano))
  }
  const all = nodes.map(({ capacity }) => ({ group: name, isNew: true, capacity }))
  for (const { resource, most, excess } of limitFaults(all, new Map([[name, limit]])))
    findings.push({
      code: 'pool-over-limit',
      subject,
      detail: `its nodes have ${formatAmount(resource, most + excess)} of ${resource}, its limit is ${formatAmount(resource, most)}: a plan may buy nodes there only with fewer of today's`,
    })
  return { limit, findings }
}
