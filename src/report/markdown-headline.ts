import { commitmentFact } from './markdown-commitments.js'
import { escape, plural, type Written } from './markdown-text.js'
import type { View } from './view.js'
import type { PriceBasisView, Summary } from './view-about.js'

/** What the cluster costs, what it could cost, and at which prices; then what a reader must know before following that. */
export const headline = (view: View): string => [firstSentence(view), ...reservations(view)].join(' ')

function reservations({ cluster, summary, beyondSpotLimit, failingOrders }: View): string[] {
  const unseen = cluster.onUnknownNodes
  return [
    unseen.exact === '0' || summary.kind === 'no-nodes'
      ? ''
      : `${unseen.short} running ${unseen.exact === '1' ? 'pod is on a node that is' : 'pods are on nodes that are'} not in the input: no figure counts ${unseen.exact === '1' ? 'that node' : 'these nodes'}.`,
    beyondSpotLimit === undefined
      ? ''
      : `What is recommended has ${beyondSpotLimit.share.short} of the CPU on spot, more than --max-spot ${beyondSpotLimit.wanted.short}: no plan that keeps to it could be recommended in place of today's nodes.`,
    failingOrders === undefined ? '' : orderWords(failingOrders),
  ].filter((sentence) => sentence !== '')
}

function orderWords({ orders, failing, unplaced }: NonNullable<View['failingOrders']>): string {
  const pods = plural(unplaced, 'pod')
  return orders.exact === '1'
    ? `In the one order of the pods that was tried and that the search has not seen, the recommended nodes leave ${pods} over when the default scheduler refills them.`
    : `In ${failing.short} of ${orders.short} orders of the pods that the search has not seen, the recommended nodes leave pods over when the default scheduler refills them, at most ${pods}.`
}

function firstSentence({ cluster, summary, pricing, needs, kept }: View): string {
  const name = escape(cluster.name)
  const nodes = plural(summary.nodesNow, 'node')
  const prices = escape(priceWords(summary))
  const now = `Cluster ${name} runs on ${nodes} for ${summary.monthlyNow?.short} a month`
  switch (summary.kind) {
    case 'no-nodes':
      if (cluster.onUnknownNodes.exact !== '0')
        return `The input of cluster ${name} has no nodes, but ${plural(cluster.onUnknownNodes, 'pod')} that ${cluster.onUnknownNodes.exact === '1' ? 'runs' : 'run'} on some: the Node objects are missing, so nothing can be priced and nothing is recommended. Read nodes and pods together (kubectl get nodes,pods,… -A -o json, or k8s-cost collect), then run again.`
      return `Cluster ${name} has no nodes: there is nothing to price and nothing to recommend.`
    case 'no-prices': {
      const why = pricing.unpriced[0]?.why
      const reason = why === undefined ? '' : ` (${escape(why)})`
      return `Cluster ${name} runs on ${nodes}, and none of them has a price${reason}: this report shows how they are used, not what they cost.`
    }
    case 'no-pods':
      return `${now}, at ${prices}${notCounting(summary)}. The input holds no pods: nothing says what the nodes must carry, so nothing is recommended.`
    case 'keep':
      return `${now}, at ${prices}${notCounting(summary)}, and no cheaper set of nodes was found that the policy allows${kept === undefined ? '' : ` (${escape(kept)})`}: keep what you have.`
    case 'save': {
      const plan = `the same pods fit on ${summary.nodesPlan && plural(summary.nodesPlan, 'node')} for ${summary.monthlyPlan?.short} a month`
      const saving = `a saving of ${summary.monthlySaving?.short} a month (${summary.savingPct?.short})`
      const once = needs === undefined ? '' : ', once priority classes let big pods come first'
      return `${now}; ${plan}${once}: ${saving}, at ${prices}${notCounting(summary)}.`
    }
    default:
      return summary.kind satisfies never
  }
}

/** Each kind of prices with its own date; those of one date together. */
function priceWords({ bases, allOnDemand }: Summary): string {
  const byDate = new Map<string, string[]>()
  for (const one of bases)
    byDate.set(dateWords(one), [...(byDate.get(dateWords(one)) ?? []), basisWords(one, allOnDemand)])
  return joined([...byDate].map(([date, words]) => `${joined(words.sort())} prices${date}`).sort())
}

function basisWords({ basis }: PriceBasisView, allOnDemand: boolean): string {
  switch (basis) {
    case 'list':
      return allOnDemand ? 'AWS on-demand list' : 'AWS list'
    case 'observed':
      return 'observed spot'
    case 'estimate':
      return 'estimated spot'
    default:
      return basis satisfies never
  }
}

const dateWords = ({ oldest, newest }: PriceBasisView): string =>
  oldest === undefined ? '' : newest === oldest ? ` of ${oldest}` : ` of ${oldest} to ${newest}`

function joined(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}

/** Where the prices are from, and of when; without a price in use, of when the list is. */
export const pricesFrom = ({ pricing, summary }: Pick<View, 'pricing' | 'summary'>): string =>
  summary.bases.length > 0
    ? `${pricing.source}: ${priceWords(summary)}`
    : `${pricing.source}${pricing.asOf === '' ? '' : `, as of ${pricing.asOf}`}`

function notCounting({ unpricedNow, unpricedPlan }: Summary): string {
  if (unpricedNow === 0 && unpricedPlan === 0) return ''
  const plan = unpricedPlan === unpricedNow ? '' : ` now and ${unpricedPlan} in the plan`
  return `, not counting ${unpricedNow} ${unpricedNow === 1 ? 'node' : 'nodes'} without a price${plan}`
}

/** What the first sentence leaves out: fees of the cluster, pending pods, where the figures are from. */
export function facts(view: View): string[] {
  const { cluster, summary, pricing, generatedAt } = view
  const where = [cluster.region, cluster.version && `Kubernetes ${cluster.version}`].flatMap((word) => word ?? [])
  const ofThem = [
    ...(cluster.pending.exact === '0' ? [] : [`${cluster.pending.short} of them pending`]),
    ...(cluster.onUnknownNodes.exact === '0'
      ? []
      : [`${cluster.onUnknownNodes.short} of them on nodes that are not in the input`]),
  ]
  const pods = [plural(cluster.pods, 'pod'), ...ofThem].join(', ')
  const lines = [
    `- Cluster: ${[...where.map(escape), plural(summary.nodesNow, 'node'), pods].join(', ')}.`,
    `- Prices: ${escape(pricesFrom(view))}; ${pricing.pricedNodes.short} of ${plural(pricing.pricableNodes, 'node')} priced.`,
  ]
  lines.push(...requestFact(cluster))
  for (const fee of pricing.clusterFees) {
    const amount = fee.monthly === undefined ? `not known (${escape(fee.source)})` : `${fee.monthly.short} a month`
    const { hourly, ifExtended } = fee
    const otherwise =
      hourly === undefined || ifExtended === undefined
        ? ''
        : ` It would be ${ifExtended.monthly.short} in extended support, which costs ${ifExtended.hourly.short} an hour, not ${hourly.short}.`
    lines.push(`- Not in these figures: ${escape(fee.name)}, ${amount}, the same before and after.${otherwise}`)
  }
  lines.push(...commitmentFact(view))
  lines.push(`- Figures of ${escape(generatedAt)}. A month is 730 hours. A dash stands for a figure that is not known.`)
  return lines
}

/** Requests decide where pods go: how far that can be trusted where they are missing. */
function requestFact({ withoutRequests: { running, cpu, memory } }: View['cluster']): string[] {
  const missing = [
    ...(cpu.exact === '0' ? [] : [`${cpu.short} without a CPU request`]),
    ...(memory.exact === '0' ? [] : [`${memory.short} without a memory request`]),
  ]
  if (missing.length === 0) return []
  return [
    `- Requests: ${plural(running, 'running pod')} besides those of DaemonSets and static ones, of them ${missing.join(' and ')}. What is not requested counts as nothing: a pod without any request takes a pod slot of the plan and no more, so the saving holds only as far as these pods use little.`,
  ]
}

const MEANINGS: readonly (readonly [file: string, holds: string])[] = [
  ['nodes.csv', 'every node today'],
  ['node-groups.csv', 'every node group, today and in the plan'],
  ['workloads.csv', 'every workload with its share of the cost'],
  ['max-pods.csv', 'max pods per instance type and network mode'],
  ['scenarios.csv', 'what was tried, side by side'],
  ['frontier.csv', 'cost against number of nodes'],
  ['plan-nodes.csv', 'the nodes of the recommended plan'],
  ['placements.csv', 'which pod goes on which of them'],
  ['blockers.csv', 'what keeps nodes alive, what that costs and how to change it'],
  ['report.json', 'all of it for programs'],
  ['plan-nodes.json', "the plan's nodes as Kubernetes objects"],
]

/** The files beside this one, and no other. */
export const fileList = (written: Written): string[] =>
  MEANINGS.flatMap(([file, holds]) => (written.has(file) ? [`- ${file}: ${holds}`] : []))
