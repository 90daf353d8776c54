import type { Analysis, BlockerPrices, BlockerSet, BlockerWorth, PricedBlocker } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import type { BlockerRow } from './columns.js'
import { count, known, monthlyUsd, type Figure } from './figures.js'
import { byText, countTypes, groupBy, largestBy, total } from './tally.js'

/** What a plan costs less without a rule; `why` says why that is not known. */
export type WorthView = {
  readonly monthly: Figure | undefined
  readonly proof: string | undefined
  readonly why: string | undefined
}

/** Blockers that would have to be changed together, mostly one. */
export type ChangeView = WorthView & {
  readonly blockers: readonly string[]
  readonly fixes: readonly string[]
  readonly nodes: readonly string[]
  readonly types: BlockerRow['instance_types']
}

export type BlockersView = {
  /** Rows of blockers.csv, those that save most first. */
  readonly rows: readonly BlockerRow[]
  /** Sets of two or more that hold nodes together. */
  readonly sets: readonly ChangeView[]
  /** What saves anything, the most first; a set only where it saves more than its members do by themselves. */
  readonly worthwhile: readonly ChangeView[]
  readonly all: WorthView
  readonly against: BlockerPrices['against']
  /** Blockers without which no cheaper plan was found, by themselves or together with others. */
  readonly worthless: Figure
  /** Blockers without a price, by reason. */
  readonly unknown: readonly { readonly why: string; readonly blockers: Figure }[]
}

const rateOf = (worth: BlockerWorth | undefined): number => (worth?.kind === 'known' ? worth.rate : 0)

const worthView = (worth: BlockerWorth | undefined): WorthView => ({
  monthly: worth?.kind === 'known' ? monthlyUsd(worth.rate * HOURS_PER_MONTH) : undefined,
  proof: worth?.kind === 'known' ? worth.proof : undefined,
  why: worth?.kind === 'unknown' ? worth.why : undefined,
})

export function blockersView({ blockerPrices: prices, bill }: Analysis): BlockersView | undefined {
  if (prices === undefined) return undefined
  const { blockers, sets, all, against } = prices
  const bestSets = bestSetOf(prices)
  const joint = (at: number): number => rateOf(bestSets.get(at)?.worth)
  const isUnknown = (at: number): boolean =>
    blockers[at]?.alone.kind === 'unknown' || (bestSets.get(at)?.worth.kind === 'unknown' && joint(at) === 0)
  const places = largestBy(
    blockers.keys(),
    (at) => Math.max(rateOf(blockers[at]?.alone), joint(at)),
    (at) => blockers[at]?.what ?? '',
  )
  const row = (at: number): BlockerRow[] => {
    const blocker = blockers[at]
    if (blocker === undefined) return []
    const set = bestSets.get(at)
    const own = worthView(blocker.alone)
    const together = worthView(set?.worth)
    const nodes = total(blocker.nodes.map((node) => bill.nodes.get(node.name)))
    return [
      {
        blocker: blocker.what,
        rule: blocker.rule,
        namespace: blocker.workload?.namespace,
        kind: blocker.workload?.kind,
        workload: blocker.workload?.name,
        pods: blocker.pods,
        nodes: blocker.nodes.map(({ name }) => name),
        instance_types: countTypes(blocker.nodes),
        nodes_monthly_usd: known(nodes.rate, (rate) => monthlyUsd(rate * HOURS_PER_MONTH)),
        monthly_usd: own.monthly,
        proof: own.proof,
        together_with: set?.members.flatMap((one) => (one === at ? [] : (blockers[one]?.what ?? []))) ?? [],
        together_monthly_usd: together.monthly,
        together_proof: together.proof,
        why_unknown: own.why ?? together.why,
        fix: blocker.fix,
      },
    ]
  }
  const nodesOf = new Map(blockers.flatMap(({ nodes }) => nodes.map((node) => [node.name, node])))
  const setView = (set: BlockerSet): ChangeView => ({
    ...changeOf(set.members.flatMap((at) => blockers[at] ?? [])),
    nodes: set.nodes,
    types: countTypes(set.nodes.flatMap((name) => nodesOf.get(name) ?? [])),
    ...worthView(set.worth),
  })
  const changes = [
    ...blockers.map((blocker) => ({ rate: rateOf(blocker.alone), view: () => aloneView(blocker) })),
    ...sets
      .filter(({ members, worth }) => rateOf(worth) > members.reduce((sum, at) => sum + rateOf(blockers[at]?.alone), 0))
      .map((set) => ({ rate: rateOf(set.worth), view: () => setView(set) })),
  ]
  const unknown = [...blockers.keys()].filter(isUnknown)
  const whyOf = (at: number): string =>
    worthView(blockers[at]?.alone).why ?? worthView(bestSets.get(at)?.worth).why ?? ''
  return {
    rows: places.flatMap(row),
    sets: sets.map(setView),
    worthwhile: changes
      .filter(({ rate }) => rate > 0)
      .map(({ rate, view }) => ({ rate, view: view() }))
      .sort((a, b) => b.rate - a.rate || byText(a.view.blockers.join(), b.view.blockers.join()))
      .map(({ view }) => view),
    all: worthView(all),
    against,
    worthless: count(
      [...blockers.keys()].filter((at) => !isUnknown(at) && rateOf(blockers[at]?.alone) === 0 && joint(at) === 0)
        .length,
    ),
    unknown: [...groupBy(unknown, whyOf)]
      .sort(([a], [b]) => byText(a, b))
      .map(([why, places]) => ({ why, blockers: count(places.length) })),
  }
}

const aloneView = (blocker: PricedBlocker): ChangeView => ({
  ...changeOf([blocker]),
  nodes: blocker.nodes.map(({ name }) => name),
  types: countTypes(blocker.nodes),
  ...worthView(blocker.alone),
})

const changeOf = (blockers: readonly PricedBlocker[]): Pick<ChangeView, 'blockers' | 'fixes'> => ({
  blockers: blockers.map(({ what }) => what),
  fixes: [...new Set(blockers.map(({ fix }) => fix))],
})

/** For each blocker the set that saves most with it; among equals the smallest. */
function bestSetOf({ sets }: BlockerPrices): ReadonlyMap<number, BlockerSet> {
  const best = new Map<number, BlockerSet>()
  for (const set of sets)
    for (const at of set.members) {
      const known = best.get(at)
      const more = rateOf(set.worth) - rateOf(known?.worth)
      if (known === undefined || more > 0 || (more === 0 && set.members.length < known.members.length))
        best.set(at, set)
    }
  return best
}
