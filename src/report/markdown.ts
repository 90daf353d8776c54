import { findingTable, maxPodsTable, priceNotes, workloadTable } from './markdown-details.js'
import { modelCheck } from './markdown-capacity.js'
import { addressTable, prefixWorth } from './markdown-network.js'
import { whatToDo } from './markdown-actions.js'
import { whatKeepsNodes } from './markdown-blockers.js'
import { commitmentSection } from './markdown-commitments.js'
import { frontierSection } from './markdown-frontier.js'
import { facts, fileList, headline } from './markdown-headline.js'
import { TIGHT_PLAN, tightPlanSection } from './markdown-tight-plan.js'
import { preferenceTable } from './markdown-preferences.js'
import { groupTable, lossTable, scenarioTable, unplacedTable, useTable } from './markdown-plan.js'
import { bullet, escape, section, type Written } from './markdown-text.js'
import type { View } from './view.js'

/** report.md. `written` are the files of this report: it points to no other. */
export function markdown(view: View, written: Written): string {
  const lines = [
    `# k8s-cost: ${escape(view.cluster.name)}`,
    '',
    headline(view),
    '',
    ...facts(view),
    ...section('What to do', whatToDo(view, written)),
    ...section('Scenarios', scenarioTable(view)),
    ...section('Fewer, larger nodes, or more and smaller ones', frontierSection(view)),
    ...section(TIGHT_PLAN, tightPlanSection(view)),
    ...section('What one lost node or zone does', lossTable(view)),
    ...section('Preferences given up', preferenceTable(view)),
    ...section('Node groups, now and planned', groupTable(view, written)),
    ...section('What binds, what is stranded', useTable(view, written)),
    ...section(
      view.blockers === undefined ? 'Nodes that cannot be removed' : 'What keeps nodes alive',
      whatKeepsNodes(view, written),
    ),
    ...section('Pods without a node', unplacedTable(view, written)),
    ...section('Most expensive workloads', workloadTable(view, written)),
    ...section('Max pods', maxPodsTable(view, written)),
    ...section('What prefix delegation is worth', prefixWorth(view, written)),
    ...section('Subnet addresses', addressTable(view, written)),
    ...section('Model check: predicted against real capacity', modelCheck(view, written)),
    ...section('Prices', priceNotes(view)),
    ...section('Commitments', commitmentSection(view, written)),
    ...section('What could not be read or modelled', findingTable(view, written)),
    ...section('Assumptions', view.assumptions.map(bullet)),
    ...section('Left out or left empty, and why', view.gaps.map(bullet)),
    ...section('Files of this report', fileList(written)),
  ]
  return `${lines.join('\n')}\n`
}
