import type { ScenarioRow } from './columns.js'
import { bullet, escape, left, leftOut, right, table, UNKNOWN, type Written } from './markdown-text.js'
import type { PrefixView } from './view-network.js'
import type { View } from './view.js'

const GAINS_SHOWN = 30
const ADDRESSES_SHOWN = 30

/** Scenarios whose addresses people compare; report.json has all of them. */
const COMPARED = new Set(['current', 'recommended', 'prefix-delegation'])

/** Which groups could run more pods per node, and what a plan that uses this costs less. */
export function prefixWorth({ prefixes, scenarios }: View, written: Written): string[] {
  if (prefixes === undefined) return []
  if (!prefixes.applies) return [`Not applicable: ${escape(prefixes.why ?? 'the reason is not known')}.`]
  const row = scenarios.find((scenario) => scenario.row.scenario === 'prefix-delegation')?.row
  const rows = prefixes.gains.map((gain) => [
    gain.group,
    gain.instanceType,
    gain.nodes,
    gain.podsNow,
    gain.podsThen,
    gain.bound,
  ])
  const headings = [
    left('Node group'),
    left('Instance type'),
    right('Nodes'),
    right('Pods per node now'),
    right('With prefixes'),
    left('Bound by pod slots'),
  ]
  return [
    ...worthLines(prefixes, row).map(bullet),
    bullet(
      'It takes ENABLE_PREFIX_DELEGATION=true on kube-system/aws-node, the higher maxPods in the kubelet settings of groups that EKS does not manage, and new nodes in place of the old, those included that the plan keeps: what holds one (nodes.csv) has to give way for that. It is never part of the recommendation.',
    ),
    '',
    ...table(headings, rows.slice(0, GAINS_SHOWN)),
    ...leftOut(rows.length - GAINS_SHOWN, 'report.json', written),
  ]
}

function worthLines(prefixes: PrefixView, row: ScenarioRow | undefined): string[] {
  switch (prefixes.worth) {
    case 'none':
      return []
    case 'not-bound':
      return ['No node group runs out of pod slots first, today or in the cheapest plan: more of them change no plan.']
    case 'nothing':
      return ['Some node groups run out of pod slots first, and yet no cheaper plan was found with more of them.']
    case 'not-feasible':
      return [`The cheapest plan with prefixes is not feasible: ${row?.notes[0] ?? 'the reason is not known'}.`]
    case 'saves': {
      const { savingPacked, savingRealised, realised, recommendedIsLess } = prefixes
      return [
        `The cheapest plan with prefixes costs ${row?.monthly_usd?.short ?? UNKNOWN} a month as packed.`,
        savingPacked && `Saving a month as packed, against the cheapest plan without prefixes: ${savingPacked.short}.`,
        savingRealised &&
          realised &&
          `Saving a month with the nodes that each of the two needs besides, so that the default scheduler fills it: ${savingRealised.short} (${realised.with.short} instead of ${realised.without.short}).`,
        recommendedIsLess &&
          `What is recommended costs less than that, ${recommendedIsLess.short}: fleets that the scheduler fills without more nodes are only searched for without prefixes.`,
      ].filter((line) => line !== undefined)
    }
    default:
      return prefixes.worth satisfies never
  }
}

/** What today's nodes and the plans take from the subnets of each zone. */
export function addressTable({ addresses }: View, written: Written): string[] {
  const shown = addresses.filter(({ scenario }) => COMPARED.has(scenario))
  if (shown.length === 0) return []
  const unknown = shown.some(({ unknownNodes }) => unknownNodes.exact !== '0')
  const unchecked = shown.every(({ fits }) => fits === undefined)
  const rows = shown.map((zone) => [
    zone.scenario,
    zone.zone,
    zone.nodes,
    zone.addresses,
    zone.more,
    zone.atMost,
    zone.prefixes,
    ...(unchecked ? [] : [zone.free, zone.fits]),
  ])
  const headings = [
    left('Scenario'),
    left('Zone'),
    right('Nodes'),
    right('Addresses'),
    right('More than today'),
    right('At most'),
    right('/28 blocks'),
    ...(unchecked ? [] : [right('Free'), left('Fits')]),
  ]
  return [
    'Addresses of the nodes, of their pods and of the warm pools that aws-node keeps. At most: with a pod in every pod slot. A /28 block needs 16 adjoining free addresses.',
    '',
    ...table(headings, rows.slice(0, ADDRESSES_SHOWN)),
    ...leftOut(rows.length - ADDRESSES_SHOWN, 'report.json', written),
    ...(unchecked || unknown ? [''] : []),
    ...(unchecked
      ? [bullet('Not checked against the free addresses of the subnets: AWS was not asked for them.')]
      : []),
    ...(unknown ? [bullet('Nodes whose instance type is not known are counted in no address.')] : []),
  ]
}
