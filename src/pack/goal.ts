import type { CapacityPolicy, Goal } from '../domain/goal.js'
import type { NodeOption } from '../domain/plan.js'
import type { Layout } from './layout.js'
import type { PackGroup } from './problem.js'

/** Nodes on spot where there should be none. */
export const unwanted = ({ spotNodes }: Layout, goal: Goal): number =>
  goal.kind !== 'repack' && goal.policy.kind === 'on-demand' ? spotNodes : 0

/** Best first. What breaks a guard rail, or is on spot where it should not be, comes last: only for want of better. */
export function byPreference(layouts: readonly Layout[], goal: Goal): Layout[] {
  const faults = (layout: Layout): number => layout.breaches + unwanted(layout, goal)
  const cheapest = [...layouts].sort(
    (a, b) => faults(a) - faults(b) || a.rate - b.rate || a.moves - b.moves || a.nodes.length - b.nodes.length,
  )
  const best = cheapest[0]
  if (goal.kind !== 'fewest' || best === undefined) return cheapest
  const limit = best.rate * (1 + goal.margin)
  const within = (layout: Layout): boolean => faults(layout) === faults(best) && layout.rate <= limit
  return [
    ...cheapest.filter(within).sort((a, b) => a.nodes.length - b.nodes.length || a.rate - b.rate),
    ...cheapest.filter((layout) => !within(layout)),
  ]
}

const known = new WeakMap<PackGroup, Map<CapacityPolicy['kind'], readonly NodeOption[]>>()

/** Machines that a policy lets a group buy. */
export function allowedOptions(group: PackGroup, policy: CapacityPolicy): readonly NodeOption[] {
  const ofGroup = known.get(group) ?? new Map<CapacityPolicy['kind'], readonly NodeOption[]>()
  known.set(group, ofGroup)
  const options = ofGroup.get(policy.kind) ?? choose(group, policy)
  ofGroup.set(policy.kind, options)
  return options
}

function choose({ options, live }: PackGroup, policy: CapacityPolicy): readonly NodeOption[] {
  switch (policy.kind) {
    case 'as-is': {
      const today = new Set(live.map(({ node }) => (node.capacityType === 'spot' ? 'spot' : 'on-demand')))
      return options.filter(({ capacityType }) => today.has(capacityType === 'spot' ? 'spot' : 'on-demand'))
    }
    case 'on-demand': {
      return options.filter(({ capacityType }) => capacityType !== 'spot')
    }
    case 'spot':
      return options
    default:
      return policy satisfies never
  }
}

/** Policies that come to the same for a group share their layouts. `wish` names the pods that the policy wants on spot. */
export function policyKey(group: PackGroup, policy: CapacityPolicy | undefined, wish: string): string {
  if (policy === undefined) return 'repack'
  if (policy.kind === 'spot') return wish
  const onDemandOnly = group.live.every(({ node }) => node.capacityType !== 'spot')
  return onDemandOnly ? 'on-demand' : policy.kind
}
