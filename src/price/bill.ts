import type { PriceBook } from '../domain/catalog.js'
import type { Bill, ClusterFee, Cost, Node } from '../domain/cluster.js'
import type { Price } from '../domain/offering.js'
import { sumRates } from '../domain/units.js'

/** Sum of the known prices, and how many are not known. */
export const costOf = (prices: readonly Price[]): Cost => ({
  rate: sumRates(prices.flatMap((price) => (price.kind === 'known' ? [price.rate] : []))),
  unpriced: prices.filter(({ kind }) => kind === 'unknown').length,
})

/** What the nodes cost now. The total is theirs: cluster-wide fees stand beside it and are in no node's price. */
export function bill(
  nodes: readonly Node[],
  priceOf: (node: Node) => Price,
  clusterFees: Bill['clusterFees'] = [],
): Bill {
  const prices = new Map(nodes.map((node): [string, Price] => [node.name, priceOf(node)]))
  return { nodes: prices, total: costOf([...prices.values()]), clusterFees }
}

/**
 * EKS's fee for the cluster. Whether its version is in extended support is a matter of dates that the catalog does not hold:
 * only EKS says it, else standard support is assumed.
 */
export function controlPlaneFee(book: Pick<PriceBook, 'controlPlane'>, extended: boolean | undefined): ClusterFee {
  const fee = (support: string): ClusterFee => ({
    name: `EKS control plane (${support})`,
    price: book.controlPlane(extended ?? false),
  })
  if (extended !== undefined) return fee(extended ? 'extended support' : 'standard support')
  return { ...fee('standard support assumed'), ifExtended: book.controlPlane(true) }
}

/** How many nodes each reason leaves without a price; the most frequent first. */
export function unpricedReasons({ nodes }: Bill): { readonly why: string; readonly nodes: number }[] {
  const counts = new Map<string, number>()
  for (const price of nodes.values())
    if (price.kind === 'unknown') counts.set(price.why, (counts.get(price.why) ?? 0) + 1)
  return [...counts]
    .map(([why, count]) => ({ why, nodes: count }))
    .sort((a, b) => b.nodes - a.nodes || (a.why < b.why ? -1 : a.why > b.why ? 1 : 0))
}
