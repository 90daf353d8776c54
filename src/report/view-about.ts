import type { Price } from '../domain/offering.js'
import type { Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Analysis } from '../domain/recommendation.js'
import type { Finding } from '../domain/snapshot.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import {
  count,
  hourlyUsd,
  known,
  monthlyDecimals,
  monthlySaving,
  monthlyUsd,
  percent,
  ratio,
  share,
  type Figure,
} from './figures.js'
import { groupBy, largestBy, priceDate, priceSource, rateOf, sortedBy, total } from './tally.js'
import { savingsPct } from './view-scenarios.js'

/** The facts of the report's first sentence. */
export type Summary = {
  /**
   * `keep`: the plan saves nothing; `no-prices`: no node has a price, so nothing can be said about money; `no-pods`: the
   * input holds none, so nothing says what could be saved.
   */
  readonly kind: 'no-nodes' | 'no-prices' | 'no-pods' | 'keep' | 'save'
  readonly nodesNow: Figure
  readonly nodesPlan: Figure | undefined
  readonly monthlyNow: Figure | undefined
  readonly monthlyPlan: Figure | undefined
  readonly monthlySaving: Figure | undefined
  readonly savingPct: Figure | undefined
  /** Nodes that the two costs leave out. */
  readonly unpricedNow: number
  readonly unpricedPlan: number
  /** What the prices of both costs are, and whether every priced node is on-demand. */
  readonly bases: readonly PriceBasisView[]
  readonly allOnDemand: boolean
}

/** Prices of one kind in use, with the dates of the oldest and the newest of them; undefined where none is known. */
export type PriceBasisView = {
  readonly basis: (Price & { kind: 'known' })['basis']
  readonly oldest: string | undefined
  readonly newest: string | undefined
}

export function summary(analysis: Analysis, plan: Plan | undefined): Summary {
  const { nodes } = analysis.cluster
  const now = nodes.map((node) => ({ price: analysis.bill.nodes.get(node.name), capacityType: node.capacityType }))
  const costNow = total(now.map(({ price }) => price))
  const costPlan = plan && total(plan.nodes.map((node) => node.price))
  const costs =
    costNow.rate === undefined || costPlan?.rate === undefined ? undefined : { now: costNow.rate, plan: costPlan.rate }
  const priced = [...now, ...(plan?.nodes ?? [])].flatMap(({ price, capacityType }) =>
    price?.kind === 'known' ? [{ price, capacityType }] : [],
  )
  const monthly = costs && { now: costs.now * HOURS_PER_MONTH, plan: costs.plan * HOURS_PER_MONTH }
  const decimals = monthly && monthlyDecimals(monthly.now, monthly.plan)
  const perMonth = (rate: number): Figure => monthlyUsd(rate * HOURS_PER_MONTH, decimals)
  return {
    kind: kindOf(analysis, costNow.rate !== undefined, costs !== undefined && costs.plan < costs.now),
    nodesNow: count(nodes.length),
    nodesPlan: known(plan?.nodes.length, count),
    monthlyNow: known(costNow.rate, perMonth),
    monthlyPlan: known(costPlan?.rate, perMonth),
    monthlySaving: monthly && monthlySaving(monthly.now, monthly.plan, decimals),
    savingPct: known(savingsPct(costNow.rate, costPlan?.rate), percent),
    unpricedNow: costNow.unpriced,
    unpricedPlan: costPlan?.unpriced ?? 0,
    bases: basesOf(priced.map(({ price }) => price)),
    allOnDemand: priced.every(({ capacityType }) => capacityType === 'on-demand'),
  }
}

const basesOf = (prices: readonly (Price & { kind: 'known' })[]): PriceBasisView[] =>
  sortedBy(
    groupBy(prices, ({ basis }) => basis),
    ([basis]) => basis,
  ).flatMap(([, [first, ...others]]) => {
    if (first === undefined) return []
    const dates = [first, ...others].flatMap((price) => priceDate(price) ?? []).sort()
    return [{ basis: first.basis, oldest: dates[0], newest: dates.at(-1) }]
  })

function kindOf({ cluster }: Analysis, priced: boolean, saves: boolean): Summary['kind'] {
  if (cluster.nodes.length === 0) return 'no-nodes'
  if (!priced) return 'no-prices'
  if (cluster.pods.length === 0) return 'no-pods'
  return saves ? 'save' : 'keep'
}

/** Running pods that a plan places, and those of them that count as nothing in CPU or in memory. */
export type WithoutRequests = { readonly running: Figure; readonly cpu: Figure; readonly memory: Figure }

/** DaemonSet and static pods are left out: they run once on each node, whatever the plan. */
export function withoutRequests(pods: readonly Pod[]): WithoutRequests {
  const running = pods.filter(({ role, phase }) => role === 'ordinary' && phase === 'Running')
  const without = (of: 'cpu' | 'memory'): Figure =>
    count(running.filter(({ needed, unreadable }) => needed[of] === 0 && unreadable === undefined).length)
  return { running: count(running.length), cpu: without('cpu'), memory: without('memory') }
}

export type PricingView = {
  readonly source: string
  readonly asOf: string
  /** Nodes with a price ÷ nodes that should have one. */
  readonly coverage: Figure | undefined
  readonly pricedNodes: Figure
  readonly pricableNodes: Figure
  readonly unpriced: readonly { readonly why: string; readonly nodes: Figure }[]
  /** What no node row holds: the control plane. */
  readonly clusterFees: readonly {
    readonly name: string
    readonly monthly: Figure | undefined
    readonly hourly: Figure | undefined
    readonly source: string
    /** What it is in extended support, where standard support is only assumed. */
    readonly ifExtended: { readonly monthly: Figure; readonly hourly: Figure } | undefined
  }[]
  /** Spot types in use or in the plan; undefined what the Spot Advisor does not say. */
  readonly spotTypes: readonly {
    readonly instanceType: string
    readonly band: string | undefined
    readonly savings: Figure | undefined
    readonly asOf: string | undefined
  }[]
}

export function pricing({ priceBasis, bill, spotAdvice, cluster }: Analysis, plan: Plan | undefined): PricingView {
  const spot = [...cluster.nodes, ...(plan?.nodes ?? [])].filter((node) => node.capacityType === 'spot')
  const types = [...new Set(spot.flatMap((node) => node.instanceType ?? []))].sort()
  return {
    source: priceBasis.source,
    asOf: priceBasis.asOf,
    coverage: known(ratio(priceBasis.pricedNodes, priceBasis.pricableNodes), share),
    pricedNodes: count(priceBasis.pricedNodes),
    pricableNodes: count(priceBasis.pricableNodes),
    unpriced: largestBy(
      priceBasis.unpriced,
      ({ nodes }) => nodes,
      ({ why }) => why,
    ).map(({ why, nodes }) => ({ why, nodes: count(nodes) })),
    clusterFees: sortedBy(bill.clusterFees, ({ name }) => name).map(({ name, price, ifExtended }) => ({
      name,
      monthly: known(rateOf(price), (rate) => monthlyUsd(rate * HOURS_PER_MONTH)),
      hourly: known(rateOf(price), hourlyUsd),
      source: priceSource(price),
      ifExtended: feeIfExtended(ifExtended),
    })),
    spotTypes: types.map((instanceType) => {
      const advice = spotAdvice.get(instanceType)
      return {
        instanceType,
        band: advice?.band,
        savings: known(advice?.savingsPercent, percent),
        asOf: advice?.asOf,
      }
    }),
  }
}

function feeIfExtended(price: Price | undefined): PricingView['clusterFees'][number]['ifExtended'] {
  const rate = rateOf(price)
  return rate === undefined ? undefined : { monthly: monthlyUsd(rate * HOURS_PER_MONTH), hourly: hourlyUsd(rate) }
}

/** Findings of one code together: what the first says, how many there are, and about what. */
export type Warning = {
  readonly code: string
  readonly message: string
  readonly count: Figure
  /** All of them, by name. */
  readonly subjects: readonly string[]
}

export const warnings = (findings: readonly Finding[]): Warning[] =>
  sortedBy(
    groupBy(findings, ({ code }) => code),
    ([code]) => code,
  ).map(([code, all]) => {
    const ordered = sortedBy(all, ({ subject, detail }) => `${subject}\u0000${detail}`)
    const details = new Set(ordered.map(({ detail }) => detail))
    const subjects = [...new Set(ordered.map(({ subject }) => subject))].filter((subject) => subject !== '')
    const first = [...details][0] ?? ''
    return {
      code,
      message: details.size > 1 ? `${first} (and ${all.length - 1} similar)` : first,
      count: count(all.length),
      subjects,
    }
  })
