import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'

/** Where nodes are bought. */
export type Shop = {
  /** Machines that could be bought for a pod, cheapest first. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /**
   * Machines of groups without limits, where the scheduler may put the pod as well, cheapest first: for pods whose own group's
   * limits allow none that is large enough; absent: there are none.
   */
  readonly elsewhere?: (pod: Pod) => readonly NodeOption[]
  /** May a fleet have these nodes together, by the limits of its groups? */
  readonly allows: (slots: readonly Slot[]) => boolean
  /** Nodes of such a share of the CPU of these, wherever a core costs the least; absent: nothing is bought in bulk. */
  readonly relief?: (slots: readonly Slot[], share: number) => readonly Slot[]
  /** A node of the kind that is not in use yet. */
  readonly nextSlot: (option: NodeOption) => Slot
}
