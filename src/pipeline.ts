import { blockerPrices } from './blocker-prices.js'
import type { PriceBook, PriceCatalog } from './domain/catalog.js'
import type { Bill, Cluster } from './domain/cluster.js'
import type { ProvenPlan, Rebuildable } from './domain/goal.js'
import type { Plan } from './domain/plan.js'
import type { Analysis, NodeUse, Scenario, WorkloadCost } from './domain/recommendation.js'
import { sum } from './domain/resources.js'
import type { Snapshot } from './domain/snapshot.js'
import { sumRates } from './domain/units.js'
import type { ClusterCapacity } from './model/capacity/of-cluster.js'
import { addressChecks } from './model/capacity/plan-addresses.js'
import type { Movability } from './model/movability.js'
import { expiryFindings } from './model/node-claims.js'
import { spotConstraint } from './model/spot-constraint.js'
import { refusedOnSpot, strayPatterns } from './model/spot-words.js'
import { recommendedRequests } from './model/vertical-autoscalers.js'
import { bindingOrder } from './pack/binding-order.js'
import type { LpSolver } from './pack/columns/lp.js'
import { pinnedIn, staysAnyway, type PackProblem } from './pack/problem.js'
import { preferenceChanges } from './pack/wishes/preferences.js'
import { isPacked } from './pack/state.js'
import { MOST_TO_PACK } from './pack/layouts.js'
import { survivalTests } from './pack/loss/survival.js'
import { verifyPlan } from './pack/verify.js'
import { unpricedReasons } from './price/bill.js'
import { shareCosts } from './price/share.js'
import { widerFrontier } from './recommend/best-answer.js'
import { blastJudge } from './recommend/blast-radius.js'
import { choose, rebuildableFrom } from './recommend/choose.js'
import { frontierOf, soundPlans, withLosses } from './recommend/frontier.js'
import { commitmentsOf } from './recommend/commitments.js'
import { processorNotes } from './recommend/processors.js'
import { nodeUse } from './recommend/node-use.js'
import {
  beyondSpotLimit,
  policyBeyond,
  shareOfToday,
  spotLimitFindings,
  withSpotLimit,
} from './recommend/spot-limit.js'
import { tightPlan } from './recommend/tight-plan.js'
import { withPreferences } from './recommend/preferences.js'
import { candidates, foundFor, recommendedGoal, type ScenarioContext } from './recommend/scenarios.js'
import { PlanMaker } from './plan-maker.js'
import { smallerNodes } from './smaller-nodes.js'
import { modelOf, priceIn, problemOf, type Settings } from './problem.js'
import { assumptions, capacityFindings, clusterFindings, feeFindings, growthOf, planFindings } from './remarks.js'
import { prefixDelegation } from './what-if.js'

/** Told as stages begin, for progress; the result does not depend on it. */
export type OnStage = (stage: 'model' | 'pack' | 'report') => void

/**
 * From what was observed to what is recommended. A pure function: the same snapshot, catalog and settings give the same
 * analysis, to the byte of its reports. `lp`: without a solver for linear programmes, bounds are weaker and plans dearer.
 */
export function analyse(
  snapshot: Snapshot,
  catalog: PriceCatalog,
  settings: Settings,
  onStage: OnStage,
  lp?: LpSolver,
): Analysis {
  onStage('model')
  const model = modelOf(snapshot, catalog, settings)
  const { cluster, book, bill, capacity, moves } = model
  const use = nodeUses(cluster, capacity, moves, book)

  onStage('pack')
  const { limits, state } = problemOf(model, settings)
  const planMaker = new PlanMaker(lp)
  const plans = planMaker.of(state.problem, state, settings)
  const today = plans.today(recommendedGoal(settings.maxSpot)).plan
  const addressesIn = addressChecks(today, capacity.cni, book.type, settings.freeAddresses)
  const addresses = addressesIn(capacity.cni)
  const judged: ScenarioContext = {
    plans,
    violationsOf: oncePerNodes((plan) => violations(plan, cluster, state.mustPlace)),
    subnetFaultsOf: addresses.faults,
    remarksOf: (plan) => [...addresses.remarks(plan), ...processorNotes(plan, cluster)],
    isPinned: pinnedIn(state.problem),
    whyOnSpot: whyOnSpot(state.problem),
    limits,
    blast: blastJudge(today, limits),
    keepWishes: (plan) => plans.keepWishes(plan),
    placePending: (plan) => plans.placePending(plan),
    nothingToPlan: nothingToPlan(cluster, bill),
  }
  const frontierPlans = judged.nothingToPlan === undefined ? plans.frontier({ kind: 'as-is' }) : []
  const scenarioContext = { ...judged, frontier: frontierPlans && soundPlans(frontierPlans, judged) }
  const asAsked = decide(settings.maxSpot, scenarioContext)
  const maxSpot = shareOfToday(asAsked.choice, today, settings.maxSpot) ?? settings.maxSpot
  const { asked, rebuildable, choice } = maxSpot === settings.maxSpot ? asAsked : decide(maxSpot, scenarioContext)
  const goal = recommendedGoal(maxSpot)
  const answers = asked.flatMap(({ proven }) => proven ?? [])
  const widened =
    scenarioContext.frontier &&
    widerFrontier(scenarioContext.frontier, foundFor(scenarioContext, [...answers, ...provenIn(rebuildable)]))
  const smaller = smallerNodes({
    problem: state.problem,
    plansFor: (problem) => planMaker.of(problem, state, settings),
    frontier: widened ?? [],
    isSound: (plan) => soundPlans([plan], judged).length > 0,
    today: today.cost.rate,
  })
  const tight = tightPlan(choice, rebuildable, goal, scenarioContext)
  const whatIf = prefixDelegation({
    ...{ cluster, capacity, lookup: book.type, state, use, goal, addressesIn, planMaker, wholeLimits: settings },
    cheapest: choice.cheapest,
    context: scenarioContext,
    violationsOf: violations,
  })
  const held = blockerPrices({
    ...{ cluster, moves, plans, goal, choice, context: scenarioContext },
    priceOf: (node) => priceIn(bill, node),
    maxSpot,
    current: asked.find(({ scenario }) => scenario.id === 'current'),
  })

  onStage('report')
  const checks = capacity.checks()
  const plan = planIn(choice.recommended)
  const beyondSpot =
    judged.nothingToPlan === undefined ? beyondSpotLimit(choice.recommended, settings.maxSpot) : undefined
  const growth = growthOf(plan, cluster, snapshot)
  const commitments = commitmentsOf({
    ...{ aws: snapshot.aws, cluster, bill, plan, listPrice: book.onDemand, now: settings.now },
    types: book.types().map(({ name }) => name),
  })
  const vertical = recommendedRequests(snapshot.verticalAutoscalers, cluster.workloads)
  const tested = withLosses(
    [...asked.map(({ scenario }) => scenario), withSpotLimit(choice.recommended, beyondSpot), whatIf.scenario],
    frontierOf(widened, smaller, state.problem.groups, {
      nothingToPlan: judged.nothingToPlan,
      mostToPack: MOST_TO_PACK,
    }),
    survivalTests(cluster, state.problem.suits),
  )
  const scenarios = withPreferences(tested.scenarios, (today) => preferenceChanges(cluster, today))
  const shares = shareCosts(
    cluster.nodes.map((node) => ({ node, price: priceIn(bill, node) })),
    book.coreAndMemoryRates(),
  )
  return {
    generatedAt: settings.now,
    cluster,
    bill,
    priceBasis: priceBasis(cluster, bill, book, settings, typesOf(cluster, choice.recommended)),
    nodeUse: use,
    scenarios,
    frontier: tested.frontier,
    ...(tight === undefined ? {} : { tightPlan: tight }),
    follows: choice.follows,
    policy: policyBeyond(choice.policy, settings.maxSpot, maxSpot),
    ...(choice.kept === undefined ? {} : { kept: choice.kept }),
    ...(beyondSpot === undefined ? {} : { beyondSpotLimit: beyondSpot }),
    ...(choice.needs === undefined ? {} : { needs: choice.needs }),
    workloads: cluster.workloads.map((workload): WorkloadCost => ({
      workload,
      requested: sum(workload.pods.map(({ held }) => held)),
      ...recommendedFor(vertical.get(workload.key)),
      monthlyMicroUsd: shares.workloads.get(workload.key)?.monthlyMicroUsd ?? 0,
      idleMonthlyMicroUsd: shares.workloads.get(workload.key)?.idleMonthlyMicroUsd ?? 0,
      spot: moves.spot.get(workload.key) ?? { eligible: false, reason: 'not judged' },
      blockers: [...new Set(moves.workloadBlockers.get(workload.key) ?? [])],
    })),
    unallocatedMonthlyMicroUsd: shares.unallocatedMonthlyMicroUsd,
    maxPods: typesOf(cluster, choice.recommended).flatMap((name) => {
      const type = book.type(name)
      return type === undefined ? [] : [capacity.maxPodsOf(type)]
    }),
    modelCheck: checks.checks,
    notChecked: checks.skipped,
    addresses: scenarios.flatMap(({ id, outcome }) =>
      outcome.kind === 'planned'
        ? [{ scenario: id, zones: (id === whatIf.scenario.id ? whatIf.addresses : addresses).zones(outcome.plan) }]
        : [],
    ),
    prefixes: whatIf.prefixes,
    spotAdvice: new Map(
      typesOf(cluster, choice.recommended).flatMap((name) => {
        const advice = book.spotAdvice(name)
        return advice === undefined ? [] : [[name, advice] as const]
      }),
    ),
    ...(held === undefined ? {} : { blockerPrices: held }),
    ...bindingOrderOf(choice.recommended, cluster),
    pending: state.problem.pending,
    currentCost: bill.total,
    ...(commitments === undefined ? {} : { commitments }),
    sumOfClusterFees: sumRates(bill.clusterFees.flatMap(({ price }) => (price.kind === 'known' ? [price.rate] : []))),
    assumptions: [...assumptions(cluster, capacity, book, limits.words), ...growth.notes],
    findings: [
      ...cluster.findings,
      ...spotLimitFindings(beyondSpot, maxSpot),
      ...whatIf.findings,
      ...clusterFindings(cluster, book),
      ...feeFindings(cluster, bill),
      ...capacityFindings(plan, cluster, capacity, book),
      ...strayPatterns(cluster.workloads, settings.spotWords),
      ...refusedOnSpot(cluster, moves.spot),
      ...expiryFindings(cluster.nodes, settings.now),
      ...planFindings({ plan, cluster, snapshot, growth, commitments }),
    ],
    gaps: [],
    timings: undefined,
  }
}

/** Every scenario, and what is recommended with at most this share of spot. */
function decide(maxSpot: number | undefined, context: ScenarioContext) {
  const rebuildable = rebuildableFrom(candidates(context, maxSpot), maxSpot, context)
  // What the scheduler can fill may cost less than what was packed for another question, which it then answers.
  const asked = candidates(context, maxSpot, provenIn(rebuildable))
  return { asked, rebuildable, choice: choose(asked, rebuildable, maxSpot, context) }
}

const provenIn = (rebuildable: Rebuildable | undefined): ProvenPlan[] =>
  rebuildable?.proven === undefined ? [] : [rebuildable.proven]

function nodeUses(
  cluster: Cluster,
  capacity: ClusterCapacity,
  moves: Movability,
  book: PriceBook,
): ReadonlyMap<string, NodeUse> {
  return new Map(
    cluster.groups.flatMap((group) => {
      const predict = capacity.modelFor(group)
      return group.nodes.map((node): [string, NodeUse] => {
        const type = node.instanceType === undefined ? undefined : book.type(node.instanceType)
        const disruption = moves.nodes.get(node.name)
        return [
          node.name,
          nodeUse(node, {
            maxPodsModel: type === undefined ? undefined : predict(type).allocatable.pods,
            removable: disruption?.removable ?? false,
            blockers: disruption?.blockers ?? [],
          }),
        ]
      })
    }),
  )
}

/** The check of a plan takes seconds in a large cluster, and several that choose among plans ask for it, some for other goals. */
function oncePerNodes<Answer>(ask: (plan: Plan) => Answer): (plan: Plan) => Answer {
  const known = new WeakMap<Plan['nodes'], { readonly answer: Answer }>()
  return (plan) => {
    const { answer } = known.get(plan.nodes) ?? { answer: ask(plan) }
    known.set(plan.nodes, { answer })
    return answer
  }
}

const violations = (plan: Plan, cluster: Cluster, mustPlace: Parameters<typeof verifyPlan>[0]['mustPlace']): string[] =>
  verifyPlan({ plan, cluster, mustPlace })
    .filter(({ inherited }) => !inherited)
    .map(({ pod, node, rule, detail }) => `${pod} on ${node}: ${rule}, ${detail}`)

/** Why a spot node stays in a plan that buys on-demand nodes only. */
function whyOnSpot({ groups }: PackProblem): NonNullable<ScenarioContext['whyOnSpot']> {
  const held = new Set(groups.flatMap(({ live }) => live.filter(staysAnyway).map(({ node }) => node.name)))
  return ({ name, pods }) => {
    if (pods.some(({ spec }) => spotConstraint(spec)?.spot === true)) return 'required'
    return held.has(name) ? 'held' : 'no-other'
  }
}

function nothingToPlan(cluster: Cluster, bill: Bill): string | undefined {
  const packed = cluster.nodes.filter(isPacked)
  if (cluster.nodes.length === 0 && cluster.pods.some(({ unknownNode }) => unknownNode !== undefined))
    return 'the input has no nodes, but pods that run on some'
  if (packed.length === 0) return 'the cluster has no nodes that a plan could change'
  if (cluster.pods.length === 0) return 'the input holds no pods: nothing says what the nodes must carry'
  const [first] = packed.map((node) => priceIn(bill, node))
  if (packed.some((node) => priceIn(bill, node).kind === 'known')) return undefined
  return `no node has a price: ${first?.kind === 'unknown' ? first.why : ''}`
}

const bindingOrderOf = ({ outcome }: Scenario, cluster: Cluster): Pick<Analysis, 'bindingOrder'> =>
  outcome.kind === 'planned' ? { bindingOrder: bindingOrder(outcome.plan, cluster) } : {}

const recommendedFor = (recommended: WorkloadCost['recommended']): Pick<WorkloadCost, 'recommended'> =>
  recommended === undefined ? {} : { recommended }

const planIn = ({ outcome }: Scenario): Plan | undefined => (outcome.kind === 'planned' ? outcome.plan : undefined)

/** Instance types in use today or in the recommended plan. */
function typesOf(cluster: Cluster, recommended: Scenario): string[] {
  const planned = recommended.outcome.kind === 'planned' ? recommended.outcome.plan.nodes : []
  return [...new Set([...cluster.nodes, ...planned].flatMap(({ instanceType }) => instanceType ?? []))].sort()
}

function priceBasis(
  cluster: Cluster,
  bill: Bill,
  book: PriceBook,
  settings: Settings,
  typesInUse: readonly string[],
): Analysis['priceBasis'] {
  const pricable = cluster.nodes.filter(({ owner }) => owner !== 'hybrid' && owner !== 'other-cloud')
  return {
    source: settings.priceSource,
    // Of the types that matter: a list of AWS always lacks some old ones that the catalog has.
    asOf: typesInUse.flatMap((type) => book.listedOn(type) ?? []).sort()[0] ?? book.asOf?.oldest ?? '',
    pricedNodes: pricable.filter((node) => priceIn(bill, node).kind === 'known').length,
    pricableNodes: pricable.length,
    unpriced: unpricedReasons(bill),
  }
}
