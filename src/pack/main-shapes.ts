import type { NodeOption } from '../domain/plan.js'
import type { ColumnPlan } from './bins/column-plans.js'
import { kindOf } from './bins/bin-question.js'

/** The instance types that a packing pays most for, one on spot and one that is not. */
export function mainShapes({ plan, machines }: ColumnPlan, options: readonly NodeOption[]): Set<string> {
  const optionOf = new Map(options.map((option) => [kindOf(option), option]))
  const most = new Map<boolean, { readonly type: string; readonly cost: number }>()
  const costs = new Map<string, number>()
  for (const { type, n } of plan.bins) {
    const [kind = ''] = machines[type]!
    const option = optionOf.get(kind)
    if (option === undefined) continue
    const spot = option.capacityType === 'spot'
    const cost = (costs.get(`${spot} ${option.instanceType}`) ?? 0) + n * option.price.rate
    costs.set(`${spot} ${option.instanceType}`, cost)
    if (cost > (most.get(spot)?.cost ?? 0)) most.set(spot, { type: option.instanceType, cost })
  }
  return new Set([...most.values()].map(({ type }) => type))
}
