import type { NodeOption, Plan, Refusal, Unplaced } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { shortfalls, type Shortfall } from '../domain/resources.js'
import { GIBIBYTE, HOURS_PER_MONTH } from '../domain/units.js'
import { acceptsPods, machineOf, newSlot, type Draft, type Slot } from './draft.js'
import { misplaced } from './layout.js'
import { once } from './once.js'
import { OptionFit } from './option-fit.js'
import { byText } from './order.js'
import type { PackProblem } from './problem.js'
import { cheapestFirst, holds, room } from './shapes.js'
import type { Solver } from './solve.js'
import { keepsLimits } from './within-limit.js'

/** A plan whose pods without a node have no reasons yet. */
export type Unexplained = Omit<Plan, 'unplaced'> & { readonly unplaced: readonly Omit<Unplaced, 'reason'>[] }

/** What a pod is asked about: the board has a finished plan on it. */
type Board = { readonly draft: Draft; readonly slots: readonly Slot[] }

/** Says why plans have no place for pods. */
export class LeftOver {
  readonly #problem: PackProblem
  readonly #fit: OptionFit
  readonly #lend: Solver['onPlan']

  /** `lend`: the board with a plan on it. */
  constructor(problem: PackProblem, lend: Solver['onPlan']) {
    this.#problem = problem
    this.#fit = new OptionFit(problem.interests)
    this.#lend = lend
  }

  /** The plan with its reasons. They are worked out when one is read: of most plans nobody does. */
  explain(plan: Unexplained): Plan {
    const reasons = once(() => this.#reasonsIn(plan))
    const unplaced = plan.unplaced.map(({ pod, running }) => ({
      pod,
      running,
      get reason() {
        return `${whereItIs(pod)}${reasons().get(pod) ?? ''}`
      },
    }))
    return { ...plan, unplaced }
  }

  #reasonsIn(plan: Unexplained): ReadonlyMap<Pod, string> {
    const pods = plan.unplaced.map(({ pod }) => pod)
    const reasons = this.#lend(plan, (draft, slotsOf) => {
      const slots = [...slotsOf.values()].flat()
      const ofKind = new Map<string, string>()
      return pods.map((pod): [Pod, string] => {
        const own = this.#ownReason(pod)
        if (own !== undefined) return [pod, own]
        const kind = `${draft.board.classKey(pod)} ${pod.workload}`
        const reason = ofKind.get(kind) ?? this.#reason(pod, { draft, slots })
        ofKind.set(kind, reason)
        return [pod, reason]
      })
    })
    return new Map(reasons)
  }

  /** What stands in the pod's way wherever it goes. */
  #ownReason(pod: Pod): string | undefined {
    const [problemOfVolume] = pod.volumes.problems
    if (problemOfVolume !== undefined) return problemOfVolume
    const hopeless = this.#problem.hopeless?.get(pod)
    return hopeless === undefined ? undefined : `no node takes it: ${hopeless}`
  }

  /** What the plan's nodes say, and what one more would cost; where no machine on offer can take it, the nearest miss. */
  #reason(pod: Pod, board: Board): string {
    const { draft, slots } = board
    const nodes = slots.filter(acceptsPods).map((slot) => ({ slot, refusals: draft.board.refusals(pod, slot.index!) }))
    const open = nodes.filter(({ refusals }) => refusals.length === 0).map(({ slot }) => slot)
    if (open.length > 0) return this.#whyNotOn(open, pod, draft)
    const options = this.#problem.groups.flatMap((group) => group.options)
    if (slots.length === 0 && options.length === 0) return 'the cluster has no node that a plan could put it on'
    const isFull = nodes.some(({ refusals }) => refusals.every(({ kind }) => kind === 'short'))
    const what = isFull ? 'no node of the plan has room' : `no node of the plan takes it${nearest(nodes)}`
    if (options.length === 0) return `${what}; no machine on offer has a price`
    const refusalsOf = this.#fit.of(pod)
    const fitting = options.filter(
      (option) =>
        holds(room(option), pod.needed) && this.#problem.suits(pod, option) && refusalsOf(option).length === 0,
    )
    if (fitting.length === 0) return nearestMiss(pod, options, refusalsOf) ?? what
    const cheapest = cheapestFirst(fitting).find((option) => this.#takesOnNew(option, pod, board))
    if (cheapest === undefined) return `${what}; no machine on offer would take it either`
    const monthly = (cheapest.price.rate * HOURS_PER_MONTH) / 1e6
    return `${what}; one more ${cheapest.instanceType} in ${cheapest.group} would cost $${monthly.toFixed(2)} a month`
  }

  /** Why the plan does not have it on any of these nodes, which the scheduler would put it on. */
  #whyNotOn(open: readonly Slot[], pod: Pod, draft: Draft): string {
    const slot = open.find((one) => draft.takes(one, pod))
    if (slot === undefined) {
      const fit = open.find((one) => this.#problem.suits(pod, machineOf(one)))
      if (fit === undefined)
        return `the scheduler would put it on ${open[0]!.site.name}, which its workload is not fit for`
      return `${fit.site.name} has room for it, but ${draft.guardRail(fit, pod) ?? 'a guard rail'} keeps it out`
    }
    const before = misplaced(draft).length
    const mark = draft.mark()
    draft.put(pod, slot)
    const breaks = misplaced(draft).length > before
    draft.rollback(mark)
    return breaks
      ? `on ${slot.site.name} it would make another pod break a rule of its own`
      : `left to the scheduler: ${slot.site.name} has room for it`
  }

  /** Would a new node take it as things are, rules about other pods and the limits of groups included? */
  #takesOnNew(option: NodeOption, pod: Pod, { draft, slots }: Board): boolean {
    // No node has such a name.
    const slot = newSlot(option, 'one more')
    if (!keepsLimits([...slots, slot], this.#problem.limits.groupLimits)) return false
    const mark = draft.mark()
    draft.open(slot)
    const takes = draft.takes(slot, pod)
    draft.rollback(mark)
    return takes
  }
}

const whereItIs = ({ unknownNode }: Pod): string =>
  unknownNode === undefined ? '' : `its node ${unknownNode} is not in the input; `

type Refused = { readonly slot: Slot; readonly refusals: readonly Refusal[] }

/** The node with the fewest refusals, and the first rule among them. */
function nearest(nodes: readonly Refused[]): string {
  const [closest] = [...nodes].sort(
    (a, b) => a.refusals.length - b.refusals.length || byText(a.slot.site.name, b.slot.site.name),
  )
  const rule = closest?.refusals.find((refusal) => refusal.kind === 'rule')
  return closest === undefined || rule === undefined ? '' : `; nearest is ${closest.slot.site.name}: ${rule.detail}`
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
