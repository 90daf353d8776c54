import { readFileSync } from 'node:fs'
import { autoscalerLike } from './autoscaler-like.js'
import { checkPlan } from './check-plan.js'
import { karpenterConsolidated } from './consolidate.js'
import { type EffortName, solve } from './engine.js'
import { firstFitDecreasing } from './first-fit-decreasing.js'
import { type ClusterSpec, generate } from './generate.js'
import { karpenterLike } from './karpenter-like.js'
import { type Best, binCount, fileCost, itemCount, type PackedBin, type Packing, type Problem } from './problem.js'
import { readProblem } from './read-problem.js'
import { type Replay, replay } from './replay.js'

/** What one process works on; `compare`: baselines and replay, too. */
export type Task = {
  readonly source:
    { readonly kind: 'file'; readonly path: string } | { readonly kind: 'made'; readonly spec: ClusterSpec }
  readonly compare: boolean
  /** Absent: the default one. */
  readonly effort?: EffortName
}

export const BASELINES = ['Karpenter', 'consolidated', 'CA waste', 'CA price', 'first fit'] as const
export type BaselineName = (typeof BASELINES)[number]
export type BaselineResult = { readonly cost: number; readonly nodes: number; readonly cpuSeconds: number }

/** All costs in the unit of the problem file. */
export type Measured = {
  readonly problem: string
  /** Absent: the default one. */
  readonly effort?: EffortName
  readonly isCluster: boolean
  /** No bin type has more than 64 cores. */
  readonly isSmallShapes: boolean
  readonly pods: number
  readonly classes: number
  readonly types: number
  /** Items that fit no type of bin: the plan and its bound are for the others. */
  readonly misfits: number
  readonly cost: number
  readonly lowerBound: number
  /** In per cent of the cost. */
  readonly gap: number
  readonly nodes: number
  readonly proven: boolean
  readonly seconds: number
  /** All threads; on a busy machine the better measure. */
  readonly cpuSeconds: number
  /** Of the process when the plan was there, before any baseline ran. */
  readonly peakRssMiB: number
  readonly best?: Best
  readonly baselines?: Readonly<Record<BaselineName, BaselineResult>>
  readonly refills?: { readonly ours: Replay; readonly karpenter: Replay }
  /** Faults of a plan or of a bound, each a bug. */
  readonly wrong: readonly string[]
  readonly bins: readonly PackedBin[]
}

const BASELINE_OF: Readonly<Record<BaselineName, (problem: Problem) => Packing>> = {
  Karpenter: karpenterLike,
  consolidated: karpenterConsolidated,
  'CA waste': (problem) => autoscalerLike(problem, 'least-waste'),
  'CA price': (problem) => autoscalerLike(problem, 'price'),
  'first fit': firstFitDecreasing,
}

/** Far above the rounding of doubles, far below any price. */
const SLACK = 1e-9
const MOST_FAULTS = 5

export async function measure({ source, compare, effort }: Task): Promise<Measured> {
  const problem = source.kind === 'file' ? readProblem(source.path) : await generate(source.spec)
  const start = process.cpuUsage()
  const { bins, lowerBound: bound, proven, seconds } = await solve(problem, effort)
  const cpuSeconds = cpuSince(start)
  const peakRssMiB = peakMemory()
  const cost = fileCost(problem, bins)
  const lowerBound = bound / problem.unitsPerCost
  const wrong = checkPlan(problem, bins, cost).slice(0, MOST_FAULTS)
  wrong.push(...faultsOfBound(problem, cost, lowerBound, proven))
  const base: Measured = {
    problem: effort === undefined ? problem.name : `${problem.name}, ${effort}`,
    ...(effort === undefined ? {} : { effort }),
    isCluster: problem.resources !== undefined,
    isSmallShapes: problem.types.every(({ capacity }) => (capacity[0] ?? 0) <= 64_000),
    pods: itemCount(problem),
    classes: problem.items.length,
    types: problem.types.length,
    misfits: itemCount(problem) - placedCount(bins),
    cost,
    lowerBound,
    gap: cost > 0 ? (100 * (cost - lowerBound)) / cost : 0,
    nodes: binCount(bins),
    proven,
    seconds,
    cpuSeconds,
    peakRssMiB,
    ...(problem.best ? { best: problem.best } : {}),
    wrong,
    bins,
  }
  return compare ? { ...base, ...compared(problem, base, wrong) } : base
}

/** The baselines, each plan checked like ours; `wrong` is added to. */
function compared(problem: Problem, { bins, lowerBound, isCluster }: Measured, wrong: string[]): Partial<Measured> {
  const consolidated: PackedBin[] = []
  const run = (name: BaselineName): BaselineResult => {
    const start = process.cpuUsage()
    const packing = BASELINE_OF[name](problem)
    const cpuSeconds = cpuSince(start)
    const cost = fileCost(problem, packing.bins)
    for (const fault of checkPlan(problem, packing.bins, cost).slice(0, MOST_FAULTS)) wrong.push(`${name}: ${fault}`)
    if (cost < lowerBound * (1 - SLACK)) wrong.push(`${name} costs ${cost}, below the bound ${lowerBound}`)
    if (name === 'consolidated') consolidated.push(...packing.bins)
    return { cost, nodes: binCount(packing.bins), cpuSeconds }
  }
  const baselines = {
    Karpenter: run('Karpenter'),
    consolidated: run('consolidated'),
    'CA waste': run('CA waste'),
    'CA price': run('CA price'),
    'first fit': run('first fit'),
  }
  if (!isCluster) return { baselines }
  return { baselines, refills: { ours: inFileUnits(problem, bins), karpenter: inFileUnits(problem, consolidated) } }
}

function inFileUnits(problem: Problem, bins: readonly PackedBin[]): Replay {
  const { leftOver, realisedCost, pessimisticCost } = replay(problem, bins)
  return {
    leftOver,
    realisedCost: realisedCost / problem.unitsPerCost,
    pessimisticCost: pessimisticCost === undefined ? undefined : pessimisticCost / problem.unitsPerCost,
  }
}

function faultsOfBound({ best }: Problem, cost: number, lowerBound: number, proven: boolean): string[] {
  const faults: string[] = []
  const above = (a: number, b: number): boolean => a > b + SLACK * Math.max(1, Math.abs(b))
  if (above(lowerBound, cost)) faults.push(`the bound ${lowerBound} is above our own cost ${cost}`)
  if (best === undefined) return faults
  if (above(lowerBound, best.cost)) faults.push(`the bound ${lowerBound} is above a known plan's cost ${best.cost}`)
  const known = best.proven ? best.cost : best.lowerBound
  if (known !== undefined && above(known, cost)) faults.push(`cost ${cost} is below the proven bound ${known}`)
  if (proven && above(cost, best.cost))
    faults.push(`cost ${cost} is said to be optimal, a plan for ${best.cost} is known`)
  return faults
}

const placedCount = (bins: readonly PackedBin[]): number =>
  bins.reduce((sum, { n, items }) => sum + n * items.reduce((held, [, count]) => held + count, 0), 0)

function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

/** Peak resident memory of this process; a child's resourceUsage() would start at that of its parent. */
function peakMemory(): number {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
  return Math.round((kib === undefined ? process.resourceUsage().maxRSS : Number(kib)) / 1024)
}
