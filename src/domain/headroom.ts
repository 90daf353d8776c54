import type { Resources } from './resources.js'

/** Millicores and bytes. */
export type Room = { readonly cpu: number; readonly memory: number }

/** A share of the CPU and of the memory of all packed nodes together that stays free, and what pods ask for of the rest. */
export type Headroom = { readonly share: number; readonly demand: Room }

export type HeadroomFault = {
  readonly kind: 'headroom'
  readonly resource: keyof Room
  /** How much more all nodes would have to carry, and what they are to carry. */
  readonly excess: number
  readonly demand: number
}

const RESOURCES = ['cpu', 'memory'] as const
const ROUNDING = 1e-9

/** What a node may carry of other pods than those that come with it, so that the share of it stays free. */
export const carries = (allocatable: Resources, own: Resources, { share }: Headroom): Room => ({
  cpu: (1 - share) * allocatable.cpu - own.cpu,
  memory: (1 - share) * allocatable.memory - own.memory,
})

/** Resources of which these nodes together carry less than is asked for. */
export function headroomFaults(nodes: readonly (Room | undefined)[], { demand }: Headroom): HeadroomFault[] {
  return RESOURCES.flatMap((resource): HeadroomFault[] => {
    const wanted = demand[resource]
    const excess = nodes.reduce((left, room) => left - (room?.[resource] ?? 0), wanted)
    return excess > wanted * ROUNDING ? [{ kind: 'headroom', resource, excess, demand: wanted }] : []
  })
}
