import type { AddressUse, Analysis } from '../domain/recommendation.js'
import { HOURS_PER_MONTH } from '../domain/units.js'
import { count, known, monthlyUsd, type Figure } from './figures.js'
import { sortedBy } from './tally.js'

/** Subnet addresses of one scenario in one zone. */
export type AddressView = {
  readonly scenario: string
  readonly zone: string | undefined
  readonly nodes: Figure
  readonly unknownNodes: Figure
  readonly addresses: Figure
  readonly atMost: Figure
  readonly prefixes: Figure
  readonly prefixesAtMost: Figure
  readonly free: Figure | undefined
  /** More addresses than today's nodes take; negative where the plan gives some back. */
  readonly more: Figure
  /** Undefined where free addresses are not known. */
  readonly fits: boolean | undefined
}

export function addressViews(addresses: readonly AddressUse[]): AddressView[] {
  const today = addresses.find(({ scenario }) => scenario === 'current')?.zones ?? []
  return addresses.flatMap(({ scenario, zones }) =>
    zones.map((zone): AddressView => {
      const more = zone.addresses - (today.find((one) => one.zone === zone.zone)?.addresses ?? 0)
      return {
        scenario,
        zone: zone.zone,
        nodes: count(zone.nodes),
        unknownNodes: count(zone.unknownNodes),
        addresses: count(zone.addresses),
        atMost: count(zone.atMost),
        prefixes: count(zone.prefixes),
        prefixesAtMost: count(zone.prefixesAtMost),
        free: known(zone.free, count),
        more: count(more),
        fits: zone.free === undefined ? undefined : more <= zone.free,
      }
    }),
  )
}

/** What prefix delegation would change, and what that is worth. */
export type PrefixView = {
  readonly applies: boolean
  /** Why it does not apply. */
  readonly why: string | undefined
  /** `not-bound`: no group runs out of pod slots; `nothing`: some do, and yet no cheaper plan was found. */
  readonly worth: 'none' | 'not-bound' | 'nothing' | 'not-feasible' | 'saves'
  readonly gains: readonly {
    readonly group: string
    readonly instanceType: string
    readonly nodes: Figure
    readonly podsNow: Figure
    readonly podsThen: Figure
    readonly bound: boolean
  }[]
  /** Per month, against the cheapest plan without prefixes: both as packed, both as the default scheduler rebuilds them. */
  readonly savingPacked: Figure | undefined
  readonly savingRealised: Figure | undefined
  /** Per month, what the saving as rebuilt is the difference of. */
  readonly realised?: { readonly without: Figure; readonly with: Figure } | undefined
  /** What is recommended costs per month, where that is less than the plan with prefixes as rebuilt. */
  readonly recommendedIsLess?: Figure | undefined
}

export function prefixView({ scenarios, prefixes }: Analysis): PrefixView | undefined {
  const scenario = scenarios.find(({ id }) => id === 'prefix-delegation')
  if (scenario === undefined) return undefined
  const { outcome } = scenario
  if (outcome.kind === 'not-applicable' || prefixes === undefined) {
    const why = outcome.kind === 'not-applicable' ? outcome.why : undefined
    return { applies: false, why, worth: 'none', gains: [], savingPacked: undefined, savingRealised: undefined }
  }
  const saving = (before: number | undefined, after: number | undefined): Figure | undefined =>
    before === undefined || after === undefined ? undefined : monthlyUsd((before - after) * HOURS_PER_MONTH)
  const before = prefixes.cheapest
  const monthly = (rate: number): Figure => monthlyUsd(rate * HOURS_PER_MONTH)
  const recommended = scenarios.find(({ id }) => id === 'recommended')?.outcome
  const after = outcome.realised
  return {
    applies: true,
    why: undefined,
    worth: !prefixes.gains.some(({ bound }) => bound)
      ? 'not-bound'
      : !outcome.feasible
        ? 'not-feasible'
        : outcome.plan.cost.rate === before.packed.rate && outcome.realised === before.realised
          ? 'nothing'
          : 'saves',
    gains: sortedBy(prefixes.gains, ({ group, instanceType }) => `${group} ${instanceType}`).map((gain) => ({
      ...gain,
      nodes: count(gain.nodes),
      podsNow: count(gain.podsNow),
      podsThen: count(gain.podsThen),
    })),
    savingPacked: saving(before.packed.rate, outcome.plan.cost.rate),
    savingRealised: saving(before.realised, after),
    ...(before.realised === undefined || after === undefined
      ? {}
      : { realised: { without: monthly(before.realised), with: monthly(after) } }),
    ...(recommended?.kind === 'planned' && after !== undefined && recommended.plan.cost.rate < after
      ? { recommendedIsLess: monthly(recommended.plan.cost.rate) }
      : {}),
  }
}
