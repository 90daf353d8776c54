import { BASELINES, type BaselineName, type Measured } from './measure.js'
import { type Column, fixed, geometricMean, heading, line, mean, percentAbove } from './table.js'

const NAME: Column<Measured> = { title: 'problem', width: 36, align: 'left', cell: ({ problem }) => problem }
const figure = (title: string, width: number, cell: (row: Measured) => string): Column<Measured> => ({
  title,
  width,
  cell,
})

/** Printed row by row, as the problems are done. */
export const PLANS: readonly Column<Measured>[] = [
  NAME,
  figure('pods', 7, ({ pods }) => `${pods}`),
  figure('classes', 7, ({ classes }) => `${classes}`),
  figure('types', 5, ({ types }) => `${types}`),
  figure('cost', 11, ({ cost }) => fixed(cost, 4)),
  figure('bound', 11, ({ lowerBound }) => fixed(lowerBound, 4)),
  figure('gap %', 6, ({ gap }) => fixed(gap, 2)),
  figure('best %', 6, ({ cost, best }) => (best === undefined ? '–' : fixed(percentAbove(cost, best.cost), 2))),
  figure('nodes', 6, ({ nodes }) => `${nodes}`),
  figure('proven', 6, ({ proven }) => (proven ? 'yes' : 'no')),
  figure('s', 7, ({ seconds }) => fixed(seconds, 2)),
  figure('cpu s', 7, ({ cpuSeconds }) => fixed(cpuSeconds, 2)),
  figure('÷ Karp.', 8, ({ cpuSeconds, baselines }) => fixed(cpuSeconds / (baselines?.Karpenter.cpuSeconds ?? NaN), 1)),
  figure('MiB', 5, ({ peakRssMiB }) => `${peakRssMiB}`),
  ...BASELINES.map((name) =>
    figure(name, 12, ({ cost, baselines }) => fixed(percentAbove(baselines?.[name].cost, cost), 1)),
  ),
]

export const LEGEND = `Costs and bounds in the unit of the problem file. gap % = 100 × (cost − bound) ÷ cost. best % = our cost above the best
cost in the file. s = seconds for our plan and bound, start of the LP solver included; cpu s = the same in processor time;
÷ Karp. = how many times the processor time of the Karpenter-like provisioning pass. MiB = peak memory of the process when
the plan was there. The last columns: how much dearer than our plan each baseline is, in %: Karpenter-like as provisioned
and consolidated, Cluster-Autoscaler-like with its least-waste and its price expander, first fit decreasing on the best
single shape. The large problem is planned three times: a first plan, a brief search, and the default one.`

const REFILLS: readonly Column<Measured>[] = [
  NAME,
  figure('left over', 9, ({ refills }) => `${refills?.ours.leftOver}`),
  figure('Karpenter', 9, ({ refills }) => `${refills?.karpenter.leftOver}`),
  figure('realised', 11, ({ refills }) => fixed(refills?.ours.realisedCost, 3)),
  figure('Karpenter', 11, ({ refills }) => fixed(refills?.karpenter.realisedCost, 3)),
  figure('ours is %', 9, ({ refills }) =>
    refills ? fixed(percentAbove(refills.ours.realisedCost, refills.karpenter.realisedCost), 1) : '–',
  ),
  figure('pessimistic', 11, ({ refills }) => fixed(refills?.ours.pessimisticCost, 3)),
  figure('Karpenter', 11, ({ refills }) => fixed(refills?.karpenter.pessimisticCost, 3)),
  figure('ours is %', 9, ({ refills }) =>
    refills?.karpenter.pessimisticCost === undefined
      ? '–'
      : fixed(percentAbove(refills.ours.pessimisticCost, refills.karpenter.pessimisticCost), 1),
  ),
]

const REFILLS_LEGEND = `Refilled by an imitation of kube-scheduler (LeastAllocated + balanced, no other scores, no priorities), from empty, in three
random orders; the worst counts. realised = with the cheapest single shape bought for what is left over. pessimistic = bins
bought and all refilled from empty again until no order leaves anything over (– = not reached within the budget). Both rank
plans and are no prices. "Karpenter" is the consolidated one; "ours is %" is ours against it, below 0 when ours is cheaper.`

export function refillTable(rows: readonly Measured[]): string[] {
  const refilled = rows.filter(({ refills }) => refills !== undefined)
  if (refilled.length === 0) return []
  return ['', REFILLS_LEGEND, '', heading(REFILLS), ...refilled.map((row) => line(REFILLS, row))]
}

export function summary(rows: readonly Measured[]): string[] {
  const clusters = rows.filter(({ isCluster, effort }) => isCluster && effort === undefined)
  const solved = rows.filter(({ best }) => best?.proven === true)
  return [
    '',
    ...gapLines(clusters),
    ...optimaLines(
      'one type of bin',
      solved.filter(({ types }) => types === 1),
    ),
    ...optimaLines(
      'several types',
      solved.filter(({ types }) => types > 1),
    ),
    ...ratioLines('all problems', rows),
    ...ratioLines('clusters', clusters),
    ...ratioLines(
      'clusters of shapes up to 64 vCPU',
      clusters.filter(({ isSmallShapes }) => isSmallShapes),
    ),
    `dearer than a baseline: ${rows.flatMap(dearerThan).join('; ') || 'never'}`,
  ]
}

function gapLines(clusters: readonly Measured[]): string[] {
  if (clusters.length === 0) return []
  const large = clusters.filter(({ nodes }) => nodes >= 50)
  const worst = large.reduce((most, { gap }) => Math.max(most, gap), 0)
  const ratios = clusters.map(({ cost, lowerBound }) => cost / lowerBound)
  return [
    `gap over ${large.length} clusters of 50 nodes or more: mean ${fixed(mean(large.map(({ gap }) => gap)), 3)} %, worst ${fixed(worst, 3)} %`,
    `geometric mean of cost ÷ bound over ${clusters.length} clusters: ${fixed(geometricMean(ratios), 5)}`,
  ]
}

function optimaLines(title: string, rows: readonly Measured[]): string[] {
  if (rows.length === 0) return []
  const above = rows.map(({ cost, best }) => percentAbove(cost, best?.cost ?? 0) ?? 0)
  const reached = above.filter((percent) => percent < 1e-6).length
  const proven = rows.filter((row) => row.proven).length
  const many = rows.length
  return [
    `known optima, ${title}: mean ${fixed(mean(above), 2)} % above, ${reached} of ${many} reached, ${proven} proven`,
  ]
}

function ratioLines(title: string, rows: readonly Measured[]): string[] {
  const compared = rows.filter(({ baselines, cost }) => baselines !== undefined && cost > 0)
  if (compared.length === 0) return []
  const below = (name: BaselineName): string => {
    const ratio = geometricMean(compared.map(({ cost, baselines }) => cost / (baselines?.[name].cost ?? NaN)))
    return `${name} ${fixed(ratio === undefined ? undefined : 100 * (1 - ratio), 1)} %`
  }
  return [`geometric mean below, ${title} (${compared.length}): ${BASELINES.map(below).join(', ')}`]
}

const dearerThan = ({ problem, cost, baselines }: Measured): string[] =>
  BASELINES.filter((name) => cost > (baselines?.[name].cost ?? Infinity) * (1 + 1e-9)).map(
    (name) => `${problem} (${name})`,
  )
