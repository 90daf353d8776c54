import { bullet, left, plural, right, table } from './markdown-text.js'
import type { View } from './view.js'
import type { FamilyView } from './view-frontier.js'

/** Cost against number of nodes, so that a person chooses with open eyes, and what larger nodes save at all. */
export function frontierSection({ frontier }: View): string[] {
  if (frontier === undefined) return []
  const { rows, why } = frontier
  if (rows.length === 0) return why === undefined ? [] : [`Cost against number of nodes: not worked out, ${why}.`]
  const headings = [
    right('Nodes'),
    right('$/month'),
    right('Above the cheapest'),
    right('Gap'),
    right('Largest node'),
    left('Survives a node'),
    right('Refill leaves over'),
    left('Scenario'),
  ]
  const cells = rows.map((row) => [
    row.nodes,
    row.monthly_usd,
    row.above_cheapest_pct,
    row.gap_pct,
    row.largest_node_share,
    row.survives_node_loss,
    row.refill_unplaced_pods,
    row.scenarios.join(', '),
  ])
  return [
    `Packed tightly, each node group with the capacity types that it has, ${
      frontier.smaller > 0
        ? 'from many small nodes to few large ones. Below the cheapest plan none is beaten by another in cost and in nodes; those above it cost more, but one lost node takes less with it'
        : 'from the cheapest plan to the fewest nodes, none beaten in both by another'
    }.`,
    '',
    ...table(headings, cells),
    '',
    ...whatLargerSave(frontier).map(bullet),
    bullet(
      `Gap: the part of the cost by which it is above a bound that no plan with the same capacity types and at most so many nodes can beat${frontier.smaller > 0 ? ' or, in the rows above the cheapest, none without a larger node (bound_covers in frontier.csv)' : ''}. Above the cheapest: as a share of the cheapest cost. Refill leaves over: pods without a place when the default scheduler fills the nodes from empty.`,
    ),
  ]
}

/** One sentence for each family, and what the nodes saved had for themselves. */
function whatLargerSave({ rows, smaller, families, saved }: NonNullable<View['frontier']>): string[] {
  const first = rows[smaller]
  const last = rows.at(-1)
  if (first === undefined || last === undefined || saved === undefined) return []
  const prices = families.map(priceWords)
  const overhead = `${last.nodes && plural(last.nodes, 'node')} instead of ${first.nodes?.short} need${last.nodes?.exact === '1' ? 's' : ''} ${saved.cpu.short} cores and ${saved.memory.short} less for DaemonSets and static pods`
  const isFlat = families.length > 0 && families.every((family) => family.isFlat)
  return [...prices, isFlat ? `${overhead}, which is all that larger nodes save` : overhead].map((text) => `${text}.`)
}

const priceWords = ({ family, capacityType, isFlat, sizes, least, most }: FamilyView): string =>
  isFlat
    ? `A vCPU of ${family} (${capacityType}) costs the same in every size from ${sizes[0]?.instanceType} to ${sizes.at(-1)?.instanceType}, ${least.hourly.short} an hour`
    : `A vCPU of ${family} (${capacityType}) costs from ${least.hourly.short} an hour (${least.instanceType}) to ${most.hourly.short} (${most.instanceType})`
