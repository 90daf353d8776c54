import { commitmentFact } from './markdown-commitments.js'
import { escape, plural, type Written } from './markdown-text.js'
import type { View } from './view.js'
import type { Summary } from './view-about.js'

/** The first sentence: what the cluster costs, what it could cost, and at which prices. */
export function headline({ cluster, summary, pricing, needs }: View): string {
  const name = escape(cluster.name)
  const nodes = plural(summary.nodesNow, 'node')
  const prices = `${priceWords(summary)}${pricing.asOf === '' ? '' : ` of ${escape(pricing.asOf)}`}`
  const now = `Cluster ${name} runs on ${nodes} for ${summary.monthlyNow?.short} a month`
  switch (summary.kind) {
    case 'no-nodes':
      return `Cluster ${name} has no nodes: there is nothing to price and nothing to recommend.`
    case 'no-prices': {
      const why = pricing.unpriced[0]?.why
      const reason = why === undefined ? '' : ` (${escape(why)})`
      return `Cluster ${name} runs on ${nodes}, and none of them has a price${reason}: this report shows how they are used, not what they cost.`
    }
    case 'no-pods':
      return `${now}, at ${prices}${notCounting(summary)}. The input holds no pods: nothing says what the nodes must carry, so nothing is recommended.`
    case 'keep':
      return `${now}, at ${prices}${notCounting(summary)}, and no cheaper set of nodes was found on which the same pods run: keep what you have.`
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

function priceWords({ bases, allOnDemand }: Summary): string {
  const words = bases.map((basis) => {
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
  })
  const ordered = words.sort()
  const last = ordered.pop() ?? ''
  return `${ordered.length === 0 ? last : `${ordered.join(', ')} and ${last}`} prices`
}

function notCounting({ unpricedNow, unpricedPlan }: Summary): string {
  if (unpricedNow === 0 && unpricedPlan === 0) return ''
  const plan = unpricedPlan === unpricedNow ? '' : ` now and ${unpricedPlan} in the plan`
  return `, not counting ${unpricedNow} ${unpricedNow === 1 ? 'node' : 'nodes'} without a price${plan}`
}

/** What the first sentence leaves out: fees of the cluster, pending pods, where the figures are from. */
export function facts(view: View): string[] {
  const { cluster, summary, pricing, generatedAt } = view
  const where = [cluster.region, cluster.version && `Kubernetes ${cluster.version}`].flatMap((word) => word ?? [])
  const pods = `${plural(cluster.pods, 'pod')}${cluster.pending.exact === '0' ? '' : `, ${cluster.pending.short} of them pending`}`
  const lines = [
    `- Cluster: ${[...where.map(escape), plural(summary.nodesNow, 'node'), pods].join(', ')}.`,
    `- Prices: ${escape(pricing.source)}${pricing.asOf === '' ? '' : `, as of ${escape(pricing.asOf)}`}; ${pricing.pricedNodes.short} of ${plural(pricing.pricableNodes, 'node')} priced.`,
  ]
  for (const fee of pricing.clusterFees) {
    const amount = fee.monthly === undefined ? `not known (${escape(fee.source)})` : `${fee.monthly.short} a month`
    lines.push(`- Not in these figures: ${escape(fee.name)}, ${amount}, the same before and after.`)
  }
  lines.push(...commitmentFact(view))
  lines.push(`- Figures of ${escape(generatedAt)}. A month is 730 hours. A dash stands for a figure that is not known.`)
  return lines
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
