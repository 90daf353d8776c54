import type { NodeOption } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { shortfalls, type Shortfall } from '../domain/resources.js'
import { GIBIBYTE, HOURS_PER_MONTH } from '../domain/units.js'
import { byText } from './order.js'
import type { PackProblem } from './problem.js'
import type { OptionFit } from './option-fit.js'
import { cheapestFirst, holds, room } from './shapes.js'
import { staticRefusals } from './board/static-fit.js'

/**
 * Why a plan has no place for a pod, for people: what room for it would cost, or, where no machine on offer can take it,
 * the nearest miss with its numbers.
 */
export function whyLeftOver(pod: Pod, problem: PackProblem, fit: OptionFit): string {
  const [problemOfVolume] = pod.volumes.problems
  if (problemOfVolume !== undefined) return problemOfVolume
  const hopeless = problem.hopeless?.get(pod)
  if (hopeless !== undefined) return `no node takes it: ${hopeless}`
  const options = problem.groups.flatMap((group) => group.options)
  const refusals = fit.of(pod)
  const cheapest = cheapestFirst(
    options.filter(
      (option) => holds(room(option), pod.needed) && problem.suits(pod, option) && refusals(option).length === 0,
    ),
  )[0]
  if (cheapest !== undefined) {
    const monthly = (cheapest.price.rate * HOURS_PER_MONTH) / 1e6
    return `no node of the plan has room; one more ${cheapest.instanceType} in ${cheapest.group} would cost $${monthly.toFixed(2)} a month`
  }
  return nearestMiss(pod, options, refusals) ?? nearestLiveMiss(pod, problem)
}

/** The machine with the fewest rules against the pod; among those, the one that falls short by the least. */
function nearestMiss(
  pod: Pod,
  options: readonly NodeOption[],
  refusalsOf: ReturnType<OptionFit['of']>,
): string | undefined {
  let best: { rules: number; gap: number; option: NodeOption; text: string } | undefined
  for (const option of options) {
    const refusals = refusalsOf(option)
    const missing = shortfalls(room(option), pod.needed)
    const rules = refusals.length
    const gap = missing.reduce((total, { by, resource }) => total + by / Math.max(1, asked(pod, resource)), 0)
    if (best !== undefined && (rules > best.rules || (rules === best.rules && gap >= best.gap))) continue
    const texts = [
      ...refusals.map((refusal) => (refusal.kind === 'rule' ? refusal.detail : '')),
      ...missing.map((one) => shortText(pod, one)),
    ]
    best = { rules, gap, option, text: texts.join('; ') || 'its workload is not fit for any machine on offer' }
  }
  if (best === undefined) return undefined
  return `fits no machine on offer; nearest is ${best.option.instanceType} in ${best.option.group}: ${best.text}`
}

function nearestLiveMiss(pod: Pod, problem: PackProblem): string {
  const nodes = problem.groups
    .flatMap(({ live }) => live.map(({ node }) => node))
    .sort((a, b) => byText(a.name, b.name))
  if (nodes.length === 0) return 'the cluster has no node that a plan could put it on'
  const closest = nodes
    .map((node) => ({ node, refusals: staticRefusals(pod, node) }))
    .sort((a, b) => a.refusals.length - b.refusals.length)[0]
  const [first] = closest?.refusals ?? []
  return first?.kind === 'rule'
    ? `no node takes it; nearest is ${closest?.node.name ?? ''}: ${first.detail}`
    : 'no node has room for it, and no machine on offer has a price'
}

const asked = (pod: Pod, resource: string): number => {
  switch (resource) {
    case 'cpu':
      return pod.needed.cpu
    case 'memory':
      return pod.needed.memory
    case 'ephemeral-storage':
      return pod.needed.ephemeralStorage
    case 'pods':
      return 1
    default:
      return pod.needed.extended[resource] ?? 0
  }
}

function shortText(pod: Pod, { resource, by }: Shortfall): string {
  const wants = asked(pod, resource)
  const show = (value: number): string => {
    if (resource === 'cpu') return `${value / 1000} cores`
    if (resource === 'memory' || resource === 'ephemeral-storage') return `${(value / GIBIBYTE).toFixed(2)} GiB`
    return String(value)
  }
  return `asks for ${show(wants)} of ${resource}, ${show(by)} more than there is`
}
