import type { PlanSurvival } from '../domain/blast-radius.js'
import type { FamilyPrices, Frontier, FrontierPoint } from '../domain/frontier.js'
import type { FrontierPlan } from '../domain/goal.js'
import type { NodeOption, Plan, PlanNode } from '../domain/plan.js'
import type { Scenario } from '../domain/recommendation.js'
import { bytes, milliCpu } from '../domain/units.js'
import { withSurvival } from './blast-radius.js'
import { fillOf } from './figures.js'
import { faultsOf, type ScenarioContext } from './scenarios.js'

/** The plans of a frontier against which nothing stands: no rule of the scheduler, no guard rail, no subnet. */
export const soundPlans = (plans: readonly FrontierPlan[], context: ScenarioContext): FrontierPlan[] =>
  plans.filter(({ proven }) => faultsOf('fewer-larger', proven, context).length === 0)

/**
 * What a reader is told of these plans, and of those with smaller nodes; undefined: the cluster is too large. `groups`: the
 * machines that each may buy; `mostToPack`: pods × nodes above which a cluster is.
 */
export function frontierOf(
  plans: readonly FrontierPlan[] | undefined,
  smaller: readonly FrontierPlan[],
  groups: readonly { readonly options: readonly NodeOption[] }[],
  { nothingToPlan, mostToPack }: { readonly nothingToPlan: string | undefined; readonly mostToPack: number },
): Frontier {
  if (nothingToPlan !== undefined) return { kind: 'none', why: nothingToPlan }
  if (plans === undefined) {
    const most = `pods × nodes above ${mostToPack / 1e6} million`
    return { kind: 'none', why: `the cluster is too large to be packed again and again: ${most}` }
  }
  const points = plans.map(pointOf)
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined)
    return { kind: 'none', why: 'no plan is feasible within the guard rails' }
  const nodes = [...first.plan.nodes, ...last.plan.nodes].filter(({ packed }) => packed)
  return {
    kind: 'planned',
    points,
    smaller: smaller.map(pointOf),
    families: [false, true].flatMap((spot) =>
      familyPrices(
        nodes,
        groups.flatMap(({ options }) => options),
        spot,
      ),
    ),
    overheadSaved: {
      cpu: milliCpu(residents(first.plan, 'cpu') - residents(last.plan, 'cpu')),
      memory: bytes(residents(first.plan, 'memory') - residents(last.plan, 'memory')),
    },
  }
}

const pointOf = ({ proven: { plan }, bound, maxNodeShare, refillUnplaced }: FrontierPlan): FrontierPoint => ({
  plan,
  lowerBound: bound,
  ...(maxNodeShare === undefined ? {} : { maxNodeShare }),
  largestNodeShare: fillOf(plan.nodes).largestNodeShare,
  refillUnplaced: refillUnplaced(),
})

/** Scenarios and frontier with what happens when a node or a zone of their plans is lost; all plans are asked for at once. */
export function withLosses(
  scenarios: readonly Scenario[],
  frontier: Frontier,
  survivals: (plans: readonly Plan[]) => readonly PlanSurvival[],
): { readonly scenarios: readonly Scenario[]; readonly frontier: Frontier } {
  const points = frontier.kind === 'planned' ? [...frontier.points, ...frontier.smaller] : []
  let ofPoints: readonly PlanSurvival[] = []
  const tested = withSurvival(scenarios, (plans) => {
    const answers = survivals([...plans, ...points.map(({ plan }) => plan)])
    ofPoints = answers.slice(plans.length)
    return answers.slice(0, plans.length)
  })
  if (frontier.kind === 'none') return { scenarios: tested, frontier }
  const all = points.map((point, at): FrontierPoint => ({ ...point, survival: ofPoints[at]! }))
  const split = frontier.points.length
  return { scenarios: tested, frontier: { ...frontier, points: all.slice(0, split), smaller: all.slice(split) } }
}

const residents = ({ nodes }: Plan, name: 'cpu' | 'memory'): number =>
  nodes.reduce((sum, { packed, resident }) => sum + (packed ? resident[name] : 0), 0)

const familyOf = (instanceType: string): string => instanceType.slice(0, instanceType.indexOf('.'))

/** The family with the most CPU on these nodes, and what a vCPU of it costs in each size on offer. */
function familyPrices(nodes: readonly PlanNode[], options: readonly NodeOption[], spot: boolean): FamilyPrices[] {
  const isWanted = ({ capacityType }: Pick<PlanNode, 'capacityType'>): boolean => (capacityType === 'spot') === spot
  const cpu = new Map<string, number>()
  for (const node of nodes)
    if (isWanted(node) && node.instanceType?.includes('.') === true)
      cpu.set(familyOf(node.instanceType), (cpu.get(familyOf(node.instanceType)) ?? 0) + node.allocatable.cpu)
  const families = [...cpu].sort(([a, most], [b, more]) => more - most || (a < b ? -1 : 1))
  for (const [family] of families) {
    const sizes = new Map<string, { readonly perVcpu: number; readonly vcpu: number }>()
    for (const option of options) {
      const vcpu = Math.round(option.capacity.cpu / MILLI)
      if (!isWanted(option) || familyOf(option.instanceType) !== family || vcpu === 0) continue
      const perVcpu = option.price.rate / vcpu
      const known = sizes.get(option.instanceType)
      if (known === undefined || perVcpu < known.perVcpu) sizes.set(option.instanceType, { perVcpu, vcpu })
    }
    if (sizes.size < 2) continue
    const bySize = [...sizes].sort(([a, one], [b, other]) => one.vcpu - other.vcpu || (a < b ? -1 : 1))
    return [
      {
        family,
        capacityType: spot ? 'spot' : 'on-demand',
        sizes: bySize.map(([instanceType, { perVcpu }]) => ({ instanceType, perVcpu })),
      },
    ]
  }
  return []
}

const MILLI = 1000
