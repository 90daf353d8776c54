import { bullet, escape, left, plural, right, table } from './markdown-text.js'
import type { View } from './view.js'
import type { ChangeView, ClassView, TightPlanView } from './view-tight-plan.js'

/** Title of the section. */
export const TIGHT_PLAN = 'The cheapest plan as packed, and what it needs'

/** The plan that the scheduler would not find by itself, and what would bring one nearer to it. */
export function tightPlanSection({ tightPlan }: View): string[] {
  if (tightPlan === undefined) return []
  const { nodes, monthly, gap, saving, pods, unplaced, recommended, needed, changes, best } = tightPlan
  const proof = gap === undefined ? '' : `, of which ${gap.short} is above the lower bound`
  return [
    escape(
      `Packed tightly, the same pods fit on ${plural(nodes, 'node')} for ${monthly.short} a month${proof}. recommended costs ${saving.short} more, because kube-scheduler would not find that placement by itself: refilled from empty, it leaves up to ${unplaced.short} of ${plural(pods, 'pod')} over. ${verdict(best)}`,
    ),
    '',
    ...table(
      [
        left('Change in the cluster'),
        right('Nodes'),
        right('$/month'),
        right('Gap'),
        right('Less than recommended'),
        right('Packed plan leaves over'),
      ],
      [
        [
          `${needed === undefined ? 'none' : changeWords(needed)} (recommended)`,
          recommended.nodes,
          recommended.monthly,
          recommended.gap,
          undefined,
          needed === undefined ? unplaced : undefined,
        ],
        ...changes.map(({ change, pools, cost, saving: less, unplaced: over }) => [
          changeWords(change, pools),
          cost?.nodes,
          cost?.monthly,
          cost?.gap,
          less,
          over,
        ]),
      ],
    ),
    '',
    ...explained(tightPlan).map(bullet),
  ]
}

/** What comes before all other steps. */
export function firstOfAll({ needs }: View): string[] {
  if (needs === undefined) return []
  const { change, classes, unplacedToday } = needs
  return [
    bullet(
      `Before anything else: ${changeWords(change)}. As the cluster is, the scheduler leaves pods over when it refills the nodes from empty, up to ${unplacedToday.short} on today's, so that keeping them is no safer.`,
    ),
    ...(change.bigFirst === true ? [bullet(classWords(classes))] : []),
  ]
}

/** One line for those who read no further than what to do. */
export const savedByChange = ({ tightPlan }: View): string[] =>
  tightPlan?.best === undefined ? [] : [bullet(`${verdict(tightPlan.best)} See “${TIGHT_PLAN}”.`)]

const verdict = (best: ChangeView | undefined): string =>
  best === undefined
    ? 'None of the changes below was found to save anything.'
    : `With ${changeWords(best.change, best.pools)} a plan for ${best.cost?.monthly.short} a month would do, ${best.saving?.short} less than recommended.`

const changeWords = (
  { bigFirst, ownPools, mostAllocated }: ChangeView['change'],
  pools: ChangeView['pools'] = [],
): string =>
  [
    bigFirst === true ? 'big pods first' : [],
    ownPools === undefined
      ? []
      : `own pools for ${ownPools === 'all' ? 'all node groups' : pools.length === 1 ? '1 node group' : `${pools.length} node groups`}`,
    mostAllocated === true ? 'MostAllocated scoring' : [],
  ]
    .flat()
    .join(' and ')

function explained({ changes }: TightPlanView): string[] {
  const classes = changes.find(({ change }) => change.bigFirst === true)?.classes ?? []
  const pooled = changes.find(({ change }) => change.ownPools === 'grown')?.pools ?? []
  return [
    'Each plan is the cheapest found that the scheduler fills by itself after that change, in every order of the pods that was tried; the search is shorter than the one for recommended, and what it found may be bettered; – where none costs less than recommended. Gap: the part of the cost above the same lower bound.',
    ...(classes.length === 0 ? [] : [classWords(classes)]),
    ...(changes.some(({ change }) => change.ownPools !== undefined)
      ? [
          `Own pools: a taint on the nodes of each of these node groups, tolerated and, with a label, required by the pods that run there today, so that no others take their room. DaemonSets tolerate it too.${poolWords(pooled)}`,
        ]
      : []),
    ...(changes.some(({ change }) => change.mostAllocated === true)
      ? [
          'MostAllocated: the scoring strategy of NodeResourcesFit in the configuration of kube-scheduler. EKS does not let you change its own; a second scheduler can have it.',
        ]
      : []),
  ]
}

/** Those that are not all node groups. */
function poolWords(pools: readonly string[]): string {
  const why = 'more than today where nothing is changed, for room that other pods take'
  const [only, ...others] = pools
  if (only === undefined) return ''
  return others.length === 0
    ? ` The one node group, ${only}, costs ${why}.`
    : ` The ${pools.length} node groups cost ${why}: ${pools.join(', ')}.`
}

const classWords = (classes: readonly ClassView[]): string =>
  `Big pods first: priority classes above all others, the highest for pods from ${classes
    .map(({ cpu, memory, workloads }) => `${cpu.short} cores or ${memory.short} (${plural(workloads, 'workload')})`)
    .join(', the next from ')}. They decide who comes first while pods wait; preemption is not counted on.`
