import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'

/** Where nodes are bought. */
export type Shop = {
  /** Machines that could be bought for a pod, cheapest first. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /** A node of the kind that is not in use yet. */
  readonly nextSlot: (option: NodeOption) => Slot
}
