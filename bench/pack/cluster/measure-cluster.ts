import { readCatalog } from '../../../src/collect/catalog-file.js'
import { readSnapshot } from '../../../src/collect/snapshot-file.js'
import type { CapacityPolicy } from '../../../src/domain/goal.js'
import type { NodeOption, Plan } from '../../../src/domain/plan.js'
import type { Pod } from '../../../src/domain/pod.js'
import type { Scenario } from '../../../src/domain/recommendation.js'
import { sum } from '../../../src/domain/resources.js'
import { packageData } from '../../../src/package.js'
import { createBoard } from '../../../src/pack/board/board.js'
import { loadLp } from '../../../src/pack/columns/lp.js'
import { liveSlot, newSlot, type Slot } from '../../../src/pack/draft.js'
import { Machines } from '../../../src/pack/machines.js'
import type { PackProblem } from '../../../src/pack/problem.js'
import { bigFirst } from '../../../src/pack/replay/big-first.js'
import { judgesOf } from '../../../src/pack/replay/fleet-trials.js'
import { repair, worstOver } from '../../../src/pack/replay/repair.js'
import { ReplayScheduler, ROLLOUTS } from '../../../src/pack/replay/replay.js'
import type { PackState } from '../../../src/pack/state.js'
import { Stock } from '../../../src/pack/stock.js'
import { analyse } from '../../../src/pipeline.js'
import { modelOf, problemOf, type Settings } from '../../../src/problem.js'
import { EMBEDDED_CATALOG } from '../../../src/tables.js'
import { karpenterCluster } from './karpenter-cluster.js'

/** What became of one cluster; dollars per hour. */
export type MeasuredCluster = {
  readonly cluster: string
  readonly pods: number
  readonly nodes: number
  readonly now: number
  readonly bound: number | undefined
  /** The cheapest plan as it is packed. */
  readonly tight: number | undefined
  /** `bigFirst`: it needs big pods to come first, and is judged so. */
  readonly recommended: { readonly cost: number; readonly nodes: number; readonly bigFirst: boolean } & Judged
  /** Undefined where no number of nodes made every order work out: ten orders, and all by which ours was judged. */
  readonly karpenter: {
    readonly cost: number
    readonly left: number
    readonly realised: number | undefined
    readonly inAllOrders: number | undefined
  } & Judged
  readonly cpuSeconds: number
}

/** Pods left over in the worst of the orders by which the search judges, and of as many others. */
type Judged = { readonly over: number; readonly overElsewhere: number }

const POLICY: CapacityPolicy = { kind: 'as-is' }
const JUDGE = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const OTHERS = JUDGE.map((seed) => seed + 100)
const MOST_STEPS = 2_000_000_000

const SETTINGS: Settings = {
  now: '2026-01-01T00:00:00Z',
  region: undefined,
  clusterName: undefined,
  priceSource: 'the price catalog in the package',
  wantedType: () => true,
  architectures: undefined,
  cni: undefined,
  maxSpot: undefined,
  headroom: 0,
  maxNodeShare: undefined,
  minNodes: undefined,
}

/** Plans the cluster in a file as the command does, and as Karpenter would; both are judged by one replay. */
export async function measureCluster(cluster: string, file: string): Promise<MeasuredCluster | undefined> {
  const catalog = await readCatalog(packageData(EMBEDDED_CATALOG))
  const snapshot = await readSnapshot([file], () => undefined)
  const lp = await loadLp()
  const start = process.cpuUsage()
  const { scenarios, needs } = analyse(snapshot, catalog, SETTINGS, () => undefined, lp)
  const { user, system } = process.cpuUsage(start)
  const { state } = problemOf(modelOf(snapshot, catalog, SETTINGS), SETTINGS)
  const [now, recommended] = [planOf(scenarios, 'current'), planOf(scenarios, 'recommended')]
  if (now === undefined || recommended === undefined || now.cost.rate === 0) return undefined

  const { problem } = state
  const pods = problem.groups.flatMap(({ live }) => live.flatMap((node) => node.pods))
  // Without pods the command keeps what there is; nothing can be compared.
  if (pods.length === 0) return undefined
  const judge = new Judge(state, pods)
  const baseline = karpenterCluster(problem, state.context, POLICY)
  const fees = state.untouched.reduce((sum, { price }) => sum + (price.kind === 'known' ? price.rate : 0), 0)
  const costIn = (orders: readonly number[]): number | undefined => {
    const realised = judge.realised(baseline.slots, orders)
    return realised && usd(rateOf(realised) + fees)
  }
  return {
    cluster,
    pods: pods.length,
    nodes: now.nodes.length,
    now: usd(now.cost.rate),
    bound: boundOf(scenarios),
    tight: cheapestOf(scenarios),
    recommended: {
      cost: usd(recommended.cost.rate),
      nodes: recommended.nodes.length,
      bigFirst: needs !== undefined,
      ...judge.of(slotsOf(recommended, problem), needs !== undefined),
    },
    karpenter: {
      cost: usd(baseline.rate + fees),
      left: baseline.left.length,
      realised: costIn(JUDGE),
      inAllOrders: costIn(judgesOf(pods.length * problem.groups.reduce((sum, { live }) => sum + live.length, 0))),
      ...judge.of(baseline.slots),
    },
    cpuSeconds: (user + system) / 1e6,
  }
}

class Judge {
  readonly #scheduler: ReplayScheduler
  /** With priority classes by size. */
  readonly #bigFirst: ReplayScheduler
  readonly #machinesFor: (pod: Pod, policy?: CapacityPolicy) => ReturnType<ReturnType<Machines['on']>['that']>

  constructor({ problem, context }: PackState, pods: readonly Pod[]) {
    const board = createBoard(context)
    const machines = new Machines(problem, (pod) => board.classKey(pod))
    const groupOf = new Map(
      problem.groups.flatMap((group) => group.live.map(({ node }) => [node.name, group] as const)),
    )
    this.#machinesFor = (pod, policy) => {
      const group = groupOf.get(pod.nodeName)
      return group === undefined ? [] : machines.on(group, policy).that(pod)
    }
    const stays = (pod: Pod): boolean => this.#machinesFor(pod).length === 0
    this.#scheduler = new ReplayScheduler(context, pods, stays, ROLLOUTS)
    this.#bigFirst = new ReplayScheduler(context, pods, stays, ROLLOUTS)
    const live = problem.groups.flatMap((group) => group.live)
    this.#bigFirst.prioritise(bigFirst(pods, sum(live.map(({ node }) => node.allocatable))).priorityOf)
  }

  of(slots: readonly Slot[], isBigFirst = false): Judged {
    const scheduler = isBigFirst ? this.#bigFirst : this.#scheduler
    return {
      over: worstOver(scheduler, slots, JUDGE).length,
      overElsewhere: worstOver(scheduler, slots, OTHERS).length,
    }
  }

  /** The nodes that it takes until each of these orders works out. */
  realised(slots: readonly Slot[], orders: readonly number[]): readonly Slot[] | undefined {
    const machinesFor = (pod: Pod): readonly NodeOption[] => this.#machinesFor(pod, POLICY)
    const shop = { machinesFor, allows: () => true, nextSlot: new Stock('bench').lender() }
    const { added } = repair(this.#scheduler, slots, shop, orders, MOST_STEPS)
    return added === undefined ? undefined : [...slots, ...added]
  }
}

const usd = (microUsd: number): number => microUsd / 1e6

const rateOf = (slots: readonly Slot[]): number => slots.reduce((total, { rate }) => total + (rate ?? 0), 0)

function planOf(scenarios: readonly Scenario[], id: Scenario['id']): Plan | undefined {
  const outcome = scenarios.find((scenario) => scenario.id === id)?.outcome
  return outcome?.kind === 'planned' ? outcome.plan : undefined
}

function boundOf(scenarios: readonly Scenario[]): number | undefined {
  const outcome = scenarios.find(({ id }) => id === 'recommended')?.outcome
  return outcome?.kind === 'planned' && outcome.lowerBound !== undefined ? usd(outcome.lowerBound.rate) : undefined
}

/** Of the plans that keep every capacity type as it is. */
function cheapestOf(scenarios: readonly Scenario[]): number | undefined {
  const rates = (['repack', 'fewer-larger', 'recommended'] as const).flatMap(
    (id) => planOf(scenarios, id)?.cost.rate ?? [],
  )
  return rates.length === 0 ? undefined : usd(Math.min(...rates))
}

/** The nodes of a plan for this problem. */
function slotsOf(plan: Plan, { groups }: PackProblem): Slot[] {
  const live = new Map(groups.flatMap((group) => group.live.map((node) => [node.node.name, node] as const)))
  const options = new Map(groups.flatMap((group) => group.options.map((option) => [option.id, option] as const)))
  return plan.nodes.flatMap((node) => {
    if (!node.packed) return []
    const kept = live.get(node.name)
    if (kept !== undefined) return [liveSlot(kept)]
    const option = options.get(`${node.group}/${node.instanceType}/${node.zone}/${node.capacityType}`)
    if (option === undefined) throw new Error(`${node.name} is of no machine that is on offer`)
    return [newSlot(option, node.name)]
  })
}
