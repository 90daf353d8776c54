import { stuckTable } from './markdown-details.js'
import { bullet, left, leftOut, plural, right, table, typeList, type Written } from './markdown-text.js'
import type { View } from './view.js'
import type { BlockersView, ChangeView } from './view-blockers.js'

const CHANGES_SHOWN = 15
const NAMES_SHOWN = 3

const PLANS: Readonly<Record<BlockersView['against'], string>> = {
  recommended: 'the recommended plan',
  current: "today's nodes",
  cheapest: 'the cheapest plan found',
}

/** What each rule that holds nodes costs, the dearest first, with what to change; without prices, the nodes held. */
export function whatKeepsNodes(view: View, written: Written): string[] {
  const { blockers, stuck } = view
  if (blockers === undefined) return stuckTable(view, written)
  const { worthwhile, all, against, worthless, unknown } = blockers
  const rows = worthwhile.map((change) => [
    change.proof === 'joint' ? `≈ ${change.monthly?.short}` : change.monthly,
    names(change),
    typeList(change.types),
    change.fixes.join('; '),
  ])
  const headings = [right('Saves a month'), left('What'), left('Holds'), left('Fix')]
  const lines = [
    all.monthly === undefined
      ? `With all of these rules gone: not known (${all.why}).`
      : `With all of these rules gone, ${PLANS[against]} would cost at least ${all.monthly.short} a month less.`,
    worthless.exact === '0' ? '' : `Nothing cheaper was found without ${plural(worthless, 'other rule')}.`,
    ...unknown.map(({ why, blockers: number }) => `Without a price: ${plural(number, 'rule')} (${why}).`),
    worthwhile.slice(0, CHANGES_SHOWN).some(({ proof }) => proof === 'joint')
      ? '≈: not tried by itself; what its nodes save in the plan without any of these rules.'
      : '',
    stuck.length === 0
      ? ''
      : `Nodes that no plan removes today: ${stuck.length}${written.has('nodes.csv') ? '; nodes.csv says of each what holds it' : ''}.`,
  ].filter((line) => line !== '')
  return [
    `What ${PLANS[against]} would cost less without a rule that keeps pods or nodes where they are: at least this much, by a complete plan that breaks no other rule${written.has('blockers.csv') ? ' (proof in blockers.csv)' : ''}. Rows overlap where rules hold the same nodes: they do not add up.`,
    '',
    ...(rows.length === 0
      ? ['No rule that would save anything by itself or together with others was found.']
      : table(headings, rows.slice(0, CHANGES_SHOWN))),
    ...leftOut(rows.length - CHANGES_SHOWN, 'blockers.csv', written),
    '',
    ...lines.map(bullet),
  ]
}

/** Annotations are known by the last part of their names; blockers.csv has the whole. */
const shortName = (blocker: string): string => blocker.replace(/^annotation [a-z.-]+\//, 'annotation ')

function names({ blockers }: ChangeView): string {
  const shown = blockers.slice(0, NAMES_SHOWN).map(shortName).join(', and ')
  return blockers.length <= NAMES_SHOWN ? shown : `${shown}, and ${blockers.length - NAMES_SHOWN} more`
}
