import { bullet, left, leftOut, right, table, type Written } from './markdown-text.js'
import type { View } from './view.js'

const OFF_SHOWN = 20
const NAMES_SHOWN = 3
const NEW_SHOWN = 30

/** How well the model predicts the nodes that exist: what it says about new ones is as good as this. */
export function modelCheck({ capacity, follows }: View, written: Written): string[] {
  const { checks, off, offTypes, skippedWhy, calibration } = capacity
  if (checks.length === 0 && skippedWhy.length === 0) return []
  const parts = [
    checks.length === 0
      ? ['No live node could be compared.']
      : [
          'Every live node, predicted from its instance type and compared with what it reports. CPU, memory and pods are allocatable. Promised too much: nodes of which a plan would have counted on more than they have.',
          '',
          ...METHODS.flatMap(({ method, says }) =>
            checks.some((check) => check.method === method) ? [bullet(`${method}: ${says}`)] : [],
          ),
          '',
          ...checkTable(checks),
        ],
    checks.length === 0
      ? []
      : off.length === 0
        ? [bullet('No node is off: CPU and pods are equal, memory within 1 %.')]
        : [
            `Off, CPU or pods at all, memory by more than 1 %${written.has('report.json') ? ' (each node in report.json)' : ''}:`,
            '',
            ...offTable(offTypes),
            ...leftOut(offTypes.length - OFF_SHOWN, 'report.json', written),
          ],
    skippedWhy.length === 0 ? [] : skippedTable(skippedWhy),
    newNodes(calibration, follows, written),
  ]
  return parts.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

const METHODS = [
  {
    method: 'in-force',
    says: 'as plans predict new nodes of types that the group has, from the weakest live node of the type',
  },
  {
    method: 'other-types',
    says: 'as plans predict types that the cluster does not have: its own type taken away, learning from all others',
  },
  { method: 'rules', says: 'by the published rules and tables alone, as for a cluster without nodes' },
] as const

const checkTable = (checks: View['capacity']['checks']): string[] =>
  table(
    [
      left('Method'),
      left('Resource'),
      right('Nodes'),
      right('Equal'),
      right('Within 1 %'),
      right('Median error'),
      right('Promised too much'),
      left('Worst'),
    ],
    checks.map((check) => [
      check.method,
      check.resource,
      check.compared,
      check.equal,
      check.withinOnePercent,
      check.median,
      check.overPromised,
      check.worst === undefined
        ? 'none'
        : `${check.worst.difference.short} (${check.worst.node}, ${check.worst.instanceType})`,
    ]),
  )

const offTable = (types: View['capacity']['offTypes']): string[] =>
  table(
    [
      left('Method'),
      left('Instance type'),
      left('Resource'),
      right('Nodes'),
      right('Predicted'),
      right('Real'),
      right('Worst'),
      left('Node'),
    ],
    types
      .slice(0, OFF_SHOWN)
      .map(({ nodes, worst }) => [
        worst.method,
        worst.instanceType,
        worst.resource,
        nodes,
        worst.predicted,
        worst.real,
        worst.difference,
        worst.node,
      ]),
  )

const skippedTable = (skipped: View['capacity']['skippedWhy']): string[] => [
  'Not compared:',
  '',
  ...table(
    [right('Nodes'), left('Why'), left('Which')],
    skipped.map(({ why, nodes, names }) => [
      nodes,
      why,
      names.length > NAMES_SHOWN ? `${names.slice(0, NAMES_SHOWN).join(', ')}, …` : names.join(', '),
    ]),
  ),
]

function newNodes(calibration: View['capacity']['calibration'], follows: string, written: Written): string[] {
  if (calibration.length === 0) return []
  return [
    `What the capacity of new nodes rests on (scenario ${follows}):`,
    '',
    ...calibration
      .slice(0, NEW_SHOWN)
      .map(({ group, instanceType, nodes, basis }) =>
        bullet(`${nodes.short} × ${instanceType} in ${group}: ${basis}.`),
      ),
    ...leftOut(calibration.length - NEW_SHOWN, 'report.json', written),
  ]
}
