import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'

/** Where nodes are bought. */
export type Shop = {
  /** Machines that could be bought for a pod, cheapest first. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /** May a fleet have these nodes together, by the limits of its groups? */
  readonly allows: (slots: readonly Slot[]) => boolean
  /** A node of the kind that is not in use yet. */
  readonly nextSlot: (option: NodeOption) => Slot
}
